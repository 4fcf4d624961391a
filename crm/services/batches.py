"""Taking an import out again: what it brought goes, what people and later imports did since stays (house rule 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction

from crm import consent, ties
from crm.holdings import Gone
from crm.models import Batch, ContactPoint, Purpose
from crm.services import audit, permissions, profiles
from crm.sql import batches as sql
from crm.sql import erasing
from crm.sql.batches import Lines

_IN_WORDS = {
    "first_name": "first name",
    "last_name": "last name",
    "external_id": "number",
    "relationship": "membership",
}


def mark_undone(*, batch: Batch) -> None:
    """Let a batch's events say nothing from now on; the second time changes nothing. Platform scope."""
    sql.mark_undone(batch.pk)


def take_out(lines: Lines) -> int:
    """Take out what these lines of an undone batch brought, and derive anew what hangs on it; give how many people
    are off the list. Platform scope, in one transaction of the caller's.
    """
    taken = sql.take_out(lines, ties=tuple(ties.CONDITIONS))
    if taken.loose:
        gone = Gone(
            organisation_id=lines.organisation_id,
            entries=taken.loose,
            points=taken.points,
            mailboxes=taken.mailboxes,
            addresses=[],
            names=[],
        )
        audit.forget(supporter_ids=taken.loose)
        erasing.empty(gone)
    staying = sorted({*taken.people}.difference(taken.loose))  # who left has no profile
    reached = sorted({*taken.reached}.intersection(staying))
    profiles.refresh(supporter_ids=staying, reached=reached, may_empty=True)
    permissions.refold(supporter_ids=taken.people, mailboxes=taken.mailboxes)
    return len(taken.loose)


def mailable_again(lines: Lines, *, batch: Batch) -> set[int]:
    """Give the addresses that may not be mailed now, and could be if these lines were taken out.

    Platform scope.
    """

    def undo() -> None:
        sql.mark_undone(batch.pk)
        take_out(lines)

    return would_let(lines, undo)


def would_let(lines: Lines, act: Callable[[], object]) -> set[int]:
    """Give the addresses of the people of these lines that may not be mailed now, and could be after an act.

    It is tried, asked at the gate and rolled back, so the answer is the true one. Platform scope.
    """
    with transaction.atomic():
        points = sql.concerned(lines)
        act()
        after = _mailable(lines.organisation_id, points)
        transaction.set_rollback(True)
    before = _mailable(lines.organisation_id, [point for point, _ in after])
    return {point for point, _ in after - before}


def _mailable(organisation_id: int, points: Collection[int]) -> set[tuple[int, int]]:
    """Give (address, type of email) of each that the gate lets pass."""
    found: set[tuple[int, int]] = set()
    for purpose in Purpose.objects.filter(organisation=organisation_id).values_list(
        "pk", flat=True
    ):
        question = consent.Question(purpose, suitable_for_under_18=True, is_important=True)
        asked = ContactPoint.objects.filter(pk__in=points)
        decided = consent.decide(asked, question).filter(reasons=0)
        found |= {(point, purpose) for point in decided.values_list("pk", flat=True)}
    return found


def overruled(batch: Batch) -> dict[str, int]:
    """Count by field, in words, the people for whom another value than the batch's stands, and stays."""
    return {
        _IN_WORDS.get(field, field): number for field, number in sql.overruled(batch.pk).items()
    }


def mailed_since(batch: Batch) -> tuple[int, list[tuple[str, int]]]:
    """Count the batch's people who got mail since it was brought: in all, and by campaign. Platform scope."""
    people, campaigns = 0, list[tuple[str, int]]()
    for count in ties.MAILED:
        found, named = count(batch.organisation_id, batch.pk)
        people, campaigns = people + found, campaigns + named
    return people, campaigns
