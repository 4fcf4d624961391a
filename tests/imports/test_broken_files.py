"""A corpus of files as people bring them, broken in every way: each ends in a sentence, and nothing is half-written."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from crm.models import Organisation, Record
from imports import reading
from imports.models import Import, Problem
from tests import factories
from tests.imports.conftest import HEAD, apply, as_csv, as_xlsx, as_zip, everything, preview

pytestmark = pytest.mark.django_db

PEOPLE = [
    HEAD,
    ["zoe@example.org", "Zoë", "Okafor", "yes", "2026-03-01"],
    ["ann@example.org", "Ann", "Thornwick", "no", "2026-03-02"],
]
TABLE, BOOK = as_csv(PEOPLE), as_xlsx(PEOPLE)


def member(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            new.writestr(item, change(old.read(item)) if item == name else old.read(item))
    return out.getvalue()


def formula_error(of: str = "B2") -> bytes:
    book = Workbook()
    for row in PEOPLE:
        book.active.append(row)
    book.active[of] = "#REF!"
    book.active[of].data_type = "e"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def damaged(archive: bytes) -> bytes:
    """The archive with a byte of its content turned over."""
    return archive[:60] + bytes([archive[60] ^ 0xFF]) + archive[61:]


def bomb() -> bytes:
    """A ZIP that says it is small and is not: 300 MB of one letter."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("list.csv", "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(b"a" * (1 << 20))
    return out.getvalue()


REFUSED: dict[str, tuple[str, bytes]] = {
    "empty": ("list.csv", b""),
    "blank lines": ("list.csv", b"\n\n  \n"),
    "only a head": ("list.csv", b"Email,First name\n"),
    "a picture": ("list.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "a picture called a workbook": ("list.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "a web page": ("list.csv", b"<!DOCTYPE html><html><body>Please sign in</body></html>"),
    "a PDF": ("list.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
    "JSON": ("list.csv", b'{"people": [{"email": "zoe@example.org"}]}'),
    "a gzip": ("list.csv.gz", gzip.compress(TABLE)),
    "noise": ("list.csv", random.Random(5).randbytes(4000)),
    "a workbook cut short": ("list.xlsx", BOOK[: len(BOOK) // 2]),
    "a workbook without its end": ("list.xlsx", BOOK[:-30]),
    "a sheet cut short": (
        "list.xlsx",
        member("xl/worksheets/sheet1.xml", lambda part: part[: len(part) // 2]),
    ),
    "a sheet that is no XML": (
        "list.xlsx",
        member("xl/worksheets/sheet1.xml", lambda _: b"\x00\x01"),
    ),
    "a workbook without a sheet": (
        "list.xlsx",
        member("xl/workbook.xml", lambda _: b"<workbook/>"),
    ),
    "a workbook with a password": (
        "list.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000),
    ),
    "an old workbook cut short": ("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)),
    "a ZIP cut short": ("list.zip", as_zip({"list.csv": TABLE})[:-25]),
    "a ZIP of nothing": ("list.zip", as_zip({})),
    "a ZIP of a picture": ("list.zip", as_zip({"me.png": b"\x89PNG"})),
    "a ZIP whose content is damaged": (
        "list.zip",
        damaged(as_zip({"list.csv": TABLE * 50})),
    ),
    "a quotation mark left open": (
        "list.csv",
        b'Email,Name\nzoe@example.org,"Zoe\nann@example.org,Ann\n',
    ),
    "too many columns": ("list.csv", b",".join([b"Email"] * 20_000) + b"\n"),
    "no column of addresses": ("list.csv", b"Name,Town\nZoe,Leeds\nAnn,Hull\n"),
    "a formula's error where an address belongs": (
        "list.csv",
        b"Email,Name\n#REF!,Zoe\n#N/A,Ann\n",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_used_gets_a_sentence_and_leaves_nothing(
    socr: Organisation, kind: str
) -> None:
    name, content = REFUSED[kind]
    before = everything()
    file = preview(socr, content, name=name, statement=factories.statement(socr))
    if file.state == Import.State.PREVIEWED:  # it could be read, and nobody in it could be used
        assert Problem.objects.filter(file=file).exists()
        apply(file)
    else:
        assert file.state in (Import.State.REFUSED, Import.State.ASKING)
        assert file.trouble.endswith(".")
        assert "did not foresee" not in file.trouble, "Every kind here is foreseen."
    assert everything() == before


def test_a_bomb_is_refused_without_being_unpacked(socr: Organisation) -> None:
    file = preview(socr, bomb(), name="list.zip", statement=factories.statement(socr))
    assert file.state == Import.State.REFUSED
    assert file.trouble.endswith(".")


def test_a_zip_inside_a_zip_is_not_opened(socr: Organisation) -> None:
    inner = as_zip({"list.csv": TABLE})
    file = preview(socr, as_zip({"more.zip": inner}), name="list.zip")
    assert file.state == Import.State.REFUSED


def test_a_sheet_of_ten_million_columns_is_refused() -> None:
    wide = member(
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b'r="B1"', b'r="XFD1"').replace(b'r="A2"', b'r="ZZZZZ2"'),
    )
    with pytest.raises(reading.UnreadableError) as caught:
        sum(1 for sheet in reading.sheets("list.xlsx", io.BytesIO(wide)) for _ in sheet.rows)
    assert str(caught.value).endswith(".")


def test_a_png_with_a_table_after_it_is_still_a_picture(socr: Organisation) -> None:
    chunk = b"IEND"
    end = struct.pack(">I", 0) + chunk + struct.pack(">I", zlib.crc32(chunk))
    file = preview(socr, b"\x89PNG\r\n\x1a\n" + end + TABLE, name="list.csv")
    assert file.state == Import.State.REFUSED


# What looks broken and is not

ODD = {
    "right to left": "מרים כהן",
    "marks that combine": "Zoe\u0308 Nguye\u0302\u0303n",
    "a family of emoji": "Ann 👩‍👩‍👧",
    "a hidden mark of direction": "\u202eAnn\u202c",
    "a space that joins": "Mary\u00a0Ann",
    "a quotation mark": 'Ann "Annie"',
    "a formula": "=HYPERLINK(1)",
    "Turkish letters": "Işıl İnce",
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_odd_name_is_kept_as_it_was_written_or_named_as_a_problem(
    socr: Organisation, kind: str, form: str
) -> None:
    rows = [HEAD, ["zoe@example.org", ODD[kind], "Okafor", "yes", "2026-03-01"]]
    content = as_csv(rows) if form == "csv" else as_xlsx(rows)
    file = preview(socr, content, name=f"list.{form}", statement=factories.statement(socr))
    assert file.state == Import.State.PREVIEWED, file.trouble
    apply(file)
    kept = Record.objects.get().first_name
    visible = "".join(c for c in ODD[kind] if c.isprintable() or c in "\u00a0\u200d").strip()
    assert visible.replace("\u00a0", " ") in kept.replace("\u00a0", " ") or kept in visible


def test_control_characters_reach_no_record(socr: Organisation) -> None:
    rows = [HEAD, ["zoe@example.org", "Zo\x07e\x00", "Oka\x1bfor", "yes", "2026-03-01"]]
    file = preview(socr, as_csv(rows), statement=factories.statement(socr))
    if file.state == Import.State.PREVIEWED:
        apply(file)
        kept = Record.objects.get()
        assert (kept.first_name + kept.last_name).isprintable()
    else:
        assert file.trouble.endswith(".")


def test_a_cell_of_a_megabyte_does_not_hold_up_the_others(socr: Organisation) -> None:
    rows = [
        [*HEAD, "Notes"],
        ["zoe@example.org", "Zoë", "Okafor", "yes", "2026-03-01", "x" * (1 << 20)],
        ["ann@example.org", "A" * (1 << 20), "Thornwick", "yes", "2026-03-01", ""],
        ["bob@example.org", "Bob", "Thornwick", "yes", "2026-03-01", ""],
    ]
    file = preview(socr, as_csv(rows), statement=factories.statement(socr))
    assert file.state == Import.State.PREVIEWED, file.trouble
    apply(file)
    assert {"zoe@example.org", "bob@example.org"} <= set(
        Record.objects.values_list("email", flat=True)
    )
    assert all(len(name) <= 120 for name in Record.objects.values_list("first_name", flat=True))


def test_a_formulas_error_in_a_workbook_is_named_by_its_cell(socr: Organisation) -> None:
    file = preview(socr, formula_error(), name="list.xlsx", statement=factories.statement(socr))
    assert file.state == Import.State.PREVIEWED, file.trouble
    told = Problem.objects.get(file=file)
    assert (told.sheet_line, told.column) == (2, "First name")
    assert "mend the formula" in told.sentence


def test_a_formula_that_failed_where_a_no_may_have_stood_is_no_blank(socr: Organisation) -> None:
    file = preview(
        socr, formula_error(of="D3"), name="list.xlsx", statement=factories.statement(socr)
    )
    assert [problem.sheet_line for problem in Problem.objects.filter(file=file)] == [3]
