"""The trained model: learnt from rows by expectation and maximisation, and kept as JSON beside what it was learnt from.

The method is that of Fellegi and Sunter (1969), as Splink 5 does it. A model holds Splink's settings, the term
frequencies are taken anew from the rows at hand, and the prior is rescaled to their number when it is used.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, block_on

from crm.matching import rules

logging.getLogger("splink").setLevel(logging.ERROR)
logging.getLogger("sqlglot").setLevel(logging.ERROR)
SHIPPED = (
    Path(__file__).parent / "model.json"
)  # learnt from invented lists; `bin/bench shipped_model` makes it
SAMPLE = 1_000_000  # pairs, for how often two strangers agree
ENOUGH = 100  # rows, below which nothing is learnt
FEWEST = 20  # pairs that a block must hold to be learnt from


class TooLittle(Exception):
    """The rows do not hold enough to learn from; the message says what is missing."""


@dataclass(slots=True)
class Model:
    """What was learnt: Splink's settings, the rows it was learnt from, and the levels that none of them reached.

    `households` is the share of pairs of one home that are two people, as far as dates of birth tell.
    """

    settings: dict[str, Any]
    rows: int
    compared: list[str]
    households: float = 1.0
    untrained: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Give the model as a file."""
        return json.dumps(
            {
                "rules": rules.digest(),
                "rows": self.rows,
                "compared": self.compared,
                "households": self.households,
                "untrained": self.untrained,
                "settings": self.settings,
            },
            indent=1,
        )

    def weights(self) -> list[tuple[str, str, float]]:
        """Give each level as its comparison, its words and its match weight: log2 of m over u."""
        return [
            (
                comparison["output_column_name"],
                level["label_for_charts"],
                math.log2(level["m_probability"] / level["u_probability"]),
            )
            for comparison in self.settings["comparisons"]
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        ]

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read a model's file. Raises ValueError, a sentence, when it is none or was learnt under other settings."""
        try:
            kept = json.loads(text)
        except ValueError:
            kept = None
        if not isinstance(kept, dict) or "rules" not in kept:
            raise ValueError("This is no saved model: give the file that --save-model wrote.")
        if kept["rules"] != rules.digest():
            raise ValueError(
                "This model was learnt under other settings: learn it again without --model."
            )
        return cls(
            kept["settings"], kept["rows"], kept["compared"], kept["households"], kept["untrained"]
        )


def compared(connection: duckdb.DuckDBPyConnection, ready: str) -> list[str]:
    """Give the comparisons for which the table `ready` has values."""
    columns = sorted({column for needed, _ in rules.COMPARISONS.values() for column in needed})
    counts = connection.execute(
        f"SELECT {', '.join(f'count({c})' for c in columns)} FROM {ready}"
    ).fetchall()[0]
    filled = {column for column, count in zip(columns, counts, strict=True) if count}
    return [name for name, (needed, _) in rules.COMPARISONS.items() if needed[0] in filled]


def settings(names: list[str], link_type: str) -> dict[str, Any]:
    """Give Splink's settings for these comparisons, with what holds where nothing can be learnt."""
    return {
        "link_type": link_type,
        "unique_id_column_name": "unique_id",
        "comparisons": [_comparison(name) for name in names],
        "blocking_rules_to_generate_predictions": [
            "1 = 0"
        ],  # crm/matching/blocking.py looks pairs up
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": True,
    }


def _comparison(name: str) -> dict[str, Any]:
    needed, levels = rules.COMPARISONS[name]
    column = needed[0]
    unknown = f"{column}_l IS NULL OR {column}_r IS NULL"
    if name in rules.SAYS_NOTHING:
        unknown += f" OR ({rules.SAYS_NOTHING[name]})"
    made: list[dict[str, Any]] = [
        {
            "sql_condition": unknown,
            "is_null_level": True,
            "label_for_charts": "unknown",
        }
    ]
    for words, condition, m, u, by_rarity in levels:
        level = {
            "sql_condition": condition,
            "label_for_charts": words,
            "m_probability": m,
            "u_probability": u,
        }
        if by_rarity:
            level |= {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0}
        made.append(level)
    return {"output_column_name": name, "comparison_levels": made, "comparison_description": name}


def learn(connection: duckdb.DuckDBPyConnection, *, both: bool) -> Model:
    """Learn from the table `entry`: from all pairs, or with `both` from those of the base with the new.

    Raises TooLittle when fewer than two comparisons have values, or none by which two rows are surely one person.
    """
    tables = ["base_entry", "new_entry"] if both else ["entry"]
    connection.execute("CREATE OR REPLACE VIEW base_entry AS FROM entry WHERE NOT is_new")
    connection.execute("CREATE OR REPLACE VIEW new_entry AS FROM entry WHERE is_new")
    held = [set(compared(connection, table)) for table in tables]
    names = [name for name in rules.COMPARISONS if all(name in there for there in held)]
    if len(names) < 2:
        raise TooLittle("The lists have fewer than two columns in common that can be compared.")
    rows = count(connection)
    if rows < ENOUGH:
        stated = settings(names, "dedupe_only") | {
            "probability_two_random_records_match": 1 / max(rows, 2)
        }
        return Model(
            stated, rows, names, untrained=[f"anything, since there are fewer than {ENOUGH} rows"]
        )
    database = DuckDBAPI(connection)
    frames = [database.register(table, dataset_display_name=f"learn_{table}") for table in tables]
    linker = Linker(
        frames,
        settings(names, "dedupe_only" if len(tables) == 1 else "link_only"),
        log_level=logging.ERROR,
    )
    columns = {column for name in names for column in rules.COMPARISONS[name][0][:1]}
    sure = [block_on(*block) for block in rules.SURE if set(block) <= columns]
    if not sure:
        raise TooLittle(
            "The lists have no columns in common by which two rows are surely one person."
        )
    training = linker.training
    training.estimate_probability_two_random_records_match([*sure], recall=rules.SURE_SHARE)
    training.estimate_u_using_random_sampling(max_pairs=SAMPLE, seed=1)
    todo, used = set(names), 0
    for block in rules.LEARN_FROM:
        taught = {n for n in names if not set(rules.COMPARISONS[n][0]) & set(block)}
        if not set(block) <= columns or not taught or not (taught & todo or used < 2):
            continue
        if _shared(connection, tables, block) < FEWEST:
            continue
        training.estimate_parameters_using_expectation_maximisation(
            block_on(*block), max_pairs=1_000_000, estimate_without_term_frequencies=True
        )
        todo -= taught
        used += 1
    learnt = linker.misc.save_model_to_json(overwrite=True)
    return Model(learnt, rows, names, _households(connection, tables), _fill(learnt))


def count(connection: duckdb.DuckDBPyConnection) -> int:
    """Give how many rows the table `entry` holds."""
    return int(connection.execute("SELECT count(*) FROM entry").fetchall()[0][0])


def _shared(
    connection: duckdb.DuckDBPyConnection, tables: list[str], block: tuple[str, ...]
) -> int:
    """Give how many pairs agree in these columns, from the numbers of rows that share a value."""
    columns = ", ".join(block)
    known = " AND ".join(f"{column} IS NOT NULL" for column in block)
    left, right = (
        f"(SELECT {columns}, count(*) AS n FROM {table} WHERE {known} GROUP BY ALL)"
        for table in (tables[0], tables[-1])
    )
    pairs = "l.n * r.n" if len(tables) > 1 else "l.n * (l.n - 1) // 2"
    found = connection.execute(
        f"SELECT coalesce(sum({pairs}), 0) FROM {left} l JOIN {right} r USING ({columns})"
    ).fetchall()
    return int(found[0][0])


def _households(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> float:
    left, right = tables[0], tables[-1]
    apart = "true" if left != right else "l.unique_id < r.unique_id"
    pairs = " UNION ".join(
        f"SELECT l.unique_id, r.unique_id AS other, {rules.FAR_APART} AS is_far, "
        f"l.date_of_birth = r.date_of_birth AS is_one FROM {left} l JOIN {right} r ON {apart} AND "
        + " AND ".join(f"l.{column} = r.{column}" for column in home)
        + " WHERE l.first_name IS NOT NULL AND r.first_name IS NOT NULL "
        "AND l.date_of_birth IS NOT NULL AND r.date_of_birth IS NOT NULL"
        for home in rules.HOMES
    )
    seen, every, same = connection.execute(
        f"SELECT count(*) FILTER (is_one), avg(is_far::int), avg(is_far::int) FILTER (is_one) FROM ({pairs})"
    ).fetchall()[0]
    return float(every - same) if seen >= rules.HOMES_SEEN else 1.0


def _fill(learnt: dict[str, Any]) -> list[str]:
    """Put what the settings say where nothing was learnt, and name those places."""
    untrained = []
    for comparison in learnt["comparisons"]:
        name = comparison["output_column_name"]
        stated = {words: (m, u) for words, _, m, u, _ in rules.COMPARISONS[name][1]}
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            m, u = stated[level["label_for_charts"]]
            for key, value in (("m_probability", m), ("u_probability", u)):
                if not level.get(key):
                    level[key] = value
                    untrained.append(f"{name}: {level['label_for_charts']} ({key[0]})")
    return untrained
