"""Finds duplicates within each organisation and one person's entries across them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.matching.model import Model
from crm.services import match_lists


class Command(BaseCommand):
    """`match [--model FILE] [--or-nothing] [--json]`."""

    help = (
        "Compare whoever is new or changed with everybody: join the clear duplicates of each list, link the clear "
        "pairs across lists, and leave the others to people."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the model, and the form of the answer."""
        parser.add_argument(
            "--model",
            type=Path,
            help="a saved model; without it the one in use, or the shipped one",
        )
        parser.add_argument(
            "--or-nothing", action="store_true", help="do nothing while another run is under way"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Match, and count."""
        try:
            model = Model.from_json(options["model"].read_text()) if options["model"] else None
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        matched = match_lists.match_lists(model, waits=not options["or_nothing"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(matched)))
            return
        self.stdout.write(f"{matched.merged:>9,}  merged within an organisation")
        self.stdout.write(f"{matched.linked:>9,}  linked across organisations")
        self.stdout.write(f"{matched.left_for_review:>9,}  pairs left for a person to decide")
