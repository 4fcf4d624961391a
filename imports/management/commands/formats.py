"""Prints the reference page of the formats that imports read."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from imports import formats


class Command(BaseCommand):
    """`formats > docs/reference/formats.md`."""

    help = "Print the reference page of the formats that imports read."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(formats.page(), ending="")
