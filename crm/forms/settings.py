"""Sign-up wordings, types of email, the imprint, and colleagues."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.text import slugify

from crm.models import (
    GoLive,
    Membership,
    Organisation,
    OwnedModel,
    Purpose,
    Statement,
    Topic,
    WordingPicture,
)

PICTURE_MB = 5


class OwnedForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row of one organisation. `of` binds the organisation."""

    organisation: ClassVar[Organisation]

    @classmethod
    def of(cls, organisation: Organisation) -> type[OwnedForm]:
        """Give this form for one organisation."""

        class Bound(cls):  # type: ignore[misc, valid-type]
            pass

        Bound.organisation = organisation
        return Bound

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owned: OwnedModel = self.instance
        owned.organisation = self.organisation


class NamedForm(OwnedForm):
    """A row of one organisation with a name that no other row of it has."""

    def clean_name(self) -> str:
        """Give the name, spaces tidied."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        rows = self._meta.model._default_manager.filter(organisation=self.organisation, name=name)
        if rows.exclude(pk=self.instance.pk).exists():
            raise ValidationError("There is one of this name already. Choose another name.")
        return name


class PurposeForm(NamedForm):
    """A type of email, in the words of those who get it. Its code comes of its first name, and stays."""

    class Meta:
        model = Purpose
        fields = ["name", "description"]
        labels = {"name": "Name", "description": "What people get, and how often"}
        help_texts = {"name": "Such as Campaign updates.", "description": "People read this."}

    def clean(self) -> dict[str, Any]:
        """Give a new type of email its code."""
        cleaned = super().clean() or {}
        if not self.instance.code and cleaned.get("name"):
            self.instance.code = self._free_code(slugify(cleaned["name"])[:36] or "email")
        return cleaned

    def _free_code(self, wanted: str) -> str:
        taken = set(
            Purpose.objects.filter(organisation=self.organisation).values_list("code", flat=True)
        )
        numbered = (f"{wanted}-{number}" for number in range(2, 1000))
        return wanted if wanted not in taken else next(c for c in numbered if c not in taken)


class TopicForm(NamedForm):
    """A topic, as people read it."""

    class Meta:
        model = Topic
        fields = ["name"]
        labels = {"name": "Name of the topic"}
        help_texts = {"name": "Such as EHC plans."}


class WordingForm(forms.Form):
    """A sign-up wording, kept for ever as it was shown."""

    code = forms.SlugField(
        label="Short name",
        max_length=40,
        help_text="Letters, numbers and hyphens, such as form-2025. Imports name it.",
        error_messages={"invalid": "Use letters, numbers and hyphens only, such as form-2025."},
    )
    words = forms.CharField(
        label="Words that people saw",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Word for word. They must name your organisation.",
    )
    picture = forms.ImageField(
        label="Picture of the words",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(WordingPicture.Kind)}),
        help_text=(
            "Such as a photograph of the paper form, if you do not have the words to paste. It must name your "
            "organisation. PNG, JPEG or WebP, "
            f"{PICTURE_MB} MB at most."
        ),
        error_messages=dict.fromkeys(
            ("invalid_image", "invalid_extension"),
            "This file is not a picture, or it is damaged. Upload a PNG, JPEG or WebP picture.",
        ),
    )
    requires_confirmation = forms.BooleanField(
        label="People have to confirm by a link in an email",
        required=False,
        help_text="If so, a yes counts only once it is confirmed. Our own sign-up forms need it.",
    )
    format = forms.ChoiceField(
        label="How it is written",
        choices=Statement.Format.choices,
        initial=Statement.Format.PLAIN,
        widget=forms.RadioSelect,
        required=False,
    )
    about_role = forms.BooleanField(
        label="It asks to keep a very personal role, and no emails",
        required=False,
        help_text="Such as parent or carer of a child with SEND. It must name who keeps it, and why.",
    )

    def __init__(
        self, *args: Any, organisation: Organisation, code: str = "", **kwargs: Any
    ) -> None:
        self.organisation = organisation
        super().__init__(*args, **kwargs)
        if code:  # another version of a wording: its short name stays
            self.fields["code"].disabled = True
            self.fields["code"].initial = code

    def clean_picture(self) -> UploadedFile[Any] | None:
        """Give the picture; its media type is what it was found to be."""
        picture: UploadedFile[Any] | None = self.cleaned_data["picture"]
        if picture is None:
            return None
        if (picture.size or 0) > PICTURE_MB << 20:
            raise ValidationError(
                f"This picture is larger than {PICTURE_MB} MB. Save it smaller and upload it again."
            )
        if picture.content_type not in WordingPicture.Kind:
            raise ValidationError("Upload a PNG, JPEG or WebP picture.")
        return picture

    def clean(self) -> dict[str, Any]:
        """Ask for the words or a picture of them."""
        cleaned = super().clean() or {}
        if not cleaned.get("words") and not cleaned.get("picture") and "picture" not in self.errors:
            self.add_error("words", "Paste the words, or upload a picture of them.")
        return cleaned

    def clean_format(self) -> str:
        """Give the way of writing; plain if none was chosen."""
        return str(self.cleaned_data["format"] or Statement.Format.PLAIN)

    def clean_code(self) -> str:
        """Give a short name that is not taken."""
        code = str(self.cleaned_data["code"])
        if self.fields["code"].disabled:
            return code
        if Statement.objects.filter(organisation=self.organisation, code=code).exists():
            raise ValidationError("There is a wording of this short name already. Choose another.")
        return code


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
            "telling_words",
            "most_a_week",
        ]
        labels = {
            "legal_name": "Legal name",
            "postal_address": "Postal address",
            "sender_name": "Sender’s name",
            "sender_address": "Sender’s email address",
            "reply_address": "Email address for replies",
            "telling_words": "Words that give membership away",
            "most_a_week": "Most emails to one person in seven days",
        }
        help_texts = {
            "sender_name": "What people see in their inbox.",
            "sender_address": "It must be of your own domain.",
            "reply_address": "Somebody must read it every working day.",
            "telling_words": (
                "With commas between them. A campaign for members only is checked for them, and for your names."
            ),
            "most_a_week": (
                "Leave it blank for no limit. Who had as many is left out of your next campaign, unless it is marked "
                "important. What you send together with others does not count."
            ),
        }
        error_messages = {
            "most_a_week": dict.fromkeys(
                ("min_value", "max_value", "invalid"),
                "Write a number from 1 to 50, or leave it blank for no limit.",
            )
        }


class SignOffForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who signed the impact assessment, and the domain that mail is sent from."""

    class Meta:
        model = GoLive
        fields = ["dpia_reference", "dpia_signed_by", "dpia_signed_on", "sending_domain"]
        labels = {
            "dpia_reference": "Reference of your data protection impact assessment",
            "dpia_signed_by": "Who signed it",
            "dpia_signed_on": "When they signed it",
            "sending_domain": "Domain that you send from",
        }
        help_texts = {
            "dpia_reference": "Where it can be found, such as a document number.",
            "dpia_signed_by": "Your data-protection lead, by name.",
            "sending_domain": (
                "The part of the sender’s address after the @. Its owner must have let us send for it."
            ),
        }
        widgets = {"dpia_signed_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def clean_dpia_signed_on(self) -> date | None:
        """Give the day, which has come."""
        day: date | None = self.cleaned_data["dpia_signed_on"]
        if day and day > timezone.localdate():
            raise ValidationError("This date is in the future.")
        return day

    def clean_sending_domain(self) -> str:
        """Give the domain without what people put before it."""
        return str(self.cleaned_data["sending_domain"]).strip().lower().rpartition("@")[2]


class InviteForm(forms.Form):
    """A colleague and what they may do."""

    email = forms.EmailField(
        label="Email address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(
        label="What they do",
        choices=Membership.Role.choices,
        widget=forms.RadioSelect,
        initial=Membership.Role.ORGANISER,
        help_text=(
            "Organisers look after people, segments and campaigns. "
            "Admins also import lists, change settings and invite staff."
        ),
    )
