"""An export: of whom, as what, and why."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.forms.notes import CarefulNotes
from crm.models import Export, Organisation, Segment

SHORTEST_REASON = 10


class GroupExportForm(CarefulNotes):
    """As what people are exported, and the reason, which is kept with the name of who asked (R-SEC8)."""

    notes = ("reason",)

    format = forms.ChoiceField(
        label="File", choices=Export.Format.choices, initial=Export.Format.XLSX
    )
    reason = forms.CharField(
        label="Why you need it",
        max_length=500,
        min_length=SHORTEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who will use it, and for what. It is kept, and your admins can read it.",
        error_messages={
            "required": "Say why you need it.",
            "min_length": "Say why you need it, in a sentence.",
        },
    )


class ExportForm(GroupExportForm):
    """The same, and who is exported."""

    field_order = ("segment", "format", "reason")

    segment = forms.ModelChoiceField(
        label="Who is in it",
        queryset=Segment.objects.none(),
        required=False,
        empty_label="Everyone on our list",
        to_field_name="public_id",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["segment"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Segment.objects.filter(organisation=organisation)
