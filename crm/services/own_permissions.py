"""What a person sees and says of permission on their own page: each yes, how long it counts, and a further one.

The page was opened by a link that has just gone to the address, so what is said there is said and confirmed at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from crm import consent, wall
from crm.models import (
    Action,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    Organisation,
    Purpose,
    Reach,
    SignUpBox,
    Source,
)
from crm.services import matching, permissions, preferences
from crm.services.sign_ups import MINORS, Yes, works_again, write_yes


@dataclass(frozen=True, slots=True)
class Permission:
    """One yes: how it came about (who asked, in which words, when, who says so), and until when it counts.

    `which` names it on the page; `runs_out_soon`: so soon that the person may be asked to say it again.
    """

    which: str
    organisation: str
    email: str
    is_getting: bool
    words: str
    said_at: datetime | None
    source: str
    until: datetime | None
    runs_out_soon: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A type of email that the person does not get and may say yes to: the box of an open form."""

    name: str
    words: str
    easy_words: str


def _permissions_of(point: ContactPoint) -> list[Permission]:
    """Say for each type of email whether it comes, and by which yes (scenario 79). Keeper scope."""
    getting = {purpose.pk for purpose in preferences.permitted(point)}
    states = {
        state.purpose_id: state
        for state in ConsentState.objects.filter(contact_point=point).select_related(
            "statement", "grant"
        )
    }
    return [
        _permission(point, purpose, states[purpose.pk], is_getting=purpose.pk in getting)
        for purpose in Purpose.objects.filter(organisation=point.organisation_id).order_by("pk")
        if purpose.pk in states
    ]


def permissions_at(point: ContactPoint) -> list[Permission]:
    """Give what an organisation sends to an address, and what comes from the joint list. Keeper scope."""
    found = _permissions_of(point)
    with _joint(point) as there:
        return found + [row for joint in there for row in _permissions_of(joint)]


@contextmanager
def _joint(point: ContactPoint) -> Iterator[list[ContactPoint]]:
    """Hold the same person's address on the joint list in its keeper's scope; none if they are not on it."""
    joint = Organisation.objects.filter(is_partner=False).exclude(pk=point.organisation_id).first()
    if joint is None:
        yield []
        return
    with wall.scope("keeper", organisation_id=joint.pk):
        yield matching.with_joint(point)[1:]


def _permission(
    point: ContactPoint, purpose: Purpose, state: ConsentState, *, is_getting: bool
) -> Permission:
    until = state.expires_at if is_getting else None
    return Permission(
        which=f"{point.organisation.code}/{purpose.code}",
        organisation=point.organisation.name,
        email=purpose.name,
        is_getting=is_getting,
        words=state.statement.shown if state.statement else "",
        said_at=state.granted_at,
        source=_SOURCES[Source(state.grant.source)] if state.grant else "",
        until=until,
        runs_out_soon=until is not None and until <= timezone.now() + consent.RENEWAL,
    )


_SOURCES = {
    Source.PERSONAL: "you told us yourself, on a form or a page of ours",
    Source.STAFF: "you told somebody who works for us, and they wrote it down",
    Source.IMPORT: "you signed up elsewhere, and it came to us in a list",
    Source.SYSTEM: "our system",
}
KEPT = "kept on own page"
_A_DAY = timedelta(days=1)


def keep(point: ContactPoint, which: str) -> bool:
    """Say a yes again that stands today, at the organisation or on the joint list; give whether there is one.

    It confirms the yes there is, so that it counts anew from today. What was refused or has run out does not
    stand, and nothing is written for it. The second time on one day changes nothing. Keeper scope.
    """
    if _keep(point, which):
        return True
    with _joint(point) as there:
        return any(_keep(joint, which) for joint in there)


def _keep(point: ContactPoint, which: str) -> bool:
    standing = {
        f"{point.organisation.code}/{found.code}": found for found in preferences.permitted(point)
    }
    purpose = standing.get(which)
    if purpose is None:
        return False
    state = ConsentState.objects.select_related("grant").get(contact_point=point, purpose=purpose)
    now, said = timezone.now(), state.grant
    assert said is not None  # the gate lets nobody through without one
    today = ConsentEvent.objects.filter(
        confirms=said, source=Source.PERSONAL, source_detail=KEPT, occurred_at__gt=now - _A_DAY
    )
    if not today.exists():
        ConsentEvent.objects.create(
            organisation_id=point.organisation_id,
            supporter_id=point.supporter_id,
            contact_point=point,
            address_key=point.keys.address_key,
            mailbox=point.keys.mailbox,
            reach=Reach.CONTACT_POINT,
            purpose=purpose,
            action=Action.CONFIRM,
            confirms=said,
            source=Source.PERSONAL,
            source_detail=KEPT,
            statement_id=state.statement_id,
            occurred_at=now,
            occurred_until=now,
        )
        permissions.refold(supporter_ids=[point.supporter_id])
    return True


def offers(point: ContactPoint) -> list[Offer]:
    """Give the boxes of open forms for what the organisation does not send to an address. Keeper scope."""
    return [
        Offer(
            name=name,
            words=box.wording.words,
            easy_words=(box.easy_wording or box.wording).words,
        )
        for name, box in _offered(point).items()
    ]


def _offered(point: ContactPoint) -> dict[str, SignUpBox]:
    """Find the newest box for each type of email that is not permitted; none of joint emails for 13 to 17."""
    if not point.organisation.is_partner and point.supporter.canonical.age_band in MINORS:
        return {}
    getting = {purpose.pk for purpose in preferences.permitted(point)}
    boxes = SignUpBox.objects.select_related("wording", "easy_wording", "purpose").filter(
        organisation=point.organisation_id, form__is_open=True, purpose__isnull=False
    )
    newest = {box.purpose_id: box for box in boxes.order_by("pk") if box.purpose_id not in getting}
    return {
        f"box-{box.wording.public_id.hex}-{box.purpose.code}": box
        for box in newest.values()
        if box.purpose is not None
    }


def say_yes(point: ContactPoint, ticked: set[str], *, easy: bool) -> bool:
    """Write the person's own yes for each ticked box that is offered; give whether there is one. Keeper scope.

    The name of a box names its wording, so that no tick counts for other words than were read. The link came to
    the address, so the yes is confirmed with it, and proves that mail arrives.
    """
    chosen = [box for name, box in _offered(point).items() if name in ticked]
    now = timezone.now()
    for box in chosen:
        assert box.purpose_id is not None
        shown = box.easy_wording_id if easy and box.easy_wording_id else box.wording_id
        yes = Yes(point.organisation_id, box.purpose_id, shown)
        write_yes(point, yes, said_at=now, confirmed=now, detail="own page")
    if chosen:
        works_again(point)
        permissions.refold(supporter_ids=[point.supporter_id])
    return bool(chosen)
