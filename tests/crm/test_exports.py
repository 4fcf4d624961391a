"""Exports: with a reason, of one's own list only, harmless in a spreadsheet, gone after a day."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from crm import tasks, wall
from crm.models import (
    AuditEntry,
    Export,
    Membership,
    Organisation,
    Role,
    Segment,
    Supporter,
    SupporterRole,
    User,
)
from crm.services import exports
from crm.sql import fold
from tests import factories

pytestmark = pytest.mark.django_db

REASON = "For the stall at the conference on Saturday."


@pytest.fixture
def user(socr: Organisation) -> User:
    return factories.user(socr)


@pytest.fixture
def client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def people(socr: Organisation, neu: Organisation) -> list[Supporter]:
    """Two of SOCR, of whom one said yes, and one of NEU at the address of the first."""
    first = factories.supporter(
        socr, "Priya", "Okafor", postcode="GU1 1AA", external_id="M-7", relationship="student"
    )
    factories.granted(factories.address(first, "priya@example.org"))
    second = factories.supporter(socr, "Zoe", "Quill")
    factories.address(second, "zoe@example.org")
    theirs = factories.supporter(neu, "Priya", "Secret")
    factories.address(theirs, "priya@example.org")
    role = Role.objects.get(code="senco")
    SupporterRole.objects.create(organisation=socr, supporter=first, role=role)
    fold.rebuild()
    return [first, second, theirs]


def asked(client: Client, **given: Any) -> Export:
    """Ask for an export by the form, and let a worker make it."""
    answer = client.post(reverse("add-export"), {"format": "csv", "reason": REASON, **given})
    assert answer.status_code == 302
    export = Export.objects.latest("pk")
    exports.make(export_id=export.pk)
    export.refresh_from_db()
    return export


def fetched(client: Client, export: Export) -> Any:
    return client.get(reverse("download-export", args=[export.public_id]))


def table(client: Client, export: Export) -> list[dict[str, str]]:
    text = b"".join(fetched(client, export).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_an_export_has_a_reason_on_record_ones_own_people_and_a_day_to_live(
    client: Client, user: User, people: list[Supporter]
) -> None:
    """Scenario 77: the reason is on record; cells are safe from formulas; it expires after 24 h; it has only their
    own partition
    """
    people[1].first_name = "=HYPERLINK(1)"
    people[1].save()
    export = asked(client)
    rows = table(client, export)
    assert [row["Last name"] for row in rows] == ["Okafor", "Quill"]
    assert rows[1]["First name"] == "'=HYPERLINK(1)"
    assert "Secret" not in str(rows)
    noted = AuditEntry.objects.filter(kind=AuditEntry.Kind.EXPORT, user=user, reason=REASON)
    assert [entry.changes for entry in noted.order_by("pk")] == [
        {"asked for": [None, "Everyone on our list"]},
        {"fetched": [None, 2]},
    ]
    name = export.file.name
    Export.objects.update(kept_until=timezone.now())
    assert fetched(client, export).status_code == 404
    exports.sweep()
    assert not default_storage.exists(name)
    export.refresh_from_db()
    assert (export.state, export.reason) == (Export.State.DELETED, REASON)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_a_cell_that_a_spreadsheet_would_run_leaves_neutralised(
    client: Client, socr: Organisation, format: str, start: str
) -> None:
    """Scenario 83: it is kept as text and leaves neutralised"""
    kept = factories.supporter(socr, f"{start}HYPERLINK(1)")
    export = asked(client, format=format)
    if format == "csv":
        cell = table(client, export)[0]["First name"]
    else:
        content = io.BytesIO(b"".join(fetched(client, export).streaming_content))
        found = load_workbook(content).worksheets[0]["B2"]
        assert found.data_type == "s"
        cell = found.value
    kept.refresh_from_db()
    assert kept.first_name == f"{start}HYPERLINK(1)"
    assert cell == f"'{start}HYPERLINK(1)"


def test_a_row_says_what_the_page_of_a_person_says(client: Client, people: list[Supporter]) -> None:
    row, other = table(client, asked(client))
    assert row == {
        "Id": str(people[0].public_id),
        "First name": "Priya",
        "Last name": "Okafor",
        "Email": "priya@example.org",
        "May be emailed": "yes",
        "Phone": "",
        "Postcode": "GU1 1AA",
        "Roles": "SENCO",
        "Topics": "",
        "Tags": "",
        "Number": "M-7",
        "Membership": "Student member",
        "Age": "18 or over",
        "On the list since": f"{timezone.localdate():%Y-%m-%d}",
    }
    assert other["May be emailed"] == "no"


def test_no_number_of_a_row_leaves(client: Client, people: list[Supporter]) -> None:
    assert str(people[0].pk) not in {
        cell for row in table(client, asked(client)) for cell in row.values()
    }


def test_a_segment_is_exported_as_it_is_when_the_file_is_made(
    client: Client, socr: Organisation, people: list[Supporter]
) -> None:
    role = Role.objects.get(code="senco")
    rules = {"match": "all", "rules": [{"field": "role", "op": "is", "value": role.pk}]}
    segment = Segment.objects.create(organisation=socr, name="SENCOs", rules=rules)
    export = asked(client, segment=str(segment.public_id))
    assert (export.what, export.people) == ("SENCOs", 1)


def test_a_segment_deleted_meanwhile_does_not_become_the_whole_list(
    client: Client, socr: Organisation, user: User, people: list[Supporter]
) -> None:
    segment = Segment.objects.create(organisation=socr, name="SENCOs", rules={})
    with wall.scope("staff", organisation_id=socr.pk, user_id=user.pk):
        made = exports.request(
            organisation=socr, user=user, segment=segment, format="csv", reason=REASON
        )
        segment.delete()
    exports.make(export_id=made.pk)
    made.refresh_from_db()
    assert (made.state, made.people) == (Export.State.REFUSED, None)


def test_somebody_who_asked_us_not_to_use_their_details_is_left_out(
    client: Client, people: list[Supporter]
) -> None:
    Supporter.objects.filter(pk=people[0].pk).update(restricted=True)
    assert [row["First name"] for row in table(client, asked(client))] == ["Zoe"]


@pytest.mark.parametrize("reason", ["", "   ", "because"])
def test_without_a_reason_there_is_no_export(client: Client, reason: str) -> None:
    answer = client.post(reverse("add-export"), {"format": "csv", "reason": reason})
    assert "Say why you need it" in answer.content.decode()
    assert not Export.objects.exists()


def test_only_the_one_who_asked_fetches_it(
    client: Client, socr: Organisation, neu: Organisation, people: list[Supporter]
) -> None:
    export = asked(client)
    for other in (factories.admin(socr), factories.admin(neu)):
        theirs = Client()
        theirs.force_login(other)
        assert fetched(theirs, export).status_code == 404
        assert export.what not in theirs.get(reverse("exports")).content.decode()


def test_a_leaver_gets_no_file(client: Client, user: User, people: list[Supporter]) -> None:
    client.post(reverse("add-export"), {"format": "csv", "reason": REASON})
    Membership.objects.filter(user=user).delete()
    export = Export.objects.get()
    exports.make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.file.name) == (Export.State.REFUSED, "")


def test_a_lost_wake_up_is_made_good_and_a_second_one_does_nothing(
    client: Client, people: list[Supporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.make_export, "delay", tasks.make_export)
    client.post(reverse("add-export"), {"format": "csv", "reason": REASON})
    tasks.sweep_exports()
    export = Export.objects.get()
    made = export.file.name
    assert export.state == Export.State.READY
    exports.make(export_id=export.pk)
    export.refresh_from_db()
    assert export.file.name == made
    assert export.kept_until is not None
    assert export.kept_until - timezone.now() <= timedelta(hours=24)


def test_a_long_list_is_written_a_stretch_at_a_time(
    client: Client, socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "STRETCH", 2)
    for number in range(5):
        factories.supporter(socr, f"Person{number}")
    names = [row["First name"] for row in table(client, asked(client))]
    assert names == [f"Person{number}" for number in range(5)]
