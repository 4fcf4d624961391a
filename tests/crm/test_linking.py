"""Links across organisations: what they stop, what they leave alone, and who may make and see them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError

from crm import wall
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Decision,
    Link,
    Organisation,
    Person,
    SharedMatch,
    StewardView,
    Tier,
    User,
)
from crm.services import linking, match_lists, merging, permissions, steward
from crm.sql import matching as sql
from tests import factories
from tests.crm import joined
from tests.crm.joined import entry, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam(db: None) -> User:
    with wall.scope("platform"):
        return steward.add_steward(email="sam@steward.example.org", name="Sam")


def link(one: ContactPoint, other: ContactPoint) -> None:
    with wall.scope("platform"):
        linking.link(one=person(one), other=person(other), rule="test")


def stop_everything(point: ContactPoint) -> None:
    """As a press in the email of the address's organisation does, the worker's part included."""
    with wall.scope("keeper", organisation_id=point.organisation_id):
        act = permissions.stop_everything(point=point, detail="stop everything")
    permissions.refold_act(act_id=act)


def yes(*points: ContactPoint) -> None:
    for point in points:
        factories.granted(point)
    joined.refolded()


def test_a_link_opens_nothing_closes_nothing_and_can_be_taken_back(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = entry(socr), entry(neu)
    yes(mine)
    factories.event(theirs, Action.OBJECT, at=datetime(2026, 3, 1, tzinfo=UTC))
    joined.refolded()
    allowed, before = joined.mailable(socr, neu), joined.digest()
    link(mine, theirs)
    assert Link.objects.count() == 2
    assert joined.mailable(socr, neu) == allowed == {mine.pk}
    with wall.scope("platform"):
        linking.unlink(supporter=mine.supporter)
    assert joined.digest() == before


def test_who_is_linked_to_somebody_else_is_not_linked_again(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs, third = entry(socr), entry(neu), entry(neu)
    link(mine, theirs)
    with pytest.raises(ValidationError, match="linked to somebody else"):
        link(mine, third)
    with pytest.raises(ValidationError, match="joined, not linked"):
        link(theirs, third)


def test_who_is_joined_with_somebody_linked_is_linked(
    socr: Organisation, neu: Organisation
) -> None:
    mine, also_mine = entry(socr), entry(socr)
    theirs = entry(neu)
    link(also_mine, theirs)
    with wall.scope("staff", organisation_id=socr.pk):
        merging.merge(one=mine.supporter, other=also_mine.supporter)
    link(mine, theirs)
    assert Link.objects.count() == 2


def test_stop_everything_covers_all_addresses_of_a_linked_person(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    mine, also_mine = entry(socr), entry(socr)
    theirs, joint, another = entry(neu), entry(coalition), entry(neu, "Zoe")
    with wall.scope("staff", organisation_id=socr.pk):
        merging.merge(one=mine.supporter, other=also_mine.supporter)
    link(mine, theirs)
    link(theirs, joint)
    yes(mine, also_mine, theirs, joint, another)
    stop_everything(mine)
    assert joined.mailable(socr, neu, coalition) == {another.pk}
    told = ConsentEvent.objects.filter(action=Action.STOP_EVERYTHING, organisation=neu)
    assert set(told.values_list("source_detail", flat=True)) == {"stop everything"}


def test_a_later_import_of_a_linked_address_is_covered_too(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = entry(socr), entry(neu, email="other@example.org")
    link(mine, theirs)
    stop_everything(mine)
    later = entry(socr, "Pri", email="other@example.org")
    yes(later)
    assert joined.mailable(socr) == set()


def test_an_inbox_that_others_read_is_left_to_them(socr: Organisation, neu: Organisation) -> None:
    mine = entry(socr)
    theirs, spouse = (entry(neu, first, email="home@example.org") for first in ("Priya", "Sam"))
    link(mine, theirs)
    yes(mine, theirs, spouse)
    stop_everything(mine)
    assert joined.mailable(socr, neu) == {spouse.pk}


def test_what_a_link_stopped_stays_stopped_when_it_is_taken_back(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = entry(socr), entry(neu)
    link(mine, theirs)
    yes(mine, theirs)
    stop_everything(mine)
    with wall.scope("platform"):
        linking.unlink(supporter=mine.supporter)
    joined.refolded()
    assert joined.mailable(socr, neu) == set()


def test_without_a_link_another_address_is_nobodys_business(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = entry(socr), entry(neu)
    yes(mine, theirs)
    stop_everything(mine)
    assert joined.mailable(socr, neu) == {theirs.pk}


@pytest.mark.parametrize("role", ["staff", "officer", "keeper", "steward", "visitor"])
def test_nobody_but_the_platform_links_by_themselves(
    socr: Organisation, neu: Organisation, role: wall.Role
) -> None:
    mine, theirs = entry(socr), entry(neu)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        wall.scope(role, organisation_id=socr.pk),
    ):
        linking.link(one=mine.supporter, other=theirs.supporter, rule="test")


# The steward


def pair(one: ContactPoint, other: ContactPoint) -> SharedMatch:
    words = '[{"comparison": "Email", "level": "same", "words": "Same address.", "weight": 9.1}]'
    with wall.scope("platform"):
        sql.store(
            [(one.supporter_id, other.supporter_id, Tier.POSSIBLE, 0.9, 3.2, words, [])],
            model_id="m",
        )
    return SharedMatch.objects.latest("pk")


def test_the_steward_sees_a_pair_masked_links_it_and_each_step_is_noted(
    socr: Organisation, neu: Organisation, sam: User
) -> None:
    found = pair(entry(socr, email="priya@example.org"), entry(neu, email="pri@example.org"))
    with wall.scope("steward", user_id=sam.pk):
        (shown,) = steward.pairs(size=10)
        assert [side.addresses for side in shown.sides] == [["p•••@e•••.org"]] * 2
        assert [side.initials for side in shown.sides] == ["P.O.", "P.O."]
        assert shown.evidence[0]["words"] == "Same address."
        steward.decide(public_id=found.public_id, decision=Decision.SAME)
        assert steward.pairs(size=10) == []
    assert Link.objects.count() == 2
    noted = StewardView.objects.order_by("pk").values_list("page", "shown")
    assert list(noted)[:2] == [("pairs", [found.public_id]), ("decided", [found.public_id])]
    found.refresh_from_db()
    assert (found.decision, found.decided_by) == (Decision.SAME, sam)


def test_what_the_steward_unlinked_no_run_links_again(
    socr: Organisation, neu: Organisation, sam: User
) -> None:
    for where in (socr, neu):
        entry(where, email="priya@example.org")
    assert match_lists.match_lists().linked == 1
    shared = Person.objects.get().public_id
    with wall.scope("steward", user_id=sam.pk):
        steward.unlink(public_id=shared, organisation=neu.name)
    assert not Link.objects.exists()
    assert not Person.objects.exists()
    assert match_lists.match_lists().linked == 0
    assert SharedMatch.objects.get().decision == Decision.NOT_SAME


def test_a_pair_is_decided_once_and_only_by_a_steward(
    socr: Organisation, neu: Organisation, sam: User
) -> None:
    found = pair(entry(socr), entry(neu))
    with wall.scope("steward", user_id=sam.pk):
        steward.decide(public_id=found.public_id, decision=Decision.LATER)
        steward.decide(public_id=found.public_id, decision=Decision.NOT_SAME)
        with pytest.raises(ValidationError, match="decided already"):
            steward.decide(public_id=found.public_id, decision=Decision.SAME)
    with (
        pytest.raises(ProgrammingError, match="Only a steward"),
        wall.scope("steward", user_id=factories.user(socr).pk),
    ):
        steward.pairs(size=10)
