"""The engine on plain CSV files: columns by name in, pairs out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.matching import columns, pairs
from crm.matching.model import Model, TooLittle, count, learn


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: rows read, pairs written by tier, and what the model could not learn."""

    rows: int
    certain: int
    possible: int
    model: Model


class BadFile(Exception):
    """A file that cannot be matched; the message says what is wrong, where, and what to do."""


def match(left: Path, right: Path | None, out: Path, model: Model | None = None) -> Outcome:
    """Match one file within itself, or two with each other, and write `out` as CSV.

    Its columns are left_id, right_id, probability, match_weight and tier. Without a model, one is learnt from the
    files themselves. What does not fit into memory lies in a folder of its own, which is deleted at the end.
    Raises BadFile for a file that cannot be used, and for too little to learn from.
    """
    with tempfile.TemporaryDirectory() as overflow:
        with duckdb.connect(
            config={"threads": 2, "memory_limit": "1500MB", "temp_directory": overflow}
        ) as connection:
            return _match(connection, left, right, out, model)


def _match(
    connection: duckdb.DuckDBPyConnection,
    left: Path,
    right: Path | None,
    out: Path,
    model: Model | None,
) -> Outcome:
    tables = []
    for name, path in (("left_rows", left), ("right_rows", right)):
        if path is not None:
            read(connection, path, f"{name}_raw")
            columns.compare_forms(connection, f"{name}_raw", name)
            tables.append(name)
    pairs.add_keys(connection, tables)
    try:
        model = model or learn(connection, tables)
    except TooLittle as error:
        raise BadFile(f"{error} Give a model with --model, or files with more columns.") from error
    pairs.score(connection, tables, model)
    target = str(out).replace("'", "''")
    connection.execute(
        f"""
        COPY (
            SELECT left_id, right_id, round(probability, 6) AS probability,
                   round(match_weight, 3) AS match_weight, tier
            FROM pair ORDER BY pair.match_weight DESC, left_id, right_id
        ) TO '{target}' (HEADER)
        """
    )
    tiers = dict(connection.execute("SELECT tier, count(*) FROM pair GROUP BY tier").fetchall())
    rows = count(connection, tables)
    return Outcome(rows, tiers.get("certain", 0), tiers.get("possible", 0), model)


def read(connection: duckdb.DuckDBPyConnection, path: Path, table: str) -> None:
    """Read a CSV file as text into a table with unique_id and all of columns.COLUMNS.

    Without a column `id` the rows are numbered from 1. Raises BadFile when the file is missing, has none of the
    columns, or repeats an id.
    """
    if not path.is_file():
        raise BadFile(f"There is no file {path}: check the name.")
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline()
    separator = max(",;\t", key=head.count)
    source = (
        f"read_csv(?, header = true, all_varchar = true, null_padding = true, delim = '{separator}', "
        "quote = '\"', escape = '\"')"
    )
    try:
        heads = [
            row[0]
            for row in connection.execute(
                f"DESCRIBE SELECT * FROM {source}", [str(path)]
            ).fetchall()
        ]
        found = {head.strip().lower(): head for head in heads}
        if not set(columns.COLUMNS) & set(found):
            raise BadFile(
                f"{path} has none of the columns that can be compared. Name them in the first line: "
                f"id, {', '.join(columns.COLUMNS)}."
            )
        taken = ", ".join(
            f"{_quoted(found[column])} AS {column}"
            if column in found
            else f"NULL::VARCHAR AS {column}"
            for column in columns.COLUMNS
        )
        unique = _quoted(found["id"]) if "id" in found else "(row_number() OVER ())::VARCHAR"
        connection.execute(
            f"CREATE TABLE {table} AS SELECT {unique} AS unique_id, {taken} FROM {source}",
            [str(path)],
        )
    except duckdb.Error as error:
        raise BadFile(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from error
    twice = connection.execute(
        f"SELECT unique_id FROM {table} GROUP BY unique_id HAVING count(*) > 1 OR unique_id IS NULL LIMIT 1"
    ).fetchall()
    if twice:
        raise BadFile(
            f"{path} has the id {twice[0][0] or '(empty)'} on more than one row: give each row an id of its own."
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
