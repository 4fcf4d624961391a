"""Entries with records of their own, as they come about, and a digest of everything but the history of joins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from crm import consent, wall
from crm.models import ContactPoint, Organisation, Record, Source, Supporter
from crm.services import profiles
from crm.sql import fold
from tests import factories

HISTORY = {
    "crm_merge",
    "crm_match",
    "crm_sharedmatch",
    "crm_unmatched",
    "crm_auditentry",
    "crm_stewardview",
}
WRITTEN = datetime(2026, 2, 1, tzinfo=UTC)


def entry(where: Organisation, first: str = "Priya", email: str = "", **said: Any) -> ContactPoint:
    """Give the address of an entry of one record; `said`: further fields of the record."""
    made = factories.supporter(where, "", "", age_band=0)
    point = factories.address(made, email)
    Record.objects.create(
        organisation=where,
        supporter=made,
        source=said.pop("source", Source.IMPORT),
        as_of=said.pop("as_of", WRITTEN),
        first_name=first,
        last_name=said.pop("last_name", "Okafor"),
        email=point.address,
        **{"age_band": 18, **said},
    )
    with wall.scope("platform"):
        profiles.refresh(supporter_ids=[made.pk])
    return point


def person(point: ContactPoint) -> Supporter:
    """Whom an address belongs to, as joins stand."""
    return Supporter.objects.get(pk=point.supporter_id).canonical


def refolded() -> None:
    with wall.scope("platform"):
        fold.rebuild()


def mailable(*where: Organisation) -> set[int]:
    """The addresses that may be mailed, age and frequency apart."""
    found: set[int] = set()
    for organisation in where:
        question = consent.Question(
            factories.purpose(organisation).pk, suitable_for_under_18=True, is_important=True
        )
        points = ContactPoint.objects.filter(organisation=organisation)
        found |= set(
            consent.decide(points, question).filter(reasons=0).values_list("pk", flat=True)
        )
    return found


def digest() -> dict[str, str]:
    """Give a digest of the rows of each table that has any, but for the history of joins and decisions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        tables = [table for (table,) in cursor.fetchall() if table not in HISTORY]
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
                for table in tables
            )
        )
        return {table: said for table, said in cursor.fetchall() if said}
