"""The register of requests, complaints and incidents, and the public forms that lead into it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import BankHoliday, Case, CaseNote, Organisation, ServiceMail, Submission, User
from crm.services import cases
from mailings import letters
from tests import factories
from tests.crm import public

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"
ASKED = {
    "what": "access",
    "organisation": "SOCR",
    "name": "Priya",
    "email": MAIL,
    "words": "What do you have?",
}


@pytest.fixture
def admin(socr: Organisation) -> User:
    return factories.admin(socr)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def case(where: Organisation, kind: str = "access", **extra: Any) -> Case:
    new = cases.NewCase(
        kind=Case.Kind(kind),
        came_by=Case.CameBy.PHONE,
        received_at=extra.pop("received_at", timezone.now()),
        **extra,
    )
    return cases.add(organisation_id=where.pk, new=new)


def act(client: Client, found: Case, name: str, **said: Any) -> str:
    fields = {f"{name}-{field}": value for field, value in said.items()}
    answer = client.post(reverse("case-act", args=[found.public_id, name]), fields, follow=True)
    found.refresh_from_db()
    return public.words(answer)


# The register


def test_what_is_due_first_stands_first_and_late_is_marked(
    client: Client, socr: Organisation
) -> None:
    now = timezone.now()
    late = case(socr, received_at=now - timedelta(days=60))
    soon = case(socr, "objection")
    later = case(socr)
    page = public.words(client.get(reverse("cases")))
    assert page.index(late.reference) < page.index(soon.reference) < page.index(later.reference)
    assert "Late" in page[: page.index("Open")]


def test_another_organisations_cases_are_not_there(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    theirs = case(neu, words="Something")
    assert theirs.reference not in public.words(client.get(reverse("cases")))
    assert client.get(reverse("case", args=[theirs.public_id])).status_code == 404
    for name in ("note", "acknowledge", "restrict"):
        address = reverse("case-act", args=[theirs.public_id, name])
        assert client.post(address, {"note-words": "x"}).status_code == 404


def test_only_admins_see_the_register_and_what_is_due(socr: Organisation) -> None:
    case(socr, received_at=timezone.now() - timedelta(days=60))
    organiser = Client()
    organiser.force_login(factories.user(socr))
    assert organiser.get(reverse("cases")).status_code == 403
    assert "should be done already" not in public.words(organiser.get(reverse("home")))


def test_references_are_random(socr: Organisation) -> None:
    assert len({case(socr).reference for _ in range(20)}) == 20


def test_a_case_cannot_come_tomorrow(client: Client) -> None:
    tomorrow = f"{timezone.localdate() + timedelta(days=1):%Y-%m-%d}"
    said = {"kind": "access", "came_by": "phone", "received_on": tomorrow}
    assert "in the future" in public.words(client.post(reverse("add-case"), said))
    assert not Case.objects.exists()


def test_whose_case_it_is_must_be_one_person(client: Client, socr: Organisation) -> None:
    found = case(socr)
    assert "nobody’s on our list" in act(client, found, "person", email=MAIL)
    person = factories.supporter(socr)
    factories.address(person, MAIL)
    act(client, found, "person", email=MAIL.upper())
    assert found.supporter == person
    factories.address(factories.supporter(socr, "Sam"), MAIL)  # a household
    assert case(socr, address=MAIL).supporter is None


# The clock


def test_two_months_more_need_a_reason_and_must_come_in_time(
    client: Client, socr: Organisation
) -> None:
    with time_machine.travel("2026-11-10T12:00:00+00:00"):
        found = case(socr)
        client.force_login(User.objects.get())
        act(client, found, "extend", words="")
        assert found.extended_on is None
        act(client, found, "extend", words="Four lists, six years")
    assert found.due_at is not None
    assert timezone.localdate(found.due_at) == date(2027, 2, 10)
    words = [note.words for note in found.notes.all()]
    assert "Four lists, six years" in words
    assert any("Moved from 10 December 2026" in line for line in words)
    client.force_login(User.objects.get())
    late = case(socr, received_at=timezone.now() - timedelta(days=60))
    assert "The time is over" in act(client, late, "extend", words="Sorry")


def test_a_question_of_what_is_meant_stops_the_clock_for_access_only(
    admin: User, socr: Organisation
) -> None:
    today = timezone.localdate()
    access, erasure = case(socr), case(socr, "erasure")
    cases.ask(access, "clarification", on=today, by=admin)
    assert (access.due_at, access.next_step) == (None, "Wait for their answer")
    with pytest.raises(ValidationError, match="only"):
        cases.ask(erasure, "clarification", on=today, by=admin)


def test_an_answer_cannot_come_before_the_question(client: Client, socr: Organisation) -> None:
    found = case(socr, received_at=timezone.now() - timedelta(days=9))
    day = timezone.localdate()
    act(client, found, "identity_asked", on=f"{day - timedelta(days=3):%Y-%m-%d}")
    wrong = f"{day - timedelta(days=5):%Y-%m-%d}"
    assert "before we asked" in act(client, found, "identity_received", on=wrong)
    assert found.identity_received_on is None


def test_an_acknowledgement_goes_out_once(client: Client, socr: Organisation) -> None:
    found = case(socr, "complaint", address=MAIL)
    for _ in range(2):
        act(client, found, "acknowledge")
    assert found.acknowledged_at is not None
    assert ServiceMail.objects.count() == 1
    text = letters.compose(ServiceMail.objects.get(), socr).text
    assert found.reference in text
    assert "Information Commissioner" in text


# Incidents


def test_an_incident_is_judged_and_reported_before_it_is_closed(
    client: Client, socr: Organisation
) -> None:
    found = case(socr, "incident", words="A laptop was lost.")
    assert found.due_at == found.received_at + timedelta(hours=72)
    assert "what the incident may do" in act(client, found, "close", outcome="done", words="")
    act(client, found, "judge", risk="2", words="Names were on it")
    assert "Tell the regulator first" in act(client, found, "close", outcome="done", words="")
    act(client, found, "report")
    act(client, found, "tell")
    assert found.due_at is None
    act(client, found, "close", outcome="done", words="")
    assert found.closed_at is not None


def test_an_incident_that_harms_nobody_need_not_be_reported(
    client: Client, socr: Organisation
) -> None:
    found = case(socr, "incident")
    act(client, found, "judge", risk="1", words="It was encrypted")
    act(client, found, "close", outcome="done", words="")
    assert found.closed_at is not None
    assert "It was encrypted" in [note.words for note in found.notes.all()]


def test_an_incident_that_coalesce_finds_is_drafted_once(socr: Organisation) -> None:
    for _ in range(2):
        with wall.scope("platform"):
            made = cases.draft_incident(
                organisation_id=socr.pk, what="An undone import was mailed to.", people=37
            )
    assert Case.objects.count() == 1
    assert (made.kind, made.came_by) == ("incident", "ourselves")
    assert "37" in made.words
    assert made.due_at is not None


# The public forms


def send(address: str, **said: Any) -> str:
    nonce = {"nonce": str(uuid.uuid4())}
    return public.words(Client().post(address, {**ASKED, **nonce, **said}))


def test_a_request_by_the_form_becomes_a_case_and_is_acknowledged(socr: Organisation) -> None:
    person = factories.supporter(socr)
    factories.address(person, MAIL)
    assert "We have your request" in send("/requests/new/")
    assert not Case.objects.exists()  # the page looks at nobody
    public.carry_out()
    found = Case.objects.get()
    assert (found.kind, found.came_by, found.supporter) == ("access", "form", person)
    assert found.acknowledged_at is not None
    assert Submission.objects.get().fields == {}
    text = letters.compose(ServiceMail.objects.get(), socr).text
    due = timezone.localdate(found.due_at or datetime.max)
    assert f"We will answer you by {due.day} {due:%B %Y}" in text


def test_the_answer_is_the_same_for_an_address_that_nobody_has(
    socr: Organisation, neu: Organisation
) -> None:
    factories.address(factories.supporter(neu), MAIL)
    known, unknown = send("/requests/new/"), send("/requests/new/", email="nobody@example.org")
    assert known == unknown
    public.carry_out()
    assert [found.supporter for found in Case.objects.all()] == [None, None]
    assert {mail.organisation_id for mail in ServiceMail.objects.all()} == {socr.pk}


def test_whoever_does_not_know_whose_list_it_is_asks_all_of_them(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    send("/requests/new/", organisation="everyone")
    public.carry_out()
    assert Case.objects.count() == 3


def test_a_complaint_needs_words_and_no_account(socr: Organisation) -> None:
    assert "Write what went wrong" in send("/complaint/", words="")
    assert "We have your complaint" in send("/complaint/", words="You wrote to my late mother.")
    public.carry_out()
    assert Case.objects.get().kind == "complaint"


def test_a_browser_that_fills_in_the_trap_costs_nobody_their_request(socr: Organisation) -> None:
    assert "We have your request" in send("/requests/new/", website="https://home.example.org")
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("view", ["", "?view=easy"])
@pytest.mark.parametrize("page", ["/responsible/", "/privacy/"])
def test_the_pages_name_everyone_and_the_regulator_of_the_settings(
    page: str, view: str, socr: Organisation, neu: Organisation, settings: Any
) -> None:
    settings.COALESCE_REGULATOR = "Information Commission"
    text = public.words(Client().get(page + view))
    assert "Information Commission" in text
    if page == "/responsible/":
        assert socr.name in text
        assert neu.name in text


# Bank holidays


def test_bank_holidays_of_later_years_are_added(tmp_path: Any) -> None:
    file = tmp_path / "later.json"
    file.write_text('{"2029-01-01": "New Year’s Day"}')
    call_command("load_bank_holidays", str(file))
    call_command("load_bank_holidays", str(file))
    assert date(2029, 1, 1) in cases.holidays()
    assert BankHoliday.objects.count() == 25
    file.write_text('{"1 January": "New Year’s Day"}')
    with pytest.raises(CommandError, match=r"later\.json"):
        call_command("load_bank_holidays", str(file))


def test_what_staff_write_stays_with_the_case(client: Client, socr: Organisation) -> None:
    found = case(socr)
    act(client, found, "note", words="Rang them")
    act(client, found, "close", outcome="done", words="All sent")
    words = list(CaseNote.objects.filter(case=found).values_list("words", flat=True))
    assert words[-3:] == ["Rang them", "All sent", "Closed: done as asked."]
