"""The public stop page: for any address whatever, and it tells nobody whether the address is on a list."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm import tokens, wall
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Organisation,
    PlatformStop,
    ServiceMail,
    Source,
    Submission,
)
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from crm.tasks import refold_act
from tests import factories
from tests.crm import public
from tests.crm.public import EMAIL, carry_out, own_page_of, page_of, press, reasons, said_yes, words

pytestmark = pytest.mark.django_db
Kind = ServiceMail.Kind


def ask(client: Client, what: str, whose: str, email: str = EMAIL) -> Any:
    said = {"email": email, "organisation": whose, "what": what}
    return client.post(reverse("stop-emails"), said)


@pytest.mark.parametrize(
    ("what", "whose"), [("stop", "SOCR"), ("stop", "everyone"), ("link", "SOCR")]
)
def test_a_known_and_an_unknown_address_get_the_same_answer_for_the_same_work(
    client: Client, socr: Organisation, neu: Organisation, what: str, whose: str
) -> None:
    said_yes(socr)
    fold.rebuild()
    seen = []
    for email in (EMAIL, "nobody.known@example.org"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = ask(client, what, whose, email)
        seen.append((words(answer).replace(email, "it"), answer.status_code, len(queries)))
    assert seen[0] == seen[1]


def test_a_visitor_may_add_what_they_send_in_and_read_nothing(socr: Organisation) -> None:
    said_yes(socr)
    with wall.scope("visitor"):
        for model in (Submission, ContactPoint, ServiceMail, ConsentEvent):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                list(model.objects.values_list("pk"))


def test_what_was_written_is_forgotten_once_it_is_done(client: Client, socr: Organisation) -> None:
    ask(client, "stop", "SOCR")
    ask(client, "link", "SOCR")
    carry_out()
    assert set(Submission.objects.values_list("fields__email", flat=True)) == {None}


def test_one_organisation_is_stopped_and_the_inbox_is_told(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    person, elsewhere = said_yes(socr), said_yes(neu)
    fold.rebuild()
    ask(client, "stop", "SOCR")
    carry_out()
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)
    assert reasons(elsewhere) == Reason(0)
    assert [mail.organisation for mail in ServiceMail.objects.all()] == [socr]


def test_a_stop_to_an_organisation_that_does_not_know_the_address_covers_a_later_list(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    ask(client, "stop", "SOCR")
    carry_out()
    assert not ServiceMail.objects.exists()
    for where in (socr, neu):
        point = factories.address(factories.supporter(where), EMAIL)
        factories.granted(point, source=Source.IMPORT, batch=factories.batch(where))
    permissions.refold(supporter_ids=list(ContactPoint.objects.values_list("supporter", flat=True)))
    assert Reason.ORG_UNSUBSCRIBED in reasons(ContactPoint.objects.get(organisation=socr))
    assert reasons(ContactPoint.objects.get(organisation=neu)) == Reason(0)


def test_stopping_everyone_covers_every_list_there_is_and_every_later_one(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    ask(client, "stop", "everyone")
    carry_out()
    assert Reason.STOP_EVERYTHING in reasons(person)
    assert PlatformStop.objects.count() == 1
    later = said_yes(neu)
    permissions.refold(supporter_ids=[later.supporter_id])
    assert Reason.STOP_EVERYTHING in reasons(later)


def test_a_link_goes_to_the_address_only_and_from_the_organisation_that_was_named(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    said_yes(socr)
    said_yes(neu)
    fold.rebuild()
    ask(client, "link", "NEU", " Priya.Okafor@Example.org ")
    carry_out()
    mail = ServiceMail.objects.get()
    assert (mail.organisation, mail.kind) == (neu, Kind.FRESH_LINK)
    assert client.get(public.link_in(mail)).status_code == 200


def test_a_flood_about_one_address_is_answered_alike_and_leaves_no_more_work(
    client: Client, socr: Organisation
) -> None:
    answers = {words(ask(client, "stop", "SOCR")) for _ in range(40)}
    assert len(answers) == 1
    assert Submission.objects.count() == 30


def test_the_same_page_sent_again_after_a_stop_was_taken_back_stops_again(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    said = {"email": EMAIL, "organisation": "SOCR", "what": "stop", "nonce": str(uuid.uuid4())}
    client.post(reverse("stop-emails"), said)
    carry_out()
    press(client, Kind.STOPPED)
    assert reasons(person) == Reason(0)
    client.post(reverse("stop-emails"), said)
    carry_out()
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)


def test_a_browser_that_fills_in_the_trap_costs_nobody_their_stop(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    said = {"email": EMAIL, "organisation": "SOCR", "website": "https://example.org"}
    client.post(reverse("stop-emails"), {**said, "what": "link"})
    carry_out()
    assert not ServiceMail.objects.exists()
    client.post(reverse("stop-emails"), {**said, "what": "stop"})
    carry_out()
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)


def test_a_stop_that_is_sent_twice_at_once_brings_one_email(
    client: Client, socr: Organisation
) -> None:
    said_yes(socr)
    fold.rebuild()
    for _ in range(2):
        ask(client, "stop", "SOCR")
    carry_out()
    assert ServiceMail.objects.count() == 1


# Taking a stop back


def stop_and_tell(client: Client, point: ContactPoint, **said: str) -> ServiceMail:
    stopped = client.post(page_of(point), said)
    act = str(stopped.context["outcome"]["act"])
    refold_act(act)
    told = client.post(page_of(point), {"tell": act})
    assert "We have sent you one email about this" in words(told)
    return public.last_mail(Kind.STOPPED)


@pytest.mark.parametrize(
    "said", [{"stop": "organisation"}, {"stop": "inbox"}, {"stop": "everything"}]
)
def test_a_stop_is_taken_back_by_the_link_in_the_mail(
    client: Client, socr: Organisation, neu: Organisation, said: dict[str, str]
) -> None:
    person, elsewhere = said_yes(socr), said_yes(neu)
    fold.rebuild()
    before = ConsentEvent.objects.get(contact_point=person)
    stop_and_tell(client, person, **said)
    assert reasons(person)
    press(client, Kind.STOPPED)
    assert reasons(person) == Reason(0)
    taken_back = ConsentEvent.objects.filter(action=Action.GRANT, contact_point=person).latest("pk")
    assert (taken_back.source, taken_back.statement) == (Source.PERSONAL, before.statement)
    assert bool(reasons(elsewhere)) == (said["stop"] == "everything")  # only where the mail is from
    press(client, Kind.STOPPED)
    assert ConsentEvent.objects.filter(action=Action.GRANT, contact_point=person).count() == 2


def test_a_type_that_was_stopped_by_mistake_comes_back(client: Client, socr: Organisation) -> None:
    person = said_yes(socr)
    fold.rebuild()
    stop_and_tell(client, person, stop="type", which="updates")
    assert Reason.PURPOSE_OFF in reasons(person)
    press(client, Kind.STOPPED)
    assert reasons(person) == Reason(0)


def test_taking_a_stop_back_lifts_no_earlier_one(client: Client, socr: Organisation) -> None:
    person = said_yes(socr)
    factories.event(person, Action.OBJECT, at=timezone.now() - timedelta(days=1))
    fold.rebuild()
    stop_and_tell(client, person, stop="organisation")
    press(client, Kind.STOPPED)
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)
    assert ConsentEvent.objects.filter(action=Action.GRANT).count() == 1


def test_the_way_back_is_shown_on_no_page_and_ends_after_a_day(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    stopped = client.post(page_of(person), {"stop": "organisation"})
    assert "/undo/" not in stopped.content.decode()
    act = str(stopped.context["outcome"]["act"])
    client.post(page_of(person), {"tell": act})
    with time_machine.travel(timezone.now() - timedelta(hours=25)):
        address = public.link_in(public.last_mail(Kind.STOPPED))
    assert client.post(address).status_code == 404


def test_word_of_an_act_of_somebody_else_is_not_sent(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    person, other = said_yes(socr), said_yes(neu, "tom@example.org", "Tom")
    fold.rebuild()
    act = client.post(page_of(other), {"stop": "organisation"}).context["outcome"]["act"]
    for wrong in (str(act), "x"):
        client.post(page_of(person), {"tell": wrong})
    assert not ServiceMail.objects.exists()


# Links


def test_a_link_that_was_ended_opens_nothing_and_the_old_ones_still_stop_mail(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        fresh, old = own_page_of(person), page_of(person)
    assert client.get(fresh).status_code == 200
    assert "The link is ended" in words(client.post(fresh, {"do": "ended"}))
    for answer in (client.get(fresh), client.post(fresh, {"do": "topics"})):
        assert answer.status_code == 404
    client.post(old, {"stop": "organisation"})
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)


@pytest.mark.parametrize("use", tokens.USES)
def test_a_link_of_one_use_serves_no_other(use: tokens.Use, socr: Organisation) -> None:
    token = tokens.make(use, about=said_yes(socr).public_id, organisation_id=socr.pk)
    for other in tokens.USES:
        if other != use:
            with pytest.raises(tokens.BadTokenError):
                tokens.read(other, token)
    with pytest.raises(tokens.BadTokenError):
        tokens.read_preference_token(token)


def test_a_fresh_link_ends_after_an_hour(client: Client, socr: Organisation) -> None:
    person = said_yes(socr)
    with time_machine.travel(timezone.now() - timedelta(minutes=61)):
        address = own_page_of(person)
    assert client.get(address).status_code == 404
