"""The engine on the organisations' lists: supporters and their contact points in, pairs with their evidence out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from crm.matching import columns, pairs, rules
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
TICKETS = {"supporter_id": "BIGINT", "ticket": "BIGINT"}
# Tiers as the lists keep them (crm.models.Tier), and the ends of a comparison in a word.
CERTAIN, POSSIBLE, HOUSEHOLD = 1, 2, 3
SAME, ALIKE, DIFFERENT = "same", "alike", "different"


def match(folder: Path, model: Model) -> Path:
    """Compare the new supporters with all others, and give the file of pairs that are certain or possible.

    `folder` holds supporters.csv, points.csv and tickets.csv, without heads, with the columns above. A supporter who
    was merged is in it beside the canonical one; new is who has a ticket. The file of pairs has no head: the two
    canonical ids, the tier, the probability, the match weight, the evidence as JSON, and what held the pair back as an
    array of PostgreSQL.
    """
    pairs_file = folder / "pairs.csv"
    with _opened(folder) as connection:
        pairs.score(connection, model, within=True, explained=True)
        _write(connection, model, pairs_file)
    return pairs_file


def train(folder: Path) -> Model:
    """Learn a model from the lists. Raises TooLittle where there is not enough to learn from."""
    with _opened(folder) as connection:
        return learn(connection, both=False)


def _opened(folder: Path) -> duckdb.DuckDBPyConnection:
    overflow = tempfile.mkdtemp(dir=folder)
    connection = duckdb.connect(
        config={"threads": 2, "memory_limit": "1200MB", "temp_directory": overflow}
    )
    for name, kinds in (("supporters", SUPPORTERS), ("points", POINTS), ("tickets", TICKETS)):
        listed = ", ".join(f"'{column}': '{kind}'" for column, kind in kinds.items())
        connection.execute(
            f"CREATE VIEW {name} AS FROM read_csv(?, header = false, columns = {{{listed}}}, quote = '\"', "
            "escape = '\"', delim = ',', auto_detect = false)".replace(
                "?", f"'{folder / name}.csv'"
            )
        )
    # A supporter of several addresses has a row for each: the first with the first telephone, and so on.
    connection.execute(
        """
        CREATE TABLE listed AS
        WITH reached AS (
            SELECT DISTINCT s.canonical_id AS who, p.channel, p.folded
            FROM points p JOIN supporters s ON s.id = p.supporter_id
        ), placed AS (
            SELECT *, row_number() OVER (PARTITION BY who, channel ORDER BY folded) AS place FROM reached
        ), both_ways AS (
            SELECT who, e.folded AS email, t.folded AS phone
            FROM (FROM placed WHERE channel = 1) e FULL JOIN (FROM placed WHERE channel = 2) t USING (who, place)
        ), fresh AS (
            SELECT DISTINCT s.canonical_id AS who FROM supporters s JOIN tickets t ON t.supporter_id = s.id
        )
        SELECT row_number() OVER () AS unique_id, s.id AS supporter_id, s.organisation_id AS issuer,
               f.who IS NOT NULL AS is_new,
               s.first_name, s.last_name, b.email, b.phone, s.postcode, s.external_id AS membership_number,
               NULL::VARCHAR AS street_number, NULL::VARCHAR AS address_line_1, NULL::VARCHAR AS address_line_2,
               NULL::VARCHAR AS town, NULL::VARCHAR AS state, NULL::VARCHAR AS date_of_birth
        FROM supporters s LEFT JOIN fresh f ON f.who = s.id LEFT JOIN both_ways b ON b.who = s.id
        WHERE s.id = s.canonical_id
        """
    )
    columns.compare_forms(connection, "listed")
    connection.execute("CREATE TABLE whose AS SELECT unique_id, supporter_id, issuer FROM listed")
    connection.execute("DROP TABLE listed")
    return connection


def _write(connection: duckdb.DuckDBPyConnection, model: Model, out: Path) -> None:
    facts = ", ".join(_fact(name) for name in model.compared)
    words = " ".join(
        f"WHEN '{name}' THEN '{said.replace(chr(39), chr(39) * 2)}'"
        for name, (said, _) in rules.GUARDS.items()
    )
    households = ", ".join(f"'{name}'" for name in rules.OF_HOUSEHOLDS)
    connection.execute(
        f"""
        COPY (
            WITH known AS (
                SELECT l.supporter_id AS one, r.supporter_id AS other, p.probability, p.match_weight,
                       CASE WHEN p.tier = 'certain' THEN {CERTAIN}
                            WHEN list_has_any(j.guards, [{households}]) THEN {HOUSEHOLD} ELSE {POSSIBLE} END AS tier,
                       list_transform(j.guards, lambda guard: CASE guard {words} END) AS guards,
                       list_filter([{facts}], lambda fact: fact IS NOT NULL) AS facts,
                       p.match_weight - j.match_weight AS held
                FROM pair p JOIN judged j USING (left_id, right_id)
                JOIN whose l ON l.unique_id = p.left_id JOIN whose r ON r.unique_id = p.right_id
                WHERE l.supporter_id <> r.supporter_id
            ), best AS (
                SELECT * FROM known
                QUALIFY row_number() OVER (PARTITION BY least(one, other), greatest(one, other)
                                           ORDER BY tier, match_weight DESC) = 1
            )
            SELECT one, other, tier, round(probability, 6), round(match_weight, 2),
                   to_json(CASE WHEN guards = [] THEN facts ELSE list_append(facts, {{
                       'comparison': 'Held back', 'level': '{DIFFERENT}',
                       'words': 'It is for people to say: ' || list_aggregate(guards, 'string_agg', ', ') || '.',
                       'weight': round(held, 2)}}) END),
                   '{{' || coalesce(list_aggregate(list_transform(guards, lambda guard: '"' || guard || '"'),
                                                 'string_agg', ','), '') || '}}'
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
