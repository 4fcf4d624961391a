"""I1 to I9 over whole histories: lists, acts, merges, undoing, in any order, against the plain rules after each step.

The plain rules (plain_fold.py) were written from docs/explanation/consent.md. After each step the state that was kept
up to date bit by bit must be what they give for all that was said so far.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import ClassVar

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crm import wall
from crm.models import (
    Action,
    Batch,
    ConsentEvent,
    ConsentState,
    PlatformStop,
    Reach,
    Source,
)
from crm.sql import fold
from tests.crm import plain_fold, tables, worlds
from tests.crm.plain_fold import REFUSALS, Event, Point, World
from tests.crm.tables import Key
from tests.crm.worlds import NOW, Ground

pytestmark = pytest.mark.django_db
seeds = st.integers(0, 2**32 - 1)
numbers = st.integers(0, 99)
BEGIN = NOW - timedelta(hours=12)  # after all the days that lists speak of


class Histories(RuleBasedStateMachine):
    """One small world through time. Each rule is one transaction of the product's."""

    base: ClassVar[Ground]

    @initialize(seed=seeds)
    def begin(self, seed: int) -> None:
        """Some people at some organisations, who share inboxes, and of whom nothing was said."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = worlds.crowd(self.base, seed, size=1, stops=0, people=[2, 3, 4, 5])[0]
        self.world.events = []
        self.world.canonical = {who: who for who in self.world.canonical}
        self.owner = {point.supporter: point.organisation for point in self.world.points}
        self.acts = self.imports = 0
        self.merges: list[tuple[int, list[int]]] = []
        self.batches: list[int] = []
        tables.write_people([self.world])

    def teardown(self) -> None:
        """Nothing is left behind."""
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def now(self) -> timedelta:
        self.acts += 1
        return timedelta(minutes=self.acts)

    def point(self, number: int) -> Point:
        return self.world.points[number % len(self.world.points)]

    def append(self, events: list[Event]) -> None:
        tables.write_events(events)
        fold.refold(tables.touched(events))

    def mailable(self) -> set[Key]:
        return tables.mailable(self.base)

    # What may happen

    @rule(seed=seeds, number=numbers)
    def a_list_is_imported(self, seed: int, number: int) -> None:
        """I2: no list opens an address of which any no was said."""
        random, where = Random(seed), self.point(number).organisation
        batch = Batch.objects.create(organisation_id=where, label="list", applied_at=NOW).pk
        self.batches.append(batch)
        refused, before = self.refused(), self.mailable()
        theirs = [point for point in self.world.points if point.organisation == where]
        actions = [Action.GRANT, Action.GRANT, Action.DENY, Action.WITHDRAW, Action.CONFIRM]
        events = [
            said
            for _ in range(random.choice([1, 2, 4]))
            if (said := self.said(random, [Source.IMPORT], actions, theirs, batch))
        ]
        self.append(events)
        assert not (self.mailable() - before) & refused

    @rule(seed=seeds)
    def something_is_recorded(self, seed: int) -> None:
        """Any act of a person's, of staff's or of the system's, whatever day it speaks of."""
        sources = [Source.PERSONAL, Source.PERSONAL, Source.STAFF, Source.SYSTEM]
        actions = [action for action in Action if action != Action.CORRECTION]
        if said := self.said(Random(seed), sources, actions, self.world.points):
            self.append([said])

    @rule(number=numbers)
    def a_person_signs_up_and_confirms(self, number: int) -> None:
        """I3 and I5: it opens this address at this organisation and no other."""
        point, before = self.point(number), self.mailable()
        self.append(worlds.personal_yes(self.base, self.world, point, BEGIN + self.now()))
        opened = self.mailable() - before
        assert {where for where, _ in opened} <= {point.id}

    @rule(number=numbers, action=st.sampled_from(REFUSALS[:5]))
    def a_person_refuses(self, number: int, action: Action) -> None:
        """I7: it is written for each entry joined in them, and holds at once."""
        person, at = self.world.canonical[self.point(number).supporter], BEGIN + self.now()
        points = [p for p in self.world.points if self.world.canonical[p.supporter] == person]
        self.append([worlds.refusal(self.world, p, action, Reach.SUPPORTER, at) for p in points])
        assert not {where for where, _ in self.mailable()} & {p.id for p in points}

    @rule(number=numbers)
    def everybody_is_told_to_stop(self, number: int) -> None:
        """I4: the inbox is stopped at every organisation."""
        inbox = self.point(number).inbox
        at = BEGIN + self.now()
        PlatformStop.objects.update_or_create(
            mailbox=tables.mailbox(inbox), defaults={"key_id": "k1", "stopped_at": at}
        )
        self.append(worlds.stop_everything(self.world, inbox, at))
        stopped = {point.id for point in self.world.points if point.inbox == inbox}
        assert not {where for where, _ in self.mailable()} & stopped

    @rule(one=numbers, other=numbers)
    def two_entries_are_joined(self, one: int, other: int) -> None:
        """I6: no event is written, and nothing is opened."""
        canonical = self.world.canonical
        kept, gone = (canonical[self.point(number).supporter] for number in (one, other))
        if kept == gone or self.owner[kept] != self.owner[gone]:
            return
        before, ledger = self.mailable(), ConsentEvent.objects.count()
        moved = [who for who, root in canonical.items() if root == gone]
        self.merges.append((gone, moved))
        self.set_canonical(dict.fromkeys(moved, kept))
        assert self.mailable() <= before
        assert ConsentEvent.objects.count() == ledger

    @precondition(lambda self: self.merges)
    @rule(number=numbers)
    def a_joining_is_taken_back(self, number: int) -> None:
        """I6 and I7: in any order; those whom it moved, and who are together still, leave together."""
        root, moved = self.merges.pop(number % len(self.merges))
        together = self.world.canonical[root]
        ledger = ConsentEvent.objects.count()
        leaving = [who for who in moved if self.world.canonical[who] == together]
        self.set_canonical(dict.fromkeys(leaving, root))
        assert ConsentEvent.objects.count() == ledger

    @precondition(lambda self: self.batches)
    @rule(number=numbers)
    def an_import_is_undone(self, number: int) -> None:
        """I9: only its own events fall silent (what is left is compared below)."""
        batch = self.batches.pop(number % len(self.batches))
        tables.undo([batch])
        self.world.undone |= {batch}
        fold.refold(tables.touched(e for e in self.world.events if e.batch == batch))

    @rule()
    def a_night_passes(self) -> None:
        """What was brought up to date bit by bit is what a rebuild gives."""
        assert fold.differences() == 0

    # What must always be true

    @invariant()
    def the_kept_state_is_what_the_plain_rules_give(self) -> None:
        """I1: for the set of all that was said, however it came; I8: a yes has its evidence."""
        expected = plain_fold.fold_all(self.world)
        assert tables.states() == expected
        for (where, purpose), why in tables.answers(self.base).items():
            state = expected.get((where, purpose), plain_fold.NOTHING)
            joint = self.owner[self.at(where).supporter] not in self.base.partners
            assert {reason.name for reason in why} == plain_fold.reasons(state, NOW, joint=joint)
            if not why:
                proof = ConsentState.objects.get(contact_point=where, purpose=purpose).grant
                assert proof is not None
                assert proof.statement_id is not None
                assert proof.occurred_at is not None

    # How it is said

    def at(self, number: int) -> Point:
        return next(point for point in self.world.points if point.id == number)

    def said(
        self,
        random: Random,
        sources: list[Source],
        actions: list[Action],
        points: list[Point],
        batch: int | None = None,
    ) -> Event | None:
        """Add one random event; a list's belongs to its batch."""
        said = worlds.say(
            self.base, self.world, random, source=sources, action=actions, point=points, undone=[0]
        )
        if said is not None and said.organisation not in {point.organisation for point in points}:
            self.world.events.pop()  # it confirms what another organisation was told
            return None
        if said is not None and batch is not None:
            self.world.events[-1] = said = replace(said, batch=batch)
        return said

    def refused(self) -> set[Key]:
        """The addresses and types of email of which any no was said, by anybody."""
        return {
            (point.id, purpose)
            for point in self.world.points
            for purpose in self.world.purposes[point.organisation]
            if point.inbox in self.world.stops
            or any(
                e.action in REFUSALS
                for e in (
                    *plain_fold.reaching(self.world, point, purpose),
                    *plain_fold.nearby(self.world, point, purpose),
                )
            )
        }

    def set_canonical(self, canonical: dict[int, int]) -> None:
        self.world.canonical.update(canonical)
        fold.refold(tables.join(canonical))


def test_i1_to_i9_hold_after_every_step_of_any_history(db: None) -> None:
    Histories.base = worlds.ground()
    with wall.scope("platform"):
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Histories,
            # A step writes and reads for tens of milliseconds: making a failure smaller would take minutes.
            settings=settings(max_examples=25, stateful_step_count=14, phases=[Phase.generate]),
        )


def test_the_worlds_of_a_history_are_large_enough_to_mean_something(db: None) -> None:
    """Some must share an inbox across organisations, and some must have entries that can be joined."""
    base = worlds.ground()
    drawn: list[World] = worlds.crowd(base, 7, size=60, stops=0, people=[2, 3, 4, 5])
    owners = [{p.supporter: p.organisation for p in world.points} for world in drawn]
    assert sum(len(set(o.values())) > 1 for o in owners) > 20
    assert sum(len(o) > len(set(o.values())) for o in owners) > 20
