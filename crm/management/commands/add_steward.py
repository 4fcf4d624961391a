"""Makes the account of a data steward, who works for no organisation."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from crm import wall
from crm.services import organisations, steward


class Command(BaseCommand):
    """`add_steward EMAIL [--name …] [--password-stdin]`."""

    help = "Make the account of a data steward: it sees links across organisations, masked, and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the person."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="Read the password instead."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account."""
        try:
            with wall.scope("platform"):
                user = steward.add_steward(email=options["email"], name=options["name"])
                if options["password_stdin"]:
                    user.set_password(sys.stdin.readline().strip())
                    user.save()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.email}: data steward.")
        if not user.has_usable_password():
            uid, token = organisations.invitation_path(user=user)
            path = reverse("accept-invitation", args=[uid, token])
            self.stdout.write(f"They choose a password here: {settings.BASE_URL}{path}")
