"""A worker's connection to its relay lasts from chunk to chunk, and nothing is lost when it did not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from benchmarks._yardsticks import sink
from mailings.dispatch import relay as relays
from mailings.dispatch.moulds import Sealed
from mailings.dispatch.relay import InDoubtError, RelayUnavailableError, kept

MESSAGE = Sealed("news@example.org", b"Subject: Hello\r\n\r\nHello\r\n")


@dataclass
class Server:
    """A server that can be restarted under its address, and what it was told."""

    port: int
    greetings: int = 0
    taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Hang up on everybody."""
        self._controller.stop()

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count the greeting."""
        self.greetings += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take the message."""
        self.taken += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    made = Server(port)
    yield made
    made.stop()


def send(server: Server, *addresses: str) -> None:
    """Send a chunk."""
    with kept(server.url) as relay:
        for address in addresses:
            relay.hand_over(MESSAGE, address)


def test_two_chunks_take_one_connection(server: Server) -> None:
    send(server, "ann@example.org")
    send(server, "bob@example.org", "cas@example.org")
    assert (server.greetings, len(server.taken)) == (1, 3)


def test_a_connection_that_the_server_ended_meanwhile_is_opened_anew(server: Server) -> None:
    send(server, "ann@example.org")
    server.stop()
    server.start()
    send(server, "bob@example.org")
    assert server.taken == ["ann@example.org", "bob@example.org"]


def test_a_relay_that_went_away_meanwhile_leaves_nobody_in_doubt(server: Server) -> None:
    send(server, "ann@example.org")
    server.stop()
    with pytest.raises(RelayUnavailableError):
        send(server, "bob@example.org")
    server.start()


def test_a_connection_that_lay_idle_for_long_is_not_trusted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(server, "ann@example.org")
    monkeypatch.setattr(relays, "IDLE", 0.0)
    send(server, "bob@example.org")
    assert server.greetings == 2


def test_after_an_error_the_next_chunk_has_a_connection_of_its_own(server: Server) -> None:
    with pytest.raises(InDoubtError), kept(server.url):
        raise InDoubtError
    send(server, "ann@example.org")
    assert server.greetings == 2


def test_an_envelope_that_was_begun_ends_with_its_chunk(tmp_path: Path) -> None:
    def of(name: str) -> tuple[Sealed, str]:
        return Sealed(MESSAGE.sender, b"Message-ID: <%s>\r\n\r\nHi\r\n" % name.encode()), name

    with sink(tmp_path / "log", with_faults=True) as piped:  # it offers PIPELINING
        url = f"smtp://{piped.host}:{piped.port}"
        with kept(url) as relay:
            relay.hand_over(*of("ann@example.org"), following=of("said-stop@example.org"))
        with kept(url) as relay:
            relay.hand_over(*of("bob@example.org"))
    taken = [line.split("\t")[1] for line in (tmp_path / "log").read_text().splitlines()]
    assert taken == ["ann@example.org", "bob@example.org"]
