"""Recognises where a file comes from by its headings, and which column means what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.models import Action

Columns = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A vendor's export: the headings that give it away, and the headings of each field, the best first.

    `by_name`: what the name of the file says of everyone in it, where the status is the file. `is_of_members`:
    only a union has such a list.
    """

    code: str
    label: str
    fingerprint: frozenset[str]
    fields: dict[str, tuple[str, ...]]
    by_name: dict[str, Action | None] = field(default_factory=dict)
    is_of_members: bool = False


_COMMON: dict[str, tuple[str, ...]] = {
    "email": (
        "email",
        "email address",
        "e mail",
        "your email address",
        "what is your email address",
        "preferred email",
        "home email",
        "work email",
    ),
    "first_name": ("first name", "forename", "forenames", "given name"),
    "last_name": ("last name", "surname", "family name"),
    "phone": ("mobile", "phone", "phone number", "mobile phone", "telephone"),
    "postcode": ("postcode", "post code", "zip code", "postal code"),
    "role": ("role", "roles", "job role", "job title", "i am a"),
    "tags": ("tags", "tag list"),
    "external_id": ("membership number", "membership no", "member no", "external id"),
    "says_yes": ("email opt in", "opt in", "consent", "email consent", "subscribed"),
    "says_no": ("do not email", "email opt out", "unsubscribed", "no bulk emails user opt out"),
    "said_on": ("opt in date", "consent date", "date of consent", "signed up", "created at"),
    "refused_on": ("opt out date", "unsubscribed on", "date unsubscribed"),
    "born": ("date of birth", "dob", "d o b", "birth date", "birthdate", "birthday"),
}
# What an admin reads for each field.
LABELS = {
    "email": "Email address",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone number",
    "postcode": "Postcode",
    "role": "Role",
    "tags": "Tags",
    "external_id": "Membership number",
    "says_yes": "Said yes to email",
    "says_no": "Said no to email",
    "said_on": "When they said yes",
    "refused_on": "When they said no",
    "born": "Age band only: the date of birth is not kept",
}
NOT_KEPT = frozenset({"what to mend", "row was in"})  # our own notes on a sheet of rows to mend

PRESETS = (
    Preset(
        code="mailchimp",
        label="Mailchimp audience export",
        fingerprint=frozenset({"email address", "leid", "euid"}),
        fields={
            **_COMMON,
            "email": ("email address",),
            "said_on": ("confirm time", "optin time"),
            "refused_on": ("unsub time", "clean time"),
        },
        by_name={
            "unsubscribed": Action.WITHDRAW,
            "nonsubscribed": None,
            "cleaned": None,
            "subscribed": Action.GRANT,
        },
    ),
    Preset(
        code="union",
        label="Union membership list",
        fingerprint=frozenset({"membership number", "surname"}),
        fields={**_COMMON, "first_name": ("forenames", "forename", "first name", "known as")},
        is_of_members=True,
    ),
    Preset(
        code="template",
        label="Spreadsheet with our own headings",
        fingerprint=frozenset(),
        fields=_COMMON,
    ),
)


def fold(heading: str) -> str:
    """Give the form in which headings are compared: `Forename(s)` is `forenames`."""
    heading = re.sub(r"[()’']", "", heading.lower())
    return " ".join(re.findall(r"[a-z0-9]+", heading))


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
