"""Giving an import the wording and the date that it was brought without: looked at first, and by two admins.

Those people said yes to words that nobody had at hand. What they refused meanwhile, or anybody ever refused for their
inbox, stands: an import restores nothing (house rule 3).
"""

from __future__ import annotations

from datetime import date
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm import wall
from crm.models import Batch, Statement, User
from crm.services import batches, permissions
from crm.sql.batches import Lines
from imports import meaning, services
from imports.models import Import, ImportChunk
from imports.sql import applying, granting

_State = Import.State


def may_be_given(file: Import) -> bool:
    """Tell whether an import is done, and has rows that say yes to a wording which nobody had at hand."""
    return file.state == _State.APPLIED and services.without_wording(file) > 0


def ask(
    *, file: Import, statement: Statement, collected_on: date | None, user: User | None
) -> Import:
    """Have a worker see what a wording would do. Nothing changes yet; of two who ask at once the first one asked.

    `collected_on`: when they said yes, for rows without a date. Raises ValidationError if the wording does not name the
    organisation, or the date has not come yet.
    """
    services.check_wording(statement, file.organisation)
    if collected_on and collected_on > timezone.localdate():
        raise ValidationError("This date is in the future.")
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if may_be_given(file):
            day = collected_on.isoformat() if collected_on else ""
            file.state, file.later_by = _State.PROVING, user
            file.later = {"statement": statement.pk, "collected_on": day}
            file.save(update_fields=["state", "later", "later_by"])
    return file


def cancel(*, file: Import) -> Import:
    """Leave the import without a wording after all."""
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.PROVEN:
            file.state, file.later, file.later_by = _State.APPLIED, {}, None
            file.save(update_fields=["state", "later", "later_by"])
    return file


def prove(*, file: Import) -> Import:
    """Count whom the wording would let be emailed, by trying it and rolling it back. Safe to repeat."""
    if file.state != _State.PROVING:
        return file
    found: set[int] = set()
    for chunk in _chunks(file):
        with wall.scope("platform", organisation_id=file.organisation_id):
            lines = _lines(file, chunk)
            found |= batches.would_let(lines, partial(_grant, file, lines))
    with wall.scope("platform", organisation_id=file.organisation_id):
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state == _State.PROVING:
            file.state, file.later = _State.PROVEN, {**file.later, "mailable": len(found)}
            file.save(update_fields=["state", "later"])
    return file


def confirm(*, file: Import, user: User | None, number: int | None) -> Import:
    """Let a wording be given; the second time does nothing. `number`: how many could be emailed, as was read.

    Raises ValidationError unless it is another admin who read the number that was counted.
    """
    with transaction.atomic():
        file = Import.objects.select_for_update().get(pk=file.pk)
        if file.state != _State.PROVEN:
            return file
        if user is None or file.later_by_id in (None, user.pk):
            raise ValidationError(
                "A wording that is given later lets people be emailed. Another admin must confirm it."
            )
        if number != file.later["mailable"]:
            raise ValidationError(
                f"Type the number of people who could be emailed: it is {file.later['mailable']}."
            )
        file.state, file.later_seconded_by = _State.GRANTING, user
        file.save(update_fields=["state", "later_seconded_by"])
    return file


def carry_out(*, file: Import) -> Import:
    """Give every stretch that has not got it the wording, each in a transaction of its own. Can be called again."""
    if file.state != _State.GRANTING:
        return file
    for chunk in _chunks(file):
        with wall.scope("platform", organisation_id=file.organisation_id):
            waiting = ImportChunk.objects.filter(pk=chunk.pk, later_at=None)
            if not waiting.select_for_update(skip_locked=True).exists():
                continue  # another worker is at this stretch, or has done it
            applying.wait_for_turn(file.organisation_id)
            _grant(file, _lines(file, chunk))
            waiting.update(later_at=timezone.now())
    with wall.scope("platform", organisation_id=file.organisation_id):
        file = Import.objects.select_for_update().get(pk=file.pk)
        left = ImportChunk.objects.filter(file=file, later_at=None)
        if file.state == _State.GRANTING and not left.exists():
            file.state, file.statement_id = _State.APPLIED, file.later["statement"]
            file.collected_on = day(file)
            file.save(update_fields=["state", "statement", "collected_on"])
            Batch.objects.filter(pk=file.batch_id).update(without_wording=0)
    return file


def _chunks(file: Import) -> list[ImportChunk]:
    with wall.scope("platform", organisation_id=file.organisation_id):
        return list(ImportChunk.objects.filter(file=file, later_at=None).order_by("first"))


def _lines(file: Import, chunk: ImportChunk) -> Lines:
    return Lines(file.organisation_id, file.batch_id, chunk.first, chunk.last)


def _grant(file: Import, lines: Lines) -> None:
    told = day(file)
    began, ended = meaning.day(told) if told else (None, None)
    evidence = granting.Evidence(file.later["statement"], began, ended)
    supporters, mailboxes = granting.grant(lines, evidence)
    permissions.refold(supporter_ids=supporters, mailboxes=mailboxes)


def day(file: Import) -> date | None:
    """Give when those said yes whose rows have no date, if that is known."""
    told: str = file.later["collected_on"]
    return date.fromisoformat(told) if told else None
