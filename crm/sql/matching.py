"""Statements that merge and link supporters who share an address and a compatible name, and that keep scored pairs.

What people decided of a pair, no run of matching changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from crm.sql.people import compatible

_LOCK = 6_019_270_412  # advisory lock: one run of matching at a time
RULE = "same address, compatible name"

# Rows out: pairs of canonical supporters with one address. Uses address_key_narrow.
_ONE_ADDRESS = """
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
"""
# An inbox of several readers joins nobody without both full names.
_PAIRS = f"""
    {_ONE_ADDRESS}
    WHERE {compatible("s", "o")}
      AND (kp.kind <> 3 OR (cardinality(s.name_forms) > 0 AND s.last_fold <> ''
                            AND cardinality(o.name_forms) > 0 AND o.last_fold <> ''))
"""
_MOST_OF_A_HOUSEHOLD = 4  # entries that read one inbox; more of them are a school or an office
_HOUSEHOLDS = f"""
    {_ONE_ADDRESS}
    WHERE s.organisation_id = o.organisation_id AND s.id < o.id AND kp.kind <> 3 AND NOT {compatible("s", "o")}
      AND (SELECT count(*) FROM crm_addresskey r
           WHERE r.address_key = k.address_key AND r.organisation_id = k.organisation_id) <= {_MOST_OF_A_HOUSEHOLD}
"""
_ONE_INBOX = """[{"comparison": "Email", "level": "same", "words": "Both have the same email address.", "weight": 0},
                {"comparison": "Name", "level": "different", "words": "Their names differ.", "weight": 0}]"""
# Rows out: pairs of one full name and one postcode that share no address. Uses supporter_area.
_NAMESAKES = f"""
    SELECT s.id AS one, s.organisation_id AS one_organisation, o.id AS other
    FROM crm_supporter s JOIN crm_supporter o
        ON o.organisation_id = s.organisation_id AND o.postcode_fold = s.postcode_fold AND o.last_fold = s.last_fold
    WHERE s.id < o.id AND s.id = s.canonical_id AND o.id = o.canonical_id
      AND length(s.postcode_fold) > 4 AND s.last_fold <> ''
      AND cardinality(s.name_forms) > 0 AND cardinality(o.name_forms) > 0 AND {compatible("s", "o")}
      AND s.erased_at IS NULL AND o.erased_at IS NULL
"""
_ONE_NAME = """[{"comparison": "Name", "level": "same", "words": "The names may be one person’s.", "weight": 0},
               {"comparison": "Postcode", "level": "same", "words": "Both have the same postcode.", "weight": 0}]"""
# Rows out: pairs (lo < hi) of canonical supporters of whom people decided something, or took a decision back.
_DECIDED = """
    SELECT least(a.canonical_id, b.canonical_id) AS lo, greatest(a.canonical_id, b.canonical_id) AS hi
    FROM crm_match m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
    WHERE (m.decision IS NOT NULL OR m.undone_at IS NOT NULL) AND a.canonical_id <> b.canonical_id
"""
_DECIDED_ACROSS = """
    SELECT a.canonical_id AS lo, b.canonical_id AS hi
    FROM crm_sharedmatch m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
    WHERE m.decision IS NOT NULL OR m.undone_at IS NOT NULL
"""


def one_at_a_time() -> None:
    """Wait for another run of matching to end, and keep others waiting until this transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def merge_within() -> list[int]:
    """Merge the duplicates inside each organisation into the oldest; give the canonical ids that grew.

    A pass merges only into supporters that are not themselves merged in it, so a chain takes several. Two whom people
    hold apart are not joined through a third.
    """
    kept: list[int] = []
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"""
                WITH decided AS MATERIALIZED ({_DECIDED}), pair AS MATERIALIZED (
                    {_PAIRS} AND o.organisation_id = s.organisation_id AND s.id < o.id
                    AND (s.id, o.id) NOT IN (SELECT lo, hi FROM decided)
                ), found AS MATERIALIZED (
                    SELECT other, min(one) AS one, min(one_organisation) AS organisation_id FROM pair
                    WHERE one NOT IN (SELECT other FROM pair) GROUP BY other
                ), step AS MATERIALIZED (
                    SELECT f.* FROM found f WHERE NOT EXISTS (
                        SELECT FROM found e JOIN decided d ON d.lo = e.other AND d.hi = f.other WHERE e.one = f.one)
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


def ask() -> int:
    """Ask people about pairs inside each organisation that only they can decide; give how many are new.

    One address and two names may be a household, or one person under another name; one name at one postcode may be
    one person with two addresses, or parent and child. Nothing joins either by itself.
    """
    new = 0
    with connection.cursor() as cursor:
        for pairs, tier, probability, weight, evidence, guard in (
            (_HOUSEHOLDS, 3, 0.1, -3.2, _ONE_INBOX, "two names"),
            (_NAMESAKES, 2, 0.8, 2.0, _ONE_NAME, "no address in common"),
        ):
            cursor.execute(
                f"""
                INSERT INTO crm_match (public_id, organisation_id, one_id, other_id, tier, probability, match_weight,
                                       evidence, guards, model_id, found_at)
                SELECT gen_random_uuid(), one_organisation, one, other, %s, %s, %s, %s, ARRAY[%s], 'exact', now()
                FROM ({pairs}) p WHERE (one, other) NOT IN (SELECT lo, hi FROM ({_DECIDED}) d)
                ON CONFLICT DO NOTHING
                """,
                [tier, probability, weight, evidence, guard],
            )
            new += cursor.rowcount
    return new


def link_across(one_organisation: int, other_organisation: int) -> tuple[int, int]:
    """Link supporters of two organisations that are one person beyond doubt.

    `one_organisation` has the lower id. Gives how many pairs were linked, and how many are left for a person to
    decide because either side has more than one candidate, or is linked to somebody else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE match_pair ON COMMIT DROP AS
            WITH pair AS (
                {_PAIRS} AND s.organisation_id = %s AND o.organisation_id = %s
                AND (s.id, o.id) NOT IN ({_DECIDED_ACROSS})
            ), counted AS (
                SELECT *, count(*) OVER (PARTITION BY one) + count(*) OVER (PARTITION BY other) AS candidates FROM pair
            ), known AS MATERIALIZED (
                SELECT s.canonical_id AS who, min(l.person_id) AS person_id
                FROM crm_link l JOIN crm_supporter s ON s.id = l.supporter_id GROUP BY 1
            )
            SELECT c.one, c.other,
                   candidates = 2 AND (lo.person_id IS NULL OR lt.person_id IS NULL) AND NOT EXISTS (
                       SELECT FROM crm_link l WHERE l.person_id = coalesce(lo.person_id, lt.person_id)
                         AND l.organisation_id = CASE WHEN lo.person_id IS NULL THEN c.one_organisation
                                                      ELSE c.other_organisation END) AS is_clear,
                   coalesce(lo.person_id, lt.person_id,
                       nextval(pg_get_serial_sequence('crm_person', 'id'))) AS person_id
            FROM counted c
            LEFT JOIN known lo ON lo.who = c.one
            LEFT JOIN known lt ON lt.who = c.other
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
        cursor.execute(
            """
            INSERT INTO crm_sharedmatch (public_id, one_id, one_organisation_id, other_id, other_organisation_id, tier,
                                         probability, match_weight, evidence, guards, model_id, found_at)
            SELECT gen_random_uuid(), one, %s, other, %s, 2, 0.5, 0, '[]', ARRAY['several candidates'], 'exact', now()
            FROM match_pair WHERE NOT is_clear ON CONFLICT DO NOTHING
            """,
            [one_organisation, other_organisation],
        )
        cursor.execute("DROP TABLE match_pair")
    return int(linked), int(unclear)


# A pair of ids, the tier, the probability, the match weight, the evidence as JSON, and the names of the guards.
Row = tuple[int, int, int, float, float, str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of scored pairs: new in the queue, scored anew, and decided already, which stay as they are."""

    new: int
    rescored: int
    decided: int


# Rows in: `scored`. Rows out: each pair once, as the canonical entries are now, by the best score.
_PAIR_OF = """
    SELECT DISTINCT ON (a.canonical_id, b.canonical_id)
           a.canonical_id AS one, a.organisation_id AS one_organisation,
           b.canonical_id AS other, b.organisation_id AS other_organisation,
           t.tier, t.probability, t.match_weight, t.evidence, t.guards
    FROM (SELECT *, one AS x, other AS y FROM scored UNION ALL SELECT *, other, one FROM scored) t
    JOIN crm_supporter a ON a.id = t.x JOIN crm_supporter b ON b.id = t.y
    WHERE a.erased_at IS NULL AND b.erased_at IS NULL AND a.canonical_id <> b.canonical_id AND {sides}
    ORDER BY a.canonical_id, b.canonical_id, t.match_weight DESC
"""
_KEEP = """
    INSERT INTO {table} (public_id, {columns}, tier, probability, match_weight, evidence, guards, model_id, found_at)
    SELECT gen_random_uuid(), {values}, tier, probability, match_weight, evidence, guards, %(model)s, now()
    FROM ({pairs}) p WHERE (one, other) NOT IN (SELECT lo, hi FROM ({decided}) d)
    ON CONFLICT ({key}) DO UPDATE
        SET tier = EXCLUDED.tier, probability = EXCLUDED.probability, match_weight = EXCLUDED.match_weight,
            evidence = EXCLUDED.evidence, guards = EXCLUDED.guards, model_id = EXCLUDED.model_id,
            found_at = EXCLUDED.found_at
        WHERE {table}.decision IS NULL
    RETURNING xmax = 0
"""
_WITHIN = _KEEP.format(
    table="crm_match",
    columns="organisation_id, one_id, other_id",
    values="one_organisation, one, other",
    key="organisation_id, one_id, other_id",
    pairs=_PAIR_OF.format(
        sides="a.organisation_id = b.organisation_id AND a.canonical_id < b.canonical_id"
    ),
    decided=_DECIDED,
)
_ACROSS = _KEEP.format(
    table="crm_sharedmatch",
    columns="one_id, one_organisation_id, other_id, other_organisation_id",
    values="one, one_organisation, other, other_organisation",
    key="one_id, other_id",
    pairs=_PAIR_OF.format(sides="a.organisation_id < b.organisation_id"),
    decided=_DECIDED_ACROSS,
)


def store(rows: Iterable[Row], *, model_id: str) -> Stored:
    """Keep scored pairs for people to decide, in two statements however many they are. Platform scope.

    Pairs in either order, of one organisation or of two; what is erased or one person by now is passed over. A pair
    of which people decided anything keeps its decision and its score.
    """
    count = 0
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS scored")
        cursor.execute(
            """
            CREATE TEMPORARY TABLE scored (one bigint, other bigint, tier smallint, probability float8,
                match_weight float8, evidence jsonb, guards text[]) ON COMMIT DROP
            """
        )
        with cursor.copy("COPY scored FROM STDIN") as copy:
            for one, other, tier, probability, weight, evidence, guards in rows:
                copy.write_row((one, other, tier, probability, weight, evidence, list(guards)))
                count += 1
        cursor.execute("ANALYZE scored")
        kept: list[bool] = []
        for statement in (_WITHIN, _ACROSS):
            cursor.execute(statement, {"model": model_id})
            kept += [is_new for (is_new,) in cursor.fetchall()]
        cursor.execute("DROP TABLE scored")
    new = sum(kept)
    return Stored(new=new, rescored=len(kept) - new, decided=count - len(kept))
