"""Service mail: the row is the queue, the address goes once it is sent, and no inbox is flooded."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.db.models import F
from django.utils import timezone

from crm import wall
from crm.models import ContactPoint, Organisation, ServiceMail
from crm.services import letters
from mailings import dispatch
from mailings.services import sending
from mailings.sql import letters as queue
from tests import factories
from tests.mailings.conftest import Relay

pytestmark = pytest.mark.django_db
CASE = ServiceMail.Kind.CASE


def post(where: Organisation, email: str = "petra@example.org", **extra: object) -> ServiceMail:
    values: dict[str, object] = {"kind": CASE, "address": email, **extra}
    with wall.scope("staff", organisation_id=where.pk):
        public_id = letters.post(organisation_id=where.pk, **values)  # type: ignore[arg-type]
    return ServiceMail.objects.get(public_id=public_id)


def test_a_message_goes_to_one_address_from_the_organisation_with_its_imprint(
    socr: Organisation, relay: Relay
) -> None:
    mail = post(socr, facts={"reference": "R-12"})
    assert sending.sweep().has_service_mail
    assert dispatch.send_service_mail() == 1
    (message,) = relay.messages
    assert (message["To"], message["Cc"], message["Bcc"]) == ("petra@example.org", None, None)
    assert "news@socr.example.org" in message["From"]
    assert message["Message-ID"] == f"<{mail.public_id}@socr.example.org>"
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        words = body.get_content()
        assert socr.legal_name in words
        assert socr.postal_address in words
        assert "R-12" in words


def test_what_is_sent_is_sent_once_and_its_address_is_not_kept(
    socr: Organisation, relay: Relay
) -> None:
    mail = post(socr)
    dispatch.send_service_mail()
    assert dispatch.send_service_mail() == 0
    mail.refresh_from_db()
    assert mail.sent_at is not None
    assert mail.address == ""
    assert len(relay.messages) == 1


def test_a_contact_point_is_written_to_at_its_address(socr: Organisation, relay: Relay) -> None:
    point: ContactPoint = factories.address(factories.supporter(socr), "Petra@Example.org")
    mail = post(socr, "", point=point)
    assert mail.address == ""
    dispatch.send_service_mail()
    assert relay.inboxes == ["Petra@Example.org"]


def test_what_the_relay_refuses_for_now_is_tried_again_and_for_good_is_given_up(
    socr: Organisation, relay: Relay
) -> None:
    relay.answers["later@example.org"] = "451 later"
    relay.answers["never@example.org"] = "550 no such inbox"
    later, never = post(socr, "later@example.org"), post(socr, "never@example.org")
    dispatch.send_service_mail()
    later.refresh_from_db()
    never.refresh_from_db()
    assert (later.failed_at, later.tries) == (None, 1)
    assert later.next_try_at > timezone.now()
    assert (never.address, never.detail) == ("", "refused with 550")
    del relay.answers["later@example.org"]
    ServiceMail.objects.update(next_try_at=timezone.now())
    assert dispatch.send_service_mail() == 1


def test_a_relay_that_is_away_loses_nothing(
    socr: Organisation, relay: Relay, settings: Any
) -> None:
    settings.COALESCE_SMTP = "smtp://127.0.0.1:1"
    mail = post(socr)
    assert dispatch.send_service_mail() == 0
    mail.refresh_from_db()
    assert (mail.sent_at, mail.failed_at, mail.tries) == (None, None, 0)


def test_no_inbox_gets_more_than_five_an_hour_however_its_address_is_written(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    for number in range(7):
        where = socr if number % 2 else neu
        post(where, f"pe.tra+{number}@gmail.com", kind=ServiceMail.Kind.CASE)
    dispatch.send_service_mail()
    assert len(relay.messages) == queue.AN_HOUR_TO_AN_INBOX
    waiting = ServiceMail.objects.filter(sent_at=None)
    assert set(waiting.values_list("failed_at", "tries")) == {(None, 0)}  # an answer is put off
    waiting.update(next_try_at=timezone.now())
    ServiceMail.objects.exclude(sent_at=None).update(sent_at=timezone.now() - timedelta(hours=2))
    dispatch.send_service_mail()
    assert len(relay.messages) == 7


def test_a_stranger_cannot_have_an_inbox_written_to_all_day(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    for number in range(30):
        facts = {"about": str(uuid.uuid4())}
        post(socr if number % 2 else neu, kind=ServiceMail.Kind.CONFIRM_SIGN_UP, facts=facts)
        dispatch.send_service_mail()
        ServiceMail.objects.exclude(sent_at=None).update(
            sent_at=F("sent_at") - timedelta(minutes=20)
        )
    assert len(relay.messages) == queue.A_DAY_OF_ANYONES
    post(socr, kind=ServiceMail.Kind.CASE)
    assert dispatch.send_service_mail() == 1


def test_an_organisation_that_sent_its_fill_waits(
    socr: Organisation, neu: Organisation, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "AN_HOUR_OF_AN_ORGANISATION", 2)
    for number in range(3):
        post(socr, f"p{number}@example.org")
    post(neu, "p9@example.org")
    dispatch.send_service_mail()
    assert sorted(relay.inboxes) == ["p0@example.org", "p1@example.org", "p9@example.org"]
    assert ServiceMail.objects.filter(sent_at=None, failed_at=None).count() == 1


def test_staff_may_add_to_the_queue_and_not_read_it(socr: Organisation) -> None:
    post(socr)
    with wall.scope("staff", organisation_id=socr.pk):
        assert ServiceMail.objects.values_list("id").count() == 1
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            list(ServiceMail.objects.values_list("address"))
