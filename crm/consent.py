"""The promise: nobody is mailed who did not say yes to that organisation, or who said stop.

This is the only place that decides it (house rule 1), as one SQL expression for a list and for a single
person alike. It is asked in a preview, when an audience is frozen, and in the statement that precedes each
message, which is the one that counts. It compares the dates of the consent state with the clock, and says
*every* reason why not; 0 means yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from crm.models import Action, AgeBand, Channel, ContactPoint, Supporter
from crm.reasons import Reason

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Decision(TypedDict):
        reasons: int

    DecidedPoint = WithAnnotations[ContactPoint, _Decision]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be sent: the type of email, and for whom it is suitable. `at`: the clock, if not now."""

    purpose_id: int
    suitable_for_under_18: bool = False
    at: datetime | None = None


_REFUSED = {
    Action.STOP_EVERYTHING: Reason.STOP_EVERYTHING,
    Action.ERASED: Reason.ERASED_SUPPRESSED,
    Action.OBJECT: Reason.ORG_OBJECTION,
    Action.UNSUB_ALL_ORG: Reason.ORG_UNSUBSCRIBED,
    Action.DENY: Reason.CONSENT_DENIED,
    Action.WITHDRAW: Reason.CONSENT_WITHDRAWN,
    Action.COMPLAINT: Reason.COMPLAINED,
}


def decide(points: QuerySet[ContactPoint], question: Question) -> QuerySet[DecidedPoint]:
    """Annotate email addresses with `reasons` (int, bits of Reason): why each may not be mailed now.

    `state` is annotated too: the consent state that the reasons were read from.
    """
    now: Func | Value = Value(question.at) if question.at else Now()
    known = Q(state__granted_at__isnull=False)
    standing = Q(state__refused_at__isnull=True)
    conditions: list[tuple[Q, Reason]] = [
        *((Q(state__refusal=action) & ~standing, reason) for action, reason in _REFUSED.items()),
        (~standing & ~Q(state__refusal__in=list(_REFUSED)), Reason.CONSENT_WITHDRAWN),
        (~known & standing, Reason.NO_CONSENT_RECORDED),
        (
            known & Q(state__needs_confirmation=True, state__confirmed_at__isnull=True),
            Reason.CONSENT_PENDING,
        ),
        (known & Q(state__expires_at__lte=now), Reason.CONSENT_EXPIRED),
        (known & Q(state__statement__isnull=True), Reason.EVIDENCE_MISSING),
        (
            known & Q(state__statement__isnull=False, state__names_organisation=False),
            Reason.STATEMENT_OMITS_ORG,
        ),
        (Q(state__paused_until__gt=now), Reason.PAUSED),
        (Q(problem=ContactPoint.Problem.BOUNCES), Reason.HARD_BOUNCE),
        (Q(problem=ContactPoint.Problem.COMPLAINED), Reason.COMPLAINED),
        (Q(retired_at__isnull=False), Reason.ADDRESS_INVALID),
        (_of_anyone_joined(restricted=True), Reason.RESTRICTED),
        (_of_anyone_joined(deceased=True), Reason.DECEASED),
        (
            # Joint mail, which is the coalition's, never goes to a minor (decision 1).
            _of_anyone_joined(age_band__in=[AgeBand.FROM_13, AgeBand.FROM_16])
            & (Q(organisation__is_partner=False) if question.suitable_for_under_18 else Q()),
            Reason.MINOR_NOT_SUITABLE,
        ),
    ]
    if not question.suitable_for_under_18:
        unknown = Q(supporter__canonical__age_band=AgeBand.NOT_SAID)
        conditions.append((unknown, Reason.AGE_UNKNOWN_MINOR_RISK))
    return (
        points.filter(channel=Channel.EMAIL)
        .annotate(
            state=FilteredRelation("states", condition=Q(states__purpose=question.purpose_id)),
        )
        .annotate(reasons=_sum(conditions))
    )


def _of_anyone_joined(**fact: object) -> Q:
    """Hold if the fact is true of the person or of any entry joined in them: joining hides nothing (I6)."""
    joined = Supporter.objects.filter(
        ~Q(pk=F("canonical")), canonical=OuterRef("supporter__canonical")
    )
    own = Q(**{f"supporter__canonical__{name}": value for name, value in fact.items()})
    return own | Q(Exists(joined.filter(**fact)))


def _sum(conditions: list[tuple[Q, Reason]]) -> CombinedExpression:
    """Add up the bits of the conditions that hold. A reason may stand twice: the bits are or-ed."""
    total: CombinedExpression | Case | None = None
    for condition, reason in conditions:
        bit = Case(
            When(condition, then=Value(reason.value)),
            default=Value(0),
            output_field=BigIntegerField(),
        )
        total = bit if total is None else total.bitor(bit)  # type: ignore[arg-type]
    assert isinstance(total, CombinedExpression)
    return total
