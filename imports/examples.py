"""Puts into words what rows of a file will mean for permission, before an admin confirms what its columns are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from crm.models import Action
from crm.sql.fold import REVIEW_MONTHS
from imports import looking, meaning
from imports.mapping import CONSENT, Mapping
from imports.models import Import
from imports.reading import Cell
from imports.rows import Row
from imports.rules import Rules
from imports.services import rules_of
from imports.words import emailed_by

MOST = 6


def of_file(file: Import, said: Mapping) -> dict[tuple[str, str], list[str]]:
    """Give the sentences for each column of permission, by the kind of table and the column's key."""
    rules = replace(rules_of(file), mapping=said)
    return {
        (table["preset"], key): of_column(file, table, key, rules)
        for table in file.look["tables"]
        for key, what in said.tables[table["preset"]].fields.items()
        if what in CONSENT
    }


def of_column(file: Import, table: dict[str, Any], key: str, rules: Rules) -> list[str]:
    """Give a sentence for the first row with each different word of a column of permission."""
    found: dict[str, str] = {}
    for row, read in looking.again(table, rules):
        cell: Cell = row["cells"].get(key, "")
        if read.refused or cell == "" or len(found) == MOST:
            continue
        place = f"Row {row['line']}"
        if len(table["sheets"]) > 1:
            place += f" of {row['sheet']}"
        told = f"{place}, “{str(cell)[:80]}”: {_then(file, read, rules)}."
        found.setdefault(meaning.words_of(cell), told)
    return list(found.values())


def _then(file: Import, read: Row, rules: Rules) -> str:
    never = f"will not be emailed by {emailed_by(file)}"
    if read.bounces:
        return f"{never}, as email comes back"
    if read.action is None:
        return f"{never}, as nothing is clearly said"
    if read.action != Action.GRANT:
        return never
    if read.said is None:
        return f"{never}, as nobody knows when they said yes"
    if file.statement is None:
        return f"{never}, as nobody knows to which words they said yes"
    if read.said[0] <= rules.now - timedelta(days=REVIEW_MONTHS * 30.5):
        return f"{never}, as they said yes too long ago"
    if file.statement.requires_confirmation:
        return f"will be emailed by {emailed_by(file)} once they confirm"
    return f"will be emailed by {emailed_by(file)}"
