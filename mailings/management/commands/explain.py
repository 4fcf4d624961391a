"""Says why an address would or would not get mail, or did or did not get a campaign, with dated evidence."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm import consent, wall
from crm.identity import addresses
from crm.models import Action, ConsentHistory, ContactPoint, Organisation, Purpose, Source
from crm.reasons import sentences
from mailings import audience
from mailings.models import Campaign, Version


class Command(BaseCommand):
    """`explain --organisation CODE --email ADDRESS [--campaign ID]`."""

    help = "Say why an address would or would not be mailed by an organisation, with what was said and when."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name whose mail, whose address and, if any, which campaign."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument("--campaign", type=uuid.UUID, help="The id in the campaign's address.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer from this organisation's own data only."""
        with wall.scope("platform"):
            organisation = Organisation.objects.filter(code=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']}.")
        with wall.scope("staff", organisation_id=organisation.pk):
            folded = addresses.fold(addresses.clean(options["email"]))
            points = ContactPoint.objects.filter(
                organisation=organisation, folded=folded, channel=1
            ).select_related("supporter__canonical")
            if not points:
                self.stdout.write(
                    f"{organisation.name} has nobody with this address, so it mails nobody."
                )
            for point in points:
                self.stdout.write(f"{point.supporter.canonical.name}:")
                for question, label in self._questions(organisation, options["campaign"]):
                    self._decide(point, question, label)
                self._evidence(point)

    def _questions(
        self, organisation: Organisation, campaign_id: uuid.UUID | None
    ) -> list[tuple[consent.Question, str]]:
        """Give what to ask: about one campaign, or about each type of email."""
        if campaign_id is None:
            purposes = Purpose.objects.filter(organisation=organisation)
            return [
                (
                    consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True),
                    purpose.name,
                )
                for purpose in purposes
            ]
        try:
            campaign = Campaign.objects.get(public_id=campaign_id)
            version = Version.objects.select_related("campaign").get(
                campaign=campaign, organisation=organisation
            )
        except (Campaign.DoesNotExist, Version.DoesNotExist, ValidationError) as error:
            raise CommandError("This organisation has no such campaign.") from error
        return [(audience.question(version), campaign.name)]

    def _decide(self, point: ContactPoint, question: consent.Question, label: str) -> None:
        asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
        reasons = asked.values_list("reasons", flat=True).get()
        self.stdout.write(f"  {label}: {'may be emailed' if not reasons else 'is left out'}")
        for sentence in sentences(reasons):
            self.stdout.write(f"    {sentence}")

    def _evidence(self, point: ContactPoint) -> None:
        """List what was said, the oldest first."""
        events = ConsentHistory.objects.filter(
            supporter__canonical=point.supporter.canonical_id
        ).select_related("statement", "batch")
        for event in events.order_by("recorded_at", "pk"):
            when = event.occurred_at or event.recorded_at
            words = f", to the wording {event.statement}" if event.statement else ""
            via = f", in the import {event.batch.label}" if event.batch else ""
            self.stdout.write(
                f"  {timezone.localtime(when):%d %B %Y}: {Action(event.action).label} "
                f"(by {Source(event.source).label}{words}{via})"
            )
