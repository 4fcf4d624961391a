"""Gives the preference link of an address, for somebody who has no email from us at hand."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from crm import tokens, wall
from crm.identity import addresses
from crm.models import ContactPoint, Organisation


class Command(BaseCommand):
    """`preference_link --organisation CODE --email ADDRESS [--one-click]`."""

    help = (
        "Print the link by which a supporter can lessen what an organisation sends to an address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the organisation and the address."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument(
            "--one-click", action="store_true", help="The address of the one-click POST."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link, or say that the organisation has no such address."""
        with wall.scope("platform"):
            organisation = Organisation.objects.filter(code=options["organisation"]).first()
            point = ContactPoint.objects.filter(
                organisation=organisation, folded=addresses.fold(options["email"]), channel=1
            ).first()
        if organisation is None or point is None:
            raise CommandError("This organisation has nobody with this address.")
        token = tokens.preference_token(point.public_id, organisation.pk, None)
        name = "one-click" if options["one_click"] else "preferences"
        self.stdout.write(settings.BASE_URL + reverse(name, args=[token]))
