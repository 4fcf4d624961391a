"""Puts back, after a restored backup, what was refused since (docs/how-to/restore-a-backup.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.services import backups
from mailings.services import restoring


class Command(BaseCommand):
    """`replay_suppressions [--without-journal]`: safe to repeat."""

    help = "Write the refusals, erasures and restrictions that the journal knows of, so that mail may go out again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the admin's word that the journal is lost."""
        parser.add_argument("--without-journal", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Put back, and count."""
        try:
            with transaction.atomic():
                halted = restoring.halt()
                done = backups.replay(without_journal=options["without_journal"])
        except backups.JournalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.refusals:>9,}  refusals put back")
        self.stdout.write(f"{done.erasures:>9,}  erasures done again")
        self.stdout.write(f"{done.flags:>9,}  restrictions and deaths put back")
        self.stdout.write(f"{halted:>9,}  messages marked that may have been sent since the backup")
        self.stdout.write("The database is as new as the journal. Mail may go out.")
