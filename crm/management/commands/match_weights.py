"""Prints how much each agreement and disagreement weighs, by the model in use: docs/reference/matching-weights.md."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm import wall
from crm.matching import rules
from crm.matching.model import SHIPPED, Model
from crm.services import match_lists


class Command(BaseCommand):
    """`match_weights [--shipped]`."""

    help = "Print the weights of the model in use, as a page in Markdown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which model."""
        parser.add_argument("--shipped", action="store_true", help="the model that is shipped")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        if options["shipped"]:
            model = Model.from_json(SHIPPED.read_text())
        else:
            with wall.scope("platform"):
                model = match_lists.model_in_use()
        self.stdout.write(page(model), ending="")


def page(model: Model) -> str:
    """Give the page of a model: its weights, its guards and where it came from."""
    lines = [
        "# What weighs how much",
        "",
        "Each comparison of two entries comes to one of these, from the closest. A weight of 1 doubles the odds that "
        "they are one person, -1 halves them. Where a comparison knows nothing of either entry, it weighs nothing. "
        "How it is used: [How people are matched](../explanation/matching.md).",
        "",
        f"Model `{match_lists.name(model)}` under the settings `{rules.digest()}`, learnt from {model.rows:,} entries. "
        "`bin/manage match_weights` prints this page for the model in use.",
        "",
        "| Comparison | What it found | Weight | A rare value weighs more |",
        "|---|---|---|---|",
    ]
    rare = {
        (name, level[0])
        for name, (_, levels) in rules.COMPARISONS.items()
        for level in levels
        if level[4]
    }
    lines += [
        f"| {name.replace('_', ' ').capitalize()} | {words} | {weight:+.1f} "
        f"| {'yes' if (name, words) in rare else ''} |"
        for name, words, weight in model.weights()
    ]
    lines += [
        "",
        "## What holds a pair back, whatever it weighs",
        "",
        "| Rule | What it says of a pair |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {words} |" for name, (words, _) in rules.GUARDS.items()]
    return "\n".join([*lines, ""])
