"""The report of an import as a workbook: who, when, which columns, what became of the rows, and each row left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from django.utils.timezone import localtime
from openpyxl import Workbook

from crm.spreadsheets import harmless
from imports import mending, words
from imports.models import Import, Problem

MOST = mending.MOST  # cells that are listed, as in the rows to mend
Line = tuple[Any, ...]


def workbook(file: Import) -> bytes:
    """Give an XLSX file of an import that was read. What was wrong in it is listed as long as its file is kept."""
    book = Workbook(write_only=True)
    for title, lines in (
        ("Import", _summary(file)),
        ("Which column is what", _columns(file)),
        ("Cells to look at", _problems(file)),
    ):
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append([harmless(cell) for cell in line])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _summary(file: Import) -> Iterator[Line]:
    yield from (
        ("File", file.name),
        ("SHA-256 of the file and how it was read", file.digest),
        ("Brought by", _who(file.uploaded_by)),
        ("Brought on", f"{localtime(file.created_at):%-d %B %Y, %H:%M}"),
        ("Imported by", _who(file.started_by) if file.state in _DONE else "Nobody yet"),
        ("And by", str(file.seconded_by) if file.seconded_by else ""),
        ("Where it stands", file.get_state_display()),
        ("Sign-up wording", str(file.statement) if file.statement else "Not known"),
        ("When they said yes, where the file does not tell", str(file.collected_on or "Not known")),
        ("Where it comes from", file.origin),
        (),
        ("Rows", file.counts.get("rows", 0)),
    )
    yield from (*words.people(file), *words.permission(file))


def _columns(file: Import) -> Iterator[Line]:
    yield "File or sheet", "Column", "What it is"
    for sheet in file.counts.get("columns", []):
        name = sheet["sheet"]
        if sheet["status"]:
            yield name, "(its name)", f"Everyone in it is {sheet['status']}"
        yield from ((name, heading, what) for heading, what in sheet["read"])
        for what, headings in (
            ("Kept with the person, not used", sheet["kept"]),
            ("Left out", sheet.get("left_out", [])),
            ("Left out: it names another organisation", sheet["barred"]),
            ("Never kept", sheet["dropped"]),
        ):
            yield from ((name, heading, what) for heading in headings)


def _problems(file: Import) -> Iterable[Line]:
    yield "File or sheet", "Line", "Column", "What it says", "What is wrong", "Left out"
    found = Problem.objects.filter(file=file).order_by("-stops_row", "line", "pk")[:MOST]
    for each in found:
        yield (
            each.sheet,
            each.sheet_line,
            each.column,
            each.value,
            each.sentence,
            "The row" if each.stops_row else "The cell",
        )


def _who(user: object | None) -> str:
    return str(user) if user else "A command"


_DONE = (
    *(Import.State.APPLYING, Import.State.APPLIED, Import.State.WEIGHING, Import.State.WEIGHED),
    *(Import.State.PROVING, Import.State.PROVEN, Import.State.GRANTING),
    *(Import.State.UNDOING, Import.State.UNDONE),
)
