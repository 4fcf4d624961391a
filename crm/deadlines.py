"""When a request, a complaint, an incident or a *stop* must be answered, and why a date moved. Pure functions.

Sources: UK GDPR Art. 12(3), 12A and 33; Data Protection Act 2018 s.164A (docs/reference/deadlines.md). Where a text
may be read in two ways, the earlier date counts (decision 1).
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

ACKNOWLEDGE_WITHIN = timedelta(days=30)
REPORT_WITHIN = timedelta(hours=72)
EXTENSION = 2  # months

Holidays = Collection[date]


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which the clock stood: from the day of our question to that of the answer; `until` None: it still does.

    The day of the answer counts again. `reason` is a noun phrase, such as *proof of who they are*.
    """

    since: date
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day, or None while the clock stands, and a sentence for each step that led to it."""

    due: date | None
    why: tuple[str, ...] = field(default=())


def add_months(day: date, months: int) -> date:
    """Give the same day some months later; of a shorter month, the last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def is_working_day(day: date, holidays: Holidays) -> bool:
    """Tell whether a day is neither of a weekend nor a bank holiday."""
    return day.weekday() < 5 and day not in holidays


def working_day_from(day: date, holidays: Holidays) -> date:
    """Give the day itself if it is a working day, else the next that is."""
    while not is_working_day(day, holidays):
        day += timedelta(days=1)
    return day


def answer(
    received: date,
    holidays: Holidays,
    *,
    pauses: Sequence[Pause] = (),
    is_extended: bool = False,
) -> Deadline:
    """Give by when a request must be answered: one calendar month, three if it was extended.

    The days on which the clock stood are added, each once, and then a weekend or a bank holiday is passed over.
    """
    standing = [pause for pause in pauses if pause.until is None]
    if standing:
        return Deadline(
            None,
            tuple(
                f"The clock stands: {pause.reason}, asked for on {_day(pause.since)}."
                for pause in standing
            ),
        )
    months = 1 + (EXTENSION if is_extended else 0)
    end = add_months(received, months)
    counted = "one month" if months == 1 else f"one month and {EXTENSION} more"
    why = [f"Received on {_day(received)}; {counted}: {_day(end)}."]
    days = _days_stood(pauses)
    if days:
        end += timedelta(days=days)
        reasons = " and ".join(pause.reason for pause in pauses)
        stood = "1 day" if days == 1 else f"{days} days"
        why.append(f"The clock stood for {stood}, for {reasons}: {_day(end)}.")
    return _on_a_working_day(end, holidays, why)


def acknowledgement(received: date, holidays: Holidays) -> Deadline:
    """Give by when a complaint must be acknowledged: 30 days, the day after it came being the first."""
    end = received + ACKNOWLEDGE_WITHIN
    why = [f"Received on {_day(received)}; to be acknowledged within 30 days: {_day(end)}."]
    return _on_a_working_day(end, holidays, why)


def stop(received: date, holidays: Holidays) -> Deadline:
    """Give by when an objection, or a reply that says *stop*, must be recorded: by the end of the next working day."""
    end = received + timedelta(days=1)
    why = [f"Received on {_day(received)}; to be recorded within one working day."]
    return _on_a_working_day(end, holidays, why)


def report(found: datetime) -> datetime:
    """Give until when the regulator must be told of an incident: 72 hours, weekends and holidays included."""
    return found + REPORT_WITHIN


def _on_a_working_day(end: date, holidays: Holidays, why: list[str]) -> Deadline:
    due = working_day_from(end, holidays)
    if due != end:
        why.append(f"{_day(end)} is no working day; the next one is {_day(due)}.")
    return Deadline(due, tuple(why))


def _days_stood(pauses: Sequence[Pause]) -> int:
    """Count the days of all pauses together, those of two at once only once."""
    days: set[date] = set()
    for pause in pauses:
        assert pause.until is not None
        days |= {pause.since + timedelta(days=n) for n in range((pause.until - pause.since).days)}
    return len(days)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
