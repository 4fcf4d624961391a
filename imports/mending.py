"""The rows that were left out, as a workbook that can be mended and brought again."""

from __future__ import annotations

from io import BytesIO

from openpyxl import Workbook

from imports.models import Import, Problem, StagedRow

HEADINGS = ("What to mend", "Email", "First name", "Last name", "Postcode", "Mobile")


def workbook(file: Import) -> bytes:
    """Give an XLSX file with the refused rows, each with what is wrong in it."""
    sentences: dict[int, list[str]] = {}
    for problem in Problem.objects.filter(file=file, stops_row=True).order_by("line"):
        sentences.setdefault(problem.line, []).append(f"{problem.column}: {problem.sentence}")
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows to mend")
    sheet.append(HEADINGS)
    for row in StagedRow.objects.filter(file=file, refused=True).order_by("line"):
        cells = (
            " ".join(sentences.get(row.line, [])),
            row.email,
            row.first_name,
            row.last_name,
            row.postcode,
            row.phone,
        )
        sheet.append([harmless(cell) for cell in cells])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def harmless(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula (scenario 83)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
