"""Writes random worlds into the tables, folds them, and reads what the fold and the gate say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import chain
from typing import Any

from django.db import connection, transaction

from crm import consent
from crm.hashing import hashes_of
from crm.models import (
    AddressKey,
    AgeBand,
    Batch,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    PlatformStop,
    Supporter,
)
from crm.reasons import Reason
from crm.sql import fold
from tests.crm.plain_fold import JOINT_STOP, Event, Point, State, World
from tests.crm.worlds import ADDRESSES, FIRST_OF_WORLDS, NOW, Ground

NOTE = sha256(b"by telephone").digest()
Key = tuple[int, int]  # an address and a type of email
Name = Callable[[int], int]


def same(number: int) -> int:
    return number


@contextmanager
def written(worlds: Sequence[World], *, name: Name = same) -> Iterator[None]:
    """Write worlds and fold them; all is taken back in the end. `name` gives the events other ids."""
    with transaction.atomic():
        write_people(worlds)
        write_events(chain.from_iterable(world.events for world in worlds), name=name)
        fold.rebuild()
        yield
        transaction.set_rollback(True)


def write_people(worlds: Sequence[World]) -> None:
    """Write the supporters, their addresses, and the stops of worlds."""
    owner = {point.supporter: point.organisation for world in worlds for point in world.points}
    Supporter.objects.bulk_create(
        Supporter(
            id=who, canonical_id=canonical, organisation_id=owner[who], age_band=AgeBand.ADULT
        )
        for world in worlds
        for who, canonical in world.canonical.items()
    )
    points = [point for world in worlds for point in world.points]
    ContactPoint.objects.bulk_create(
        ContactPoint(
            id=point.id,
            organisation_id=point.organisation,
            supporter_id=point.supporter,
            address=point.address,
            folded=point.address,
        )
        for point in points
    )
    AddressKey.objects.bulk_create(
        AddressKey(
            contact_point_id=point.id,
            organisation_id=point.organisation,
            key_id="k1",
            address_key=hashes_of(point.address).address_key,
            mailbox=hashes_of(point.address).mailbox,
        )
        for point in points
    )
    PlatformStop.objects.bulk_create(
        PlatformStop(mailbox=mailbox(inbox), key_id="k1", stopped_at=at)
        for world in worlds
        for inbox, at in world.stops.items()
    )


def mailbox(inbox: str) -> bytes:
    """Give the hash of an inbox that a world calls by a name and its number."""
    name, _, number = inbox.partition(" ")
    address = next(address for address, other in ADDRESSES if other == name)
    return hashes_of(address.replace("#", number)).mailbox


_COLUMNS = [column.column for column in ConsentEvent._meta.concrete_fields]
_INSERT = (
    f"INSERT INTO crm_consentevent ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join('%s' for _ in _COLUMNS)})"
)


def write_events(events: Iterable[Event], *, name: Name = same) -> None:
    """Append events to the ledger, with the times at which they were recorded."""
    with connection.cursor() as cursor:
        rows = [_row(e, name) for e in events]
        cursor.executemany(_INSERT, [[row[column] for column in _COLUMNS] for row in rows])


def _row(e: Event, name: Name) -> dict[str, Any]:
    return {
        "id": name(e.id),
        "organisation_id": e.organisation,
        "supporter_id": e.supporter,
        "contact_point_id": e.point,
        "address_key": hashes_of(e.address).address_key if e.address else None,
        "mailbox": mailbox(e.inbox) if e.inbox else None,
        "reach": e.reach,
        "purpose_id": e.purpose,
        "channel": e.channel,
        "action": e.action,
        "source": e.source,
        "source_detail": "",
        "statement_id": e.statement,
        "occurred_at": e.began,
        "occurred_until": e.ended,
        "recorded_at": e.recorded,
        "paused_until": e.paused_until,
        "actor_id": e.actor,
        "second_actor_id": e.second_actor,
        "batch_id": e.batch,
        "act_id": None,
        "confirms_id": e.confirms and name(e.confirms),
        "corrects_id": e.corrects and name(e.corrects),
        "evidence": NOTE if e.has_note else None,
    }


def states() -> dict[Key, State]:
    """Read the consent states that are stored, without those that say nothing."""
    rows = ConsentState.objects.values_list(
        "contact_point_id",
        "purpose_id",
        "granted_at",
        "grant_id",
        "statement_id",
        "names_organisation",
        "needs_confirmation",
        "confirmed_at",
        "refused_at",
        "refusal",
        "refusal_scope",
        "refusal_event_id",
        "expires_at",
        "paused_until",
    )
    found = {(point, purpose): _named(State(*facts)) for point, purpose, *facts in rows}
    return {key: state for key, state in found.items() if state != State()}


def _named(state: State) -> State:
    """Give an event that the database wrote itself, with a number from its sequence, the number of them all."""
    wrote_itself = state.refusal_event is not None and state.refusal_event < FIRST_OF_WORLDS
    return replace(state, refusal_event=JOINT_STOP) if wrote_itself else state


def answers(base: Ground, at: datetime = NOW) -> dict[Key, Reason]:
    """Ask the gate about every address and every type of email of its organisation."""
    found: dict[Key, Reason] = {}
    with connection.cursor() as cursor:
        for where, purposes in base.purposes.items():
            for purpose in purposes:
                cursor.execute(*_question(where, purpose, at))
                found |= {(point, purpose): Reason(why) for point, why in cursor.fetchall()}
    return found


@cache
def _question(where: int, purpose: int, at: datetime) -> tuple[str, tuple[Any, ...]]:
    """Compile the gate's own query once: it is asked again and again."""
    points = ContactPoint.objects.filter(organisation=where)
    asked = consent.decide(points, consent.Question(purpose_id=purpose, is_important=True, at=at))
    return asked.values_list("pk", "reasons").query.sql_with_params()


def mailable(base: Ground, at: datetime = NOW) -> set[Key]:
    """Give the addresses and types of email that the gate lets through."""
    return {key for key, why in answers(base, at).items() if not why}


def points_of(worlds: Iterable[World]) -> dict[int, Point]:
    """Give every address of some worlds by its id."""
    return {point.id: point for world in worlds for point in world.points}


def join(canonical: dict[int, int]) -> fold.Touched:
    """Join supporters, or take them apart; give whom that may concern."""
    before = dict(Supporter.objects.filter(pk__in=canonical).values_list("pk", "canonical_id"))
    for who, other in canonical.items():
        if before[who] != other:
            Supporter.objects.filter(pk=who).update(canonical_id=other)
    return fold.Touched(tuple({*before.values(), *canonical.values(), *canonical}))


def undo(batches: Iterable[int]) -> None:
    """Take imports back."""
    Batch.objects.filter(pk__in=batches).update(undone_at=NOW)


def touched(events: Iterable[Event]) -> fold.Touched:
    """Name whom some events may concern."""
    events = list(events)
    return fold.Touched(
        tuple({e.supporter for e in events if e.supporter}),
        tuple({mailbox(e.inbox) for e in events if e.inbox}),
    )
