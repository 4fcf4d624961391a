"""Wakes a worker after the commit; a broker that is away delays the work and breaks nothing."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def wake(task: Any, *arguments: object) -> None:
    """Enqueue a Celery task when the present transaction has committed.

    The rows say what is to be done, so a lost wake-up is made good by the next sweep (house rule 6).
    """
    transaction.on_commit(partial(_enqueue, task, *arguments))


def _enqueue(task: Any, *arguments: object) -> None:
    try:
        task.delay(*arguments)
    except OperationalError:
        log.warning("the broker is away: %s waits for the next sweep", task.name)
