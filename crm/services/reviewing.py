"""Deciding of possible duplicates inside one organisation, and what a decision does, pair by pair or many at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm import consent, wall
from crm.models import (
    Channel,
    ContactPoint,
    Decision,
    Match,
    Organisation,
    Purpose,
    Supporter,
    Tier,
    User,
)
from crm.reasons import Reason
from crm.services import merging
from crm.sql import reviewing as sql

LOOKED_AT = 200  # the surest of a kind, which are then put in order of what a decision is worth
_STOPPED = (
    Reason.STOP_EVERYTHING
    | Reason.ERASED_SUPPRESSED
    | Reason.ORG_OBJECTION
    | Reason.ORG_UNSUBSCRIBED
    | Reason.CONSENT_DENIED
    | Reason.CONSENT_WITHDRAWN
    | Reason.COMPLAINED
)


class Kind(Enum):
    """What waits, as the tabs of the page name it."""

    POSSIBLE = "possible", "Possible duplicates", (Tier.CERTAIN, Tier.POSSIBLE), None
    HOUSEHOLD = "household", "Perhaps one household", (Tier.HOUSEHOLD,), None
    LATER = "later", "Put off", tuple(Tier), Decision.LATER

    def __init__(
        self, code: str, words: str, tiers: tuple[Tier, ...], decision: Decision | None
    ) -> None:
        self.code, self.words, self.tiers, self.decision = code, words, tiers, decision


class Worth(Enum):
    """What deciding is worth, the most first."""

    RISK = "One said stop, and the other may be emailed."
    SAVES = "Both may be emailed: the same person may get everything twice."
    NEITHER = "No email depends on it."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pair that waits for a decision, with the two persons as joins stand."""

    match: Match
    one: Supporter
    other: Supporter
    worth: Worth

    @property
    def is_clear(self) -> bool:
        """Whether it may be decided together with others: nothing held it back and nobody said stop."""
        return (
            self.match.tier == Tier.CERTAIN
            and not self.match.guards
            and self.match.decision is None
            and self.worth is not Worth.RISK
        )


def count(organisation: Organisation, kind: Kind = Kind.POSSIBLE) -> int:
    """Count what waits of a kind. Staff scope."""
    return sql.count(organisation.pk, tiers=list(kind.tiers), decision=kind.decision)


def queue(organisation: Organisation, kind: Kind) -> list[Waiting]:
    """Give what waits, by what a decision is worth: risk before saving, and the surest first. Staff scope."""
    pairs = sql.waiting(
        organisation.pk, tiers=list(kind.tiers), decision=kind.decision, size=LOOKED_AT
    )
    matches = Match.objects.in_bulk([pair.match_id for pair in pairs])
    people = Supporter.objects.in_bulk({who for p in pairs for who in (p.one_id, p.other_id)})
    may, stopped = _standing(organisation, people)
    found = [
        Waiting(
            matches[pair.match_id],
            people[pair.one_id],
            people[pair.other_id],
            _worth({pair.one_id, pair.other_id}, may, stopped),
        )
        for pair in pairs
    ]
    order = list(Worth)
    return sorted(found, key=lambda waiting: order.index(waiting.worth))


def _standing(
    organisation: Organisation, people: Collection[int]
) -> tuple[dict[int, set[str]], set[int]]:
    """Give where each of these may be mailed, and who said stop, as the gate sees it."""
    may: dict[int, set[str]] = {}
    stopped: set[int] = set()
    points = ContactPoint.objects.filter(
        organisation=organisation, supporter__canonical__in=list(people), channel=Channel.EMAIL
    )
    for purpose in Purpose.objects.filter(organisation=organisation):
        question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
        asked = consent.decide(points, question)
        for who, address, reasons in asked.values_list(
            "supporter__canonical_id", "folded", "reasons"
        ):
            if not reasons & ~Reason.MERGE_REVIEW.value:
                may.setdefault(who, set()).add(address)
            elif reasons & _STOPPED.value:
                stopped.add(who)
    return may, stopped


def _worth(pair: set[int], may: dict[int, set[str]], stopped: set[int]) -> Worth:
    mailed = pair & may.keys()
    if mailed and (pair - mailed) & stopped:
        return Worth.RISK
    differ = len({frozenset(may[who]) for who in mailed}) > 1  # one inbox gets one copy anyway
    return Worth.SAVES if mailed == pair and differ else Worth.NEITHER


def find(organisation: Organisation, public_id: UUID) -> Waiting:
    """Give a pair with the two persons as joins stand. Staff scope. Raises Match.DoesNotExist."""
    match = Match.objects.select_related(
        "one__canonical", "other__canonical", "decided_by", "merge"
    ).get(organisation=organisation, public_id=public_id)
    ends = sorted({match.one.canonical, match.other.canonical}, key=lambda person: person.pk)
    may, stopped = _standing(organisation, [end.pk for end in ends])
    return Waiting(match, ends[0], ends[-1], _worth({end.pk for end in ends}, may, stopped))


def decide(*, match: Match, decision: Decision, actor: User) -> None:
    """Decide of a pair; *the same* joins the two. Staff scope.

    Raises ValidationError, a sentence, where somebody decided already or the two cannot be joined.
    """
    with transaction.atomic(), wall.elevated("keeper"):
        held = Match.objects.select_for_update().get(pk=match.pk)
        if held.decision not in (None, Decision.LATER):
            raise ValidationError("This pair was decided already.")
        if decision == Decision.SAME:
            held.merge = merging.merge(one=held.one, other=held.other)
        held.decision, held.decided_by, held.decided_at = decision, actor, timezone.now()
        held.save(update_fields=["merge", "decision", "decided_by", "decided_at"])


def join_all(
    *, organisation: Organisation, public_ids: Collection[UUID], actor: User
) -> tuple[int, int]:
    """Join those of some pairs that are clear still; give how many were joined, and how many are left to look at."""
    joined = 0
    clear = {w.match.public_id: w.match for w in queue(organisation, Kind.POSSIBLE) if w.is_clear}
    for public_id in public_ids:
        try:
            with transaction.atomic():
                decide(match=clear[public_id], decision=Decision.SAME, actor=actor)
        except (KeyError, ValidationError):
            continue  # somebody decided meanwhile, or it is no longer clear
        joined += 1
    return joined, len(public_ids) - joined


def undo(*, match: Match, actor: User) -> None:
    """Take a decision back: the pair waits again, and matching leaves it to people. Staff scope.

    Raises ValidationError where there is none, or where its join was taken apart by itself.
    """
    with transaction.atomic(), wall.elevated("keeper"):
        held = Match.objects.select_for_update().get(pk=match.pk)
        if held.decision is None:
            raise ValidationError("There is no decision to undo.")
        if held.merge is not None and held.merge.undone_at is None:
            merging.unmerge(merge=held.merge, actor=actor, remember=False)
        held.decision = held.decided_by = held.decided_at = held.merge = None
        held.undone_at = timezone.now()
        held.save(update_fields=["merge", "decision", "decided_by", "decided_at", "undone_at"])


def decided(organisation: Organisation, *, size: int) -> list[Match]:
    """Give the last decisions, the newest first. Staff scope. Uses match_decided."""
    return list(
        Match.objects.filter(organisation=organisation, decided_at__isnull=False)
        .select_related("one__canonical", "other__canonical", "decided_by")
        .order_by("-decided_at", "-pk")[:size]
    )


def last_of(organisation: Organisation, actor: User) -> Match | None:
    """Give the last decision of one member of staff, to be undone. Staff scope."""
    return (
        Match.objects.filter(organisation=organisation, decided_by=actor, decided_at__isnull=False)
        .select_related("one__canonical", "other__canonical")
        .order_by("-decided_at", "-pk")
        .first()
    )
