"""Statements that take an import out again: a stretch of its lines at a time, each safe to repeat.

What remains speaks: another import that said the same takes over what this one had brought, and what people or staff
did since stays. Platform scope, in the organisation of the batch. They rely on record_of_a_line_once and
record_supporter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

FIELDS = ("first_name", "last_name", "postcode", "external_id", "relationship")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines `first` to `last` of a batch."""

    organisation_id: int
    batch_id: int
    first: int
    last: int

    @property
    def parameters(self) -> dict[str, int]:
        """The values that the statements below name."""
        return {
            "organisation": self.organisation_id,
            "batch": self.batch_id,
            "first": self.first,
            "last": self.last,
        }


# A stretch is of few people among many: with the costs of a spinning disk, which are the default, the planner would
# read whole tables for each.
_BY_INDEX = "SET LOCAL random_page_cost = 1.1"
_OF_LINES = "r.batch_id = %(batch)s AND r.line BETWEEN %(first)s AND %(last)s"
_ENTRIES = f"""
    CREATE TEMPORARY TABLE undo_entry ON COMMIT DROP AS
    SELECT DISTINCT r.supporter_id AS id, s.canonical_id AS who
    FROM crm_record r JOIN crm_supporter s ON s.id = r.supporter_id WHERE {_OF_LINES}
"""
_BOXES = """
    SELECT array_agg(DISTINCT k.mailbox) FROM undo_entry e
    JOIN crm_contactpoint cp ON cp.supporter_id = e.id JOIN crm_addresskey k ON k.contact_point_id = cp.id
"""
# What else speaks of them: records of no import, or of one that is not undone.
_OTHERS = """
    CREATE TEMPORARY TABLE undo_other ON COMMIT DROP AS
    SELECT o.supporter_id, o.batch_id, o.contact_point_id, o.phone, o.roles, o.topics, o.tags
    FROM undo_entry e CROSS JOIN LATERAL (SELECT * FROM crm_record r WHERE r.supporter_id = e.id OFFSET 0) o
    LEFT JOIN crm_batch b ON b.id = o.batch_id
    WHERE o.batch_id IS DISTINCT FROM %(batch)s AND b.undone_at IS NULL
"""
_ELSEWHERE = "SELECT {what} FROM undo_other o WHERE o.supporter_id = {row}.supporter_id AND {says}"


def _elsewhere(row: str, says: str, what: str = "min(o.batch_id)") -> str:
    return _ELSEWHERE.format(row=row, says=says, what=what)


_SAYS_ADDRESS = "(o.contact_point_id = t.id OR t.channel = 2 AND o.phone = t.folded)"
_SAYS_ROLE = "t.role_id = ANY(o.roles)"
_SAYS_TOPIC = "t.topic_id = ANY(o.topics)"
_SAYS_TAG = "(SELECT g.name FROM crm_tag g WHERE g.id = t.tag_id) = ANY(o.tags)"
# A sum has no index: right after an import the planner believes that its batch has no rows yet, and would go through
# all of them for each entry.
_MINE = "t.batch_id + 0 = %(batch)s AND t.supporter_id IN (SELECT id FROM undo_entry)"


def _taken_over(table: str, says: str) -> str:
    return f"""
        UPDATE {table} t SET batch_id = ({_elsewhere("t", says)})
        WHERE {_MINE} AND EXISTS ({_elsewhere("t", says, "")})
    """


_HEARD_ELSEWHERE = """
    SELECT {what} FROM crm_addresskey k
    JOIN crm_record o ON o.contact_point_id = k.contact_point_id LEFT JOIN crm_batch b ON b.id = o.batch_id
    WHERE k.organisation_id = d.organisation_id AND k.mailbox = d.mailbox AND o.bounces
      AND o.batch_id <> %(batch)s AND b.undone_at IS NULL
"""
_OURS = """
    d.organisation_id = %(organisation)s AND d.batch_id = %(batch)s AND d.mailbox IN (
        SELECT k.mailbox FROM undo_entry e JOIN crm_contactpoint cp ON cp.supporter_id = e.id
        JOIN crm_addresskey k ON k.contact_point_id = cp.id)
"""
_STATEMENTS = (
    _taken_over("crm_contactpoint", _SAYS_ADDRESS),
    _taken_over("crm_supporterrole", _SAYS_ROLE),
    _taken_over("crm_supportertopic", _SAYS_TOPIC),
    _taken_over("crm_supportertag", _SAYS_TAG),
    f"""
    UPDATE crm_deliverability d SET batch_id = ({_HEARD_ELSEWHERE.format(what="min(o.batch_id)")})
    WHERE {_OURS} AND EXISTS ({_HEARD_ELSEWHERE.format(what="")})
    """,
    f"""
    WITH mended AS (DELETE FROM crm_deliverability d WHERE {_OURS} RETURNING d.organisation_id, d.mailbox)
    UPDATE crm_contactpoint cp SET problem = 0 FROM mended m
    JOIN crm_addresskey k ON k.organisation_id = m.organisation_id AND k.mailbox = m.mailbox
    WHERE cp.id = k.contact_point_id
    """,
    # Links that went to the address can still stop mail, so it is retired, not deleted.
    f"UPDATE crm_contactpoint t SET retired_at = now() WHERE {_MINE} AND t.retired_at IS NULL",
    f"DELETE FROM crm_supporterrole t WHERE {_MINE}",
    f"DELETE FROM crm_supportertopic t WHERE {_MINE}",
    f"DELETE FROM crm_supportertag t WHERE {_MINE}",
    f"DELETE FROM crm_record r WHERE {_OF_LINES}",
)
# What binds an entry to the list when no record is left: an act, a hand, a join, or mail that went to it.
_TIES = (
    "e.who <> e.id",
    "EXISTS (SELECT FROM crm_supporter m WHERE m.canonical_id = e.id AND m.id <> m.canonical_id)",
    "EXISTS (SELECT FROM crm_record r WHERE r.supporter_id = e.id)",
    """EXISTS (SELECT FROM crm_consentevent v LEFT JOIN crm_batch b ON b.id = v.batch_id
               WHERE v.supporter_id = e.id AND b.undone_at IS NULL)""",
    """EXISTS (SELECT FROM crm_contactpoint cp WHERE cp.supporter_id = e.id
               AND (cp.batch_id IS NULL OR cp.retired_at IS NULL))""",
    "EXISTS (SELECT FROM crm_supporterrole r WHERE r.supporter_id = e.id)",
    "EXISTS (SELECT FROM crm_supportertag g WHERE g.supporter_id = e.id)",
    "EXISTS (SELECT FROM crm_supportertopic p WHERE p.supporter_id = e.id)",
    "EXISTS (SELECT FROM crm_case c WHERE c.supporter_id = e.id)",
    """EXISTS (SELECT FROM crm_supporter s WHERE s.id = e.id AND (s.restricted OR s.deceased
               OR s.branch_id IS NOT NULL OR s.only_important_since IS NOT NULL))""",
)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Whom a stretch's undoing concerns: the canonical people, those of them who lost an address or a number, the
    entries that nothing binds any more with their contact points, and the inboxes.
    """

    people: list[int]
    reached: list[int]
    loose: list[int]
    points: list[int]
    mailboxes: list[bytes]


def take_out(lines: Lines, *, ties: tuple[str, ...]) -> TakenOut:
    """Take out what these lines brought and nothing else says; give whom it concerns.

    `ties`: further SQL conditions on an entry `e.id` that bind it to the list (crm/ties.py). The batch is marked
    as undone before. What is left to do is emptying the loose, choosing profiles and folding.
    """
    # LIMIT 1 keeps the planner at one look-up for each entry: it believes that nobody lost anything in here,
    # and would go through all entries for each who did.
    with connection.cursor() as cursor:
        cursor.execute(_BY_INDEX)
        cursor.execute("DROP TABLE IF EXISTS undo_entry, undo_other")
        cursor.execute(_ENTRIES, lines.parameters)
        cursor.execute("ANALYZE undo_entry")
        cursor.execute(_OTHERS, lines.parameters)
        cursor.execute("CREATE INDEX ON undo_other (supporter_id)")
        cursor.execute("ANALYZE undo_other")
        cursor.execute(_BOXES)
        (boxes,) = cursor.fetchone()
        for statement in _STATEMENTS:
            cursor.execute(statement, lines.parameters)
        bound = " OR ".join((*_TIES, *ties))
        cursor.execute(
            f"""
            WITH loose AS MATERIALIZED (SELECT e.id FROM undo_entry e WHERE NOT ({bound}))
            SELECT (SELECT array_agg(DISTINCT who) FROM undo_entry),
                   (SELECT array_agg(DISTINCT e.who) FROM undo_entry e CROSS JOIN LATERAL (
                        SELECT FROM crm_contactpoint cp
                        WHERE cp.supporter_id = e.id AND cp.batch_id = %(batch)s AND cp.retired_at = now()
                        LIMIT 1) lost),
                   (SELECT array_agg(id) FROM loose),
                   (SELECT array_agg(cp.id) FROM crm_contactpoint cp JOIN loose ON loose.id = cp.supporter_id)
            """,
            lines.parameters,
        )
        people, reached, loose, points = cursor.fetchone()
        cursor.execute("DROP TABLE undo_entry, undo_other")
    return TakenOut(
        people or [], reached or [], loose or [], points or [], [bytes(box) for box in boxes or []]
    )


def mark_undone(batch_id: int) -> None:
    """Mark a batch as undone: its events are in the ledger still, and say nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_batch SET undone_at = now() WHERE id = %s AND undone_at IS NULL", [batch_id]
        )


def concerned(lines: Lines) -> list[int]:
    """Give the contact points that taking out these lines may make mailable: of the same people and inboxes."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH entry AS MATERIALIZED (
                SELECT DISTINCT s.canonical_id AS who FROM crm_record r JOIN crm_supporter s ON s.id = r.supporter_id
                WHERE {_OF_LINES}
            ), joined AS MATERIALIZED (
                SELECT who AS id FROM entry
                UNION
                SELECT s.id FROM crm_supporter s JOIN entry ON s.canonical_id = entry.who AND s.id <> s.canonical_id
            ), point AS MATERIALIZED (
                SELECT cp.id FROM crm_contactpoint cp JOIN joined ON joined.id = cp.supporter_id WHERE cp.channel = 1
            )
            SELECT id FROM point
            UNION
            SELECT o.contact_point_id FROM crm_addresskey o
            WHERE o.organisation_id = %(organisation)s AND o.mailbox IN (
                SELECT k.mailbox FROM crm_addresskey k JOIN point ON point.id = k.contact_point_id)
            """,
            lines.parameters,
        )
        return [int(point) for (point,) in cursor.fetchall()]


def overruled(batch_id: int) -> dict[str, int]:
    """Count, field by field, the people for whom a batch's value did not stay: a later or better one did."""
    counted = ", ".join(
        f"count(DISTINCT s.id) FILTER (WHERE r.{field} <> '' AND s.{field} <> r.{field}) AS {field}"
        for field in FIELDS
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {counted} FROM crm_record r JOIN crm_supporter e ON e.id = r.supporter_id
            JOIN crm_supporter s ON s.id = e.canonical_id WHERE r.batch_id = %s
            """,
            [batch_id],
        )
        found: tuple[Any, ...] = cursor.fetchone()
    return {field: number for field, number in zip(FIELDS, found, strict=True) if number}
