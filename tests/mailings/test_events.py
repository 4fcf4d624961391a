"""What mail services report: from them alone, once, in any order, and in force at once."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm import consent, wall
from crm.models import Action, ConsentEvent, ContactPoint, Deliverability, Organisation
from crm.reasons import Reason
from crm.sql import fold
from mailings.models import Campaign, Delivery, Event
from mailings.services import events, sending
from tests import factories
from tests.mailings import providers
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"
Outcome = Delivery.Outcome
BOUNCE = {"bounceType": "Permanent", "bounceSubType": "General"}


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.COALESCE_WEBHOOK_SECRETS = [providers.SECRET]
    settings.COALESCE_MAILGUN_SIGNING_KEYS = ["an-older-key", providers.KEY]


@pytest.fixture
def sent(socr: Organisation, relay: Relay) -> Delivery:
    """A message that was handed over."""
    supporter_who_said_yes(socr, MAIL)
    fold.rebuild()
    return Delivery.objects.get(campaign=send_all(campaign(socr)))


def outcome(delivery: Delivery) -> int:
    events.settle()
    return int(Delivery.objects.get(pk=delivery.pk).outcome)


def gate(point: ContactPoint) -> Reason:
    question = consent.Question(factories.purpose(point.organisation).pk)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question)
    return Reason(decided.values_list("reasons", flat=True).get())


# From them alone


@pytest.mark.parametrize(
    "forged",
    [
        lambda sent: providers.mailgun("complained", sent.public_id, MAIL, key="guessed"),
        lambda sent: providers.postmark("SpamComplaint", sent.public_id, MAIL, secret="a:b"),
        lambda sent: providers.postmark("SpamComplaint", sent.public_id, MAIL, secret=""),
        lambda sent: providers.ses("Complaint", sent.public_id, MAIL, secret="a:b"),
    ],
)
def test_a_report_that_is_not_from_the_service_is_refused_and_nothing_of_it_is_kept(
    sent: Delivery, forged: Callable[[Delivery], int]
) -> None:
    assert forged(sent) == 403
    assert not Event.objects.exists()


def test_without_a_secret_nobody_is_believed(sent: Delivery, settings: Any) -> None:
    settings.COALESCE_WEBHOOK_SECRETS = settings.COALESCE_MAILGUN_SIGNING_KEYS = []
    assert providers.postmark("Delivery", sent.public_id, MAIL) == 403
    assert providers.mailgun("delivered", sent.public_id, MAIL) == 403


def test_amazon_is_asked_for_the_secret_which_it_sends_only_then(sent: Delivery) -> None:
    assert providers.ses("Delivery", sent.public_id, MAIL, secret="", recipients=[MAIL]) == 401


def test_what_cannot_be_read_is_sent_again_by_the_service(sent: Delivery) -> None:
    assert providers.mailgun("delivered", sent.public_id, MAIL, timestamp="yesterday") == 400


# The message moves on


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (lambda d: providers.mailgun("delivered", d.public_id, MAIL), Outcome.DELIVERED),
        (
            lambda d: providers.mailgun("failed", d.public_id, MAIL, severity="temporary"),
            Outcome.DEFERRED,
        ),
        (lambda d: providers.mailgun_failed(d.public_id, MAIL), Outcome.BOUNCED),
        (lambda d: providers.mailgun("unsubscribed", d.public_id, MAIL), Outcome.UNSUBSCRIBED),
        (lambda d: providers.postmark("Delivery", d.public_id, MAIL), Outcome.DELIVERED),
        (
            lambda d: providers.postmark("Bounce", d.public_id, MAIL, Type="HardBounce", ID=1),
            Outcome.BOUNCED,
        ),
        (
            lambda d: providers.postmark("SpamComplaint", d.public_id, MAIL, Type="SpamComplaint"),
            Outcome.COMPLAINED,
        ),
        (
            lambda d: providers.ses("Delivery", d.public_id, MAIL, recipients=[MAIL]),
            Outcome.DELIVERED,
        ),
        (
            lambda d: providers.ses(
                "Bounce",
                d.public_id,
                MAIL,
                bouncedRecipients=[{"emailAddress": MAIL, "status": "5.1.1"}],
                **BOUNCE,
            ),
            Outcome.BOUNCED,
        ),
        (
            lambda d: providers.ses(
                "Complaint", d.public_id, MAIL, complainedRecipients=[{"emailAddress": MAIL}]
            ),
            Outcome.COMPLAINED,
        ),
    ],
)
def test_each_service_moves_a_message_on(
    sent: Delivery, report: Callable[[Delivery], int], expected: Delivery.Outcome
) -> None:
    assert report(sent) == 200
    assert outcome(sent) == expected


def test_reports_in_any_order_end_the_same(sent: Delivery) -> None:
    reports = [
        lambda: providers.mailgun("failed", sent.public_id, MAIL, severity="temporary"),
        lambda: providers.mailgun("delivered", sent.public_id, MAIL),
        lambda: providers.mailgun("complained", sent.public_id, MAIL),
    ]
    for order in itertools.permutations(reports):
        Delivery.objects.update(outcome=0)
        for report in order:
            report()
            events.settle()
        assert outcome(sent) == Outcome.COMPLAINED


def test_a_report_that_comes_twice_is_kept_once(sent: Delivery) -> None:
    for _ in range(2):
        assert providers.mailgun("complained", sent.public_id, MAIL, token="the-same") == 200
        events.settle()
    assert Event.objects.count() == 1
    assert ConsentEvent.objects.filter(action=Action.COMPLAINT).count() == 1


@pytest.mark.parametrize(
    ("message", "address"), [(uuid.uuid4(), MAIL), (None, "somebody.else@example.org")]
)
def test_a_report_about_no_message_of_ours_is_kept_and_changes_nothing(
    sent: Delivery, message: uuid.UUID | None, address: str
) -> None:
    providers.mailgun("complained", message or sent.public_id, address)
    assert outcome(sent) == Outcome.NONE
    assert Event.objects.get().state == Event.State.UNKNOWN
    assert not ConsentEvent.objects.filter(action=Action.COMPLAINT).exists()


def test_opens_and_clicks_are_not_kept_at_all(sent: Delivery) -> None:
    for event in ("opened", "clicked"):
        assert providers.mailgun(event, sent.public_id, MAIL) == 200
    assert not Event.objects.exists()


def test_a_message_that_may_have_been_sent_is_settled_by_the_report_that_it_was(
    sent: Delivery,
) -> None:
    Delivery.objects.update(status=Delivery.Status.IN_DOUBT)
    Campaign.objects.update(state=Campaign.State.SENDING)
    providers.mailgun("delivered", sent.public_id, MAIL)
    events.settle()
    sending.sweep()
    assert Delivery.objects.get().status == Delivery.Status.SENT
    assert Campaign.objects.get().state == Campaign.State.DONE


# The address and the person


def test_a_bounce_for_good_closes_the_gate_at_once_and_leaves_permission_as_it_is(
    sent: Delivery,
) -> None:
    point = sent.contact_point
    before = ConsentEvent.objects.count()
    providers.mailgun_failed(sent.public_id, MAIL)
    events.settle()
    assert gate(point) == Reason.HARD_BOUNCE
    assert ConsentEvent.objects.count() == before
    assert Deliverability.objects.get().problem == ContactPoint.Problem.BOUNCES


@pytest.mark.parametrize("code", ["5.7.1", "5.2.2", "5.7.26", ""])
def test_a_bounce_that_is_not_about_the_address_closes_nothing(sent: Delivery, code: str) -> None:
    providers.mailgun_failed(sent.public_id, MAIL, code)
    assert outcome(sent) == Outcome.BOUNCED
    assert gate(sent.contact_point) == Reason(0)


def test_an_old_bounce_does_not_stop_whoever_confirmed_since(sent: Delivery) -> None:
    again = factories.granted(sent.contact_point, at=timezone.now())
    factories.event(sent.contact_point, Action.CONFIRM, confirms=again, at=timezone.now())
    fold.rebuild()
    providers.mailgun_failed(sent.public_id, MAIL)  # of May 2026
    events.settle()
    assert gate(sent.contact_point) == Reason(0)


def test_a_complaint_is_the_persons_refusal_to_that_organisation(
    sent: Delivery, neu: Organisation
) -> None:
    there = supporter_who_said_yes(neu, MAIL)
    fold.rebuild()
    providers.postmark("SpamComplaint", sent.public_id, MAIL, Type="SpamComplaint")
    events.settle()
    assert gate(sent.contact_point) & Reason.COMPLAINED
    assert gate(there) == Reason(0)


def test_an_unsubscribe_is_a_one_click_stop_of_the_inbox(sent: Delivery) -> None:
    household = supporter_who_said_yes(sent.organisation, MAIL, "Daniel")
    fold.rebuild()
    providers.mailgun("unsubscribed", sent.public_id, MAIL)
    events.settle()
    for point in (sent.contact_point, household):
        assert gate(point) == Reason.ORG_UNSUBSCRIBED


def test_one_that_fails_holds_up_no_other(
    sent: Delivery, socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    providers.mailgun("complained", sent.public_id, MAIL)
    providers.mailgun("unsubscribed", sent.public_id, MAIL)
    with monkeypatch.context() as broken:
        broken.setattr(events.permissions, "record_complaint", lambda **_: 1 / 0)
        events.settle()
    assert gate(sent.contact_point) == Reason.ORG_UNSUBSCRIBED
    events.settle()
    assert not Event.objects.filter(state=Event.State.MATCHED).exists()


def test_a_relay_that_says_the_address_is_wrong_closes_the_gate(
    socr: Organisation, relay: Relay
) -> None:
    gone = supporter_who_said_yes(socr, "gone@example.org")
    barred = supporter_who_said_yes(socr, "barred@example.org")
    fold.rebuild()
    relay.answers = {
        "gone@example.org": "550 5.1.1 no such user",
        "barred@example.org": "550 5.7.1 not today",
    }
    send_all(campaign(socr))
    events.settle()
    assert gate(gone) == Reason.HARD_BOUNCE
    assert gate(barred) == Reason(0)


# The wall


@pytest.fixture
def together(
    socr: Organisation, neu: Organisation, relay: Relay
) -> tuple[Delivery, list[ContactPoint]]:
    """A coordinated message to somebody on both lists."""
    points = [supporter_who_said_yes(where, MAIL) for where in (socr, neu)]
    fold.rebuild()
    return Delivery.objects.get(campaign=send_all(campaign(socr, neu))), points


def test_a_bounce_of_mail_sent_together_is_told_to_both_so_that_it_tells_neither_whose_it_was(
    together: tuple[Delivery, list[ContactPoint]], socr: Organisation
) -> None:
    delivery, points = together
    never = factories.address(factories.supporter(socr, "Una"), "una@example.org")
    providers.mailgun_failed(delivery.public_id, MAIL)
    events.settle()
    assert [gate(point) for point in points] == [Reason.HARD_BOUNCE] * 2
    assert Reason.HARD_BOUNCE not in gate(never)


def test_a_bounce_is_told_only_to_whom_was_included(
    together: tuple[Delivery, list[ContactPoint]], neu: Organisation
) -> None:
    delivery, _ = together
    other = factories.organisation("THIRD")
    theirs = supporter_who_said_yes(other, MAIL)
    fold.rebuild()
    providers.mailgun_failed(delivery.public_id, MAIL)
    events.settle()
    assert gate(theirs) == Reason(0)


def test_staff_read_no_report_and_the_complaint_about_mail_sent_together_names_no_campaign(
    together: tuple[Delivery, list[ContactPoint]],
) -> None:
    delivery, _ = together
    providers.mailgun("complained", delivery.public_id, MAIL)
    events.settle()
    (said,) = ConsentEvent.objects.filter(action=Action.COMPLAINT)
    assert said.source_detail == "spam report"
    for role in ("staff", "keeper"):
        with (
            pytest.raises(Exception, match="permission denied"),
            wall.scope(role, organisation_id=delivery.organisation_id),  # type: ignore[arg-type]
        ):
            Event.objects.count()


def test_reports_about_no_message_of_ours_are_forgotten_after_90_days(sent: Delivery) -> None:
    providers.mailgun("delivered", uuid.uuid4(), MAIL)
    providers.mailgun("delivered", sent.public_id, MAIL)
    events.settle()
    Event.objects.update(received_at=timezone.now() - timedelta(days=91))
    assert events.forget() == 1
    assert Event.objects.get().delivery_id == sent.pk
