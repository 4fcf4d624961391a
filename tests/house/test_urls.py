"""Every address is guarded unless it is on the short list of those that are not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from crm.models import Membership, Organisation
from tests import factories

pytestmark = pytest.mark.django_db

PUBLIC = {
    "sign-in",
    "accept-invitation",
    "password_reset",
    "password_reset_done",
    "password_reset_confirm",
    "password_reset_complete",
    "preferences",
    "one-click",
    "stop-emails",
    "join",
    "join-embedded",
    "confirm-sign-up",
    "confirm-address",
    "undo-stop",
    "own-page",
    "joint-invitation",
    "new-request",
    "complaint",
    "responsible",
    "privacy",
    "renewal",
    "mail-events",
}
FOR_ADMINS = {
    "imports",
    "add-import",
    "import",
    "apply-import",
    "import-columns",
    "rows-to-mend",
    "settings",
    "add-wording",
    "add-purpose",
    "edit-purpose",
    "edit-organisation",
    "add-version",
    "add-topic",
    "add-sign-up-form",
    "sign-up-form",
    "edit-sign-up-form",
    "staff",
    "remove-staff",
    "cases",
    "add-case",
    "case",
    "ask-pack",
    "erase",
    "retention",
    "approve-retention",
    "record-death",
    "who-did-what",
    "go-live",
    "turn-on-sending",
    "turn-off-sending",
}
WITHOUT_OBJECT = {"sign-out", "home", "choose-organisation", "turn-on-sending", "turn-off-sending"}


def patterns(found: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLPattern):
            yield pattern
        elif pattern.app_name != "admin":
            yield from patterns(pattern.url_patterns)


def names() -> list[str]:
    return sorted({p.name for p in patterns(get_resolver().url_patterns) if p.name})


def path_of(name: str) -> str:
    """An address of the page, about something that is not there."""
    some = uuid.uuid4()
    for arguments in ([], [some], [some, some], ["none"], ["MQ", "none"], [some, "none"]):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no arguments fit {name}")


def signed_in(where: Organisation, role: str) -> Client:
    client = Client()
    client.force_login(factories.user(where, role))
    return client


@pytest.mark.parametrize("name", sorted(set(names()) - PUBLIC))
def test_a_stranger_is_sent_to_sign_in(name: str, client: Client) -> None:
    for answer in (client.get(path_of(name)), client.post(path_of(name))):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_page_tells_a_stranger_nothing_of_anyone(name: str, client: Client) -> None:
    assert client.get(path_of(name)).status_code in (200, 302, 404, 410)


@pytest.mark.parametrize("name", sorted(FOR_ADMINS))
def test_an_organiser_may_not_open_what_is_for_admins(name: str, socr: Organisation) -> None:
    client = signed_in(socr, Membership.Role.ORGANISER)
    assert client.get(path_of(name)).status_code == 403


@pytest.mark.parametrize("name", sorted(set(names()) - PUBLIC - WITHOUT_OBJECT))
def test_what_is_not_there_is_not_found(name: str, socr: Organisation) -> None:
    """Nor is another organisation's: to this request it is the same thing."""
    factories.purpose(socr)
    client = signed_in(socr, Membership.Role.ADMIN)
    path = path_of(name)
    answers = {client.get(path).status_code, client.post(path).status_code}
    has_object = any(part.count("-") == 4 for part in path.split("/"))
    assert answers <= ({404, 405} if has_object else {200, 302, 404})


def test_somebody_without_an_organisation_sees_no_list(client: Client, socr: Organisation) -> None:
    user = factories.user(socr)
    Membership.objects.all().delete()
    client.force_login(user)
    assert client.get(reverse("home"))["Location"] == reverse("choose-organisation")
    assert client.get(reverse("choose-organisation")).status_code == 200
