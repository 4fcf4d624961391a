"""The Celery application: `celery -A config` starts its workers and its clock, with the settings that the
environment names in DJANGO_SETTINGS_MODULE.
"""

from __future__ import annotations

import logging.config
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

app = Celery("coalesce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_django_does(loglevel: int, **_: Any) -> None:
    """Log by the settings, which keep personal data out (house rule 11), at the level that `--loglevel` asks for."""
    logging.config.dictConfig(settings.LOGGING)
    logging.getLogger().setLevel(loglevel)
