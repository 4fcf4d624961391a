"""Imports a list from a file: previews it, and with --apply imports it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from crm import wall
from crm.models import Organisation, Statement
from imports import services
from imports.models import Import, Problem


class Command(BaseCommand):
    """`import_list FILE --organisation CODE [--statement CODE --collected DATE] [--apply] [--json]`."""

    help = "Preview a list from a CSV, ZIP or XLSX file, and with --apply import it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the file and what is known of it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", required=True, help="Whose list it is, such as SOCR.")
        parser.add_argument("--statement", help="Short name of the sign-up wording people saw.")
        parser.add_argument(
            "--collected", type=date.fromisoformat, help="YYYY-MM-DD, for rows without a date."
        )
        parser.add_argument(
            "--adults-only", action="store_true", help="Everyone in it is 18 or over."
        )
        parser.add_argument(
            "--origin",
            default="",
            help="Where a file that looks like another organisation’s list comes from, in a sentence.",
        )
        parser.add_argument("--apply", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Upload, preview and, if asked, apply."""
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        file = services.preview(file=self._upload(options))
        if file.state == Import.State.REFUSED:
            raise CommandError(file.trouble)
        if options["apply"]:
            try:
                with wall.scope("keeper", organisation_id=file.organisation_id):
                    file = services.start(file=file, origin=options["origin"])
            except ValidationError as error:
                signs = " ".join(file.counts.get("foreign", []))
                raise CommandError(f"{' '.join(error.messages)} {signs}".strip()) from error
            file = services.apply(file=file)
        self._report(file, as_json=options["json"])

    def _upload(self, options: dict[str, Any]) -> Import:
        with wall.scope("platform"):
            organisation = Organisation.objects.filter(code=options["organisation"]).first()
            if organisation is None:
                raise CommandError(f"There is no organisation {options['organisation']}.")
        with wall.scope("keeper", organisation_id=organisation.pk):
            statement = None
            if options["statement"]:
                statement = Statement.objects.filter(code=options["statement"]).first()
                if statement is None:
                    raise CommandError(f"There is no sign-up wording {options['statement']}.")
            with options["file"].open("rb") as content:
                try:
                    return services.upload(
                        organisation=organisation,
                        name=options["file"].name,
                        content=content,
                        statement=statement,
                        collected_on=options["collected"],
                        adults_only=options["adults_only"],
                        user=None,
                    )
                except ValidationError as error:
                    raise CommandError(" ".join(error.messages)) from error

    def _report(self, file: Import, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"state": file.state, **file.counts}))
            return
        self.stdout.write(f"{file.name}: {file.get_state_display().lower()}")
        for name, label in services.LABELS.items():
            self.stdout.write(f"{file.counts.get(name, 0):>9,}  {label}")
        with wall.scope("keeper", organisation_id=file.organisation_id):
            for problem in Problem.objects.filter(file=file).order_by("line")[:20]:
                self.stdout.write(
                    f"  {problem.sheet}, line {problem.sheet_line}, {problem.column}: {problem.sentence}"
                )
