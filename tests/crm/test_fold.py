"""The fold in SQL equals the plain one for any world, whole or in part."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import wall
from crm.sql import fold
from tests.crm import plain_fold, tables, worlds
from tests.crm.plain_fold import World
from tests.crm.worlds import Ground

pytestmark = pytest.mark.django_db
seeds = st.integers(0, 2**32 - 1)
brief = settings(max_examples=25)  # of twenty worlds each


@pytest.fixture
def base(db: None) -> Iterator[Ground]:
    made = worlds.ground()
    with wall.scope("platform"):
        yield made


def story(world: World) -> str:
    """Tell a world, for whoever reads why a test failed."""
    lines = [*world.points, *world.events, f"{world.canonical=}", f"{world.stops=}"]
    return "\n".join(map(str, lines))


@given(seed=seeds)
def test_the_statement_folds_any_world_as_the_plain_rules_do(base: Ground, seed: int) -> None:
    crowd = worlds.crowd(base, seed)
    with tables.written(crowd):
        found = tables.states()
    for world in crowd:
        expected = plain_fold.fold_all(world)
        ids = {point.id for point in world.points}
        assert {key: found[key] for key in found if key[0] in ids} == expected, story(world)


@brief
@given(seed=seeds)
def test_the_gate_says_of_any_world_what_the_plain_rules_say(base: Ground, seed: int) -> None:
    crowd = worlds.crowd(base, seed)
    with tables.written(crowd):
        found = tables.answers(base)
    for world in crowd:
        folded = plain_fold.fold_all(world)
        for point in world.points:
            for purpose in base.purposes[point.organisation]:
                state = folded.get((point.id, purpose), plain_fold.NOTHING)
                joint = point.organisation not in base.partners
                expected = plain_fold.reasons(state, worlds.NOW, joint=joint)
                given_reasons = {reason.name for reason in found[point.id, purpose]}
                assert given_reasons == expected, story(world)


@brief
@given(seed=seeds)
def test_folding_what_new_events_touched_is_folding_everything(base: Ground, seed: int) -> None:
    crowd, random = worlds.crowd(base, seed), Random(seed)
    with tables.written(crowd):
        new = [e for world in crowd[::2] if (e := worlds.say(base, world, random))]
        tables.write_events(new)
        *partners, joint = base.organisations
        for where in partners:
            with wall.scope("keeper", organisation_id=where):
                fold.refold(tables.touched(e for e in new if e.organisation == where))
        with wall.scope(
            "keeper", organisation_id=joint
        ):  # what partners are told reaches the joint list
            fold.refold(tables.touched(new))
        assert fold.differences() == 0


@brief
@given(seed=seeds)
def test_folding_what_an_undone_import_touched_is_folding_everything(
    base: Ground, seed: int
) -> None:
    crowd = worlds.crowd(base, seed)
    with tables.written(crowd):
        standing = [base.batches[where][0] for where in base.organisations]
        tables.undo(standing)
        silenced = [e for world in crowd for e in world.events if e.batch in standing]
        fold.refold(tables.touched(silenced))
        assert fold.differences() == 0


@brief
@given(seed=seeds)
def test_folding_who_was_taken_apart_is_folding_everything(base: Ground, seed: int) -> None:
    crowd = worlds.crowd(base, seed)
    with tables.written(crowd):
        alone = {who: who for world in crowd for who in world.canonical}
        fold.refold(tables.join(alone))
        assert fold.differences() == 0


def test_a_state_that_the_events_no_longer_fold_to_is_counted(base: Ground) -> None:
    world = worlds.crowd(base, 1, size=1, most=1, owners=[0], stops=0)[0]
    with tables.written([world]):
        assert fold.differences() == 0
        later = worlds.personal_yes(base, world, world.points[0], at=worlds.DAYS[4])
        tables.write_events(later)
        assert fold.differences() > 0
