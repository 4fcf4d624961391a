"""What an admin says of a file."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from crm.models import Organisation, Statement

UNKNOWN = "unknown"
MOST_STOPS = 20_000  # addresses of one paste; more come as a file


def _wordings(organisation: Organisation) -> dict[str, Statement]:
    """Give the wordings that an import may name, by public id."""
    found = Statement.objects.filter(organisation=organisation, purposes__isnull=False).distinct()
    return {str(wording.public_id): wording for wording in found}


class LaterForm(forms.Form):
    """The wording and the date that an import was brought without."""

    statement = forms.ChoiceField(
        label="Which sign-up wording did these people see?",
        error_messages={"required": "Choose the wording."},
    )
    collected_on = forms.DateField(
        label="When did they say yes, if the file did not tell?",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It counts for rows without a date of their own. Leave it empty if you do not know.",
        error_messages={"invalid": "There is no such date: write it as 2026-04-03."},
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wordings = _wordings(organisation)
        field = self.fields["statement"]
        assert isinstance(field, forms.ChoiceField)
        named = [(key, str(wording)) for key, wording in self._wordings.items()]
        field.choices = [("", "Choose one"), *named]

    def clean_statement(self) -> Statement:
        """Give the wording."""
        return self._wordings[self.cleaned_data["statement"]]


class ImportForm(forms.Form):
    """A file, and which words its people saw."""

    file = forms.FileField(
        label="Spreadsheet",
        help_text="CSV, Excel (.xlsx or .xls), OpenDocument (.ods), or a ZIP such as Mailchimp exports.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.zip,.xlsx,.xls,.ods"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "This file is empty. Choose one with a row of headings and people below it.",
        },
    )
    statement = forms.ChoiceField(
        label="Which sign-up wording did these people see?",
        help_text="A yes counts only with the words it was said to. Add wordings under Settings.",
        error_messages={"required": "Choose the wording, or say that you do not know."},
    )
    collected_on = forms.DateField(
        label="When did they say yes, if the file does not tell?",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It counts for rows without a date of their own. Leave it empty if you do not know.",
        error_messages={"invalid": "There is no such date: write it as 2026-04-03."},
    )
    adults_only = forms.BooleanField(
        label="Everyone in this file is 18 or over",
        required=False,
        help_text="Leave it empty if you are not sure. People whose age we do not know get only what suits under-18s.",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wordings = _wordings(organisation)
        field = self.fields["statement"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "Choose one"),
            *((key, str(wording)) for key, wording in self._wordings.items()),
            (UNKNOWN, "I do not know: nobody will be emailed because of this file"),
        ]

    @property
    def wordings(self) -> list[Statement]:
        """The wordings to choose from."""
        return list(self._wordings.values())

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse a file beyond the limit, with the limit."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.COALESCE_UPLOAD_LIMIT:
            limit = settings.COALESCE_UPLOAD_LIMIT // (1024 * 1024)
            raise ValidationError(
                f"This file is larger than {limit} MB. Split it and bring the parts."
            )
        return file

    def clean_statement(self) -> Statement | None:
        """Give the wording; None stands for "I do not know"."""
        return self._wordings.get(self.cleaned_data["statement"])


class StopForm(forms.Form):
    """Addresses that must never be mailed."""

    addresses = forms.CharField(
        label="Addresses that must not be emailed",
        help_text="Paste them, one on a line. For many, import a file with the columns Email and Unsubscribed.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": "Paste at least one address."},
    )

    def clean_addresses(self) -> list[str]:
        """Give what was pasted, one piece for each line, comma or semicolon."""
        pasted = re.split(r"[\n,;]", self.cleaned_data["addresses"])
        found = [piece for each in pasted if (piece := each.strip())]
        if len(found) > MOST_STOPS:
            raise ValidationError(
                f"These are {len(found):,} addresses. Paste at most {MOST_STOPS:,}, or import them as a file."
            )
        return found
