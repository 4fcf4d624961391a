"""The fold in plain Python, from docs/explanation/consent.md: slow, obvious, and the witness of crm/sql/fold.py.

An address stands here as its own text and an inbox as a name, so that no hash is needed to follow it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from crm.models import Action, Reach, Scope, Source

EMAIL = 1
SOFT = (Action.DENY, Action.WITHDRAW, Action.COMPLAINT, Action.UNSUB_ALL_ORG, Action.OBJECT)
HARD = (Action.STOP_EVERYTHING, Action.ERASED)
REFUSALS = (*SOFT, *HARD)  # in the order of gravity
REVIEW_YEARS = 2


@dataclass(frozen=True)
class Event:
    """One dated act or statement. `began` and `ended` bound the time that was stated; None: not stated."""

    id: int
    organisation: int
    action: Action
    source: Source
    reach: Reach
    recorded: datetime
    supporter: int | None = None
    point: int | None = None
    address: str | None = None
    inbox: str | None = None
    purpose: int | None = None
    channel: int | None = None
    began: datetime | None = None
    ended: datetime | None = None
    statement: int | None = None
    batch: int | None = None
    actor: int | None = None
    second_actor: int | None = None
    has_note: bool = False
    confirms: int | None = None
    corrects: int | None = None
    paused_until: datetime | None = None

    @property
    def late(self) -> datetime:
        """The moment of a no: the end of the time stated, or else when it was recorded."""
        return self.ended or self.recorded

    @property
    def early(self) -> datetime:
        """The moment of what allows more: the start of the time stated, or else when it was recorded."""
        return self.began or self.recorded


@dataclass(frozen=True)
class Point:
    """An email address of one supporter, as one organisation has it."""

    id: int
    organisation: int
    supporter: int
    address: str
    inbox: str


@dataclass(frozen=True)
class Wording:
    """What a statement names, and whether people had to confirm."""

    names: frozenset[int]
    requires_confirmation: bool


@dataclass
class World:
    """Everything that the fold may look at."""

    partners: frozenset[int]
    purposes: dict[int, list[int]]  # by organisation
    wordings: dict[int, Wording]
    canonical: dict[int, int] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    undone: frozenset[int] = frozenset()
    stops: dict[str, datetime] = field(default_factory=dict)  # the platform's own, by inbox


@dataclass(frozen=True)
class State:
    """The dates that are kept of one address and one type of email."""

    granted_at: datetime | None = None
    grant: int | None = None
    statement: int | None = None
    names_organisation: bool = False
    needs_confirmation: bool = False
    confirmed_at: datetime | None = None
    refused_at: datetime | None = None
    refusal: int | None = None
    refusal_scope: int | None = None
    refusal_event: int | None = None
    expires_at: datetime | None = None
    paused_until: datetime | None = None


NOTHING = State()


def fold_all(world: World) -> dict[tuple[int, int], State]:
    """Give the state of each address and type of email of which anything is known."""
    states = {
        (point.id, purpose): fold(world, point, purpose)
        for point in world.points
        for purpose in world.purposes[point.organisation]
    }
    return {key: state for key, state in states.items() if state != NOTHING}


def fold(world: World, point: Point, purpose: int) -> State:
    """Fold the events about one address and one type of email."""
    said = reaching(world, point, purpose)
    refusals = [(e.late, e.action, _width(e), e.id) for e in said if e.action in REFUSALS]
    if point.inbox in world.stops:
        refusals.append((world.stops[point.inbox], Action.STOP_EVERYTHING, Scope.EVERYTHING, 0))
    tainted = bool(refusals) or any(e.action in REFUSALS for e in nearby(world, point, purpose))

    grants = [e for e in said if e.action == Action.GRANT and _counts(world, e, tainted)]
    yes = max(grants, key=lambda grant: _rank(world, grant), default=None)
    refusal = _in_force(world, said, refusals, yes)
    return State(
        **_facts_of(world, yes),
        refused_at=refusal and refusal[0],
        refusal=refusal and int(refusal[1]),
        refusal_scope=refusal and int(refusal[2]),
        refusal_event=(refusal and refusal[3]) or None,
        expires_at=yes and _expires_at(said, yes),
        paused_until=_paused_until(said),
    )


def heard(world: World) -> list[Event]:
    """The events that still speak: of email, not of an undone import, not corrected away."""
    corrected = {e.corrects for e in world.events if e.action == Action.CORRECTION}
    return [
        e
        for e in [*world.events, *_joint_stops(world)]
        if e.batch not in world.undone and e.id not in corrected and e.channel in (None, EMAIL)
    ]


JOINT_STOP = 1  # the number of every event that a partner's stop brings about


def _joint_stops(world: World) -> list[Event]:
    """A partner who is told to stop altogether stops the coalition's mail to that inbox as well."""
    return [
        replace(
            e,
            id=JOINT_STOP,
            organisation=next(where for where in world.purposes if where not in world.partners),
            action=Action.UNSUB_ALL_ORG,
            source=Source.PERSONAL,
            reach=Reach.MAILBOX,
            supporter=None,
            point=None,
            address=None,
            statement=None,
        )
        for e in world.events
        if e.organisation in world.partners
        and e.action in (Action.UNSUB_ALL_ORG, Action.OBJECT)
        and e.source in (Source.PERSONAL, Source.STAFF)
        and e.purpose is None
        and e.inbox is not None
    ]


def _about(world: World, point: Point, purpose: int) -> list[Event]:
    return [
        e
        for e in heard(world)
        if e.organisation == point.organisation and e.purpose in (None, purpose)
    ]


def reaching(world: World, point: Point, purpose: int) -> list[Event]:
    """`said`: the events that reach this address of this supporter.

    What is a no reads through joined entries; a yes, and what the person does with it, never reaches past
    the entry and address it was given with (house, "Data"; invariants I5 and I6).
    """

    def reaches(e: Event) -> bool:
        if e.reach == Reach.MAILBOX:
            return e.inbox == point.inbox
        same_entry = e.supporter == point.supporter
        same_person = (
            e.supporter is not None
            and world.canonical[e.supporter] == world.canonical[point.supporter]
        )
        if e.reach == Reach.SUPPORTER:
            return same_person
        if e.action in (Action.GRANT, Action.CONFIRM):
            return same_entry and e.address == point.address
        return same_person and e.address == point.address

    return [e for e in _about(world, point, purpose) if reaches(e)]


def nearby(world: World, point: Point, purpose: int) -> list[Event]:
    """The organisation's events on the same inbox, whichever supporter they were written for."""
    return [e for e in _about(world, point, purpose) if e.inbox == point.inbox]


def _confirmed_at(world: World, grant: Event) -> datetime | None:
    """When a yes was confirmed: by the person, or for a list's yes by a column of the list."""
    ways = (Source.PERSONAL, Source.IMPORT) if grant.source == Source.IMPORT else (Source.PERSONAL,)
    return max(
        (
            e.early
            for e in heard(world)
            if e.action == Action.CONFIRM and e.confirms == grant.id and e.source in ways
        ),
        default=None,
    )


def _names(world: World, statement: int | None, organisation: int) -> bool:
    """Whether a wording names the organisation; the coalition is named where every partner is."""
    if statement is None:
        return False
    named = world.wordings[statement].names
    return organisation in named if organisation in world.partners else world.partners <= named


def _counts(world: World, grant: Event, tainted: bool) -> bool:
    if grant.began is None:
        return False  # a yes of no known time cannot be set against a no
    if grant.source == Source.PERSONAL:
        return True
    if grant.source == Source.STAFF:
        vouched = (
            grant.second_actor is not None
            and grant.actor is not None
            and grant.second_actor != grant.actor
            and _confirmed_at(world, grant) is not None
        )
        return grant.has_note and grant.statement is not None and (vouched or not tainted)
    if grant.source == Source.IMPORT:
        return _names(world, grant.statement, grant.organisation) and not tainted
    return False


def _rank(world: World, grant: Event) -> tuple[datetime, bool, bool, bool, int]:
    """The latest yes; of several at one moment the one that permits least, whatever their order."""
    return (
        grant.early,
        _is_pending(world, grant),
        grant.statement is None,
        not _names(world, grant.statement, grant.organisation),
        grant.id,
    )


def _requires_confirmation(world: World, grant: Event) -> bool:
    return grant.statement is not None and world.wordings[grant.statement].requires_confirmation


def _is_pending(world: World, grant: Event) -> bool:
    return _requires_confirmation(world, grant) and _confirmed_at(world, grant) is None


Refusal = tuple[datetime, Action, Scope, int]


def _width(e: Event) -> Scope:
    """Of what a refusal speaks: of one type of email, of email, or of everything."""
    if e.purpose is not None:
        return Scope.PURPOSE
    return Scope.EVERYTHING if e.channel is None else Scope.CHANNEL


def _in_force(
    world: World, said: list[Event], refusals: list[Refusal], yes: Event | None
) -> Refusal | None:
    """The refusal in force: a hard one or a complaint until the person signs up anew and confirms."""
    lifted = max(
        (
            e.began
            for e in said
            if e.action == Action.GRANT
            and e.source == Source.PERSONAL
            and e.began is not None
            and _confirmed_at(world, e) is not None
        ),
        default=None,
    )

    def stands(refusal: Refusal | None) -> bool:
        return refusal is not None and (lifted is None or lifted <= refusal[0])

    hard = max((r for r in refusals if r[1] in HARD), default=None)
    latest = max(refusals, default=None)
    complaint = max((r for r in refusals if r[1] == Action.COMPLAINT), default=None)
    if stands(hard):
        return hard
    if latest is not None and (yes is None or latest[0] >= yes.early):
        return latest
    return complaint if stands(complaint) else None


def _facts_of(world: World, yes: Event | None) -> dict[str, object]:
    if yes is None:
        return {}
    return {
        "granted_at": yes.began,
        "grant": yes.id,
        "statement": yes.statement,
        "names_organisation": _names(world, yes.statement, yes.organisation),
        "needs_confirmation": _requires_confirmation(world, yes),
        "confirmed_at": _confirmed_at(world, yes),
    }


def _expires_at(said: list[Event], yes: Event) -> datetime:
    """The end of the review limit, or an EXPIRE at or after the yes if that is sooner.

    A later act of the person's own begins the time anew: a sign-up, a confirmation, the end of a pause.
    """
    acts = [
        e.began
        for e in said
        if e.source == Source.PERSONAL
        and e.supporter == yes.supporter
        and e.reach == Reach.CONTACT_POINT
        and e.action in (Action.GRANT, Action.CONFIRM, Action.RESUME)
        and e.began is not None
    ]
    limit = _later(max([yes.early, *acts]), years=REVIEW_YEARS)
    expired = max((e.late for e in said if e.action == Action.EXPIRE), default=None)
    return min(limit, expired) if expired is not None and expired >= yes.early else limit


def _later(moment: datetime, *, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, day=28)


def _paused_until(said: list[Event]) -> datetime | None:
    """The latest end of the pauses that were not taken back. A list takes back none; a tie goes to the pause."""

    def taken_back(pause: Event) -> bool:
        return any(
            e.action == Action.RESUME
            and e.source != Source.IMPORT
            and e.early > pause.late
            and _scope(e) == _scope(pause)
            for e in said
        )

    ends = (e.paused_until for e in said if e.action == Action.PAUSE and not taken_back(e))
    return max((end for end in ends if end is not None), default=None)


def _scope(e: Event) -> tuple[int, object, object]:
    """What a pause, or its end, speaks of: an address of an entry, an entry, or an inbox."""
    if e.reach == Reach.MAILBOX:
        return (e.reach, e.inbox, None)
    return (e.reach, e.supporter, e.address if e.reach == Reach.CONTACT_POINT else None)


NAMED_BY = {
    Action.DENY: "CONSENT_DENIED",
    Action.WITHDRAW: "CONSENT_WITHDRAWN",
    Action.COMPLAINT: "COMPLAINED",
    Action.UNSUB_ALL_ORG: "ORG_UNSUBSCRIBED",
    Action.OBJECT: "ORG_OBJECTION",
    Action.STOP_EVERYTHING: "STOP_EVERYTHING",
    Action.ERASED: "ERASED_SUPPRESSED",
}
NARROW: dict[int, set[str]] = {Scope.PURPOSE: {"PURPOSE_OFF"}, Scope.CHANNEL: {"CHANNEL_OFF"}}


def reasons(state: State, now: datetime, *, joint: bool = False) -> set[str]:
    """Give every reason of the gate that consent alone has at this moment; none: may be mailed."""
    found: set[str] = set()
    if state.refused_at is not None:
        action = Action(state.refusal or 0)
        stopped = joint and action in (Action.UNSUB_ALL_ORG, Action.OBJECT)
        found.add("JOINT_NEEDS_BOTH" if stopped else NAMED_BY[action])
        if state.refusal in (Action.DENY, Action.WITHDRAW):
            found |= NARROW.get(state.refusal_scope or 0, set())
    if state.paused_until is not None and state.paused_until > now:
        found.add("PAUSED")
    if state.granted_at is None:
        return found if state.refused_at is not None else found | {"NO_CONSENT_RECORDED"}
    if state.needs_confirmation and state.confirmed_at is None:
        found.add("CONSENT_PENDING")
    if state.expires_at is not None and state.expires_at <= now:
        found.add("CONSENT_EXPIRED")
    if state.statement is None:
        found.add("EVIDENCE_MISSING")
    elif not state.names_organisation:
        found |= {"STATEMENT_OMITS_ORG", "JOINT_NEEDS_BOTH"} if joint else {"STATEMENT_OMITS_ORG"}
    return found


def moments(days: Iterable[str]) -> list[datetime]:
    """Read days such as 2026-01-31 as their first moments."""
    return [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days]
