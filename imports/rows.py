"""One row of a file as it will be staged, and what is wrong with its cells."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm.models import Action
from imports import meaning


@dataclass(slots=True)
class Fault:
    """What is wrong with a cell: which column and value, in a sentence; `stops_row` keeps the row out."""

    column: str
    value: str
    sentence: str
    stops_row: bool = False


@dataclass(slots=True)
class Row:
    """One row of a file as it will be staged."""

    line: int
    sheet: str
    sheet_line: int
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    postcode: str = ""
    external_id: str = ""
    relationship: str = ""
    roles: list[int] = field(default_factory=list)
    topics: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    age_band: int = 0
    action: Action | None = None
    said: meaning.Interval | None = None
    bounces: bool = False
    doubtful: bool = False
    data: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether a mistake keeps the row out."""
        return any(fault.stops_row for fault in self.faults)


def emptied(row: Row, heading: str) -> Row:
    """Give the row of a child under 13 without anything about the child (docs/reference/law.md)."""
    sentence = "Somebody under 13: we may not keep anything about them."
    fault = Fault(heading, "", sentence, stops_row=True)
    return Row(row.line, row.sheet, row.sheet_line, faults=[fault])
