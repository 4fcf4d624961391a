"""How well and how fast rows of plain files are matched: FEBRL 2, 3 and 4, with two peers in the same run.

The peers are recordlinkage's ECM and GoldenMatch as it configures itself, each in a venv of its own.

Nothing is tuned for a set, and the identity number is hidden. With one file, the pairs of its clusters count; with two,
no knowledge is used that each row has one partner at most. Then invented lists of supporters, of three seeds. `--left`,
`--right` and `--truth` (JSON: a list of pairs of ids) measure files of your own instead.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import _venvs, supporters
from crm.matching import files, rules

SEEDS = (101, 102, 103)  # looked at by nobody who tuned anything
REVIEWED = 20  # pairs in 1,000 new rows that people may be asked about


def run(arguments: list[str]) -> dict[str, Any]:
    """Match each set, and give precision, recall and F1 at 0.9, of the certain tier, and after people looked."""
    parser = argparse.ArgumentParser(prog="bin/bench matching")
    parser.add_argument("--left", type=Path)
    parser.add_argument("--right", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        peers: dict[str, Any] = {}
        if options.left and options.truth:
            figures = {"own": _measure(options.left, options.right, options.truth, folder)}
        else:
            peers["recordlinkage_ecm"] = json.loads(_run("matching", "_febrl", folder))
            peers["goldenmatch"] = {}
            figures = {}
            for name in peers["recordlinkage_ecm"]:
                lists = sorted(folder.glob(f"{name}_*.csv"))
                _beside(figures, peers["goldenmatch"], name, lists, folder / f"{name}.json")
            for seed in SEEDS:
                supporters.write(folder, base=67_000, new=33_000, seed=seed)
                name, lists = f"supporters_{seed}", [folder / "base.csv", folder / "new.csv"]
                _beside(figures, peers["goldenmatch"], name, lists, folder / "truth.json")
    if not options.json:
        for name, figure in figures.items():
            others = {peer: found.get(name) for peer, found in peers.items()}
            print(f"{name}: {figure}; {others}")
    return {"settings": rules.digest(), "sets": figures, **peers}


def _beside(
    figures: dict[str, Any], peer: dict[str, Any], name: str, lists: list[Path], truth: Path
) -> None:
    """Measure one set, with GoldenMatch beside it."""
    figures[name] = _measure(lists[0], lists[1] if len(lists) > 1 else None, truth, truth.parent)
    peer[name] = json.loads(_run("goldenmatch", "_goldenmatch", truth, *lists))


def _measure(left: Path, right: Path | None, truth: Path, folder: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    files.match(left, right, folder / "pairs.csv")
    seconds = time.perf_counter() - begun
    true = {frozenset(pair) for pair in json.loads(truth.read_text())}
    with (folder / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    at = {
        frozenset((row["left_id"], row["right_id"]))
        for row in rows
        if float(row["probability"]) >= rules.JOINED
    }
    certain = {
        frozenset((row["left_id"], row["right_id"])) for row in rows if row["tier"] == "certain"
    }
    # The pairs of which the engine is least sure, answered truthfully.
    unsure = sorted(
        (row for row in rows if row["tier"] != "certain"),
        key=lambda row: abs(float(row["match_weight"])),
    )
    asked = {
        frozenset((row["left_id"], row["right_id"]))
        for row in unsure[: _rows_of(right or left) * REVIEWED // 1000]
    }
    reviewed = (at - asked) | (asked & true)
    return {
        "precision": round(len(at & true) / max(len(at), 1), 5),
        "recall": round(len(at & true) / max(len(true), 1), 5),
        "f1": round(2 * len(at & true) / max(len(at) + len(true), 1), 5),
        "certain_precision": round(len(certain & true) / max(len(certain), 1), 5),
        "certain_recall": round(len(certain & true) / max(len(true), 1), 5),
        "possible": len(rows) - len(certain),
        "f1_reviewed": round(2 * len(reviewed & true) / max(len(reviewed) + len(true), 1), 5),
        "seconds": round(seconds, 1),
    }


def _rows_of(path: Path) -> int:
    with path.open(newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _run(lock: str, program: str, *paths: Path) -> str:
    """Run a peer's program in a venv with what a lock file names; give what it prints."""
    here = str(Path(__file__).parent / f"{program}.py")
    command = [str(_venvs.python_with(lock)), here, *map(str, paths)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
