"""Signing up: asking the address to confirm, and only then keeping anything of the person.

Until the confirmation nothing is known but the form itself, which is forgotten after a week: a stranger who puts
in somebody else's address can neither make a profile, nor change one, nor put a yes in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from crm.identity import addresses
from crm.models import (
    Action,
    AgeBand,
    ConsentEvent,
    ContactPoint,
    Deliverability,
    Organisation,
    Reach,
    Record,
    Role,
    ServiceMail,
    Source,
    Submission,
    Supporter,
    SupporterRole,
    SupporterTopic,
)
from crm.services import letters, matching, people, permissions, profiles
from crm.sql import holding
from crm.sql import people as sql

KEPT_FOR = timedelta(days=7)
MINORS = (AgeBand.FROM_13, AgeBand.FROM_16)


@dataclass(frozen=True, slots=True)
class Yes:
    """One box that was ticked: whose, for which type of email, under which wording."""

    organisation_id: int
    purpose_id: int
    statement_id: int


def yeses(submission: Submission, age_band: int) -> list[Yes]:
    """Give the boxes ticked; those of the joint list are left out for 13 to 17 (docs/reference/law.md)."""
    ticked = [Yes(*box) for box in submission.fields["yes"]]
    if age_band in MINORS:
        partners = set(Organisation.objects.filter(is_partner=True).values_list("pk", flat=True))
        ticked = [yes for yes in ticked if yes.organisation_id in partners]
    return ticked


def ask(submission: Submission) -> timedelta | None:
    """Write to the address to have a sign-up confirmed; give how long it waits. Platform scope."""
    details = _details(submission)
    ticked = yeses(submission, int(details["age_band"]))
    if not ticked:
        return None
    letters.post(
        organisation_id=submission.fields["organisation"],
        kind=ServiceMail.Kind.CONFIRM_SIGN_UP,
        address=str(details["email"]),
        facts={
            "about": str(submission.public_id),
            "statements": [yes.statement_id for yes in ticked],
            "easy": int(bool(submission.fields.get("easy"))),
        },
    )
    return KEPT_FOR


def confirm(asked: Submission, *, at: datetime) -> None:
    """Keep what a confirmed sign-up says: the person, their yes to each organisation, and the confirmation.

    A person whom the address and a compatible name already name is the same one. Platform scope.
    """
    details = _details(asked)
    ticked = yeses(asked, int(details["age_band"]))
    touched = []
    for organisation_id in sorted({yes.organisation_id for yes in ticked}):
        point = _person(organisation_id, details, asked)
        works_again(point)
        _choose(organisation_id, point.supporter_id, asked)
        for yes in ticked:
            if yes.organisation_id == organisation_id:
                write_yes(point, yes, said_at=asked.received_at, confirmed=at, detail=_how(asked))
        touched.append(point.supporter_id)
    permissions.refold(supporter_ids=touched)


def _details(submission: Submission) -> dict[str, Any]:
    """Give what is known of who signs up: as they wrote it, or, invited by a link, as it is already kept."""
    invited = submission.fields.get("point")
    if invited is None:
        return dict(submission.fields)
    point = ContactPoint.objects.select_related("supporter__canonical").get(public_id=invited)
    known = point.supporter.canonical
    return {
        "email": point.address,
        "first_name": known.first_name,
        "last_name": known.last_name,
        "postcode": known.postcode,
        "age_band": known.age_band,
    }


def _person(organisation_id: int, details: dict[str, Any], asked: Submission) -> ContactPoint:
    """Find or make the supporter at an organisation, with a record of what they wrote; give their address."""
    email = addresses.clean(str(details["email"]))
    known = matching.find(
        organisation_id=organisation_id,
        folded=addresses.fold(email),
        first_name=details["first_name"],
        last_name=details["last_name"],
    )
    supporter_id = known or sql.next_supporter_id()
    if known is None:
        Supporter.objects.create(
            id=supporter_id, canonical_id=supporter_id, organisation_id=organisation_id
        )
    Record.objects.create(
        organisation_id=organisation_id,
        supporter_id=supporter_id,
        source=Source.PERSONAL,
        as_of=asked.received_at,
        email=email,
        **{name: details[name] for name in ("first_name", "last_name", "postcode", "age_band")},
    )
    known_point = ContactPoint.objects.filter(
        organisation_id=organisation_id,
        supporter__canonical=supporter_id,
        channel=1,
        folded=addresses.fold(email),
    ).first()
    point = people.add_address(
        organisation_id=organisation_id,
        supporter_id=known_point.supporter_id if known_point else supporter_id,
        email=email,
    )
    profiles.refresh(supporter_ids=[supporter_id])
    return point


def works_again(point: ContactPoint) -> None:
    """Take a verified act as proof that mail arrives, and that a spam complaint is over (decision 1)."""
    none = ContactPoint.Problem.NONE
    ContactPoint.objects.filter(pk=point.pk).update(problem=none)
    Deliverability.objects.filter(
        organisation_id=point.organisation_id, mailbox=point.keys.mailbox
    ).update(problem=none)


def _choose(organisation_id: int, supporter_id: int, asked: Submission) -> None:
    """Add the roles and topics that were ticked; a special role only with the box that agrees to its keeping."""
    now = asked.received_at
    agreed = {
        role: statement
        for owner, role, statement in asked.fields.get("keep", [])
        if owner == organisation_id
    }
    for role_id in _ordinary(asked.fields.get("roles", [])) | agreed.keys():
        SupporterRole.objects.update_or_create(
            organisation_id=organisation_id,
            supporter_id=supporter_id,
            role_id=role_id,
            defaults={"as_of": now.date(), "batch": None}
            | ({"statement_id": agreed[role_id], "agreed_at": now} if role_id in agreed else {}),
        )
    if organisation_id == asked.fields["organisation"]:
        for topic_id in asked.fields.get("topics", []):
            SupporterTopic.objects.update_or_create(
                organisation_id=organisation_id,
                supporter_id=supporter_id,
                topic_id=topic_id,
                defaults={"wanted": True, "batch": None},
            )


# What is left of a special role that nobody agreed to have kept (scenario 70).
INSTEAD = {"parent_carer_send": "parent_carer"}


def _ordinary(role_ids: Iterable[int]) -> set[int]:
    ticked = Role.objects.filter(pk__in=list(role_ids))
    instead = [INSTEAD[role.code] for role in ticked if role.code in INSTEAD]
    ordinary = Role.objects.filter(
        Q(pk__in=[role.pk for role in ticked]) | Q(code__in=instead), is_special=False
    )
    return set(ordinary.values_list("pk", flat=True))


def write_yes(
    point: ContactPoint, yes: Yes, *, said_at: datetime, confirmed: datetime, detail: str
) -> None:
    """Write a person's own yes and its confirmation; the caller refolds. Keeper or platform scope."""
    holding.hold(
        mailboxes=[bytes(point.keys.mailbox)]
    )  # a stop at the same time comes before or after it
    about = {
        "organisation_id": point.organisation_id,
        "supporter_id": point.supporter_id,
        "contact_point": point,
        "address_key": point.keys.address_key,
        "mailbox": point.keys.mailbox,
        "reach": Reach.CONTACT_POINT,
        "purpose_id": yes.purpose_id,
        "source": Source.PERSONAL,
        "source_detail": detail,
        "statement_id": yes.statement_id,
    }
    grant = ConsentEvent.objects.create(
        **about, action=Action.GRANT, occurred_at=said_at, occurred_until=said_at
    )
    ConsentEvent.objects.create(
        **about,
        action=Action.CONFIRM,
        confirms=grant,
        occurred_at=confirmed,
        occurred_until=confirmed,
    )


def _how(asked: Submission) -> str:
    """Say in codes by which form, and that it was the Easy Read one."""
    form = "invitation" if asked.fields.get("point") else f"form {asked.fields['form']}"
    return f"{form} easy" if asked.fields.get("easy") else form
