"""Adding a person, mending an address, recording what they told staff."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from crm.models import AgeBand, Organisation, Purpose, Role, Statement


class PersonForm(forms.Form):
    """What staff know of somebody they add."""

    first_name = forms.CharField(label="First name", max_length=120, required=False)
    last_name = forms.CharField(label="Last name", max_length=120, required=False)
    email = forms.CharField(label="Email address", max_length=320, required=False)
    phone = forms.CharField(label="Telephone", max_length=40, required=False)
    postcode = forms.CharField(label="Postcode", max_length=10, required=False)
    age_band = forms.TypedChoiceField(
        label="Age", choices=AgeBand.choices, coerce=int, required=False
    )
    roles = forms.ModelMultipleChoiceField(
        label="What they say they are",
        queryset=Role.objects.filter(is_special=False),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class AddressForm(forms.Form):
    """The right address in place of a wrong one."""

    email = forms.CharField(
        label="The right email address",
        max_length=320,
        help_text="A yes belongs to the address it was given with: the new one starts without permission.",
    )


class TagForm(forms.Form):
    """The name of a tag."""

    tag = forms.CharField(label="Tag", max_length=80)


class YesForm(forms.Form):
    """What a person told staff, with its evidence."""

    purpose = forms.ModelChoiceField(
        label="Type of email", queryset=Purpose.objects.none(), empty_label=None
    )
    statement = forms.ModelChoiceField(
        label="Sign-up wording that you read or showed them",
        queryset=Statement.objects.none(),
        empty_label=None,
    )
    day = forms.DateField(
        label="When they said yes",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    words = forms.CharField(
        label="How they told you",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="By phone, on paper, at which event. Write nothing about a child.",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("purpose", Purpose.objects.filter(organisation=organisation)),
            ("statement", Statement.objects.filter(organisation=organisation)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = choices

    def said_at(self) -> datetime:
        """Give the moment from which the yes counts: the beginning of the day, in London."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["day"], time.min))
