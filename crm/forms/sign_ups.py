"""Setting up a sign-up form: what it is called, what it asks, and the boxes on it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from crm.forms.settings import OwnedForm
from crm.models import Organisation, Purpose, Role, SignUpForm, Statement

_SITE = re.compile(r"https://[a-z0-9.-]+(:\d+)?")


class SignUpFormForm(OwnedForm):
    """A sign-up form of one organisation."""

    class Meta:
        model = SignUpForm
        fields = [
            "title",
            "slug",
            "introduction",
            "asks_postcode",
            "asks_roles",
            "asks_topics",
            "sites",
            "is_open",
        ]
        labels = {
            "title": "Heading",
            "slug": "End of its web address",
            "introduction": "A sentence below the heading",
            "asks_postcode": "Ask for the postcode",
            "asks_roles": "Ask who they are",
            "asks_topics": "Ask which topics they want to hear about",
            "sites": "Your websites that show it inside their pages",
            "is_open": "The form is open",
        }
        help_texts = {
            "slug": "Letters, numbers and hyphens, such as join-us.",
            "sites": "Such as https://www.example.org, with a space between two. No other site can.",
            "is_open": "Nobody can open it while this is off.",
        }

    def clean_sites(self) -> str:
        """Give the sites in lower case, one space between two."""
        sites = str(self.cleaned_data["sites"]).lower().replace(",", " ").split()
        for site in sites:
            if not _SITE.fullmatch(site.rstrip("/")):
                raise ValidationError(f"{site} is not a website such as https://www.example.org.")
        return " ".join(site.rstrip("/") for site in sites)


class BoxForm(forms.Form):
    """A box of one's own for a form."""

    wording = forms.ModelChoiceField(
        label="Wording",
        queryset=Statement.objects.none(),
        to_field_name="public_id",
        help_text="What stands beside the box. Add wordings under Settings.",
    )
    easy_wording = forms.ModelChoiceField(
        label="The same in Easy Read",
        queryset=Statement.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label="None",
    )
    purpose = forms.ModelChoiceField(
        label="A tick says yes to this type of email",
        queryset=Purpose.objects.none(),
        to_field_name="code",
        required=False,
        empty_label="None",
    )
    role = forms.ModelChoiceField(
        label="Or a tick agrees that we keep this role",
        queryset=Role.objects.filter(is_special=True),
        to_field_name="code",
        required=False,
        empty_label="None",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Statement.objects.filter(organisation=organisation).exclude(words="")
        own = own.order_by("code", "-version")
        for name, choices in (
            ("wording", own.filter(format=Statement.Format.PLAIN)),
            ("easy_wording", own.filter(format=Statement.Format.EASY_READ)),
            ("purpose", Purpose.objects.filter(organisation=organisation)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = choices
