"""Gives somebody a role in an organisation, and prints the link by which they choose a password."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from crm import wall
from crm.models import Membership, Organisation, User
from crm.services import organisations


class Command(BaseCommand):
    """`add_staff EMAIL --organisation CODE [--role admin] [--name …] [--password-stdin]`."""

    help = "Give somebody a role in an organisation. The first admin of an installation comes this way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the person and the role."""
        parser.add_argument("email")
        parser.add_argument("--organisation", required=True)
        parser.add_argument(
            "--role", choices=Membership.Role.values, default=Membership.Role.ORGANISER
        )
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="Read the password instead."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account if needed, and its role."""
        try:
            with wall.scope("platform"):
                organisation = Organisation.objects.get(code=options["organisation"])
                membership = organisations.invite(
                    organisation=organisation, email=options["email"], role=options["role"]
                )
                user = User.objects.get(pk=membership.user_id)
                user.name = options["name"] or user.name
                if options["password_stdin"]:
                    user.set_password(sys.stdin.readline().strip())
                user.save()
        except Organisation.DoesNotExist as error:
            raise CommandError(f"There is no organisation {options['organisation']}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"{user.email}: {membership.get_role_display().lower()} at {organisation.name}."
        )
        if not user.has_usable_password():
            uid, token = organisations.invitation_path(user=user)
            path = reverse("accept-invitation", args=[uid, token])
            self.stdout.write(f"They choose a password here: {settings.BASE_URL}{path}")
