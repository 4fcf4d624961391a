"""Writes rows as the files an admin would bring, byte for byte the same for the same rows."""

import csv
import io
import re
import zipfile
from pathlib import Path

from openpyxl import Workbook

from demo.rows import HEADERS, MEMBERS, Row

AUDIENCE_ZIP = "socr-mailchimp.zip"
SHEET = "Members"

_FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
_WRITTEN_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def write_audience(folder: Path, files: dict[str, list[Row]]) -> Path:
    """Write every CSV of `files` into one Mailchimp audience export ZIP and return its path."""
    parts = {
        name: _csv(HEADERS[name], rows).encode() for name, rows in files.items() if name != MEMBERS
    }
    return _write_zip(folder / AUDIENCE_ZIP, parts)


def write_members(folder: Path, rows: list[Row]) -> Path:
    """Write the union's sheet as XLSX, dates as real date cells, and return its path."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    headers = HEADERS[MEMBERS]
    sheet.append(headers)
    for row in rows:
        sheet.append([row.cells.get(header) for header in headers])
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    # The clock time of writing would make two equal sheets differ.
    core = "docProps/core.xml"
    parts[core] = _WRITTEN_AT.sub(rb"\g<1>2026-01-01T00:00:00Z", parts[core])
    return _write_zip(folder / MEMBERS, parts)


def _csv(headers: list[str], rows: list[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([row.cells.get(header, "") for header in headers] for row in rows)
    return text.getvalue()


def _write_zip(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            member = zipfile.ZipInfo(name, _FIRST_DAY_OF_ZIP)
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return path
