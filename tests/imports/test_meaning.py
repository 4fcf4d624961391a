"""What cells mean: the tables of docs/explanation/consent.md, "What an import may say"."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.models import Action
from imports import meaning, presets

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    "y;Yes; TRUE ;t;1;X;✓;on;Opted in;opted-in;Subscribed;active;confirmed;Yes!".split(";"),
)
def test_a_yes_in_a_column_of_yes_is_a_yes_and_in_a_column_of_no_a_stop(cell: str) -> None:
    assert meaning.positive(cell) == (Action.GRANT, False)
    assert meaning.inverted(cell) == (Action.WITHDRAW, False)


@pytest.mark.parametrize("cell", ["n", "No", "FALSE", "f", "0", "off"])
def test_a_no_is_a_no_and_in_a_column_of_no_says_nothing(cell: str) -> None:
    assert meaning.positive(cell) == (Action.DENY, False)
    assert meaning.inverted(cell) == (None, False)


@pytest.mark.parametrize("cell", ["Opted out", "declined"])
def test_opted_out_is_a_refusal_in_both(cell: str) -> None:
    assert meaning.positive(cell) == (Action.DENY, False)
    assert meaning.inverted(cell) == (Action.WITHDRAW, False)


@pytest.mark.parametrize(
    "cell",
    ["Unsubscribed", "unsub", "opt-out", "removed", "Do not contact", "DNC", "gone away", "stop"],
)
def test_a_stop_is_a_stop_in_both(cell: str) -> None:
    assert meaning.positive(cell) == (Action.WITHDRAW, False)
    assert meaning.inverted(cell) == (Action.WITHDRAW, False)


@pytest.mark.parametrize("cell", ["spam complaint", "Complained", "spam"])
def test_a_complaint_is_one_in_both(cell: str) -> None:
    assert meaning.positive(cell) == (Action.COMPLAINT, False)
    assert meaning.inverted(cell) == (Action.COMPLAINT, False)


@pytest.mark.parametrize("cell", ["cleaned", "Bounced", "bouncing", "hard bounce", "On Hold"])
def test_a_bounce_is_no_act_of_consent(cell: str) -> None:
    assert meaning.positive(cell) == (None, True)
    assert meaning.inverted(cell) == (None, True)


@pytest.mark.parametrize("cell", ["", "n/a", "N/A", "?", "-", "null", "unknown"])
def test_a_blank_says_nothing_and_needs_no_remark(cell: str) -> None:
    assert meaning.positive(cell) == meaning.inverted(cell) == (None, False)
    assert meaning.is_known(cell)


@pytest.mark.parametrize("cell", ["pending", "unconfirmed", "nonsubscribed", "transactional"])
def test_a_yes_that_is_not_there_yet_is_none(cell: str) -> None:
    assert meaning.positive(cell) == (None, False)
    assert meaning.is_known(cell)
    assert meaning.is_withheld(cell)


@pytest.mark.parametrize(
    "cell", ["maybe", "legitimate interest", "soft opt in", "member", "customer"]
)
def test_other_words_say_nothing_and_are_remarked_on(cell: str) -> None:
    assert meaning.positive(cell) == meaning.inverted(cell) == (None, False)
    assert not meaning.is_known(cell)


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#VALUE!", "TRUE()", "FALSE()"])
def test_a_fault_of_the_spreadsheet_is_an_error(cell: str) -> None:
    for read in (meaning.positive, meaning.inverted):
        with pytest.raises(meaning.CellError, match="mend the formula"):
            read(cell)


def day(year: int, month: int, number: int) -> meaning.Interval:
    return meaning.day(date(year, month, number))


@pytest.mark.parametrize(
    "cell",
    [
        *"2025-05-13;13/05/2025;13.05.2025;05/13/2025;13 May 2025;13-may-2025".split(";"),
        date(2025, 5, 13),
        datetime(2025, 5, 13),
    ],
)
def test_a_day_runs_from_midnight_to_midnight_in_london(cell: str | date) -> None:
    assert meaning.moment(cell, NOW) == day(2025, 5, 13)
    assert day(2025, 5, 13)[0] == datetime(2025, 5, 12, 23, tzinfo=UTC)
    assert day(2025, 5, 13)[1] < datetime(2025, 5, 13, 23, tzinfo=UTC)


def test_a_time_is_one_moment() -> None:
    at = datetime(2025, 5, 13, 8, 30, tzinfo=UTC)
    assert meaning.moment("2025-05-13 08:30:00", NOW) == (at, at)
    assert meaning.moment("2025-05-13T09:30:00+01:00", NOW) == (at, at)
    assert meaning.moment("13/05/2025 9:30", NOW) == (at, at)
    assert meaning.moment("13/05/2025, 09:30:00", NOW) == (at, at)
    assert meaning.moment(datetime(2025, 5, 13, 8, 30), NOW) == (at, at)


def test_no_date_is_no_date() -> None:
    assert meaning.moment("", NOW) is None


def test_a_date_that_can_be_read_in_two_ways_is_asked_about() -> None:  # scenario 50
    with pytest.raises(meaning.CellError, match="two ways"):
        meaning.moment("03/04/2026", NOW)
    assert meaning.moment("04/04/2026", NOW) == day(2026, 4, 4)


@pytest.mark.parametrize(
    "cell",
    ["2026-02-30", "31/04/2026", "2026-04-03 25:00:00", "13/05/2025 25:00", "30 Smarch 2025"],
)
def test_a_date_that_cannot_be_is_an_error(cell: str) -> None:
    with pytest.raises(meaning.CellError, match="no such date"):
        meaning.moment(cell, NOW)


@pytest.mark.parametrize(
    ("cell", "order", "expected"),
    [
        ("03/04/26", "day", day(2026, 4, 3)),
        ("03/04/26", "month", day(2026, 3, 4)),
        ("03/04/68", "day", day(1968, 4, 3)),
    ],
)
def test_a_year_of_two_digits_is_read_as_somebody_said(
    cell: str, order: str, expected: meaning.Interval
) -> None:
    assert meaning.moment(cell, NOW, order=order) == expected


@pytest.mark.parametrize("cell", ["03/04/26", "25/04/24", "04/04/24"])
def test_a_year_of_two_digits_is_not_guessed(cell: str) -> None:
    with pytest.raises(meaning.CellError, match="two digits"):
        meaning.moment(cell, NOW)


@pytest.mark.parametrize("cell", ["03/04/126", "last May", "45000", "yes"])
def test_what_is_no_date_is_an_error(cell: str) -> None:
    with pytest.raises(meaning.CellError, match="not a date we can read"):
        meaning.moment(cell, NOW)


def test_a_date_to_come_is_an_error() -> None:
    with pytest.raises(meaning.CellError, match="future"):
        meaning.moment((NOW + timedelta(days=2)).date(), NOW)


def test_an_age_is_counted_in_birthdays() -> None:
    assert meaning.years(day(2013, 11, 23)[0], NOW) == 13
    assert meaning.years(day(2013, 11, 24)[0], NOW) == 12


def test_headings_are_compared_without_case_spaces_and_punctuation() -> None:
    headings = ["E-mail ", "Forename(s)", "SURNAME", "Do Not Email", "Shoe size"]
    columns = presets.columns(presets.recognise(headings), headings)
    assert (columns["email"], columns["last_name"], columns["says_no"]) == ([0], [2], [3])


def test_a_vendor_is_known_by_its_headings() -> None:
    assert presets.recognise(["Email Address", "LEID", "EUID", "x"]).code == "mailchimp"
    assert presets.recognise(["Membership Number", "Surname", "x"]).code == "union"
    assert presets.recognise(["Email"]).code == "template"


def test_several_columns_of_one_field_are_all_kept_the_best_first() -> None:
    headings = ["No Bulk Emails (User Opt Out)", "Do Not Email", "Email", "Do not email"]
    assert presets.columns(presets.recognise(headings), headings)["says_no"] == [1, 3, 0]


def test_a_cell_of_several_values_is_split() -> None:
    assert meaning.listed('"Parent", SENCO; ') == ["Parent", "SENCO"]
