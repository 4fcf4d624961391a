"""Scenarios of docs/reference/scenarios.md about entries that are one person, or are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm import wall
from crm.models import Action, ContactPoint, Merge, Organisation, Reach, Source
from crm.services import merging, permissions
from tests import factories
from tests.crm import joined
from tests.crm.joined import entry, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(socr: Organisation) -> tuple[ContactPoint, ContactPoint]:
    """Two records of SOCR: A said yes, B objected."""
    a, b = entry(socr, email="a@example.org"), entry(socr, email="b@example.org")
    factories.granted(a)
    factories.event(b, Action.OBJECT, reach=Reach.SUPPORTER, at=datetime(2026, 3, 1, tzinfo=UTC))
    joined.refolded()
    assert joined.mailable(socr) == {a.pk}
    return a, b


def merged(a: ContactPoint, b: ContactPoint) -> Merge:
    with wall.scope("staff", organisation_id=a.organisation_id):
        return merging.merge(one=person(a), other=person(b))


def unmerged(made: Merge) -> None:
    with wall.scope("staff", organisation_id=made.organisation_id):
        merging.unmerge(merge=made)


def test_19_who_said_yes_is_joined_with_who_objected(
    socr: Organisation, two: tuple[ContactPoint, ContactPoint]
) -> None:
    """Scenario 19: SOCR may mail neither address"""
    merged(*two)
    assert joined.mailable(socr) == set()


def test_20_they_are_taken_apart(
    socr: Organisation, two: tuple[ContactPoint, ContactPoint]
) -> None:
    """Scenario 20: A is granted once more; B is objected"""
    a, b = two
    unmerged(merged(a, b))
    assert joined.mailable(socr) == {a.pk}
    assert b.states.get().refusal == Action.OBJECT


def test_21_a_joined_person_unsubscribes_and_is_taken_apart(socr: Organisation) -> None:
    """Scenario 21: both halves stay unsubscribed"""
    a, b = entry(socr, email="a@example.org"), entry(socr, email="b@example.org")
    for point in (a, b):
        factories.granted(point)
    joined.refolded()
    made = merged(a, b)
    assert joined.mailable(socr) == {a.pk, b.pk}
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_organisation(
            supporter=person(a), source=Source.PERSONAL, detail="by the link to A"
        )
    unmerged(made)
    assert joined.mailable(socr) == set()
    assert {point.states.get().refusal for point in (a, b)} == {Action.UNSUB_ALL_ORG}
