"""Reads spreadsheets: CSV, a ZIP of CSVs, and XLSX, as rows of cells with the line a person would count."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

Cell = str | datetime | date
MAX_UNPACKED = 1024 * 1024 * 1024  # bytes in all files of a ZIP together
MAX_COLUMNS = 1_000
MAX_CELL = 20_000  # characters


class UnreadableError(Exception):
    """The file cannot be read; the message is a sentence for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file: its name, its headings, and its rows as (line, cells)."""

    name: str
    headings: list[str]
    rows: Iterator[tuple[int, list[Cell]]]


def sheets(name: str, file: BinaryIO) -> Iterator[Sheet]:
    """Give the tables of an uploaded file in turn; read each to its end before the next.

    Raises UnreadableError with a sentence, here or while the rows are read.
    """
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        yield from _zipped(name, file)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        yield _workbook(name, file)
    else:
        yield _delimited(name, file.read())


def _zipped(name: str, file: BinaryIO) -> Iterator[Sheet]:
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
    if any(member.filename == "[Content_Types].xml" for member in members):
        if any(member.filename.endswith("vbaProject.bin") for member in members):
            raise UnreadableError("This workbook has macros. Save it as .xlsx without macros.")
        file.seek(0)
        yield _workbook(name, file)
        return
    tables = [m for m in members if m.filename.lower().endswith(".csv") and not m.is_dir()]
    if not tables:
        raise UnreadableError("There is no CSV file in this ZIP. Upload the export as it was made.")
    for member in tables:
        yield _delimited(PurePosixPath(member.filename).name, archive.read(member))


def _workbook(name: str, file: BinaryIO) -> Sheet:
    """The first visible sheet of a workbook."""
    try:
        book = CalamineWorkbook.from_filelike(file)
        visible = [s.name for s in book.sheets_metadata if "Visible" in str(s.visible)]
        table = book.get_sheet_by_name((visible or book.sheet_names)[0])
        rows = enumerate(table.iter_rows(), start=1 + (table.start or (0, 0))[0])
    except (CalamineError, IndexError, OSError) as error:
        raise UnreadableError(
            "This workbook cannot be read. Open it, save it as .xlsx and upload that."
        ) from error
    return _sheet(name, ((line, [_cell(value) for value in cells]) for line, cells in rows))


def _cell(value: object) -> Cell:
    if isinstance(value, datetime | date):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, time | timedelta):
        return str(value)
    return str(value).strip()


def _delimited(name: str, content: bytes) -> Sheet:
    """A CSV or TSV file, in UTF-8, UTF-16 or Windows-1252."""
    text = _decode(content).replace("\x00", "")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return _sheet(name, _lines(reader))


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[Cell]]]:
    """Give each record with the line on which it begins: a quoted cell may hold line breaks."""
    begins = 1
    try:
        for cells in reader:
            yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as error:
        raise UnreadableError(
            f"The file cannot be read from line {begins} on: check the quotation marks there."
        ) from error


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
            return Sheet(name, [_heading(cell) for cell in cells], _filled(rows))
    raise UnreadableError(
        f"{name} is empty. Upload a file with a row of headings and people below it."
    )


def _filled(rows: Iterator[tuple[int, list[Cell]]]) -> Iterator[tuple[int, list[Cell]]]:
    for line, cells in rows:
        if any(cells):
            yield line, [c[:MAX_CELL] if isinstance(c, str) else c for c in cells]


def _heading(cell: Cell) -> str:
    return " ".join(str(cell).replace("\u00a0", " ").replace("\u200b", "").split())
