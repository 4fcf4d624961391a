"""The link in a supporter's mail: it can only lessen, works without login, cookies or script, and at once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm import consent, tokens
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Organisation,
    PlatformStop,
    Reach,
    Source,
    Supporter,
)
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from crm.tasks import refold_act
from tests import factories

pytestmark = pytest.mark.django_db

CAMPAIGN = uuid.UUID("1a2b3c4d-0000-4000-8000-000000000000")
STOPS = ["organisation", "inbox", "everything"]
EMAIL = "priya.okafor@example.org"


@pytest.fixture
def person(socr: Organisation, neu: Organisation) -> ContactPoint:
    """Somebody on both lists who said yes to both; this is their address at SOCR."""
    points = [said_yes(where) for where in (socr, neu)]
    fold.rebuild()
    return points[0]


def said_yes(where: Organisation, email: str = EMAIL, first: str = "Priya") -> ContactPoint:
    found = factories.address(factories.supporter(where, first), email)
    factories.granted(found)
    return found


def at(where: Organisation) -> ContactPoint:
    return ContactPoint.objects.get(organisation=where, folded=EMAIL)


def reasons(found: ContactPoint) -> Reason:
    purpose = factories.purpose(found.organisation)
    asked = consent.decide(ContactPoint.objects.filter(pk=found.pk), consent.Question(purpose.pk))
    return Reason(asked.values_list("reasons", flat=True).get())


def token(found: ContactPoint) -> str:
    return tokens.preference_token(found.public_id, found.organisation_id, CAMPAIGN)


def page_of(found: ContactPoint) -> str:
    return reverse("preferences", args=[token(found)])


def one_click_of(found: ContactPoint) -> str:
    return reverse("one-click", args=[token(found)])


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def everything() -> list[Any]:
    """All that the pages could change."""
    found: list[Any] = [ConsentEvent.objects.count(), PlatformStop.objects.count()]
    return found + list(ContactPoint.objects.order_by("pk").values_list("states__refused_at"))


ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_one_click_stops_the_address_for_everybody_who_reads_it_and_nobody_else(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    """Scenario 3: the address is stopped for SOCR, for both of them; no NEU key changes."""
    parent, teacher = (said_yes(socr, "home@example.org", name) for name in ("Priya", "Tom"))
    elsewhere = said_yes(neu, "home@example.org")
    fold.rebuild()
    assert client.post(one_click_of(parent), ONE_CLICK).status_code == 200
    assert Reason.ORG_UNSUBSCRIBED in reasons(parent)
    assert Reason.ORG_UNSUBSCRIBED in reasons(teacher)
    assert reasons(elsewhere) == Reason(0)
    assert fold.differences() == 0


def test_a_successor_at_a_shared_inbox_can_stop_what_the_predecessor_wanted(
    client: Client, socr: Organisation
) -> None:
    """Scenario 9: that organisation may no longer write to the address; the predecessor's consent stays gone."""
    predecessor = said_yes(socr, "senco@school.example.org")
    factories.event(predecessor, Action.WITHDRAW, at=datetime(2026, 5, 1, tzinfo=UTC))
    successor = said_yes(socr, "senco@school.example.org", "Tom")
    fold.rebuild()
    client.post(one_click_of(successor), ONE_CLICK)
    assert Reason.ORG_UNSUBSCRIBED in reasons(successor)
    assert reasons(predecessor) != Reason(0)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_one_click_takes_both_forms_of_rfc_8058_without_cookies_or_redirect(
    person: ContactPoint, body: str, kind: str
) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.generic("POST", one_click_of(person), body, content_type=kind)
    assert answer.status_code == 200
    assert not answer.cookies
    assert "already be on its way" in words(answer)
    event = ConsentEvent.objects.latest("pk")
    assert (event.source, event.reach, event.source_detail) == (
        Source.PERSONAL,
        Reach.MAILBOX,
        "one-click 1a2b3c4d",
    )


@pytest.mark.parametrize("stop", ["one-click", "organisation", "inbox"])
def test_the_second_press_has_no_effect_and_the_same_answer(
    client: Client, person: ContactPoint, stop: str
) -> None:  # scenario 39
    where = one_click_of(person) if stop == "one-click" else page_of(person)
    first = client.post(where, {"stop": stop})
    after = everything()
    second = client.post(where, {"stop": stop})
    assert (first.status_code, second.status_code) == (200, 200)
    assert words(first) == words(second)
    assert everything() == after


def test_a_stop_after_a_new_yes_counts_again(client: Client, person: ContactPoint) -> None:
    for address, said in (
        (one_click_of(person), ONE_CLICK),
        (page_of(person), {"stop": "organisation"}),
    ):
        client.post(address, said)
        factories.granted(person, at=timezone.now())
        permissions.refold(supporter_ids=[person.supporter_id])
        assert reasons(person) == Reason(0)
        client.post(address, said)
        assert Reason.ORG_UNSUBSCRIBED in reasons(person)


@pytest.mark.usefixtures("coalition")
def test_the_page_says_what_they_get_and_offers_to_stop_it(
    client: Client, person: ContactPoint
) -> None:
    shown = words(client.get(page_of(person)))
    assert "p•••@e•••.org" in shown
    assert "Updates : News, about twice a month." in shown
    assert shown.index("Stop all emails from Save Our Children’s Rights") < shown.index("you get")
    assert "Stop all emails to this address" in shown
    assert "Stop joint emails" in shown
    assert "Stop everything from everyone" in shown


@pytest.mark.parametrize("stop", STOPS)
def test_the_page_shows_no_address_name_or_role_and_nothing_of_the_other_organisation(
    client: Client, person: ContactPoint, stop: str, neu: Organisation
) -> None:  # scenario 35
    for answer in (client.get(page_of(person)), client.post(page_of(person), {"stop": stop})):
        for secret in (EMAIL, "priya", "Priya", "Okafor", neu.postal_address, neu.reply_address):
            assert secret not in answer.content.decode()
        assert not answer.cookies


@pytest.mark.parametrize("stop", STOPS)
def test_the_page_is_the_same_whether_or_not_the_other_organisation_knows_them(
    client: Client, person: ContactPoint, stop: str
) -> None:
    alone = said_yes(person.organisation, "petra.olsen@example.org", "Petra")
    fold.rebuild()

    def shown(answer: Any) -> str:
        ids = re.sub(r'value="[0-9a-f-]{36}"', "", answer.content.decode())
        return re.sub(r"/p/[^/]+/", "", ids)

    assert shown(client.get(page_of(person))) == shown(client.get(page_of(alone)))
    assert shown(client.post(page_of(person), {"stop": stop})) == shown(
        client.post(page_of(alone), {"stop": stop})
    )


@pytest.mark.parametrize(
    ("stop", "heading"),
    [
        ("organisation", "You will get no more emails from Save Our Children’s Rights"),
        ("inbox", "Save Our Children’s Rights will send no more emails to this address"),
        (
            "everything",
            "You will get no more emails from National Education Union or Save Our Children’s Rights"
            " at this address",
        ),
    ],
)
def test_the_heading_says_what_was_done_and_takes_the_focus(
    client: Client, person: ContactPoint, stop: str, heading: str
) -> None:  # scenario 82
    answer = client.post(page_of(person), {"stop": stop})
    assert f'<h1 tabindex="-1" autofocus>{heading}</h1>' in answer.content.decode()
    assert f"<title>{heading}" in answer.content.decode()
    assert "One email may already be on its way." in words(answer)
    assert "You get no emails from Save Our Children’s Rights at this address." in words(answer)
    assert "autofocus" not in client.get(page_of(person)).content.decode()


def test_stopping_the_organisation_reaches_the_person_at_any_address(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:
    other = factories.address(person.supporter, "other@example.org")
    factories.granted(other)
    neighbour = said_yes(person.organisation, EMAIL, "Tom")
    fold.rebuild()
    client.post(page_of(person), {"stop": "organisation"})
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)
    assert Reason.ORG_UNSUBSCRIBED in reasons(other)
    assert reasons(neighbour) == Reason(0)
    assert reasons(at(neu)) == Reason(0)
    details = ConsentEvent.objects.filter(action=Action.UNSUB_ALL_ORG).values_list("source_detail")
    assert set(details) == {("preference page 1a2b3c4d",)}


def test_a_person_who_was_joined_after_their_stop_stops_whole(
    client: Client, person: ContactPoint
) -> None:
    client.post(page_of(person), {"stop": "organisation"})
    half = said_yes(person.organisation, "half@example.org")
    Supporter.objects.filter(pk=half.supporter_id).update(canonical=person.supporter_id)
    client.post(page_of(person), {"stop": "organisation"})
    stopped = ConsentEvent.objects.filter(action=Action.UNSUB_ALL_ORG, reach=Reach.SUPPORTER)
    assert half.supporter_id in stopped.values_list("supporter", flat=True)


def test_stopping_everything_stops_both_and_what_is_imported_later(
    client: Client,
    person: ContactPoint,
    neu: Organisation,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    """Scenario 17: blocked: `STOP_EVERYTHING`."""
    queued: list[str] = []
    monkeypatch.setattr(refold_act, "delay", queued.append)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page_of(person), {"stop": "everything"})
    for where in (person.organisation, neu):
        assert Reason.STOP_EVERYTHING in reasons(at(where))  # before any worker has done a thing
    everywhere = ConsentEvent.objects.filter(action=Action.STOP_EVERYTHING)
    assert set(everywhere.values_list("source_detail")) == {("stop everything",)}  # not whose mail
    (act,) = queued
    refold_act(act)
    assert fold.differences() == 0
    later = factories.address(factories.supporter(neu, "Tom"), EMAIL)
    factories.granted(later, source=Source.IMPORT, batch=factories.batch(neu))
    permissions.refold(supporter_ids=[later.supporter_id])
    assert Reason.STOP_EVERYTHING in reasons(later)


def test_who_signs_up_again_with_one_organisation_stays_stopped_at_the_other(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:  # scenario 18
    client.post(page_of(person), {"stop": "everything"})
    now = timezone.now() + timedelta(seconds=1)
    yes = factories.granted(person, at=now)
    permissions.refold(supporter_ids=[person.supporter_id])
    assert Reason.STOP_EVERYTHING in reasons(person)
    factories.event(person, Action.CONFIRM, at=now, what=yes.purpose, confirms=yes)
    permissions.refold(supporter_ids=[person.supporter_id])
    assert reasons(person) == Reason(0)
    assert Reason.STOP_EVERYTHING in reasons(at(neu))


def test_a_lost_broker_neither_undoes_a_stop_nor_shows_an_error(
    client: Client,
    person: ContactPoint,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def is_away(*arguments: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(refold_act, "delay", is_away)
    with django_capture_on_commit_callbacks(execute=True) as woken:
        answer = client.post(page_of(person), {"stop": "everything"})
    assert answer.status_code == 200
    assert woken
    assert Reason.STOP_EVERYTHING in reasons(person)


def test_opening_changes_nothing(client: Client, person: ContactPoint) -> None:  # scenario 37
    before = everything()
    for address in (page_of(person), one_click_of(person)):
        for method in (client.get, client.head, client.options):
            method(address)
            method(f"{address}?stop=organisation&List-Unsubscribe=One-Click")
    assert everything() == before


def test_opening_the_one_click_address_shows_the_page_that_stops(
    client: Client, person: ContactPoint
) -> None:
    shown = client.get(one_click_of(person)).content.decode()
    (action,) = set(re.findall(r'<form method="post" action="([^"]+)"', shown))
    client.post(action, {"stop": "organisation"})
    assert ConsentEvent.objects.latest("pk").reach == Reach.SUPPORTER


@pytest.mark.parametrize("stop", ["", "all", "grant"])
def test_a_post_that_asks_for_nothing_known_changes_nothing(
    client: Client, person: ContactPoint, stop: str
) -> None:
    before = everything()
    assert client.post(page_of(person), {"stop": stop}).status_code == 200
    assert everything() == before


def test_a_browser_without_cookies_can_stop(person: ContactPoint) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(page_of(person), {"stop": "organisation"}).status_code == 200
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)


def test_a_broken_link_says_how_to_stop_all_the_same(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:
    good = token(person)
    elsewhere = tokens.preference_token(person.public_id, neu.pk, None)
    nobody = tokens.preference_token(uuid.uuid4(), person.organisation_id, None)
    for bad in (good[:-2], f"B{good[1:]}", "test", elsewhere, nobody):
        for name in ("preferences", "one-click"):
            for answer in (
                client.get(reverse(name, args=[bad])),
                client.post(reverse(name, args=[bad]), {"stop": "everything"}),
            ):
                assert answer.status_code == 404
                assert "answer the email with the word “stop”" in words(answer)
                assert not answer.cookies
    assert not ConsentEvent.objects.exclude(action=Action.GRANT).exists()


def test_a_member_of_staff_who_is_signed_in_sees_the_same_page(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:
    address = page_of(person)
    stranger = client.get(address).content
    client.force_login(factories.user(neu))
    assert client.get(address).content == stranger
