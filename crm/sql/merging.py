"""Statements that join two entries of one organisation and take them apart again.

Joins that stand tie entries to one another as the lines of a tree do: of those who hang together the oldest entry is
the person. To take a join back is to cut one line, in whatever order, and what is left hangs together as before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


def join(kept_id: int, other_id: int) -> list[int]:
    """Let everyone who is read as `other_id` be read as `kept_id`; give whom that moved. Uses supporter_merged."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE crm_supporter SET canonical_id = %(kept)s WHERE id = %(other)s
               OR (canonical_id = %(other)s AND id <> canonical_id) RETURNING id
            """,
            {"kept": kept_id, "other": other_id},
        )
        return sorted(int(row[0]) for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Halves:
    """The two persons that come of one: the id of each, which is its oldest entry's."""

    staying: int
    leaving: int


def part(merge_id: int) -> Halves:
    """Cut one join that stands, and let each entry be read as the oldest of those it still hangs together with."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.kept_id, (SELECT min(who) FROM unnest(m.moved) who)
            FROM crm_merge m JOIN crm_merge cut ON cut.id = %s AND cut.organisation_id = m.organisation_id
            JOIN crm_supporter k ON k.id = m.kept_id JOIN crm_supporter c ON c.id = cut.kept_id
            WHERE m.undone_at IS NULL AND k.canonical_id = c.canonical_id
            """,
            [merge_id],
        )
        lines = [tuple(map(int, row)) for row in cursor.fetchall()]
        ends = next((one, other) for number, one, other in lines if number == merge_id)
        left = [(one, other) for number, one, other in lines if number != merge_id]
        halves = [_hanging_together(end, left) for end in ends]
        cursor.execute("UPDATE crm_merge SET undone_at = now() WHERE id = %s", [merge_id])
        for half in halves:
            cursor.execute(
                """
                UPDATE crm_supporter SET canonical_id = %(root)s WHERE id = ANY(%(half)s) AND canonical_id <> %(root)s
                """,
                {"root": min(half), "half": sorted(half)},
            )
    staying, leaving = sorted(min(half) for half in halves)
    return Halves(staying=staying, leaving=leaving)


def _hanging_together(who: int, lines: list[tuple[int, int]]) -> set[int]:
    found, waiting = {who}, [who]
    while waiting:
        at = waiting.pop()
        for line in lines:
            if at in line:
                new = set(line) - found
                found |= new
                waiting.extend(new)
    return found
