"""The pages of possible duplicates: what is shown, in which order, and what a decision does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm import wall, waterfall
from crm.models import (
    Action,
    AuditEntry,
    ContactPoint,
    Decision,
    Match,
    Merge,
    Organisation,
    Reach,
    SharedMatch,
    Supporter,
    Tier,
    User,
)
from crm.services import match_lists, steward
from crm.sql import matching as sql
from tests import factories
from tests.crm import joined
from tests.crm.joined import entry, person

pytestmark = pytest.mark.django_db

WORDS = (
    '[{"comparison": "Email", "level": "same", "words": "The same address.", "weight": 9.5},'
    ' {"comparison": "First name", "level": "other", "words": "Two full first names.", "weight": -4.2}]'
)


@pytest.fixture
def ada(socr: Organisation) -> User:
    return factories.user(socr, name="Ada")


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def pair(
    one: ContactPoint, other: ContactPoint, tier: Tier = Tier.POSSIBLE, weight: float = 3.2
) -> Match:
    row = (one.supporter_id, other.supporter_id, tier, 0.93, weight, WORDS, [])
    with wall.scope("platform"):
        sql.store([row], model_id="m")
    return Match.objects.latest("pk")


def text(client: Client, name: str, *args: Any, **asked: str) -> str:
    return client.get(reverse(name, args=args), asked).content.decode()


def decide(client: Client, match: Match, decision: Decision) -> Any:
    url = reverse("duplicate", args=[match.public_id])
    return client.post(url, {"decision": decision.value}, follow=True)


def test_what_a_decision_is_worth_comes_before_how_sure_it_is(
    client: Client, socr: Organisation
) -> None:
    nothing = pair(entry(socr, "Nil"), entry(socr, "Nils"), weight=9)
    both = [entry(socr, "Bo", "bo@example.org"), entry(socr, "Bob", "bob@example.org")]
    risk = [entry(socr, "Rae", "rae@example.org"), entry(socr, "Raymond", "ray@example.org")]
    for point in (*both, risk[0]):
        factories.granted(point)
    factories.event(
        risk[1], Action.OBJECT, reach=Reach.SUPPORTER, at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    joined.refolded()
    pair(*both, weight=5)
    pair(*risk, weight=1)
    page = text(client, "duplicates")
    order = [page.index(name) for name in ("Rae Okafor and", "Bo Okafor and", "Nil Okafor and")]
    assert order == sorted(order)
    assert "One said stop, and the other may be emailed." in page
    assert nothing.decision is None


def test_one_inbox_gets_one_copy_so_that_joining_saves_none(
    client: Client, socr: Organisation
) -> None:
    points = [entry(socr, first, "home@example.org") for first in ("Priya", "Zoe")]
    for point in points:
        factories.granted(point)
    joined.refolded()
    pair(*points)
    assert "No email depends on it." in text(client, "duplicates")


def test_a_pair_is_shown_side_by_side_with_differences_in_words(
    client: Client, socr: Organisation
) -> None:
    one = entry(socr, "Priya", "priya@example.org", postcode="GU1 1AA")
    other = entry(socr, "Pria", "priya@example.org", postcode="GU1 1AA", external_id="M-7")
    factories.granted(one)
    joined.refolded()
    match = pair(one, other)
    page = text(client, "duplicate", match.public_id)
    for words in (
        "≠ Different",
        "The same",
        "Only one side has it",
        "The same address.",
        "Speaks strongly for one person",
        "Speaks clearly against one person",
        "93.0 in 100",
        "Nothing changes",
        "<svg",
    ):
        assert words in page, words
    viewed = AuditEntry.objects.filter(reason="possible duplicates", supporter__isnull=False)
    assert set(viewed.values_list("supporter", flat=True)) == {
        one.supporter_id,
        other.supporter_id,
    }


def test_what_joining_takes_away_is_said_before(client: Client, socr: Organisation) -> None:
    one, other = entry(socr, email="a@example.org"), entry(socr, email="b@example.org")
    factories.granted(one)
    factories.event(
        other, Action.OBJECT, reach=Reach.SUPPORTER, at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    joined.refolded()
    page = text(client, "duplicate", pair(one, other).public_id)
    assert "a@example.org may be emailed now (Updates), and may not be any more." in page
    assert not Merge.objects.exists()


def test_the_same_joins_and_leads_on_to_the_next(
    client: Client, ada: User, socr: Organisation
) -> None:
    first, second = (
        pair(entry(socr, "Priya"), entry(socr, "Pri"), weight=4),
        pair(entry(socr, "Theo"), entry(socr, "Theodore"), weight=2),
    )
    answer = decide(client, first, Decision.SAME)
    assert answer.redirect_chain[-1][0].startswith(reverse("duplicate", args=[second.public_id]))
    first.refresh_from_db()
    assert (first.decision, first.decided_by) == (Decision.SAME, ada)
    assert Supporter.objects.get(pk=first.other_id).canonical_id == first.one_id
    told = AuditEntry.objects.get(table="crm_merge")
    assert told.user == ada


@pytest.mark.parametrize("decision", [Decision.NOT_SAME, Decision.HOUSEHOLD])
def test_who_is_not_the_same_is_not_asked_about_again(
    client: Client, socr: Organisation, decision: Decision
) -> None:
    points = entry(socr, email="priya@example.org"), entry(socr, email="priya@example.org")
    match = pair(*points)
    decide(client, match, decision)
    pair(*points, weight=9)
    match_lists.match_lists()
    assert "Nothing waits" in text(client, "duplicates")
    assert person(points[0]) != person(points[1])


def test_what_is_put_off_waits_under_its_own_tab(client: Client, socr: Organisation) -> None:
    match = pair(entry(socr), entry(socr))
    decide(client, match, Decision.LATER)
    assert "Nothing waits" in text(client, "duplicates")
    assert "Put off (1)" in text(client, "duplicates", kind="later")
    decide(client, match, Decision.SAME)
    assert Merge.objects.count() == 1


def test_a_decision_is_undone_and_the_pair_waits_again(client: Client, socr: Organisation) -> None:
    points = entry(socr, email="priya@example.org"), entry(socr, email="priya@example.org")
    match = pair(*points)
    before = joined.digest()
    decide(client, match, Decision.SAME)
    client.post(reverse("undo-duplicate", args=[match.public_id]))
    match.refresh_from_db()
    assert (match.decision, match.merge) == (None, None)
    assert {k: v for k, v in joined.digest().items() if k != "django_session"} == {
        k: v for k, v in before.items() if k != "django_session"
    }
    match_lists.match_lists()
    assert person(points[0]) != person(points[1]), "It is left to people from now on."


def test_a_pair_is_decided_once(client: Client, socr: Organisation) -> None:
    match = pair(entry(socr), entry(socr))
    decide(client, match, Decision.NOT_SAME)
    assert "decided already" in decide(client, match, Decision.SAME).content.decode()
    assert not Merge.objects.exists()


def test_the_clear_ones_are_joined_together_and_no_other(
    client: Client, socr: Organisation
) -> None:
    clear = [pair(entry(socr), entry(socr), Tier.CERTAIN) for _ in range(2)]
    doubtful = pair(entry(socr), entry(socr))
    risk = [entry(socr), entry(socr)]
    factories.granted(risk[0])
    factories.event(risk[1], Action.OBJECT, at=datetime(2026, 3, 1, tzinfo=UTC))
    joined.refolded()
    stopped = pair(*risk, Tier.CERTAIN)
    ticked = [str(match.public_id) for match in (*clear, doubtful, stopped)]
    page = client.post(reverse("duplicates"), {"pair": [*ticked, "nonsense"]}, follow=True)
    assert "2 joined. 2 are no longer clear" in page.content.decode()
    assert Merge.objects.count() == 2


def test_whose_details_we_may_not_use_is_not_in_the_queue(
    client: Client, socr: Organisation
) -> None:
    one, other = entry(socr), entry(socr)
    match = pair(one, other)
    Supporter.objects.filter(pk=one.supporter_id).update(restricted=True)
    assert "Nothing waits" in text(client, "duplicates")
    page = decide(client, match, Decision.SAME).content.decode()
    assert "asked us not to use their details" in page
    assert not Merge.objects.exists()


def test_a_joined_person_is_taken_apart_from_their_page(client: Client, socr: Organisation) -> None:
    one, other = entry(socr, "Priya", "a@example.org"), entry(socr, "Pria", "b@example.org")
    decide(client, pair(one, other), Decision.SAME)
    made = Merge.objects.get()
    assert reverse("take-apart", args=[made.public_id]) in text(
        client, "person", person(one).public_id
    )
    assert "b@example.org" in text(client, "take-apart", made.public_id)
    client.post(reverse("take-apart", args=[made.public_id]))
    assert person(one) != person(other)
    assert Match.objects.get().decision == Decision.NOT_SAME
    assert client.get(reverse("take-apart", args=[made.public_id])).status_code == 404


def test_the_home_page_says_how_many_wait(client: Client, socr: Organisation) -> None:
    pair(entry(socr), entry(socr))
    assert "1 pair may be one person." in text(client, "home")


# The picture


def test_the_bars_of_the_picture_start_where_the_one_before_ended() -> None:
    drawn = waterfall.draw(
        2.0,
        [
            {"comparison": "Email", "words": "Same.", "weight": 9.5},
            {"comparison": "Name", "words": "Other.", "weight": -4.5},
        ],
    )
    assert drawn is not None
    start, email, name, total = drawn.bars
    assert [bar.weight for bar in drawn.bars] == [-3.0, 9.5, -4.5, 2.0]
    assert email.base == start.x
    assert name.base == email.x + email.width
    assert total.base == drawn.zero == start.base
    assert (email.kind, name.kind, total.kind) == ("for", "against", "sum")


def test_where_nothing_was_weighed_there_is_no_picture() -> None:
    assert waterfall.draw(0, [{"comparison": "Email", "words": "Same.", "weight": 0}]) is None


# The steward's


@pytest.fixture
def sam(db: None) -> Client:
    with wall.scope("platform"):
        user = steward.add_steward(email="sam@steward.example.org", name="Sam")
    client = Client()
    client.force_login(user)
    return client


def test_the_steward_links_by_the_page_and_unlinks_again(
    sam: Client, socr: Organisation, neu: Organisation
) -> None:
    ends = [
        entry(where, "Priya", f"priya@{where.code.lower()}.example.org") for where in (socr, neu)
    ]
    row = (ends[0].supporter_id, ends[1].supporter_id, Tier.POSSIBLE, 0.9, 3.2, WORDS, [])
    with wall.scope("platform"):
        sql.store([row], model_id="m")
    found = SharedMatch.objects.get()
    page = sam.get(reverse("steward-pair", args=[found.public_id])).content.decode()
    for value in ("Priya", "Okafor", "priya@"):
        assert value not in page
    assert "The same address." in page
    sam.post(reverse("steward-pair", args=[found.public_id]), {"decision": 1})
    shared = sam.get(reverse("steward")).content.decode()
    assert "P.O." in shared
    with wall.scope("platform"):
        assert match_lists.match_lists().linked == 0
    link = sam.get(reverse("steward")).context["people"][0].public_id
    sam.post(reverse("steward-unlink", args=[link]), {"organisation": neu.name})
    assert "Nobody so far" in sam.get(reverse("steward")).content.decode()
