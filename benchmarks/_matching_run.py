"""One run of matching in a process of its own; prints the seconds of each stage and the peak of memory.

`scored` is the part of `compared` that looks pairs up, weighs and judges them; the rest brings entries into form.

With `prepare` as argument, everybody with a ticket is prepared as a run leaves them, and compared with nobody.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import django
import duckdb
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
django.setup()

from crm import wall
from crm.matching import lists, pairs, prepared
from crm.matching.model import Model
from crm.services import match_lists
from crm.sql import prepared as sql
from crm.sql import unmatched

spent: dict[str, float] = {}
scored: list[float] = []
copy_lists, compare, score = unmatched.copy_lists, lists.match, pairs.score


def timed_copy(folder: Path, *, forms: str) -> None:
    """Read as ever, and keep the time."""
    begun = time.perf_counter()
    copy_lists(folder, forms=forms)
    spent["read"] = round(time.perf_counter() - begun, 1)


def timed_match(folder: Path, model: Model) -> lists.Found:
    """Compare as ever, and keep the time."""
    begun = time.perf_counter()
    found = compare(folder, model)
    spent["compared"] = round(time.perf_counter() - begun, 1)
    return found


def timed_score(
    connection: duckdb.DuckDBPyConnection, model: Model, which: str, *, explained: bool = False
) -> None:
    """Score as ever, and keep the time."""
    begun = time.perf_counter()
    score(connection, model, which, explained=explained)
    scored.append(time.perf_counter() - begun)


def prepare(folder: Path) -> None:
    """Leave of everybody what a run would leave that finds nothing."""
    with wall.scope("platform"):
        unmatched.copy_lists(folder, forms=prepared.FORMS)
    with lists.opened(folder) as everyone:
        stay = prepared.write(everyone, folder, folder / "layer")
    with transaction.atomic(), wall.scope("platform"):
        unmatched.see(folder / "tickets.csv")
        sql.store((folder / "layer").iterdir(), forms=prepared.FORMS, stay=stay)
        unmatched.forget()


if sys.argv[1:] == ["prepare"]:
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place))
    sys.exit()
unmatched.copy_lists, lists.match, pairs.score = timed_copy, timed_match, timed_score
begun = time.perf_counter()
matched = match_lists.match_lists()
whole = time.perf_counter() - begun
assert matched
spent["written"] = round(whole - sum(spent.values()), 1)
print(
    json.dumps(
        {
            "seconds": round(whole, 1),
            **spent,
            "scored": round(sum(scored), 1),
            "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            "merged": matched.merged,
            "linked": matched.linked,
            "left_for_review": matched.left_for_review,
        }
    )
)
