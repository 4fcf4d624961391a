"""Matches one CSV file, or two, with GoldenMatch as it configures itself: `_goldenmatch.py TRUTH LEFT [RIGHT]`.

In a venv of its own. The column `id` is hidden; its clusters are taken apart into pairs, of which only those between
two files count where there are two. `TRUTH` is JSON: a list of pairs of ids. Prints F1 and seconds as JSON.
"""

from __future__ import annotations

import itertools
import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import goldenmatch  # type: ignore[import-not-found]
import pyarrow
from pyarrow import csv

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


def main(truth: Path, paths: list[Path]) -> dict[str, float]:
    """Match, and compare with the truth."""
    tables = [_read(path) for path in paths]
    rows = pyarrow.concat_tables(tables)
    ids = rows.column("id").to_pylist()
    of_file = [number for number, table in enumerate(tables) for _ in range(table.num_rows)]
    begun = time.perf_counter()
    result = goldenmatch.dedupe_df(rows.drop_columns(["id"]))
    seconds = time.perf_counter() - begun
    found = {
        frozenset((ids[one], ids[other]))
        for cluster in result.clusters.values()
        for one, other in itertools.combinations(cluster["members"], 2)
        if len(paths) == 1 or of_file[one] != of_file[other]
    }
    true = {frozenset(pair) for pair in json.loads(truth.read_text())}
    f1 = 2 * len(found & true) / (len(found) + len(true))
    return {"f1": round(f1, 5), "seconds": round(seconds, 1)}


def _read(path: Path) -> Any:
    with path.open() as file:
        names = file.readline().strip().split(",")
    as_text = csv.ConvertOptions(
        column_types={name: pyarrow.string() for name in names}, strings_can_be_null=True
    )
    return csv.read_csv(path, convert_options=as_text)


if __name__ == "__main__":
    figures = main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    print(json.dumps(figures))
