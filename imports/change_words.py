"""Puts into words what an import would change of people who are on the list, field by field."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma

from crm.models import Supporter
from imports.models import Import, StagedRow

_NAMES = {
    "first_name": "first name",
    "last_name": "last name",
    "postcode": "postcode",
    "external_id": "membership number",
    "relationship": "membership",
    "phone": "phone number",
    "role": "role",
    "topic": "topic",
    "tags": "tag",
}


def told(file: Import) -> list[str]:
    """Give a sentence for each field that changes, is new, or stays; samples while the rows are there. Keeper scope."""
    found: list[str] = []
    for field, name in _NAMES.items():
        if counted := file.counts.get("changes", {}).get(field):
            found += _of_field(file, field, name, counted)
    return found


def _of_field(file: Import, field: str, name: str, counted: dict[str, int]) -> list[str]:
    sentences = []
    if count := counted["changes"]:
        shown = _sample(file, field)
        sentences.append(
            f"{_people(count)} {name} changes" + (f": {', '.join(shown)}" if shown else "") + "."
        )
    if count := counted["gets"]:
        verb = "gets" if count == 1 else "get"
        more = "another" if field in ("phone", "role", "topic", "tags") else "a"
        who = "1 person" if count == 1 else f"{intcomma(count)} people"
        sentences.append(f"{who} {verb} {more} {name}.")
    if count := counted["stays"]:
        sentences.append(
            f"{_people(count)} {name} stays as it is, although this file says otherwise: they told us themselves, or "
            "what we have is newer."
        )
    return sentences


def _people(count: int) -> str:
    return "1 person’s" if count == 1 else f"{intcomma(count)} people’s"


def _sample(file: Import, field: str) -> list[str]:
    """Give what some people have and would have: `GU1 1AA → GU2 7XH`."""
    pairs: list[tuple[int, int]] = file.counts["changes"][field]["sample"]
    rows = StagedRow.objects.filter(file=file, line__in=[line for line, _ in pairs])
    new = dict(rows.values_list("line", field))
    people = Supporter.objects.filter(
        organisation=file.organisation_id, pk__in=[w for _, w in pairs]
    )
    old = dict(people.values_list("pk", field))
    return [f"{old[who]} → {new[line]}" for line, who in pairs if line in new and old.get(who)]
