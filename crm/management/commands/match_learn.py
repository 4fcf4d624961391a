"""Learns from the lists how much each agreement weighs; runs of matching use it from then on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.matching.model import TooLittle
from crm.services import match_lists


class Command(BaseCommand):
    """`match_learn`: nothing is kept where a level cannot be learnt."""

    help = "Learn a model from the lists as they are, and use it from now on. Nothing else ever changes the model."

    def handle(self, *args: Any, **options: Any) -> None:
        """Learn, and print the weights."""
        try:
            model = match_lists.learn()
        except TooLittle as error:
            raise CommandError(f"{error} The model in use stays.") from error
        self.stdout.write(f"Learnt from {model.rows:,} entries; model {match_lists.name(model)}.")
        for comparison, words, weight in model.weights():
            self.stdout.write(f"{weight:>+8.1f}  {comparison}: {words}")
