"""Adds a partner, or the coalition itself."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm import wall
from crm.models import GoLive, Organisation
from crm.services import organisations


class Command(BaseCommand):
    """`add_organisation CODE --name … --legal-name … --address … --sender … --reply … [--coalition]`."""

    help = "Add a partner organisation, or with --coalition the owner of the joint list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the organisation and its imprint."""
        parser.add_argument("code")
        parser.add_argument("--name", required=True)
        parser.add_argument("--legal-name", required=True, help="As it must stand in the imprint.")
        parser.add_argument("--address", required=True, help="Postal address, on one line.")
        parser.add_argument("--sender", required=True, help="The From address.")
        parser.add_argument("--reply", required=True, help="An address that somebody reads.")
        parser.add_argument("--coalition", action="store_true")
        parser.add_argument("--dpia", default="", help="Reference of the impact assessment.")
        parser.add_argument("--dpia-signed-by", default="", help="Who signed it.")
        parser.add_argument("--dpia-signed-on", type=date.fromisoformat, help="When: YYYY-MM-DD.")
        parser.add_argument("--sending-domain", default="", help="The domain of the From address.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add it, or say in a sentence why not."""
        organisation = Organisation(
            code=options["code"],
            name=options["name"],
            is_partner=not options["coalition"],
            legal_name=options["legal_name"],
            postal_address=options["address"],
            sender_name=options["name"],
            sender_address=options["sender"],
            reply_address=options["reply"],
        )
        sign_off = GoLive(
            dpia_reference=options["dpia"],
            dpia_signed_by=options["dpia_signed_by"],
            dpia_signed_on=options["dpia_signed_on"],
            sending_domain=options["sending_domain"],
        )
        try:
            with wall.scope("platform"):
                organisations.add_organisation(organisation=organisation, sign_off=sign_off)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Added {organisation.name}.")
