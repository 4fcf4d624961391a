"""What calamine does not tell of a workbook's sheet: which rows and columns are hidden, and where a formula failed.

A hidden row may say yes, and a failed formula is no blank: it may have said no. Read from the marks in the sheet's own
XML: ECMA-376 part 1, 18.3.1.13, 18.3.1.73 and 18.18.11 (cell type `e`) for Excel; OpenDocument 1.3 part 3, 19.749
(`table:visibility`) for ODS; an old XLS is read again by xlrd, which knows. Numbers count from 1.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree

import xlrd  # type: ignore[import-untyped]

_BLOCK = 1 << 20
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_MARK = re.compile(rb"""<(?:\w+:)?(row|col|c(?=\s[^>]*\bt=["']e["']))\b([^>]*)>""")
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_ODS_MARK = re.compile(rb"<(/?)table:(table-row|table-column|table)(?=[\s/>])([^>]*)>")
_ATTRIBUTE = re.compile(rb"""([\w:-]+)\s*=\s*["']([^"']*)["']""")
_MOST = 20_000  # an ODS sheet may end in a million repeated rows, or columns


@dataclass(slots=True)
class Hidden:
    """The hidden rows and columns of one sheet, and the columns in which a formula failed, by row (Excel only)."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    failed: dict[int, set[int]] = field(default_factory=dict)


def of_sheet(file: BinaryIO, sheet: str) -> Hidden:
    """Give what is hidden in the sheet of this name, of an XLSX, ODS or XLS.

    Raises what zipfile, zlib and ElementTree raise of a damaged file, or ValueError.
    """
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return _of_xls(file, sheet)
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return _of_ods(archive, sheet)
        path = _path_of(archive, sheet) if "xl/workbook.xml" in names else None
        return _of_xlsx(archive, path) if path in names and path else Hidden()


def _path_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Give where in the archive a sheet stands."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {
        each.get("Id"): each.get("Target", "") for each in relations.iter(f"{_PACKAGE}Relationship")
    }
    for each in book.iter(f"{_MAIN}sheet"):
        if each.get("name") == sheet:
            target = targets.get(each.get(_RELATION), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _tags(
    archive: zipfile.ZipFile, path: str, mark: re.Pattern[bytes]
) -> Iterator[re.Match[bytes]]:
    """Find tags in a part of the archive, a block at a time: a sheet may be larger than memory."""
    rest = b""
    with archive.open(path) as part:
        while block := part.read(_BLOCK):
            whole, bracket, rest = (rest + block).rpartition(b">")
            yield from mark.finditer(whole + bracket)


def _attributes(text: bytes) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in _ATTRIBUTE.findall(text)}


def _of_xlsx(archive: zipfile.ZipFile, path: str) -> Hidden:
    hidden, last = Hidden(), 0
    for found in _tags(archive, path, _MARK):
        if found[1] == b"row":
            if b"hidden" not in found[2]:
                number = re.search(rb'\br=["\'](\d+)', found[2])
                last = int(number[1]) if number else last + 1
                continue
            told = _attributes(found[2])
            last = int(told.get("r", last + 1))
            if told.get("hidden") in ("1", "true"):
                hidden.rows.add(last)
        elif found[1] == b"c":
            place = _PLACE.search(found[2])
            if place is None:
                raise ValueError("A cell does not say where it is.")
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            hidden.failed.setdefault(int(place[2]), set()).add(column)
        elif b"hidden" in found[2]:
            told = _attributes(found[2])
            if told.get("hidden") in ("1", "true"):
                first = int(told.get("min", 0))
                hidden.columns.update(range(first, min(int(told.get("max", first)), _MOST) + 1))
    return hidden


def _of_ods(archive: zipfile.ZipFile, sheet: str) -> Hidden:
    hidden, row, column, is_ours = Hidden(), 1, 1, False
    for found in _tags(archive, "content.xml", _ODS_MARK):
        told = _attributes(found[3])
        if found[2] == b"table":
            is_ours = not found[1] and told.get("table:name") == sheet
        elif is_ours and not found[1]:
            is_seen = told.get("table:visibility", "visible") == "visible"
            if found[2] == b"table-row":
                count = int(told.get("table:number-rows-repeated", 1))
                if not is_seen:
                    hidden.rows.update(range(row, row + min(count, _MOST)))
                row += count
            else:
                count = int(told.get("table:number-columns-repeated", 1))
                if not is_seen:
                    hidden.columns.update(range(column, column + min(count, _MOST)))
                column += count
    return hidden


def _of_xls(file: BinaryIO, sheet: str) -> Hidden:
    file.seek(0)
    try:
        book = xlrd.open_workbook(
            file_contents=file.read(), formatting_info=True, on_demand=True, logfile=io.StringIO()
        )
        table = book.sheet_by_name(sheet)
    except Exception as error:  # of a damaged file xlrd raises whatever it stumbles over
        raise ValueError("This workbook is damaged.") from error
    hidden = Hidden(
        rows={row + 1 for row, told in table.rowinfo_map.items() if told.hidden},
        columns={column + 1 for column, told in table.colinfo_map.items() if told.hidden},
    )
    for row in range(table.nrows):
        for column, kind in enumerate(table.row_types(row)):
            if kind == xlrd.XL_CELL_ERROR:
                hidden.failed.setdefault(row + 1, set()).add(column + 1)
    return hidden
