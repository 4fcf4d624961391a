"""The Celery application: `celery -A config` starts its workers and its clock, with the settings that the
environment names in DJANGO_SETTINGS_MODULE.
"""

from __future__ import annotations

import logging.config
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, task_prerun
from django.conf import settings
from django.db import close_old_connections

app = Celery("coalesce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_django_does(loglevel: int, **_: Any) -> None:
    """Log by the settings, which keep personal data out (house rule 11), at the level that `--loglevel` asks for."""
    logging.config.dictConfig(settings.LOGGING)
    logging.getLogger().setLevel(loglevel)


@task_prerun.connect
def leave_broken_connections(task: Task[..., Any], **_: Any) -> None:
    """Have the database's connection looked at before each task, as Django does before each request.

    Celery does not while `CELERY_DB_REUSE_MAX` keeps it: after a restart of PostgreSQL every task would fail.
    A task that runs in its caller's process has its caller's connection, which is not to be closed.
    """
    if not task.request.is_eager:
        close_old_connections()
