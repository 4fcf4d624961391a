"""The changes of a person's permission in words: what was said, by whom, how we know, and since when."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from crm.models import Action, ConsentHistory, ConsentState, ContactPoint, EvidenceNote, Source

LONGEST = 200  # changes on one page; nobody has that many


@dataclass(slots=True)
class Change:
    """One act: what happened and when, and lines on how we know."""

    when: datetime
    is_dated: bool
    title: str
    lines: list[str]
    addresses: list[str] = field(default_factory=list)


def of(joined: Collection[int]) -> list[Change]:
    """Give the changes of a person, whose entries these are, the newest first; one act is one change.

    A stop that another reader of the same inbox asked for is among them, since it holds here too.
    """
    points = ContactPoint.objects.filter(supporter__in=joined)
    states = ConsentState.objects.filter(contact_point__in=points.values("pk"))
    in_force = [pk for pk in states.values_list("refusal_event_id", flat=True) if pk]
    found = (
        ConsentHistory.objects.filter(Q(supporter__in=joined) | Q(pk__in=in_force))
        .select_related("purpose", "statement", "batch", "actor", "second_actor", "contact_point")
        .order_by("-recorded_at", "-pk")[:LONGEST]
    )
    events = list(found)
    notes = _notes(events)
    mended = {event.corrects_id for event in events if event.corrects_id}
    acts: dict[uuid.UUID | int, Change] = {}
    for event in events:
        key = event.act_id or event.pk
        if key not in acts:
            acts[key] = _change(event, notes, is_mended=event.pk in mended)
        point = event.contact_point
        if point is not None and point.address not in acts[key].addresses:
            acts[key].addresses.append(point.address)
    return sorted(acts.values(), key=lambda change: change.when, reverse=True)


def _change(event: ConsentHistory, notes: dict[bytes, str], *, is_mended: bool) -> Change:
    title = f"{Action(event.action).label.capitalize()}"
    if event.action == Action.PAUSE and event.paused_until:
        title += f" until {_day(event.paused_until)}"
    if event.purpose is not None:
        title += f": {event.purpose.name}"
    note = notes.get(bytes(event.evidence)) if event.evidence else None
    lines = [
        _source(event),
        f"Sign-up wording: {event.statement}." if event.statement else "",
        f"How they told us: {note}" if note else "",
        _recorded(event),
        "The import was undone, so this no longer counts."
        if event.batch and event.batch.undone_at
        else "",
        "This was a mistake and no longer counts." if is_mended else "",
    ]
    return Change(
        when=event.occurred_at or event.recorded_at,
        is_dated=event.occurred_at is not None,
        title=title,
        lines=[line for line in lines if line],
    )


def _source(event: ConsentHistory) -> str:
    """Say who is behind an event."""
    who = event.actor or ("somebody who has left" if event.actor_id else None)
    if event.source == Source.IMPORT and event.batch is not None:
        return f"From the list {event.batch.label}."
    if event.source == Source.STAFF:
        second = f", and {event.second_actor} vouched for it" if event.second_actor else ""
        return f"They told staff. Recorded by {who or 'staff'}{second}."
    if event.source == Source.PERSONAL:
        return "Their own act."
    return "Worked out by Coalesce."


def _recorded(event: ConsentHistory) -> str:
    """Say when we learned of it, if that was another day than it happened."""
    if event.occurred_at is None:
        return f"No date was given. Recorded on {_day(event.recorded_at)}."
    if timezone.localdate(event.occurred_at) == timezone.localdate(event.recorded_at):
        return ""
    return f"Recorded on {_day(event.recorded_at)}."


def _notes(events: list[ConsentHistory]) -> dict[bytes, str]:
    """Give the words of evidence by their digests; they may have been erased."""
    digests = [bytes(event.evidence) for event in events if event.evidence]
    if not digests:
        return {}
    found = EvidenceNote.objects.filter(
        organisation=events[0].organisation_id, digest__in=digests
    ).values_list("digest", "words")
    return {bytes(digest): words for digest, words in found}


def _day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}"
