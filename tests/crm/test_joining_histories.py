"""Whole histories of joins, links, acts and their undoing, through the services: nothing widens, no refusal is lost.

The rules of the fold itself are held by test_histories.py; here it is what the product does to people's entries.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import ClassVar

import pytest
from django.core.exceptions import ValidationError
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
from crm.models import Action, ContactPoint, Merge, Organisation, Source
from crm.services import linking, merging, permissions
from crm.sql import fold
from tests import factories
from tests.crm import joined
from tests.crm.joined import entry, person

pytestmark = pytest.mark.django_db
seeds = st.integers(0, 2**32 - 1)
ENTRIES = {0: 4, 1: 2, 2: 1}  # how many entries each organisation has
INBOXES = ["priya@example.org", "home@example.org", "p.okafor@example.org"]


class Joins(RuleBasedStateMachine):
    """A few entries at three organisations that share inboxes. Each rule is one call of a service."""

    organisations: ClassVar[list[Organisation]]

    @initialize(inboxes=st.lists(st.sampled_from(INBOXES), min_size=7, max_size=7))
    def begin(self, inboxes: list[str]) -> None:
        """Some entries that said yes, two of them joined."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        waiting = iter(inboxes)
        self.points = [
            entry(
                self.organisations[where],
                f"Name{n}",
                next(waiting),
                postcode=f"GU{n} 1AA" * (n % 2),
            )
            for where, many in ENTRIES.items()
            for n in range(1, many + 1)
        ]
        self.clock = datetime.now(UTC) - timedelta(days=2)
        for point in self.points:
            factories.granted(point, at=self.clock)
        joined.refolded()
        self.refused: set[int] = set()
        self.acted = self.came_back = self.stopped = False
        self.linked: list[ContactPoint] = []
        self.mailable()
        self.at_first = joined.digest()
        self.joined(self.points[1], self.points[2])

    def teardown(self) -> None:
        """Nothing is left behind."""
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def mailable(self) -> set[int]:
        return joined.mailable(*self.organisations)

    def together(self, point: ContactPoint) -> set[int]:
        """The addresses of everyone joined with the owner of one."""
        who = person(point).pk
        return {other.pk for other in self.points if person(other).pk == who}

    # What people do

    @rule(seed=seeds)
    def somebody_speaks(self, seed: int) -> None:
        """A no holds for each address of theirs, and stays with each whatever is taken apart."""
        random = Random(seed)
        point = random.choice(self.points)
        what = random.choice(["yes", "no", "no", "stop everything"])
        if what == "yes" and not self.stopped:
            self.sign_up(point)
        elif what == "stop everything" and not self.came_back:
            self.stop_everything(point)
        else:
            self.refuse(
                point, random.choice([Action.WITHDRAW, Action.OBJECT, Action.UNSUB_ALL_ORG])
            )
        self.acted = True

    def sign_up(self, point: ContactPoint) -> None:
        self.clock += timedelta(minutes=1)
        now = datetime.now(UTC) if self.refused else self.clock
        self.came_back |= bool(self.refused)
        yes = factories.granted(point, at=now)
        factories.event(point, Action.CONFIRM, at=now, confirms=yes)
        with wall.scope("platform"):
            permissions.refold(supporter_ids=[point.supporter_id])
        self.refused.discard(point.pk)

    def refuse(self, point: ContactPoint, action: Action) -> None:
        with wall.scope("keeper", organisation_id=point.organisation_id):
            act = permissions.say(
                supporter=person(point), action=action, source=Source.PERSONAL, detail="test"
            )
        permissions.refold_act(act_id=act)  # as a worker does
        self.refused |= self.together(point)

    def stop_everything(self, point: ContactPoint) -> None:
        """It holds for each linked entry of theirs. (It is dated when the test began, so nobody came back before.)"""
        self.stopped = True
        with wall.scope("keeper", organisation_id=point.organisation_id):
            act = permissions.stop_everything(point=point, detail="stop everything")
        permissions.refold_act(act_id=act)
        self.refused |= {p.pk for p in self.points if p.folded == point.folded}
        if point in self.linked:
            self.refused |= {
                pk
                for other in self.linked
                if other.organisation_id != point.organisation_id
                for pk in self.together(other)
            }

    # What is done with their entries

    @rule(seed=seeds)
    def two_are_joined(self, seed: int) -> None:
        """I6: nothing is opened; joined and taken apart at once, everything is as it was."""
        ends = Random(seed).sample(self.points[: ENTRIES[0]], 2)
        before, digest = self.mailable(), joined.digest()
        if made := self.joined(*ends):
            with wall.scope("staff", organisation_id=made.organisation_id):
                merging.unmerge(merge=made)
            assert joined.digest() == digest
            self.joined(*ends)
        assert self.mailable() <= before

    def joined(self, one: ContactPoint, other: ContactPoint) -> Merge | None:
        """Join the owners of two addresses, if they are two of one organisation."""
        if one.organisation_id != other.organisation_id or person(one) == person(other):
            return None
        with wall.scope("staff", organisation_id=one.organisation_id):
            return merging.merge(one=person(one), other=person(other))

    @precondition(lambda self: Merge.objects.filter(undone_at=None).exists())
    @rule(seed=seeds)
    def a_joining_is_taken_back(self, seed: int) -> None:
        """I7: in any order, and whatever the joined person said last stays with both."""
        standing = list(Merge.objects.filter(undone_at=None).order_by("pk"))
        made, refuses = Random(seed).choice(standing), Random(seed).random() < 0.4
        if refuses:
            said_it = next(p for p in self.points if p.supporter_id in made.moved)
            self.acted = True
            self.refuse(said_it, Action.WITHDRAW)
        with wall.scope("staff", organisation_id=made.organisation_id):
            merging.unmerge(merge=made)

    @rule(seed=seeds)
    def two_are_linked_or_one_is_unlinked(self, seed: int) -> None:
        """A link opens nothing and closes nothing, nor does taking it back: what was stopped stays stopped."""
        random = Random(seed)
        one, other = random.sample(self.points, 2)
        before, states = self.mailable(), joined.digest()["crm_consentstate"]
        with suppress(ValidationError), wall.scope("platform"), transaction.atomic():
            if random.random() < 0.7:
                linking.link(one=one.supporter, other=other.supporter, rule="test")
                self.linked = [*self.linked, one, other]
            else:
                linking.unlink(supporter=one.supporter)
                self.linked = []  # whoever is linked still is not looked at again
        assert (self.mailable(), joined.digest()["crm_consentstate"]) == (before, states)

    @precondition(lambda self: not self.acted)
    @rule(seed=seeds)
    def everything_is_taken_back(self, seed: int) -> None:
        """In whatever order joins and links are undone, all tables but the history are as in the beginning."""
        standing = list(Merge.objects.filter(undone_at=None).order_by("pk"))
        Random(seed).shuffle(standing)
        for made in standing:
            with wall.scope("staff", organisation_id=made.organisation_id):
                merging.unmerge(merge=made)
        with wall.scope("platform"):
            for point in self.points:
                linking.unlink(supporter=point.supporter)
        self.linked = []
        assert joined.digest() == self.at_first

    @rule()
    def a_night_passes(self) -> None:
        """What was brought up to date bit by bit is what a rebuild gives."""
        with wall.scope("platform"):
            assert fold.differences() == 0

    # What must always be true

    @invariant()
    def no_refusal_is_lost(self) -> None:
        """Whoever said no since they last signed up is not mailed."""
        if hasattr(self, "points"):
            assert not self.mailable() & self.refused


def test_nothing_widens_and_no_refusal_is_lost_in_any_history_of_joins_and_links(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    Joins.organisations = [socr, neu, coalition]
    for where in Joins.organisations:
        factories.purpose(where)
    run_state_machine_as_test(
        Joins, settings=settings(max_examples=16, stateful_step_count=14, phases=[Phase.generate])
    )
