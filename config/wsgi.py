"""The web server's entry point; it logs in to the database as *web*."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
os.environ.setdefault("COALESCE_LOGIN", "web")

application = get_wsgi_application()
