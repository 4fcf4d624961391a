"""Joining two entries of one organisation into one person, and taking them apart again in any order.

A join moves nothing: lists and the fold read through it. The profile is chosen anew from the records of all (the
newest that the person stated first), and permission follows from the fold alone, so that a join can take away what
one entry allowed and never adds any (invariants I6 and I7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm import consent, wall
from crm.models import (
    UNWEIGHED,
    Channel,
    ContactPoint,
    Decision,
    Match,
    Merge,
    Organisation,
    Purpose,
    Record,
    Supporter,
    Tier,
    User,
)
from crm.reasons import Reason, sentences
from crm.services import permissions, profiles
from crm.sql import holding
from crm.sql import merging as sql

BY_HAND = "a person decided"


def merge(*, one: Supporter, other: Supporter, rule: str = BY_HAND) -> Merge:
    """Make two entries one person, who goes by the older entry; give the join. Staff or keeper scope.

    Raises ValidationError, a sentence, for two who cannot be joined.
    """
    with transaction.atomic(), wall.elevated("keeper"):
        holding.hold(supporter_ids=[one.pk, other.pk])
        kept, gone = _canonical(one, other)
        moved = sql.join(kept.pk, gone.pk)
        made = Merge.objects.create(
            organisation_id=kept.organisation_id, kept=kept, moved=moved, rule=rule
        )
        profiles.refresh(supporter_ids=[kept.pk])
        permissions.refold(supporter_ids=[kept.pk])
    return made


def _canonical(one: Supporter, other: Supporter) -> tuple[Supporter, Supporter]:
    """Give the persons of two entries, the older first, as they are once both are held."""
    entries = Supporter.objects.select_related("canonical").filter(pk__in=[one.pk, other.pk])
    found = sorted({entry.canonical for entry in entries}, key=lambda person: person.pk)
    if len(found) < 2:
        raise ValidationError("These are one person already.")
    if found[0].organisation_id != found[1].organisation_id:
        raise ValidationError("Only entries of one organisation are joined.")
    if any(person.erased_at for person in found):
        raise ValidationError("One of them was removed at their request.")
    if Supporter.objects.filter(canonical__in=found, restricted=True).exists():
        raise ValidationError("One of them asked us not to use their details, so nothing changes.")
    return found[0], found[1]


def unmerge(
    *, merge: Merge, actor: User | None = None, remember: bool = True
) -> tuple[Supporter, Supporter]:
    """Take a join back; give the two persons, the older first. Staff or keeper scope.

    What happened since stays with the entry that it was written for; a refusal was written for each. With `remember`
    the pair is held apart for ever, so that no run of matching joins it again.
    Raises ValidationError, a sentence, where nothing can be taken apart.
    """
    with transaction.atomic(), wall.elevated("keeper"):
        holding.hold(supporter_ids=[merge.kept_id])
        merge = Merge.objects.get(pk=merge.pk)
        if merge.undone_at is not None:
            raise ValidationError("These were taken apart already.")
        if Supporter.objects.filter(
            canonical__in=Supporter.objects.filter(pk=merge.kept_id).values("canonical"),
            restricted=True,
        ).exists():
            raise ValidationError("They asked us not to use their details, so nothing changes.")
        halves = sql.part(merge.pk)
        both = list(halves.roots)
        profiles.refresh(supporter_ids=both, may_empty=True)
        permissions.refold(supporter_ids=both)
        if remember:
            _hold_apart(merge.organisation_id, halves, actor)
        found = Supporter.objects.in_bulk(both)
    return found[both[0]], found[both[1]]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two that a join would come apart into: its addresses, and the names that lists gave it."""

    addresses: list[str]
    names: list[str]


def parts(*, merge: Merge) -> list[Part]:
    """Give the two that a standing join would come apart into, the older first. Staff scope."""
    halves = sql.halves(merge.pk)
    return [
        Part(
            list(
                ContactPoint.objects.filter(supporter__in=half, retired_at__isnull=True)
                .order_by("pk")
                .values_list("address", flat=True)
            ),
            [
                f"{record.first_name} {record.last_name}".strip()
                for record in Record.objects.filter(supporter__in=half).order_by("pk")
            ],
        )
        for half in sorted((halves.first, halves.second), key=min)
    ]


def _hold_apart(organisation_id: int, halves: sql.Halves, actor: User | None) -> None:
    """Remember for ever that a person took two apart: whatever was decided of entries of both is so no more."""
    now = timezone.now()
    one, other = halves.roots
    apart = {
        "decision": Decision.NOT_SAME,
        "decided_by": actor,
        "decided_at": now,
        "undone_at": now,
    }
    between = Match.objects.filter(
        Q(one__canonical=one, other__canonical=other)
        | Q(one__canonical=other, other__canonical=one),
        organisation=organisation_id,
    )
    if not between.filter(Q(decision=Decision.SAME) | Q(decision__isnull=True)).update(**apart):
        Match.objects.get_or_create(
            organisation_id=organisation_id,
            one_id=one,
            other_id=other,
            defaults=apart
            | {
                "tier": Tier.POSSIBLE,
                "probability": 0.5,
                "match_weight": 0.0,
                "model_id": UNWEIGHED,
                "found_at": now,
            },
        )


@dataclass(frozen=True, slots=True)
class Permission:
    """What the gate says of one address and one type of email, before and after."""

    address: str
    purpose: str
    before: int
    after: int

    @property
    def lost(self) -> bool:
        """Whether it may be mailed before and not after."""
        return not self.before and bool(self.after)

    @property
    def gained(self) -> bool:
        """Whether it may be mailed after and not before: only taking apart can do that."""
        return bool(self.before) and not self.after

    @property
    def words_before(self) -> list[str]:
        """Every reason why not, before; none: it may be mailed."""
        return sentences(self.before)

    @property
    def words_after(self) -> list[str]:
        """Every reason why not, after."""
        return sentences(self.after)


def preview_merge(*, one: Supporter, other: Supporter) -> list[Permission]:
    """Say what joining two would do to permission: it is done, asked at the gate, and rolled back.

    Raises ValidationError for two who cannot be joined.
    """
    return _tried(
        one.organisation,
        [one.canonical_id, other.canonical_id],
        lambda: merge(one=one, other=other),
    )


def preview_unmerge(*, merge: Merge) -> list[Permission]:
    """Say what taking a join back would do to permission, in the same way."""
    person = Supporter.objects.get(pk=merge.kept_id).canonical_id
    return _tried(merge.organisation, [person], lambda: unmerge(merge=merge))


def _tried(
    organisation: Organisation, persons: Iterable[int], act: Callable[[], object]
) -> list[Permission]:
    points = list(
        ContactPoint.objects.filter(
            organisation=organisation,
            supporter__canonical__in=list(persons),
            channel=Channel.EMAIL,
            retired_at__isnull=True,
        )
        .order_by("supporter__canonical", "pk")
        .values_list("pk", "address")
    )
    purposes = list(Purpose.objects.filter(organisation=organisation).order_by("pk"))
    numbers = [number for number, _ in points]
    before = _asked(numbers, purposes)
    with transaction.atomic():
        act()
        after = _asked(numbers, purposes)
        transaction.set_rollback(True)
    return [
        Permission(address, purpose.name, before[number, purpose.pk], after[number, purpose.pk])
        for number, address in points
        for purpose in purposes
    ]


def _asked(points: list[int], purposes: Iterable[Purpose]) -> dict[tuple[int, int], int]:
    """Ask the gate about permission alone: age is a matter of each campaign, and what is decided here holds no more."""
    decided_here = Reason.MERGE_REVIEW.value
    found: dict[tuple[int, int], int] = {}
    for purpose in purposes:
        question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
        decided = consent.decide(ContactPoint.objects.filter(pk__in=points), question)
        found |= {
            (pk, purpose.pk): reasons & ~decided_here
            for pk, reasons in decided.values_list("pk", "reasons")
        }
    return found


def in_words(changes: Iterable[Permission]) -> list[str]:
    """Say in sentences what a change does to permission, the worst news first."""
    changes = list(changes)
    lost = [change for change in changes if change.lost]
    gained = [change for change in changes if change.gained]
    said = [
        f"{change.address} may be emailed now ({change.purpose}), and may not be any more."
        for change in lost
    ]
    said += [
        f"{change.address} may not be emailed now ({change.purpose}), and may be again."
        for change in gained
    ]
    return said or ["Nothing changes: whoever may be emailed now still may, and nobody else."]
