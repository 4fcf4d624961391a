"""From ready rows and a model to scored pairs in two tiers."""

from __future__ import annotations

import copy
import logging

import duckdb
from splink import DuckDBAPI, Linker
from splink.clustering import cluster_pairwise_predictions_at_threshold

from crm.matching import rules
from crm.matching.model import Model, count


def add_keys(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    """Add to each table the keys by which its rows are looked up; a value that too many rows share is left out."""
    for name, (expression, most) in rules.KEYS.items():
        union = " UNION ALL ".join(f"SELECT {expression} AS value FROM {table}" for table in tables)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE shared_{name} AS SELECT value FROM ({union}) WHERE value IS NOT NULL "
            f"GROUP BY value HAVING count(*) BETWEEN 2 AND {most}"
        )
    for column in ("email", "phone"):
        union = " UNION ALL ".join(
            f"SELECT {column} AS value, first_name, last_name, name_forms FROM {table} "
            f"WHERE {column} IS NOT NULL AND len(first_name) > 1"
            for table in tables
        )
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE many_{column} AS
            WITH ends AS (
                SELECT value, min(first_name) AS one, max(first_name) AS other,
                       arg_min(name_forms, first_name) AS one_forms, arg_max(name_forms, first_name) AS other_forms,
                       arg_min(last_name, first_name) AS one_last, arg_max(last_name, first_name) AS other_last
                FROM ({union}) GROUP BY value HAVING min(first_name) <> max(first_name)
            )
            SELECT value FROM ends WHERE {rules.READERS}
            """
        )
    for table in tables:
        values = ", ".join(f"s_{name}.value AS key_{name}" for name in rules.KEYS)
        joins = " ".join(
            f"LEFT JOIN shared_{name} s_{name} ON s_{name}.value = ({expression})"
            for name, (expression, _) in rules.KEYS.items()
        )
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE {table} AS
            SELECT r.*, {values}, e.value IS NOT NULL OR coalesce({rules.FAMILY}, false) AS email_shared,
                   t.value IS NOT NULL AS phone_shared, coalesce(starts_with(phone, '+447'), false) AS is_mobile
            FROM {table} r {joins}
            LEFT JOIN many_email e ON e.value = email LEFT JOIN many_phone t ON t.value = phone
            """
        )


def score(connection: duckdb.DuckDBPyConnection, tables: list[str], model: Model) -> None:
    """Make the table `pair`: left_id, right_id, probability, match_weight, tier.

    With one table, the pairs of its clusters, each once with the smaller id at the left; with two, pairs of a row
    of each. Ids are compared as text.
    """
    learnt = copy.deepcopy(model.settings)
    prior = (
        learnt["probability_two_random_records_match"]
        * model.rows
        / max(count(connection, tables), 1)
    )
    learnt["probability_two_random_records_match"] = min(max(prior, 1e-9), 0.5)
    learnt["link_type"] = "dedupe_only" if len(tables) == 1 else "link_only"
    database = DuckDBAPI(connection)
    frames = [database.register(table, dataset_display_name=f"score_{table}") for table in tables]
    linker = Linker(frames, learnt, log_level=logging.ERROR, validate_settings=False)
    for comparison in learnt["comparisons"]:
        for level in comparison["comparison_levels"]:
            if column := level.get("tf_adjustment_column"):
                linker.table_management.compute_tf_table(column)
    if len(tables) == 1:
        scored = linker.inference.predict_within(
            frames[0], link_type="dedupe_only", threshold_match_probability=0.01
        )
    else:
        scored = linker.inference.predict_between(*frames, threshold_match_probability=0.01)
    _judge(connection, scored.physical_name, model)
    if len(tables) == 1:
        _close(connection, database, tables[0])


def _judge(connection: duckdb.DuckDBPyConnection, scored: str, model: Model) -> None:
    """Hold back what a guard names, and tell the certain from the possible."""
    places = ", ".join(
        f"gamma_{name} AS g_{name}" if name in model.compared else f"-1 AS g_{name}"
        for name in rules.COMPARISONS
    )
    have = {row[0] for row in connection.execute(f"DESCRIBE {scored}").fetchall()}
    needed = ("first_name", "last_name", "date_of_birth")
    absent = ", ".join(
        f"NULL::VARCHAR AS {column}_{side}"
        for column in needed
        for side in "lr"
        if f"{column}_{side}" not in have
    )
    lifted = rules.OF_HOUSEHOLDS if model.households < rules.HOUSEHOLDS else ()
    guarded = " OR ".join(
        f"coalesce({condition}, false)"
        for name, (_, condition) in rules.GUARDS.items()
        if name not in lifted
    )
    weight = f"log2({rules.HELD} / (1 - {rules.HELD}))"
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE judged AS
        WITH placed AS (SELECT *, {places} {", " + absent if absent else ""} FROM {scored})
        SELECT *, unique_id_l AS left_id, unique_id_r AS right_id, {guarded} AS is_held FROM placed
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE pair AS
        SELECT left_id, right_id,
               CASE WHEN is_held THEN least(match_probability, {rules.HELD}) ELSE match_probability END AS probability,
               CASE WHEN is_held THEN least(match_weight, {weight}) ELSE match_weight END AS match_weight,
               CASE WHEN NOT is_held AND match_probability >= {rules.CERTAIN} AND {rules.CERTAINLY}
                    THEN 'certain' ELSE 'possible' END AS tier
        FROM judged
        WHERE match_probability >= {rules.POSSIBLE}
        """
    )


def _close(connection: duckdb.DuckDBPyConnection, database: DuckDBAPI, table: str) -> None:
    """Add the pairs that follow from others of a cluster: as likely as the weakest pair that holds it together.

    A pair that a guard held stays held, however the two hang together through others.
    """
    nodes = database.register(table, dataset_display_name="nodes")
    connection.execute(
        f"CREATE OR REPLACE TABLE edge AS SELECT left_id AS unique_id_l, right_id AS unique_id_r, "
        f"probability AS match_probability FROM pair WHERE probability >= {rules.JOINED}"
    )
    edges = database.register("edge", dataset_display_name="edges")
    clusters = cluster_pairwise_predictions_at_threshold(
        nodes, edges, database, "unique_id", threshold_match_probability=rules.JOINED
    )
    connection.execute(
        f"""
        INSERT INTO pair
        WITH member AS (SELECT cluster_id, unique_id FROM {clusters.physical_name}),
        weakest AS (
            SELECT m.cluster_id, min(p.probability) AS probability, min(p.match_weight) AS match_weight
            FROM pair p JOIN member m ON m.unique_id = p.left_id JOIN member o ON o.unique_id = p.right_id
            WHERE p.probability >= {rules.JOINED} AND m.cluster_id = o.cluster_id GROUP BY m.cluster_id
        )
        SELECT a.unique_id, b.unique_id, w.probability, w.match_weight, 'possible'
        FROM member a JOIN member b ON a.cluster_id = b.cluster_id AND a.unique_id < b.unique_id
        JOIN weakest w ON w.cluster_id = a.cluster_id
        WHERE NOT EXISTS (SELECT 1 FROM pair p WHERE p.probability >= {rules.JOINED}
                          AND p.left_id = a.unique_id AND p.right_id = b.unique_id)
          AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.is_held
                          AND j.left_id IN (a.unique_id, b.unique_id) AND j.right_id IN (a.unique_id, b.unique_id))
        """
    )
    connection.execute(
        "CREATE OR REPLACE TABLE pair AS SELECT left_id, right_id, max(probability) AS probability, "
        "max(match_weight) AS match_weight, min(tier) AS tier FROM pair GROUP BY left_id, right_id"
    )
