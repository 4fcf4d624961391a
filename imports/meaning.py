"""What cells mean: yes and no, dates, roles (the table in docs/explanation/consent.md, "Imports")."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from crm.models import Action
from imports.reading import Cell

LONDON = ZoneInfo("Europe/London")
_YES = frozenset(
    {
        "y",
        "yes",
        "true",
        "t",
        "1",
        "x",
        "✓",
        "on",
        "opted in",
        "subscribed",
        "active",
        "confirmed",
    }
)
_DECLINED = frozenset({"opted out", "declined"})
_NO = frozenset({"n", "no", "false", "f", "0", "off"}) | _DECLINED
_STOP = frozenset(
    {
        "unsubscribed",
        "unsub",
        "opt out",
        "removed",
        "do not contact",
        "dnc",
        "gone away",
        "stop",
        "blocklisted",
        "blacklisted",
    }
)
_COMPLAINT = frozenset({"spam complaint", "complained", "spam", "complaint"})
_BOUNCE = frozenset({"cleaned", "bounced", "bouncing", "hard bounce", "on hold", "unreachable"})
_NOTHING = frozenset({"", "n a", "null", "unknown", "enabled", "disabled"})
# Words that are understood, and are no permission: people have yet to confirm, or were never asked.
_WITHHELD = frozenset({"pending", "unconfirmed", "nonsubscribed", "transactional"})
# Said of people who were never asked: whatever an admin makes of other words, these are no yes.
_NEVER_YES = frozenset(
    {"legitimate interest", "legitimate interests", "soft opt in", "member", "customer"}
)
VOCABULARY = (
    _YES,
    _NO - _DECLINED,
    _DECLINED,
    _STOP,
    _COMPLAINT,
    _BOUNCE,
    _WITHHELD,
    _NEVER_YES,
    _NOTHING,
)
BROKEN = "The spreadsheet shows a mistake here instead of a value: mend the formula."
_SPREADSHEET_FAULT = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|(TRUE|FALSE)\(\)")

Interval = tuple[datetime, datetime]


class CellError(ValueError):
    """A cell cannot be understood; the message is a sentence."""


def is_broken(text: str) -> bool:
    """Tell whether a cell shows what a spreadsheet shows where a formula failed."""
    return text[:1] in "#TF" and bool(_SPREADSHEET_FAULT.fullmatch(text))


@lru_cache(maxsize=10_000)
def words_of(cell: Cell) -> str:
    """Give a cell as it is compared: lower case, without punctuation. Raises CellError for a broken formula."""
    text = str(cell).strip()
    if is_broken(text):
        raise CellError(BROKEN)
    return " ".join(re.sub(r"[^\w\s✓]", " ", text.lower()).split())


def positive(cell: Cell) -> tuple[Action | None, bool]:
    """Read a column that says yes: the action that it states, if any, and whether mail comes back."""
    words = words_of(cell)
    if words in _BOUNCE:
        return None, True
    for meanings, action in (
        (_YES, Action.GRANT),
        (_NO, Action.DENY),
        (_STOP, Action.WITHDRAW),
        (_COMPLAINT, Action.COMPLAINT),
    ):
        if words in meanings:
            return action, False
    return None, False


def is_yes(cell: Cell) -> bool:
    """Tell whether a cell says yes, and no more."""
    return words_of(cell) in _YES


def is_known(cell: Cell) -> bool:
    """Tell whether a cell of a consent column is blank or holds a word with a meaning."""
    words = words_of(cell)
    return any(
        words in meanings
        for meanings in (_YES, _NO, _STOP, _COMPLAINT, _BOUNCE, _NOTHING, _WITHHELD)
    )


def is_withheld(cell: Cell) -> bool:
    """Tell whether a cell says that a yes is not there yet, or was never asked for."""
    return words_of(cell) in _WITHHELD


def is_never_yes(cell: Cell) -> bool:
    """Tell whether a cell gives a reason to email people who did not say yes."""
    return words_of(cell) in _NEVER_YES


def inverted(cell: Cell) -> tuple[Action | None, bool]:
    """Read a column that says no, as `positive`: a yes in it is a refusal, a no in it says nothing."""
    words = words_of(cell)
    if words in _YES | _STOP | _DECLINED:
        return Action.WITHDRAW, False
    return (Action.COMPLAINT if words in _COMPLAINT else None), words in _BOUNCE


def unshared(cell: Cell) -> tuple[Action | None, bool]:
    """Read a column of who does not want their details shared: of the joint list, a yes in it is a no."""
    return (Action.DENY if inverted(cell)[0] else None), False


@lru_cache(maxsize=10_000)  # a column of dates repeats few of them
def moment(cell: Cell, now: datetime, *, order: str = "") -> Interval | None:
    """Read a date or time as an interval; None for a blank. A day runs from midnight to midnight in London.

    `order`: which of two numbers with slashes comes first, `day` or `month`; empty if nobody knows.

    Raises CellError for what is no date, is ambiguous, or lies in the future.
    """
    if cell == "":
        return None
    found = (
        _exact(cell)
        if isinstance(cell, datetime)
        else _day(cell)
        if isinstance(cell, date)
        else None
    )
    found = found or _parse(str(cell).strip(), now.astimezone(LONDON).year, order=order)
    if found[0] > now:
        raise CellError("This date is in the future.")
    return found


def _exact(value: datetime) -> Interval:
    if value.time() == time.min:  # a spreadsheet's date cell
        return _day(value.date())
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return value, value


def _day(value: date) -> Interval:
    start = datetime.combine(value, time.min, LONDON)
    end = datetime.combine(value + timedelta(days=1), time.min, LONDON) - timedelta(microseconds=1)
    return start.astimezone(UTC), end.astimezone(UTC)


_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d\d)(?:[ ,]+(\d{1,2}:\d\d(?::\d\d)?))?")
_NAMED = re.compile(r"(\d{1,2})[ -]([a-z]{3,9})[ -](\d{4})", re.IGNORECASE)
_MONTHS = (
    "january february march april may june july august september october november december"
).split()


def _parse(text: str, this_year: int, *, order: str) -> Interval:
    try:
        if _ISO_DAY.fullmatch(text):
            return _day(date.fromisoformat(text))
        if _ISO_DAY.match(text):
            value = datetime.fromisoformat(text)
            value = value if value.tzinfo else value.replace(tzinfo=UTC)
            return value, value
        if slashed := _SLASHED.fullmatch(text):
            return _clock(_slashed(slashed, this_year, order=order), slashed[4])
        if named := _NAMED.fullmatch(text):
            return _day(date(int(named[3]), _month(named[2]), int(named[1])))
    except CellError:
        raise
    except ValueError as error:
        raise CellError("There is no such date: write it as 2026-04-03.") from error
    raise CellError("This is not a date we can read: write it as 2026-04-03.")


def _slashed(found: re.Match[str], this_year: int, *, order: str) -> date:
    """Give the date of three numbers, the year last, in the order that is known or the only one possible.

    Two digits are a year of the last hundred, once somebody said so by saying which comes first.
    """
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    if _is_short(found):
        if not order:
            raise CellError("This year has two digits: write the date as 2026-04-03.")
        year += 2000 if 2000 + year <= this_year else 1900
    if order == "month":
        return date(year, first, second)
    if order == "day":
        return date(year, second, first)
    if first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    raise CellError("This date can be read in two ways: write it as 2026-04-03.")


def _clock(value: date, told: str | None) -> Interval:
    """Give the moment of a day by a clock in London, or the whole day."""
    if told is None:
        return _day(value)
    form = "%H:%M" if told.count(":") == 1 else "%H:%M:%S"
    clock = datetime.strptime(told, form).time()
    at = datetime.combine(value, clock, LONDON).astimezone(UTC)
    return at, at


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()):
            return number
    raise ValueError(name)


def _is_short(found: re.Match[str]) -> bool:
    return len(found[3]) == 2


def order_of(cell: str) -> str:
    """Tell what a date with slashes puts first: `day`, `month`, or `either` if it does not show; else give nothing.

    `short` if its year has two digits: somebody has to say how it is read, whatever it shows.
    """
    found = _SLASHED.fullmatch(cell)
    if found is None:
        return ""
    if _is_short(found):
        return "short"
    possible = _possible(found)
    return "" if found[1] == found[2] else "either" if len(possible) == 2 else possible[0]


def ways(cell: str, now: datetime) -> dict[str, date]:
    """Give the dates as which a cell with slashes can be read, by what comes first: `day`, `month`."""
    read: dict[str, date] = {}
    if (found := _SLASHED.fullmatch(cell)) is None:
        return read
    for order in _possible(found):
        with suppress(ValueError):
            read[order] = _slashed(found, now.astimezone(LONDON).year, order=order)
    return read


def _possible(found: re.Match[str]) -> list[str]:
    """Give what may come first in a date of three numbers; the day, if it is no date at all."""
    if int(found[1]) > 12:
        return ["day"]
    return ["month"] if int(found[2]) > 12 else ["day", "month"]


def years(since: datetime, now: datetime) -> int:
    """Give how many whole years have gone by, on London's calendar."""
    begin, end = since.astimezone(LONDON).date(), now.astimezone(LONDON).date()
    return end.year - begin.year - ((end.month, end.day) < (begin.month, begin.day))


def day(value: date) -> Interval:
    """Give the interval of a day in London."""
    return _day(value)


def listed(cell: Cell) -> list[str]:
    """Split a cell that holds several values, with commas or semicolons, quoted or not."""
    return [
        part for raw in re.split(r"[,;]", str(cell)) if (part := raw.strip().strip('"').strip())
    ]


def folded_word(text: str) -> str:
    """Give a word of a role column as it is compared: lower case, without punctuation."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())
