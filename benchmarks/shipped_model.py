"""Makes the model that is shipped: learnt from invented lists, for lists that are yet too small to learn from."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import supporters
from crm.matching import files
from crm.matching.model import SHIPPED


def run(arguments: list[str]) -> dict[str, Any]:
    """Write crm/matching/model.json anew, from 100,000 entries of a seed that no measure uses."""
    argparse.ArgumentParser(prog="bin/bench shipped_model").parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        supporters.write(folder, base=67_000, new=33_000, seed=1)
        together = folder / "all.csv"
        new = (folder / "new.csv").read_text().split("\n", 1)[1]
        together.write_text((folder / "base.csv").read_text() + new)
        model = files.match(together, None, folder / "pairs.csv").model
    if model.untrained:
        raise SystemExit(f"Not learnt: {model.untrained}.")
    SHIPPED.write_text(model.to_json() + "\n")
    return {"rows": model.rows, "weights": len(model.weights())}
