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
    """The two persons that come of one when a join is cut, as their entries; of each the oldest is the person."""

    first: frozenset[int]
    second: frozenset[int]

    @property
    def roots(self) -> tuple[int, int]:
        """The id of each person, the older first."""
        one, other = sorted((min(self.first), min(self.second)))
        return one, other


def halves(merge_id: int) -> Halves:
    """Give who hangs together without one join that stands. Uses supporter_merged and merge_standing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH cut AS (
                SELECT s.canonical_id AS who FROM crm_merge m JOIN crm_supporter s ON s.id = m.kept_id WHERE m.id = %s
            ), entry AS (
                SELECT who AS id FROM cut
                UNION ALL
                SELECT s.id FROM crm_supporter s JOIN cut ON s.canonical_id = cut.who AND s.id <> s.canonical_id
            )
            SELECT m.id, m.kept_id, (SELECT min(who) FROM unnest(m.moved) who)
            FROM crm_merge m JOIN entry ON entry.id = m.kept_id WHERE m.undone_at IS NULL
            """,
            [merge_id],
        )
        lines = [tuple(map(int, row)) for row in cursor.fetchall()]
    ends = next((one, other) for number, one, other in lines if number == merge_id)
    left = [(one, other) for number, one, other in lines if number != merge_id]
    return Halves(*(frozenset(_hanging_together(end, left)) for end in ends))


def part(merge_id: int) -> Halves:
    """Cut one join that stands, and let each entry be read as the oldest of those it still hangs together with."""
    found = halves(merge_id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_merge SET undone_at = now() WHERE id = %s", [merge_id])
        for half in (found.first, found.second):
            cursor.execute(
                """
                UPDATE crm_supporter SET canonical_id = %(root)s WHERE id = ANY(%(half)s) AND canonical_id <> %(root)s
                """,
                {"root": min(half), "half": sorted(half)},
            )
    return found


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
