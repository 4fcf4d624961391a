"""What supporters fill in without a login: stopping, signing up, their details, a new address."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from crm.identity import addresses, postcodes
from crm.models import AgeBand, Organisation, Role, SignUpBox, Topic
from crm.services.sign_ups import MINORS
from crm.services.visitors import EVERYONE

UNDER_13 = 12
AGES = [
    (UNDER_13, "Under 13"),
    (AgeBand.FROM_13.value, "13 to 15"),
    (AgeBand.FROM_16.value, "16 or 17"),
    (AgeBand.ADULT.value, "18 or over"),
    (AgeBand.NOT_SAID.value, "I would rather not say"),
]


class OpenForm(forms.Form):
    """A form that needs no login: a nonce makes a double click one, and an empty trap tells programs from people."""

    nonce = forms.UUIDField(widget=forms.HiddenInput, required=False)
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["nonce"].initial = uuid.uuid4

    @property
    def is_trapped(self) -> bool:
        """Whether the field that nobody sees was filled in: a program did it."""
        return bool(self.cleaned_data.get("website"))

    @property
    def written_with(self) -> uuid.UUID:
        """The nonce that came with the empty form."""
        return self.cleaned_data.get("nonce") or uuid.uuid4()


def email_field(label: str = "Email address") -> forms.CharField:
    """Give a field for an address, which phones show with the right keys."""
    return forms.CharField(
        label=label,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={"required": "Write your email address."},
    )


def tidy_address(text: str) -> str:
    """Give a cleaned address. Raises ValidationError in a sentence."""
    email = addresses.clean(text)
    if fault := addresses.fault(email):
        raise ValidationError(fault)
    return email


class StopForm(OpenForm):
    """Stop emails, or be sent one's link; for any address whatever."""

    email = email_field()
    organisation = forms.ChoiceField(
        label="Whose emails is it about?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whose emails it is about."},
    )
    what = forms.ChoiceField(
        label="What shall we do?",
        widget=forms.RadioSelect,
        choices=[
            ("stop", "Stop the emails"),
            ("link", "Send me a link, so that I can see and change what I get"),
        ],
        error_messages={"required": "Choose what we shall do."},
    )

    def __init__(self, *args: Any, organisations: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [
            (found.code, found.name if found.is_partner else "Joint emails from all of them")
            for found in organisations
        ]
        field = self.fields["organisation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*named, (EVERYONE, "Everyone: all of these")]

    @property
    def is_link(self) -> bool:
        """Whether a link is asked for, and not a stop."""
        return bool(self.cleaned_data["what"] == "link")

    def clean_email(self) -> str:
        """Give the address, cleaned."""
        return tidy_address(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        """A link opens the page of one organisation."""
        cleaned = super().clean() or {}
        if cleaned.get("what") == "link" and cleaned.get("organisation") == EVERYONE:
            self.add_error("organisation", "For a link, choose one. Each has a page of its own.")
        return cleaned


class DetailsForm(forms.Form):
    """What a person says of themselves. Nothing of it has to be said."""

    first_name = forms.CharField(
        label="First name",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    postcode = forms.CharField(
        label="Postcode",
        max_length=12,
        required=False,
        help_text="So that we can tell you what happens near you.",
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    age_band = forms.TypedChoiceField(
        label="Your age",
        coerce=int,
        choices=AGES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose your age, or that you would rather not say."},
    )
    roles = forms.ModelMultipleChoiceField(
        label="Which of these are you?",
        queryset=Role.objects.none(),
        to_field_name="code",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_postcode(self) -> str:
        """Give the postcode as in GU1 1AA."""
        text = str(self.cleaned_data["postcode"]).strip()
        if not text:
            return ""
        tidy = postcodes.normalise(text)
        if tidy is None:
            raise ValidationError("This is not a full postcode, such as GU1 1AA.")
        return tidy


class OwnDetailsForm(DetailsForm):
    """The details as the person's own page shows them: ordinary roles, and no age under 13."""

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        age, chosen = self.fields["age_band"], self.fields["roles"]
        assert isinstance(age, forms.ChoiceField)
        assert isinstance(chosen, forms.ModelMultipleChoiceField)
        age.choices = [choice for choice in AGES if choice[0] != UNDER_13]
        chosen.queryset = Role.objects.filter(pk__in=[role.pk for role in roles])


class NewAddressForm(OpenForm):
    """A new email address, to be confirmed from there."""

    email = email_field("New email address")

    def clean_email(self) -> str:
        """Give the address, cleaned."""
        return tidy_address(self.cleaned_data["email"])


class JoinForm(OpenForm, DetailsForm):
    """A sign-up: an address, what its owner wants, and what they care to say of themselves."""

    field_order = ["email", "first_name", "last_name", "postcode", "age_band", "roles", "topics"]
    email = email_field()
    topics = forms.ModelMultipleChoiceField(
        label="What would you like to hear about?",
        queryset=Topic.objects.none(),
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        *args: Any,
        boxes: list[SignUpBox],
        roles: list[Role],
        topics: list[Topic],
        asks_postcode: bool,
        easy: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.boxes, self.easy = boxes, easy
        for box in boxes:
            self.fields[name_of(box)] = forms.BooleanField(
                label=wording_of(box, easy=easy).words, required=False
            )
        self._offer("roles", Role.objects.filter(pk__in=[role.pk for role in roles]))
        self._offer("topics", Topic.objects.filter(pk__in=[topic.pk for topic in topics]))
        if not asks_postcode:
            del self.fields["postcode"]

    def _offer(self, name: str, choices: QuerySet[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = choices
        if not choices:
            del self.fields[name]

    @property
    def email_boxes(self) -> list[forms.BoundField]:
        """The boxes that ask for a yes to emails."""
        return [self[name_of(box)] for box in self.boxes if box.purpose_id]

    @property
    def role_boxes(self) -> list[forms.BoundField]:
        """The boxes that agree to the keeping of a special role."""
        return [self[name_of(box)] for box in self.boxes if box.role_id]

    @property
    def is_child(self) -> bool:
        """Whether a child under 13 filled it in: nothing of it may be kept."""
        return str(self.data.get("age_band")) == str(UNDER_13)

    @property
    def is_minor(self) -> bool:
        """Whether they are 13 to 17: no joint emails."""
        return self.cleaned_data.get("age_band") in MINORS

    def clean_email(self) -> str:
        """Give the address, cleaned."""
        return tidy_address(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        """At least one box is ticked: none of them is before."""
        cleaned = super().clean() or {}
        first = next((box for box in self.boxes if box.purpose_id), None)
        if first and not any(cleaned.get(name_of(box)) for box in self.boxes if box.purpose_id):
            self.add_error(name_of(first), "Tick what you would like to get by email.")
        return cleaned

    def written(self) -> dict[str, Any]:
        """Give what a sign-up is made of, the wordings of the ticked boxes among it."""
        cleaned = self.cleaned_data
        ticked = [box for box in self.boxes if cleaned.get(name_of(box))]
        roles = {role.pk for role in cleaned.get("roles", [])}
        return {
            **{name: cleaned.get(name, "") for name in ("email", "first_name", "last_name")},
            "postcode": cleaned.get("postcode", ""),
            "age_band": cleaned["age_band"],
            "easy": self.easy,
            "roles": sorted(roles),
            "topics": sorted(topic.pk for topic in cleaned.get("topics", [])),
            **answers(ticked, roles, easy=self.easy),
        }


def name_of(box: SignUpBox) -> str:
    """Give the name of a box's field: it names the wording, so that no tick can count for other words."""
    about = box.purpose.code if box.purpose else f"role-{box.role_id}"
    return f"box-{box.wording.public_id.hex}-{about}"


def wording_of(box: SignUpBox, *, easy: bool) -> Any:
    """Give the wording that a box is shown with."""
    return box.easy_wording if easy and box.easy_wording else box.wording


def answers(ticked: list[SignUpBox], roles: set[int], *, easy: bool) -> dict[str, Any]:
    """Give what ticked boxes say: each yes to emails, and each agreement to keep a special role that was ticked."""
    return {
        "yes": [
            [box.organisation_id, box.purpose_id, wording_of(box, easy=easy).pk]
            for box in ticked
            if box.purpose_id
        ],
        "keep": [
            [box.organisation_id, box.role_id, wording_of(box, easy=easy).pk]
            for box in ticked
            if box.role_id in roles
        ],
    }
