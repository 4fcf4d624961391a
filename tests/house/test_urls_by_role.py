"""One table of every address, every role and whose the object is: what each gets."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from crm import tokens, wall
from crm.models import (
    Branch,
    Case,
    Export,
    Link,
    Match,
    Membership,
    Merge,
    Organisation,
    Pack,
    Person,
    RetentionReport,
    Segment,
    SharedMatch,
    SignUpBox,
    SignUpForm,
    User,
)
from crm.services import steward
from imports.models import Import, StagedRow
from mailings.models import Campaign, Version
from tests import factories
from tests.house.test_urls import names

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "organiser", "admin", "officer", "joint", "steward")
# What each role gets, in that order, for what belongs to SOCR or to nobody in particular. All work for SOCR but
# the joint organiser, who works for the coalition, and the steward. A name with "POST" is asked by POST.
TABLE = {
    "add-sign-up-form": "302 403 200 403 403 404",
    "add-topic": "302 403 200 403 403 404",
    "add-version": "302 403 200 403 403 404",
    "change-details": "302 200 200 200 404 404",
    "confirm-address": "404 404 404 404 404 404",
    "confirm-sign-up": "404 404 404 404 404 404",
    "edit-sign-up-form": "302 403 200 403 403 404",
    "join": "200 200 200 200 200 200",
    "join-embedded": "200 200 200 200 200 200",
    "mail-events": "404 404 404 404 404 404",
    "joint-invitation": "404 404 404 404 404 404",
    "own-page": "404 404 404 404 404 404",
    "sign-up-form": "302 403 200 403 403 404",
    "stop-emails": "200 200 200 200 200 200",
    "undo-stop": "404 404 404 404 404 404",
    "wording-picture": "302 403 404 403 403 404",
    "why": "302 200 200 404 404 404",
    "accept-invitation": "200 302 302 302 302 302",
    "add-campaign": "302 200 200 403 200 404",
    "add-export": "302 200 200 403 200 404",
    "add-import": "302 403 200 403 403 404",
    "stop-addresses": "302 403 200 403 403 404",
    "add-person": "302 200 200 200 200 404",
    "add-purpose": "302 403 200 403 403 404",
    "add-segment": "302 200 200 403 200 404",
    "POST add-tag": "302 302 302 302 404 404",
    "add-wording": "302 403 200 403 403 404",
    "POST apply-import": "302 403 302 403 403 404",
    "POST import-columns": "302 403 302 403 403 404",
    "POST import-wording": "302 403 302 403 403 404",
    "POST undo-import": "302 403 302 403 403 404",
    "POST approve-campaign": "302 302 302 403 404 404",
    "campaign": "302 200 200 403 404 404",
    "campaign-text": "302 200 200 403 404 404",
    "campaigns": "302 200 200 403 200 404",
    "POST cancel-campaign": "302 302 302 403 404 404",
    "POST pause-campaign": "302 302 302 403 404 404",
    "POST go-on-campaign": "302 302 302 403 404 404",
    "choose-organisation": "302 200 200 200 200 404",
    "campaign-doubt": "302 200 200 403 404 404",
    "campaign-outcome": "302 200 200 403 404 404",
    "export-outcome": "302 200 200 403 404 404",
    "POST copy-campaign": "302 302 302 403 404 404",
    "POST delete-segment": "302 302 302 403 404 404",
    "download-export": "302 200 200 403 404 404",
    "duplicate": "302 200 200 403 404 404",
    "duplicates": "302 200 200 403 200 404",
    "POST undo-duplicate": "302 302 302 403 404 404",
    "take-apart": "302 200 200 403 404 404",
    "edit-organisation": "302 403 200 403 403 404",
    "edit-purpose": "302 403 200 403 403 404",
    "edit-segment": "302 200 200 403 404 404",
    "exports": "302 200 200 403 200 404",
    "go-live": "302 403 200 403 403 404",
    "home": "302 200 200 200 200 302",
    "import": "302 403 200 403 403 404",
    "imports": "302 403 200 403 403 404",
    "invite-staff": "302 403 200 403 403 404",
    "mend-address": "302 200 200 200 404 404",
    "one-click": "200 200 200 200 200 200",
    "password_reset": "200 200 200 200 200 200",
    "password_reset_complete": "200 200 200 200 200 200",
    "password_reset_confirm": "302 302 302 302 200 200",
    "password_reset_done": "200 200 200 200 200 200",
    "people": "302 200 200 200 200 404",
    "person": "302 200 200 200 404 404",
    "person-mail": "302 200 200 200 404 404",
    "preferences": "200 200 200 200 200 200",
    "renewal": "200 200 200 200 200 200",
    "record-stop": "302 200 200 200 404 404",
    "POST record-stop": "302 302 302 302 404 404",
    "record-yes": "302 200 200 200 404 404",
    "POST vouch": "302 404 404 404 404 404",
    "POST remove-staff": "302 403 302 403 403 404",
    "POST remove-tag": "302 404 404 404 404 404",
    "rows-to-mend": "302 403 200 403 403 404",
    "import-report": "302 403 200 403 403 404",
    "petition-signatures": "302 403 404 403 403 404",
    "segment": "302 200 200 200 404 404",
    "segments": "302 200 200 200 200 404",
    "POST set-branch": "302 302 302 403 404 404",
    "settings": "302 403 200 403 403 404",
    "sign-in": "200 302 302 302 302 302",
    "POST sign-out": "302 302 302 302 302 302",
    "staff": "302 403 200 403 403 404",
    "staff-branch": "302 403 200 403 403 404",
    "steward": "302 404 404 404 404 200",
    "steward-figures": "302 404 404 404 404 200",
    "POST steward-unlink": "302 404 404 404 404 302",
    "steward-pair": "302 404 404 404 404 200",
    "steward-pairs": "302 404 404 404 404 200",
    "steward-link": "302 404 404 404 404 200",
    "POST tag-segment": "302 302 302 403 404 404",
    "POST test-campaign": "302 302 302 403 404 404",
    "POST turn-off-sending": "302 403 302 403 403 404",
    "POST turn-on-sending": "302 403 302 403 403 404",
    "who-did-what": "302 403 200 403 403 404",
    "add-case": "302 403 200 403 403 404",
    "POST approve-retention": "302 403 302 403 403 404",
    "POST ask-pack": "302 403 302 403 403 404",
    "case": "302 403 200 403 403 404",
    "POST case-act": "302 403 302 403 403 404",
    "cases": "302 403 200 403 403 404",
    "complaint": "200 200 200 200 200 200",
    "POST download-pack": "302 403 200 403 403 404",
    "erase": "302 403 200 403 403 404",
    "new-request": "200 200 200 200 200 200",
    "privacy": "200 200 200 200 200 200",
    "record-death": "302 403 200 403 403 404",
    "responsible": "200 200 200 200 200 200",
    "retention": "302 403 200 403 403 404",
}
OPEN_TO_ALL = {"preferences", "one-click", "joint-invitation", "renewal", "join", "join-embedded"}
OPEN_TO_ALL |= {"confirm-address", "confirm-sign-up", "own-page", "undo-stop", "mail-events"}
# Whoever may not open the page at all is told so; whoever may is told that it is not there.
NOT_THERE = {403, 404}


@pytest.fixture
def roles(socr: Organisation, coalition: Organisation) -> dict[str, User | None]:
    """Somebody of each role."""
    branch = Branch.objects.create(organisation=socr, name="Surrey")
    officer = factories.user(socr)
    Membership.objects.filter(user=officer).update(branch=branch)
    with wall.scope("platform"):
        sam = steward.add_steward(email="sam@steward.example.org", name="Sam")
    return {
        "anonymous": None,
        "organiser": factories.user(socr),
        "admin": factories.admin(socr),
        "officer": officer,
        "joint": factories.user(coalition),
        "steward": sam,
    }


def objects_of(where: Organisation, asking: User | None) -> dict[str, list[Any]]:
    """Something of an organisation for every address that is about a thing: the arguments by the name of the page."""
    branch = Branch.objects.filter(organisation=where).first()
    person = factories.supporter(where, branch=branch)
    point = factories.address(person, "priya@example.org")
    segment = Segment.objects.create(organisation=where, name=f"All {uuid.uuid4()}", rules={})
    author = factories.user(where)
    campaign = Campaign.objects.create(organisation=where, name="First", created_by=author)
    Version.objects.create(
        organisation=where,
        campaign=campaign,
        purpose=factories.purpose(where),
        subject="Hello",
        body="Hello",
        author=author,
    )
    form = SignUpForm.objects.create(
        organisation=where, slug=f"join-{uuid.uuid4().hex[:8]}", title="Join us", is_open=True
    )
    wording = factories.statement(where, requires_confirmation=True)
    SignUpBox.objects.create(
        organisation=where, form=form, wording=wording, purpose=factories.purpose(where)
    )
    file = Import.objects.create(
        organisation=where,
        batch=factories.batch(where),
        name="list.csv",
        file=ContentFile(b"Email\n", name="list.csv"),
        digest=uuid.uuid4().hex,
        state=Import.State.PREVIEWED,
        counts={"rows": 0},
    )
    StagedRow.objects.create(organisation=where, file=file, line=1, sheet_line=2)
    export = Export.objects.create(
        organisation=where,
        is_whole_list=True,
        format="csv",
        requested_by=asking or author,
        state=Export.State.READY,
        kept_until=timezone.now() + timedelta(hours=1),
        file=ContentFile(b"Id\n", name="people"),
    )
    case = Case.objects.create(
        organisation=where,
        kind=Case.Kind.ACCESS,
        came_by=Case.CameBy.PHONE,
        received_at=timezone.now(),
        supporter=person,
    )
    pack = Pack.objects.create(
        organisation=where,
        case=case,
        supporter=person,
        asked_by=author,
        state=Pack.State.READY,
        kept_until=timezone.now() + timedelta(hours=1),
        as_json=ContentFile(b"{}", name="pack.json"),
    )
    report = RetentionReport.objects.create(organisation=where, counts={"people": 1})
    joined = factories.supporter(where, canonical_id=person.pk)
    join = Merge.objects.create(organisation=where, kept=person, moved=[joined.pk], rule="test")
    pair = Match.objects.create(
        organisation=where,
        one=person,
        other=factories.supporter(where),
        tier=2,
        probability=0.9,
        match_weight=3.2,
        model_id="m",
        found_at=timezone.now(),
    )
    by_kind: dict[str, tuple[list[Any], str]] = {
        "pair": ([pair.public_id], "duplicate undo-duplicate"),
        "join": ([join.public_id], "take-apart"),
        "person": (
            [person.public_id],
            "person change-details record-stop set-branch add-tag remove-tag person-mail",
        ),
        "dead": ([person.public_id], "record-death"),
        "case": ([case.public_id], "case ask-pack erase"),
        "act": ([case.public_id, "acknowledge"], "case-act"),
        "pack": ([pack.public_id, "json"], "download-pack"),
        "report": ([report.public_id], "approve-retention"),
        "point": ([point.public_id], "mend-address record-yes vouch"),
        "segment": ([segment.public_id], "segment edit-segment tag-segment delete-segment"),
        "colleague": (
            [Membership.objects.get(user=author).public_id],
            "staff-branch remove-staff",
        ),
        "purpose": ([factories.purpose(where, f"of-{where.code.lower()}").code], "edit-purpose"),
        "import": (
            [file.public_id],
            "import import-columns apply-import import-wording undo-import rows-to-mend import-report "
            "petition-signatures",
        ),
        "export": ([export.public_id], "download-export"),
        "campaign": (
            [campaign.public_id],
            "campaign campaign-text campaign-doubt test-campaign approve-campaign cancel-campaign "
            "copy-campaign pause-campaign go-on-campaign",
        ),
        "form": ([form.slug], "sign-up-form edit-sign-up-form join join-embedded"),
        "wording": ([wording.code], "add-version"),
        "picture": ([wording.public_id], "wording-picture"),
        "why": ([campaign.public_id, person.public_id], "why"),
        "outcome": ([campaign.public_id, "reported-2"], "campaign-outcome export-outcome"),
        "end": (["none-such"], "confirm-address confirm-sign-up own-page undo-stop mail-events"),
        "token": (
            [tokens.preference_token(point.public_id, where.pk, None)],
            "preferences one-click joint-invitation renewal",
        ),
    }
    return {name: args for args, pages in by_kind.values() for name in pages.split()}


def shared_person(*organisations: Organisation) -> list[Any]:
    found = Person.objects.create()
    for where in organisations:
        known = factories.supporter(where)
        Link.objects.create(organisation=where, supporter=known, person=found, rule="address")
    return [found.public_id]


def shared_pair(one: Organisation, other: Organisation) -> list[Any]:
    first, second = sorted((one, other), key=lambda where: where.pk)
    found = SharedMatch.objects.create(
        one=factories.supporter(first),
        one_organisation=first,
        other=factories.supporter(second),
        other_organisation=second,
        tier=2,
        probability=0.9,
        match_weight=3.2,
        model_id="m",
        found_at=timezone.now(),
    )
    return [found.public_id]


def nothing(arguments: list[Any]) -> list[Any]:
    """The arguments of something that is not there, of the same form."""
    return [uuid.uuid4() if isinstance(value, uuid.UUID) else "none-such" for value in arguments]


@contextmanager
def undone() -> Iterator[None]:
    """Take back what a request changed: the next role finds the same."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def status(user: User | None, name: str, arguments: list[Any]) -> int:
    method, _, page = name.rpartition(" ")
    with undone():
        client = Client()
        if user is not None:
            client.force_login(user)
        ask: Callable[..., Any] = client.post if method else client.get
        return int(ask(reverse(page, args=arguments)).status_code)


def test_every_address_stands_in_the_table() -> None:
    assert {name.rpartition(" ")[2] for name in TABLE} == set(names()), (
        "Say in TABLE what each role gets, for a page that came, and take out one that went."
    )


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_role_gets_what_the_table_says(
    name: str, roles: dict[str, User | None], socr: Organisation, neu: Organisation
) -> None:
    page = name.rpartition(" ")[2]
    expected = dict(zip(ROLES, map(int, TABLE[name].split()), strict=True))
    found = {}
    for role, user in roles.items():
        with undone():
            found[role] = status(user, name, _arguments(page, socr, neu, user))
    assert found == expected


def _arguments(page: str, socr: Organisation, neu: Organisation, user: User | None) -> list[Any]:
    if page in ("steward-link", "steward-unlink"):
        return shared_person(socr, neu)
    if page == "steward-pair":
        return shared_pair(socr, neu)
    if page in ("accept-invitation", "password_reset_confirm"):
        invited = factories.user(socr)
        return [
            urlsafe_base64_encode(force_bytes(invited.pk)),
            default_token_generator.make_token(invited),
        ]
    return objects_of(socr, user).get(page, [])


@pytest.mark.parametrize("name", sorted(TABLE))
def test_what_is_another_organisations_is_as_if_it_were_not_there(
    name: str, roles: dict[str, User | None], neu: Organisation
) -> None:
    page = name.rpartition(" ")[2]
    for role, user in roles.items():
        arguments = objects_of(neu, user).get(page)
        if arguments is None or page in OPEN_TO_ALL:
            return  # about nothing, or opened by anybody, or by the supporter's own token
        theirs, none = (status(user, name, args) for args in (arguments, nothing(arguments)))
        assert theirs == none, role
        assert theirs in ({302} if user is None else NOT_THERE), role
