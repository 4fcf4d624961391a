"""Says what people's decisions about possible duplicates show about the scores, and exports them for tuning."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from crm import wall
from crm.services import labels
from crm.services.labels import Label


class Command(BaseCommand):
    """`match_labels [--json] [--out FILE.jsonl]`."""

    help = "Show how often each score was right, by people's decisions, and propose thresholds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the answer, and where to write the decisions."""
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--out",
            help="write each decided pair with its scores, as a line of JSON; it names nobody",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the decisions, and tell."""
        with wall.scope("platform"):
            found = labels.all_labels()
        if options["out"]:
            _write(Path(options["out"]), found)
        whose = sorted({label.organisation for label in found})
        told = {code: [label for label in found if label.organisation == code] for code in whose}
        if len(whose) > 1:
            told["all"] = found
        if options["json"]:
            self.stdout.write(json.dumps({code: _facts(of) for code, of in told.items()}))
            return
        if not found:
            self.stdout.write("No pair with a score has been decided yet.")
        for code, of in told.items():
            self._tell(code, of)

    def _tell(self, code: str, of: list[Label]) -> None:
        self.stdout.write(f"\n{code}: {len(of)} decided")
        self.stdout.write("  probability   decided   one person   at least")
        for at in labels.precision(of):
            self.stdout.write(
                f"  {at.threshold:>8} and up {at.decided:>6}   {at.share:>10.1%}   {at.at_least:>8.1%}"
            )
        proposal = labels.propose(of)
        for what, threshold in (("certain", proposal.certain), ("possible", proposal.possible)):
            words = f"{threshold} and up" if threshold else "too few decisions to say"
            self.stdout.write(f"  proposed for {what}: {words}")
        self.stdout.write("  Only pairs that people were asked about are among these.")


def _facts(of: list[Label]) -> dict[str, Any]:
    return {
        "decided": len(of),
        "precision": [
            asdict(at) | {"share": at.share, "at_least": at.at_least} for at in labels.precision(of)
        ],
        "proposed": asdict(labels.propose(of)),
    }


def _write(path: Path, found: list[Label]) -> None:
    lines = (json.dumps(asdict(label), default=str) for label in found)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
