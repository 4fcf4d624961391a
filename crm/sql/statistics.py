"""Keeps the planner's statistics true while bulk work grows the tables.

Without them PostgreSQL plans the joins of a first import for tables it believes to be empty: nested loops that
take minutes where hash joins take a fraction of a second.
"""

from __future__ import annotations

from django.db import connection

PEOPLE = (
    "crm_supporter",
    "crm_contactpoint",
    "crm_addresskey",
    "crm_searchterm",
    "crm_record",
    "crm_supporterrole",
    "crm_consentevent",
    "crm_consentstate",
)


def refresh(*tables: str) -> None:
    """Read a sample of these tables anew, or of those columns that a table names in brackets.

    The role needs MAINTAIN on them, which the migrations give.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def refresh_people(*, written: int) -> None:
    """Read samples of the tables of people anew if as many rows were written as they are believed to hold."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'crm_supporter'::regclass")
        (believed,) = cursor.fetchone()
    if written >= believed:
        refresh(*PEOPLE)
