"""The pack: what one organisation holds on a person, as JSON and as a page, for a day (UK GDPR Art. 15 and 20)."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from crm import wall
from crm.holdings import PARTS, Part, Whose
from crm.models import Case, Organisation, Pack, Supporter, User
from crm.services import cases

KEPT = timedelta(hours=24)
Shown = dict[str, Any]


def ask(case: Case, *, by: User) -> Pack:
    """Have a pack made for the person of a case. Staff scope."""
    assert case.supporter is not None
    with transaction.atomic():
        cases.log(case, "A pack of what we hold was asked for.", by=by)
        return Pack.objects.create(
            organisation_id=case.organisation_id, case=case, supporter=case.supporter, asked_by=by
        )


def make(*, pack_id: int) -> None:
    """Make the files of a pack that waits. Safe to repeat.

    What goes in is read with the rights of staff of that organisation alone: another's rows, hashes and links cannot
    be among it, whatever this code asks for (scenario 26).
    """
    with wall.scope("platform"):
        waiting = Pack.objects.select_for_update(skip_locked=True)
        pack = waiting.filter(pk=pack_id, state=Pack.State.WAITING).first()
        if pack is None:
            return
        with wall.scope("staff", organisation_id=pack.organisation_id):
            content = held(pack.organisation, pack.supporter)
        page = render_to_string("crm/pack.html", {"pack": content})
        text = json.dumps(content, ensure_ascii=False, indent=2)
        pack.as_json.save(f"{pack.public_id}.json", ContentFile(text.encode()), save=False)
        pack.as_html.save(f"{pack.public_id}.html", ContentFile(page.encode()), save=False)
        pack.state, pack.kept_until = Pack.State.READY, timezone.now() + KEPT
        pack.save()


def held(organisation: Organisation, person: Supporter) -> Shown:
    """Give everything an organisation holds on a person, in words. Staff scope of that organisation."""
    entries = Supporter.objects.filter(canonical=person.canonical_id)
    whose = Whose(organisation.pk, list(entries.values_list("pk", flat=True)))
    return {
        "organisation": organisation.name,
        "made_at": timezone.localtime().isoformat(timespec="minutes"),
        "parts": [{"title": part.title, "rows": _rows(part, whose)} for part in PARTS],
    }


def _rows(part: Part, whose: Whose) -> list[Shown]:
    words = {label: _words_of(part, label, lookup) for label, lookup in part.columns.items()}
    found = part.of(whose).values_list(*part.columns.values())
    return [
        {
            label: words[label](value)
            for label, value in zip(part.columns, row, strict=True)
            if value not in (None, "", {}, [])
        }
        for row in found
    ]


def _words_of(part: Part, label: str, lookup: str) -> Any:
    """Give the function that puts a value of a column into words."""
    if label in part.shown:
        return part.shown[label]
    field = None if "__" in lookup else part.model._meta.get_field(lookup)
    choices = dict(field.flatchoices) if isinstance(field, models.Field) and field.choices else {}

    def say(value: Any) -> Any:
        if isinstance(value, datetime):
            return timezone.localtime(value).isoformat(sep=" ", timespec="minutes")
        if isinstance(value, date):
            return value.isoformat()
        return str(choices.get(value, value)) if choices else value

    return say


def read(pack: Pack, kind: str, *, by: User) -> bytes | None:
    """Give a pack's file to be downloaded, which is logged; None when its day is over. Staff scope."""
    if (
        pack.state != Pack.State.READY
        or pack.kept_until is None
        or pack.kept_until < timezone.now()
    ):
        return None
    file = pack.as_json if kind == "json" else pack.as_html
    with transaction.atomic(), file.open("rb") as content:
        found: bytes = content.read()
        cases.log(pack.case, f"The pack was downloaded ({kind.upper()}).", by=by)
    return found


def sweep() -> list[int]:
    """Delete the files whose day is over, and give the packs that wait still."""
    with wall.scope("platform"):
        over = Pack.objects.filter(state=Pack.State.READY, kept_until__lte=timezone.now())
        for pack in over.select_for_update(skip_locked=True):
            delete_files(pack)
        waiting = Pack.objects.filter(state=Pack.State.WAITING).order_by("pk")
        return list(waiting.values_list("pk", flat=True)[:20])


def delete_files(pack: Pack) -> None:
    """Delete a pack's files; the row stays, and says that there was one."""
    for file in (pack.as_json, pack.as_html):
        if file:
            file.delete(save=False)
    pack.as_json = pack.as_html = ""
    pack.state = Pack.State.DELETED
    pack.save(update_fields=["as_json", "as_html", "state"])
