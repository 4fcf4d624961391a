"""The importer's work in the background. Each task carries an id; the row says what is to be done."""

from __future__ import annotations

from celery import shared_task

from crm import wall
from imports import choosing, later, services, undoing
from imports.models import Import


@shared_task
def read(import_id: int) -> None:
    """Look through an uploaded file, and make its preview once it is said which column is what."""
    file = choosing.go_on(file=choosing.look(file=_find(import_id)))
    if file.state == Import.State.READING:
        services.preview(file=file)


@shared_task
def apply(import_id: int) -> None:
    """Apply what is left of an import."""
    services.apply(file=_find(import_id))


@shared_task
def prove_wording(import_id: int) -> None:
    """See what a wording that is given later would do."""
    later.prove(file=_find(import_id))


@shared_task
def give_wording(import_id: int) -> None:
    """Give what is left of an import its wording."""
    later.carry_out(file=_find(import_id))


@shared_task
def weigh_undo(import_id: int) -> None:
    """See what undoing an import would do."""
    undoing.weigh(file=_find(import_id))


@shared_task
def undo(import_id: int) -> None:
    """Undo what is left of an import that is being undone."""
    undoing.carry_out(file=_find(import_id))


# Which task goes on with an import in which state.
_NEXT = {
    Import.State.UPLOADED: read,
    Import.State.READING: read,
    Import.State.APPLYING: apply,
    Import.State.PROVING: prove_wording,
    Import.State.GRANTING: give_wording,
    Import.State.WEIGHING: weigh_undo,
    Import.State.UNDOING: undo,
}


@shared_task
def sweep() -> None:
    """Find imports whose task was lost, and queue them again."""
    with wall.scope("platform"):
        waiting = list(
            Import.objects.filter(state__in=_NEXT).order_by("pk").values_list("pk", "state")[:20]
        )
    for import_id, state in waiting:
        _NEXT[Import.State(state)].delay(import_id)


def _find(import_id: int) -> Import:
    with wall.scope("platform"):
        return Import.objects.select_related("batch").get(pk=import_id)
