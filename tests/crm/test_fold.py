"""The fold in SQL equals the plain one for any world, whole or in part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import wall
from crm.models import Batch, Supporter
from crm.sql import fold
from tests.crm import plain_fold, worlds
from tests.crm.worlds import Draft, Ground, Sketch, drafts, sketches

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(db: None) -> Iterator[Ground]:
    made = worlds.ground()
    with wall.scope("platform"):
        yield made


@given(sketch=sketches())
def test_the_statement_folds_any_world_as_the_plain_rules_do(base: Ground, sketch: Sketch) -> None:
    world = worlds.build(base, sketch)
    with worlds.written(world):
        assert worlds.states() == plain_fold.fold_all(world)


@given(sketch=sketches())
def test_the_gate_says_of_any_world_what_the_plain_rules_say(base: Ground, sketch: Sketch) -> None:
    world = worlds.build(base, sketch)
    with worlds.written(world):
        folded = plain_fold.fold_all(world)
        for key, why in worlds.answers(base).items():
            expected = plain_fold.reasons(folded.get(key, plain_fold.NOTHING), worlds.NOW)
            assert {reason.name for reason in why} == expected


@given(sketch=sketches(), more=st.lists(drafts(), min_size=1, max_size=4))
def test_folding_what_new_events_touched_is_folding_everything(
    base: Ground, sketch: Sketch, more: list[Draft]
) -> None:
    world = worlds.build(base, sketch)
    with worlds.written(world):
        known = len(world.events)
        world.events += [e for d in more if (e := worlds.resolve(base, world, d))][:1]
        new = world.events[known:]
        worlds.write_events(new)
        for where in base.organisations:
            here = [e for e in new if e.organisation == where]
            with wall.scope("keeper", organisation_id=where):
                fold.refold(worlds.touched(world, here))
        assert fold.differences() == 0


@given(sketch=sketches())
def test_folding_what_an_undone_import_touched_is_folding_everything(
    base: Ground, sketch: Sketch
) -> None:
    world = worlds.build(base, sketch)
    with worlds.written(world):
        standing = [base.batches[where][0] for where in base.organisations]
        worlds.undo(standing)
        fold.refold(worlds.touched(world, [e for e in world.events if e.batch in standing]))
        assert fold.differences() == 0


@given(sketch=sketches())
def test_folding_who_was_taken_apart_is_folding_everything(base: Ground, sketch: Sketch) -> None:
    world = worlds.build(base, sketch)
    with worlds.written(world):
        joined = [who for who, canonical in world.canonical.items() if who != canonical]
        for who in joined:
            Supporter.objects.filter(pk=who).update(canonical_id=who)
        kept = [world.canonical[who] for who in joined]
        fold.refold(fold.Touched(tuple({*joined, *kept})))
        assert fold.differences() == 0


def test_a_difference_between_events_and_states_is_counted(base: Ground) -> None:
    sketch = Sketch(supporters=[(0, None, {0})], events=[])
    world = worlds.build(base, sketch)
    world.events += worlds.personal_yes(base, world, world.points[0], at=worlds.DAYS[3])
    with worlds.written(world):
        Batch.objects.all().update(undone_at=worlds.NOW)
        assert fold.differences() == 0
        later = worlds.personal_yes(base, world, world.points[0], at=worlds.DAYS[4])
        worlds.write_events(later)
        assert fold.differences() > 0
