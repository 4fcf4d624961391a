"""Reads mail that came back: bounces, spam reports, and people who write *stop*."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mailings.services import returned


class Command(BaseCommand):
    """`read_returned_mail`: reads the mailboxes of COALESCE_RETURNS once, as a worker does every minute."""

    help = "Read the mailboxes of COALESCE_RETURNS: bounces, spam reports and stops."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many mails of each kind were read."""
        counted = returned.read_all()
        words = {
            "reports": "bounces and spam reports",
            "stops": "people who ask for no more mail",
            "people": "mails for a person to read, left where they are",
            "unclear": "mails put aside, each with a sentence that says why",
        }
        for kind, what in words.items():
            self.stdout.write(f"{counted.get(kind, 0)} {what}.")
