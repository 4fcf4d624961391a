"""Reads spreadsheets: CSV, a ZIP of CSVs, and XLSX, as rows of cells with the line a person would count."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import BinaryIO
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook

from imports.reading import hidden

Cell = str | datetime | date
MAX_UNPACKED = 1024 * 1024 * 1024  # bytes in all files of a ZIP together
MAX_COLUMNS = 1_000
MAX_CELL = 20_000  # characters
FAILED = "#VALUE!"  # stands for whatever Excel shows where a formula failed
_NONE: Set[int] = frozenset()
csv.field_size_limit(
    4_000_000
)  # a long cell is cut; one without end is a quotation mark that was left open


class UnreadableError(Exception):
    """The file cannot be read; the message is a sentence for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file: its name, its headings, and its rows as (line, cells)."""

    name: str
    headings: list[str]
    rows: Iterator[tuple[int, list[Cell]]]
    notes: list[str] = field(default_factory=list)  # what of it is not read, in sentences
    choices: list[str] = field(default_factory=list)  # the sheets of a workbook that hold rows
    title: str = ""  # which of them it is


def sheets(name: str, file: BinaryIO, *, chosen: str = "") -> Iterator[Sheet]:
    """Give the tables of an uploaded file in turn; read each to its end before the next.

    `chosen`: which sheet of a workbook, where there are several; the first visible one with rows if none is named.

    Raises UnreadableError with a sentence, here or while the rows are read.
    """
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        yield from _zipped(name, file, chosen)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        yield _workbook(name, file, chosen)
    else:
        yield _delimited(name, file.read())


def _zipped(name: str, file: BinaryIO, chosen: str) -> Iterator[Sheet]:
    """A ZIP is a workbook or holds CSV files."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise UnreadableError(
            "This ZIP file is damaged. Download it again and upload the new copy."
        ) from error
    members = archive.infolist()
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise UnreadableError(
            "This file is larger than 1 GB when unpacked. Split it and upload the parts."
        )
    names = [member.filename for member in members]
    if "[Content_Types].xml" in names or "META-INF/manifest.xml" in names:  # Excel, or OpenDocument
        if any(name.endswith("vbaProject.bin") for name in names):
            raise UnreadableError("This workbook has macros. Save it as .xlsx without macros.")
        file.seek(0)
        yield _workbook(name, file, chosen)
        return
    tables = [member for member in members if _is_table(PurePosixPath(member.filename))]
    if not tables:
        raise UnreadableError("There is no CSV file in this ZIP. Upload the export as it was made.")
    for member in tables:
        yield _delimited(PurePosixPath(member.filename).name, _unpacked(archive, member))


def _is_table(path: PurePosixPath) -> bool:
    """Tell a CSV file from the shadows of files that macOS adds to a ZIP."""
    return path.suffix.lower() == ".csv" and "__MACOSX" not in path.parts


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableError(
            "This ZIP file is damaged. Download it again and upload the new copy."
        ) from error
    except (RuntimeError, NotImplementedError) as error:
        raise UnreadableError(
            "This ZIP file has a password. Unpack it and upload the files without one."
        ) from error


def _workbook(name: str, file: BinaryIO, wanted: str) -> Sheet:
    """One visible sheet of a workbook, without its hidden rows and columns."""
    try:
        book = CalamineWorkbook.from_filelike(file)
        visible = [s.name for s in book.sheets_metadata if "Visible" in str(s.visible)]
        choices = _with_rows(book, visible)
        chosen = wanted if wanted in choices else (choices or visible or book.sheet_names)[0]
        table = book.get_sheet_by_name(chosen)
        left_out = hidden.of_sheet(file, chosen)
        indent = (table.start or (0, 0))[1]
    except (
        *(CalamineError, IndexError, OSError, KeyError, ValueError),
        *(zipfile.BadZipFile, zlib.error, ElementTree.ParseError),
    ) as error:
        raise UnreadableError(
            "This workbook cannot be read. Open it, save it as .xlsx without a password, and upload that."
        ) from error
    columns = {column - 1 - indent for column in left_out.columns}
    failed = {
        line: {column - 1 - indent for column in found} for line, found in left_out.failed.items()
    }
    rows = (  # blank lines at the top are among them
        (line, _cells(cells, columns, failed.get(line, _NONE)))
        for line, cells in enumerate(table.iter_rows(), start=1)
        if line not in left_out.rows
    )
    others = [other for other in book.sheet_names if other != chosen]
    notes = _notes(chosen, others, left_out)
    return replace(_sheet(name, rows), notes=notes, choices=choices, title=chosen)


def _cells(cells: Sequence[object], hidden_ones: Set[int], failed: Set[int]) -> list[Cell]:
    return [
        FAILED if place in failed else _cell(value)
        for place, value in enumerate(cells)
        if place not in hidden_ones
    ]


def _with_rows(book: CalamineWorkbook, names: list[str]) -> list[str]:
    """Give those of these sheets that hold more than headings; of a single one nothing has to be known."""
    if len(names) < 2:
        return names
    return [each for each in names if book.get_sheet_by_name(each).height > 1]


def _notes(chosen: str, others: list[str], left_out: hidden.Hidden) -> list[str]:
    """Say in sentences what of a workbook is not read."""
    notes = []
    if others:
        notes.append(f"Only the sheet {chosen} is read, not {', '.join(others)[:200]}.")
    if count := len(left_out.rows):
        notes.append(
            f"{count:,} hidden row{'s' * (count > 1)} left out: show them if they belong to the list."
        )
    if count := len(left_out.columns):
        notes.append(f"{count:,} hidden column{'s' * (count > 1)} left out.")
    return notes


def _cell(value: object) -> Cell:
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, time | timedelta):
        return str(value)
    return str(value).replace("\x00", "").strip()[:MAX_CELL]


def _delimited(name: str, content: bytes) -> Sheet:
    """A CSV or TSV file, in UTF-8, UTF-16 or Windows-1252."""
    text = _decode(content).replace("\x00", "")
    _refuse_what_is_no_table(name, text)
    first = text.lstrip("\r\n\t ").split("\n", 1)[0].strip("\r")
    told = re.fullmatch(r"sep=(.)", first)  # Excel's own way to name the delimiter
    delimiter = told[1] if told else max(",;\t", key=first.count)
    rows = _lines(text, delimiter)
    if told:
        next(rows)
    return _sheet(name, rows)


def _refuse_what_is_no_table(name: str, text: str) -> None:
    """Say so when the file is a PDF, a picture, a web page or JSON: its name may promise otherwise."""
    start = text[:1000].lstrip()
    if start.startswith("%PDF") or re.search(r"[\x01-\x08\x0e-\x1a]", start):
        raise UnreadableError(f"{name} is not a spreadsheet. Upload a CSV, XLSX or ZIP file.")
    if re.match(r"<(!doctype|html|\?xml|table|head|meta)\b", start, re.IGNORECASE):
        raise UnreadableError(
            f"{name} is a web page inside. Open it in Excel, save it as .xlsx and upload that."
        )
    if re.match(r'{\s*"', start) and '"signature_count"' in text:
        raise UnreadableError(
            f"{name} is a petition to Parliament: it counts signatures by place and names nobody, so there is nobody "
            "in it to import."
        )
    if re.match(r"[\[{]\s*[\[{\"]", start):
        raise UnreadableError(
            f"{name} holds data for programs (JSON), not a table of people. Upload a CSV or XLSX file."
        )


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[Cell]]]:
    """Give each record with the line on which it begins: a quoted cell may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins, last = 1, 1
    try:
        for cells in reader:
            yield begins, [cell.strip()[:MAX_CELL] for cell in cells]
            begins, last = reader.line_num + 1, begins
    except csv.Error as error:
        raise _bad_quotes(begins) from error
    if begins > last + 1 and _is_left_open(text, last):
        raise _bad_quotes(last)


def _is_left_open(text: str, line: int) -> bool:
    """Tell whether a quotation mark from this line on is never closed, so that it swallows what follows."""
    lines = io.StringIO(text, newline="").readlines()[line - 1 :]
    return sum(each.count('"') for each in lines) % 2 == 1


def _bad_quotes(line: int) -> UnreadableError:
    return UnreadableError(
        f"The file cannot be read from line {line} on: check the quotation marks there."
    )


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _sheet(name: str, rows: Iterator[tuple[int, list[Cell]]]) -> Sheet:
    """Take the headings off the rows; blank lines before them are passed over."""
    for _, cells in rows:
        if any(cells):
            if len(cells) > MAX_COLUMNS:
                raise UnreadableError(f"{name} has more than 1,000 columns. Keep those you need.")
            return Sheet(
                name, [_heading(cell) for cell in cells], (row for row in rows if any(row[1]))
            )
    raise UnreadableError(
        f"{name} is empty. Upload a file with a row of headings and people below it."
    )


def _heading(cell: Cell) -> str:
    return " ".join(str(cell).replace("\u00a0", " ").replace("\u200b", "").split())
