"""Wakes a worker after the commit; a broker that is away delays the work and breaks nothing."""

from __future__ import annotations

from typing import Any

from django.db import transaction


def wake(task: Any, *arguments: object) -> None:
    """Enqueue a Celery task when the present transaction has committed.

    The rows say what is to be done, so a lost wake-up is made good by the next sweep (house rule 6): if the
    broker is away, Django logs it and the request goes on (`robust`).
    """

    def enqueue() -> (
        None
    ):  # a function, since Django logs its name: of a partial it has none, and would fail
        task.delay(*arguments)

    transaction.on_commit(enqueue, robust=True)
