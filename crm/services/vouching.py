"""A yes that staff recorded after a stop: a colleague vouches for it, and the person confirms it by email.

That it counts then, and not before, is the fold's affair (docs/explanation/consent.md); here the steps are taken.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    AddressKey,
    ConsentEvent,
    ConsentHistory,
    ContactPoint,
    Purpose,
    ServiceMail,
    Source,
    Submission,
    User,
)
from crm.reasons import Reason
from crm.services import letters, permissions
from crm.services.sign_ups import KEPT_FOR
from crm.sql import holding

# What such a yes can overcome; what only the person's own act lifts is not among it.
_OVERCOME = (
    Reason.NO_CONSENT_RECORDED
    | Reason.CONSENT_DENIED
    | Reason.CONSENT_WITHDRAWN
    | Reason.ORG_OBJECTION
    | Reason.ORG_UNSUBSCRIBED
    | Reason.PURPOSE_OFF
    | Reason.CHANNEL_OFF
)
_BEYOND = Reason.STOP_EVERYTHING | Reason.ERASED_SUPPRESSED | Reason.COMPLAINED
_REFUSALS = range(Action.DENY, Action.ERASED + 1)


@dataclass(frozen=True, slots=True)
class Told:
    """A yes told to staff that does not count yet; `waits`: it is vouched for, and for the person to confirm."""

    event: ConsentHistory
    waits: bool


def told(point: ContactPoint, purpose: Purpose, reasons: int) -> Told | None:
    """Give the yes told to staff that could count at this address; `reasons` is what the gate says. Staff scope.

    None where there is none, where it counts already, or where something was said since that it cannot overcome.
    """
    if not reasons & _OVERCOME.value or reasons & _BEYOND.value:
        return None
    heard = ConsentHistory.objects.filter(contact_point=point).filter(
        Q(purpose=purpose) | Q(purpose__isnull=True)
    )
    newest = (
        heard.filter(action=Action.GRANT, source=Source.STAFF)
        .select_related("actor", "second_actor")
        .order_by("-occurred_at", "-pk")
        .first()
    )
    if newest is None or newest.occurred_at is None or newest.evidence is None:
        return None
    since = Coalesce("occurred_until", "occurred_at", "recorded_at")
    refused = heard.filter(action__in=_REFUSALS).annotate(said=since)
    if refused.filter(said__gte=newest.occurred_at).exists():
        return None
    asked_at = newest.recorded_at if newest.second_actor_id else None
    return Told(newest, waits=asked_at is not None and asked_at + KEPT_FOR > timezone.now())


def vouch(*, point: ContactPoint, purpose: Purpose, reasons: int, actor: User) -> None:
    """Vouch for a yes that a colleague recorded, and write to the person to have it confirmed. Staff scope.

    The yes is written again with both names: the ledger only grows. The second time changes nothing.
    Raises ValidationError, a sentence, if there is no such yes, or it is one's own.
    """
    found = told(point, purpose, reasons)
    if found is None:
        raise ValidationError(
            "There is no recorded yes at this address that waits for a colleague."
        )
    if found.waits:
        return
    if found.event.actor_id in (None, actor.pk):
        raise ValidationError("You recorded this yes yourself. Ask a colleague to vouch for it.")
    with transaction.atomic(), wall.elevated("keeper"):
        keys = AddressKey.objects.get(contact_point=point)
        holding.hold(mailboxes=[bytes(keys.mailbox)])
        first = ConsentEvent.objects.get(pk=found.event.pk)
        again = ConsentEvent.objects.create(
            organisation_id=first.organisation_id,
            supporter_id=first.supporter_id,
            contact_point=point,
            address_key=keys.address_key,
            mailbox=keys.mailbox,
            reach=first.reach,
            purpose=purpose,
            action=Action.GRANT,
            source=Source.STAFF,
            source_detail="told staff, vouched for",
            statement=first.statement,
            occurred_at=first.occurred_at,
            occurred_until=first.occurred_until,
            actor_id=first.actor_id,
            second_actor=actor,
            evidence=first.evidence,
        )
        row = Submission(
            kind=Submission.Kind.VOUCHED,
            public_id=uuid.uuid4(),
            fields={"grant": again.pk},
        )
        Submission.objects.bulk_create([row], ignore_conflicts=True)  # without reading it back


def ask(submission: Submission) -> timedelta:
    """Write to the person to have the yes confirmed. Platform scope."""
    grant = ConsentEvent.objects.select_related("contact_point").get(pk=submission.fields["grant"])
    letters.post(
        organisation_id=grant.organisation_id,
        kind=ServiceMail.Kind.CONFIRM_YES,
        point=grant.contact_point,
        facts={"about": str(submission.public_id), "statements": [grant.statement_id or 0]},
    )
    return KEPT_FOR


def confirm(asked: Submission, *, at: datetime) -> None:
    """Write that the person confirmed the yes; whether it counts is the fold's affair. Platform scope."""
    grant = ConsentEvent.objects.get(pk=asked.fields["grant"])
    assert grant.mailbox is not None
    holding.hold(mailboxes=[bytes(grant.mailbox)])
    ConsentEvent.objects.create(
        organisation_id=grant.organisation_id,
        supporter_id=grant.supporter_id,
        contact_point_id=grant.contact_point_id,
        address_key=grant.address_key,
        mailbox=grant.mailbox,
        reach=grant.reach,
        purpose_id=grant.purpose_id,
        action=Action.CONFIRM,
        source=Source.PERSONAL,
        source_detail="confirmed what they told staff",
        statement_id=grant.statement_id,
        confirms=grant,
        occurred_at=at,
        occurred_until=at,
    )
    permissions.refold(mailboxes=[bytes(grant.mailbox)])
