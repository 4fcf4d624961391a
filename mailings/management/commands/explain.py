"""Says why an address would or would not get mail, or did or did not get a campaign, with dated evidence."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm import consent, evidence, wall
from crm.evidence import Because
from crm.identity import addresses
from crm.models import ConsentHistory, ContactPoint, Organisation, Purpose
from mailings import explaining
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
                if options["campaign"] is None:
                    self._in_general(point)
                else:
                    self._campaign(point, options["campaign"])

    def _in_general(self, point: ContactPoint) -> None:
        """Say for each type of email whether the address may be mailed now, then all that was said."""
        for purpose in Purpose.objects.filter(organisation=point.organisation_id).order_by("pk"):
            question = consent.Question(purpose.pk, suitable_for_under_18=True, is_important=True)
            asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
            reasons = asked.values_list("reasons", flat=True).get()
            verdict = "is left out" if reasons else "may be emailed"
            self.stdout.write(f"  {purpose.name}: {verdict}")
            person = point.supporter.canonical
            self._because(evidence.of(point, person, reasons, purpose_id=purpose.pk))
        self.stdout.write("  All that was said:")
        events = ConsentHistory.objects.filter(supporter__canonical=point.supporter.canonical_id)
        for event in events.select_related("statement", "batch", "actor").order_by("recorded_at"):
            self.stdout.write(f"    {evidence.in_words(event)}")

    def _campaign(self, point: ContactPoint, campaign_id: uuid.UUID) -> None:
        """Say what became of the person in one campaign, and why."""
        try:
            campaign = Campaign.objects.get(public_id=campaign_id)
            version = Version.objects.select_related("campaign").get(
                campaign=campaign, organisation=point.organisation_id
            )
        except (Campaign.DoesNotExist, Version.DoesNotExist) as error:
            raise CommandError("This organisation has no such campaign.") from error
        answer = explaining.explain(campaign, version, point.supporter.canonical)
        self.stdout.write(f"  {campaign.name}: {answer.outcome}")
        for asking in answer.askings:
            when = f", {timezone.localtime(asking.at):%d %B %Y at %H:%M:%S}" if asking.at else ""
            verdict = "may be emailed" if asking.allowed else "is left out"
            self.stdout.write(f"  {asking.title}{when}: {asking.address} {verdict}")
            self._because(asking.because)

    def _because(self, reasons: list[Because]) -> None:
        for because in reasons:
            said = f" {because.said}." if because.said else ""
            self.stdout.write(f"    {because.sentence}{said}")
