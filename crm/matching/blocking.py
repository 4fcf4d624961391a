"""Which pairs are worth a look: rows that share a key of the settings, but for values that many rows share."""

from __future__ import annotations

import duckdb

from crm.matching import rules

# Which pairs are looked at, of a row `l` and a new row `r`.
WITHIN = "NOT l.is_new OR l.unique_id < r.unique_id"
OLD_WITH_NEW = "NOT l.is_new"
ACROSS = f"l.issuer <> r.issuer AND ({WITHIN})"


def block(connection: duckdb.DuckDBPyConnection, which: str) -> None:
    """Make the table `blocked` of the table `entry`: join_key_l, join_key_r, each pair once.

    Every pair has a new row at the right; `which` says which rows there are at its left. A pass over the entries for
    each key leaves those who share it with a new row; what is grouped and joined is then as much as these are.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE found (join_key_l BIGINT, join_key_r BIGINT)")
    for parts, most in rules.KEYS.values():
        known = " AND ".join(f"{part} IS NOT NULL" for part in parts)
        key = f"hash({', '.join(parts)})"
        connection.execute(
            f"""
            INSERT INTO found
            WITH of_entry AS (
                SELECT unique_id, is_new, issuer, {key} AS key FROM entry WHERE {known}
            ), keyed AS MATERIALIZED (
                FROM of_entry SEMI JOIN (SELECT key FROM of_entry WHERE is_new) USING (key)
            ), worth AS (
                SELECT key FROM keyed GROUP BY key HAVING count(*) BETWEEN 2 AND {most}
            ), short AS MATERIALIZED (SELECT * FROM keyed SEMI JOIN worth USING (key))
            SELECT l.unique_id, r.unique_id FROM short l JOIN short r USING (key) WHERE r.is_new AND ({which})
            """
        )
    connection.execute(
        "CREATE OR REPLACE TABLE blocked AS SELECT DISTINCT '0' AS match_key, join_key_l, join_key_r FROM found"
    )
    connection.execute("DROP TABLE found")
