"""Who is perhaps the same person as somebody who said stop gets no email until people have decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm import consent, wall
from crm.models import Action, ContactPoint, Decision, Match, Organisation, Reach, Tier, User
from crm.reasons import Reason
from crm.services import merging, reviewing
from crm.sql import fold
from crm.sql import matching as sql
from tests import factories

pytestmark = pytest.mark.django_db

SAID = datetime(2026, 1, 10, tzinfo=UTC)
LATER = SAID + timedelta(days=30)


def entry(where: Organisation, email: str, *, said_yes: bool = True) -> ContactPoint:
    point = factories.address(factories.supporter(where, "Priya", "Okafor"), email)
    if said_yes:
        factories.granted(point, at=SAID)
    return point


def pair(one: ContactPoint, other: ContactPoint, tier: Tier = Tier.POSSIBLE) -> Match:
    with wall.scope("platform"):
        sql.store([(one.supporter_id, other.supporter_id, tier, 0.9, 3.2, "[]", [])], model_id="m")
    return Match.objects.latest("pk")


def decide(actor: User, match: Match, decision: Decision) -> None:
    with wall.scope("staff", organisation_id=match.organisation_id):
        reviewing.decide(match=match, decision=decision, actor=actor)


def why(point: ContactPoint) -> Reason:
    fold.rebuild()
    question = consent.Question(
        purpose_id=factories.purpose(point.organisation).pk, suitable_for_under_18=True
    )
    asked = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return Reason(asked.get().reasons)


def stopped(point: ContactPoint, action: Action = Action.UNSUB_ALL_ORG, **said: object) -> None:
    factories.event(point, action, **{"at": LATER, "reach": Reach.MAILBOX, **said})  # type: ignore[arg-type]


@pytest.fixture
def one(socr: Organisation) -> ContactPoint:
    return entry(socr, "priya@example.org")


@pytest.fixture
def other(socr: Organisation) -> ContactPoint:
    return entry(socr, "p.okafor@example.org")


@pytest.fixture
def ada(socr: Organisation) -> User:
    return factories.user(socr)


@pytest.mark.parametrize(
    "action",
    [
        Action.WITHDRAW,
        Action.COMPLAINT,
        Action.UNSUB_ALL_ORG,
        Action.OBJECT,
        Action.STOP_EVERYTHING,
    ],
)
def test_a_stop_of_perhaps_the_same_person_holds_back(
    one: ContactPoint, other: ContactPoint, action: Action
) -> None:
    pair(one, other)
    assert why(one) == Reason(0)
    stopped(other, action)
    assert why(one) == Reason.MERGE_REVIEW


def test_the_older_entry_is_held_for_the_younger_and_the_younger_for_the_older(
    one: ContactPoint, other: ContactPoint
) -> None:
    pair(one, other)
    stopped(one)
    assert why(other) == Reason.MERGE_REVIEW


def test_a_no_when_asked_is_no_stop(one: ContactPoint, other: ContactPoint) -> None:
    pair(one, other)
    stopped(other, Action.DENY)
    assert why(one) == Reason(0)


def test_who_said_yes_after_that_stop_is_not_held(one: ContactPoint, other: ContactPoint) -> None:
    pair(one, other)
    stopped(other, at=SAID - timedelta(days=1))
    assert why(one) == Reason(0)


def test_two_of_perhaps_one_household_do_not_hold_each_other(
    one: ContactPoint, other: ContactPoint
) -> None:
    pair(one, other, Tier.HOUSEHOLD)
    stopped(other)
    assert why(one) == Reason(0)


@pytest.mark.parametrize("decision", [Decision.NOT_SAME, Decision.HOUSEHOLD])
def test_deciding_that_they_are_two_people_ends_it(
    one: ContactPoint, other: ContactPoint, ada: User, decision: Decision
) -> None:
    match = pair(one, other)
    stopped(other)
    decide(ada, match, decision)
    assert why(one) == Reason(0)


def test_deciding_later_does_not_end_it(one: ContactPoint, other: ContactPoint, ada: User) -> None:
    match = pair(one, other)
    stopped(other)
    decide(ada, match, Decision.LATER)
    assert why(one) == Reason.MERGE_REVIEW


def test_joining_them_leaves_what_the_stop_itself_reaches(
    one: ContactPoint, other: ContactPoint, ada: User
) -> None:
    match = pair(one, other)
    stopped(other, Action.OBJECT, reach=Reach.SUPPORTER)
    decide(ada, match, Decision.SAME)
    assert why(one) == Reason.ORG_OBJECTION


def test_it_reaches_whoever_is_joined_with_either(
    one: ContactPoint, other: ContactPoint, socr: Organisation
) -> None:
    oldest, youngest = entry(socr, "po@example.org"), entry(socr, "okafor@example.org")
    pair(one, other)
    with wall.scope("keeper", organisation_id=socr.pk):
        merging.merge(one=oldest.supporter, other=one.supporter)
        merging.merge(one=other.supporter, other=youngest.supporter)
    stopped(youngest, Action.OBJECT, reach=Reach.SUPPORTER)
    assert why(oldest) == why(one) == Reason.MERGE_REVIEW


def test_persons_who_are_held_apart_do_not_hold_each_other_by_another_entry(
    one: ContactPoint, other: ContactPoint, ada: User, socr: Organisation
) -> None:
    again = entry(socr, "okafor@example.org")
    decide(ada, pair(one, other), Decision.NOT_SAME)
    pair(one, again)
    with wall.scope("keeper", organisation_id=socr.pk):
        merging.merge(one=other.supporter, other=again.supporter)
    stopped(other)
    assert why(one) == Reason(0)


def test_the_page_still_says_what_joining_does_to_permission(
    one: ContactPoint, other: ContactPoint
) -> None:
    pair(one, other)
    stopped(other, Action.OBJECT, reach=Reach.SUPPORTER)
    fold.rebuild()
    with wall.scope("keeper", organisation_id=one.organisation_id):
        changes = merging.preview_merge(one=one.supporter, other=other.supporter)
    assert [(change.address, change.lost) for change in changes if change.lost] == [
        ("priya@example.org", True)
    ]


def test_staff_see_the_same_as_the_platform(one: ContactPoint, other: ContactPoint) -> None:
    pair(one, other)
    stopped(other)
    fold.rebuild()
    with wall.scope("staff", organisation_id=one.organisation_id):
        question = consent.Question(
            purpose_id=factories.purpose(one.organisation).pk, suitable_for_under_18=True
        )
        asked = consent.decide(ContactPoint.objects.filter(pk=one.pk), question).get()
    assert Reason(asked.reasons) == Reason.MERGE_REVIEW
