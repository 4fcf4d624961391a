"""A run over the lists: the engine that matches files, between reading and writing PostgreSQL."""

from __future__ import annotations

import csv
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from crm import tasks, wall
from crm.identity import addresses, phones, postcodes
from crm.matching import files, lists
from crm.matching.model import SHIPPED, Model
from crm.models import (
    Channel,
    ContactPoint,
    Link,
    Match,
    MatchingModel,
    Merge,
    Organisation,
    SharedMatch,
    Supporter,
    Unmatched,
)
from crm.services import match_lists
from crm.sql import unmatched
from tests import factories

pytestmark = pytest.mark.django_db

# id, first name, last name, email, telephone, postcode: the same people, families and offices on two lists.
MINE = (
    ("a1", "Priya", "Okafor", "priya.okafor@example.org", "07700 900123", "GU1 1AA"),
    ("a2", "Elizabeth", "Thornwick", "liz.thornwick@example.org", "", "LS2 9JT"),
    ("a3", "Robert", "Gathercole", "gathercole.family@example.org", "01632 960111", "SW1A 1AA"),
    ("a4", "Siân", "Birtwhistle", "sian.b@example.org", "07700 900321", "M1 1AE"),
    ("a5", "Office", "", "office@oak.sch.example.org", "", ""),
    ("a6", "Daniel", "Drinkwater", "", "", "BD1 4RT"),
)
THEIRS = (
    ("b1", "PRIYA", "Okafor", "Priya.Okafor@example.org", "+44 7700 900123", ""),
    ("b2", "Liz", "Thornwick", "liz.thornwick@example.org", "", "LS2 9JT"),
    ("b3", "Margaret", "Gathercole", "gathercole.family@example.org", "01632 960111", "SW1A 1AA"),
    ("b4", "Sian", "Birtwhistle", "other@example.org", "07700 900321", "M1 1AE"),
    ("b5", "Office", "", "office@oak.sch.example.org", "", ""),
    ("b6", "Daniel", "Drinkwater", "", "", "BD1 4RT"),
)
HEAD = ("id", "first_name", "last_name", "email", "phone", "postcode")
Row = tuple[str, ...]


def on_the_list(where: Organisation, row: Row) -> Supporter:
    """A row as an import leaves it."""
    _, first, last, email, phone, postcode = row
    known = factories.supporter(
        where,
        first,
        last,
        postcode=postcode,
        postcode_fold=postcodes.fold(postcode),
    )
    reached = ((Channel.EMAIL, addresses.fold(email)), (Channel.PHONE, phones.normalise(phone)))
    for channel, folded in reached:
        if folded:
            ContactPoint.objects.create(
                organisation=where, supporter=known, channel=channel, address=folded, folded=folded
            )
    return known


def waiting() -> set[int]:
    """Who is yet to be matched."""
    return set(Unmatched.objects.filter(compares=True).values_list("supporter_id", flat=True))


def model() -> Model:
    return Model.from_json(SHIPPED.read_text())


def test_files_and_lists_give_the_same_pairs(
    socr: Organisation, neu: Organisation, tmp_path: Path
) -> None:
    for name, rows in (("left", MINE), ("right", THEIRS)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([HEAD, *rows])
    out = tmp_path / "pairs.csv"
    files.match(tmp_path / "left.csv", tmp_path / "right.csv", out, model())
    with out.open(newline="") as file:
        told = {
            (row["left_id"], row["right_id"]): (row["tier"], round(float(row["probability"]), 4))
            for row in csv.DictReader(file)
        }
    ids = {on_the_list(socr, row).pk: row[0] for row in MINE}
    ids |= {on_the_list(neu, row).pk: row[0] for row in THEIRS}
    match_lists.match_lists(model())
    linked: dict[int, list[int]] = {}
    for link in Link.objects.order_by("organisation_id"):
        linked.setdefault(link.person_id, []).append(link.supporter_id)
    found = {(ids[one], ids[other]): "certain" for one, other in linked.values()}
    asked = SharedMatch.objects.all()
    found |= {(ids[pair.one_id], ids[pair.other_id]): "possible" for pair in asked}
    assert found == {pair: tier for pair, (tier, _) in told.items()}
    assert {
        (ids[pair.one_id], ids[pair.other_id]): round(pair.probability, 4) for pair in asked
    } == {pair: probability for pair, (tier, probability) in told.items() if tier == "possible"}
    assert ("a1", "b1") in told
    assert told["a1", "b1"][0] == told["a2", "b2"][0] == told["a4", "b4"][0] == "certain"
    assert told["a3", "b3"][0] == "possible"


def test_what_is_told_of_a_list_does_not_depend_on_another(
    socr: Organisation, neu: Organisation
) -> None:
    def scored() -> list[dict[str, Any]]:
        Match.objects.all().delete()
        Merge.objects.all().delete()
        Supporter.objects.update(canonical=F("id"))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM crm_unmatched")
            cursor.execute("INSERT INTO crm_unmatched (supporter_id) SELECT id FROM crm_supporter")
        match_lists.match_lists()
        facts = ("one_id", "other_id", "tier", "probability", "match_weight", "evidence", "guards")
        return list(Match.objects.order_by("one_id", "other_id").values(*facts))

    for row in (
        ("", "Priya", "Okafor", "home@example.org", "", "GU1 1AA"),
        ("", "P", "Okafor", "home@example.org", "", "GU1 1AA"),
        ("", "Ravi", "Okafor", "other@example.org", "", "GU1 1AA"),
    ):
        on_the_list(socr, row)
    before = scored()
    assert before
    for number in range(8):  # they read the same inbox, and make every value a common one
        on_the_list(neu, ("", f"Reader{number}x", "Okafor", "home@example.org", "", "GU1 1AA"))
    assert scored() == before


def test_only_who_is_new_or_changed_is_compared(socr: Organisation) -> None:
    first = on_the_list(socr, ("", "Daniel", "Drinkwater", "", "", "BD1 4RT"))
    match_lists.match_lists()
    assert not waiting()
    second = on_the_list(socr, ("", "Zoe", "Birtwhistle", "", "", "M1 1AE"))
    assert waiting() == {second.pk}
    match_lists.match_lists()
    Supporter.objects.filter(pk=first.pk).update(created_at="2026-01-01T00:00Z")
    assert not waiting()
    Supporter.objects.filter(pk=first.pk).update(first_name="Zoe", last_name="Birtwhistle")
    assert waiting() == {first.pk}
    assert match_lists.match_lists().left_for_review == 1


def test_an_address_that_is_added_is_compared(socr: Organisation) -> None:
    known = on_the_list(socr, ("", "Priya", "Okafor", "one@example.org", "", ""))
    on_the_list(socr, ("", "Priya", "Okafor", "two@example.org", "", ""))
    assert match_lists.match_lists().merged == 0
    factories.address(known, "two@example.org")
    assert match_lists.match_lists().merged == 1


def test_who_changes_while_a_run_compares_is_left_to_the_next(
    socr: Organisation, neu: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = (
        on_the_list(where, ("", "Priya", "Okafor", "priya@example.org", "", "GU1 1AA"))
        for where in (socr, neu)
    )
    compare = lists.match

    def compare_and_change(folder: Path, model: Model) -> lists.Found:
        Supporter.objects.filter(pk=theirs.pk).update(first_name="Gertrude", last_name="Holroyd")
        return compare(folder, model)

    monkeypatch.setattr(lists, "match", compare_and_change)
    assert match_lists.match_lists().linked == 0
    assert waiting() == {theirs.pk}
    monkeypatch.undo()
    assert match_lists.match_lists().linked == 0
    assert mine.pk not in Link.objects.values_list("supporter_id", flat=True)


def test_a_run_that_breaks_leaves_everybody_to_the_next(
    socr: Organisation, neu: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (socr, neu):
        on_the_list(where, ("", "Priya", "Okafor", "priya@example.org", "", "GU1 1AA"))

    def breaks(folder: Path, model: Model) -> lists.Found:
        raise MemoryError

    monkeypatch.setattr(lists, "match", breaks)
    with pytest.raises(MemoryError):
        match_lists.match_lists()
    monkeypatch.undo()
    assert match_lists.match_lists().linked == 1


def test_a_second_run_does_nothing_while_one_is_under_way(
    socr: Organisation,
) -> None:
    known = on_the_list(socr, ("", "Priya", "Okafor", "priya@example.org", "", "GU1 1AA"))
    other = connection.copy()  # another session, as another process has
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [unmatched.LOCK])
        assert match_lists.match_lists(waits=False) == match_lists.Matched(0, 0, 0)
    assert waiting() == {known.pk}


def test_who_asked_to_be_left_alone_is_compared_with_nobody(
    socr: Organisation, neu: Organisation
) -> None:
    for where in (socr, neu):
        on_the_list(where, ("", "Priya", "Okafor", "priya@example.org", "", "GU1 1AA"))
    Supporter.objects.filter(organisation=socr).update(restricted=True)
    assert match_lists.match_lists().linked == 0
    assert not SharedMatch.objects.exists()


def test_an_office_and_a_family_join_nobody(socr: Organisation) -> None:
    for first, email in (
        ("Priya", "senco@oak.example.org"),
        ("", "senco@oak.example.org"),
        ("Ravi", "thornwick-family@example.org"),
        ("Zoe", "thornwick-family@example.org"),
        ("", "thornwick-family@example.org"),
    ):
        on_the_list(socr, ("", first, "Thornwick", email, "", ""))
    assert match_lists.match_lists().merged == 0


def test_the_shipped_model_is_of_these_settings_and_wholly_learnt() -> None:
    assert model().untrained == []


def test_nothing_is_learnt_from_lists_that_show_too_little(socr: Organisation) -> None:
    on_the_list(socr, MINE[0])
    with pytest.raises(CommandError, match="The model in use stays"):
        call_command("match_learn")
    assert not MatchingModel.objects.exists()


def test_the_newest_model_of_these_settings_is_in_use(socr: Organisation) -> None:
    with wall.scope("platform"):
        assert match_lists.name(match_lists.model_in_use()) == match_lists.name(model())
        learnt = model()
        learnt.rows = 7
        MatchingModel.objects.create(name="x", body=learnt.to_json())
        assert match_lists.model_in_use().rows == 7
        MatchingModel.objects.create(name="y", body='{"rules": "of other settings"}')
        assert match_lists.model_in_use().rows == model().rows


def test_the_task_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: ran.append(command))
    tasks.match_lists()
    assert ran[0][-2:] == ["match", "--or-nothing"]


@pytest.mark.parametrize("role", ["staff", "officer", "keeper", "steward", "visitor"])
def test_nobody_else_reaches_the_queue(socr: Organisation, role: wall.Role) -> None:
    with connection.cursor() as cursor:
        for table in ("crm_unmatched", "crm_matchingmodel", "crm_prepared"):
            cursor.execute(
                "SELECT has_table_privilege(%s, %s, 'SELECT, INSERT, UPDATE, DELETE')",
                [f"coalesce_{role}", table],
            )
            assert cursor.fetchone() == (False,)


def test_the_page_of_weights_is_that_of_the_shipped_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("match_weights", "--shipped")
    page = Path(__file__).parents[2] / "docs" / "reference" / "matching-weights.md"
    assert page.read_text() == capsys.readouterr().out


def test_two_whom_a_guard_holds_apart_are_not_joined_through_a_third(socr: Organisation) -> None:
    for first, email, phone in (
        ("P", "p.okafor@example.org", "07700 900123"),
        ("Priya", "priya@example.org", "07700 900123"),
        ("Paul", "p.okafor@example.org", "07700 900321"),
    ):
        on_the_list(socr, ("", first, "Okafor", email, phone, "GU1 1AA"))
    assert match_lists.match_lists().merged == 1
    assert Supporter.objects.filter(canonical=F("id")).count() == 2
