"""The pack of what an organisation holds on a person: whole, in words, and gone after a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import records
from crm import holdings, wall
from crm.models import Case, EvidenceNote, Organisation, Pack, Record, Source, User
from crm.registry import Owner, Personal, Purpose
from crm.services import cases, packs, permissions
from mailings.models import Audience, Delivery
from tests import factories
from tests.mailings.conftest import campaign

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


def personal() -> set[tuple[str, str]]:
    """Every column of an organisation's own table that says something about the people on its list."""
    return {
        (entry.table, column)
        for entry in records.ALL
        if isinstance(entry, Personal)
        and entry.owner is Owner.ORGANISATION
        and entry.purpose is not Purpose.STAFF
        and not entry.table.startswith(("auth_", "django_"))
        for column in entry.columns.split()
    }


def is_left_out(table: str, column: str) -> bool:
    return table in holdings.LEFT_OUT or f"{table}.{column}" in holdings.LEFT_OUT


def test_every_column_about_a_person_is_in_the_pack_or_left_out_for_a_reason() -> None:
    shown = {name for part in holdings.PARTS for name in part.covers()}
    missing = {name for name in personal() - shown if not is_left_out(*name)}
    assert missing == set(), (
        "Add it to a part in holdings.py of its app, or to LEFT_OUT with a reason."
    )


def test_nothing_is_left_out_that_is_shown_or_is_not_there() -> None:
    shown = {name for part in holdings.PARTS for name in part.covers()}
    columns = {f"{table}.{column}" for table, column in personal()}
    tables = {table for table, _ in personal()}
    assert {name for name in holdings.LEFT_OUT if name not in columns | tables} == set()
    assert {f"{table}.{column}" for table, column in shown} & holdings.LEFT_OUT.keys() == set()


@pytest.fixture
def case(socr: Organisation) -> Case:
    """Somebody on the list asks what is held."""
    point = factories.address(factories.supporter(socr), MAIL)
    factories.granted(point)
    permissions.refold(supporter_ids=[point.supporter_id])
    new = cases.NewCase(
        kind=Case.Kind.ACCESS,
        came_by=Case.CameBy.PHONE,
        received_at=timezone.now(),
        address=MAIL,
    )
    return cases.add(organisation_id=socr.pk, new=new)


def made(case: Case, by: User) -> Pack:
    with wall.scope("staff", organisation_id=case.organisation_id, user_id=by.pk):
        pack = packs.ask(case, by=by)
    packs.make(pack_id=pack.pk)
    pack.refresh_from_db()
    return pack


def parts(pack: Pack) -> dict[str, list[dict[str, Any]]]:
    found = json.loads(pack.as_json.read())
    return {part["title"]: part["rows"] for part in found["parts"]}


def test_a_pack_says_what_is_held_in_words(socr: Organisation, case: Case) -> None:
    person = case.supporter
    assert person is not None
    point = person.contact_points.get()
    Record.objects.create(
        organisation=socr,
        supporter=person,
        source=Source.STAFF,
        as_of=datetime(2026, 2, 1, tzinfo=UTC),
        email=MAIL,
        data={"Favourite colour": "teal"},
    )
    mailing = campaign(socr)
    about = {"organisation": socr, "campaign": mailing, "supporter": person, "contact_point": point}
    about["version"] = mailing.versions.get()
    Audience.objects.create(**about)
    Delivery.objects.create(mailbox=b"m" * 16, seq=1, status=Delivery.Status.SENT, **about)
    told = {
        "purpose": factories.purpose(socr),
        "statement": factories.statement(socr),
        "said_at": timezone.now(),
        "actor": factories.user(socr),
    }
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.record_yes(point=point, words="said so at the stall", **told)
    held = parts(made(case, factories.admin(socr)))
    assert held["Your profile"][0]["First name"] == "Priya"
    assert held["Your addresses and phone numbers"][0]["Address"] == MAIL
    assert held["What each list, form or colleague said about you"][0]["Further columns"] == {
        "Favourite colour": "teal"
    }
    said = held["What was said about email, by whom and when"]
    assert {row["What"] for row in said} == {"said yes"}
    assert "Email me updates from" in said[0]["Words that you saw"]
    assert held["What colleagues noted about it"][0]["Note"] == "said so at the stall"
    assert held["Messages to you"][0]["What became of it"] == "Handed over"
    assert held["Campaigns that meant you"][0]["Campaign"] == "Protect SENCO time"
    assert held["Your requests and complaints"][0]["Reference"] == case.reference
    assert EvidenceNote.objects.count() == 1


def test_a_pack_has_all_entries_joined_in_a_person(socr: Organisation, case: Case) -> None:
    assert case.supporter is not None
    joined = factories.supporter(socr, "P", "Okafor", canonical_id=case.supporter_id)
    factories.address(joined, "other@example.org")
    held = parts(made(case, factories.admin(socr)))
    addresses = {row["Address"] for row in held["Your addresses and phone numbers"]}
    assert addresses == {MAIL, "other@example.org"}


def test_the_page_of_a_pack_runs_nothing_that_a_list_said(socr: Organisation, case: Case) -> None:
    assert case.supporter is not None
    case.supporter.first_name = "<script>alert(1)</script>"
    case.supporter.save()
    page = made(case, factories.admin(socr)).as_html.read().decode()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_a_pack_is_downloaded_by_admins_for_a_day_and_each_time_is_logged(
    socr: Organisation, neu: Organisation, case: Case
) -> None:
    pack = made(case, factories.admin(socr))
    address = reverse("download-pack", args=[pack.public_id, "json"])

    def download(by: User) -> int:
        client = Client()
        client.force_login(by)
        return client.post(address).status_code

    assert download(factories.admin(socr)) == 200
    assert download(factories.user(socr)) == 403
    assert download(factories.admin(neu)) == 404
    assert [note.words for note in case.notes.all()][-1] == "The pack was downloaded (JSON)."
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert download(factories.admin(socr)) == 404
        packs.sweep()
    pack.refresh_from_db()
    assert (pack.state, pack.as_json, pack.as_html) == (Pack.State.DELETED, "", "")


def test_a_pack_whose_wake_up_was_lost_is_found(socr: Organisation, case: Case) -> None:
    by = factories.admin(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=by.pk):
        pack = packs.ask(case, by=by)
    assert packs.sweep() == [pack.pk]
    packs.make(pack_id=pack.pk)
    assert packs.sweep() == []
