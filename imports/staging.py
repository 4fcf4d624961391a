"""From a file's rows to staged rows: each cell is read once, and what is wrong with it becomes a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.hashing import hashes_of
from crm.identity import addresses, names, phones, postcodes
from crm.models import Action, AgeBand, ContactPoint
from imports import meaning, presets
from imports.reading import Cell, Sheet


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
    roles: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    age_band: int = 0
    action: Action | None = None
    said: meaning.Interval | None = None
    bounces: bool = False
    data: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether a mistake keeps the row out."""
        return any(fault.stops_row for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an import says of all its rows, and the words for roles."""

    now: datetime
    collected_on: date | None
    adults_only: bool
    synonyms: Mapping[str, int]


class Reader:
    """Reads the rows of one sheet with the columns of its preset."""

    def __init__(self, sheet: Sheet, rules: Rules) -> None:
        self.sheet = sheet
        self.rules = rules
        self.preset = presets.recognise(sheet.headings)
        self.columns = presets.columns(self.preset, sheet.headings)
        self.status = presets.by_name(self.preset, sheet.name)
        known = {place for places in self.columns.values() for place in places}
        self.others = [i for i, heading in enumerate(sheet.headings) if i not in known and heading]

    def rows(self, first_line: int) -> Iterator[Row]:
        """Give the rows in turn; `first_line` is the place of the first in the whole file."""
        for place, (sheet_line, cells) in enumerate(self.sheet.rows, start=first_line):
            if [presets.fold(str(cell)) for cell in cells] == [
                presets.fold(heading) for heading in self.sheet.headings
            ]:
                continue  # the headings again, as in files glued together
            yield self._row(Row(place, self.sheet.name, sheet_line), cells)

    def _row(self, row: Row, cells: list[Cell]) -> Row:
        row.first_name = self._text("first_name", cells)[:120]
        row.last_name = self._text("last_name", cells)[:120]
        row.external_id = self._text("external_id", cells)[:60]
        row.tags = [tag[:80] for tag in meaning.listed(self._text("tags", cells))]
        row.age_band = AgeBand.ADULT if self.rules.adults_only else AgeBand.NOT_SAID
        self._email(row, cells)
        self._phone(row, cells)
        self._postcode(row, cells)
        self._roles(row, cells)
        self._permission(row, cells)
        row.data = {
            self.sheet.headings[i]: str(cells[i])[:500]
            for i in self.others
            if i < len(cells) and cells[i] != ""
        }
        return row

    def _found(self, name: str, cells: list[Cell]) -> tuple[str, Cell]:
        """Give the heading and the first cell of a field that is not blank."""
        heading = name
        for place in self.columns.get(name, []):
            heading = self.sheet.headings[place]
            if place < len(cells) and cells[place] != "":
                return heading, cells[place]
        return heading, ""

    def _text(self, name: str, cells: list[Cell]) -> str:
        return str(self._found(name, cells)[1])

    def _email(self, row: Row, cells: list[Cell]) -> None:
        heading, cell = self._found("email", cells)
        row.email = addresses.clean(str(cell))
        sentence = (
            addresses.fault(row.email) if row.email else "There is no email address in this row."
        )
        if sentence:
            row.faults.append(Fault(heading, str(cell), sentence, stops_row=True))

    def _phone(self, row: Row, cells: list[Cell]) -> None:
        heading, cell = self._found("phone", cells)
        if cell != "":
            number = phones.normalise(str(cell))
            row.phone = number or ""
            if number is None:
                row.faults.append(
                    Fault(heading, str(cell), "This is not a telephone number; it is left out.")
                )

    def _postcode(self, row: Row, cells: list[Cell]) -> None:
        heading, cell = self._found("postcode", cells)
        if cell != "":
            postcode = postcodes.normalise(str(cell))
            row.postcode = postcode or ""
            if postcode is None:
                row.faults.append(
                    Fault(heading, str(cell), "This is not a full postcode; it is left out.")
                )

    def _roles(self, row: Row, cells: list[Cell]) -> None:
        heading, cell = self._found("role", cells)
        whole = meaning.role_of(str(cell), self.rules.synonyms)
        for word in [str(cell)] if whole else meaning.listed(cell):
            role = meaning.role_of(word, self.rules.synonyms)
            if role is None:
                row.faults.append(
                    Fault(
                        heading,
                        word,
                        "We do not know this role; add the word under Settings, Roles.",
                    )
                )
            elif role not in row.roles:
                row.roles.append(role)

    def _permission(self, row: Row, cells: list[Cell]) -> None:
        """What the row says of permission: a no anywhere in it wins over a yes."""
        if self.status is not None:
            row.action = self.preset.by_name[self.status]
            row.bounces = self.status == "cleaned"
        else:
            heading, cell = self._found("says_yes", cells)
            try:
                row.action, row.bounces = meaning.positive(cell)
                if not meaning.is_known(cell):
                    row.faults.append(
                        Fault(
                            heading,
                            str(cell),
                            "We do not know whether this is a yes; it counts as not said.",
                        )
                    )
                heading, cell = self._found("says_no", cells)
                row.action = meaning.inverted(cell) or row.action
            except meaning.CellError as error:
                row.action = None
                row.faults.append(Fault(heading, str(cell), str(error), stops_row=True))
        self._dates(row, cells)

    def _dates(self, row: Row, cells: list[Cell]) -> None:
        heading, cell = self._found(
            "said_on" if row.action == Action.GRANT else "refused_on", cells
        )
        try:
            row.said = meaning.moment(cell, self.rules.now)
        except meaning.CellError as error:
            row.faults.append(Fault(heading, str(cell), str(error)))
            if row.action == Action.GRANT:
                row.action = None
        if row.said is None and row.action == Action.GRANT and self.rules.collected_on:
            row.said = meaning.day(self.rules.collected_on)


_ROW_COLUMNS = """
    organisation_id, file_id, line, sheet, sheet_line, first_name, last_name, name_forms, last_fold, email, folded,
    kind, key_id, address_key, mailbox, phone, postcode, external_id, roles, tags, age_band, action, occurred_at,
    occurred_until, bounces, data, refused
"""
_FAULT_COLUMNS = (
    'organisation_id, file_id, line, sheet, sheet_line, "column", value, sentence, stops_row'
)


def write(organisation_id: int, file_id: int, rows: list[Row]) -> None:
    """Write a chunk of rows, and what is wrong with them, into staging."""
    _copy(
        "imports_stagedrow", _ROW_COLUMNS, [_staged(organisation_id, file_id, row) for row in rows]
    )
    _copy(
        "imports_problem",
        _FAULT_COLUMNS,
        [_noted(organisation_id, file_id, row, fault) for row in rows for fault in row.faults],
    )


def _copy(table: str, columns: str, rows: list[list[Any]]) -> None:
    """COPY rows by way of a temporary table: PostgreSQL has no COPY into a table with row-level policies."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS staging_copy")
        cursor.execute(
            f"CREATE TEMPORARY TABLE staging_copy ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0"
        )
        with cursor.copy(f"COPY staging_copy ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM staging_copy")
        cursor.execute("DROP TABLE staging_copy")


def _noted(organisation_id: int, file_id: int, row: Row, fault: Fault) -> list[Any]:
    return [
        organisation_id,
        file_id,
        row.line,
        row.sheet[:120],
        row.sheet_line,
        fault.column[:120],
        fault.value[:200],
        fault.sentence,
        fault.stops_row,
    ]


def _staged(organisation_id: int, file_id: int, row: Row) -> list[Any]:
    folded = addresses.fold(row.email)
    shared = addresses.is_role_mailbox(folded)
    hashes = None if row.refused else hashes_of(folded)
    return [
        organisation_id,
        file_id,
        row.line,
        row.sheet[:120],
        row.sheet_line,
        row.first_name,
        row.last_name,
        list(names.forms(row.first_name)),
        names.fold(row.last_name),
        row.email[:320],
        folded[:320],
        int(ContactPoint.Kind.SHARED if shared else ContactPoint.Kind.PERSONAL),
        hashes.key_id if hashes else "",
        hashes.address_key if hashes else None,
        hashes.mailbox if hashes else None,
        row.phone,
        row.postcode,
        row.external_id,
        row.roles,
        row.tags,
        int(row.age_band),
        int(row.action) if row.action else None,
        row.said[0] if row.said else None,
        row.said[1] if row.said else None,
        row.bounces,
        Jsonb(row.data),
        row.refused,
    ]
