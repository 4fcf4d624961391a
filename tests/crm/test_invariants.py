"""The promises I1 to I9 of docs/explanation/consent.md, each for any world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import wall
from crm.models import Action, ConsentEvent, ConsentState, Reach, Source
from crm.reasons import Reason
from crm.sql import fold
from tests.crm import plain_fold, tables, worlds
from tests.crm.plain_fold import REFUSALS, State, World
from tests.crm.tables import Key
from tests.crm.worlds import NOW, Ground

pytestmark = pytest.mark.django_db
seeds = st.integers(0, 2**32 - 1)
brief = settings(max_examples=15)  # of twenty worlds or more
HOME = worlds.ADDRESSES[:1]
LATER = NOW - timedelta(hours=6)  # after all that the worlds say of themselves
STOPPED = LATER - timedelta(hours=1)


@pytest.fixture
def base(db: None) -> Iterator[Ground]:
    made = worlds.ground()
    with wall.scope("platform"):
        yield made


def story(crowd: list[World], keys: set[Key]) -> str:
    """Tell the worlds in which something went wrong."""
    wrong = {point for point, _ in keys}
    told = [w for w in crowd if any(point.id in wrong for point in w.points)]
    return "\n".join(str(part) for w in told for part in (w.points, w.canonical, *w.events))


@brief
@given(seed=seeds)
def test_i1_the_same_events_in_any_order_give_the_same_reasons(base: Ground, seed: int) -> None:
    ties: dict[str, Any] = {"owners": [0], "about": [0], "channel": [1], "day": [3], "stops": 0}
    ties |= {"action": [Action.GRANT, Action.GRANT, Action.CONFIRM], "source": [Source.PERSONAL]}
    crowd = worlds.crowd(base, seed) + worlds.crowd(base, seed, first=50, addresses=HOME, **ties)
    numbers = [e.id for world in crowd for e in world.events]
    shuffled = dict(zip(numbers, Random(seed).sample(numbers, len(numbers)), strict=True))
    with tables.written(crowd):
        first = tables.answers(base)
    with tables.written(crowd, name=shuffled.__getitem__):
        second = tables.answers(base)
    different = {key for key in first if first[key] != second[key]}
    assert not different, story(crowd, different)


@brief
@given(seed=seeds)
def test_i2_no_import_opens_an_address_that_was_ever_refused(base: Ground, seed: int) -> None:
    hopeful: dict[str, Any] = {
        "owners": [0],
        "about": [0],
        "channel": [1],
        "stops": 0,
        "words": [0, 1],
    }
    hopeful |= {"action": [Action.DENY, Action.PAUSE, *[Action.GRANT] * 3, Action.CONFIRM]}
    hopeful |= {"source": [Source.PERSONAL, Source.STAFF], "has_note": [True], "vouched": [1]}
    crowd = worlds.crowd(base, seed) + worlds.crowd(base, seed, first=50, **hopeful)
    random = Random(seed)
    refused = {key for world in crowd for key in _refused(world)}
    imports: dict[str, Any] = {"source": [Source.IMPORT], "undone": [False], "channel": [1]}
    imports["action"] = [action for action in Action if action != Action.CORRECTION]  # see below
    imports["action"] += [Action.GRANT, Action.CONFIRM, Action.RESUME] * 3
    with tables.written(crowd):
        closed = refused - tables.mailable(base)
        imported = [
            e
            for world in crowd
            for _ in range(4)
            if (e := worlds.say(base, world, random, **imports))
        ]
        tables.write_events(imported)
        fold.rebuild()
        opened = closed & tables.mailable(base)
    assert not opened, story(crowd, opened)


def _refused(world: World) -> Iterator[Key]:
    for point in world.points:
        for purpose in world.purposes[point.organisation]:
            said = plain_fold.reaching(world, point, purpose)
            if point.inbox in world.stops or any(e.action in REFUSALS for e in said):
                yield point.id, purpose


def test_i2_an_import_cannot_correct_a_refusal_away(base: Ground) -> None:
    world = _somebody(base)
    refusal = replace(
        worlds.refusal(world, world.points[0], Action.WITHDRAW, Reach.CONTACT_POINT, LATER),
        source=Source.IMPORT,
        batch=base.batches[base.organisations[0]][0],
    )
    correction = replace(refusal, id=refusal.id + 1, action=Action.CORRECTION, corrects=refusal.id)
    world.events = [refusal]
    with tables.written([world]), pytest.raises(IntegrityError), transaction.atomic():
        tables.write_events([correction])


@brief
@given(seed=seeds, giver=st.integers(0, 2))
def test_i3_a_yes_to_one_organisation_changes_nothing_at_another(
    base: Ground, seed: int, giver: int
) -> None:
    crowd = worlds.crowd(base, seed)
    where = base.organisations[giver]
    with tables.written(crowd):
        before = tables.states()
        tables.write_events(
            e
            for world in crowd
            for point in world.points
            if point.organisation == where
            for e in worlds.personal_yes(base, world, point, LATER)
        )
        fold.rebuild()
        after = tables.states()
    points = tables.points_of(crowd)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {points[point].organisation for point, _ in changed} <= {where}


def test_i3_joint_permission_is_one_yes_in_words_that_name_every_partner(base: Ground) -> None:
    socr, neu, joint = base.organisations
    world = worlds.crowd(base, 0, size=1, most=1, owners=[2], stops=0, channel=[2])[0]
    names_both, _, names_one, _ = base.statements[joint]
    yes = worlds.personal_yes(base, world, world.points[0], LATER)
    key = (world.points[0].id, base.purposes[joint][0])
    answers = {}
    for words in (names_both, names_one):
        world.events = [replace(yes[0], statement=words), yes[1]]
        with tables.written([world]):
            answers[words] = tables.answers(base)[key]
    omits = Reason.STATEMENT_OMITS_ORG | Reason.JOINT_NEEDS_BOTH
    assert answers == {names_both: Reason(0), names_one: omits}
    assert base.wordings[names_one].names < {socr, neu}


@brief
@given(seed=seeds)
def test_i4_after_a_stop_of_everything_only_a_confirmed_sign_up_opens_one_organisation_again(
    base: Ground, seed: int
) -> None:
    crowd, random = worlds.crowd(base, seed, size=15), Random(seed)
    for world in crowd:
        worlds.stop_everything(world, random.choice(world.points).inbox, STOPPED)
    stopped = {point.id for world in crowd for point in world.points if point.inbox in world.stops}
    others = [source for source in Source if source != Source.PERSONAL]
    comes_back = next(p for w in crowd for p in w.points if p.id in stopped)
    world = next(w for w in crowd if comes_back in w.points)
    with tables.written(crowd):
        tables.write_events(
            replace(e, began=LATER, ended=LATER)
            for w in crowd
            if (e := worlds.say(base, w, random, source=others, action=[Action.GRANT]))
        )
        sign_up = worlds.personal_yes(base, world, comes_back, LATER)
        tables.write_events(e for e in sign_up if e.action == Action.GRANT)
        fold.rebuild()
        before = tables.answers(base)
        tables.write_events(e for e in sign_up if e.action == Action.CONFIRM)
        fold.rebuild()
        after = tables.answers(base)
    assert all(why for (point, _), why in before.items() if point in stopped)
    assert {key for key in after if not after[key]} - {k for k in before if not before[k]} <= {
        (comes_back.id, purpose) for purpose in base.purposes[comes_back.organisation]
    }


def test_i4_who_comes_back_to_one_organisation_stays_stopped_at_the_other(base: Ground) -> None:
    socr, neu, _ = base.organisations
    world = _somebody(base)
    here = world.points[0]
    there = replace(here, id=here.id + 1, organisation=neu, supporter=here.supporter + 1)
    world.points, world.canonical[there.supporter] = [here, there], there.supporter
    world.events = []
    worlds.personal_yes(base, world, there, LATER - timedelta(days=1))
    worlds.stop_everything(world, here.inbox, STOPPED)
    worlds.personal_yes(base, world, here, LATER)
    with tables.written([world]):
        answers = tables.answers(base)
    assert answers[here.id, base.purposes[socr][0]] == Reason(0)
    assert answers[there.id, base.purposes[neu][0]] == Reason.STOP_EVERYTHING


@brief
@given(seed=seeds)
def test_i5_a_yes_at_one_address_opens_no_other(base: Ground, seed: int) -> None:
    crowd, random = worlds.crowd(base, seed), Random(seed)
    chosen = {world.points[0].id: random.choice(world.points) for world in crowd}
    with tables.written(crowd):
        before = tables.mailable(base)
        tables.write_events(
            e
            for world in crowd
            for e in worlds.personal_yes(base, world, chosen[world.points[0].id], LATER)
        )
        fold.rebuild()
        opened = tables.mailable(base) - before
    assert {point for point, _ in opened} <= {point.id for point in chosen.values()}


@brief
@given(seed=seeds)
def test_i6_joining_opens_no_address_and_taking_apart_restores_what_was(
    base: Ground, seed: int
) -> None:
    alike: dict[str, Any] = {"owners": [0], "about": [0], "channel": [1], "addresses": HOME}
    crowd = worlds.crowd(base, seed) + worlds.crowd(base, seed, first=50, **alike)
    random = Random(seed)
    alone = {who: who for world in crowd for who in world.canonical}
    joined = {who: canonical for world in crowd for who, canonical in world.canonical.items()}
    for world in crowd:
        world.canonical = {who: who for who in world.canonical}
    with tables.written(crowd):
        apart, states, events = tables.mailable(base), tables.states(), _ledger()
        fold.refold(tables.join(joined))
        together = tables.mailable(base)
        assert _ledger() == events
        everyone = list(alone)
        random.shuffle(everyone)  # in whatever order they are taken apart
        for part in (everyone[::2], everyone[1::2]):
            fold.refold(tables.join({who: who for who in part}))
        assert tables.states() == states
    assert together <= apart, story(crowd, together - apart)


def _ledger() -> list[int]:
    return list(ConsentEvent.objects.order_by("id").values_list("id", flat=True))


@brief
@given(seed=seeds)
def test_i6_imported_yeses_open_no_more_when_entries_of_one_inbox_stay_apart(
    base: Ground, seed: int
) -> None:
    actions = [Action.GRANT, Action.GRANT, *REFUSALS]
    crowd = worlds.crowd(
        base, seed, action=actions, source=[Source.IMPORT], reach=[Reach.CONTACT_POINT]
    )
    for world in crowd:  # one inbox each, under its different spellings
        name = world.points[0].inbox.partition(" ")[0]
        world.points = [p for p in world.points if p.inbox.startswith(name)]
        world.canonical = {p.supporter: p.supporter for p in world.points}
        world.events = [e for e in world.events if any(p.id == e.point for p in world.points)]
    together = {
        p.supporter: next(q.supporter for q in world.points if q.organisation == p.organisation)
        for world in crowd
        for p in world.points
    }
    with tables.written(crowd):
        apart = tables.mailable(base)
        tables.join(together)
        fold.rebuild()
        assert apart == tables.mailable(base)


@brief
@given(seed=seeds)
def test_i7_a_refusal_of_joined_entries_stays_with_each_when_they_are_taken_apart(
    base: Ground, seed: int
) -> None:
    crowd, random = worlds.crowd(base, seed), Random(seed)
    refused: set[int] = set()
    for world in crowd:
        person = world.canonical[random.choice(world.points).supporter]
        action = random.choice(REFUSALS)
        for point in list(world.points):
            if world.canonical[point.supporter] == person:
                worlds.refusal(world, point, action, Reach.SUPPORTER, LATER)
                refused.add(point.id)
    with tables.written(crowd):
        fold.refold(tables.join({who: who for world in crowd for who in world.canonical}))
        reasons = tables.answers(base)
    assert all(why for (point, _), why in reasons.items() if point in refused)


@brief
@given(seed=seeds)
def test_i8_whoever_may_be_mailed_has_a_yes_of_known_words_and_time(
    base: Ground, seed: int
) -> None:
    crowd = worlds.crowd(base, seed)
    points = tables.points_of(crowd)
    with tables.written(crowd):
        allowed = tables.mailable(base)
        proofs = {
            (state.contact_point_id, state.purpose_id): state.grant
            for state in ConsentState.objects.select_related("grant__batch")
        }
        for point, purpose in allowed:
            proof = proofs[point, purpose]
            assert proof is not None
            assert (proof.action, proof.purpose_id) == (Action.GRANT, purpose)
            assert proof.statement_id is not None
            assert proof.occurred_at is not None
            assert proof.contact_point_id == point
            assert proof.organisation_id == points[point].organisation
            assert proof.batch is None or proof.batch.undone_at is None
            assert not ConsentEvent.objects.filter(corrects=proof).exists()
    assert not crowd or points


@brief
@given(seed=seeds)
def test_i9_undoing_an_import_leaves_what_the_others_said_and_nothing_else(
    base: Ground, seed: int
) -> None:
    crowd = worlds.crowd(base, seed)
    batches = [base.batches[where][0] for where in base.organisations]
    with tables.written(crowd):
        before = _ledger()
        tables.undo(batches)
        fold.rebuild()
        undone = tables.states()
        assert _ledger() == before
    expected: dict[Key, State] = {}
    for world in crowd:
        world.events = [e for e in world.events if e.batch not in batches]
        expected |= plain_fold.fold_all(world)
    assert undone == expected


def test_i9_no_act_of_a_person_belongs_to_an_import(base: Ground) -> None:
    world = _somebody(base)
    act = worlds.refusal(world, world.points[0], Action.DENY, Reach.CONTACT_POINT, LATER)
    world.events = []
    with tables.written([world]), pytest.raises(IntegrityError), transaction.atomic():
        tables.write_events([replace(act, batch=base.batches[act.organisation][0])])


def _somebody(base: Ground) -> World:
    """Give a world of one supporter of SOCR of whom nothing was said."""
    world = worlds.crowd(base, 1, size=1, most=1, owners=[0], stops=0)[0]
    point = world.points[0]
    world.points, world.canonical = [point], {point.supporter: point.supporter}
    world.events = []
    return world
