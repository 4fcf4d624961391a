"""What staff and visitors write about requests, complaints and incidents."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.forms.public import OpenForm, email_field, tidy_address
from crm.identity import addresses
from crm.models import Case, Organisation
from crm.services.cases import NewCase
from crm.services.visitors import EVERYONE

WORDS = forms.Textarea(attrs={"rows": 5})


def _day(label: str, **extra: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **extra
    )


class NewCaseForm(forms.Form):
    """A request, complaint or incident that reached us by another way than our form."""

    kind = forms.ChoiceField(
        label="What is it?", choices=Case.Kind.choices, widget=forms.RadioSelect
    )
    came_by = forms.ChoiceField(label="How did it come?", choices=Case.CameBy.choices)
    received_on = _day("On which day did it come?")
    received_time = forms.TimeField(
        label="At what time?",
        required=False,
        help_text="For an incident: 72 hours run from then. Left empty, the day counts from its start.",
        widget=forms.TimeInput(attrs={"type": "time"}),
    )
    who = forms.CharField(label="Who is it?", max_length=200, required=False)
    address = forms.CharField(
        label="Email address to answer to",
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    words = forms.CharField(label="What did they say?", required=False, widget=WORDS)

    def clean_address(self) -> str:
        """Give the address, cleaned."""
        text = str(self.cleaned_data["address"]).strip()
        return tidy_address(text) if text else ""

    def written(self) -> NewCase:
        """Give what is known of the case."""
        said = self.cleaned_data
        moment = datetime.combine(said["received_on"], said["received_time"] or time())
        return NewCase(
            kind=Case.Kind(said["kind"]),
            came_by=Case.CameBy(said["came_by"]),
            received_at=timezone.make_aware(moment),
            **{name: said[name] for name in ("who", "address", "words")},
        )


class ActForm(forms.Form):
    """One act on a case; which of the fields it has follows from the act."""

    on = _day("On which day?")
    email = forms.CharField(
        label="An email address of theirs on our list",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    risk = forms.TypedChoiceField(
        label="What may it do to people?",
        coerce=int,
        choices=[choice for choice in Case.Risk.choices if choice[0]],
        widget=forms.RadioSelect,
    )
    outcome = forms.ChoiceField(label="How did it end?", choices=Case.Outcome.choices)
    words = forms.CharField(label="In words", widget=WORDS)

    FIELDS: dict[str, tuple[str, ...]] = {
        "note": ("words",),
        "identity_asked": ("on",),
        "identity_received": ("on",),
        "clarification_asked": ("on",),
        "clarification_received": ("on",),
        "extend": ("words",),
        "judge": ("risk", "words"),
        "person": ("email",),
        "close": ("outcome", "words"),
    }

    def __init__(self, act: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prefix = act
        wanted = self.FIELDS.get(act, ())
        for name in [name for name in self.fields if name not in wanted]:
            del self.fields[name]
        if act == "close":
            self.fields["words"].required = False
        if "on" in self.fields:
            self.fields["on"].initial = timezone.localdate


class ErasureForm(forms.Form):
    """Asks a second time, by having an address or the reference typed: it cannot be undone."""

    typed = forms.CharField(label="Type the reference to go on", max_length=20)

    def __init__(self, *args: Any, reference: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reference = reference
        self.fields["typed"].help_text = f"It is {reference}."

    def clean_typed(self) -> str:
        """Accept the reference, whatever its case."""
        typed = str(self.cleaned_data["typed"]).strip().upper()
        if typed != self.reference:
            raise ValidationError("This is not the reference. Nothing was removed.")
        return typed


class DeathForm(forms.Form):
    """How to reach the family of somebody who has died."""

    family_contact = forms.CharField(
        label="How can we reach the family?",
        max_length=300,
        required=False,
        help_text="Such as: their sister, by phone. Only if the family gave it to us.",
    )


class AboutForm(OpenForm):
    """What every public form about data asks: whose list, who, and where to answer."""

    organisation = forms.ChoiceField(
        label="Whose list is it about?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whose list it is about."},
    )
    name = forms.CharField(
        label="Your name",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = email_field("Your email address")
    words = forms.CharField(
        label="Is there anything you want to tell us?",
        max_length=5000,
        required=False,
        widget=WORDS,
    )

    def __init__(self, *args: Any, organisations: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            *(
                (found.code, found.name if found.is_partner else "The joint list of all of them")
                for found in organisations
            ),
            (EVERYONE, "All of these, or I do not know"),
        ]
        self.fields["email"].help_text = "We answer to this address."

    def clean_email(self) -> str:
        """Give the address, cleaned."""
        return tidy_address(addresses.clean(self.cleaned_data["email"]))

    def written(self) -> dict[str, str]:
        """Give what a worker makes a case of."""
        said = self.cleaned_data
        return {name: said[name] for name in ("organisation", "name", "email", "words", "what")}


class RequestForm(AboutForm):
    """A request about one's own data, without a login and for any address whatever."""

    what = forms.ChoiceField(
        label="What shall we do?",
        widget=forms.RadioSelect,
        choices=[
            (Case.Kind.ACCESS, "Tell me what you have about me"),
            (Case.Kind.PORTABILITY, "Give me my data in a file, to take it elsewhere"),
            (Case.Kind.RECTIFICATION, "Correct something that is wrong"),
            (Case.Kind.ERASURE, "Remove my details"),
            (Case.Kind.RESTRICTION, "Stop using my details for now, but keep them"),
            (Case.Kind.OBJECTION, "Stop using my details to send me campaigns"),
        ],
        error_messages={"required": "Choose what we shall do."},
    )
    field_order = ["what", "organisation", "name", "email", "words"]


class ComplaintForm(AboutForm):
    """A complaint about how somebody's data was used."""

    words = forms.CharField(
        label="What went wrong?",
        max_length=5000,
        widget=WORDS,
        help_text="Tell us what happened and when, as far as you know.",
        error_messages={"required": "Write what went wrong."},
    )
    field_order = ["organisation", "words", "name", "email"]

    def written(self) -> dict[str, str]:
        """Give what a worker makes a case of."""
        self.cleaned_data["what"] = str(Case.Kind.COMPLAINT)
        return super().written()
