"""A segment's rules as a form: one control for each question, none needed, no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.boundfield import BoundField

from crm import consent, segments
from crm.models import Branch, Organisation, Role, Segment, Tag, Topic

MATCH = (("all", "All that you choose below"), ("any", "At least one of them"))
# Each control: its name, and the field and operator of the rule that it makes.
RULES = {
    "role": ("role", "is"),
    "role_2": ("role", "is"),
    "not_role": ("role", "is_not"),
    "tag": ("tag", "is"),
    "tag_2": ("tag", "is"),
    "not_tag": ("tag", "is_not"),
    "topic": ("topic", "is"),
    "topic_2": ("topic", "is"),
    "not_topic": ("topic", "is_not"),
    "permission": ("permission", "is"),
    "branch": ("branch", "is"),
    "not_branch": ("branch", "is_not"),
    "area": ("area", "is"),
    "area_2": ("area", "is"),
    "not_area": ("area", "is_not"),
    "added_after": ("added", "after"),
    "added_before": ("added", "before"),
}
LEGENDS = {
    "role": "Roles",
    "tag": "Tags",
    "topic": "Topics",
    "permission": "Permission to email",
    "branch": "Branches",
    "area": "Where they live, such as GU or GU1",
    "added": "When they came to the list",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The controls that ask about one thing."""

    legend: str
    fields: list[BoundField]


def _choice(label: str) -> forms.ModelChoiceField[Any]:
    return forms.ModelChoiceField(label=label, queryset=Role.objects.none(), required=False)


def _area(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=8, required=False)


def _day(label: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class SegmentForm(forms.Form):
    """Who is meant. A question that is left empty does not count."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Such as SENCOs in Surrey.",
        error_messages={"required": "Give the segment a name."},
    )
    match = forms.ChoiceField(
        label="Who belongs to it",
        choices=MATCH,
        initial="all",
        widget=forms.RadioSelect,
        help_text="People for whom this is true:",
    )
    role, role_2, not_role = _choice("Role"), _choice("Another role"), _choice("Not this role")
    tag, tag_2, not_tag = _choice("Tag"), _choice("Another tag"), _choice("Not this tag")
    topic, topic_2, not_topic = (
        _choice("Topic"),
        _choice("Another topic"),
        _choice("Not this topic"),
    )
    permission = forms.ChoiceField(
        label="How it stands today",
        choices=[("", "Any"), *consent.STANDINGS.items()],
        required=False,
    )
    branch, not_branch = _choice("Branch"), _choice("Not this branch")
    area = _area("Postcode begins with")
    area_2, not_area = _area("Another beginning"), _area("Does not begin with")
    added_after, added_before = _day("After this day"), _day("Before this day")

    def __init__(
        self, *args: Any, organisation: Organisation, segment: Segment | None = None, **kwargs: Any
    ) -> None:
        self.organisation, self.segment = organisation, segment
        choices: dict[str, tuple[QuerySet[Any], str]] = {
            "role": (Role.objects.all(), "code"),
            "tag": (Tag.objects.filter(organisation=organisation), "name"),
            "topic": (Topic.objects.filter(organisation=organisation), "name"),
            "branch": (Branch.objects.filter(organisation=organisation), "name"),
        }
        kwargs["initial"] = _initial(segment, choices)
        super().__init__(*args, **kwargs)
        for name, (asked, _) in RULES.items():
            field = self.fields[name]
            if isinstance(field, forms.ModelChoiceField):
                field.queryset, field.to_field_name = choices[asked]
                field.empty_label = "Any" if name == asked else "None"

    def groups(self) -> Iterator[Group]:
        """Give the controls by what they ask about; a group without choices is left out."""
        for asked, legend in LEGENDS.items():
            fields = [self[name] for name, (field, _) in RULES.items() if field == asked]
            if any(len(getattr(field.field, "choices", "ab")) > 1 for field in fields):
                yield Group(legend, fields)

    def clean_name(self) -> str:
        """Give a name that no other segment of the organisation has."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        taken = Segment.objects.filter(organisation=self.organisation, name=name)
        if self.segment is not None:
            taken = taken.exclude(pk=self.segment.pk)
        if taken.exists():
            raise ValidationError("There is a segment of this name already.")
        return name

    def clean(self) -> dict[str, Any]:
        """Turn what was filled in into rules, each checked on its own, so that a fault names its control."""
        cleaned = super().clean() or {}
        rules = []
        for name, (field, op) in RULES.items():
            if cleaned.get(name):
                value = getattr(cleaned[name], "pk", cleaned[name])
                try:
                    rules += segments.check([{"field": field, "op": op, "value": str(value)}])
                except ValidationError as error:
                    words = error.message.partition(": ")[2]  # the control says which rule it is
                    self.add_error(name, words[:1].upper() + words[1:])
        cleaned["rules"] = {"match": cleaned.get("match", "all"), "rules": rules}
        return cleaned

    def save(self) -> Segment:
        """Save the segment with its rules."""
        segment = self.segment or Segment(organisation=self.organisation)
        segment.name, segment.rules = self.cleaned_data["name"], self.cleaned_data["rules"]
        segment.save()
        return segment


def _initial(
    segment: Segment | None, choices: dict[str, tuple[QuerySet[Any], str]]
) -> dict[str, Any]:
    """Give the controls what the segment's rules say."""
    if segment is None:
        return {}
    found: dict[str, Any] = {"name": segment.name, "match": segment.rules.get("match", "all")}
    seen: Counter[tuple[str, str]] = Counter()
    for rule in segment.rules.get("rules", []):
        kind = (rule["field"], rule["op"])
        controls = [name for name, asked in RULES.items() if asked == kind]
        if seen[kind] < len(controls):
            value = rule["value"]
            if rule["field"] in choices:
                value = choices[rule["field"]][0].filter(pk=value).first()
            found[controls[seen[kind]]] = value
        seen[kind] += 1
    return found
