"""Addresses with letters beyond ASCII before the @: taken by servers that offer SMTPUTF8 (RFC 6531), told otherwise."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from crm.models import ContactPoint, Organisation
from crm.sql import fold
from mailings.dispatch import moulds
from mailings.models import Delivery
from tests.mailings.conftest import campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db

ADDRESSES = ["ann@example.org", "zoë@example.org", "ιωάννα@παράδειγμα.example", "zed@example.org"]


class Keeps:
    """A server that keeps envelopes and messages as they came."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.heads: list[bytes] = []
        self.options: list[list[str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.recipients += envelope.rcpt_tos
        self.heads.append(envelope.content.partition(b"\r\n\r\n")[0])
        self.options.append(envelope.mail_options)
        return "250 OK"


@contextmanager
def serving(settings: Any, *, offers: bool) -> Iterator[Keeps]:
    kept = Keeps()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port, enable_SMTPUTF8=offers)
    controller.start()
    settings.COALESCE_SMTP = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    yield kept
    controller.stop()


@pytest.fixture
def server(settings: Any) -> Iterator[Keeps]:
    with serving(settings, offers=True) as kept:
        yield kept


@pytest.fixture
def plain_server(settings: Any) -> Iterator[Keeps]:
    with serving(settings, offers=False) as kept:
        yield kept


@pytest.fixture
def everybody(socr: Organisation) -> list[ContactPoint]:
    found = [supporter_who_said_yes(socr, address) for address in ADDRESSES]
    fold.rebuild()
    return found


def statuses(made: Any) -> dict[str, int]:
    found = Delivery.objects.filter(campaign=made)
    return dict(found.values_list("contact_point__address", "status"))


def test_a_server_that_offers_it_gets_the_address_as_it_is_written(
    socr: Organisation, server: Keeps, everybody: list[ContactPoint]
) -> None:
    made = send_all(campaign(socr))
    assert set(statuses(made).values()) == {Delivery.Status.SENT}
    assert set(server.recipients) == {
        *("ann@example.org", "zoë@example.org", "zed@example.org"),
        "ιωάννα@xn--hxajbheg2az3al.example",
    }
    for to, options in zip(server.recipients, server.options, strict=True):
        assert ("SMTPUTF8" in options) == (not to.isascii())


def test_the_message_names_its_receiver_in_the_same_letters(
    socr: Organisation, server: Keeps, everybody: list[ContactPoint]
) -> None:
    send_all(campaign(socr))
    (head,) = [head for head in server.heads if "zoë".encode() in head]
    assert b"To: zo\xc3\xab@example.org\r\n" in head
    assert message_from_bytes(head)["Message-ID"]


def test_a_server_that_does_not_offer_it_is_not_asked_and_the_others_get_theirs(
    socr: Organisation, plain_server: Keeps, everybody: list[ContactPoint]
) -> None:
    made = send_all(campaign(socr))
    assert sorted(plain_server.recipients) == ["ann@example.org", "zed@example.org"]
    refused = Delivery.objects.get(campaign=made, contact_point__address="zoë@example.org")
    assert refused.status == Delivery.Status.FAILED
    assert "5.6.7" in refused.detail
    everybody[1].refresh_from_db()
    assert everybody[1].problem == ContactPoint.Problem.NONE  # the address is not at fault


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ann@example.org", "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("zoë@bücher.example", "zoë@xn--bcher-kva.example"),
        ("o'hara@example.org", "o'hara@example.org"),
    ],
)
def test_an_address_as_smtp_takes_it(address: str, wire: str) -> None:
    assert moulds.on_the_wire(address) == wire
