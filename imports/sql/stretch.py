"""The sound rows of a stretch of lines, in a table of the transaction's own, where it is worked out who they are.

Staged rows are written once and never updated: an update would write the whole row anew, with its indexes, several
times. Everything here reads and writes `stretch`, one row for each line that has no mistake. Keeper scope.
"""

from __future__ import annotations

from django.db import connection

from crm.sql.people import compatible

_BOTH_NAMED = """(r.kind <> 3 OR (cardinality(r.name_forms) > 0 AND r.last_fold <> ''
    AND cardinality({other}.name_forms) > 0 AND {other}.last_fold <> ''))"""

# Whose inbox this organisation erased, and whose reader has not come back by a sign-up of their own: nothing is made
# of them (docs/reference/scenarios.md, 15).
_ERASED = """EXISTS (
    SELECT FROM crm_consentevent e
    WHERE e.mailbox = r.mailbox AND e.organisation_id = r.organisation_id AND e.action = 8
      AND NOT EXISTS (
          SELECT FROM crm_consentevent y JOIN crm_consentevent c ON c.confirms_id = y.id
          WHERE y.mailbox = e.mailbox AND y.organisation_id = e.organisation_id AND y.id > e.id
            AND y.action = 1 AND y.source = 1 AND c.action = 11 AND c.source = 1))"""
_OPEN = f"""
    CREATE TEMPORARY TABLE stretch ON COMMIT DROP AS
    SELECT r.organisation_id, r.line, r.first_name, r.last_name, r.name_forms, r.last_fold, r.email, r.folded, r.kind,
           r.key_id, r.address_key, r.mailbox, r.phone, r.postcode, r.external_id, r.relationship, r.roles, r.topics,
           r.tags, r.terms, r.age_band, r.action, r.occurred_at, r.occurred_until, r.bounces,
           {_ERASED} AS erased, NULL::bigint AS supporter_id, NULL::int AS same_as, NULL::bigint AS point_id,
           false AS is_new,
           false AS is_plain
    FROM imports_stagedrow r
    WHERE r.file_id = %s AND r.line BETWEEN %s AND %s AND NOT r.refused ORDER BY r.line
"""
# Of several the oldest; the row goes to that entry of theirs which has the address.
_KNOWN = f"""
    UPDATE stretch t SET supporter_id = f.entry
    FROM (
        SELECT DISTINCT ON (r.line) r.line, cp.supporter_id AS entry
        FROM stretch r
        JOIN crm_contactpoint cp ON cp.organisation_id = r.organisation_id AND cp.folded = r.folded AND cp.channel = 1
        JOIN crm_supporter e ON e.id = cp.supporter_id
        JOIN crm_supporter s ON s.id = e.canonical_id
        WHERE {compatible("r", "s")} AND {_BOTH_NAMED.format(other="s")}
        ORDER BY r.line, s.id, e.id
    ) f WHERE t.line = f.line
"""
# The first fit in the order of lines.
_REPEATED = f"""
    WITH shared AS MATERIALIZED (
        SELECT folded FROM stretch WHERE supporter_id IS NULL GROUP BY folded HAVING count(*) > 1
    ), unknown AS MATERIALIZED (
        SELECT line, folded, kind, name_forms, last_fold FROM stretch
        WHERE supporter_id IS NULL AND folded IN (SELECT folded FROM shared)
    )
    UPDATE stretch t SET same_as = f.earliest
    FROM (
        SELECT r.line, min(o.line) AS earliest
        FROM unknown r JOIN unknown o ON o.folded = r.folded AND o.line < r.line
        WHERE {compatible("r", "o")} AND {_BOTH_NAMED.format(other="o")}
        GROUP BY r.line
    ) f WHERE t.line = f.line
"""
# A row that points at one which itself points on follows it.
_FOLLOWED = """
    WITH pointing AS MATERIALIZED (SELECT line, same_as FROM stretch WHERE same_as IS NOT NULL)
    UPDATE stretch t SET same_as = o.same_as FROM pointing o WHERE o.line = t.same_as
"""


# A stretch is of few people among many: with the costs of a spinning disk, which are the default, the planner would
# read whole tables for each.
_BY_INDEX = "SET LOCAL random_page_cost = 1.1"


def open_(file_id: int, first: int, last: int) -> None:
    """Fill `stretch` with the sound rows of these lines, each with the supporter whom its address and a compatible
    name name, or with the first row of these lines that is the same unknown person.

    Uses staged_once, event_mailbox and contact_point_address.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BY_INDEX)
        cursor.execute("DROP TABLE IF EXISTS stretch")
        cursor.execute(_OPEN, [file_id, first, last])
        cursor.execute("ANALYZE stretch (line, folded, mailbox, supporter_id)")
        cursor.execute(_KNOWN)
        cursor.execute(_REPEATED)
        pointing = cursor.rowcount
        while pointing:
            cursor.execute(_FOLLOWED)
            pointing = cursor.rowcount


def close() -> None:
    """Drop the table before the transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE stretch")
