"""Which dated event of the ledger stands behind a decision of the gate, in words for staff.

The ledger only grows, so what it said when a campaign was sent can be read again at any time: events recorded
later are left out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.models import Action, ConsentHistory, ConsentState, ContactPoint, Source, Supporter
from crm.reasons import SENTENCES, Reason

# Which events are behind a reason; of the newest the reason speaks.
_BEHIND: dict[Reason, tuple[Action, ...]] = {
    Reason.STOP_EVERYTHING: (Action.STOP_EVERYTHING,),
    Reason.ERASED_SUPPRESSED: (Action.ERASED,),
    Reason.ORG_OBJECTION: (Action.OBJECT,),
    Reason.ORG_UNSUBSCRIBED: (Action.UNSUB_ALL_ORG,),
    Reason.JOINT_NEEDS_BOTH: (Action.UNSUB_ALL_ORG, Action.OBJECT, Action.GRANT),
    Reason.CHANNEL_OFF: (Action.DENY, Action.WITHDRAW),
    Reason.PURPOSE_OFF: (Action.DENY, Action.WITHDRAW),
    Reason.CONSENT_DENIED: (Action.DENY,),
    Reason.CONSENT_WITHDRAWN: (Action.WITHDRAW,),
    Reason.COMPLAINED: (Action.COMPLAINT,),
    Reason.CONSENT_PENDING: (Action.GRANT,),
    Reason.CONSENT_EXPIRED: (Action.EXPIRE, Action.CONFIRM, Action.RESUME, Action.GRANT),
    Reason.EVIDENCE_MISSING: (Action.GRANT,),
    Reason.STATEMENT_OMITS_ORG: (Action.GRANT,),
    Reason.PAUSED: (Action.PAUSE,),
}
_PERMISSION = (Action.CONFIRM, Action.GRANT)


@dataclass(frozen=True, slots=True)
class Because:
    """A reason in words, and what was said and when, as far as the ledger knows; `said` is empty where it does not."""

    sentence: str
    said: str = ""


def of(
    point: ContactPoint | None,
    person: Supporter,
    reasons: int,
    *,
    purpose_id: int,
    as_of: datetime | None = None,
) -> list[Because]:
    """Give every reason of a decision with the event behind it; for a decision without reasons, the yes.

    `as_of`: only what was recorded by then. Runs in the scope of the person's organisation.
    """
    events = _events(point, person, purpose_id, as_of)
    if not reasons:
        return [Because("Said yes, and nothing speaks against it.", _newest(events, _PERMISSION))]
    return [
        Because(SENTENCES[reason], _newest(events, _BEHIND.get(reason, ())))
        for reason in Reason(reasons)
    ]


def _events(
    point: ContactPoint | None, person: Supporter, purpose_id: int, as_of: datetime | None
) -> QuerySet[ConsentHistory]:
    """What was said of the person, or of their inbox by another of its readers, about this type of email."""
    entries = Supporter.objects.filter(canonical=person.canonical_id)
    in_force = ConsentState.objects.filter(
        contact_point__supporter__in=entries, purpose=purpose_id, refusal_event__isnull=False
    )
    found = ConsentHistory.objects.filter(
        Q(supporter__in=entries) | Q(pk__in=in_force.values("refusal_event_id"))
    ).filter(Q(purpose=purpose_id) | Q(purpose__isnull=True) | Q(action=Action.CONFIRM))
    if point is not None:  # a yes speaks for the one address it was given with (I5)
        found = found.exclude(~Q(contact_point=point), action__in=_PERMISSION)
    if as_of is not None:
        found = found.filter(recorded_at__lte=as_of)
    return found.select_related("statement", "batch", "actor").order_by("-recorded_at", "-pk")


def _newest(events: QuerySet[ConsentHistory], actions: Collection[Action]) -> str:
    event = events.filter(action__in=actions).first() if actions else None
    return in_words(event) if event else ""


def in_words(event: ConsentHistory) -> str:
    """Say what an event is, when it was, and how we know of it."""
    when = timezone.localtime(event.occurred_at or event.recorded_at)
    dated = "" if event.occurred_at else "recorded on "
    words = f", to the wording {event.statement}" if event.statement else ""
    until = ""
    if event.action == Action.PAUSE and event.paused_until:
        end = timezone.localtime(event.paused_until)
        until = f" until {end.day} {end:%B %Y}"
    label = Action(event.action).label
    return (
        f"{label[:1].upper()}{label[1:]}{until}, {dated}{when.day} {when:%B %Y} "
        f"at {when:%H:%M} ({_by(event)}{words})"
    )


def _by(event: ConsentHistory) -> str:
    if event.source == Source.IMPORT and event.batch is not None:
        return f"from the list {event.batch.label}"
    if event.source == Source.STAFF:
        return f"told to {event.actor or 'staff'}"
    return Source(event.source).label
