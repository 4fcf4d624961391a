"""Small random worlds of consent: organisations, people who share inboxes, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from crm.models import Action, Organisation, Reach, Source
from tests import factories
from tests.crm.plain_fold import Event, Point, Wording, World, moments

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
# A leap day; two days either side of the review limit; and some close together, so that ties are common.
DAYS = moments(["2024-02-29", "2024-11-20", "2024-11-25", "2026-01-10", "2026-01-11", "2026-11-20"])
PAUSE_ENDS = moments(["2026-02-01", "2026-11-23", "2027-02-01"])
# A family's home, three spellings of one inbox, and one more; # is the number of the world.
ADDRESSES = [
    ("home#@example.org", "home"),
    ("home#@example.org", "home"),
    ("j.smith#@gmail.com", "smith"),
    ("jsmith#@gmail.com", "smith"),
    ("jsmith#+neu@gmail.com", "smith"),
    ("ann#@example.org", "ann"),
]


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


# The choices behind one event. Most speak of email, have a date, and are not of an undone import.
CHOICES: dict[str, Sequence[Any]] = {
    "action": [*Action, *[Action.GRANT] * 5, *[Action.CONFIRM] * 3],
    "source": [*Source, Source.PERSONAL, Source.IMPORT],
    "reach": [Reach.CONTACT_POINT, *Reach],
    "about": [0, 0, 0, 1, None],
    "channel": [None, 1, 1, 1, 1, 2],
    "day": [*range(len(DAYS)), *range(len(DAYS)), None],
    "whole_day": [False, True],
    "recorded": range(len(DAYS)),
    "words": [0, 0, 0, 1, 1, 2, 3, None],
    "undone": [False, False, False, False, True],
    "vouched": [0, 1, 1, 2],
    "has_note": [True, True, True, False],
    "paused": range(len(PAUSE_ENDS)),
}
FIRST_OF_WORLDS = 1_000_000  # the events of worlds are numbered from here, far above the sequence
OWNERS = [0, 0, 0, 1, 2]  # most supporters are SOCR's


def crowd(
    base: Ground, seed: int, *, size: int = 20, first: int = 0, most: int = 8, **limits: Any
) -> list[World]:
    """Draw small worlds that know nothing of each other, to be written and folded at once.

    `first`: the number of the first; `most`: of events in a world. `limits`: fewer choices for an event than
    CHOICES has, by name; also `owners` (of supporters), `addresses`, and `stops` (how often an inbox told
    everyone to stop), and `people` (how many supporters).
    """
    random = Random(seed)
    return [_world(base, random, number, most, limits) for number in range(first, first + size)]


def _world(base: Ground, random: Random, number: int, most: int, limits: dict[str, Any]) -> World:
    world = base.world()
    owners: list[int] = []
    forms = limits.get("addresses", ADDRESSES)
    for who in range(random.choice(limits.get("people", [1, 2, 2, 3]))):
        owners.append(base.organisations[random.choice(limits.get("owners", OWNERS))])
        me = 100_000 + number * 10 + who
        world.canonical[me] = me
        others = [100_000 + number * 10 + o for o in range(who) if owners[o] == owners[who]]
        if others and random.random() < 0.5:
            world.canonical[me] = world.canonical[random.choice(others)]
        for form, name in sorted(set(random.choices(forms, k=random.choice([1, 1, 2])))):
            address = form.replace("#", str(number))
            inbox = f"{name} {number}"
            point_id = 200_000 + number * 10 + len(world.points)
            world.points.append(Point(point_id, owners[who], me, address, inbox))
    if random.random() < limits.get("stops", 0.15):
        world.stops[random.choice(world.points).inbox] = random.choice(DAYS)
    for _ in range(random.randint(1, most)):
        say(base, world, random, **limits)
    return world


def say(base: Ground, world: World, random: Random, **limits: Any) -> Event | None:
    """Add a random event that the database would take to a world, if the choices make one."""
    chosen = {name: random.choice(limits.get(name, few)) for name, few in CHOICES.items()}
    point = random.choice(limits.get("point", world.points))
    action, source, reach = chosen["action"], chosen["source"], chosen["reach"]
    confirms = corrects = None
    if action in (Action.CONFIRM, Action.CORRECTION):
        named = [
            e
            for e in world.events
            if e.point is not None
            and (
                e.action == Action.GRANT if action == Action.CONFIRM else e.source == Source.IMPORT
            )
        ]
        if not named:
            return None
        other = random.choice(named)
        point = next(p for p in world.points if p.id == other.point)
        reach = Reach.CONTACT_POINT
        if action == Action.CONFIRM:
            confirms = other.id
        else:
            corrects, source = other.id, Source.STAFF
    if action == Action.GRANT:
        reach = Reach.CONTACT_POINT
    where = point.organisation
    about = chosen["about"] or (0 if action == Action.GRANT else chosen["about"])
    purposes = base.purposes[where]
    began = ended = None
    if chosen["day"] is not None:
        began, ended = _interval(DAYS[chosen["day"]], whole_day=chosen["whole_day"])
    event = Event(
        id=next_id(world),
        organisation=where,
        action=action,
        source=source,
        reach=reach,
        recorded=DAYS[chosen["recorded"]] + timedelta(hours=18),
        supporter=None if reach == Reach.MAILBOX else point.supporter,
        point=point.id if reach == Reach.CONTACT_POINT else None,
        address=point.address if reach == Reach.CONTACT_POINT else None,
        inbox=None if reach == Reach.SUPPORTER and not chosen["has_note"] else point.inbox,
        purpose=None if about is None else purposes[about % len(purposes)],
        channel=chosen["channel"],
        began=began,
        ended=ended,
        statement=None if chosen["words"] is None else base.statements[where][chosen["words"]],
        batch=base.batches[where][chosen["undone"]] if source == Source.IMPORT else None,
        actor=base.staff[0] if source == Source.STAFF else None,
        second_actor=(None, base.staff[1], base.staff[0])[chosen["vouched"]],
        has_note=chosen["has_note"],
        confirms=confirms,
        corrects=corrects,
        paused_until=PAUSE_ENDS[chosen["paused"]] if action == Action.PAUSE else None,
    )
    world.events.append(event)
    return event


def _interval(day: datetime, *, whole_day: bool) -> tuple[datetime, datetime]:
    if whole_day:
        return day, day + timedelta(days=1, microseconds=-1)
    return day + timedelta(hours=12), day + timedelta(hours=12)


def personal_yes(base: Ground, world: World, point: Point, at: datetime) -> list[Event]:
    """Add a person's own sign-up for everything, in words that name whom they must, and its confirmation."""
    made: list[Event] = []
    for purpose in base.purposes[point.organisation]:
        grant = Event(
            id=next_id(world),
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
        world.events += [grant, confirmation]
        made += [grant, confirmation]
    return made


def refusal(world: World, point: Point, action: Action, reach: Reach, at: datetime) -> Event:
    """Add a person's own no to everything."""
    made = Event(
        id=next_id(world),
        organisation=point.organisation,
        action=action,
        source=Source.PERSONAL,
        reach=reach,
        recorded=at,
        supporter=None if reach == Reach.MAILBOX else point.supporter,
        point=point.id if reach == Reach.CONTACT_POINT else None,
        address=point.address if reach == Reach.CONTACT_POINT else None,
        inbox=point.inbox,
        began=at,
        ended=at,
    )
    world.events.append(made)
    return made


def stop_everything(world: World, inbox: str, at: datetime) -> list[Event]:
    """Tell everyone to stop, as crm_stop_everything does: a row of the platform and a stop for each holder."""
    world.stops[inbox] = at
    held = {point.organisation: point for point in world.points if point.inbox == inbox}
    return [
        refusal(world, point, Action.STOP_EVERYTHING, Reach.MAILBOX, at) for point in held.values()
    ]


def next_id(world: World) -> int:
    """Give an id that no event of any world has."""
    return FIRST_OF_WORLDS + world.points[0].id * 100 + len(world.events)
