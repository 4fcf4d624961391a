"""A supporter's own page, by a fresh link that went to the address: what is kept of them, and more of it or less.

It shows one organisation and the joint list, nothing of any other (R-SEC6).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from crm import tokens, wall
from crm.identity import addresses, postcodes
from crm.models import (
    Action,
    ContactPoint,
    Organisation,
    Record,
    Role,
    Source,
    Submission,
    Supporter,
    SupporterRole,
    SupporterTopic,
)
from crm.services import lessening, own_permissions, permissions, preferences, profiles, submissions


@dataclass(frozen=True, slots=True)
class OwnPage:
    """All that the page shows."""

    organisation: Organisation
    point: ContactPoint
    supporter: Supporter
    roles: list[SupporterRole]
    all_roles: list[Role]
    topics: list[preferences.Topic]
    permissions: list[own_permissions.Permission]
    offers: list[own_permissions.Offer]
    paused_until: datetime | None
    only_important: bool
    joint_name: str


@contextmanager
def opened(link: tokens.Link) -> Iterator[ContactPoint]:
    """Hold the address of a fresh link in the keeper's scope.

    Raises ContactPoint.DoesNotExist, and BadTokenError for a link that was taken back.
    """
    with wall.scope("keeper", organisation_id=link.organisation_id):
        point = (
            ContactPoint.objects.select_related("organisation", "supporter__canonical")
            .select_for_update(no_key=True, of=("self",))
            .get(public_id=link.about, organisation=link.organisation_id)
        )
        ended = point.links_from
        if point.retired_at or (ended and link.made_at < ended.replace(microsecond=0)):
            raise tokens.BadTokenError("This link was ended.")
        yield point


def show(*, link: tokens.Link) -> OwnPage:
    """Give what the page shows. Raises ContactPoint.DoesNotExist and BadTokenError."""
    with opened(link) as point:
        supporter = point.supporter.canonical
        entries = Supporter.objects.filter(canonical=supporter)
        roles = SupporterRole.objects.filter(supporter__in=entries).select_related("role")
        joint = Organisation.objects.filter(is_partner=False).exclude(pk=point.organisation_id)
        return OwnPage(
            organisation=point.organisation,
            point=point,
            supporter=supporter,
            roles=list({found.role_id: found for found in roles}.values()),
            all_roles=list(Role.objects.filter(is_special=False)),
            topics=preferences.topics(point),
            permissions=own_permissions.permissions_at(point),
            offers=own_permissions.offers(point),
            paused_until=preferences.paused_until(point),
            only_important=entries.filter(only_important_since__isnull=False).exists(),
            joint_name=joint.values_list("name", flat=True).first() or "",
        )


def choose_topics(*, link: tokens.Link, kept: set[str]) -> None:
    """Send what is about the topics named in `kept`, and nothing about the others."""
    with opened(link) as point:
        for topic in preferences.topics(point):
            if topic.wanted and topic.name not in kept:
                lessening.leave_out(point, topic.id)
            elif topic.name in kept and not topic.wanted:
                SupporterTopic.objects.filter(
                    supporter__canonical=point.supporter.canonical_id, topic=topic.id
                ).update(wanted=True, batch=None)


def resume(*, link: tokens.Link) -> None:
    """End a pause now."""
    with opened(link) as point:
        if preferences.paused_until(point) is not None:
            permissions.say(
                supporter=point.supporter.canonical,
                action=Action.RESUME,
                source=Source.PERSONAL,
                detail="own page",
            )


def all_again(*, link: tokens.Link) -> None:
    """Send more than the important emails again."""
    with opened(link) as point:
        Supporter.objects.filter(canonical=point.supporter.canonical_id).update(
            only_important_since=None
        )


def save_details(
    *,
    link: tokens.Link,
    first_name: str,
    last_name: str,
    postcode: str,
    age_band: int,
    role_ids: set[int],
) -> None:
    """Keep what a person says of themselves, as their own word: no list overrides it.

    Ordinary roles become those ticked. Raises ValidationError for what is no postcode.
    """
    tidy = postcodes.normalise(postcode) if postcode.strip() else ""
    if tidy is None:
        raise ValidationError({"postcode": "This is not a full postcode, such as GU1 1AA."})
    with opened(link) as point:
        canonical = point.supporter.canonical
        Record.objects.create(
            organisation_id=point.organisation_id,
            supporter=canonical,
            source=Source.PERSONAL,
            as_of=timezone.now(),
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            postcode=tidy,
            age_band=age_band,
        )
        theirs = SupporterRole.objects.filter(supporter__canonical=canonical)
        theirs.filter(role__is_special=False).exclude(role__in=role_ids).delete()
        theirs.filter(role__in=role_ids).update(batch=None)
        known = set(theirs.values_list("role", flat=True))
        for role in Role.objects.filter(pk__in=role_ids - known, is_special=False):
            SupporterRole.objects.create(
                organisation_id=point.organisation_id,
                supporter=canonical,
                role=role,
                as_of=timezone.localdate(),
            )
        profiles.refresh(supporter_ids=[canonical.pk])


def drop_role(*, link: tokens.Link, code: str) -> None:
    """Take back the agreement to keep a special role: it goes, and nothing else changes (scenario 71)."""
    with opened(link) as point:
        SupporterRole.objects.filter(
            supporter__canonical=point.supporter.canonical_id, role__code=code
        ).delete()


def ask_to_move(*, link: tokens.Link, email: str, nonce: uuid.UUID) -> str:
    """Ask a new address for its confirmation; give the address. Nothing changes until then.

    Raises ValidationError for what is no address, or is the one there is.
    """
    email = addresses.clean(email)
    if fault := addresses.fault(email):
        raise ValidationError({"email": fault})
    with opened(link) as point:
        if addresses.fold(email) == point.folded:
            raise ValidationError({"email": "This is the address that we have already."})
        fields = {
            "point": str(point.public_id),
            "organisation": point.organisation_id,
            "email": email,
        }
    submissions.receive(kind=Submission.Kind.ADDRESS, nonce=nonce, fields=fields)
    return email


def keep(*, link: tokens.Link, which: str) -> bool:
    """Say a yes that stands again, so that it counts two years more; give whether there is such a one."""
    with opened(link) as point:
        return own_permissions.keep(point, which)


def say_yes(*, link: tokens.Link, ticked: set[str], easy: bool) -> bool:
    """Say yes to the types of email whose boxes are ticked; give whether any of them is offered."""
    with opened(link) as point:
        return own_permissions.say_yes(point, ticked, easy=easy)


def end_links(*, link: tokens.Link) -> None:
    """Make every fresh link that went to the address so far useless. What stops mail goes on working."""
    with opened(link) as point:
        ContactPoint.objects.filter(pk=point.pk).update(links_from=timezone.now())
