"""Every column of every table is registered as personal data, or as none (house, Data; UK GDPR Art. 30)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from config import records
from crm.registry import STRUCTURE, Personal, Plain, Registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "records-of-processing.md"


def columns() -> set[tuple[str, str]]:
    """Name every column of every table there is, Django's own included, as (table, column)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm')
              AND a.attnum > 0 AND NOT a.attisdropped
            """
        )
        return {(table, column) for table, column in cursor.fetchall()}


def registered(registry: Registry) -> Counter[tuple[str, str]]:
    return Counter((entry.table, name) for entry in registry for name in entry.columns.split())


def missing(registry: Registry) -> set[tuple[str, str]]:
    known = registered(registry)
    return {
        (table, column)
        for table, column in columns()
        if column not in STRUCTURE and (table, column) not in known
    }


@pytest.mark.django_db
def test_every_column_is_registered() -> None:
    assert missing(records.ALL) == set(), (
        "Add a line to registry.py of the app: Personal(table, columns, purpose, keep), or Plain if it says "
        "nothing about anybody."
    )


@pytest.mark.django_db
def test_every_table_is_registered() -> None:
    tables = {table for table, _ in columns()}
    assert tables - {entry.table for entry in records.ALL} == set()


@pytest.mark.django_db
def test_every_registered_column_exists() -> None:
    assert set(registered(records.ALL)) - columns() == set(), "Take it out of registry.py."


def test_no_column_is_registered_twice() -> None:
    assert [name for name, times in registered(records.ALL).items() if times > 1] == []


@pytest.mark.django_db
def test_a_column_that_is_left_out_is_noticed() -> None:
    without = tuple(
        entry for entry in records.ALL if "words" not in entry.columns or isinstance(entry, Plain)
    )
    assert missing(without) >= {("crm_evidencenote", "words")}


def test_each_app_registers_its_own_tables() -> None:
    for module in (records.imports, records.mailings):
        app = module.__name__.partition(".")[0]
        assert {entry.table.partition("_")[0] for entry in module.REGISTRY} == {app}


@pytest.mark.django_db
def test_what_is_named_after_a_person_or_their_address_is_personal() -> None:
    telling = {"supporter_id", "contact_point_id", "user_id", "email", "phone", "address"}
    telling |= {"mailbox", "address_key", "first_name", "last_name", "postcode"}
    personal = registered(tuple(e for e in records.ALL if isinstance(e, Personal)))
    assert {
        (table, column)
        for table, column in columns()
        if column in telling and (table, column) not in personal
    } == set()


def test_the_record_of_processing_is_what_the_registry_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == records.page(), (
        "Run: .venv/bin/python -m config.records > docs/reference/records-of-processing.md"
    )
