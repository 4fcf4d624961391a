"""Statements that give the lists to a run of matching, and take from its queue whom it has seen."""

from __future__ import annotations

from pathlib import Path

from django.db import connection

LOCK = 6_019_270_412  # advisory lock: one run of matching at a time
# The tickets are read first: who changes afterwards has another one, and is matched again by the next run.
_FILES = {
    "tickets": "SELECT supporter_id, ticket FROM crm_unmatched",
    "supporters": """
        SELECT id, canonical_id, organisation_id, first_name, last_name, postcode_fold, external_id
        FROM crm_supporter WHERE erased_at IS NULL AND NOT restricted
    """,
    "points": "SELECT supporter_id, channel, folded FROM crm_contactpoint WHERE retired_at IS NULL",
}


def begin(*, waits: bool) -> bool:
    """Keep every other run away until `end`. While one is under way: wait for it, or give False."""
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT true FROM (SELECT pg_advisory_lock(%s)) l", [LOCK])
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (taken,) = cursor.fetchone()
    return bool(taken)


def end() -> None:
    """Let other runs begin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def is_empty() -> bool:
    """Tell whether nobody is yet to be matched."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT FROM crm_unmatched)")
        (empty,) = cursor.fetchone()
    return bool(empty)


def copy_lists(folder: Path) -> None:
    """Write tickets.csv, supporters.csv and points.csv as crm/matching/lists.py reads them: a pass over each table."""
    with connection.cursor() as cursor:
        for name, statement in _FILES.items():
            with (
                (folder / f"{name}.csv").open("wb") as file,
                cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as copy,
            ):
                for block in copy:
                    file.write(block)


def forget(tickets: Path) -> None:
    """Take those out of the queue whom a run has seen as they are: a ticket they got since stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE seen (supporter_id bigint, ticket bigint) ON COMMIT DROP"
        )
        with tickets.open("rb") as file, cursor.copy("COPY seen FROM STDIN (FORMAT csv)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute("DELETE FROM crm_unmatched u USING seen s WHERE u.ticket = s.ticket")
        cursor.execute("DROP TABLE seen")
