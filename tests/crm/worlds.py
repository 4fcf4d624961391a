"""Small random worlds of consent: drawn by hypothesis, written to the database and taken back again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st

from crm import consent
from crm.hashing import hashes_of
from crm.models import (
    Action,
    AddressKey,
    AgeBand,
    Batch,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    Organisation,
    PlatformStop,
    Reach,
    Source,
    Supporter,
)
from crm.reasons import Reason
from crm.sql import fold
from tests import factories
from tests.crm.plain_fold import Event, Point, State, Wording, World, moments

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
# A leap day; two days either side of the review limit; and some close together, so that ties are common.
DAYS = moments(["2024-02-29", "2024-11-20", "2024-11-25", "2026-01-10", "2026-01-11", "2026-11-20"])
PAUSE_ENDS = moments(["2026-02-01", "2026-11-23", "2027-02-01"])
# Three spellings of one inbox, two people's home, and one more. The inbox has a name of its own here.
INBOX_OF = {
    "home@example.org": "home",
    "j.smith@gmail.com": "smith",
    "jsmith@gmail.com": "smith",
    "jsmith+neu@gmail.com": "smith",
    "ann@example.org": "ann",
}
ADDRESSES = list(INBOX_OF)
ADDRESS_OF_INBOX = {inbox: address for address, inbox in INBOX_OF.items()}
NOTE = sha256(b"by telephone").digest()


@dataclass
class Ground:
    """What all worlds of a test stand on: organisations, types of email, wordings, imports, staff."""

    organisations: list[int]  # SOCR, NEU and the coalition
    purposes: dict[int, list[int]]
    statements: dict[int, list[int]]
    wordings: dict[int, Wording]
    batches: dict[int, list[int]]  # a standing one and an undone one
    staff: list[int]
    partners: frozenset[int]

    def world(self) -> World:
        """Give a world in which nobody is known yet."""
        return World(
            partners=self.partners,
            purposes=self.purposes,
            wordings=self.wordings,
            undone=frozenset(undone for _, undone in self.batches.values()),
        )


def ground() -> Ground:
    """Make the organisations and what belongs to them."""
    socr, neu = factories.organisation("SOCR"), factories.organisation("NEU")
    joint = factories.organisation("JOINT", is_partner=False)
    made = Ground([], {}, {}, {}, {}, [], frozenset({socr.pk, neu.pk}))
    named: dict[int, list[tuple[Organisation, ...]]] = {
        socr.pk: [(socr,), (neu,)],
        neu.pk: [(neu,), (socr,)],
        joint.pk: [(socr, neu), (socr,)],
    }
    for where in (socr, neu, joint):
        made.organisations.append(where.pk)
        codes = ("updates", "petitions") if where == socr else ("updates",)
        made.purposes[where.pk] = [factories.purpose(where, code).pk for code in codes]
        made.statements[where.pk] = []
        for names in named[where.pk]:
            for confirm in (False, True):
                words = factories.statement(
                    where, names_also=names, names_owner=False, requires_confirmation=confirm
                )
                made.statements[where.pk].append(words.pk)
                made.wordings[words.pk] = Wording(frozenset(o.pk for o in names), confirm)
        made.batches[where.pk] = [
            factories.batch(where).pk,
            factories.batch(where, undone=True).pk,
        ]
    made.staff = [factories.user(socr).pk, factories.user(socr).pk]
    return made


@dataclass(frozen=True)
class Draft:
    """The choices behind an event, as small numbers; `resolve` turns them into an event of a world."""

    action: Action
    source: Source
    reach: Reach
    where: int
    about: int | None
    channel: int | None
    day: int | None
    whole_day: bool
    recorded: int
    words: int | None
    undone: bool
    vouched: int
    has_note: bool
    named: int
    paused: int


LIKELY_ACTIONS = [*Action, Action.GRANT, Action.GRANT, Action.GRANT, Action.CONFIRM, Action.CONFIRM]


def drafts(
    *, actions: Sequence[Action] = LIKELY_ACTIONS, sources: Sequence[Source] = tuple(Source)
) -> st.SearchStrategy[Draft]:
    """Draw the choices behind one event; most speak of email, have a date, and are not undone."""
    return st.builds(
        Draft,
        action=st.sampled_from(actions),
        source=st.sampled_from(sources),
        reach=st.sampled_from([Reach.CONTACT_POINT, *Reach]),
        where=st.integers(0, 5),
        about=st.sampled_from([0, 0, 1, None]),
        channel=st.sampled_from([None, 1, 1, 1, 2]),
        day=st.sampled_from([None, *range(len(DAYS)), *range(len(DAYS))]),
        whole_day=st.booleans(),
        recorded=st.integers(0, len(DAYS) - 1),
        words=st.sampled_from([0, 0, 1, 1, 2, 3, None]),
        undone=st.sampled_from([False, False, False, True]),
        vouched=st.integers(0, 2),
        has_note=st.sampled_from([True, True, False]),
        named=st.integers(0, 3),
        paused=st.integers(0, len(PAUSE_ENDS) - 1),
    )


def resolve(base: Ground, world: World, draft: Draft) -> Event | None:
    """Turn choices into an event that the database would take, or into nothing."""
    point = world.points[draft.where % len(world.points)]
    action, source, reach = draft.action, draft.source, draft.reach
    confirms = corrects = None
    if action in (Action.CONFIRM, Action.CORRECTION):
        named = [
            e
            for e in world.events
            if (e.action == Action.GRANT if action == Action.CONFIRM else e.source == Source.IMPORT)
        ]
        if not named:
            return None
        chosen = named[draft.named % len(named)]
        reach = Reach.CONTACT_POINT
        point = next((p for p in world.points if p.id == chosen.point), point)
        if point.organisation != chosen.organisation:
            return None
        if action == Action.CONFIRM:
            confirms = chosen.id
        else:
            corrects, source = chosen.id, Source.STAFF
    if action == Action.GRANT:
        reach = Reach.CONTACT_POINT
    where = point.organisation
    about = draft.about
    purpose = None
    if about is not None or action == Action.GRANT:
        purpose = base.purposes[where][(about or 0) % len(base.purposes[where])]
    began = ended = None
    if draft.day is not None:
        day = DAYS[draft.day]
        began, ended = day, day + timedelta(days=1, microseconds=-1)
        if not draft.whole_day:
            began = ended = day + timedelta(hours=12)
    return Event(
        id=500_000 + len(world.events),
        organisation=where,
        action=action,
        source=source,
        reach=reach,
        recorded=DAYS[draft.recorded] + timedelta(hours=18),
        supporter=None if reach == Reach.MAILBOX else point.supporter,
        point=point.id if reach == Reach.CONTACT_POINT else None,
        address=point.address if reach == Reach.CONTACT_POINT else None,
        inbox=None if reach == Reach.SUPPORTER and not draft.has_note else point.inbox,
        purpose=purpose,
        channel=draft.channel,
        began=began,
        ended=ended,
        statement=None if draft.words is None else base.statements[where][draft.words],
        batch=base.batches[where][draft.undone] if source == Source.IMPORT else None,
        actor=base.staff[0] if source == Source.STAFF else None,
        second_actor=(None, base.staff[1], base.staff[0])[draft.vouched],
        has_note=draft.has_note,
        confirms=confirms,
        corrects=corrects,
        paused_until=PAUSE_ENDS[draft.paused] if action == Action.PAUSE else None,
    )


@dataclass(frozen=True)
class Sketch:
    """The choices behind a world: whose supporters, which addresses, who is joined to whom, and what was said."""

    supporters: list[tuple[int, int | None, set[int]]]
    events: list[Draft]
    stops: dict[str, int] = field(default_factory=dict)


def sketches(
    *,
    events: st.SearchStrategy[Draft] | None = None,
    most: int = 10,
    organisations: Sequence[int] = (0, 0, 0, 1, 2),
    stops: bool = True,
) -> st.SearchStrategy[Sketch]:
    """Draw the choices behind a world of one to four supporters; most belong to SOCR."""
    supporter = st.tuples(
        st.sampled_from(organisations),
        st.sampled_from([None, None, 0, 1, 2]),
        st.sets(st.integers(0, len(ADDRESSES) - 1), min_size=1, max_size=2),
    )
    inboxes = st.sampled_from(["home", "smith"])
    return st.builds(
        Sketch,
        supporters=st.lists(supporter, min_size=1, max_size=4),
        events=st.lists(events if events is not None else drafts(), max_size=most),
        stops=st.one_of(
            st.just({}),
            st.just({}),
            st.dictionaries(inboxes, st.integers(0, len(DAYS) - 1), max_size=1),
        )
        if stops
        else st.just({}),
    )


def build(base: Ground, sketch: Sketch) -> World:
    """Make the world of a sketch, in plain Python alone."""
    world = base.world()
    owner: dict[int, int] = {}
    for number, (organisation, joined_to, addresses) in enumerate(sketch.supporters):
        me = 100_000 + number
        owner[me] = base.organisations[organisation]
        world.canonical[me] = me
        other = 100_000 + joined_to if joined_to is not None else me
        if other < me and owner[other] == owner[me]:
            world.canonical[me] = world.canonical[other]
        for index in sorted(addresses):
            address = ADDRESSES[index]
            world.points.append(
                Point(200_000 + len(world.points), owner[me], me, address, INBOX_OF[address])
            )
    world.stops = {inbox: DAYS[day] for inbox, day in sketch.stops.items()}
    for draft in sketch.events:
        event = resolve(base, world, draft)
        if event is not None:
            world.events.append(event)
    return world


@contextmanager
def written(world: World, *, name: Callable[[int], int] = lambda number: number) -> Iterator[None]:
    """Write a world and fold it; all is taken back in the end. `name` renames the events."""
    with transaction.atomic():
        write_people(world)
        write_events(world.events, name=name)
        fold.rebuild()
        yield
        transaction.set_rollback(True)


def write_people(world: World) -> None:
    """Write the supporters, addresses and platform stops."""
    owner = {point.supporter: point.organisation for point in world.points}
    Supporter.objects.bulk_create(
        Supporter(
            id=who, canonical_id=canonical, organisation_id=owner[who], age_band=AgeBand.ADULT
        )
        for who, canonical in world.canonical.items()
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(
            id=point.id,
            organisation_id=point.organisation,
            supporter_id=point.supporter,
            address=point.address,
            folded=point.address,
        )
        for point in world.points
    )
    AddressKey.objects.bulk_create(
        AddressKey(
            contact_point_id=point.id,
            organisation_id=point.organisation,
            key_id="k1",
            address_key=hashes_of(point.address).address_key,
            mailbox=hashes_of(point.address).mailbox,
        )
        for point in world.points
    )
    for inbox, at in world.stops.items():
        box = hashes_of(ADDRESS_OF_INBOX[inbox]).mailbox
        PlatformStop.objects.create(mailbox=box, key_id="k1", stopped_at=at)


_COLUMNS = [column.column for column in ConsentEvent._meta.concrete_fields]
_INSERT = (
    f"INSERT INTO crm_consentevent ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join('%s' for _ in _COLUMNS)})"
)


def write_events(
    events: Sequence[Event], *, name: Callable[[int], int] = lambda number: number
) -> None:
    """Append events to the ledger, with the times at which they were recorded."""
    with connection.cursor() as cursor:
        rows = [_row(e, name) for e in events]
        cursor.executemany(_INSERT, [[row[column] for column in _COLUMNS] for row in rows])


def _row(e: Event, name: Callable[[int], int]) -> dict[str, Any]:
    box = hashes_of(ADDRESS_OF_INBOX[e.inbox]).mailbox if e.inbox else None
    return {
        "id": name(e.id),
        "organisation_id": e.organisation,
        "supporter_id": e.supporter,
        "contact_point_id": e.point,
        "address_key": hashes_of(e.address).address_key if e.address else None,
        "mailbox": box,
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


def states() -> dict[tuple[int, int], State]:
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
        "refusal_event_id",
        "expires_at",
        "paused_until",
    )
    found = {(point, purpose): State(*facts) for point, purpose, *facts in rows}
    return {key: state for key, state in found.items() if state != State()}


Key = tuple[int, int]


def answers(base: Ground, at: datetime = NOW) -> dict[Key, Reason]:
    """Ask the gate about every address and every type of email of its organisation."""
    return {
        (point, purpose): Reason(why)
        for where, purposes in base.purposes.items()
        for purpose in purposes
        for point, why in consent.decide(
            ContactPoint.objects.filter(organisation=where),
            consent.Question(purpose_id=purpose, at=at),
        ).values_list("pk", "reasons")
    }


def mailable(base: Ground, at: datetime = NOW) -> set[Key]:
    """Give the addresses and types of email that the gate lets through."""
    return {key for key, why in answers(base, at).items() if not why}


def personal_yes(base: Ground, world: World, point: Point, *, at: datetime) -> list[Event]:
    """Make a person's own sign-up for everything, in words that name whom they must, and its confirmation."""
    made: list[Event] = []
    for purpose in base.purposes[point.organisation]:
        grant = Event(
            id=500_000 + len(world.events) + len(made),
            organisation=point.organisation,
            action=Action.GRANT,
            source=Source.PERSONAL,
            reach=Reach.CONTACT_POINT,
            recorded=at,
            supporter=point.supporter,
            point=point.id,
            address=point.address,
            inbox=point.inbox,
            purpose=purpose,
            channel=1,
            began=at,
            ended=at,
            statement=base.statements[point.organisation][1],
        )
        confirmation = replace(
            grant, id=grant.id + 1, action=Action.CONFIRM, confirms=grant.id, statement=None
        )
        made += [grant, confirmation]
    return made


def undo(batches: Sequence[int]) -> None:
    """Take imports back."""
    Batch.objects.filter(pk__in=batches).update(undone_at=NOW)


def touched(world: World, events: Sequence[Event]) -> fold.Touched:
    """Name whom some events may concern."""
    inboxes = {e.inbox for e in events if e.inbox}
    return fold.Touched(
        tuple({e.supporter for e in events if e.supporter}),
        tuple(hashes_of(ADDRESS_OF_INBOX[inbox]).mailbox for inbox in inboxes),
    )
