"""Scored pairs: kept once each, out of reach across organisations, and never reopened once people decided."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm import wall
from crm.models import Decision, Match, Merge, Organisation, SharedMatch, Supporter, Tier
from crm.services import match_lists
from crm.sql import matching as sql
from tests import factories

pytestmark = pytest.mark.django_db

WORDS = '[{"comparison": "Email", "level": "same", "words": "Same address.", "weight": 9.1}]'


def row(one: Supporter, other: Supporter, *, probability: float = 0.9) -> sql.Row:
    return (one.pk, other.pk, Tier.POSSIBLE, probability, 3.2, WORDS, ["two first names"])


def store(*rows: sql.Row, model_id: str = "first") -> sql.Stored:
    with wall.scope("platform"):
        return sql.store(rows, model_id=model_id)


def test_a_pair_in_either_order_is_kept_once_the_older_first(socr: Organisation) -> None:
    old, new = factories.supporter(socr), factories.supporter(socr)
    assert store(row(new, old), row(old, new)).new == 1
    kept = Match.objects.get()
    assert (kept.one, kept.other, kept.guards) == (old, new, ["two first names"])
    assert kept.evidence[0]["weight"] == 9.1


def test_a_later_run_scores_a_pair_anew_until_somebody_decides(socr: Organisation) -> None:
    pair = factories.supporter(socr), factories.supporter(socr)
    store(row(*pair))
    assert store(row(*pair, probability=0.7), model_id="second").rescored == 1
    Match.objects.update(decision=Decision.NOT_SAME)
    assert store(row(*pair, probability=0.99), model_id="third").decided == 1
    kept = Match.objects.get()
    assert (kept.probability, kept.model_id) == (0.7, "second")
    assert kept.decision == Decision.NOT_SAME


def test_a_decision_holds_for_whoever_is_joined_later(socr: Organisation) -> None:
    old, one, other = (factories.supporter(socr) for _ in range(3))
    store(row(one, other))
    Match.objects.update(decision=Decision.HOUSEHOLD)
    Supporter.objects.filter(pk=one.pk).update(canonical=old)
    assert store(row(old, other)).new == 0


def test_who_is_one_person_by_now_or_erased_makes_no_pair(socr: Organisation) -> None:
    one, other, gone = (factories.supporter(socr) for _ in range(3))
    Supporter.objects.filter(pk=other.pk).update(canonical=one)
    Supporter.objects.filter(pk=gone.pk).update(erased_at="2026-01-01T00:00Z")
    store(row(one, other), row(one, gone))
    assert not Match.objects.exists()


@pytest.mark.parametrize("role", ["staff", "officer", "keeper", "steward", "visitor"])
def test_a_pair_across_organisations_is_within_nobodys_reach(
    socr: Organisation, neu: Organisation, role: wall.Role
) -> None:
    store(row(factories.supporter(neu), factories.supporter(socr)))
    assert SharedMatch.objects.get().one_organisation == socr
    assert not Match.objects.exists()
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        wall.scope(role, organisation_id=socr.pk),
    ):
        SharedMatch.objects.count()


def test_two_whom_people_hold_apart_are_joined_by_no_run_and_through_no_third(
    socr: Organisation,
) -> None:
    third, one, other = (factories.supporter(socr, "Priya", "Okafor") for _ in range(3))
    for entry in (third, one, other):
        factories.address(entry, "priya@example.org")
    store(row(one, other))
    Match.objects.update(decision=Decision.NOT_SAME)
    match_lists.match_lists()
    match_lists.match_lists()
    persons = dict(Supporter.objects.values_list("pk", "canonical_id"))
    assert persons[one.pk] != persons[other.pk]
    assert Merge.objects.count() == 1


def test_two_names_at_one_address_are_asked_about_and_left_as_they_are(socr: Organisation) -> None:
    for first in ("Priya", "Zoe"):
        factories.address(factories.supporter(socr, first), "home@example.org")
    assert match_lists.match_lists().left_for_review == 1
    assert match_lists.match_lists().left_for_review == 0
    asked = Match.objects.get()
    assert (asked.tier, asked.decision) == (Tier.HOUSEHOLD, None)
    assert not Merge.objects.exists()


def test_one_name_at_one_postcode_is_asked_about(socr: Organisation) -> None:
    pair = [factories.supporter(socr, postcode_fold="gu11aa") for _ in range(2)]
    factories.supporter(socr, "Zoe", postcode_fold="gu11aa")
    match_lists.match_lists()
    asked = Match.objects.order_by("-probability")[0]
    assert ([asked.one, asked.other], asked.tier) == (pair, Tier.POSSIBLE)
    assert "Same postcode." in [fact["words"] for fact in asked.evidence]
    assert not Merge.objects.exists()


def test_no_school_is_taken_for_a_household(socr: Organisation) -> None:
    for number in range(5):
        factories.address(factories.supporter(socr, f"Name{number}x"), "oak@example.org")
    assert match_lists.match_lists().left_for_review == 0


def test_a_pair_that_the_steward_held_apart_is_not_linked(
    socr: Organisation, neu: Organisation
) -> None:
    pair = [factories.supporter(where) for where in (socr, neu)]
    for known in pair:
        factories.address(known, "priya@example.org")
    store(row(*pair))
    SharedMatch.objects.update(decision=Decision.NOT_SAME)
    assert match_lists.match_lists().linked == 0


def test_storing_takes_the_same_statements_however_many_pairs(socr: Organisation) -> None:
    people = [factories.supporter(socr) for _ in range(12)]
    pairs = [row(one, other) for one in people for other in people if one.pk < other.pk]

    def statements(rows: list[sql.Row]) -> int:
        with wall.scope("platform"), CaptureQueriesContext(connection) as asked:
            sql.store(rows, model_id="m")
            return len(asked)

    assert statements(pairs[:1]) == statements(pairs)
