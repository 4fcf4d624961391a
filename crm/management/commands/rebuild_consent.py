"""Derives every permission afresh from the events."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import wall
from crm.sql import fold


class Command(BaseCommand):
    """`rebuild_consent [--check]`."""

    help = "Derive every consent state from the events; with --check only compare, and fail on any difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to compare only."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, or compare."""
        with wall.scope("platform"):
            if not options["check"]:
                self.stdout.write(f"{fold.rebuild():,} states derived from the events.")
                return
            different = fold.differences()
        if different:
            raise CommandError(
                f"{different:,} states differ from what the events say. Run rebuild_consent without --check."
            )
        self.stdout.write("Every state is what the events say.")
