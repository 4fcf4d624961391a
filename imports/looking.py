"""Looks through a file once, so that an admin can say which column is what: headings, samples, words and dates.

What is kept of it is for the page alone, and is emptied when the admin has answered. Rows of children under 13 are
passed over, as far as their column of birth dates is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import Any, BinaryIO, cast

from imports import mapping, meaning, reading, staging
from imports.models import Import
from imports.reading import Cell
from imports.rows import Row
from imports.rules import Rules
from imports.services import no_addresses
from imports.staging import Reader

CHUNK = 10_000
SAMPLES, WORDS, SHOWN = (
    3,
    200,
    12,
)  # of a column: samples, different words at most, words shown by a row
_ROWS = 60
_LONGEST, _SHORT, _WIDE = (
    500,
    60,
    100,
)  # letters of a cell that are kept; and in a table of more columns than that
_ASKED = (
    60  # words of a column that are kept for the page, unless it is known for one of roles or tags
)

Numbered = tuple[int, int, list[Cell]]


@dataclass(slots=True)
class _Column:
    """What was seen in one column."""

    key: str
    heading: str
    longest: int = _LONGEST
    has_words: bool = False
    samples: list[str] = field(default_factory=list)
    words: Counter[str] | None = field(default_factory=Counter)
    orders: dict[str, str] = field(
        default_factory=dict
    )  # each order that was met, with a date that shows it

    def take(self, cells: list[Cell]) -> set[str]:
        """Look at cells that are not blank; give the words that are new, while they are few."""
        if len(self.samples) < SAMPLES:
            fresh = dict.fromkeys(clipped(cell, self.longest) for cell in islice(cells, 200))
            self.samples = list(dict.fromkeys([*self.samples, *fresh]))[:SAMPLES]
        if len(self.orders) < 4 and any(meaning.order_of(str(c)) for c in islice(cells, 100)):
            for text in dict.fromkeys(cell for cell in cells if isinstance(cell, str)):
                if order := meaning.order_of(text):
                    self.orders.setdefault(order, text)
        if self.words is None:
            return set()
        counted = Counter(clipped(cell, self.longest) for cell in cells)
        new = counted.keys() - self.words.keys() if len(self.words) < SHOWN else set[str]()
        self.words.update(counted)
        if len(self.words) > WORDS:
            self.words = None
        return new

    def as_json(self) -> dict[str, Any]:
        """Give it as the page needs it; the words most frequent first."""
        return {
            "key": self.key,
            "heading": self.heading,
            "samples": self.samples,
            "words": None
            if self.words is None
            else self.words.most_common(WORDS if self.has_words else _ASKED),
            "orders": self.orders,
        }


@dataclass(slots=True)
class _Table:
    """What was seen in the tables of one kind."""

    preset: str
    sheets: list[str] = field(default_factory=list)
    columns: dict[str, _Column] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def look(self, reader: Reader, first_line: int) -> int:
        """Look at each row of a sheet; give how many there are."""
        headings = reader.sheet.headings
        self.sheets.append(reader.sheet.name)
        longest = _LONGEST if len(headings) <= _WIDE else _SHORT
        here = [
            self.columns.setdefault(key, _Column(key, heading, longest, name in mapping.WORDS))
            for key, heading, name in zip(
                mapping.keys(headings), headings, reader.fields, strict=True
            )
        ]
        rows, count = reader.people(first_line), 0
        while chunk := list(islice(rows, CHUNK)):
            count += len(chunk)
            if reader.columns["born"]:
                chunk = [row for row in chunk if not reader.is_child(row[2])]
            for place, column in enumerate(here):
                filled = [c[place] for _, _, c in chunk if place < len(c) and c[place] != ""]
                self._show(reader, chunk, here, place, column.take(filled))
        return count

    def _show(
        self, reader: Reader, chunk: list[Numbered], here: list[_Column], place: int, new: set[str]
    ) -> None:
        """Keep a row that shows each of these words."""
        shown = 0
        for _, line, cells in chunk if new else ():
            if place < len(cells) and (word := clipped(cells[place], here[place].longest)) in new:
                new.discard(word)
                shown += 1
                if len(self.rows) < _ROWS:
                    told = {
                        column.key: clipped(cell, column.longest)
                        for column, cell in zip(here, cells, strict=False)
                    }
                    self.rows.append({"line": line, "sheet": reader.sheet.name, "cells": told})
                if shown == SHOWN or not new:
                    return

    def as_json(self) -> dict[str, Any]:
        """Give it as the page needs it."""
        rows = {(row["sheet"], row["line"]): row for row in self.rows}
        return {
            "preset": self.preset,
            "sheets": self.sheets,
            "columns": [column.as_json() for column in self.columns.values()],
            "rows": [rows[key] for key in sorted(rows, key=lambda key: key[1])],
        }


def look(file: Import, rules: Rules) -> dict[str, Any]:
    """Give what the page shows of a file. Raises UnreadableError with a sentence."""
    tables: dict[str, _Table] = {}
    line, choices, title = 0, list[str](), ""
    with file.file.open("rb") as content:
        for sheet in reading.sheets(file.name, cast(BinaryIO, content), chosen=rules.mapping.sheet):
            if any("@" in heading for heading in sheet.headings):
                raise reading.UnreadableError(no_addresses(sheet))
            reader = staging.Reader(sheet, rules)
            code = reader.preset.code
            line += tables.setdefault(code, _Table(code)).look(reader, line + 1)
            choices, title = sheet.choices, sheet.title
    if not line:
        raise reading.UnreadableError(
            "There are no people in this file, only headings. Upload one with a row for each person."
        )
    found = [table.as_json() for table in tables.values()]
    return {
        "tables": found,
        "sheets": choices if len(choices) > 1 else [],
        "sheet": title,
        "shape": mapping.shape(
            (table["preset"], (column["key"] for column in table["columns"])) for table in found
        ),
    }


def clipped(cell: Cell, longest: int = _LONGEST) -> str:
    """Give a cell as text that reads as the cell did, cut short."""
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time.min else cell).isoformat()
    return (cell.isoformat() if isinstance(cell, date) else cell)[:longest]


def again(table: dict[str, Any], rules: Rules) -> Iterator[tuple[dict[str, Any], Row]]:
    """Read the rows that were kept as an import would with these rules: each with what it would be."""
    headings = [column["heading"] for column in table["columns"]]
    keys = [column["key"] for column in table["columns"]]
    readers: dict[str, Reader] = {}
    for row in table["rows"]:
        name = row["sheet"]
        reader = readers.setdefault(name, Reader(reading.Sheet(name, headings, iter(())), rules))
        yield row, reader.read(row["line"], [row["cells"].get(key, "") for key in keys])
