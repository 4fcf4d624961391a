"""Finding and adding people, mending an address, recording what they told staff."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.forms.notes import CarefulNotes
from crm.identity import postcodes
from crm.models import (
    AgeBand,
    Branch,
    Organisation,
    Purpose,
    Relationship,
    Role,
    Source,
    Statement,
)
from crm.notes import WARNING, speaks_of_a_childs_needs

DAY = {"type": "date"}


class FindForm(forms.Form):
    """The beginnings of words by which a person is found."""

    q = forms.CharField(
        label="Find a person",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
        help_text="The beginning of a name, an email address, a phone number or a postcode.",
    )

    def text(self) -> str:
        """Give what was asked for, or nothing if it cannot be read."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""


class PersonForm(forms.Form):
    """What staff know of somebody they add."""

    first_name = forms.CharField(label="First name", max_length=120, required=False)
    last_name = forms.CharField(label="Last name", max_length=120, required=False)
    email = forms.CharField(
        label="Email address",
        max_length=320,
        required=False,
        widget=forms.EmailInput,
        help_text="Give an email address, a phone number or both.",
    )
    phone = forms.CharField(
        label="Phone number",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
    )
    postcode = forms.CharField(label="Postcode", max_length=10, required=False)
    age_band = forms.ChoiceField(
        label="Age",
        choices=AgeBand.choices,
        required=False,
        help_text="Only as they said it. Do not add anybody under 13.",
    )
    roles = forms.ModelMultipleChoiceField(
        label="Roles",
        queryset=Role.objects.filter(is_special=False),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What they say of themselves.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"  # somebody else's details, not one's own

    def clean_age_band(self) -> int:
        """Give the age band's number."""
        return int(self.cleaned_data["age_band"] or AgeBand.NOT_SAID)


class DetailsForm(forms.Form):
    """What is said of a person, to be put right. What is filled in already can be replaced, and not emptied.

    A blank says nothing: the older value would come back with the next list.
    """

    first_name = forms.CharField(label="First name", max_length=120, required=False)
    last_name = forms.CharField(label="Last name", max_length=120, required=False)
    postcode = forms.CharField(label="Postcode", max_length=10, required=False)
    external_id = forms.CharField(
        label="Number", max_length=60, required=False, help_text="Your own number for them."
    )
    relationship = forms.ChoiceField(
        label="Membership",
        choices=[("", "Not said"), *Relationship.choices],
        required=False,
        help_text="A newer list changes it, whoever says so: it knows how they stand on its day.",
    )
    age_band = forms.TypedChoiceField(
        label="Age", choices=AgeBand.choices, coerce=int, help_text="Only as they said it."
    )
    says = forms.TypedChoiceField(
        label="Who says so?",
        choices=[
            (Source.PERSONAL.value, "They told us: it stays when a list says otherwise"),
            (
                Source.STAFF.value,
                "We saw a mistake: a newer list, or they themselves, may change it",
            ),
        ],
        coerce=lambda value: Source(int(value)),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who says so."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_postcode(self) -> str:
        """Give the postcode as in GU1 1AA."""
        text = str(self.cleaned_data["postcode"]).strip()
        tidy = postcodes.normalise(text) if text else ""
        if tidy is None:
            raise ValidationError("This is not a full postcode, such as GU1 1AA.")
        return tidy

    def clean(self) -> dict[str, Any]:
        """Refuse to empty what is known."""
        cleaned = super().clean() or {}
        for name, before in self.initial.items():
            if before and name in cleaned and not cleaned[name]:
                self.add_error(name, "This can be replaced and not emptied: write what is right.")
        return cleaned

    def corrections(self) -> dict[str, Any]:
        """Give what is to be put right, by the name of the field."""
        return {
            name: self.cleaned_data[name]
            for name in self.fields
            if name != "says" and self.cleaned_data[name] != self.initial[name]
        }


class AddressForm(forms.Form):
    """The right address in place of a wrong one."""

    email = forms.CharField(
        label="The right email address",
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give the right address, or cancel."},
    )


class TagForm(forms.Form):
    """The name of a tag, which must not say what a child needs either."""

    tag = forms.CharField(
        label="Tag", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def clean_tag(self) -> str:
        """Refuse a name that looks like details of a child."""
        name = str(self.cleaned_data["tag"])
        if speaks_of_a_childs_needs(name):
            raise ValidationError(WARNING)
        return name


class BranchForm(forms.Form):
    """Which branch a person or a colleague belongs to."""

    branch = forms.ModelChoiceField(
        label="Branch",
        queryset=Branch.objects.none(),
        required=False,
        to_field_name="public_id",
        empty_label="None",
    )

    def __init__(
        self, *args: Any, organisation: Organisation, none: str = "None", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["branch"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Branch.objects.filter(organisation=organisation)
        field.empty_label = none


class YesForm(CarefulNotes):
    """What a person told staff, with its evidence."""

    notes = ("words",)

    purpose = forms.ModelChoiceField(
        label="Type of email",
        queryset=Purpose.objects.none(),
        to_field_name="code",
        empty_label=None,
    )
    statement = forms.ModelChoiceField(
        label="Sign-up wording",
        queryset=Statement.objects.none(),
        to_field_name="public_id",
        empty_label=None,
        help_text="The words that you read out or showed to them.",
    )
    said_at = forms.DateField(
        label="When they said yes",
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        error_messages={"required": "Give the day on which they said yes."},
    )
    words = forms.CharField(
        label="How they told you",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="By phone, on paper, at which event. Write nothing about a child’s needs.",
        error_messages={"required": "Write how they told you, such as by phone or on paper."},
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {
            "purpose": Purpose.objects.filter(organisation=organisation).order_by("pk"),
            "statement": Statement.objects.filter(organisation=organisation),
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = choices

    def clean_said_at(self) -> datetime:
        """Give the moment from which the yes counts: the beginning of the day, in London."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["said_at"], time.min))
