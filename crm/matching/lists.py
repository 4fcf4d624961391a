"""The engine on the organisations' lists: supporters and their contact points in, pairs with their evidence out.

Each organisation's list is scored as if there were no other, since its staff see the figures: how rare a name is and
who else reads an inbox must tell nothing of another's list (house rule 4). Pairs across two are scored apart.
"""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import duckdb

from crm.matching import columns, pairs, prepared, rules
from crm.matching.blocking import ACROSS, WITHIN
from crm.matching.model import Model, learn

SUPPORTERS = {
    "id": "BIGINT",
    "canonical_id": "BIGINT",
    "organisation_id": "SMALLINT",
    "first_name": "VARCHAR",
    "last_name": "VARCHAR",
    "postcode": "VARCHAR",
    "external_id": "VARCHAR",
}
POINTS = {"supporter_id": "BIGINT", "channel": "SMALLINT", "folded": "VARCHAR"}
TICKETS = {"supporter_id": "BIGINT", "ticket": "BIGINT", "compares": "BOOLEAN"}
CHANGED = {"supporter_id": "BIGINT"}
# Tiers as the lists keep them (crm.models.Tier), one for pairs that are nothing to ask about but must not be joined
# through a third, and the ends of a comparison in a word.
CERTAIN, POSSIBLE, HOUSEHOLD, APART = 1, 2, 3, 4
SAME, ALIKE, DIFFERENT = "same", "alike", "different"
_ENTRY = "CREATE OR REPLACE VIEW entry AS SELECT * EXCLUDE (layer, supporter_id) FROM everyone"


class Found(NamedTuple):
    """What a run found: the file of pairs, the files of a layer of whom it prepared, and the layers that stay below it.

    The file has no head: the two canonical ids, the tier, the probability, the match weight, the evidence as JSON,
    what held the pair back as an array of PostgreSQL, and whether both are of one organisation.
    """

    pairs: Path
    layer: list[Path]
    stay: list[int]


def match(folder: Path, model: Model) -> Found:
    """Compare the new supporters with all others, and give the pairs that are certain or possible.

    `folder` holds supporters.csv, points.csv, tickets.csv and changed.csv, without heads, with the columns above, and
    the layers of whom these do not name (crm/matching/prepared.py). A supporter who was merged is in them beside the
    canonical one; new is who has a ticket that says so.
    """
    pairs_file, layer = folder / "pairs.csv", folder / "layer"
    with opened(folder) as connection:
        stay = prepared.write(connection, folder, layer)
        has_new = dict(
            connection.execute(
                "SELECT issuer, bool_or(is_new) FROM everyone WHERE issuer IS NOT NULL GROUP BY issuer ORDER BY issuer"
            ).fetchall()
        )
        scopes: list[tuple[tuple[int, ...], str]] = [((one,), WITHIN) for one in has_new]
        scopes += [(pair, ACROSS) for pair in combinations(has_new, 2)]
        for issuers, which in scopes:
            if any(has_new[issuer] for issuer in issuers):
                _score(connection, model, issuers, which)
        _write(connection, pairs_file)
    return Found(pairs_file, list(layer.iterdir()), stay)


def _score(
    connection: duckdb.DuckDBPyConnection, model: Model, issuers: tuple[int, ...], which: str
) -> None:
    """Add to the table `known` the pairs of these organisations' people, as if there were no other list."""
    among = ", ".join(map(str, issuers))
    connection.execute(f"{_ENTRY} WHERE issuer IN ({among})")
    pairs.score(connection, model, which, explained=True)
    facts = ", ".join(_fact(name) for name in model.compared)
    households = ", ".join(f"'{name}'" for name in rules.OF_HOUSEHOLDS)
    connection.execute(
        f"""
        INSERT INTO known
        SELECT l.supporter_id, r.supporter_id, p.probability, p.match_weight,
               CASE WHEN p.tier = 'certain' THEN {CERTAIN}
                    WHEN list_has_any(j.guards, [{households}]) THEN {HOUSEHOLD} ELSE {POSSIBLE} END,
               j.guards, {which == WITHIN}, list_filter([{facts}], lambda fact: fact IS NOT NULL),
               p.match_weight - j.match_weight
        FROM pair p JOIN judged j USING (left_id, right_id)
        JOIN whose l ON l.unique_id = p.left_id JOIN whose r ON r.unique_id = p.right_id
        WHERE l.supporter_id <> r.supporter_id
        """
    )
    if which == WITHIN:
        connection.execute(
            f"""
            INSERT INTO known
            WITH joined AS (
                SELECT unnest([left_id, right_id]) AS unique_id FROM pair WHERE tier = 'certain'
            )
            SELECT l.supporter_id, r.supporter_id, 0, 0, {APART}, j.guards, true, [], 0
            FROM judged j ANTI JOIN pair p USING (left_id, right_id)
            JOIN whose l ON l.unique_id = j.left_id JOIN whose r ON r.unique_id = j.right_id
            WHERE j.guards <> [] AND j.left_id IN (FROM joined) AND j.right_id IN (FROM joined)
            """
        )


def train(folder: Path) -> Model:
    """Learn a model from the lists. Raises TooLittle where there is not enough to learn from."""
    with opened(folder) as connection:
        connection.execute(f"{_ENTRY} WHERE issuer IS NOT NULL")
        return learn(connection, both=False)


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Give a database with the table `everyone` of what is in `folder`, in the forms in which it is compared."""
    overflow = tempfile.mkdtemp(dir=folder)
    connection = duckdb.connect(
        config={"threads": 2, "memory_limit": "1200MB", "temp_directory": overflow}
    )
    for name, kinds in (
        ("supporters", SUPPORTERS),
        ("points", POINTS),
        ("tickets", TICKETS),
        ("changed", CHANGED),
    ):
        listed = ", ".join(f"'{column}': '{kind}'" for column, kind in kinds.items())
        connection.execute(
            f"CREATE VIEW {name} AS FROM read_csv(?, header = false, columns = {{{listed}}}, quote = '\"', "
            "escape = '\"', delim = ',', auto_detect = false)".replace(
                "?", f"'{folder / name}.csv'"
            )
        )
    # Each supporter has a row with an address and a telephone; what more they have comes on rows beside it.
    connection.execute(
        """
        CREATE TABLE listed AS
        WITH reached AS (
            SELECT s.canonical_id AS who, p.channel, p.folded FROM points p JOIN supporters s ON s.id = p.supporter_id
        ), first AS (
            SELECT who, min(folded) FILTER (channel = 1) AS email, min(folded) FILTER (channel = 2) AS phone,
                   max(folded) FILTER (channel = 1) AS other_email, max(folded) FILTER (channel = 2) AS other_phone
            FROM reached GROUP BY who
        ), several AS (FROM first WHERE email <> other_email OR phone <> other_phone), row_of AS (
            SELECT who, email, phone, who AS unique_id FROM first
            UNION ALL
            SELECT who, CASE WHEN channel = 1 THEN folded END, CASE WHEN channel = 2 THEN folded END,
                   -(hash(who, channel, folded) >> 2)::BIGINT
            FROM (SELECT DISTINCT who, r.channel, r.folded FROM reached r JOIN several s USING (who)
                  WHERE r.folded <> CASE WHEN r.channel = 1 THEN s.email ELSE s.phone END)
        ), fresh AS (
            SELECT DISTINCT s.canonical_id AS who FROM supporters s JOIN tickets t ON t.supporter_id = s.id
        )
        SELECT coalesce(r.unique_id, s.id) AS unique_id, s.id AS supporter_id, s.organisation_id AS issuer,
               f.who IS NOT NULL AS is_new,
               s.first_name, s.last_name, r.email, r.phone, s.postcode, s.external_id AS membership_number,
               NULL::VARCHAR AS street_number, NULL::VARCHAR AS address_line_1, NULL::VARCHAR AS address_line_2,
               NULL::VARCHAR AS town, NULL::VARCHAR AS state, NULL::VARCHAR AS date_of_birth
        FROM supporters s LEFT JOIN fresh f ON f.who = s.id LEFT JOIN row_of r ON r.who = s.id
        WHERE s.id = s.canonical_id
        """
    )
    columns.compare_forms(connection, "listed")
    connection.execute("ALTER TABLE entry RENAME TO formed")
    connection.execute(
        "CREATE TABLE entry AS SELECT f.*, l.supporter_id FROM formed f JOIN listed l USING (unique_id)"
    )
    connection.execute("DROP TABLE formed")
    connection.execute("DROP TABLE listed")
    prepared.join(connection, folder)
    connection.execute(
        "CREATE VIEW whose AS SELECT unique_id, supporter_id FROM everyone WHERE issuer IS NOT NULL"
    )
    connection.execute(
        """
        CREATE TABLE known (one BIGINT, other BIGINT, probability DOUBLE, match_weight DOUBLE, tier TINYINT,
            guards VARCHAR[], is_within BOOLEAN,
            facts STRUCT(comparison VARCHAR, "level" VARCHAR, words VARCHAR, weight DOUBLE)[], held DOUBLE)
        """
    )
    return connection


def _write(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    words = " ".join(
        f"WHEN '{name}' THEN '{said.replace(chr(39), chr(39) * 2)}'"
        for name, (said, _) in rules.GUARDS.items()
    )
    connection.execute(
        f"""
        COPY (
            WITH best AS (
                SELECT * REPLACE (list_transform(guards, lambda guard: CASE guard {words} END) AS guards) FROM known
                QUALIFY row_number() OVER (PARTITION BY least(one, other), greatest(one, other)
                                           ORDER BY tier, match_weight DESC, held) = 1
            )
            SELECT one, other, tier, round(probability, 6), round(match_weight, 2),
                   to_json(CASE WHEN guards = [] THEN facts ELSE list_append(facts, {{
                       'comparison': 'Held back', 'level': '{DIFFERENT}',
                       'words': 'It is for people to say: ' || list_aggregate(guards, 'string_agg', ', ') || '.',
                       'weight': round(held, 2)}}) END),
                   '{{' || coalesce(list_aggregate(list_transform(guards, lambda guard: '"' || guard || '"'),
                                                 'string_agg', ','), '') || '}}', is_within
            FROM best
        ) TO '{out}' (HEADER false)
        """
    )


def _fact(name: str) -> str:
    """Give the SQL of what a comparison said of a pair, or null where it knew nothing."""
    levels = rules.COMPARISONS[name][1]
    top = len(levels) - 1
    words = " ".join(
        f"WHEN {top - place} THEN '{said[0].upper()}{said[1:]}.'"
        for place, (said, *_) in enumerate(levels)
    )
    rare = f" + coalesce(mw_tf_adj_{name}, 0)" if any(lev[4] for lev in levels) else ""
    return (
        f"CASE WHEN g_{name} >= 0 THEN {{'comparison': '{name.replace('_', ' ').capitalize()}', "
        f"'level': CASE g_{name} WHEN {top} THEN '{SAME}' WHEN 0 THEN '{DIFFERENT}' ELSE '{ALIKE}' END, "
        f"'words': CASE g_{name} {words} END, 'weight': round(mw_{name}{rare}, 2)}} END"
    )
