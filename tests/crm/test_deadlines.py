"""By when what is due (docs/reference/deadlines.md): pure dates, with the bank holidays that come with Coalesce."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crm import deadlines
from crm.deadlines import Pause

FILE = Path(deadlines.__file__).with_name("holidays.json")
HOLIDAYS = frozenset(
    date.fromisoformat(day) for day in json.loads(FILE.read_text(encoding="utf-8"))
)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2027-01-31", "2027-03-01"),  # 28 February is a Sunday
        ("2028-01-31", "2028-02-29"),
        ("2026-11-25", "2026-12-29"),
        ("2026-07-15", "2026-08-17"),  # 15 August is a Saturday
        ("2026-07-31", "2026-09-01"),  # 31 August is a bank holiday
        ("2026-03-02", "2026-04-02"),
    ],
)
def test_a_request_is_due_in_one_month_on_a_working_day(received: str, due: str) -> None:
    assert deadlines.answer(day(received), HOLIDAYS).due == day(due)


def test_a_month_after_the_last_day_is_the_last_day_of_a_shorter_month() -> None:
    assert deadlines.add_months(day("2027-01-31"), 1) == day("2027-02-28")
    assert deadlines.add_months(day("2028-02-29"), -12) == day("2027-02-28")


def test_an_extension_gives_two_months_more_from_the_day_of_receipt() -> None:
    found = deadlines.answer(day("2026-11-30"), HOLIDAYS, is_extended=True)
    assert found.due == day("2027-03-01")  # 28 February, a Sunday


def test_the_clock_stands_while_an_answer_is_awaited() -> None:
    asked = Pause(day("2026-03-04"), None, "proof of who they are")
    found = deadlines.answer(day("2026-03-02"), HOLIDAYS, pauses=[asked])
    assert found.due is None
    assert "proof of who they are" in found.why[0]


def test_days_of_two_questions_at_once_are_counted_once() -> None:
    identity = Pause(day("2026-03-04"), day("2026-03-11"), "proof of who they are")
    meaning = Pause(day("2026-03-06"), day("2026-03-13"), "what they mean")
    one = deadlines.answer(day("2026-03-02"), HOLIDAYS, pauses=[identity])
    both = deadlines.answer(day("2026-03-02"), HOLIDAYS, pauses=[identity, meaning])
    assert one.due == day("2026-04-09")  # seven days more
    assert both.due == day("2026-04-13")  # nine days more: 11 April is a Saturday


def test_a_complaint_of_which_the_thirtieth_day_is_a_holiday_is_acknowledged_after_it() -> None:
    assert deadlines.acknowledgement(day("2026-11-25"), HOLIDAYS).due == day("2026-12-29")


@pytest.mark.parametrize(
    ("came", "due"),
    [("2026-11-24", "2026-11-25"), ("2026-11-20", "2026-11-23")],  # a Tuesday, a Friday
)
def test_a_stop_is_recorded_by_the_next_working_day(came: str, due: str) -> None:
    assert deadlines.stop(day(came), HOLIDAYS).due == day(due)


def test_an_incident_is_reported_within_72_hours_whatever_days_they_are() -> None:
    found = datetime(2026, 12, 24, 9, 30, tzinfo=UTC)
    assert deadlines.report(found) == datetime(2026, 12, 27, 9, 30, tzinfo=UTC)


def test_every_bank_holiday_is_a_weekday() -> None:
    assert {found for found in HOLIDAYS if found.weekday() > 4} == set()
    assert {year: sum(d.year == year for d in HOLIDAYS) for year in (2026, 2027, 2028)} == {
        2026: 8,
        2027: 8,
        2028: 8,
    }
