"""The importer's work in the background. Each task carries an id; the row says what is to be done."""

from __future__ import annotations

from celery import shared_task

from crm import wall
from imports import services
from imports.models import Import


@shared_task
def read(import_id: int) -> None:
    """Read an uploaded file and make its preview."""
    services.preview(file=_find(import_id))


@shared_task
def apply(import_id: int) -> None:
    """Apply what is left of an import."""
    services.apply(file=_find(import_id))


@shared_task
def sweep() -> None:
    """Find imports whose task was lost, and queue them again."""
    with wall.scope("platform"):
        waiting = list(
            Import.objects.filter(state__in=[Import.State.UPLOADED, Import.State.APPLYING])
            .order_by("pk")
            .values_list("pk", "state")[:20]
        )
    for import_id, state in waiting:
        (read if state == Import.State.UPLOADED else apply).delay(import_id)


def _find(import_id: int) -> Import:
    with wall.scope("platform"):
        return Import.objects.get(pk=import_id)
