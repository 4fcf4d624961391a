"""What an admin says of a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from crm.models import Organisation, Statement


class ImportForm(forms.Form):
    """A file, and which words its people saw."""

    file = forms.FileField(
        label="Spreadsheet",
        help_text="A Mailchimp export (ZIP), an Excel workbook (.xlsx) or a CSV file.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.zip,.xlsx,.xls,.ods"}),
    )
    statement = forms.ModelChoiceField(
        label="Which sign-up wording did these people see?",
        queryset=Statement.objects.none(),
        required=False,
        empty_label="I do not know: nobody may be emailed because of this file",
    )
    collected_on = forms.DateField(
        label="When did they say yes, if the file does not tell?",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It counts for rows without a date of their own. Leave it empty if you do not know.",
    )
    adults_only = forms.BooleanField(
        label="Everyone in this file is 18 or over",
        required=False,
        help_text="If not, people whose age we do not know get only what suits under-18s.",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["statement"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Statement.objects.filter(organisation=organisation)

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse a file beyond the limit, with the limit."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > settings.COALESCE_UPLOAD_LIMIT:
            limit = settings.COALESCE_UPLOAD_LIMIT // (1024 * 1024)
            raise ValidationError(
                f"This file is larger than {limit} MB. Split it and bring the parts."
            )
        return file
