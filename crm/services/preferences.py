"""What the reader of a preference link is shown: what is sent, and nothing about who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from crm import consent, wall
from crm.identity import addresses
from crm.models import ConsentState, ContactPoint, Organisation, Purpose, Supporter, SupporterTopic
from crm.models import Topic as TopicModel
from crm.reasons import ASIDE, Reason
from crm.services import matching
from crm.tokens import Preference


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the organisation, and whether the person gets emails about it."""

    id: int
    name: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What one organisation, and the joint list, send to one address, in words; nothing of any other (R-SEC6).

    `others`: whom one may stop from this page beside the organisation itself; the same for everyone, so that
    an offer says nothing. `partners` are the names of all.
    """

    organisation: Organisation
    masked: str
    types: list[Purpose]
    getting: list[Purpose]
    joint: list[Purpose]
    others: list[Organisation]
    partners: list[str]
    topics: list[Topic] = field(default_factory=list)
    paused_until: datetime | None = None
    only_important: bool = False


def choices(*, preference: Preference) -> Choices:
    """Give what the reader of a link gets now. Raises ContactPoint.DoesNotExist."""
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = find(preference)
        canonical = point.supporter.canonical_id
        entries = Supporter.objects.filter(canonical=canonical)
        partners = Organisation.objects.filter(is_partner=True)
        return Choices(
            organisation=point.organisation,
            masked=addresses.mask(point.address),
            types=list(Purpose.objects.filter(organisation=point.organisation)),
            getting=permitted(point),
            joint=_joint(point),
            others=others(point.organisation),
            partners=list(partners.values_list("name", flat=True)),
            topics=topics(point),
            paused_until=paused_until(point),
            only_important=entries.filter(only_important_since__isnull=False).exists(),
        )


def find(preference: Preference, *, hold: bool = False) -> ContactPoint:
    """Find the address of a link; `hold` makes a second press wait for the first. Keeper scope."""
    found = ContactPoint.objects.select_related("organisation", "supporter__canonical")
    if hold:
        found = found.select_for_update(no_key=True, of=("self",))
    return found.get(public_id=preference.point, organisation=preference.organisation_id)


def others(organisation: Organisation) -> list[Organisation]:
    """Give whom one may stop from this organisation's page: from a partner's the joint list, from that each partner."""
    return list(
        Organisation.objects.exclude(pk=organisation.pk).filter(
            is_partner=not organisation.is_partner
        )
    )


def permitted(point: ContactPoint) -> list[Purpose]:
    """Give the types of email that may go to an address, by the gate; a pause or a topic takes none away."""
    found = []
    for purpose in Purpose.objects.filter(organisation=point.organisation_id).order_by("pk"):
        question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
        asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
        if not Reason(asked.values_list("reasons", flat=True).get()) & ~ASIDE:
            found.append(purpose)
    return found


def _joint(point: ContactPoint) -> list[Purpose]:
    """Give the joint emails that the same person gets at the same address."""
    joint = Organisation.objects.filter(is_partner=False).exclude(pk=point.organisation_id).first()
    if joint is None:
        return []
    with wall.scope("keeper", organisation_id=joint.pk):
        there = matching.with_joint(point)[1:]
        return [purpose for found in there for purpose in permitted(found)]


def topics(point: ContactPoint) -> list[Topic]:
    """Give the organisation's topics, ticked unless the person unticked them."""
    said = SupporterTopic.objects.filter(supporter__canonical=point.supporter.canonical_id)
    unwanted = set(said.filter(wanted=False).values_list("topic", flat=True))
    rows = TopicModel.objects.filter(organisation=point.organisation_id)
    return [Topic(row.pk, row.name, row.pk not in unwanted) for row in rows]


def paused_until(point: ContactPoint) -> datetime | None:
    """Give when a pause that is running at an address ends."""
    states = ConsentState.objects.filter(contact_point=point, paused_until__gt=timezone.now())
    last: datetime | None = states.aggregate(last=Max("paused_until"))["last"]
    return last
