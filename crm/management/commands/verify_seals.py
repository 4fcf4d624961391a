"""Proves that no event of the ledger was changed, added or taken away since it was sealed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.services import seals


class Command(BaseCommand):
    """`verify_seals`: compares every seal with the events that it covers."""

    help = "Compare every seal with the events that it covers; fails where one does not agree."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many seals agree, or which do not."""
        verdict = seals.verify()
        for through, fault in verdict.broken:
            self.stderr.write(f"The seal through event {through}: {fault}.")
        if verdict.broken:
            raise CommandError(
                f"{len(verdict.broken)} of {verdict.seals} seals do not agree with the ledger."
            )
        self.stdout.write(
            f"All {verdict.seals} seals agree with the ledger. "
            f"The last, through event {verdict.through}: {verdict.digest or 'none yet'}"
        )
