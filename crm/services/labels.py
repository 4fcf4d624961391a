"""What people's decisions about possible duplicates say of the scores: how often one was right, and where to cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.db.models import Q, Value

from crm.models import APART, UNWEIGHED, Decision, Match, SharedMatch

THRESHOLDS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
ACROSS = "across"  # where the pairs of two organisations stand among the organisations' codes
CERTAIN, FEWEST = (
    0.995,
    100,
)  # the precision asked of what is joined by itself, and the decisions that must show it
WORTHWHILE, FEWEST_IN_BAND = 0.2, 20  # the share of one person below which a look is not worth it


@dataclass(frozen=True, slots=True)
class Label:
    """One pair that a person decided, with what the comparison had said of it. It names nobody."""

    organisation: str
    model_id: str
    tier: int
    probability: float
    match_weight: float
    guards: tuple[str, ...]
    decision: Decision
    decided_at: datetime

    @property
    def is_same(self) -> bool:
        """Whether it was one person."""
        return self.decision == Decision.SAME


_FACTS = ("model_id", "tier", "probability", "match_weight", "guards", "decision", "decided_at")
_DECIDED = Q(decided_by__isnull=False, decision__in=[Decision.SAME, *APART]) & ~Q(
    model_id=UNWEIGHED
)


def all_labels() -> list[Label]:
    """Give every pair that a person decided, but for those put off and those that nothing weighed. Platform scope."""
    within = Match.objects.filter(_DECIDED).order_by("decided_at", "pk")
    across = SharedMatch.objects.filter(_DECIDED).order_by("decided_at", "pk")
    told = [
        *within.values_list("organisation__code", *_FACTS),
        *across.values_list(Value(ACROSS), *_FACTS),
    ]
    return [
        Label(code, model, tier, probability, weight, tuple(guards), Decision(decision), at)
        for code, model, tier, probability, weight, guards, decision, at in told
    ]


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the pairs at or above a threshold: how many were decided, how many were one person, and the least share of
    these that the decisions are consistent with (the lower end of Wilson's interval of 95 %).
    """

    threshold: float
    decided: int
    same: int

    @property
    def share(self) -> float:
        """How many of the decided were one person."""
        return self.same / self.decided if self.decided else 0.0

    @property
    def at_least(self) -> float:
        """The lower end of the interval."""
        n, z = self.decided, 1.96
        if not n:
            return 0.0
        middle = self.share + z * z / (2 * n)
        spread = z * sqrt(self.share * (1 - self.share) / n + z * z / (4 * n * n))
        return (middle - spread) / (1 + z * z / n)


def precision(labels: Iterable[Label]) -> list[Precision]:
    """Give the precision at each threshold. Pairs that a rule held back are not among those a score would join."""
    free = [label for label in labels if not label.guards]
    return [_above(free, threshold) for threshold in THRESHOLDS]


def _above(labels: list[Label], threshold: float) -> Precision:
    found = [label.is_same for label in labels if label.probability >= threshold]
    return Precision(threshold, len(found), sum(found))


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where the decisions would have the thresholds; None where there are too few to say."""

    certain: float | None
    possible: float | None


def propose(labels: Iterable[Label]) -> Proposal:
    """Propose the lowest threshold above which pairs may be joined by themselves, and the lowest worth a look."""
    free = [label for label in labels if not label.guards]
    certain = [
        at.threshold for at in precision(free) if at.decided >= FEWEST and at.share >= CERTAIN
    ]
    possible = []
    for low, high in zip(THRESHOLDS, [*THRESHOLDS[1:], 1.01], strict=True):
        band = [label.is_same for label in free if low <= label.probability < high]
        if len(band) >= FEWEST_IN_BAND and sum(band) / len(band) >= WORTHWHILE:
            possible.append(low)
    return Proposal(min(certain, default=None), min(possible, default=None))
