"""Mail leaves no faster than its receivers take it: by group, by day of a new domain, and after *later*."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Organisation
from crm.sql import fold
from mailings import dispatch, groups
from mailings.models import Campaign, Chunk, DayCount, Delivery, Pace
from mailings.services import sending
from mailings.sql import pace
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
LATER = "451 4.3.2 not now"


def at(where: Organisation, domain: str, many: int) -> None:
    for number in range(many):
        supporter_who_said_yes(where, f"p{number}@{domain}")


def queued(where: Organisation) -> Campaign:
    fold.rebuild()
    made = campaign(where)
    sending.freeze(campaign_id=made.pk)
    return made


def reopen() -> None:
    """Let the time pass after which a chunk may be taken again."""
    Chunk.objects.filter(state=0).update(leased_until=None)


def sent_to(relay: Relay) -> dict[str, int]:
    found: dict[str, int] = {}
    for inbox in relay.inboxes:
        group = groups.of(inbox)
        found[group] = found.get(group, 0) + 1
    return found


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("a@gmail.com", "gmail"),
        ("a@GoogleMail.com", "gmail"),
        ("a@yahoo.co.uk", "yahoo"),
        ("a@ymail.com", "yahoo"),
        ("a@aol.com", "yahoo"),
        ("a@sky.com", "yahoo"),
        ("a@hotmail.co.uk", "microsoft"),
        ("a@outlook.com", "microsoft"),
        ("a@live.co.uk", "microsoft"),
        ("a@notgmail.com", "other"),
        ("a@gmail.com.example.org", "other"),
        ("a@example.org", "other"),
    ],
)
def test_an_address_belongs_to_the_group_of_its_provider(address: str, group: str) -> None:
    assert groups.of(address) == group


def test_a_group_gets_no_more_than_its_bucket_holds_and_the_others_go_out(
    socr: Organisation, relay: Relay, settings: Any
) -> None:
    settings.COALESCE_PACE = {"gmail": 0.2}  # ten seconds' worth: two
    at(socr, "gmail.com", 5)
    at(socr, "example.org", 5)
    made = queued(socr)
    dispatch.send_chunk(made.pk)
    assert sent_to(relay) == {"gmail": 2, "other": 5}
    reopen()
    dispatch.send_chunk(made.pk)
    assert sent_to(relay) == {"gmail": 2, "other": 5}
    Pace.objects.update(filled_at=timezone.now() - timedelta(seconds=60))
    reopen()
    dispatch.send_chunk(made.pk)
    assert sent_to(relay) == {"gmail": 4, "other": 5}
    assert Delivery.objects.filter(status=Delivery.Status.PENDING).count() == 1


def test_a_worker_that_dies_takes_what_waited_for_its_turn_not_for_sent(
    socr: Organisation, relay: Relay, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COALESCE_PACE = {"gmail": 0.2}
    at(socr, "gmail.com", 5)
    at(socr, "example.org", 5)
    made = queued(socr)
    with monkeypatch.context() as dies:
        dies.setattr(dispatch.sending.queue, "settle", lambda *a, **b: None)
        dispatch.send_chunk(made.pk)
    Chunk.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    settings.COALESCE_PACE = {}
    reopen()
    send_all(made)
    doubtful = Delivery.objects.filter(status=Delivery.Status.IN_DOUBT).count()
    assert len(set(relay.inboxes)) == len(relay.inboxes) == 10
    assert doubtful == 1


def test_without_limits_a_chunk_asks_twice_and_a_message_not_at_all(
    socr: Organisation, relay: Relay
) -> None:
    at(socr, "example.org", 20)
    made = queued(socr)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        dispatch.send_chunk(made.pk)
    tables = [q["sql"] for q in asked if "mailings_pace" in q["sql"] or "mailings_day" in q["sql"]]
    assert len(tables) == 2


def test_a_group_that_says_later_five_times_rests_and_the_others_go_out(
    socr: Organisation, relay: Relay
) -> None:
    at(socr, "gmail.com", 20)
    at(socr, "example.org", 5)
    relay.answers = {f"p{number}@gmail.com": LATER for number in range(20)}
    made = queued(socr)
    dispatch.send_chunk(made.pk)
    assert sent_to(relay) == {"other": 5}
    assert Delivery.objects.filter(detail__contains="4.3.2").count() == 5
    relay.answers.clear()
    reopen()
    dispatch.send_chunk(made.pk)
    assert sent_to(relay) == {"other": 5}  # still at rest
    Pace.objects.update(rests_until=timezone.now() - timedelta(seconds=1))
    reopen()
    send_all(made)
    assert sent_to(relay) == {"other": 5, "gmail": 20}


@pytest.mark.parametrize("answer", ["421 4.7.28 too fast", "451 4.7.1 later"])
def test_a_refusal_by_policy_lets_the_group_rest_at_once(
    socr: Organisation, relay: Relay, answer: str
) -> None:
    at(socr, "hotmail.com", 3)
    relay.answers = {f"p{number}@hotmail.com": answer for number in range(3)}
    dispatch.send_chunk(queued(socr).pk)
    assert Pace.objects.get().group == "microsoft"
    assert not relay.messages


def test_one_of_many_other_receivers_that_says_later_holds_up_nobody_else(
    socr: Organisation, relay: Relay
) -> None:
    at(socr, "example.org", 20)
    relay.answers = {f"p{number}@example.org": "451 4.7.1 greylisted" for number in range(10)}
    dispatch.send_chunk(queued(socr).pk)
    assert sent_to(relay) == {"other": 10}
    assert not Pace.objects.exists()


def test_each_rest_is_twice_as_long_up_to_an_hour(socr: Organisation) -> None:
    lengths = []
    for _ in range(8):
        pace.rest("relay", "gmail")
        found = Pace.objects.get()
        assert found.rests_until is not None
        lengths.append(round((found.rests_until - timezone.now()).total_seconds() / 60))
        Pace.objects.update(rests_until=timezone.now() - timedelta(seconds=1))
    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_new_domain_sends_no_more_than_its_days_number_and_the_rest_waits_for_tomorrow(
    socr: Organisation, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CAPS", (3, 4))
    call_command("warm_up", "SOCR.example.org", stdout=StringIO())
    at(socr, "example.org", 10)
    made = queued(socr)
    dispatch.send_chunk(made.pk)
    reopen()
    dispatch.send_chunk(made.pk)
    assert len(relay.messages) == 3
    (chunk,) = Chunk.objects.all()
    assert chunk.leased_until is not None
    tomorrow = timezone.localtime(chunk.leased_until) + timedelta(minutes=1)  # a test stands still
    assert (tomorrow.date(), tomorrow.hour) == (timezone.localdate() + timedelta(days=1), 0)
    DayCount.objects.update(day=timezone.localdate() - timedelta(days=1))
    reopen()
    call_command(
        "warm_up",
        "socr.example.org",
        f"--from={timezone.localdate() - timedelta(days=1)}",
        stdout=StringIO(),
    )
    dispatch.send_chunk(made.pk)
    assert len(relay.messages) == 7


def test_what_a_new_domain_did_not_send_after_all_is_not_counted(
    socr: Organisation, relay: Relay
) -> None:
    call_command("warm_up", "socr.example.org", stdout=StringIO())
    at(socr, "example.org", 4)
    relay.answers = {"p1@example.org": "550 5.1.1 no", "p2@example.org": LATER}
    dispatch.send_chunk(queued(socr).pk)
    assert DayCount.objects.get().messages == 2


def test_two_campaigns_share_the_days_number(
    socr: Organisation, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CAPS", (3,))
    call_command("warm_up", "socr.example.org", stdout=StringIO())
    at(socr, "example.org", 2)
    fold.rebuild()
    for made in (campaign(socr), campaign(socr)):
        sending.freeze(campaign_id=made.pk)
        dispatch.send_chunk(made.pk)
    assert len(relay.messages) == 3
