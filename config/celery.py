"""The Celery application: `celery -A config` starts its workers and its clock, with the settings that the
environment names in DJANGO_SETTINGS_MODULE.
"""

from __future__ import annotations

from celery import Celery

app = Celery("coalesce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
