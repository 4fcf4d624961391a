"""What is asked when somebody decides of a possible duplicate."""

from __future__ import annotations

from django import forms

from crm.models import Decision


class DecisionForm(forms.Form):
    """One decision of one pair."""

    decision = forms.TypedChoiceField(
        choices=Decision.choices, coerce=lambda value: Decision(int(value))
    )
