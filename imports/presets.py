"""Recognises where a file comes from by its headings, and which column means what (imports/vendors.py)."""

from __future__ import annotations

from collections.abc import Sequence

from imports.headings import fold
from imports.vendors import PRESETS, Preset

Columns = dict[str, list[int]]

# What an admin reads for each field.
LABELS = {
    "email": "Email address",
    "first_name": "First name",
    "last_name": "Last name",
    "full_name": "Whole name",
    "phone": "Phone number",
    "postcode": "Postcode",
    "role": "Role",
    "topic": "Topics",
    "tags": "Tags",
    "external_id": "Membership number",
    "membership": "Membership: member, former, student and the like",
    "left_on": "Left on this day: no longer a member",
    "says_yes": "Said yes to email",
    "says_no": "Said no to email",
    "no_sharing": "Does not want their details shared",
    "stopped": "Said stop, on this day",
    "bounced": "Email comes back",
    "said_on": "When they said yes",
    "refused_on": "When they said no",
    "born": "Age band only: the date of birth is not kept",
}
NOT_KEPT = frozenset({"what to mend", "row was in"})  # our own notes on a sheet of rows to mend


def recognise(headings: Sequence[str]) -> Preset:
    """Give the preset whose telling headings are all there; our own template if none is."""
    present = {fold(heading) for heading in headings}
    return next(preset for preset in PRESETS if preset.fingerprint <= present)


def columns(preset: Preset, headings: Sequence[str]) -> Columns:
    """Give, for each field, the positions of its columns, the best first; of equal headings the first first."""
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        places.setdefault(fold(heading), []).append(place)
    return {
        name: [place for alias in aliases for place in places.get(alias, [])]
        for name, aliases in preset.fields.items()
    }


def by_name(preset: Preset, sheet: str) -> str | None:
    """Give the status that the name of a file states, such as `unsubscribed`, or None."""
    return next((status for status in preset.by_name if sheet.lower().startswith(status)), None)


def of_code(code: str) -> Preset:
    """Give a preset by its code."""
    return next(preset for preset in PRESETS if preset.code == code)
