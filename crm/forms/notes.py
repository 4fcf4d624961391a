"""The question that is asked when a note looks like details of a child's needs (R-SEC9)."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.notes import WARNING, speaks_of_a_childs_needs

_ANSWER = "about_no_child"


class CarefulNotes(forms.Form):
    """A form in which staff type notes: `notes` names the fields. The question is asked once, and can be answered."""

    notes: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[_ANSWER] = forms.BooleanField(
            label="It says nothing about a child’s needs", required=False, widget=forms.HiddenInput
        )

    def clean(self) -> dict[str, Any]:
        """Ask about each note that looks like it, unless the question was answered; the answer is not kept."""
        cleaned = super().clean() or {}
        answered = cleaned.pop(_ANSWER, False)
        for name in self.notes:
            if not answered and speaks_of_a_childs_needs(str(cleaned.get(name) or "")):
                self.fields[_ANSWER].widget = forms.CheckboxInput()
                self.add_error(
                    name, f"{WARNING} If it says nothing of the kind, tick the box at the end."
                )
        return cleaned
