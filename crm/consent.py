"""The promise: nobody is mailed who did not say yes to that organisation, or who said stop.

This is the only place that decides it (house rule 1), as one SQL expression for a list and for a single
person alike. It is asked in a preview, when an audience is frozen, and in the statement that precedes each
message, which is the one that counts. It compares the dates of the consent state with the clock, and says
*every* reason why not; 0 means yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
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
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from crm.models import (
    Action,
    AgeBand,
    Channel,
    ConsentState,
    ContactPoint,
    Decision,
    Match,
    Relationship,
    Scope,
    Supporter,
    SupporterTopic,
    Tier,
)
from crm.reasons import Reason

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Decision(TypedDict):
        reasons: int

    DecidedPoint = WithAnnotations[ContactPoint, _Decision]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be sent: the type of email, what it is about, and for whom it is suitable.

    `members_only`: not for an inbox that several people read, nor for who has left. `had_enough`: who had as many
    emails lately as the organisation sends, which whoever sends knows. `at`: the clock, if not now.
    """

    purpose_id: int
    topic_id: int | None = None
    suitable_for_under_18: bool = False
    is_important: bool = False
    members_only: bool = False
    had_enough: Q | None = None
    at: datetime | None = None


_REFUSED = {
    Action.STOP_EVERYTHING: Reason.STOP_EVERYTHING,
    Action.ERASED: Reason.ERASED_SUPPRESSED,
    Action.DENY: Reason.CONSENT_DENIED,
    Action.WITHDRAW: Reason.CONSENT_WITHDRAWN,
    Action.COMPLAINT: Reason.COMPLAINED,
}
# Told to a partner. At the coalition both read the same, whether the joint list or a partner was told to stop:
# which of them would give one partner's news to the other (decision 1).
_STOPPED = {Action.OBJECT: Reason.ORG_OBJECTION, Action.UNSUB_ALL_ORG: Reason.ORG_UNSUBSCRIBED}
_JOINT = Q(organisation__is_partner=False)
Conditions = Iterator[tuple[Q, Reason]]


def decide(points: QuerySet[ContactPoint], question: Question) -> QuerySet[DecidedPoint]:
    """Annotate email addresses with `reasons` (int, bits of Reason): why each may not be mailed now.

    `state` is annotated too: the consent state that the reasons were read from.
    """
    now: Func | Value = Value(question.at) if question.at else Now()
    conditions = [
        *_refusals(),
        *_permission(now),
        *_of_the_address(question),
        *_of_the_person(question),
        *_in_review(question),
    ]
    return (
        points.filter(channel=Channel.EMAIL)
        .annotate(
            state=FilteredRelation("states", condition=Q(states__purpose=question.purpose_id)),
        )
        .annotate(reasons=_sum(conditions))
    )


def _refusals() -> Conditions:
    """What was said against it: by whom it is lifted is the fold's affair (crm/sql/fold.py)."""
    refused = Q(state__refused_at__isnull=False)
    for action, reason in _REFUSED.items():
        yield refused & Q(state__refusal=action), reason
    for action, reason in _STOPPED.items():
        yield refused & Q(state__refusal=action) & ~_JOINT, reason
    yield refused & Q(state__refusal__in=list(_STOPPED)) & _JOINT, Reason.JOINT_NEEDS_BOTH
    narrow = refused & Q(state__refusal__in=[Action.DENY, Action.WITHDRAW])
    yield narrow & Q(state__refusal_scope=Scope.PURPOSE), Reason.PURPOSE_OFF
    yield narrow & Q(state__refusal_scope=Scope.CHANNEL), Reason.CHANNEL_OFF
    unheard_of = ~Q(state__refusal__in=[*_REFUSED, *_STOPPED])
    yield refused & unheard_of, Reason.CONSENT_WITHDRAWN


def _permission(now: Func | Value) -> Conditions:
    """What is missing from the yes, or has run out since."""
    known = Q(state__granted_at__isnull=False)
    yield ~known & Q(state__refused_at__isnull=True), Reason.NO_CONSENT_RECORDED
    unconfirmed = Q(state__needs_confirmation=True, state__confirmed_at__isnull=True)
    yield known & unconfirmed, Reason.CONSENT_PENDING
    yield known & Q(state__expires_at__lte=now), Reason.CONSENT_EXPIRED
    yield known & Q(state__statement__isnull=True), Reason.EVIDENCE_MISSING
    omits = known & Q(state__statement__isnull=False, state__names_organisation=False)
    yield omits, Reason.STATEMENT_OMITS_ORG
    yield omits & _JOINT, Reason.JOINT_NEEDS_BOTH
    yield Q(state__paused_until__gt=now), Reason.PAUSED


def _of_the_address(question: Question) -> Conditions:
    """What is known of the address itself, by this organisation's own lists and sending."""
    yield Q(problem=ContactPoint.Problem.BOUNCES), Reason.HARD_BOUNCE
    yield Q(problem=ContactPoint.Problem.COMPLAINED), Reason.COMPLAINED
    yield Q(retired_at__isnull=False), Reason.ADDRESS_INVALID
    if question.members_only:
        yield Q(kind=ContactPoint.Kind.SHARED), Reason.SHARED_INBOX_NOT_ALLOWED


def _of_the_person(question: Question) -> Conditions:
    """What is known of the person, and what they chose to leave out."""
    yield _of_anyone_joined(restricted=True), Reason.RESTRICTED
    yield _of_anyone_joined(deceased=True), Reason.DECEASED
    minor = _of_anyone_joined(age_band__in=[AgeBand.FROM_13, AgeBand.FROM_16])
    if question.suitable_for_under_18:
        minor &= _JOINT  # joint mail never goes to a minor (decision 1)
    yield minor, Reason.MINOR_NOT_SUITABLE
    if not question.suitable_for_under_18:
        unknown = Q(supporter__canonical__age_band=AgeBand.NOT_SAID)
        yield unknown, Reason.AGE_UNKNOWN_MINOR_RISK
    if not question.is_important:
        yield _of_anyone_joined(only_important_since__isnull=False), Reason.FREQUENCY_CAP
        if question.had_enough is not None:
            yield question.had_enough, Reason.FREQUENCY_CAP
    if question.members_only:
        yield Q(supporter__canonical__relationship=Relationship.FORMER), Reason.FORMER_MEMBER
    if question.topic_id is not None:
        unticked = SupporterTopic.objects.filter(
            topic=question.topic_id,
            wanted=False,
            supporter__canonical=OuterRef("supporter__canonical"),
        )
        yield Q(Exists(unticked)), Reason.TOPIC_OFF


def _in_review(question: Question) -> Conditions:
    """Whether somebody who is perhaps the same person said stop since: until people decided, they may be right."""
    who = OuterRef("supporter__canonical")
    waiting = Match.objects.filter(
        Q(decision__isnull=True) | Q(decision=Decision.LATER), tier__lte=Tier.POSSIBLE
    )
    joined = Supporter.objects.filter(~Q(pk=F("canonical")), canonical=who)
    of_a_pair = Exists(waiting.filter(one=who)) | Exists(waiting.filter(other=who)) | Exists(joined)
    since = Func(
        F("supporter__canonical_id"),
        Value(question.purpose_id),
        function="crm_held_since",
        output_field=DateTimeField(),
    )
    # What comes first is cheap, and spares all but a few the function.
    said_yes = Q(state__granted_at__isnull=False)
    stopped = Q(GreaterThanOrEqual(since, F("state__granted_at")))
    yield said_yes & Q(of_a_pair) & stopped, Reason.MERGE_REVIEW


def _of_anyone_joined(**fact: object) -> Q:
    """Hold if the fact is true of the person or of any entry joined in them: joining hides nothing (I6)."""
    joined = Supporter.objects.filter(
        ~Q(pk=F("canonical")), canonical=OuterRef("supporter__canonical")
    )
    own = Q(**{f"supporter__canonical__{name}": value for name, value in fact.items()})
    return own | Q(Exists(joined.filter(**fact)))


STANDINGS = {
    "permitted": "Said yes, and it counts today",
    "runs_out": "Permission runs out within three months",
    "refused": "Said stop or no",
    "nothing": "No permission recorded",
}
RENEWAL = timedelta(days=91)  # how long before it runs out somebody may be asked to renew


def standing(kind: str) -> QuerySet[ContactPoint]:
    """Give the email addresses whose permission, of any type, stands as `kind` (of STANDINGS) says today.

    For segments: it chooses whom a campaign is for. Whether each of them may be mailed is for `decide` alone.
    """
    now = timezone.now()
    stands = Q(states__granted_at__isnull=False, states__refused_at__isnull=True)
    conditions = {
        "permitted": stands & Q(states__expires_at__gt=now),
        "runs_out": stands & Q(states__expires_at__gt=now, states__expires_at__lte=now + RENEWAL),
        "refused": Q(states__refused_at__isnull=False),
        "nothing": ~Exists(
            ConsentState.objects.filter(contact_point=OuterRef("pk")).exclude(
                granted_at__isnull=True, refused_at__isnull=True
            )
        ),
    }
    return ContactPoint.objects.filter(conditions[kind], channel=Channel.EMAIL)


def objectors() -> QuerySet[ContactPoint]:
    """Give the addresses of those who objected: no segment counts them (UK GDPR, Article 21). Uses state_objected."""
    return ContactPoint.objects.filter(
        states__refusal=Action.OBJECT, states__refused_at__isnull=False
    )


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
