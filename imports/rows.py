"""One row of a file as it will be staged, and what is wrong with its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from crm.models import Action, AgeBand
from imports import meaning
from imports.reading import Cell

# How many different cells of a part are remembered: more than there are days on which people sign up or were born.
_REMEMBERED = 30_000


class Fault(NamedTuple):
    """What is wrong with a cell: which column and value, in a sentence; `stops_row` keeps the row out."""

    column: str
    value: str
    sentence: str
    stops_row: bool = False


Cells = Mapping[int, Cell]  # of a row, by the place of their column
Told = tuple[tuple[Any, ...], tuple[Fault, ...]]  # values of fields of a Row, and what is wrong


class Row(NamedTuple):
    """One row of a file as it will be staged; what its cells tell comes in the order of the parts that read them."""

    line: int
    sheet: str
    sheet_line: int
    first_name: str = ""
    last_name: str = ""
    external_id: str = ""
    email: str = ""
    phone: str = ""
    postcode: str = ""
    tags: tuple[str, ...] = ()
    roles: tuple[int, ...] = ()
    topics: tuple[int, ...] = ()
    relationship: str = ""
    action: Action | None = None
    bounces: bool = False
    said: meaning.Interval | None = None
    age_band: AgeBand | None = AgeBand.NOT_SAID  # None for a child under 13
    faults: tuple[Fault, ...] = ()
    data: Mapping[str, str] = {}

    @property
    def refused(self) -> bool:
        """Whether a mistake keeps the row out."""
        return any(fault.stops_row for fault in self.faults)


class Part:
    """Columns that are read together: where their cells are the same as before, so is what they tell."""

    def __init__(self, places: Iterable[int], read: Callable[[Cells], Told]) -> None:
        self._places, self._read = sorted(set(places)), read
        self._tell = lru_cache(_REMEMBERED)(self._read_anew)

    def __call__(self, cells: list[Cell]) -> Told:
        """Give what a row tells in these columns; it has a cell for each heading."""
        return self._tell(*[cells[place] for place in self._places])

    def _read_anew(self, *cells: Cell) -> Told:
        return self._read(dict(zip(self._places, cells, strict=True)))


def emptied(row: Row, heading: str) -> Row:
    """Give the row of a child under 13 without anything about the child (docs/reference/law.md)."""
    sentence = "Somebody under 13: we may not keep anything about them."
    fault = Fault(heading, "", sentence, stops_row=True)
    return Row(row.line, row.sheet, row.sheet_line, faults=(fault,))
