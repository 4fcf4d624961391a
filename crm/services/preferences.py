"""What a supporter sees and does by the link in their mail: less only, and at once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from crm import consent
from crm.identity import addresses
from crm.models import AgeBand, ContactPoint, Organisation, Purpose, Source, Supporter
from crm.services import permissions
from crm.tokens import Preference


@dataclass(frozen=True, slots=True)
class Choices:
    """What one organisation sends to one address, in words; nothing of any other organisation."""

    organisation: Organisation
    masked: str
    getting: list[Purpose]


def _point(preference: Preference) -> ContactPoint:
    """Find the address of a link. Raises ContactPoint.DoesNotExist."""
    return ContactPoint.objects.select_related("organisation", "supporter").get(
        public_id=preference.point, organisation=preference.organisation_id
    )


def choices(*, preference: Preference) -> Choices:
    """Give what the reader of a link gets now. Keeper scope; raises ContactPoint.DoesNotExist."""
    point = _point(preference)
    getting = [
        purpose
        for purpose in Purpose.objects.filter(organisation=point.organisation)
        if _gets(point, purpose)
    ]
    return Choices(point.organisation, addresses.mask(point.address), getting)


def _gets(point: ContactPoint, purpose: Purpose) -> bool:
    suitable = point.supporter.age_band != AgeBand.ADULT
    question = consent.Question(purpose.pk, suitable_for_under_18=suitable)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return decided.values_list("reasons", flat=True).get() == 0


def stop_person(*, preference: Preference) -> None:
    """Stop everything that this organisation sends to this person, at any address."""
    point = _point(preference)
    canonical = Supporter.objects.get(pk=point.supporter.canonical_id)
    permissions.stop_organisation(
        supporter=canonical, source=Source.PERSONAL, detail=_detail("page", preference)
    )


def stop_inbox(*, preference: Preference, one_click: bool) -> None:
    """Stop everything that this organisation sends to this inbox, whoever reads it."""
    detail = _detail("one-click" if one_click else "page", preference)
    permissions.stop_address(point=_point(preference), detail=detail)


def stop_everything(*, preference: Preference) -> uuid.UUID:
    """Stop what every organisation sends to this inbox; give the act, to be refolded in a worker."""
    return permissions.stop_everything(point=_point(preference), detail=_detail("page", preference))


def _detail(how: str, preference: Preference) -> str:
    """Say in codes where the act came from: the page or one click, and which campaign's link."""
    return f"{how} {preference.campaign.hex[:12]}" if preference.campaign else how
