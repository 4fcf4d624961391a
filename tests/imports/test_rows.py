"""What a row says does not depend on the rows before it, and reaches staging letter by letter."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from crm import wall
from crm.models import Organisation
from imports.models import StagedRow
from imports.reading import Cell, Sheet
from imports.rows import Row
from imports.rules import Rules
from imports.sql import staged
from imports.staging import Reader

HEADINGS = ["Email", "First name", "Last name", "Phone", "Role", "Email opt in", "Opt in date"]
HEADINGS += ["Unsubscribed", "Date of birth", "Opt in date"]
CELLS: list[list[Cell]] = [
    ["jo@example.org", "JO@example.org ", "jo at example.org", "anonymous", ""],
    ["Jo", "#REF!", ""],
    ["Lee", ""],
    ["07700 900123", "none", ""],
    ["SENCO", "senco;parent", "juggler", ""],
    ["yes", "no", "maybe", "bounced", "#N/A", ""],
    ["2026-01-10", "03/04/2026", "soon", date(2026, 1, 10), datetime(2026, 1, 10, 9, 0), ""],
    ["yes", ""],
    ["1980-01-10", "2020-01-10", "03/04/85", ""],
    ["2025-01-10", ""],
]
ROWS = st.lists(st.tuples(*map(st.sampled_from, CELLS)).map(list), min_size=2, max_size=8)
RULES = Rules(
    now=datetime(2026, 6, 1, tzinfo=UTC),
    collected_on=None,
    adults_only=False,
    synonyms={"senco": 1, "parent": 2},
)


def read(rows: list[list[Cell]]) -> list[Row]:
    numbered = iter([(2, row) for row in rows])
    return list(Reader(Sheet("list.csv", HEADINGS, numbered), RULES).rows(1))


@given(rows=ROWS)
def test_a_row_says_the_same_alone_and_after_others(rows: list[list[Cell]]) -> None:
    alone = [read([row])[0] for row in rows]
    assert [row._replace(line=1) for row in read(rows)] == alone


@given(tags=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_a_tag_reaches_staging_letter_by_letter(socr: Organisation, tags: list[str]) -> None:
    with transaction.atomic(), wall.scope("keeper", organisation_id=socr.pk):
        staged.write(socr.pk, 1, [Row(1, "list.csv", 2, email="jo@example.org", tags=tuple(tags))])
        assert StagedRow.objects.get(file=1).tags == tags
        transaction.set_rollback(True)
