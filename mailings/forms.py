"""What organisers fill in: a campaign, and their organisation's text of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from crm.models import Organisation, Purpose, Segment, SignUpForm, Topic
from mailings.models import Campaign, Version

_LONDON, _NONE = ZoneInfo("Europe/London"), timedelta()


class LondonTimeField(forms.DateTimeField):
    """A day and time as the clocks in London show it; one that they skip or repeat is refused in a sentence."""

    def to_python(self, value: Any) -> datetime | None:
        """Give the moment that was meant."""
        shown = parse_datetime(value) if isinstance(value, str) else None
        if shown is not None and timezone.is_naive(shown):
            before, after = (shown.replace(tzinfo=_LONDON, fold=fold) for fold in (0, 1))
            if (
                before.utcoffset() != after.utcoffset()
            ):  # PEP 495: more before than after: the clocks go back
                repeats = (before.utcoffset() or _NONE) > (after.utcoffset() or _NONE)
                raise ValidationError(
                    f"On that day the clocks change, and {shown:%H:%M} "
                    f"{'comes twice' if repeats else 'does not exist'}. Choose a time before 01:00 or after 02:00."
                )
        return super().to_python(value)


class CampaignForm(forms.Form):
    """A new campaign: what it is called, who mails, and when."""

    name = forms.CharField(
        label="Name of the campaign", max_length=120, help_text="Only staff see it."
    )
    is_coordinated = forms.BooleanField(
        label="Send it together with the other organisation",
        required=False,
        help_text=(
            "Each organisation writes its own text and mails its own people. "
            "Somebody on both lists gets one email, not two."
        ),
    )
    suitable_for_under_18 = forms.BooleanField(
        label="It is suitable for people under 18",
        required=False,
        help_text="If not, people who may be under 18 are left out.",
    )
    is_important = forms.BooleanField(
        label="It is an important update",
        required=False,
        help_text=(
            "It also goes to people who asked for important emails only. They were promised about four a year."
        ),
    )
    members_only = forms.BooleanField(
        label="It speaks to members only",
        required=False,
        help_text=(
            "It then never goes to who has left, nor to an inbox that several people read, such as a school office’s. "
            "Choose a subject that gives nobody’s membership away: work addresses are read at work."
        ),
    )
    mentions_candidate = forms.BooleanField(
        label="It mentions a candidate or a party in an election",
        required=False,
        help_text="Two colleagues then approve it, not one. The rules on election material may apply.",
    )
    election = forms.CharField(
        label="Which election",
        max_length=80,
        required=False,
        help_text="If it mentions a candidate or a party: such as “Surrey council, May 2027”.",
    )
    on_doubt = forms.ChoiceField(
        label="If an email may or may not have gone out",
        choices=Campaign.OnDoubt.choices,
        initial=Campaign.OnDoubt.HOLD,
        required=False,
        help_text="This happens to very few, when a connection or a server breaks at that moment.",
    )
    due_at = LondonTimeField(
        label="When to send it",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Leave it empty to send as soon as it is approved.",
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (
            not organisation.is_partner
        ):  # the joint list is mailed on behalf of every partner as it is
            del self.fields["is_coordinated"]

    def clean(self) -> dict[str, Any]:
        """Ask for the election of an email that mentions a candidate."""
        found = super().clean() or self.cleaned_data
        if found.get("mentions_candidate") and not found.get("election", "").strip():
            self.add_error("election", "Name the election, since the email mentions a candidate.")
        return found

    def clean_on_doubt(self) -> str:
        """Wait, if nothing was chosen."""
        return self.cleaned_data["on_doubt"] or Campaign.OnDoubt.HOLD


class TextForm(forms.Form):
    """One organisation's text: for whom, which type of email, subject and words."""

    segment = forms.ModelChoiceField(
        label="Who is it for",
        queryset=Segment.objects.none(),
        required=False,
        empty_label="Everyone on our list",
        to_field_name="public_id",
    )
    purpose = forms.ModelChoiceField(
        label="Type of email",
        queryset=Purpose.objects.none(),
        empty_label=None,
        help_text="Only people who said yes to this type get it.",
    )
    topic = forms.ModelChoiceField(
        label="Topic",
        queryset=Topic.objects.none(),
        required=False,
        empty_label="None in particular",
        help_text="People who told us to leave this topic out do not get it.",
    )
    subject = forms.CharField(label="Subject", max_length=200)
    body = forms.CharField(
        label="Text",
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=(
            "Leave a blank line between paragraphs. **Bold**, [a link](https://example.org) and lists with - "
            "work. {{ first_name|friend }} becomes the name, or “friend” if we do not know it. The imprint "
            "and the link to stop are added below."
        ),
    )
    extra_link = forms.ChoiceField(
        label="Another link below the text",
        choices=Version.ExtraLink.choices,
        widget=forms.RadioSelect,
        required=False,
        initial=Version.ExtraLink.NONE,
        help_text=(
            "Permission runs out two years after the last time a person said yes. A segment can choose those "
            "whose permission runs out within three months: ask them in time. Nothing changes before they use "
            "a link that we send them."
        ),
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("segment", Segment.objects.filter(organisation=organisation))
        self._offer("purpose", Purpose.objects.filter(organisation=organisation))
        joint_forms = SignUpForm.objects.filter(organisation__is_partner=False, is_open=True)
        if not organisation.is_partner or not joint_forms.exists():
            links = self.fields["extra_link"]
            assert isinstance(links, forms.ChoiceField)
            joint = Version.ExtraLink.JOINT
            links.choices = [link for link in Version.ExtraLink.choices if link[0] != joint]
        self._offer("topic", Topic.objects.filter(organisation=organisation))

    def _offer(self, name: str, choices: QuerySet[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = choices
