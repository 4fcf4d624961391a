"""Settings of the tests: the real servers, quick passwords, mail kept in memory unless a test sends it for real."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import database

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
# The owner makes the test database; pages and tasks still take their own roles in it.
DATABASES = {"default": {**database("owner"), "CONN_MAX_AGE": 0}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_BROKER_URL = "memory://"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"mail.log": {"level": "ERROR"}},
}
