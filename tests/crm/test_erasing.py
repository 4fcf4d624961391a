"""Erasure: what goes, what stays, and that the second time is harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    AddressKey,
    AuditEntry,
    Case,
    CaseNote,
    ConsentEvent,
    ContactPoint,
    Erasure,
    EvidenceNote,
    Link,
    Organisation,
    Person,
    Reach,
    ServiceMail,
    Source,
    Submission,
    Supporter,
)
from crm.reasons import Reason
from crm.services import cases, erasing, letters, permissions
from crm.sql import fold
from mailings.models import Delivery
from tests import factories
from tests.crm import public
from tests.imports.conftest import HEAD, bring
from tests.mailings.conftest import campaign

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.COALESCE_HOME = tmp_path


def said_yes(where: Organisation, email: str = MAIL, first: str = "Priya") -> ContactPoint:
    point = factories.address(factories.supporter(where, first), email)
    factories.granted(point)
    permissions.refold(supporter_ids=[point.supporter_id])
    return point


def erase(person: Supporter) -> int:
    return erasing.erase(organisation_id=person.organisation_id, people=[person.pk], is_wished=True)


def refusals(where: Organisation) -> int:
    return ConsentEvent.objects.filter(organisation=where, action=Action.ERASED).count()


def test_a_person_leaves_an_empty_row_and_a_refusal_of_each_inbox(socr: Organisation) -> None:
    point = said_yes(socr)
    factories.address(point.supporter, "other@example.org")
    erase(point.supporter)
    gone = Supporter.objects.get(pk=point.supporter_id)
    assert (gone.first_name, gone.last_name, gone.name_forms, gone.age_band) == ("", "", [], 0)
    assert gone.erased_at is not None
    assert set(ContactPoint.objects.values_list("address", flat=True)) == {""}
    assert not AddressKey.objects.exists()
    left = ConsentEvent.objects.filter(action=Action.ERASED)
    assert {(event.reach, event.mailbox is not None) for event in left} == {(Reach.MAILBOX, True)}
    assert left.count() == 2
    assert fold.differences() == 0


def test_the_second_time_changes_nothing(socr: Organisation) -> None:
    point = said_yes(socr)
    erase(point.supporter)
    first = Supporter.objects.get().erased_at
    erase(point.supporter)
    assert refusals(socr) == 1
    assert Supporter.objects.get().erased_at == first


def test_somebody_without_an_address_is_refused_as_a_person(socr: Organisation) -> None:
    person = factories.supporter(socr)
    erase(person)
    erase(person)
    assert ConsentEvent.objects.get().reach == Reach.SUPPORTER


def test_all_entries_joined_in_a_person_go(socr: Organisation) -> None:
    point = said_yes(socr)
    joined = factories.supporter(socr, "Pri", canonical_id=point.supporter_id)
    factories.address(joined, "other@example.org")
    erase(joined)
    assert not Supporter.objects.filter(erased_at=None).exists()


def test_another_reader_of_the_inbox_stays_and_gets_no_more(socr: Organisation) -> None:
    point, other = said_yes(socr), said_yes(socr, first="Sam")
    erase(point.supporter)
    other.refresh_from_db()
    assert other.supporter.first_name == "Sam"
    assert other.address == MAIL
    assert Reason.ERASED_SUPPRESSED in public.reasons(other)


def test_the_other_organisation_keeps_what_it_has(socr: Organisation, neu: Organisation) -> None:
    here, there = said_yes(socr), said_yes(neu)
    person = Person.objects.create()
    for point in (here, there):
        Link.objects.create(
            organisation_id=point.organisation_id,
            supporter=point.supporter,
            person=person,
            rule="same address",
        )
    erase(here.supporter)
    assert public.reasons(there) == Reason(0)
    assert Link.objects.get().supporter_id == there.supporter_id
    erase(there.supporter)
    assert not Person.objects.exists()


def test_words_of_evidence_go_unless_they_prove_somebody_elses_yes_too(socr: Organisation) -> None:
    point, other = said_yes(socr), said_yes(socr, "sam@example.org", "Sam")
    told = {
        "purpose": factories.purpose(socr),
        "statement": factories.statement(socr),
        "said_at": timezone.now(),
        "actor": factories.user(socr),
    }
    for who, words in ((point, "at the stall"), (other, "at the stall"), (point, "by phone")):
        with wall.scope("keeper", organisation_id=socr.pk):
            permissions.record_yes(point=who, words=words, **told)
    erase(point.supporter)
    assert [note.words for note in EvidenceNote.objects.all()] == ["at the stall"]


def test_mail_and_forms_that_wait_are_forgotten_but_for_the_others(
    socr: Organisation, neu: Organisation
) -> None:
    point = said_yes(socr)
    for where in (socr, neu):
        letters.post(organisation_id=where.pk, kind=ServiceMail.Kind.CASE, address=MAIL, facts={})
        Submission.objects.create(
            kind="sign_up",
            fields={"email": MAIL, "organisation": where.pk, "yes": [[where.pk, 1, 1]]},
            carried_out_at=timezone.now(),
            waits_until=timezone.now(),
        )
    erase(point.supporter)
    assert ServiceMail.objects.get().organisation_id == neu.pk
    (kept,) = [found.fields for found in Submission.objects.all() if found.fields]
    assert kept["organisation"] == neu.pk


def test_an_imported_file_goes_and_undo_still_knows_the_others(socr: Organisation) -> None:
    file = bring(
        socr,
        [HEAD, [MAIL, "Priya", "Okafor", "yes", "2026-01-10"], ["sam@example.org", "Sam", "Ali"]],
    )
    path = file.file.name
    erase(Supporter.objects.get(first_name="Priya"))
    file.refresh_from_db()
    assert file.file.name == ""
    assert not file.file.storage.exists(path)
    assert file.batch.records.get().first_name == "Sam"


def test_what_the_mail_server_said_and_which_inbox_it_was_go(socr: Organisation) -> None:
    point = said_yes(socr)
    mailing = campaign(socr)
    delivery = Delivery.objects.create(
        organisation=socr,
        campaign=mailing,
        version=mailing.versions.get(),
        supporter=point.supporter,
        contact_point=point,
        mailbox=point.keys.mailbox,
        seq=1,
        status=Delivery.Status.FAILED,
        detail=f"550 <{MAIL}> unknown",
    )
    before = bytes(delivery.mailbox)
    erase(point.supporter)
    delivery.refresh_from_db()
    assert delivery.detail == ""
    assert bytes(delivery.mailbox) != before
    assert delivery.status == Delivery.Status.FAILED


def test_the_case_keeps_its_dates_and_loses_its_words(socr: Organisation) -> None:
    point = said_yes(socr)
    new = cases.NewCase(
        kind=Case.Kind.ERASURE,
        came_by=Case.CameBy.LETTER,
        received_at=datetime(2026, 11, 2, 12, tzinfo=UTC),
        who="Priya Okafor",
        address=MAIL,
        words="Forget me, Priya",
    )
    case = cases.add(organisation_id=socr.pk, new=new)
    cases.note(case, "Rang Priya")
    erase(point.supporter)
    case.refresh_from_db()
    assert (case.who, case.address, case.words) == ("", "", "")
    assert case.due_at is not None
    words = [note.words for note in case.notes.all()]
    assert "Rang Priya" not in words
    assert any("2 November 2026" in line for line in words)


def test_nobody_rewrites_the_log_of_a_case(socr: Organisation) -> None:
    new = cases.NewCase(
        kind=Case.Kind.ACCESS, came_by=Case.CameBy.PHONE, received_at=timezone.now()
    )
    case = cases.add(organisation_id=socr.pk, new=new)
    for changed in ("", "Due next year."):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            CaseNote.objects.filter(case=case, is_log=True).update(words=changed)
    cases.note(case, "A note")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CaseNote.objects.filter(case=case, is_log=False).update(words="Another")


def test_whoever_asked_to_be_removed_is_left_out_before_a_worker_comes(socr: Organisation) -> None:
    point = said_yes(socr)
    new = cases.NewCase(
        kind=Case.Kind.ERASURE,
        came_by=Case.CameBy.PHONE,
        received_at=timezone.now(),
        address=MAIL,
    )
    case = cases.add(organisation_id=socr.pk, new=new)
    client = Client()
    client.force_login(factories.admin(socr))
    page = reverse("erase", args=[case.public_id])
    assert "This is not the reference" in public.words(client.post(page, {"typed": "AAAA-AAAA"}))
    assert not Erasure.objects.exists()
    client.post(page, {"typed": case.reference})
    client.post(page, {"typed": case.reference})
    assert Erasure.objects.count() == 1
    assert public.reasons(point) == Reason.RESTRICTED
    assert erasing.carry_out() == 1
    assert erasing.carry_out() == 0
    assert Supporter.objects.get().erased_at is not None


def test_a_message_that_waits_for_a_colleagues_next_page_goes(socr: Organisation) -> None:
    point = said_yes(socr)
    client = Client()
    client.force_login(factories.admin(socr))
    client.post(reverse("add-tag", args=[point.supporter.public_id]), {"tag": "stall"})
    assert "Priya" in str(Session.objects.get().get_decoded())
    erase(point.supporter)
    assert "Priya" not in str(Session.objects.get().get_decoded())
    assert client.get(reverse("home")).status_code == 200  # and nobody is signed out


def test_what_staff_did_stays_in_the_audit_without_its_values(socr: Organisation) -> None:
    point = said_yes(socr)
    by = factories.admin(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=by.pk):
        Supporter.objects.filter(pk=point.supporter_id).update(first_name="Pria")
    noted = AuditEntry.objects.get(table="crm_supporter")
    assert noted.changes == {"first_name": ["Priya", "Pria"]}
    erase(point.supporter)
    noted.refresh_from_db()
    assert (noted.user_id, noted.changes) == (by.pk, {"first_name": None})


def test_one_that_fails_holds_up_no_other(socr: Organisation, monkeypatch: Any) -> None:
    for person in (said_yes(socr).supporter, said_yes(socr, "sam@example.org").supporter):
        Erasure.objects.create(organisation=socr, supporter=person)
    first = Erasure.objects.earliest("pk").supporter_id
    real = erasing.erase

    def fails(**asked: Any) -> int:
        if asked["people"] == [first]:
            raise ValueError
        return real(**asked)

    monkeypatch.setattr(erasing, "erase", fails)
    assert erasing.carry_out() == 1
    assert Erasure.objects.get(done_at=None).supporter_id == first


def test_people_who_had_their_time_are_refused_only_if_they_said_no(socr: Organisation) -> None:
    silent, stopped = said_yes(socr), said_yes(socr, "sam@example.org")
    factories.event(stopped, Action.WITHDRAW, source=Source.PERSONAL)
    erasing.erase(
        organisation_id=socr.pk,
        people=[silent.supporter_id, stopped.supporter_id],
        is_wished=False,
    )
    left = ConsentEvent.objects.get(action=Action.ERASED)
    assert (left.supporter_id, left.source) == (stopped.supporter_id, Source.SYSTEM)
    assert not Supporter.objects.filter(erased_at=None).exists()
