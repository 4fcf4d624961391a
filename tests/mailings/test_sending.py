"""A campaign reaches those who said yes, each inbox once, and nobody who said stop, however late."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from crm import wall
from crm.models import Organisation, Source
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from mailings import dispatch, doubts
from mailings.audience import question
from mailings.models import Audience, Campaign, Chunk, Delivery, Version
from mailings.services import sending
from mailings.sql import queue
from mailings.sql.asking import Asking, swift_session
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


def stop(point: object) -> None:
    """The person says stop by the preference page."""
    with wall.scope("keeper", organisation_id=point.organisation_id):  # type: ignore[attr-defined]
        permissions.stop_organisation(
            supporter=point.supporter,  # type: ignore[attr-defined]
            source=Source.PERSONAL,
            detail="test",
        )


def test_everybody_who_said_yes_gets_one_message_to_them_alone(
    socr: Organisation, relay: Relay
) -> None:
    for number in range(5):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    assert sorted(relay.inboxes) == [f"p{n}@example.org" for n in range(5)]
    assert made.state == Campaign.State.DONE
    assert not any(message["Cc"] or message["Bcc"] for message in relay.messages)


def test_somebody_who_never_said_yes_is_left_out_with_the_reason(
    socr: Organisation, relay: Relay
) -> None:
    factories.address(factories.supporter(socr), "quiet@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    assert not relay.messages
    assert Audience.objects.get(campaign=made).reasons == Reason.NO_CONSENT_RECORDED


def test_a_person_without_an_address_is_in_the_audience_with_a_reason(
    socr: Organisation, relay: Relay
) -> None:
    factories.supporter(socr)
    made = send_all(campaign(socr))
    assert Audience.objects.get(campaign=made).reasons == Reason.ADDRESS_INVALID


def test_a_stop_after_the_audience_was_frozen_is_honoured(socr: Organisation, relay: Relay) -> None:
    point = supporter_who_said_yes(socr, "late@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    stop(point)
    send_all(made)
    assert not relay.messages
    delivery = Delivery.objects.get(campaign=made)
    assert delivery.status == Delivery.Status.SKIPPED
    assert Reason(delivery.reasons) & Reason.ORG_UNSUBSCRIBED


def test_a_stop_after_the_chunk_was_claimed_is_honoured(socr: Organisation) -> None:
    point = supporter_who_said_yes(socr, "later@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    with wall.platform_session():
        claimed = queue.claim(made.pk)
        assert claimed is not None
        (message,) = queue.messages(claimed)
    stop(point)
    version = Version.objects.get(campaign=made)
    assert Asking.about(question(version)).ask(claimed, message)


def test_somebody_on_both_lists_gets_one_email_not_two(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "Both@example.org")
    supporter_who_said_yes(neu, "both@example.org")
    fold.rebuild()
    send_all(campaign(socr, neu))
    assert len(relay.messages) == 1


def test_the_other_version_takes_the_place_of_one_refused_at_the_last_moment(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    for where in (socr, neu):
        supporter_who_said_yes(where, "both@example.org")
    fold.rebuild()
    made = campaign(socr, neu)
    sending.freeze(campaign_id=made.pk)
    chosen = Delivery.objects.get(campaign=made)
    stop(chosen.contact_point)
    send_all(made)
    (message,) = relay.messages
    assert chosen.organisation.code not in message["Subject"]


def test_the_version_that_takes_the_place_greets_a_household_by_no_name(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    first = supporter_who_said_yes(socr, "home@example.org")
    for name in ("Noor", "Daniel"):
        person = factories.address(factories.supporter(neu, name), "home@example.org")
        factories.granted(person, at=datetime(2026, 1, 9, tzinfo=UTC))  # so that SOCR's is chosen
    fold.rebuild()
    made = campaign(socr, neu)
    sending.freeze(campaign_id=made.pk)
    assert Delivery.objects.get(campaign=made).contact_point == first
    stop(first)
    send_all(made)
    (message,) = relay.messages
    assert message["Subject"] == "NEU asks you"


def test_a_stop_to_one_organisation_leaves_the_others_yes(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    stop(supporter_who_said_yes(socr, "both@example.org"))
    supporter_who_said_yes(neu, "both@example.org")
    fold.rebuild()
    send_all(campaign(neu))
    assert relay.inboxes == ["both@example.org"]


def test_a_household_gets_one_copy_that_greets_nobody_by_name(
    socr: Organisation, relay: Relay
) -> None:
    """Scenario 2: `home@x` gets one message and no more, whose greeting names neither."""
    supporter_who_said_yes(socr, "home@example.org", "Priya")
    supporter_who_said_yes(socr, "home@example.org", "Daniel")
    fold.rebuild()
    send_all(campaign(socr))
    (message,) = relay.messages
    text = message.get_body(("plain",))
    assert text is not None
    assert "Dear friend," in text.get_content()


def test_a_message_carries_one_click_unsubscribe_and_the_imprint(
    socr: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    send_all(campaign(socr))
    (message,) = relay.messages
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].strip().startswith("<http")
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        assert socr.postal_address in part.get_content()


def test_a_coordinated_message_carries_both_imprints(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    send_all(campaign(socr, neu))
    text = relay.messages[0].get_body(("plain",))
    assert text is not None
    for where in (socr, neu):
        assert where.postal_address in text.get_content()


def test_two_messages_differ_in_nothing_but_names_and_the_preference_link(
    socr: Organisation, relay: Relay
) -> None:
    """Scenario 76: equal but for merge fields and the preference token; no pixel."""
    for number in (1, 2):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    send_all(campaign(socr))
    pages = []
    for message in relay.messages:
        part = message.get_body(("html",))
        assert part is not None
        pages.append(re.sub(r'href="http://127[^"]+"', "LINK", part.get_content()))
    assert pages[0] == pages[1]
    assert "<img" not in pages[0]


def test_a_refused_recipient_is_marked_failed_and_the_rest_go_out(
    socr: Organisation, relay: Relay
) -> None:
    for name in ("good", "gone"):
        supporter_who_said_yes(socr, f"{name}@example.org")
    fold.rebuild()
    relay.answers["gone@example.org"] = "550 5.1.1 no such user"
    made = send_all(campaign(socr))
    assert relay.inboxes == ["good@example.org"]
    failed = Delivery.objects.get(campaign=made, status=Delivery.Status.FAILED)
    assert "5.1.1" in failed.detail


def test_a_temporary_refusal_waits_and_is_not_lost(socr: Organisation, relay: Relay) -> None:
    supporter_who_said_yes(socr, "grey@example.org")
    fold.rebuild()
    relay.answers["grey@example.org"] = "451 4.7.1 try later"
    made = send_all(campaign(socr))
    assert Delivery.objects.get(campaign=made).status == Delivery.Status.PENDING
    relay.answers.clear()
    Chunk.objects.update(leased_until=timezone.now() - timedelta(minutes=1))
    assert send_all(made).state == Campaign.State.DONE
    assert relay.inboxes == ["grey@example.org"]


def test_what_the_relay_put_off_is_not_taken_for_sent_when_the_worker_dies(
    socr: Organisation, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    first = Delivery.objects.select_related("contact_point").get(campaign=made, seq=1)
    relay.answers[first.contact_point.address] = "451 4.7.1 try later"
    with monkeypatch.context() as dies:
        dies.setattr(queue, "settle", lambda *a, **b: None)
        dispatch.send_chunk(made.pk)
    relay.answers.clear()
    Chunk.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    send_all(made)
    assert sorted(relay.inboxes).count(first.contact_point.address) == 1
    assert len(relay.inboxes) == 3


def test_an_unreachable_relay_loses_nothing(socr: Organisation, settings: object) -> None:
    settings.COALESCE_SMTP = "smtp://127.0.0.1:1"  # type: ignore[attr-defined]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    assert dispatch.send_chunk(made.pk)
    assert Delivery.objects.get(campaign=made).status == Delivery.Status.PENDING


def test_freezing_twice_changes_nothing(socr: Organisation, relay: Relay) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    made = campaign(socr)
    assert sending.freeze(campaign_id=made.pk) == 1
    assert sending.freeze(campaign_id=made.pk) == 0
    assert Delivery.objects.count() == 1


def test_a_dead_workers_messages_are_settled_by_its_cursor(socr: Organisation) -> None:
    for number in range(3):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    with wall.platform_session():
        assert queue.claim(made.pk) is not None
    Chunk.objects.update(cursor=2, leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    found = Delivery.objects.order_by("seq").values_list("status", flat=True)
    assert list(found) == [Delivery.Status.SENT, Delivery.Status.IN_DOUBT, Delivery.Status.PENDING]


def test_a_campaign_is_not_done_while_a_message_may_have_been_sent(
    socr: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    Delivery.objects.update(status=Delivery.Status.IN_DOUBT)
    assert send_all(made).state == Campaign.State.SENDING


def test_a_worker_that_lost_its_lease_stops_before_the_next_message(socr: Organisation) -> None:
    supporter_who_said_yes(socr, "a@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    with wall.platform_session():
        claimed = queue.claim(made.pk)
        assert claimed is not None
        (message,) = queue.messages(claimed)
    Chunk.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    asking = Asking.about(question(Version.objects.get(campaign=made)))
    with pytest.raises(queue.LostLeaseError):
        asking.ask(claimed, message)


def test_a_worker_whose_connection_ended_is_found_dead_before_its_lease_ends(
    socr: Organisation,
) -> None:
    made = _claimed(socr)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")  # as when its session ends
    sending.sweep()
    assert Chunk.objects.get(campaign=made).state == Chunk.State.OPEN


def test_a_worker_that_is_only_slow_keeps_its_chunk(socr: Organisation) -> None:
    made = _claimed(socr)
    token = Chunk.objects.get(campaign=made).token
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
    with closing(connection.copy()) as other, other.cursor() as cursor:  # another session
        cursor.execute("SELECT pg_advisory_lock(6019270, %s::int)", [token])
        sending.sweep()
    assert Chunk.objects.get(campaign=made).state == Chunk.State.LEASED


def _claimed(where: Organisation) -> Campaign:
    """A campaign with its only chunk claimed."""
    supporter_who_said_yes(where, "a@example.org")
    fold.rebuild()
    made = campaign(where)
    sending.freeze(campaign_id=made.pk)
    with wall.platform_session():
        assert queue.claim(made.pk) is not None
    return made


def test_the_asking_is_planned_once_and_not_for_each_message(socr: Organisation) -> None:
    made = _claimed(socr)
    chunk = Chunk.objects.get(campaign=made)
    claimed = queue.Claim(chunk.pk, made.pk, chunk.first, chunk.last, chunk.token)
    (message,) = queue.messages(claimed)
    with swift_session(), connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        asking = Asking.about(question(Version.objects.get(campaign=made)))
        for _ in range(3):
            asking.ask(claimed, message)
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = %s",
            [asking.name],
        )
        assert cursor.fetchall() == [(3, 0)]


def test_a_message_that_cannot_be_made_ahead_leaves_the_connection_in_order(
    socr: Organisation,
) -> None:
    made = _claimed(socr)
    chunk = Chunk.objects.get(campaign=made)
    claimed = queue.Claim(chunk.pk, made.pk, chunk.first, chunk.last, chunk.token)
    asking = Asking.about(question(Version.objects.get(campaign=made)))
    (message,) = queue.messages(claimed)

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asking.ask(claimed, message, meanwhile=fails)
    assert asking.ask(claimed, message) == 0


@pytest.fixture
def in_doubt(socr: Organisation, relay: Relay) -> Campaign:
    """A campaign to three, all sent but the second, which may have been."""
    for number in range(3):
        supporter_who_said_yes(socr, f"p{number}@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    relay.messages.clear()
    Delivery.objects.filter(seq=2).update(status=Delivery.Status.IN_DOUBT)
    Campaign.objects.update(state=Campaign.State.SENDING)
    return made


def _decide(made: Campaign, where: Organisation, *, send_again: bool) -> None:
    with wall.scope("staff", organisation_id=where.pk):
        doubts.decide(campaign=made, send_again=send_again)


def test_what_may_have_been_sent_is_sent_again_when_somebody_says_so(
    in_doubt: Campaign, socr: Organisation, relay: Relay
) -> None:
    _decide(in_doubt, socr, send_again=True)
    assert send_all(in_doubt).state == Campaign.State.DONE
    assert len(relay.messages) == 1


def test_what_may_have_been_sent_is_given_up_when_somebody_says_so(
    in_doubt: Campaign, socr: Organisation, relay: Relay
) -> None:
    _decide(in_doubt, socr, send_again=False)
    assert send_all(in_doubt).state == Campaign.State.DONE
    assert not relay.messages
    assert Delivery.objects.get(seq=2).status == Delivery.Status.DROPPED


def test_whoever_said_stop_meanwhile_is_not_sent_it_again(
    in_doubt: Campaign, socr: Organisation, relay: Relay
) -> None:
    stop(Delivery.objects.get(seq=2).contact_point)
    _decide(in_doubt, socr, send_again=True)
    send_all(in_doubt)
    assert not relay.messages


def test_nobody_decides_about_another_organisations_messages(
    in_doubt: Campaign, neu: Organisation
) -> None:
    with pytest.raises(ProgrammingError, match="not yours"), transaction.atomic():
        _decide(in_doubt, neu, send_again=False)


def test_asking_again_while_a_worker_holds_the_chunk_loses_nothing(
    socr: Organisation, relay: Relay
) -> None:
    made = _claimed(socr)
    chunk = Chunk.objects.get(campaign=made)
    claimed = queue.Claim(chunk.pk, made.pk, chunk.first, chunk.last, chunk.token)
    Delivery.objects.update(status=Delivery.Status.IN_DOUBT)
    _decide(made, socr, send_again=True)
    queue.settle(claimed, [], again_after=None)
    assert send_all(made).state == Campaign.State.DONE
    assert len(relay.messages) == 1


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        (Campaign.OnDoubt.HOLD, Delivery.Status.IN_DOUBT),
        (Campaign.OnDoubt.RESEND, Delivery.Status.PENDING),
        (Campaign.OnDoubt.DROP, Delivery.Status.DROPPED),
    ],
)
def test_a_campaign_says_what_happens_to_the_message_of_a_dead_worker(
    socr: Organisation, choice: str, status: int
) -> None:
    made = _claimed(socr)
    Campaign.objects.update(on_doubt=choice)
    Chunk.objects.update(cursor=1, leased_until=timezone.now() - timedelta(seconds=1))
    sending.sweep()
    assert Delivery.objects.get(campaign=made).status == status
