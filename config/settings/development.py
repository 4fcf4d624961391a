"""Settings for one's own machine: the embedded services, plain HTTP."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import STORAGES

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # no collectstatic on one's own machine
