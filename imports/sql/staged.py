"""Copies rows that were read, and what is wrong in them, into the tables of staging."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.db import connection

from crm.hashing import hashes_of
from crm.identity import addresses, names, search
from crm.models import ContactPoint
from imports.rows import Fault, Row

_ROW_COLUMNS = """
    organisation_id, file_id, line, sheet, sheet_line, first_name, last_name, name_forms, last_fold, email, folded,
    kind, key_id, address_key, mailbox, phone, postcode, external_id, relationship, roles, topics, tags, age_band,
    action, occurred_at, occurred_until, bounces, terms, data, refused
"""
_FAULT_COLUMNS = (
    'organisation_id, file_id, line, sheet, sheet_line, "column", value, sentence, stops_row'
)

_NEVER = (None, None)


def write(organisation_id: int, file_id: int, rows: list[Row]) -> None:
    """Write a chunk of rows, and what is wrong with them, into staging."""
    _copy(
        "imports_stagedrow", _ROW_COLUMNS, [_staged(organisation_id, file_id, row) for row in rows]
    )
    _copy(
        "imports_problem",
        _FAULT_COLUMNS,
        [_noted(organisation_id, file_id, row, fault) for row in rows for fault in row.faults],
    )


def _copy(table: str, columns: str, rows: list[list[Any]]) -> None:
    """COPY rows by way of a temporary table: PostgreSQL has no COPY into a table with row-level policies."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS staging_copy")
        cursor.execute(
            f"CREATE TEMPORARY TABLE staging_copy ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0"
        )
        with cursor.copy(f"COPY staging_copy ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM staging_copy")
        cursor.execute("DROP TABLE staging_copy")


def _noted(organisation_id: int, file_id: int, row: Row, fault: Fault) -> list[Any]:
    return [
        organisation_id,
        file_id,
        row.line,
        row.sheet[:120],
        row.sheet_line,
        fault.column[:120],
        fault.value[:200],
        fault.sentence,
        fault.stops_row,
    ]


def _staged(organisation_id: int, file_id: int, row: Row) -> list[Any]:
    folded = addresses.fold(row.email)
    shared = addresses.is_role_mailbox(folded)
    refused = row.refused
    hashes = None if refused else hashes_of(folded)
    return [
        organisation_id,
        file_id,
        row.line,
        row.sheet[:120],
        row.sheet_line,
        row.first_name,
        row.last_name,
        _array(names.forms(row.first_name)),
        names.fold(row.last_name)[:120],
        row.email[:320],
        folded[:320],
        int(ContactPoint.Kind.SHARED if shared else ContactPoint.Kind.PERSONAL),
        hashes.key_id if hashes else "",
        hashes.address_key if hashes else None,
        hashes.mailbox if hashes else None,
        row.phone,
        row.postcode,
        row.external_id,
        row.relationship,
        _array(row.roles),
        _array(row.topics),
        _array(row.tags),
        int(row.age_band or 0),
        int(row.action) if row.action else None,
        *(row.said or _NEVER),
        row.bounces,
        _array(() if refused else tuple(_terms(row, folded))),
        json.dumps(row.data) if row.data else "{}",
        refused,
    ]


@lru_cache(maxsize=10_000)  # of names, roles and tags there are few
def _array(items: tuple[str, ...] | tuple[int, ...]) -> str:
    """Give an array as PostgreSQL reads it: at a tenth of the time of the driver's own way for lists."""
    if not items:
        return "{}"
    escaped = "\0".join(map(str, items)).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + escaped.replace("\0", '","') + '"}'


def _terms(row: Row, folded: str) -> list[str]:
    """Give what a new person with this row alone is found by."""
    return search.terms(
        first_name=row.first_name,
        last_name=row.last_name,
        emails=[folded],
        phone_numbers=[row.phone] if row.phone else [],
        postcode=row.postcode,
        external_id=row.external_id,
    )
