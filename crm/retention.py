"""How long what is kept, as rules that are carried out; the words are those of the field registry (crm/registry.py).

Each rule finds the rows that have had their time, and says what becomes of them. `imports` and `mailings` add theirs
in modules of this name (crm/apps.py). Nothing goes before an admin has approved the count (crm/services/retention.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from crm import consent, deadlines
from crm.models import (
    Case,
    CaseNote,
    ConsentEvent,
    ContactPoint,
    Erasure,
    Pack,
    Purpose,
    Record,
    Source,
    Supporter,
)
from crm.registry import Keep
from crm.services import erasing


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one organisation that go together: `over` gives them, `end` ends those of some ids."""

    code: str
    words: str
    keep: Keep
    over: Callable[[int, datetime], QuerySet[Any, Any]]
    end: Callable[[int, Sequence[int]], None]


def months_before(now: datetime, months: int) -> datetime:
    """Give the moment some calendar months ago."""
    day = deadlines.add_months(now.date(), -months)
    return now.replace(year=day.year, month=day.month, day=day.day)


def _silent_people(organisation_id: int, now: datetime) -> QuerySet[Any, Any]:
    """Give people without a yes in force, of whom nothing was heard for 30 months, by themselves or by any list.

    A case that is open, and a wish that the details are kept but not used, hold them back.
    """
    cutoff = months_before(now, 30)
    points = ContactPoint.objects.filter(organisation=organisation_id)
    in_force = Q(pk__in=[])
    for purpose in Purpose.objects.filter(organisation=organisation_id):
        asked = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True, at=now)
        mailable = consent.decide(points, asked).filter(reasons=0)
        in_force |= Q(pk__in=mailable.values("supporter__canonical"))
    mine = {"supporter__canonical": OuterRef("pk")}
    acts = ConsentEvent.objects.filter(**mine, source__in=[Source.PERSONAL, Source.STAFF])
    lately = Q(occurred_at__gte=cutoff) | Q(recorded_at__gte=cutoff)
    return Supporter.objects.filter(
        ~in_force,
        ~Exists(acts.filter(lately)),
        ~Exists(Record.objects.filter(**mine, as_of__gte=cutoff)),
        ~Exists(Case.objects.filter(**mine, closed_at__isnull=True)),
        pk=F("canonical"),
        organisation=organisation_id,
        erased_at__isnull=True,
        restricted=False,
        created_at__lt=cutoff,
    )


def _end_people(organisation_id: int, people: Sequence[int]) -> None:
    erasing.erase(organisation_id=organisation_id, people=people, is_wished=False)


def _old_cases(organisation_id: int, now: datetime) -> QuerySet[Any, Any]:
    return Case.objects.filter(organisation=organisation_id, closed_at__lt=months_before(now, 72))


def _end_cases(organisation_id: int, cases: Sequence[int]) -> None:
    Pack.objects.filter(case__in=cases).delete()
    Erasure.objects.filter(case__in=cases).update(case=None)
    CaseNote.objects.filter(case__in=cases).delete()
    Case.objects.filter(pk__in=cases, organisation=organisation_id).delete()


RULES: list[Rule] = [
    Rule(
        "people",
        "People without permission, of whom nothing was heard for 30 months: their details are removed",
        Keep.SUPPORTER,
        _silent_people,
        _end_people,
    ),
    Rule(
        "cases",
        "Requests, complaints and incidents, closed six years ago: deleted",
        Keep.CASE,
        _old_cases,
        _end_cases,
    ),
]


def register(*rules: Rule) -> None:
    """Add the rules of another app."""
    RULES.extend(rules)
