"""Statements on the pairs that a run of matching scored: who is joined, who is linked, and what is left to people.

What people decided of a pair, no run of matching changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.db.backends.utils import CursorWrapper

RULE = "a clear match"


def _ends(*columns: str) -> str:
    """Give the joins of `scored` with the entries at both ends, `a` and `b`.

    OFFSET 0 keeps the planner to a look-up for each end: it would read all supporters.
    """
    of_end = f"SELECT {', '.join(columns)} FROM crm_supporter s WHERE s.id"
    return f"""
        CROSS JOIN LATERAL ({of_end} = t.one OFFSET 0) a CROSS JOIN LATERAL ({of_end} = t.other OFFSET 0) b
    """


# Rows out: pairs (lo < hi) of canonical supporters of whom people decided something, or took a decision back.
_DECIDED = """
    SELECT least(a.canonical_id, b.canonical_id) AS lo, greatest(a.canonical_id, b.canonical_id) AS hi
    FROM crm_match m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
    WHERE (m.decision IS NOT NULL OR m.undone_at IS NOT NULL) AND a.canonical_id <> b.canonical_id
"""
# Rows out: the same of whom a guard of this run holds apart, also through those they are merged with by now.
_HELD = f"""
    SELECT least(a.canonical_id, b.canonical_id), greatest(a.canonical_id, b.canonical_id)
    FROM scored t {_ends("canonical_id")}
    WHERE t.is_within AND t.guards <> '{{}}' AND a.canonical_id <> b.canonical_id
"""
_DECIDED_ACROSS = """
    SELECT a.canonical_id AS lo, b.canonical_id AS hi
    FROM crm_sharedmatch m JOIN crm_supporter a ON a.id = m.one_id JOIN crm_supporter b ON b.id = m.other_id
    WHERE m.decision IS NOT NULL OR m.undone_at IS NOT NULL
"""


# Rows in: `scored`. Rows out: each pair once, as the canonical entries are now, by the best score; the organisation of
# the lower id first, and inside one the older entry. `n` is the row of `scored`, whose evidence nothing here sorts.
_PAIRS = f"""
    SELECT DISTINCT ON (one, other) one, one_organisation, other, other_organisation, tier, guards, n
    FROM (
        SELECT CASE WHEN in_order THEN t.a ELSE t.b END AS one, CASE WHEN in_order THEN t.b ELSE t.a END AS other,
               least(oa, ob) AS one_organisation, greatest(oa, ob) AS other_organisation, tier, guards, match_weight, n
        FROM (
            SELECT a.canonical_id AS a, a.organisation_id AS oa, b.canonical_id AS b, b.organisation_id AS ob,
                   (a.organisation_id, a.canonical_id) < (b.organisation_id, b.canonical_id) AS in_order,
                   t.tier, t.guards, t.match_weight, t.n
            FROM scored t {_ends("canonical_id", "organisation_id", "erased_at")}
            WHERE a.erased_at IS NULL AND b.erased_at IS NULL AND a.canonical_id <> b.canonical_id AND {{which}}
        ) t
    ) p
    ORDER BY one, other, tier, match_weight DESC
"""

_TO_MERGE = "t.is_within AND t.tier = 1"
# Rows out: the person of whom each entry of `resolved_entry` is, as far as it is linked.
_LINKED = "SELECT e.who, l.person_id FROM resolved_entry e JOIN crm_link l ON l.supporter_id = e.id"


def take(pairs: Path) -> None:
    """Make the temporary table `scored` of the file that crm/matching/lists.py wrote.

    Without the pairs of those who changed since they were read: the next run sees them as they are.
    """
    with connection.cursor() as cursor:
        _make_scored(cursor)
        with (
            pairs.open("rb") as file,
            cursor.copy(f"COPY {_SCORED} FROM STDIN (FORMAT csv)") as copy,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        for side in ("one", "other"):  # each a join, however many have a ticket
            cursor.execute(
                f"DELETE FROM scored WHERE {side} IN (SELECT supporter_id FROM crm_unmatched)"
            )
        cursor.execute("ANALYZE scored")


_SCORED = "scored (one, other, tier, probability, match_weight, evidence, guards, is_within)"


def _make_scored(cursor: CursorWrapper) -> None:
    cursor.execute("DROP TABLE IF EXISTS scored")
    cursor.execute(
        """
        CREATE TEMPORARY TABLE scored (one bigint, other bigint, tier smallint, probability float8,
            match_weight float8, evidence jsonb, guards text[], is_within boolean,
            n integer GENERATED ALWAYS AS IDENTITY) ON COMMIT DROP
        """
    )


# What a pass of merging goes by, each in a table of its own so that the planner knows how many there are.
_PASS = {
    "decided": f"{_DECIDED} UNION {_HELD}",
    "pair": _PAIRS.format(which=_TO_MERGE),
    "clear": "SELECT * FROM pair WHERE NOT EXISTS (SELECT FROM decided WHERE lo = one AND hi = other)",
    "found": """
        SELECT other, min(one) AS one, min(one_organisation) AS organisation_id FROM clear
        WHERE NOT EXISTS (SELECT FROM clear earlier WHERE earlier.other = clear.one) GROUP BY other
    """,
    "step": """
        SELECT * FROM found WHERE NOT EXISTS (
            SELECT FROM decided d JOIN found e ON e.other = d.lo JOIN found f ON f.other = d.hi
            WHERE e.one = f.one AND f.other = found.other)
    """,
}
_MERGE = """
    WITH moving AS (
        SELECT one, other, organisation_id, other AS id FROM step
        UNION ALL
        SELECT one, other, step.organisation_id, m.id
        FROM step JOIN crm_supporter m ON m.canonical_id = other AND NOT m.id = m.canonical_id
    ), moved AS (
        UPDATE crm_supporter s SET canonical_id = one FROM moving
        WHERE s.id = moving.id AND s.canonical_id = other RETURNING one, other, moving.organisation_id, s.id
    )
    INSERT INTO crm_merge (public_id, organisation_id, kept_id, moved, rule, merged_at)
    SELECT gen_random_uuid(), organisation_id, one, array_agg(id), %s, now()
    FROM moved GROUP BY one, other, organisation_id RETURNING kept_id
"""


def merge_within() -> list[int]:
    """Merge the clear pairs inside each organisation into the oldest; give the canonical ids that grew.

    A pass merges only into supporters that are not themselves merged in it, so a chain takes several. Two whom people
    or a guard hold apart are not joined through a third. Uses supporter_merged.
    """
    kept: list[int] = []
    with connection.cursor() as cursor:
        while True:
            for table, rows in _PASS.items():
                cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {rows}")
                cursor.execute(f"ANALYZE {table}")
            cursor.execute(_MERGE, [RULE])
            found = [row[0] for row in cursor.fetchall()]
            cursor.execute(f"DROP TABLE {', '.join(_PASS)}")
            if not found:
                return kept
            kept += found


def resolve() -> None:
    """Make the temporary table `resolved` of `scored`: each pair once, as the entries stand after what was merged.

    Beside it `resolved_entry`, those of whom the pairs speak (`who`) with each entry joined in them (`id`), and
    `settled`, the pairs (`lo`, `hi`) of which people decided anything.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS resolved, resolved_entry, settled")
        cursor.execute(
            f"CREATE TEMPORARY TABLE resolved ON COMMIT DROP AS {_PAIRS.format(which='t.tier < 4')}"
        )
        cursor.execute("ANALYZE resolved")
        cursor.execute(
            """
            CREATE TEMPORARY TABLE resolved_entry ON COMMIT DROP AS
            WITH named AS (SELECT one AS who FROM resolved UNION SELECT other FROM resolved)
            SELECT who, who AS id FROM named
            UNION ALL
            SELECT who, m.id FROM named JOIN crm_supporter m ON m.canonical_id = who AND NOT m.id = m.canonical_id
            """
        )
        cursor.execute("ANALYZE resolved_entry")
        cursor.execute(
            f"CREATE TEMPORARY TABLE settled ON COMMIT DROP AS {_DECIDED} UNION {_DECIDED_ACROSS}"
        )
        cursor.execute("CREATE INDEX ON settled (lo, hi)")
        cursor.execute("ANALYZE settled")


def link_across(one_organisation: int, other_organisation: int) -> int:
    """Link supporters of two organisations that are one person beyond doubt; give how many pairs.

    `one_organisation` has the lower id. Where either side has more than one candidate, or is linked to somebody else,
    the pair is no longer clear: a person decides.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE match_pair ON COMMIT DROP AS
            WITH pair AS (
                SELECT * FROM resolved
                WHERE tier = 1 AND one_organisation = %s AND other_organisation = %s
                  AND NOT EXISTS (SELECT FROM settled WHERE lo = one AND hi = other)
            ), counted AS (
                SELECT *, count(*) OVER (PARTITION BY one) + count(*) OVER (PARTITION BY other) AS candidates FROM pair
            ), known AS MATERIALIZED (
                SELECT who, min(person_id) AS person_id FROM ({_LINKED}) l GROUP BY who
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
            """
            UPDATE resolved r SET tier = 2, guards = guards || ARRAY['several candidates']
            FROM match_pair m WHERE NOT m.is_clear AND r.one = m.one AND r.other = m.other
            """
        )
        cursor.execute("SELECT count(*) FROM match_pair WHERE is_clear")
        (linked,) = cursor.fetchone()
        cursor.execute("DROP TABLE match_pair")
    return int(linked)


# A pair of ids, the tier, the probability, the match weight, the evidence as JSON, and the names of the guards.
Row = tuple[int, int, int, float, float, str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of scored pairs: new in the queue, scored anew, and decided already, which stay as they are."""

    new: int
    rescored: int
    decided: int


_KEEP = """
    WITH linked AS MATERIALIZED ({linked})
    INSERT INTO {table} (public_id, {columns}, tier, probability, match_weight, evidence, guards, model_id, found_at)
    SELECT gen_random_uuid(), {columns}, p.tier, t.probability, t.match_weight, t.evidence, p.guards, %(model)s, now()
    FROM (SELECT one AS one_id, one_organisation AS one_organisation_id, one_organisation AS organisation_id,
                 other AS other_id, other_organisation AS other_organisation_id, tier, guards, n FROM resolved) p
    JOIN scored t USING (n)
    WHERE {sides} AND NOT EXISTS (SELECT FROM settled WHERE lo = one_id AND hi = other_id)
      AND NOT EXISTS (SELECT FROM linked x JOIN linked y USING (person_id) WHERE x.who = one_id AND y.who = other_id)
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
    key="organisation_id, one_id, other_id",
    sides="organisation_id = other_organisation_id",
    linked=_LINKED,
)
_ACROSS = _KEEP.format(
    table="crm_sharedmatch",
    columns="one_id, one_organisation_id, other_id, other_organisation_id",
    key="one_id, other_id",
    sides="one_organisation_id < other_organisation_id",
    linked=_LINKED,
)


def store(rows: Iterable[Row], *, model_id: str) -> Stored:
    """Keep these scored pairs for people to decide: a run without what it joins and links. Platform scope."""
    with connection.cursor() as cursor:
        _make_scored(cursor)
        with cursor.copy(f"COPY {_SCORED} FROM STDIN") as copy:
            for one, other, tier, probability, weight, evidence, guards in rows:
                copy.write_row(
                    (one, other, tier, probability, weight, evidence, list(guards), None)
                )
        cursor.execute("ANALYZE scored")
    resolve()
    return keep(model_id=model_id)


def keep(*, model_id: str) -> Stored:
    """Keep the pairs of `resolved` for people to decide, in two statements however many they are. Platform scope.

    Pairs in either order, of one organisation or of two; who is erased or one person by now is passed over. A pair
    of which people decided anything keeps its decision and its score.
    """
    kept: list[bool] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scored")
        (count,) = cursor.fetchone()
        for statement in (_WITHIN, _ACROSS):
            cursor.execute(statement, {"model": model_id})
            kept += [is_new for (is_new,) in cursor.fetchall()]
        cursor.execute("DROP TABLE scored, resolved, resolved_entry, settled")
    new = sum(kept)
    return Stored(new=new, rescored=len(kept) - new, decided=count - len(kept))
