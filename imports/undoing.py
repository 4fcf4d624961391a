"""Undoing an import: it is weighed first, and takes a second admin where it would make anyone mailable again."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm import wall
from crm.models import User
from crm.services import batches, cases
from crm.sql.batches import Lines
from imports.models import Import, ImportChunk, Problem, StagedRow
from imports.sql import applying

_State = Import.State


def ask(*, file: Import, user: User | None) -> Import:
    """Have a worker see what undoing would do. Nothing changes yet; of two who ask at once the first one asked."""
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.APPLIED:
            file.state, file.undo, file.undo_asked_by = _State.WEIGHING, {}, user
            file.save(update_fields=["state", "undo", "undo_asked_by"])
    return file


def cancel(*, file: Import) -> Import:
    """Leave the import as it is after all."""
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.WEIGHED:
            file.state, file.undo, file.undo_asked_by = _State.APPLIED, {}, None
            file.save(update_fields=["state", "undo", "undo_asked_by"])
    return file


def confirm(*, file: Import, user: User | None, number: int | None = None) -> Import:
    """Let a weighed import be undone; the second time does nothing.

    `number`: how many the second admin read would be mailable again. Raises ValidationError if it takes another
    admin, or if that number is not the one that was counted.
    """
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state != _State.WEIGHED:
            return file
        if mailable := file.undo["mailable"]:
            if user is None or file.undo_asked_by_id in (None, user.pk):
                raise ValidationError(
                    "Undoing this import lets people be emailed again whom it had kept off. "
                    "Another admin must confirm it."
                )
            if number != mailable:
                raise ValidationError(
                    f"Type the number of people who could be emailed again: it is {mailable}."
                )
            file.undo_seconded_by = user
        file.state = _State.UNDOING
        file.save(update_fields=["state", "undo_seconded_by"])
    return file


def weigh(*, file: Import) -> Import:
    """Count what undoing would do, by trying it and rolling it back. Safe to repeat."""
    mailable = _mailable_again(file)
    with wall.scope("platform", organisation_id=file.organisation_id):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.WEIGHING:
            people, campaigns = batches.mailed_since(file.batch)
            file.undo = {
                "mailable": mailable,
                "overruled": batches.overruled(file.batch),
                "mailed": people,
                "campaigns": campaigns,
            }
            file.state = _State.WEIGHED
            file.save(update_fields=["state", "undo"])
    return file


def carry_out(*, file: Import) -> Import:
    """Undo every stretch of an import that is not undone yet, each in a transaction of its own.

    Can be stopped anywhere and called again. If more people would be mailable by now than was confirmed, nothing
    is undone and the new number waits to be confirmed.
    """
    if not file.batch.undone_at and not _still_weighs_the_same(file):
        return Import.objects.get(pk=file.pk)
    with wall.scope("platform", organisation_id=file.organisation_id):
        batches.mark_undone(batch=file.batch)
        chunks = list(ImportChunk.objects.filter(file=file, undone_at=None).order_by("first"))
    for chunk in chunks:
        if not _undo_chunk(file, chunk):
            break  # another worker is at this import: leave it to them
    with wall.scope("platform", organisation_id=file.organisation_id):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.UNDOING and not ImportChunk.objects.filter(
            file=file, undone_at=None
        ):
            file.state = _State.UNDONE
            file.save(update_fields=["state"])
            StagedRow.objects.filter(file=file).delete()
            Problem.objects.filter(file=file).delete()
            if mailed := file.undo["mailed"]:
                cases.draft_incident(
                    organisation_id=file.organisation_id,
                    what=f"People were emailed because of an import of {file.created_at:%d %B %Y} that is undone.",
                    people=mailed,
                )
        return file


def _still_weighs_the_same(file: Import) -> bool:
    now = _mailable_again(file)
    if now <= file.undo["mailable"]:
        return True
    with wall.scope("platform", organisation_id=file.organisation_id):
        Import.objects.filter(pk=file.pk, state=_State.UNDOING).update(
            state=_State.WEIGHED, undo=file.undo | {"mailable": now}, undo_seconded_by=None
        )
    return False


def _mailable_again(file: Import) -> int:
    """Count over the stretches, each tried in a transaction of its own so that nobody's own stop waits long for it."""
    found: set[int] = set()
    with wall.scope("platform", organisation_id=file.organisation_id):
        chunks = list(ImportChunk.objects.filter(file=file).order_by("first"))
    for chunk in chunks:
        with wall.scope("platform", organisation_id=file.organisation_id):
            found |= batches.mailable_again(_lines(file, chunk), batch=file.batch)
    return len(found)


def _undo_chunk(file: Import, chunk: ImportChunk) -> bool:
    """Undo one stretch; give False if somebody else did, or is doing so."""
    with wall.scope("platform", organisation_id=file.organisation_id):
        waiting = ImportChunk.objects.filter(pk=chunk.pk, undone_at=None)
        if not waiting.select_for_update(skip_locked=True).exists():
            return False
        applying.wait_for_turn(file.organisation_id)
        loose = batches.take_out(_lines(file, chunk))
        waiting.update(undone_at=timezone.now())
        row = Import.objects.select_for_update().get(pk=file.pk)
        row.undo["removed"] = row.undo.get("removed", 0) + loose
        row.save(update_fields=["undo"])
        return True


def _lines(file: Import, chunk: ImportChunk) -> Lines:
    return Lines(file.organisation_id, file.batch_id, chunk.first, chunk.last)
