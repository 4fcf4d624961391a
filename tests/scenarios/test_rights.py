"""Scenarios of docs/reference/scenarios.md about the rights of the people on the list."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import segments, wall
from crm.models import (
    Case,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Supporter,
    SupporterTag,
    Tag,
    User,
)
from crm.reasons import Reason
from crm.services import backups, cases, erasing, packs, permissions
from crm.sql import fold
from mailings.models import Campaign
from mailings.services import restoring
from tests import factories
from tests.crm import public
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


@pytest.fixture
def admin(socr: Organisation) -> User:
    return factories.admin(socr)


@pytest.fixture
def signed_in(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    """Let the journal of refusals lie in a folder of the test's own."""
    settings.COALESCE_HOME = tmp_path


def case(where: Organisation, kind: str, received: datetime, **extra: Any) -> Case:
    new = cases.NewCase(
        kind=Case.Kind(kind), came_by=Case.CameBy.EMAIL, received_at=received, **extra
    )
    return cases.add(organisation_id=where.pk, new=new)


def said_yes(where: Organisation, email: str) -> ContactPoint:
    point = supporter_who_said_yes(where, email)
    permissions.refold(supporter_ids=[point.supporter_id])
    return point


def due_on(found: Case) -> date | None:
    return timezone.localdate(found.due_at) if found.due_at else None


def at_noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def log_of(found: Case) -> str:
    return "\n".join(note.words for note in found.notes.all())


def test_26_a_member_of_one_organisation_asks_the_other_what_it_holds(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    """Scenario 26: the pack holds SOCR's data and joint data, nothing else."""
    said = {socr: "Told SOCR", neu: "Member 4711 of NEU", coalition: "On the joint list"}
    for where, words in said.items():
        point = said_yes(where, MAIL)
        tag = Tag.objects.create(organisation=where, name=words)
        SupporterTag.objects.create(organisation=where, supporter=point.supporter, tag=tag)
    read = {where: pack_of(where) for where in (socr, coalition)}
    assert "Told SOCR" in read[socr]
    assert "On the joint list" in read[coalition]
    for text in read.values():
        assert "4711" not in text
        assert neu.name not in text
    theirs = [bytes(row).hex() for row in ConsentEvent.objects.values_list("mailbox", flat=True)]
    assert not any(box in text for box in theirs for text in read.values())


def pack_of(where: Organisation) -> str:
    """Have a pack made for whoever has the address there; give both files as one text."""
    by = factories.admin(where)
    found = case(where, "access", timezone.now(), address=MAIL)
    with wall.scope("staff", organisation_id=where.pk, user_id=by.pk):
        made = packs.ask(found, by=by)
    packs.make(pack_id=made.pk)
    made.refresh_from_db()
    with wall.scope("staff", organisation_id=where.pk, user_id=by.pk):
        files = [packs.read(made, kind, by=by) for kind in ("json", "html")]
    return "".join((content or b"").decode() for content in files)


@time_machine.travel(at_noon("2026-11-20"), tick=False)  # a Friday
def test_54_somebody_answers_stop(socr: Organisation, signed_in: Client) -> None:
    """Scenario 54: OBJECT or unsubscribe is recorded within 1 working day; the time limit is on show."""
    point = said_yes(socr, MAIL)
    signed_in.post(
        reverse("add-case"),
        {"kind": "objection", "came_by": "email", "received_on": "2026-11-20", "address": MAIL},
    )
    found = Case.objects.get()
    assert due_on(found) == date(2026, 11, 23)
    assert "23 November 2026" in public.words(signed_in.get(reverse("cases")))
    with time_machine.travel(at_noon("2026-11-24"), tick=False):
        signed_in.force_login(User.objects.get())
        assert "should be done already" in public.words(signed_in.get(reverse("home")))
    signed_in.post(reverse("record-stop", args=[point.supporter.public_id]))
    assert public.reasons(point) == Reason.ORG_UNSUBSCRIBED


def test_72_subject_access_before_christmas(socr: Organisation) -> None:
    """Scenario 72: due on 29 December 2026."""
    with time_machine.travel(at_noon("2026-11-25")):
        found = case(socr, "access", timezone.now())
    assert due_on(found) == date(2026, 12, 29)
    assert "25 December 2026 is no working day" in log_of(found)


def test_73_proof_of_identity_takes_a_week(socr: Organisation, admin: User) -> None:
    """Scenario 73: the due date moves by the stop-the-clock rule, and the log says why."""
    with time_machine.travel(at_noon("2026-03-12"), tick=False):
        found = case(socr, "access", at_noon("2026-03-02"))
        assert due_on(found) == date(2026, 4, 2)
        cases.ask(found, "identity", on=date(2026, 3, 4), by=admin)  # day 3
        assert due_on(found) is None
        cases.answered(found, "identity", on=date(2026, 3, 11), by=admin)  # day 10
    assert due_on(found) == date(2026, 4, 9)
    assert "The clock stood for 7 days, for proof of who they are: 9 April 2026." in log_of(found)


def test_74_a_complaint_about_data_protection(socr: Organisation, signed_in: Client) -> None:
    """Scenario 74: to be acknowledged by 2 December 2026; an alert if it is not."""
    found = case(socr, "complaint", at_noon("2026-11-02"))
    assert due_on(found) == date(2026, 12, 2)
    with time_machine.travel(at_noon("2026-12-03"), tick=False):
        signed_in.force_login(User.objects.get())
        assert "Late" in public.words(signed_in.get(reverse("home")))
        cases.acknowledge(found)
        assert "Late" not in public.words(signed_in.get(reverse("home")))


def test_75_last_weeks_backup_has_been_restored(socr: Organisation, relay: Relay) -> None:
    """Scenario 75: mail stays off until suppressions have been replayed."""
    stopped, erased, kept = (
        said_yes(socr, f"{name}@example.org") for name in ("priya", "sam", "ali")
    )
    backups.write_journal()
    last_week = transaction.savepoint()
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_address(point=stopped, detail="one-click")
    remove(erased.supporter)
    backups.write_journal()
    transaction.savepoint_rollback(last_week)  # all tables are as they were; the journal is not

    assert backups.is_behind()
    made = campaign(socr)
    assert send_all(made).state == Campaign.State.SCHEDULED
    assert relay.inboxes == []
    backups.write_journal()  # the worker's minute comes; it must not settle anything
    assert backups.is_behind()
    assert_home_says_no_mail(socr, says=True)

    restoring.halt()
    assert backups.replay().erasures == 1
    assert backups.replay() == backups.Replayed()  # again: no change
    assert fold.differences() == 0
    assert_home_says_no_mail(socr, says=False)
    sent = send_all(campaign(socr))
    assert sent.state == Campaign.State.DONE
    assert relay.inboxes == [kept.address]
    assert public.reasons(stopped) & Reason.ORG_UNSUBSCRIBED
    assert not ContactPoint.objects.filter(address="sam@example.org").exists()


def remove(person: Supporter) -> None:
    """Have a person's details removed, as an admin and a worker do."""
    by = factories.admin(person.organisation)
    found = case(person.organisation, "erasure", timezone.now())
    Case.objects.filter(pk=found.pk).update(supporter=person)
    found.refresh_from_db()
    with wall.scope("staff", organisation_id=person.organisation_id, user_id=by.pk):
        erasing.ask(found, by=by)
    assert erasing.carry_out() == 1


def assert_home_says_no_mail(where: Organisation, *, says: bool) -> None:
    client = Client()
    client.force_login(factories.admin(where))
    assert ("No email goes out" in public.words(client.get(reverse("home")))) == says


def test_80_somebody_asks_us_not_to_use_their_details(
    socr: Organisation, signed_in: Client, relay: Relay
) -> None:
    """Scenario 80: excluded: `RESTRICTED`; staff see the record read-only."""
    point = said_yes(socr, MAIL)
    found = case(socr, "restriction", timezone.now(), address=MAIL)
    signed_in.post(reverse("case-act", args=[found.public_id, "restrict"]))
    assert public.reasons(point) == Reason.RESTRICTED
    assert not segments.members(socr, None).exists()
    assert send_all(campaign(socr)).state == Campaign.State.DONE
    assert relay.inboxes == []
    page = reverse("person", args=[point.supporter.public_id])
    assert "Read only" in public.words(signed_in.get(page))
    mend = reverse("mend-address", args=[point.public_id])
    assert signed_in.post(mend, {"email": "other@example.org"}).status_code == 403
    signed_in.post(reverse("case-act", args=[found.public_id, "lift"]))
    assert public.reasons(point) == Reason(0)
    assert "not used for now" in log_of(found)
    assert "used again" in log_of(found)


def test_85_somebody_has_died(
    socr: Organisation, neu: Organisation, signed_in: Client, relay: Relay
) -> None:
    """Scenario 85: that organisation stops; staff are shown how to contact the family; the other organisation is not
    informed automatically (**LEGAL**)."""
    here, there = (said_yes(where, MAIL) for where in (socr, neu))
    signed_in.post(
        reverse("record-death", args=[here.supporter.public_id]),
        {"family_contact": "Her sister, 020 7946 0018"},
    )
    assert public.reasons(here) == Reason.DECEASED
    assert public.reasons(there) == Reason(0)
    page = public.words(signed_in.get(reverse("person", args=[here.supporter.public_id])))
    assert "Her sister, 020 7946 0018" in page
    send_all(campaign(socr))
    assert relay.inboxes == []
    send_all(campaign(neu))
    assert relay.inboxes == [MAIL]
    assert not Supporter.objects.filter(organisation=neu, deceased=True).exists()
