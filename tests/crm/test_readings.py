"""How the fold reads what could be read either way: each time as protects the supporter more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm.models import (
    Action,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    Organisation,
    Reach,
    Source,
)
from crm.sql import fold
from tests import factories

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
DAY = {
    "at": NOON.replace(hour=0),
    "until": NOON.replace(hour=23, minute=59, second=59, microsecond=999_999),
}


@pytest.fixture
def point(socr: Organisation) -> ContactPoint:
    factories.purpose(socr)
    return factories.address(factories.supporter(socr))


def folded(point: ContactPoint) -> ConsentState:
    fold.rebuild()
    return ConsentState.objects.get(
        contact_point=point, purpose=factories.purpose(point.organisation)
    )


def confirm(
    grant: ConsentEvent, point: ContactPoint, at: datetime, source: Source = Source.PERSONAL
) -> None:
    batch = {"batch": factories.batch(point.organisation)} if source == Source.IMPORT else {}
    factories.event(point, Action.CONFIRM, at=at, source=source, confirms=grant, **batch)


def test_a_tie_goes_to_the_refusal(point: ContactPoint) -> None:
    factories.granted(point, at=NOON)
    factories.event(point, Action.WITHDRAW, at=NOON)
    assert folded(point).refusal == Action.WITHDRAW


def test_a_refusal_of_some_day_outlasts_a_yes_of_that_day(point: ContactPoint) -> None:
    factories.event(point, Action.WITHDRAW, **DAY)
    factories.granted(point, at=NOON)
    assert folded(point).refused_at == DAY["until"]


def test_a_refusal_without_a_date_counts_from_when_it_was_recorded(point: ContactPoint) -> None:
    factories.granted(point, at=NOON)
    refusal = factories.event(point, Action.WITHDRAW)
    assert folded(point).refused_at == refusal.recorded_at


def test_of_two_refusals_at_one_time_the_graver_is_named(point: ContactPoint) -> None:
    factories.event(point, Action.OBJECT, at=NOON)
    factories.event(point, Action.DENY, at=NOON)
    assert folded(point).refusal == Action.OBJECT


def test_a_confirmed_sign_up_at_the_time_of_a_stop_does_not_lift_it(point: ContactPoint) -> None:
    factories.event(point, Action.STOP_EVERYTHING, at=NOON, reach=Reach.MAILBOX)
    confirm(factories.granted(point, at=NOON), point, LATER)
    factories.granted(point, at=LATER)
    assert folded(point).refusal == Action.STOP_EVERYTHING


def test_only_a_confirmed_sign_up_ends_a_complaint(point: ContactPoint) -> None:
    factories.event(point, Action.COMPLAINT, at=NOON)
    grant = factories.granted(point, at=LATER)
    assert folded(point).refusal == Action.COMPLAINT
    confirm(grant, point, LATER)
    assert folded(point).refusal is None


def test_a_list_does_not_confirm_what_a_person_said(point: ContactPoint) -> None:
    grant = factories.granted(point, at=NOON)
    confirm(grant, point, LATER, source=Source.IMPORT)
    assert folded(point).confirmed_at is None


def test_a_list_confirms_what_a_list_said(point: ContactPoint) -> None:
    batch = factories.batch(point.organisation)
    grant = factories.granted(point, at=NOON, source=Source.IMPORT, batch=batch)
    confirm(grant, point, LATER, source=Source.IMPORT)
    assert folded(point).confirmed_at == LATER


@pytest.mark.parametrize("vouched_by_another", [True, False])
def test_nobody_on_the_staff_vouches_for_their_own_record_of_a_yes(
    point: ContactPoint, vouched_by_another: bool
) -> None:
    clerk, colleague = factories.user(point.organisation), factories.user(point.organisation)
    factories.event(point, Action.DENY, at=NOON)
    grant = factories.granted(
        point,
        at=LATER,
        source=Source.STAFF,
        evidence=b"n" * 32,
        actor=clerk,
        second_actor=colleague if vouched_by_another else clerk,
    )
    confirm(grant, point, LATER)
    assert (folded(point).refusal is None) == vouched_by_another


def test_a_yes_recorded_by_staff_needs_a_note(point: ContactPoint) -> None:
    factories.granted(point, at=NOON, source=Source.STAFF)
    assert folded(point).granted_at is None


def test_a_yes_of_no_known_time_does_not_count(point: ContactPoint) -> None:
    grant = factories.granted(point, at=NOON)
    factories.event(point, Action.GRANT, what=grant.purpose, statement=grant.statement)
    assert folded(point).grant_id == grant.pk


def test_of_two_yeses_at_one_time_the_one_that_permits_less_is_taken(point: ContactPoint) -> None:
    bare = factories.event(point, Action.GRANT, at=NOON, what=factories.purpose(point.organisation))
    factories.granted(point, at=NOON)
    assert folded(point).grant_id == bare.pk


def test_permission_is_reviewed_24_months_after_the_start_of_its_day(point: ContactPoint) -> None:
    leap_day = datetime(2024, 2, 29, tzinfo=UTC)
    factories.granted(point, at=leap_day, until=leap_day + timedelta(hours=23))
    assert folded(point).expires_at == datetime(2026, 2, 28, tzinfo=UTC)


def test_an_act_of_the_person_begins_the_24_months_anew_and_a_refusal_does_not(
    point: ContactPoint, socr: Organisation
) -> None:
    other = factories.purpose(socr, "petitions")
    grant = factories.granted(point, at=NOON)
    confirm(grant, point, LATER)
    factories.event(point, Action.WITHDRAW, at=LATER + timedelta(days=9), what=other)
    assert folded(point).expires_at == LATER.replace(year=2028)


def test_a_yes_at_the_moment_at_which_permission_ran_out_has_run_out(point: ContactPoint) -> None:
    factories.granted(point, at=NOON)
    factories.event(point, Action.EXPIRE, at=NOON, source=Source.SYSTEM)
    assert folded(point).expires_at == NOON


def paused(point: ContactPoint, at: datetime = NOON) -> datetime:
    end = NOON + timedelta(days=90)
    factories.granted(point, at=NOON - timedelta(days=1))
    factories.event(point, Action.PAUSE, at=at, paused_until=end)
    return end


def test_a_pause_outlasts_its_end_of_the_same_moment(point: ContactPoint) -> None:
    end = paused(point)
    factories.event(point, Action.RESUME, at=NOON)
    assert folded(point).paused_until == end


def test_the_person_ends_a_pause_and_a_list_does_not(point: ContactPoint) -> None:
    end = paused(point)
    batch = factories.batch(point.organisation)
    factories.event(point, Action.RESUME, at=LATER, source=Source.IMPORT, batch=batch)
    assert folded(point).paused_until == end
    factories.event(point, Action.RESUME, at=LATER)
    assert folded(point).paused_until is None


def test_a_pause_is_not_ended_through_an_entry_joined_later(point: ContactPoint) -> None:
    end = paused(point)
    twin = factories.address(
        factories.supporter(point.organisation, canonical_id=point.supporter_id), point.address
    )
    factories.event(twin, Action.RESUME, at=LATER)
    assert folded(point).paused_until == end


def test_a_pause_alone_is_known_before_there_is_a_yes(point: ContactPoint) -> None:
    end = NOON + timedelta(days=90)
    factories.event(point, Action.PAUSE, at=NOON, paused_until=end)
    assert folded(point).paused_until == end
