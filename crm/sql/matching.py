"""Statements that merge and link supporters who share an address and a compatible name."""

from __future__ import annotations

from django.db import connection

from crm.sql.people import compatible

_LOCK = 6_019_270_412  # advisory lock: one run of matching at a time
RULE = "same address, compatible name"

# Rows out: pairs of canonical supporters (one < other) with one address. An inbox of several readers joins nobody
# without both full names. Uses address_key_narrow.
_PAIRS = f"""
    SELECT DISTINCT s.id AS one, s.organisation_id AS one_organisation,
                    o.id AS other, o.organisation_id AS other_organisation
    FROM crm_addresskey k
    JOIN crm_addresskey l ON l.address_key = k.address_key AND l.contact_point_id <> k.contact_point_id
    JOIN crm_contactpoint kp ON kp.id = k.contact_point_id
    JOIN crm_contactpoint lp ON lp.id = l.contact_point_id
    JOIN crm_supporter ks ON ks.id = kp.supporter_id
    JOIN crm_supporter ls ON ls.id = lp.supporter_id
    JOIN crm_supporter s ON s.id = ks.canonical_id
    JOIN crm_supporter o ON o.id = ls.canonical_id
    WHERE {compatible("s", "o")}
      AND (kp.kind <> 3 OR (cardinality(s.name_forms) > 0 AND s.last_fold <> ''
                            AND cardinality(o.name_forms) > 0 AND o.last_fold <> ''))
"""


def one_at_a_time() -> None:
    """Wait for another run of matching to end, and keep others waiting until this transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def merge_within() -> list[int]:
    """Merge the duplicates inside each organisation into the oldest; give the canonical ids that grew.

    A pass merges only into supporters that are not themselves merged in it, so a chain takes several.
    """
    kept: list[int] = []
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"""
                WITH pair AS MATERIALIZED ({_PAIRS} AND o.organisation_id = s.organisation_id AND s.id < o.id),
                step AS MATERIALIZED (
                    SELECT other, min(one) AS one, min(one_organisation) AS organisation_id FROM pair
                    WHERE one NOT IN (SELECT other FROM pair) GROUP BY other
                ), moved AS (
                    UPDATE crm_supporter s SET canonical_id = step.one FROM step
                    WHERE s.canonical_id = step.other RETURNING step.one, step.other, step.organisation_id, s.id
                )
                INSERT INTO crm_merge (public_id, organisation_id, kept_id, moved, rule, merged_at)
                SELECT gen_random_uuid(), organisation_id, one, array_agg(id), %s, now()
                FROM moved GROUP BY one, other, organisation_id RETURNING kept_id
                """,
                [RULE],
            )
            found = [row[0] for row in cursor.fetchall()]
            if not found:
                return kept
            kept += found


def link_across(one_organisation: int, other_organisation: int) -> tuple[int, int]:
    """Link supporters of two organisations that are one person beyond doubt.

    Gives how many pairs were linked, and how many are left for a person to decide because
    either side has more than one candidate, or is linked to somebody else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE match_pair ON COMMIT DROP AS
            WITH pair AS (
                {_PAIRS} AND s.organisation_id = %s AND o.organisation_id = %s
            ), counted AS (
                SELECT *, count(*) OVER (PARTITION BY one) + count(*) OVER (PARTITION BY other) AS candidates FROM pair
            )
            SELECT c.one, c.other, candidates = 2 AND (lo.person_id IS NULL OR lt.person_id IS NULL) AS is_clear,
                   coalesce(lo.person_id, lt.person_id,
                       nextval(pg_get_serial_sequence('crm_person', 'id'))) AS person_id
            FROM counted c
            LEFT JOIN crm_link lo ON lo.supporter_id = c.one
            LEFT JOIN crm_link lt ON lt.supporter_id = c.other
            WHERE lo.person_id IS DISTINCT FROM lt.person_id OR lo.person_id IS NULL
            """,
            [one_organisation, other_organisation],
        )
        cursor.execute(
            """
            INSERT INTO crm_person (id, public_id)
            SELECT person_id, gen_random_uuid() FROM match_pair WHERE is_clear ON CONFLICT (id) DO NOTHING
            """
        )
        cursor.execute(
            """
            INSERT INTO crm_link (supporter_id, organisation_id, person_id, rule, created_at)
            SELECT one, %(one)s, person_id, %(rule)s, now() FROM match_pair WHERE is_clear
            UNION ALL
            SELECT other, %(other)s, person_id, %(rule)s, now() FROM match_pair WHERE is_clear
            ON CONFLICT DO NOTHING
            """,
            {"rule": RULE, "one": one_organisation, "other": other_organisation},
        )
        cursor.execute(
            "SELECT count(*) FILTER (WHERE is_clear), count(*) FILTER (WHERE NOT is_clear) FROM match_pair"
        )
        linked, unclear = cursor.fetchone()
        cursor.execute("DROP TABLE match_pair")
    return int(linked), int(unclear)
