"""Sign-up wordings, types of email, the imprint, and colleagues."""

from __future__ import annotations

from django import forms

from crm.models import Membership, Organisation, Purpose


class WordingForm(forms.Form):
    """A sign-up wording, kept for ever as it was shown."""

    code = forms.SlugField(
        label="Short name", max_length=40, help_text="Such as form-2025. Imports name it."
    )
    words = forms.CharField(
        label="Words that people saw",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Word for word. They must name your organisation.",
    )
    requires_confirmation = forms.BooleanField(
        label="People had to confirm by a link in an email", required=False
    )


class PurposeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A type of email, in the words of those who get it."""

    class Meta:
        model = Purpose
        fields = ["name", "description"]
        labels = {"name": "Name", "description": "What people get, and how often"}


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The imprint and the sender of one's own organisation."""

    class Meta:
        model = Organisation
        fields = [
            "legal_name",
            "postal_address",
            "sender_name",
            "sender_address",
            "reply_address",
        ]
        labels = {
            "legal_name": "Legal name",
            "postal_address": "Postal address",
            "sender_name": "Sender’s name",
            "sender_address": "Sender’s email address",
            "reply_address": "Email address for replies",
        }


class InviteForm(forms.Form):
    """A colleague and what they may do."""

    email = forms.EmailField(label="Email address")
    role = forms.ChoiceField(
        label="What they do",
        choices=Membership.Role.choices,
        help_text="Organisers write to segments. Admins also import lists and change settings.",
    )
