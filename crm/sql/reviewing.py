"""Statements that list possible duplicates inside one organisation for people to decide."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

# Rows out: each pair of persons once, by its best score, as joins stand; none that people hold apart, and nobody
# whose details we may not use. Staff scope of the organisation. Uses match_waiting and match_decided.
_WAITING = """
    WITH decided AS MATERIALIZED (
        SELECT least(a.canonical_id, b.canonical_id) AS lo, greatest(a.canonical_id, b.canonical_id) AS hi
        FROM crm_match m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
        WHERE m.organisation_id = %(organisation)s AND m.decision IN (2, 3)
    ), waiting AS (
        SELECT DISTINCT ON (lo, hi) m.id, m.tier, m.match_weight, p.lo, p.hi
        FROM crm_match m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
        CROSS JOIN LATERAL (SELECT least(a.canonical_id, b.canonical_id) AS lo,
                                   greatest(a.canonical_id, b.canonical_id) AS hi) p
        WHERE m.organisation_id = %(organisation)s AND m.decision IS NOT DISTINCT FROM %(decision)s
          AND m.tier = ANY(%(tiers)s) AND p.lo <> p.hi AND (p.lo, p.hi) NOT IN (SELECT lo, hi FROM decided)
        ORDER BY lo, hi, m.match_weight DESC, m.id
    )
    SELECT {columns} FROM waiting w
    JOIN crm_supporter x ON x.id = w.lo JOIN crm_supporter y ON y.id = w.hi
    WHERE NOT (x.restricted OR y.restricted) AND x.erased_at IS NULL AND y.erased_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair that waits: the row of it, and the two persons as joins stand."""

    match_id: int
    one_id: int
    other_id: int
    match_weight: float


def waiting(
    organisation_id: int, *, tiers: list[int], decision: int | None, size: int
) -> list[Pair]:
    """Give the pairs of these tiers that wait, the surest first; `decision`: 4 for those put off."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING.format(columns="w.id, w.lo, w.hi, w.match_weight")
            + " ORDER BY w.tier, w.match_weight DESC, w.id LIMIT %(size)s",
            {
                "organisation": organisation_id,
                "tiers": tiers,
                "decision": decision,
                "size": size,
            },
        )
        return [Pair(*row) for row in cursor.fetchall()]


def count(organisation_id: int, *, tiers: list[int], decision: int | None) -> int:
    """Count the pairs that `waiting` would give."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING.format(columns="count(*)"),
            {"organisation": organisation_id, "tiers": tiers, "decision": decision},
        )
        return int(cursor.fetchone()[0])
