"""A segment's rules as a form: one field for each question, none needed, no script."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from crm import segments
from crm.models import Organisation, Role, Segment, Tag, Topic

MATCH = (("all", "All of these are true"), ("any", "At least one of these is true"))


class SegmentForm(forms.Form):
    """Who is meant. A question that is left empty does not count."""

    name = forms.CharField(label="Name", max_length=120, help_text="Such as SENCOs in Surrey.")
    match = forms.ChoiceField(label="People for whom", choices=MATCH, initial="all")
    role = forms.ModelChoiceField(label="Role", queryset=Role.objects.none(), required=False)
    not_role = forms.ModelChoiceField(
        label="Not the role", queryset=Role.objects.none(), required=False
    )
    tag = forms.ModelChoiceField(label="Tag", queryset=Tag.objects.none(), required=False)
    not_tag = forms.ModelChoiceField(
        label="Not the tag", queryset=Tag.objects.none(), required=False
    )
    topic = forms.ModelChoiceField(label="Topic", queryset=Topic.objects.none(), required=False)
    area = forms.CharField(
        label="Postcode begins with", max_length=8, required=False, help_text="Such as GU or GU1."
    )
    added_after = forms.DateField(
        label="Added after",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    added_before = forms.DateField(
        label="Added before",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    _RULES = {
        "role": ("role", "is"),
        "not_role": ("role", "is_not"),
        "tag": ("tag", "is"),
        "not_tag": ("tag", "is_not"),
        "topic": ("topic", "is"),
        "area": ("area", "is"),
        "added_after": ("added", "after"),
        "added_before": ("added", "before"),
    }

    def __init__(
        self,
        *args: Any,
        organisation: Organisation,
        segment: Segment | None = None,
        **kwargs: Any,
    ) -> None:
        self.organisation, self.segment = organisation, segment
        kwargs["initial"] = self._initial(segment)
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("role", Role.objects.all()),
            ("not_role", Role.objects.all()),
            ("tag", Tag.objects.filter(organisation=organisation)),
            ("not_tag", Tag.objects.filter(organisation=organisation)),
            ("topic", Topic.objects.filter(organisation=organisation)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = choices
            field.empty_label = "Any"

    def _initial(self, segment: Segment | None) -> dict[str, Any]:
        if segment is None:
            return {}
        names = {rule: name for name, rule in self._RULES.items()}
        found = {
            names[rule["field"], rule["op"]]: rule["value"]
            for rule in segment.rules.get("rules", [])
        }
        return {"name": segment.name, "match": segment.rules.get("match", "all"), **found}

    def clean(self) -> dict[str, Any]:
        """Turn what was filled in into rules, each checked."""
        cleaned = super().clean() or {}
        rules = [
            {"field": field, "op": op, "value": getattr(cleaned[name], "pk", cleaned[name])}
            for name, (field, op) in self._RULES.items()
            if cleaned.get(name)
        ]
        cleaned["rules"] = {
            "match": cleaned.get("match", "all"),
            "rules": segments.check(rules),
        }
        taken = Segment.objects.filter(organisation=self.organisation, name=cleaned.get("name"))
        if self.segment is not None:
            taken = taken.exclude(pk=self.segment.pk)
        if taken.exists():
            raise ValidationError({"name": "There is a segment of this name already."})
        return cleaned

    def save(self) -> Segment:
        """Save the segment with its rules."""
        segment = self.segment or Segment(organisation=self.organisation)
        segment.name, segment.rules = self.cleaned_data["name"], self.cleaned_data["rules"]
        segment.save()
        return segment
