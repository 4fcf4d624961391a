"""Why did, or didn't, this person get it? One organisation's answer, with the dated event behind each reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crm import consent, evidence
from crm.evidence import Because
from crm.models import Channel, ContactPoint, Supporter
from crm.reasons import Reason
from mailings import audience
from mailings.models import Audience, Campaign, Delivery, OwnMessage, Version


@dataclass(frozen=True, slots=True)
class Asking:
    """One time that the gate was asked about the person: when, of which address, and what it answered."""

    title: str
    at: datetime | None
    address: str
    because: list[Because]
    allowed: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a person in a campaign, and each asking that led to it, in order."""

    outcome: str
    askings: list[Asking] = field(default_factory=list)


_BEFORE = (Campaign.State.DRAFT, Campaign.State.SCHEDULED)


def explain(campaign: Campaign, version: Version, person: Supporter) -> Answer:
    """Answer for one campaign. Of a coordinated one staff learn that the person was included, no more (R-SEC4).

    What was decided when the campaign was sent is kept, whatever became of its segment or the person since.
    """
    if campaign.state in _BEFORE:
        return Answer("Not sent yet. If it were sent now:", [_now(version, person)])
    row = (
        Audience.objects.filter(
            campaign=campaign,
            organisation=person.organisation_id,
            supporter__canonical=person.canonical_id,
        )
        .select_related("contact_point")
        .first()
    )
    if row is None:
        if campaign.state == Campaign.State.CANCELLED:
            return Answer("It was called off. Nobody got it.")
        return Answer("Was not among those it was for when it was sent.")
    fixed = _fixed(campaign, version, person, row)
    if row.reasons:
        return Answer("Left out.", [fixed])
    if campaign.is_coordinated:
        return Answer("Included.", [fixed])
    return _sent(campaign, version, person, row.contact_point, fixed)


def _now(version: Version, person: Supporter) -> Asking:
    asked = consent.decide(
        ContactPoint.objects.filter(
            supporter__canonical=person.canonical_id,
            organisation=person.organisation_id,
            channel=Channel.EMAIL,
            retired_at__isnull=True,
        ),
        audience.question(version),
    )
    best = asked.order_by("reasons", "kind", "pk").first()
    reasons = best.reasons if best else Reason.ADDRESS_INVALID.value
    return _asking("As things stand now", None, best, version, person, reasons)


def _fixed(campaign: Campaign, version: Version, person: Supporter, row: Audience) -> Asking:
    return _asking(
        "When the sending began",
        campaign.started_at,
        row.contact_point,
        version,
        person,
        row.reasons,
    )


def _sent(
    campaign: Campaign,
    version: Version,
    person: Supporter,
    point: ContactPoint | None,
    fixed: Asking,
) -> Answer:
    """Say what became of the message of an organisation's own campaign."""
    message = OwnMessage.objects.filter(
        campaign=campaign, supporter__canonical=person.canonical_id
    ).first()
    if message is None:
        return Answer("Somebody else at this inbox gets it: one copy for each inbox.", [fixed])
    status = Delivery.Status(message.status)
    if status != Delivery.Status.SKIPPED:
        return Answer(f"{status.label}.", [fixed])
    last = _asking(
        "Asked once more, just before it was handed over",
        message.settled_at,
        point,
        version,
        person,
        message.reasons,
    )
    return Answer(f"{status.label}.", [fixed, last])


def _asking(
    title: str,
    at: datetime | None,
    point: ContactPoint | None,
    version: Version,
    person: Supporter,
    reasons: int,
) -> Asking:
    return Asking(
        title=title,
        at=at,
        address=point.address if point else "",
        because=evidence.of(point, person, reasons, purpose_id=version.purpose_id, as_of=at),
        allowed=not reasons,
    )
