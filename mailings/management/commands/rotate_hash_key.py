"""Rotates the secret of the address hashes, while no mail goes out (docs/how-to/rotate-the-hash-key.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from crm.services import rotation
from mailings.models import Campaign

PROPOSAL = """\
The stored hashes are under the newest link of COALESCE_HASH_KEY. Nothing was changed.

To rotate, put this value where COALESCE_HASH_KEY is kept, and into its backup:

COALESCE_HASH_KEY={value}

Then stop the web, the workers and their clock, and run this command again with the new value."""


class Command(BaseCommand):
    """`rotate_hash_key`: the first time it prints a longer chain, and with that in the environment it rotates."""

    help = "Hash every stored address hash once more, under the newest link of COALESCE_HASH_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what to set, or rotate, or say in a sentence why not."""
        try:
            if not rotation.is_due():
                self.stdout.write(PROPOSAL.format(value=rotation.longer_setting()))
                return
            counts = rotation.rotate(reason_to_wait=_mail_at_work)
        except rotation.RotationError as error:
            raise CommandError(str(error)) from error
        for table, rows in counts.items():
            self.stdout.write(f"{rows:>12,}  {table}")
        self.stdout.write(
            "Every hash is under the new link. Start all processes with the new value."
        )


def _mail_at_work() -> str:
    """Give a sentence if messages are going out, or are about to; their inboxes must keep their hashes."""
    at_work = Campaign.objects.filter(
        Q(state=Campaign.State.SENDING)
        | Q(state=Campaign.State.SCHEDULED, due_at__lte=timezone.now())
    )
    if not at_work.exists():
        return ""
    return "A campaign is being sent or is due. Wait until it is sent, or cancel it, and run this again."
