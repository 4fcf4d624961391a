"""Begins to warm up a sending domain: each day it may send more than the day before."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from mailings.services import warming


class Command(BaseCommand):
    """`warm_up news.example.org [--from 2026-11-30]`: what is over the day's number waits for the next day."""

    help = "Warm up a new sending domain: the first day 200 messages, then more each day for twelve days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the domain and the first day."""
        parser.add_argument("domain")
        parser.add_argument("--from", dest="first", help="the first day (today)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say what the domain may send today."""
        first = parse_date(options["first"]) if options["first"] else timezone.localdate()
        if first is None:
            raise CommandError("Write the day as 2026-11-30.")
        warming.begin(domain=options["domain"], first=first)
        self.stdout.write(
            f"From {first:%-d %B %Y}: {', '.join(f'{cap:,}' for cap in warming.CAPS)} messages a day, then all."
        )
