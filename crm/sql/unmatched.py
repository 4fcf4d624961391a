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
# Rows out: the canonical entries of `changed` and those merged into them, by the primary key and supporter_merged.
_MEMBERS = """
    CREATE TEMPORARY TABLE member ON COMMIT DROP AS
    SELECT id FROM crm_supporter WHERE id IN (SELECT supporter_id FROM changed) AND id = canonical_id
    UNION ALL
    SELECT id FROM crm_supporter WHERE canonical_id IN (SELECT supporter_id FROM changed) AND NOT id = canonical_id
"""
_SUPPORTERS = """
    SELECT id, canonical_id, organisation_id, first_name, last_name, postcode_fold, external_id
    FROM crm_supporter WHERE erased_at IS NULL AND NOT restricted
"""
_POINTS = "SELECT supporter_id, channel, folded FROM crm_contactpoint WHERE retired_at IS NULL"


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
        if prepared.read(folder, forms=forms):
            cursor.execute(_CHANGED)
            cursor.execute("ANALYZE changed")
            cursor.execute(_MEMBERS)
            cursor.execute("ANALYZE member")
            _copy(cursor, "SELECT supporter_id FROM changed", folder / "changed.csv")
            members = "IN (SELECT id FROM member)"
            _copy(cursor, f"{_SUPPORTERS} AND id {members}", folder / "supporters.csv")
            _copy(cursor, f"{_POINTS} AND supporter_id {members}", folder / "points.csv")
            cursor.execute("DROP TABLE changed, member")
        else:
            (folder / "changed.csv").touch()
            _copy(cursor, _SUPPORTERS, folder / "supporters.csv")
            _copy(cursor, _POINTS, folder / "points.csv")


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
