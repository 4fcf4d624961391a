"""What a supporter sees and does by the link in their mail: less only, and at once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Max

from crm import consent, wall
from crm.identity import addresses
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Purpose,
    Reach,
    Source,
    Supporter,
)
from crm.services import permissions
from crm.tokens import Preference


@dataclass(frozen=True, slots=True)
class Choices:
    """What one organisation sends to one address, in words; nothing of any other organisation.

    `partners` are the names of all, the same for everyone.
    """

    organisation: Organisation
    masked: str
    getting: list[Purpose]
    partners: list[str]


def choices(*, preference: Preference) -> Choices:
    """Give what the reader of a link gets now. Raises ContactPoint.DoesNotExist."""
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = _point(preference)
        getting = [
            purpose
            for purpose in Purpose.objects.filter(organisation=point.organisation)
            if _gets(point, purpose)
        ]
        partners = Organisation.objects.filter(is_partner=True).values_list("name", flat=True)
        return Choices(point.organisation, addresses.mask(point.address), getting, list(partners))


def _gets(point: ContactPoint, purpose: Purpose) -> bool:
    """Ask the gate, about mail of this type that is suitable for all ages."""
    question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return decided.values_list("reasons", flat=True).get() == 0


def stop_person(*, preference: Preference) -> uuid.UUID | None:
    """Stop everything that this organisation sends to this person, at any address.

    Gives the act, to be refolded in a worker where it reaches the joint list; None the second time, which
    changes nothing. Raises ContactPoint.DoesNotExist.
    """
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        return _stop_person(_point(preference, hold=True), preference)


def _stop_person(point: ContactPoint, preference: Preference) -> uuid.UUID | None:
    canonical = Supporter.objects.get(pk=point.supporter.canonical_id)
    if _has_stopped(canonical):
        return None
    return permissions.stop_organisation(
        supporter=canonical,
        source=Source.PERSONAL,
        detail=_detail("preference page", preference),
    )


def _has_stopped(canonical: Supporter) -> bool:
    """Tell whether each entry joined in a person has such a stop already, and no yes that came after it."""
    entries = set(Supporter.objects.filter(canonical=canonical).values_list("pk", flat=True))
    said = ConsentEvent.objects.filter(supporter__in=entries)
    stops = said.filter(
        action=Action.UNSUB_ALL_ORG, reach=Reach.SUPPORTER, source=Source.PERSONAL
    ).values_list("supporter")
    last = dict(stops.annotate(last=Max("pk")))
    lifted = said.filter(action=Action.GRANT).exclude(source=Source.IMPORT).aggregate(Max("pk"))
    return entries == set(last) and min(last.values()) > (lifted["pk__max"] or 0)


def stop_inbox(*, preference: Preference, one_click: bool) -> uuid.UUID:
    """Stop everything that this organisation sends to this inbox, whoever reads it; give the act.

    The second time changes nothing and gives the first. Raises ContactPoint.DoesNotExist.
    """
    detail = _detail("one-click" if one_click else "preference page", preference)
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        return permissions.stop_address(point=_point(preference, hold=True), detail=detail)


def stop_everything(*, preference: Preference) -> uuid.UUID:
    """Stop what every organisation sends to this inbox, and this one to the person at any address.

    Gives the act, to be refolded in a worker. Raises ContactPoint.DoesNotExist.
    """
    detail = _detail("preference page", preference)
    with wall.scope("keeper", organisation_id=preference.organisation_id):
        point = _point(preference, hold=True)
        act = permissions.stop_everything(point=point, detail=detail)
        _stop_person(point, preference)
        return act


def _point(preference: Preference, *, hold: bool = False) -> ContactPoint:
    """Find the address of a link; `hold` makes a second press wait for the first."""
    found = ContactPoint.objects.select_related("organisation", "supporter")
    if hold:
        found = found.select_for_update(no_key=True, of=("self",))
    return found.get(public_id=preference.point, organisation=preference.organisation_id)


def _detail(how: str, preference: Preference) -> str:
    """Say in codes where the act came from: the page or one click, and which campaign's link."""
    return f"{how} {preference.campaign.hex[:8]}" if preference.campaign else how
