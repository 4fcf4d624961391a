"""Finds the rows of plain CSV files that are one person, by the engine that matches the lists."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.matching import columns, files
from crm.matching.model import Model


class Command(BaseCommand):
    """`match_files LEFT.csv [RIGHT.csv] --out pairs.csv [--model FILE] [--save-model FILE] [--json]`."""

    help = (
        "Match one CSV file within itself, or two with each other, and write left_id, right_id, probability, "
        f"match_weight and tier. Columns by name, any of: id, {', '.join(columns.COLUMNS)}."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the files."""
        parser.add_argument("left", type=Path)
        parser.add_argument("right", type=Path, nargs="?")
        parser.add_argument("--out", type=Path, required=True, help="where to write the pairs")
        parser.add_argument(
            "--model", type=Path, help="a saved model; without it one is learnt from the files"
        )
        parser.add_argument(
            "--save-model", type=Path, help="where to keep the model that was learnt"
        )
        parser.add_argument("--json", action="store_true", help="answer with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Match, and say what was found."""
        try:
            model = Model.from_json(options["model"].read_text()) if options["model"] else None
            found = files.match(options["left"], options["right"], options["out"], model)
        except (files.BadFile, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        if options["save_model"]:
            options["save_model"].write_text(found.model.to_json())
        if options["json"]:
            figures = {"rows": found.rows, "certain": found.certain, "possible": found.possible}
            self.stdout.write(json.dumps(figures | {"untrained": found.model.untrained}))
            return
        self.stdout.write(f"{found.rows:>9,}  rows read")
        self.stdout.write(f"{found.certain:>9,}  pairs certain")
        self.stdout.write(f"{found.possible:>9,}  pairs possible")
        for place in found.model.untrained:
            self.stdout.write(
                f"Not learnt from these rows, so the settings' own figure holds: {place}."
            )
