"""Fills an installation with what supporters' pages show, and prints where each is; run in `manage.py shell`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from crm import tokens, wall
from crm.models import (
    Action,
    Organisation,
    Purpose,
    Role,
    SignUpBox,
    SignUpForm,
    Statement,
    SupporterRole,
    Topic,
)
from crm.sql import fold
from tests import factories
from tests.crm import public

JOINT = (
    "Email me joint campaign updates from Save Our Children’s Rights and the National Education Union. "
    "(Both organisations will have your email, name and postcode.)"
)
KEEP = (
    "I agree that Save Our Children’s Rights can keep that I am a parent or carer of a child or young person "
    "with SEND, so that it can send me relevant updates."
)


def fill(people: int) -> None:
    """Make a form, topics, and some people who said yes; print their pages as JSON."""
    with wall.scope("platform"):
        socr, neu, joint = (
            Organisation.objects.get(code=code) for code in ("SOCR", "NEU", "JOINT")
        )
        Purpose.objects.create(
            organisation=socr,
            code="events",
            name="Events near you",
            description="Invitations to events in your area, about six a year.",
        )
        Purpose.objects.create(
            organisation=socr,
            code="petitions",
            name="Petitions",
            description="Petitions to sign, about one a month.",
        )
        for name in ("EHC plans", "Protect SENCO time", "School funding"):
            Topic.objects.create(organisation=socr, name=name)
        _form(socr, neu, joint)
        pages = [_person(socr, f"priya{number}@example.org") for number in range(people)]
        fold.rebuild()
    print("PAGES", json.dumps(pages))


def _person(socr: Organisation, email: str) -> dict[str, str]:
    point = factories.address(factories.supporter(socr), email)
    said = factories.statement(socr)
    for purpose in Purpose.objects.filter(organisation=socr).exclude(code="petitions"):
        factories.event(
            point, Action.GRANT, at=datetime(2026, 1, 10, tzinfo=UTC), what=purpose, statement=said
        )
    for code in ("parent_carer_send", "senco"):
        SupporterRole.objects.create(
            organisation=socr, supporter=point.supporter, role=Role.objects.get(code=code)
        )
    link = {"about": point.public_id, "organisation_id": socr.pk}
    pages = {
        "preferences": public.page_of(point),
        "own-page": public.own_page_of(point),
        "invitation": f"{public.page_of(point)}joint/",
        "renewal": f"{public.page_of(point)}renew/",
        "join": "/join/joint/",
        "stop": "/stop/",
        "confirm": f"/confirm/{tokens.make('confirm', **link)}/",
        "address": f"/address/{tokens.make('address', **link)}/",
        "undo": f"/undo/{tokens.make('undo', **link)}/",
        "broken-link": "/p/none/",
    }
    easy = {f"{name}-easy-read": f"{path}?view=easy" for name, path in pages.items()}
    return {"email": email, **pages, **easy}


def _form(socr: Organisation, neu: Organisation, joint: Organisation) -> None:
    form = SignUpForm.objects.create(
        organisation=joint,
        slug="joint",
        title="Stand up for children with SEND",
        introduction=(
            "Save Our Children’s Rights and the National Education Union are two separate organisations "
            "working together on this campaign."
        ),
    )
    for owner, words in (
        (joint, JOINT),
        (socr, "Email me other updates from Save Our Children’s Rights."),
        (neu, "Email me other updates from the National Education Union."),
    ):
        SignUpBox.objects.create(
            organisation=owner,
            form=form,
            wording=_wording(owner, "join", words),
            purpose=Purpose.objects.filter(organisation=owner, code="updates").get(),
        )
    SignUpBox.objects.create(
        organisation=socr,
        form=SignUpForm.objects.create(organisation=socr, slug="petitions", title="Petitions"),
        wording=_wording(socr, "petitions", "Email me petitions of Save Our Children’s Rights."),
        purpose=Purpose.objects.get(organisation=socr, code="petitions"),
    )
    SignUpBox.objects.create(
        organisation=socr,
        form=form,
        wording=_wording(socr, "keep", KEEP),
        role=Role.objects.get(code="parent_carer_send"),
    )


def _wording(owner: Organisation, code: str, words: str) -> Statement:
    made = Statement.objects.create(
        organisation=owner, code=code, words=words, requires_confirmation=True
    )
    named = Organisation.objects.filter(is_partner=True)
    made.organisations.set(named.filter(pk=owner.pk) if owner.is_partner else named)
    made.purposes.set(Purpose.objects.filter(organisation=owner))
    return made
