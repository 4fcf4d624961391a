"""Pausing, going on and calling off; limits at which sending pauses by itself; nothing is sent hours late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import Organisation
from crm.sql import fold
from mailings import dispatch
from mailings.forms import CampaignForm
from mailings.models import Campaign, Chunk, Delivery, Event
from mailings.services import campaigns as services
from mailings.services import courses, sending
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
State, Why = Campaign.State, Campaign.Why


def ten(where: Organisation) -> Campaign:
    for number in range(10):
        supporter_who_said_yes(where, f"p{number}@example.org")
    fold.rebuild()
    made = campaign(where)
    sending.freeze(campaign_id=made.pk)
    return made


@pytest.fixture
def after_third(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """What is done while the third message is handed over."""
    to_do: list[Callable[[], Any]] = []
    seen = []
    original = dispatch.Relay.hand_over

    def hand_over(self: Any, message: Any, address: str, **following: Any) -> None:
        original(self, message, address, **following)
        seen.append(address)
        if len(seen) == 3:
            for each in to_do:
                each()

    monkeypatch.setattr(dispatch.Relay, "hand_over", hand_over)
    return to_do


def press(where: Organisation, made: Campaign, name: str) -> Client:
    client = Client()
    client.force_login(factories.user(where))
    assert client.post(reverse(name, args=[made.public_id])).status_code == 302
    return client


# Pausing


def test_no_message_begins_after_the_one_during_which_somebody_paused(
    socr: Organisation, relay: Relay, after_third: list[Callable[[], Any]]
) -> None:
    made = ten(socr)
    after_third.append(lambda: press(socr, made, "pause-campaign"))
    assert dispatch.send_chunk(made.pk)
    assert len(relay.messages) == 3
    assert not dispatch.send_chunk(made.pk)
    sending.sweep()
    statuses = list(Delivery.objects.order_by("seq").values_list("status", flat=True))
    assert statuses == [Delivery.Status.SENT] * 3 + [Delivery.Status.PENDING] * 7


def test_what_was_paused_goes_on_and_nobody_gets_it_twice(
    socr: Organisation, relay: Relay, after_third: list[Callable[[], Any]]
) -> None:
    made = ten(socr)
    after_third.append(lambda: press(socr, made, "pause-campaign"))
    dispatch.send_chunk(made.pk)
    press(socr, made, "go-on-campaign")
    assert send_all(made).state == State.DONE
    assert sorted(relay.inboxes) == [f"p{number}@example.org" for number in range(10)]


def test_a_chunk_paused_as_its_last_message_goes_is_settled_all_the_same(
    socr: Organisation, relay: Relay, after_third: list[Callable[[], Any]]
) -> None:
    for number in range(3):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    after_third.append(lambda: press(socr, made, "pause-campaign"))
    dispatch.send_chunk(made.pk)
    assert set(Delivery.objects.values_list("status", flat=True)) == {Delivery.Status.SENT}


def test_a_worker_that_dies_with_a_paused_chunk_leaves_one_in_doubt_and_no_more(
    socr: Organisation,
) -> None:
    made = ten(socr)
    Chunk.objects.update(
        state=Chunk.State.HALTED,
        cursor=4,
        token=1,
        leased_until=timezone.now() - timedelta(seconds=1),
    )
    Campaign.objects.update(state=State.PAUSED)
    sending.sweep()
    statuses = list(Delivery.objects.order_by("seq").values_list("status", flat=True))
    assert statuses[:4] == [Delivery.Status.SENT] * 3 + [Delivery.Status.IN_DOUBT]
    assert statuses[4:] == [Delivery.Status.PENDING] * 6
    assert Campaign.objects.get(pk=made.pk).state == State.PAUSED


def test_a_campaign_that_is_not_being_sent_cannot_be_paused(socr: Organisation) -> None:
    with pytest.raises(ValidationError, match="nothing to pause"):
        courses.pause(campaign=campaign(socr))


# Calling off


def test_called_off_half_way_nobody_else_gets_it(
    socr: Organisation, relay: Relay, after_third: list[Callable[[], Any]]
) -> None:
    made = ten(socr)
    after_third.append(lambda: press(socr, made, "cancel-campaign"))
    assert send_all(made).state == State.CANCELLED
    assert len(relay.messages) == 3
    statuses = list(Delivery.objects.order_by("seq").values_list("status", flat=True))
    assert statuses == [Delivery.Status.SENT] * 3 + [Delivery.Status.CALLED_OFF] * 7
    assert not Chunk.objects.exclude(state=Chunk.State.DONE).exists()


def test_what_was_sent_cannot_be_called_off(socr: Organisation, relay: Relay) -> None:
    made = send_all(ten(socr))
    with pytest.raises(ValidationError, match="nothing left"):
        services.cancel(campaign=made)


# Limits


def report(made: Campaign, kind: int, many: int) -> None:
    """So many reports of a kind about messages that were handed over."""
    Event.objects.bulk_create(
        Event(
            route="ses",
            key=f"{kind} {made.pk} {number}".encode().ljust(16)[:16],
            kind=kind,
            happened_at=timezone.now(),
            state=Event.State.SETTLED,
            delivery_id=number,
            campaign_id=made.pk,
        )
        for number in range(Event.objects.count(), Event.objects.count() + many)
    )


def thousand(where: Organisation) -> Campaign:
    """A campaign of which 1,000 messages were handed over."""
    made = campaign(where)
    sending.freeze(campaign_id=made.pk)
    Chunk.objects.create(campaign=made, first=1, last=500, state=2)
    Chunk.objects.create(campaign=made, first=501, last=1000, state=2)
    Chunk.objects.create(campaign=made, first=1001, last=1500)
    return made


def watched(made: Campaign) -> Campaign:
    with wall.scope("platform"):
        courses.watch()
    made.refresh_from_db()
    return made


@pytest.mark.parametrize(
    ("kind", "many", "state", "why", "warned"),
    [
        (6, 2, State.SENDING, "", ""),  # 0.2 %, but two people
        (6, 3, State.PAUSED, Why.COMPLAINTS, ""),
        (4, 19, State.SENDING, "", ""),
        (4, 20, State.SENDING, "", Why.BOUNCES),
        (4, 49, State.SENDING, "", Why.BOUNCES),
        (4, 50, State.PAUSED, Why.BOUNCES, ""),
    ],
)
def test_a_campaign_is_warned_of_and_then_pauses_by_itself(
    socr: Organisation, kind: int, many: int, state: str, why: str, warned: str
) -> None:
    made = thousand(socr)
    report(made, kind, many)
    watched(made)
    assert (made.state, made.paused_why, made.warned_of) == (state, why, warned)


def test_complaints_are_warned_of_before_the_limit(socr: Organisation) -> None:
    made = thousand(socr)
    Chunk.objects.filter(campaign=made, first=501).update(last=2500)
    report(made, 6, 3)  # 0.12 %
    assert watched(made).warned_of == Why.COMPLAINTS
    assert made.state == State.SENDING


def test_a_paused_campaign_says_why_and_how_to_go_on(socr: Organisation) -> None:
    made = thousand(socr)
    report(made, 6, 3)
    watched(made)
    client = Client()
    client.force_login(factories.user(socr))
    page = client.get(reverse("campaign", args=[made.public_id])).content.decode()
    assert "Paused: too many people marked it as spam" in page
    assert reverse("go-on-campaign", args=[made.public_id]) in page


def test_whoever_goes_on_is_asked_again_only_when_there_are_twice_as_many(
    socr: Organisation,
) -> None:
    made = thousand(socr)
    report(made, 6, 3)
    watched(made)
    courses.go_on(campaign=made)
    report(made, 6, 2)
    assert watched(made).state == State.SENDING
    report(made, 6, 1)
    assert watched(made).state == State.PAUSED


def test_what_the_relay_itself_refuses_counts_as_come_back(
    socr: Organisation, relay: Relay
) -> None:
    made = ten(socr)
    relay.answers = {f"p{number}@example.org": "550 5.1.1 no" for number in range(10)}
    dispatch.send_chunk(made.pk)
    Campaign.objects.update(state=State.SENDING)
    assert watched(made).paused_why == Why.BOUNCES


# Its time


def test_what_was_due_hours_ago_waits_for_somebodys_yes(socr: Organisation, relay: Relay) -> None:
    supporter_who_said_yes(socr, "p@example.org")
    fold.rebuild()
    made = campaign(socr)
    Campaign.objects.update(due_at=timezone.now() - timedelta(hours=4))
    assert sending.sweep().to_freeze == []
    assert send_all(made).state == State.SCHEDULED
    client = press(socr, made, "go-on-campaign")
    assert (
        "It was not sent at its time"
        not in client.get(reverse("campaign", args=[made.public_id])).content.decode()
    )
    assert sending.sweep().to_freeze == [made.pk]
    send_all(made)
    assert relay.inboxes == ["p@example.org"]


def test_the_page_of_a_late_campaign_says_so(socr: Organisation) -> None:
    made = campaign(socr)
    Campaign.objects.update(due_at=timezone.now() - timedelta(hours=4))
    client = Client()
    client.force_login(factories.user(socr))
    page = client.get(reverse("campaign", args=[made.public_id])).content.decode()
    assert "It was not sent at its time" in page


def test_what_is_due_in_future_cannot_be_sent_by_going_on(socr: Organisation) -> None:
    made = campaign(socr)
    later = timezone.now() + timedelta(days=1)
    Campaign.objects.update(due_at=later)
    with pytest.raises(ValidationError, match="not paused"):
        courses.go_on(campaign=made)


def test_what_stood_still_half_sent_for_hours_is_not_gone_on_with_by_any_worker(
    socr: Organisation, relay: Relay
) -> None:
    made = ten(socr)
    Campaign.objects.update(swept_at=timezone.now() - timedelta(hours=4))
    assert not dispatch.send_chunk(made.pk)  # a worker that was woken before the sweep ran
    assert sending.sweep().to_wake == []
    made.refresh_from_db()
    assert (made.state, made.paused_why) == (State.PAUSED, Why.LATE)
    courses.go_on(campaign=made)
    assert send_all(made).state == State.DONE


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2027-01-15T09:00", datetime(2027, 1, 15, 9, tzinfo=UTC)),
        ("2027-03-27T09:00", datetime(2027, 3, 27, 9, tzinfo=UTC)),
        ("2027-03-28T09:00", datetime(2027, 3, 28, 8, tzinfo=UTC)),  # the clocks went forward
        ("2026-10-24T09:00", datetime(2026, 10, 24, 8, tzinfo=UTC)),
        ("2026-10-25T09:00", datetime(2026, 10, 25, 9, tzinfo=UTC)),  # and back
    ],
)
def test_a_time_is_that_of_the_clocks_in_london_on_that_day(
    socr: Organisation, written: str, meant: datetime
) -> None:
    form = CampaignForm({"name": "One", "due_at": written}, organisation=socr)
    assert form.is_valid()
    assert form.cleaned_data["due_at"] == meant


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("2027-03-28T01:30", "does not exist"),
        ("2026-10-25T01:30", "comes twice"),
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_refused_in_a_sentence(
    socr: Organisation, written: str, sentence: str
) -> None:
    form = CampaignForm({"name": "One", "due_at": written}, organisation=socr)
    assert sentence in form.errors["due_at"][0]
