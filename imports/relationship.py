"""What a list of members says of how somebody stands to it: the words of a column, and the day on which they left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from crm.models import Relationship
from imports import meaning
from imports.reading import Cell

# In the order in which they win, where several columns speak of one person: a retired member is a member too.
_WORDS: dict[Relationship, frozenset[str]] = {
    Relationship.FORMER: frozenset(
        {
            *("former", "former member", "ex member", "past member", "left", "leaver", "lapsed"),
            *("resigned", "cancelled", "canceled", "terminated", "expelled", "expired", "ended"),
            *("inactive", "not a member", "non member"),
        }
    ),
    Relationship.STUDENT: frozenset({"student", "student member", "trainee", "trainee teacher"}),
    Relationship.RETIRED: frozenset({"retired", "retired member"}),
    Relationship.ASSOCIATE: frozenset({"associate", "associate member"}),
    Relationship.SUPPORT_STAFF: frozenset(
        {"support staff", "support staff section", "support staff member", "support"}
    ),
    Relationship.MEMBER: frozenset(
        {
            *("member", "full", "full member", "ordinary", "ordinary member", "active", "current"),
            *("current member", "paid up", "in benefit", "live", "joined", "in service"),
        }
    ),
}
_NOTHING = frozenset({"", "n a", "na", "none", "null", "unknown"})
_NOT_KNOWN = (
    "We do not know this kind of membership; it is left out. Write member, former, student, retired, associate or "
    "support staff."
)
_UNREADABLE = "We cannot read this as a date. As something stands here, they count as having left."
_LATEST = datetime.max.replace(tzinfo=UTC)


def named(cell: Cell) -> Relationship | None:
    """Give what a cell of words says; None for a blank. Raises CellError for what nobody knows."""
    words = meaning.words_of(cell)
    if words in _NOTHING:
        return None
    for relationship, known in _WORDS.items():
        if words in known:
            return relationship
    raise meaning.CellError(_NOT_KNOWN)


def has_left(cell: Cell, now: datetime, *, order: str) -> bool:
    """Tell whether a day of leaving has come; a blank or a day ahead is none.

    Raises CellError for what is no date: it is taken for one that has come, as nobody who left may get members' mail.
    """
    try:
        if meaning.words_of(cell) in _NOTHING:
            return False
        left = meaning.moment(cell, _LATEST, order=order or "day")
    except meaning.CellError as error:
        raise meaning.CellError(_UNREADABLE) from error
    return left is not None and left[0] <= now


def of(
    status: Iterable[tuple[str, Cell]], left: Iterable[tuple[str, Cell, str]], now: datetime
) -> tuple[str, list[tuple[str, str, str]]]:
    """Give what a row says: the code of Relationship, or nothing; and heading, value and sentence of what is wrong.

    `status` and `left` are the cells that are not blank, with their headings and, for the days of leaving, which of
    two numbers comes first.
    """
    found: set[Relationship] = set()
    faults = []
    for heading, cell in status:
        try:
            found |= {one} if (one := named(cell)) else set()
        except meaning.CellError as error:
            faults.append((heading, str(cell), str(error)))
    for heading, cell, order in left:
        try:
            gone = has_left(cell, now, order=order)
        except meaning.CellError as error:
            faults.append((heading, str(cell), str(error)))
            gone = True
        found |= {Relationship.FORMER} if gone else set()
    return next((one.value for one in _WORDS if one in found), ""), faults
