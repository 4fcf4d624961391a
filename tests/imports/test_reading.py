"""A file is read whatever made it, with the lines a person would count; what cannot be read gets a sentence."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest
from openpyxl import Workbook

from imports import reading
from tests.imports.conftest import as_csv, as_xlsx, as_zip

ROWS = [["Email", "Name"], ["zoe@example.org", "Zoë"], ["ann@example.org", "Ann"]]


def read(content: bytes, name: str = "list.csv") -> list[tuple[list[str], list[Any]]]:
    return [(s.headings, list(s.rows)) for s in reading.sheets(name, BytesIO(content))]


def sentence(content: bytes, name: str = "list.csv") -> str:
    with pytest.raises(reading.UnreadableError) as caught:
        read(content, name)
    assert str(caught.value).endswith(".")
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_accent_survives_each_encoding_that_spreadsheets_write(encoding: str) -> None:
    text = "Email,Name\nzoe@example.org,Zoë\nann@example.org,Ann\n"
    assert read(text.encode(encoding)) == [
        (["Email", "Name"], [(2, ["zoe@example.org", "Zoë"]), (3, ["ann@example.org", "Ann"])])
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_by_itself(delimiter: str) -> None:
    assert read(as_csv(ROWS, delimiter=delimiter))[0][0] == ["Email", "Name"]


def test_the_delimiter_that_excel_names_on_the_first_line_is_taken() -> None:
    assert read(b"sep=;\r\nEmail;Name\r\na@b.org;Ann\r\n") == [
        (["Email", "Name"], [(3, ["a@b.org", "Ann"])])
    ]


def test_a_line_break_inside_quotation_marks_does_not_shift_the_lines_after_it() -> None:
    text = b'Email,Note\na@b.org,"one\ntwo\nthree"\nc@d.org,x\n'
    assert [line for line, _ in read(text)[0][1]] == [2, 5]


def test_blank_lines_are_passed_over_and_counted() -> None:
    assert read(b"\n\nEmail;Name\n\na@b.org;Ann\n") == [
        (["Email", "Name"], [(5, ["a@b.org", "Ann"])])
    ]


def test_a_workbook_is_read_with_its_dates_and_whole_numbers() -> None:
    rows: list[list[Any]] = [["Email", "Number", "Date"], ["a@b.org", 7.0, datetime(2025, 5, 3)]]
    assert read(as_xlsx(rows), "list.xlsx") == [
        (["Email", "Number", "Date"], [(2, ["a@b.org", "7", date(2025, 5, 3)])])
    ]


def test_lines_of_a_workbook_count_from_the_top_of_the_sheet() -> None:
    rows = [[], [], [None, "Email"], [None, "a@b.org"], [], [None, "c@d.org"]]
    ((headings, found),) = read(as_xlsx(rows), "list.xlsx")
    assert (headings[-1], [line for line, _ in found]) == ("Email", [4, 6])


def test_every_csv_of_a_zip_is_read_and_nothing_else() -> None:
    files = {
        "export/one.csv": as_csv(ROWS),
        "two.CSV": as_csv(ROWS),
        "notes.txt": b"x",
        "__MACOSX/export/._one.csv": b"\x00\x05\x16\x07",
    }
    found = [sheet.name for sheet in reading.sheets("list.zip", BytesIO(as_zip(files)))]
    assert found == ["one.csv", "two.CSV"]


def test_an_empty_file_is_refused() -> None:
    assert "is empty" in sentence(b"")
    assert "is empty" in sentence(b"\n \n")
    assert "is empty" in sentence(as_xlsx([]), "list.xlsx")


def test_a_damaged_zip_is_refused() -> None:
    assert "damaged" in sentence(b"PK\x03\x04 and then nothing", "list.zip")
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_STORED) as archive:
        archive.writestr("one.csv", as_csv(ROWS))
    broken = whole.getvalue().replace(b"zoe@example.org", b"zoe#example.org")
    assert "damaged" in sentence(broken, "list.zip")


def test_a_zip_with_a_password_is_refused() -> None:
    locked = bytearray(as_zip({"one.csv": as_csv(ROWS)}))
    for place in (6, locked.index(b"PK\x01\x02") + 8):  # the flag of encryption, twice
        locked[place] |= 1
    assert "password" in sentence(bytes(locked), "list.zip")


def test_a_zip_without_tables_is_refused() -> None:
    assert "no CSV file" in sentence(as_zip({"notes.txt": b"x"}), "list.zip")


def test_a_damaged_or_locked_workbook_is_refused() -> None:
    content = as_zip({"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"})
    assert "cannot be read" in sentence(content, "list.xlsx")
    assert "cannot be read" in sentence(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 locked", "list.xls")


def test_an_old_workbook_is_read_without_what_is_hidden_and_its_failed_formulas_are_told() -> None:
    content = (Path(__file__).parent / "fixtures" / "hidden.xls").read_bytes()
    (sheet,) = reading.sheets("list.xls", BytesIO(content), chosen="People")
    assert [heading for heading in sheet.headings if heading] == [
        *("Email", "Surname", "Opt in", "Opt in date")
    ]
    rows = {line: [cell for cell in cells if cell] for line, cells in sheet.rows}
    assert rows.keys() == {2, 4}  # the hidden row says yes
    assert rows[2] == ["zoe@example.org", "Okafor", "yes", "2026-03-01"]
    assert rows[4][2] == reading.FAILED
    assert any("1 hidden row left out" in note for note in sheet.notes)


def test_a_workbook_with_macros_is_refused() -> None:
    content = as_zip({"[Content_Types].xml": b"<", "xl/vbaProject.bin": b"x"})
    assert "macros" in sentence(content, "list.xlsm")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED", 10)
    assert "larger than 1 GB" in sentence(as_zip({"one.csv": as_csv(ROWS)}), "list.zip")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 list", "not a spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x01\x02", "not a spreadsheet"),
        (b"<html><table><tr><td>Email", "web page"),
        (b'{"data": [{"email": "a@b.org"}]}', "JSON"),
        (b'[{"email": "a@b.org"}]', "JSON"),
    ],
)
def test_what_is_no_table_is_refused_whatever_its_name(content: bytes, words: str) -> None:
    assert words in sentence(content)


def test_a_quotation_mark_that_never_closes_is_found_with_its_line() -> None:
    text = b'Email,Note\na@b.org,fine\nc@d.org,"open\ne@f.org,x\ng@h.org,y\n'
    assert "from line 3 on" in sentence(text)


def test_a_cell_without_end_is_refused() -> None:
    assert "from line 2 on" in sentence(b'Email\n"' + b"x" * 5_000_000)


def test_too_many_columns_are_refused() -> None:
    assert "1,000 columns" in sentence(as_csv([["x"] * 1001]))


def test_a_cell_of_any_length_is_cut() -> None:
    (_, rows) = read(as_csv([["Email"], ["x" * 30_000]]))[0]
    assert len(rows[0][1][0]) == reading.MAX_CELL


def with_hidden() -> Workbook:
    """A workbook whose third row and second column are hidden; that row says yes."""
    book = Workbook()
    sheet = book.active
    for row in (
        ["", "Email", "Secret", "Opt in"],
        ["", "ann@example.org", "x", "yes"],
        ["", "ben@example.org", "x", "yes"],
        ["", "cal@example.org", "x", "no"],
    ):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("Old people")
    book.create_sheet("Notes").sheet_state = "hidden"
    return book


def test_hidden_rows_and_columns_are_skipped_and_said_so() -> None:
    out = BytesIO()
    with_hidden().save(out)
    out.seek(0)
    (sheet,) = reading.sheets("list.xlsx", out)
    assert sheet.headings[-2:] == ["Email", "Opt in"]
    assert [(line, cells[-2:]) for line, cells in sheet.rows] == [
        (2, ["ann@example.org", "yes"]),
        (4, ["cal@example.org", "no"]),
    ]
    assert sheet.notes == [
        "Only the sheet Sheet is read, not Old people, Notes.",
        "1 hidden row left out: show them if they belong to the list.",
        "1 hidden column left out.",
    ]


def test_hidden_rows_of_an_open_document_are_skipped() -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    row = "<table:table-row{}>{}</table:table-row>"
    rows = [
        row.format(mark, cell.format(email) + cell.format(said))
        for mark, email, said in (
            ("", "Email", "Opt in"),
            ("", "ann@example.org", "yes"),
            (' table:visibility="collapse"', "ben@example.org", "yes"),
            ("", "cal@example.org", "no"),
        )
    ]
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="People">'
        f'<table:table-column table:number-columns-repeated="2"/>{"".join(rows)}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    files = {
        "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": b"<manifest/>",
        "content.xml": content.encode(),
    }
    ((_, found),) = read(as_zip(files), "list.ods")
    assert [(line, cells[0]) for line, cells in found] == [
        (2, "ann@example.org"),
        (4, "cal@example.org"),
    ]
