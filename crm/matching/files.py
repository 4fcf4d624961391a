"""The engine on plain CSV files: columns by name in, pairs out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm.matching import blocking, columns, pairs
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
    paths = [left] if right is None else [left, right]
    for number, path in enumerate(paths):
        read(connection, path, f"file_{number}")
    union = " UNION ALL ".join(
        f"SELECT *, {number == len(paths) - 1} AS is_new, {number} AS issuer FROM file_{number}"
        for number in range(len(paths))
    )
    connection.execute(
        f"CREATE TABLE listed AS SELECT row_number() OVER () AS unique_id, * FROM ({union})"
    )
    columns.compare_forms(connection, "listed")
    try:
        model = model or learn(connection, both=right is not None)
    except TooLittle as error:
        raise BadFile(f"{error} Give a model with --model, or files with more columns.") from error
    pairs.score(connection, model, blocking.WITHIN if right is None else blocking.OLD_WITH_NEW)
    if right is None:
        pairs.close(connection)
    target = str(out).replace("'", "''")
    connection.execute(
        f"""
        COPY (
            SELECT l.id AS left_id, r.id AS right_id, round(probability, 6) AS probability,
                   round(match_weight, 3) AS match_weight, tier
            FROM pair JOIN listed l ON l.unique_id = pair.left_id JOIN listed r ON r.unique_id = pair.right_id
            ORDER BY pair.match_weight DESC, pair.left_id, pair.right_id
        ) TO '{target}' (HEADER)
        """
    )
    tiers = dict(connection.execute("SELECT tier, count(*) FROM pair GROUP BY tier").fetchall())
    return Outcome(count(connection), tiers.get("certain", 0), tiers.get("possible", 0), model)


def read(connection: duckdb.DuckDBPyConnection, path: Path, table: str) -> None:
    """Read a CSV file as text into a table with id and all of columns.COLUMNS.

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
            f"CREATE TABLE {table} AS SELECT {unique} AS id, {taken} FROM {source}",
            [str(path)],
        )
    except duckdb.Error as error:
        raise BadFile(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from error
    twice = connection.execute(
        f"SELECT id FROM {table} GROUP BY id HAVING count(*) > 1 OR id IS NULL LIMIT 1"
    ).fetchall()
    if twice:
        raise BadFile(
            f"{path} has the id {twice[0][0] or '(empty)'} on more than one row: give each row an id of its own."
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
