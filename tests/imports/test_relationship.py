"""What a list of members says of membership: its words, its days of leaving, and what cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm import segments
from crm.models import Organisation, Relationship, Supporter
from imports import change_words, relationship
from imports.meaning import CellError
from imports.models import Problem
from tests.imports.conftest import bring, preview

NOW = datetime(2026, 11, 30, tzinfo=UTC)
HEAD = ["Email", "Surname", "Membership status", "Membership type", "Date left"]


def said(status: list[str], left: list[str] | None = None) -> str:
    days = [("Date left", cell, "") for cell in left or []]
    return relationship.of([("Membership", cell) for cell in status], days, NOW)[0]


@pytest.mark.parametrize(
    ("cells", "means"),
    [
        (["Full Member"], Relationship.MEMBER),
        (["Ex-member"], Relationship.FORMER),
        (["LAPSED"], Relationship.FORMER),
        (["Active", "Student"], Relationship.STUDENT),
        (["Retired", "Current"], Relationship.RETIRED),
        (["Retired", "Resigned"], Relationship.FORMER),
        (["Associate member"], Relationship.ASSOCIATE),
        (["Support Staff Section"], Relationship.SUPPORT_STAFF),
        (["", "n/a"], ""),
    ],
)
def test_the_words_of_membership(cells: list[str], means: str) -> None:
    assert said(cells) == means


@pytest.mark.parametrize("day", ["2026-11-29", "31/03/2020", "03/04/2026", "30 Nov 2026"])
def test_a_day_of_leaving_that_has_come_ends_membership_whatever_its_status(day: str) -> None:
    assert said(["Active"], [day]) == Relationship.FORMER


@pytest.mark.parametrize("day", ["2026-12-31", "", "N/A"])
def test_a_day_of_leaving_ahead_or_none_ends_nothing(day: str) -> None:
    assert said(["Active"], [day]) == Relationship.MEMBER


@pytest.mark.parametrize("cell", ["spring?", "#REF!"])
def test_what_stands_there_and_is_no_date_counts_as_having_left_and_is_told(cell: str) -> None:
    found, ((heading, value, sentence),) = relationship.of(
        [("Membership", "Active")], [("Date left", cell, "")], NOW
    )
    assert (found, heading, value) == (Relationship.FORMER, "Date left", cell)
    assert "count as having left" in sentence


def test_a_kind_of_membership_that_nobody_knows_is_named_with_what_to_write() -> None:
    with pytest.raises(CellError, match="Write member, former, student"):
        relationship.named("platinum")


@pytest.mark.django_db
def test_the_preview_says_whose_membership_changes(neu: Organisation) -> None:
    row = ["ada@example.org", "Okafor", "Active", "", ""]
    bring(neu, [HEAD, row])
    told = change_words.told(preview(neu, [HEAD, [*row[:4], "2026-01-31"]]))
    assert told == ["1 person’s membership changes: member → former."]


@pytest.mark.django_db
def test_an_unknown_kind_of_membership_is_a_problem_of_its_cell_and_stops_nothing(
    neu: Organisation,
) -> None:
    bring(neu, [HEAD, ["ada@example.org", "Okafor", "Platinum", "Student", ""]])
    problem = Problem.objects.get()
    assert (problem.column, problem.value, problem.stops_row) == (
        "Membership status",
        "Platinum",
        False,
    )
    assert Supporter.objects.get().relationship == Relationship.STUDENT


@pytest.mark.django_db
def test_a_segment_chooses_by_membership(neu: Organisation) -> None:
    rows = [
        ["ada@example.org", "Okafor", "Active", "", ""],
        ["ben@example.org", "Hill", "Left", "", ""],
        ["cat@example.org", "Moss", "", "", ""],
    ]
    bring(neu, [HEAD, *rows])
    for op, names in (("is", {"Hill"}), ("is_not", {"Okafor", "Moss"})):
        rules = segments.check([{"field": "membership", "op": op, "value": "former"}])
        found = segments.people(neu).filter(segments.condition({"match": "all", "rules": rules}))
        assert set(found.values_list("last_name", flat=True)) == names
