"""Finds duplicates within each organisation and one person's entries across them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from crm.services import matching


class Command(BaseCommand):
    """`match [--json]`."""

    help = "Merge the certain duplicates of each list, and link the certain pairs across lists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Match, and count."""
        matched = matching.match_lists()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(matched)))
            return
        self.stdout.write(f"{matched.merged:>9,}  merged within an organisation")
        self.stdout.write(f"{matched.linked:>9,}  linked across organisations")
        self.stdout.write(f"{matched.left_for_review:>9,}  pairs left for a person to decide")
