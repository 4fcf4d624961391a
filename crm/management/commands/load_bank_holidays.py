"""Adds the bank holidays of a file, so that nothing falls due on them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import wall
from crm.models import BankHoliday

KNOWN = Path(__file__).resolve().parents[2] / "holidays.json"


class Command(BaseCommand):
    """`load_bank_holidays [FILE]`: safe to repeat."""

    help = "Add the bank holidays of a JSON file of dates and names; by default those that come with Coalesce."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", nargs="?", type=Path, default=KNOWN)

    def handle(self, *args: Any, **options: Any) -> None:
        """Add, and count. A date that cannot be read stops it with a sentence, and nothing is added."""
        try:
            found = json.loads(options["file"].read_text(encoding="utf-8"))
            days = [
                BankHoliday(day=date.fromisoformat(day), name=name) for day, name in found.items()
            ]
        except (OSError, ValueError, AttributeError) as error:
            raise CommandError(
                f'{options["file"]} is not a file such as {{"2029-01-01": "New Year’s Day"}}: {error}'
            ) from error
        with wall.scope("platform"):
            BankHoliday.objects.bulk_create(
                days, update_conflicts=True, unique_fields=["day"], update_fields=["name"]
            )
        self.stdout.write(f"{len(days)} bank holidays, the last on {max(row.day for row in days)}.")
