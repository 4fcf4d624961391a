"""The rows that were left out, as a workbook that can be mended and brought again."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from django.utils.timezone import localtime
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from crm.models import Action, Role, Topic
from imports.models import Import, Problem, StagedRow

MOST = 20_000  # rows of one workbook, made in some seconds: more is a file to be made anew
# Headings that the importer knows again (imports/presets.py), so that a mended row means what it meant.
HEADINGS = (
    "What to mend",
    "Row was in",
    "Email",
    "First name",
    "Last name",
    "Mobile",
    "Postcode",
    "Role",
    "Topics",
    "Tags",
    "Membership status",
    "Membership number",
    "Email opt in",
    "Opt in date",
    "Opt out date",
)
_ANSWERS = {
    Action.GRANT: "yes",
    Action.DENY: "no",
    Action.WITHDRAW: "unsubscribed",
    Action.COMPLAINT: "spam complaint",
}


def workbook(file: Import) -> bytes:
    """Give an XLSX file with the refused rows, each with what is wrong in it."""
    rows = list(StagedRow.objects.filter(file=file, refused=True).order_by("line")[:MOST])
    sentences: dict[int, list[str]] = {}
    for problem in Problem.objects.filter(file=file, line__in=[row.line for row in rows]):
        told = f"{problem.column} “{problem.value}”" if problem.value else problem.column
        sentences.setdefault(problem.line, []).append(f"{told}: {problem.sentence}")
    roles = dict(Role.objects.values_list("pk", "label"))
    topics = dict(Topic.objects.filter(organisation=file.organisation_id).values_list("pk", "name"))
    further = sorted({heading for row in rows for heading in row.data})
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows to mend")
    sheet.append([harmless(cell) for cell in (*HEADINGS, *further)])
    for row in rows:
        cells = _cells(row, roles, topics)
        if any(cells):  # else somebody under 13, of whom nothing is kept
            note = " ".join(sentences.get(row.line, []))
            place = f"{row.sheet}, line {row.sheet_line}"
            more = (str(row.data.get(heading, "")) for heading in further)
            sheet.append([harmless(cell) for cell in (note, place, *cells, *more)])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(row: StagedRow, roles: dict[int, str], topics: dict[int, str]) -> tuple[str, ...]:
    """Give the cells of what was understood of a row, as the importer would read them again."""
    action = Action(row.action) if row.action else None
    answer = _ANSWERS.get(action, "") if action else "bounced" if row.bounces else ""
    said = _when(row)
    return (
        row.email,
        row.first_name,
        row.last_name,
        row.phone,
        row.postcode,
        _together(roles.get(role, "") for role in row.roles),
        _together(topics.get(topic, "") for topic in row.topics),
        _together(row.tags),
        row.relationship,
        row.external_id,
        answer,
        said if action == Action.GRANT else "",
        said if action != Action.GRANT else "",
    )


def _together(words: Iterable[str]) -> str:
    return "; ".join(words)


def _when(row: StagedRow) -> str:
    if row.occurred_at is None:
        return ""
    if row.occurred_at == row.occurred_until:
        return row.occurred_at.isoformat(timespec="seconds")
    return localtime(row.occurred_at).date().isoformat()


def harmless(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula (scenario 83), nor refuses."""
    cell = str(ILLEGAL_CHARACTERS_RE.sub("", cell))
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
