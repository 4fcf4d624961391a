"""Statements that give the lists to a run of matching, and take from its queue whom it has seen."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

from crm.sql import prepared

LOCK = 6_019_270_412  # advisory lock: one run of matching at a time
# The tickets are read first: who changes afterwards has another one, and is matched again by the next run.
_TICKETS = "SELECT supporter_id, ticket, compares FROM crm_unmatched"
# Time for each of those who changed, whoever else is on the lists: hash joins would read these whole.
_BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
_ANY_JOINS = "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"
_CHANGED = """
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    WITH told AS MATERIALIZED (SELECT DISTINCT supporter_id FROM crm_unmatched)
    SELECT supporter_id FROM told
    UNION SELECT s.canonical_id FROM told t JOIN crm_supporter s ON s.id = t.supporter_id
"""
_SUPPORTERS = """
    SELECT s.id, s.canonical_id, s.organisation_id, s.first_name, s.last_name, s.postcode_fold, s.external_id
    FROM crm_supporter s {among} WHERE s.erased_at IS NULL AND NOT s.restricted
"""
_POINTS = """
    SELECT p.supporter_id, p.channel, p.folded FROM crm_contactpoint p {among} WHERE p.retired_at IS NULL
"""
# Rows out: the canonical entries of `changed` and those merged into them, by the primary key and supporter_merged.
_CANONICAL = "JOIN changed c ON c.supporter_id = s.id AND s.id = s.canonical_id"
_MERGED = "JOIN changed c ON c.supporter_id = s.canonical_id AND NOT s.id = s.canonical_id"
_MEMBERS = f"""
    CREATE TEMPORARY TABLE member ON COMMIT DROP AS
    {_SUPPORTERS.format(among=_CANONICAL)} UNION ALL {_SUPPORTERS.format(among=_MERGED)}
"""
_THEIR_POINTS = _POINTS.format(
    among="JOIN member m ON m.id = p.supporter_id AND m.organisation_id = p.organisation_id"
)


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
            cursor.execute(_BY_INDEX)
            cursor.execute(_CHANGED)
            cursor.execute("ANALYZE changed")
            cursor.execute(_MEMBERS)
            cursor.execute("ANALYZE member")
            _copy(cursor, "SELECT * FROM changed", folder / "changed.csv")
            _copy(cursor, "SELECT * FROM member", folder / "supporters.csv")
            _copy(cursor, _THEIR_POINTS, folder / "points.csv")
            cursor.execute("DROP TABLE changed, member")
            cursor.execute(_ANY_JOINS)
        else:
            (folder / "changed.csv").touch()
            _copy(cursor, _SUPPORTERS.format(among=""), folder / "supporters.csv")
            _copy(cursor, _POINTS.format(among=""), folder / "points.csv")


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
