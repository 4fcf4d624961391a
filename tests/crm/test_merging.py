"""Joining entries of one organisation and taking them apart: what the profile and permission become."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from django.core.exceptions import ValidationError

from crm import consent, wall
from crm.models import (
    Action,
    AgeBand,
    ConsentEvent,
    ContactPoint,
    Decision,
    Match,
    Merge,
    Organisation,
    SearchTerm,
    Source,
    Supporter,
    SupporterTopic,
    Topic,
)
from crm.reasons import Reason
from crm.services import lessening, match_lists, merging, permissions
from tests import factories
from tests.crm import joined
from tests.crm.joined import entry, person

pytestmark = pytest.mark.django_db


def merge(one: ContactPoint, other: ContactPoint) -> Merge:
    where = one.organisation_id
    with wall.scope("staff", organisation_id=where):
        return merging.merge(one=person(one), other=person(other))


def unmerge(made: Merge) -> None:
    with wall.scope("staff", organisation_id=made.organisation_id):
        merging.unmerge(merge=made)


def test_of_each_field_the_newest_that_the_person_stated_stays(socr: Organisation) -> None:
    old = entry(socr, "Pri", postcode="GU1 1AA", source=Source.PERSONAL, external_id="A-1")
    new = entry(
        socr,
        "Priya",
        postcode="",
        as_of=datetime(2026, 6, 1, tzinfo=UTC),
        source=Source.PERSONAL,
    )
    listed = entry(
        socr, "P", postcode="SW1A 1AA", as_of=datetime(2026, 9, 1, tzinfo=UTC), external_id="B-2"
    )
    merge(new, listed)
    merge(old, new)
    known = person(listed)
    assert known.pk == old.supporter_id
    assert (known.first_name, known.postcode, known.external_id) == ("Priya", "GU1 1AA", "A-1")


def test_a_person_is_found_by_every_address_of_those_joined(socr: Organisation) -> None:
    one, other = entry(socr, email="pri@example.org"), entry(socr, email="oka@example.org")
    merge(one, other)
    found = SearchTerm.objects.filter(term="oka@example.org", supporter=one.supporter_id)
    assert found.exists()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_joins_of_joined_people_come_apart_in_any_order(
    socr: Organisation, order: tuple[int, ...]
) -> None:
    points = [entry(socr, f"Name{n}") for n in range(4)]
    factories.granted(points[1])
    factories.event(points[3], Action.OBJECT, at=datetime(2026, 3, 1, tzinfo=UTC))
    joined.refolded()
    before = joined.digest()
    made = [
        merge(points[2], points[3]),
        merge(points[0], points[1]),
        merge(points[1], points[3]),
    ]
    assert {person(point).pk for point in points} == {points[0].supporter_id}
    for number in order:
        unmerge(made[number])
    assert joined.digest() == before


def test_to_take_one_join_back_leaves_the_others(socr: Organisation) -> None:
    first, second, third = (entry(socr) for _ in range(3))
    between = merge(first, second)
    merge(second, third)
    unmerge(between)
    assert person(second).pk == second.supporter_id
    assert person(third).pk == first.supporter_id


def test_who_is_joined_anew_hangs_on_the_new_join_alone(socr: Organisation) -> None:
    first, second, third = (entry(socr) for _ in range(3))
    inner = merge(second, third)
    outer = merge(first, second)
    unmerge(inner)
    merge(first, third)
    unmerge(outer)
    assert person(third).pk == first.supporter_id
    assert person(second).pk == second.supporter_id


def test_what_was_taken_apart_no_run_of_matching_joins_again(socr: Organisation) -> None:
    one, other = (entry(socr, email="priya@example.org") for _ in range(2))
    assert match_lists.match_lists().merged == 1
    made = Merge.objects.get()
    unmerge(made)
    assert match_lists.match_lists().merged == 0
    assert person(other).pk != person(one).pk
    kept = Match.objects.get()
    assert (kept.decision, kept.undone_at is not None) == (Decision.NOT_SAME, True)


def test_a_join_adds_no_consent_event_and_moves_none(socr: Organisation) -> None:
    one, other = entry(socr), entry(socr)
    factories.granted(one)
    before = list(ConsentEvent.objects.values())
    unmerge(merge(one, other))
    assert list(ConsentEvent.objects.values()) == before


def test_a_choice_made_while_joined_stays_with_both(socr: Organisation) -> None:
    one, other = entry(socr), entry(socr)
    made = merge(one, other)
    topic = Topic.objects.create(organisation=socr, name="EHC plans")
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.say(
            supporter=person(one), action=Action.WITHDRAW, source=Source.PERSONAL, detail="test"
        )
        lessening.leave_out(ContactPoint.objects.get(pk=one.pk), topic.pk)
    assert ConsentEvent.objects.values("act_id").distinct().count() == 1
    unmerge(made)
    for point in (one, other):
        assert SupporterTopic.objects.filter(supporter=point.supporter_id, wanted=False).exists()
        assert not joined.mailable(socr) & {point.pk}
        assert ConsentEvent.objects.filter(supporter=point.supporter_id).count() == 1


def test_a_confirmation_made_while_joined_frees_only_the_yes_it_names(socr: Organisation) -> None:
    words = factories.statement(socr, requires_confirmation=True)
    one, other = entry(socr), entry(socr)
    yes, _ = (factories.granted(point, statement=words) for point in (one, other))
    made = merge(one, other)
    factories.event(one, Action.CONFIRM, at=datetime(2026, 3, 1, tzinfo=UTC), confirms=yes)
    joined.refolded()
    assert joined.mailable(socr) == {one.pk}
    unmerge(made)
    assert joined.mailable(socr) == {one.pk}


def test_who_is_joined_with_somebody_older_stays_a_minor(socr: Organisation) -> None:
    young = entry(socr, age_band=AgeBand.FROM_16)
    old = entry(socr, as_of=datetime(2026, 9, 1, tzinfo=UTC), age_band=AgeBand.ADULT)
    for point in (young, old):
        factories.granted(point)
    merge(young, old)
    joined.refolded()
    asked = consent.decide(
        ContactPoint.objects.all(), consent.Question(factories.purpose(socr).pk, is_important=True)
    )
    for reasons in asked.values_list("reasons", flat=True):
        assert Reason(reasons) & Reason.MINOR_NOT_SUITABLE


def test_what_joining_would_do_to_permission_is_told_and_not_done(socr: Organisation) -> None:
    one, other = entry(socr, email="a@example.org"), entry(socr, email="b@example.org")
    factories.granted(one)
    factories.event(
        other, Action.OBJECT, reach=2, at=datetime(2026, 3, 1, tzinfo=UTC), source=Source.PERSONAL
    )
    joined.refolded()
    before = joined.digest()
    with wall.scope("staff", organisation_id=socr.pk):
        told = merging.preview_merge(one=person(one), other=person(other))
    assert merging.in_words(told) == [
        "a@example.org may be emailed now (Updates), and may not be any more."
    ]
    assert joined.digest() == before
    made = merge(one, other)
    with wall.scope("staff", organisation_id=socr.pk):
        told = merging.preview_unmerge(merge=made)
    assert merging.in_words(told) == [
        "a@example.org may not be emailed now (Updates), and may be again."
    ]
    assert Merge.objects.get().undone_at is None


@pytest.mark.parametrize("fact", [{"restricted": True}, {"erased_at": "2026-01-01T00:00Z"}])
def test_whom_we_may_not_change_nobody_joins(socr: Organisation, fact: dict[str, object]) -> None:
    one, other = entry(socr), entry(socr)
    Supporter.objects.filter(pk=other.supporter_id).update(**fact)
    with pytest.raises(ValidationError):
        merge(one, other)


def test_nobody_is_joined_with_themselves_or_taken_apart_twice(socr: Organisation) -> None:
    one, other = entry(socr), entry(socr)
    made = merge(one, other)
    with pytest.raises(ValidationError, match="one person already"):
        merge(one, other)
    unmerge(made)
    with pytest.raises(ValidationError, match="taken apart already"):
        unmerge(made)


def test_nobody_is_joined_with_somebody_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    one, other = entry(socr), entry(neu)
    with pytest.raises(ValidationError), wall.scope("staff", organisation_id=socr.pk):
        merging.merge(one=one.supporter, other=other.supporter)
