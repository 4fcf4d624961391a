"""From ready rows and a model to scored pairs in two tiers."""

from __future__ import annotations

import copy
import logging
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker
from splink.clustering import cluster_pairwise_predictions_at_threshold

from crm.matching import rules
from crm.matching.blocking import WITHIN, block
from crm.matching.model import Model, count


def score(
    connection: duckdb.DuckDBPyConnection, model: Model, which: str, *, explained: bool = False
) -> None:
    """Make the table `pair` of the table `entry`: left_id, right_id, probability, match_weight, tier.

    Every pair has a new entry at the right; `which` of the pairs are looked at, crm/matching/blocking.py says.
    `explained`: the table `judged` says beside each pair what each comparison weighed.
    """
    block(connection, which)
    learnt = copy.deepcopy(model.settings)
    rows = max(count(connection), 1)
    prior = learnt["probability_two_random_records_match"] * model.rows / rows
    learnt["probability_two_random_records_match"] = min(max(prior, 1e-9), 0.5)
    learnt["retain_intermediate_calculation_columns"] = explained
    for comparison in learnt["comparisons"]:
        for level in comparison["comparison_levels"]:
            if "tf_adjustment_weight" in level:
                level["tf_adjustment_weight"] = rows / (rows + rules.TOO_FEW_TO_BE_RARE)
    learnt["link_type"] = "dedupe_only"  # which pairs there are, the blocking has said
    # Splink gets the rows of the pairs alone, and how rare their values are among all.
    connection.execute(
        """
        CREATE OR REPLACE TABLE looked_at AS FROM entry
        SEMI JOIN (SELECT unnest([join_key_l, join_key_r]) AS unique_id FROM blocked) USING (unique_id)
        """
    )
    database = DuckDBAPI(connection)
    frame = database.register("looked_at", dataset_display_name="entries")
    linker = Linker(frame, learnt, log_level=logging.ERROR, validate_settings=False)
    tables = linker.table_management
    for column in _by_rarity(learnt):
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE rarity_{column} AS
            SELECT {column}, count(*) / sum(count(*)) OVER () AS tf_{column}
            FROM entry WHERE {column} IS NOT NULL GROUP BY {column}
            """
        )
        rarity = database.register(f"rarity_{column}", dataset_display_name=f"rarity_{column}")
        tables.register_term_frequency_lookup(rarity, column)
    tables.register_blocked_pairs_for_predict(
        database.register("blocked", dataset_display_name="blocked")
    )
    scored = linker.inference.predict(
        threshold_match_probability=rules.HEARD if which == WITHIN else rules.POSSIBLE,
        warning_mode="never",
    )
    _judge(connection, scored.physical_name, model)


def _by_rarity(learnt: dict[str, Any]) -> list[str]:
    """Give the columns of which a rare value weighs more."""
    found = {
        level["tf_adjustment_column"]
        for comparison in learnt["comparisons"]
        for level in comparison["comparison_levels"]
        if "tf_adjustment_column" in level
    }
    return sorted(found)


def _judge(connection: duckdb.DuckDBPyConnection, scored: str, model: Model) -> None:
    """Hold back what a guard names, and tell the certain from the possible."""
    have = {row[0] for row in connection.execute(f"DESCRIBE {scored}").fetchall()}
    places = [
        f"gamma_{name} AS g_{name}" if name in model.compared else f"-1 AS g_{name}"
        for name in rules.COMPARISONS
    ]
    absent = [
        f"NULL::VARCHAR AS {column}_{side}"
        for column in ("first_name", "last_name", "email", "phone")
        for side in "lr"
        if f"{column}_{side}" not in have
    ]
    lifted = rules.OF_HOUSEHOLDS if model.households < rules.HOUSEHOLDS else ()
    guards = ", ".join(
        f"CASE WHEN {condition} THEN '{name}' END"
        for name, (_, condition) in rules.GUARDS.items()
        if name not in lifted
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE placed AS SELECT {', '.join(['*', *places, *absent])} FROM {scored}"
    )
    for column in ("email", "phone"):
        _find_shared(connection, column)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE judged AS
        WITH known AS (
            SELECT p.*, e.value IS NOT NULL OR coalesce(contains(email_l, '{rules.FAMILY}'), false) AS email_shared,
                   t.value IS NOT NULL AS phone_shared
            FROM placed p LEFT JOIN many_email e ON e.value = p.email_l LEFT JOIN many_phone t ON t.value = p.phone_l
        )
        SELECT * EXCLUDE (unique_id_l, unique_id_r), unique_id_l AS left_id, unique_id_r AS right_id,
               list_filter([{guards}], lambda guard: guard IS NOT NULL) AS guards
        FROM known
        """
    )
    connection.execute("DROP TABLE placed")
    weight = f"log2({rules.HELD} / (1 - {rules.HELD}))"
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE pair AS
        SELECT left_id, right_id,
               CASE WHEN guards <> [] THEN least(match_probability, {rules.HELD}) ELSE match_probability END
                   AS probability,
               CASE WHEN guards <> [] THEN least(match_weight, {weight}) ELSE match_weight END AS match_weight,
               CASE WHEN guards = [] AND match_probability >= {rules.CERTAIN} AND {rules.CERTAINLY}
                    THEN 'certain' ELSE 'possible' END AS tier
        FROM judged
        WHERE match_probability >= {rules.POSSIBLE} AND NOT ({rules.HOUSEMATES})
        """
    )


def _find_shared(connection: duckdb.DuckDBPyConnection, column: str) -> None:
    """Make the table `many_<column>`: the values in which scored pairs agree, and which several people read."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE many_{column} AS
        WITH agreed AS (
            SELECT DISTINCT {column}_l AS {column} FROM placed WHERE {column}_l = {column}_r
        ), ends AS (
            SELECT {column} AS value, min(first_name) AS one, max(first_name) AS other,
                   arg_min(name_forms, first_name) AS one_forms, arg_max(name_forms, first_name) AS other_forms,
                   arg_min(last_name, first_name) AS one_last, arg_max(last_name, first_name) AS other_last
            FROM entry SEMI JOIN agreed USING ({column}) WHERE len(first_name) > 1
            GROUP BY {column} HAVING min(first_name) <> max(first_name)
        )
        SELECT value FROM ends WHERE {rules.READERS}
        """
    )


def close(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the pairs that follow from others of a cluster: as likely as the weakest pair that holds it together.

    A pair that a guard held stays held, however the two hang together through others.
    """
    database = DuckDBAPI(connection)
    connection.execute(
        f"CREATE OR REPLACE TABLE edge AS SELECT left_id AS unique_id_l, right_id AS unique_id_r, "
        f"probability AS match_probability FROM pair WHERE probability >= {rules.JOINED}"
    )
    clusters = cluster_pairwise_predictions_at_threshold(
        database.register("entry", dataset_display_name="nodes"),
        database.register("edge", dataset_display_name="edges"),
        database,
        "unique_id",
        threshold_match_probability=rules.JOINED,
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
          AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.guards <> []
                          AND j.left_id = a.unique_id AND j.right_id = b.unique_id)
        """
    )
    connection.execute(
        "CREATE OR REPLACE TABLE pair AS SELECT left_id, right_id, max(probability) AS probability, "
        "max(match_weight) AS match_weight, min(tier) AS tier FROM pair GROUP BY left_id, right_id"
    )
