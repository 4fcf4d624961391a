"""Statements that give the lists to a run of matching, and take from its queue whom it has seen."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

from crm.sql import prepared

LOCK = 6_019_270_412  # advisory lock: one run of matching at a time
# The tickets are read first: who changes afterwards has another one, and is matched again by the next run.
_TICKETS = "SELECT supporter_id, ticket, compares FROM crm_unmatched"
_CHANGED = """
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT supporter_id FROM crm_unmatched
    UNION SELECT s.canonical_id FROM crm_unmatched u JOIN crm_supporter s ON s.id = u.supporter_id
"""
_SUPPORTERS = """
    SELECT s.id, s.canonical_id, s.organisation_id, s.first_name, s.last_name, s.postcode_fold, s.external_id
    FROM crm_supporter s WHERE s.erased_at IS NULL AND NOT s.restricted
"""
_POINTS = """
    SELECT p.supporter_id, p.channel, p.folded
    FROM crm_contactpoint p JOIN crm_supporter s ON s.id = p.supporter_id WHERE p.retired_at IS NULL
"""
_OF_THE_CHANGED = " AND s.canonical_id IN (SELECT supporter_id FROM changed)"


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
        cursor.execute("SELECT NOT EXISTS (SELECT FROM crm_unmatched WHERE compares)")
        (empty,) = cursor.fetchone()
    return bool(empty)


def copy_lists(folder: Path, *, forms: str) -> None:
    """Write what crm/matching/lists.py reads: tickets.csv, supporters.csv, points.csv, changed.csv, and kept layers.

    Of everybody where no layers of these forms are kept, and changed.csv is empty; else of those with a ticket, whose
    ids and canonical ids are in changed.csv.
    """
    with connection.cursor() as cursor:
        _copy(cursor, _TICKETS, folder / "tickets.csv")
        cursor.execute(_CHANGED)
        which = _OF_THE_CHANGED
        if not prepared.read(folder, forms=forms):
            cursor.execute("TRUNCATE changed")
            which = ""
        cursor.execute("ANALYZE changed")
        _copy(cursor, "SELECT supporter_id FROM changed", folder / "changed.csv")
        _copy(cursor, _SUPPORTERS + which, folder / "supporters.csv")
        _copy(cursor, _POINTS + which, folder / "points.csv")
        cursor.execute("DROP TABLE changed")


def _copy(cursor: CursorWrapper, statement: str, path: Path) -> None:
    with path.open("wb") as file, cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as copy:
        for block in copy:
            file.write(block)


def see(tickets: Path) -> None:
    """Make the temporary table `seen` of the tickets that a run has read, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS seen")
        cursor.execute(
            "CREATE TEMPORARY TABLE seen (supporter_id bigint, ticket bigint, compares boolean) ON COMMIT DROP"
        )
        with tickets.open("rb") as file, cursor.copy("COPY seen FROM STDIN (FORMAT csv)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute("ANALYZE seen")


def forget() -> None:
    """Take those of `seen` out of the queue: a ticket that they got since stays."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_unmatched u USING seen s WHERE u.ticket = s.ticket")
        cursor.execute("DROP TABLE seen")
