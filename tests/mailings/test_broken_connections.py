"""A connection that breaks leaves no doubt about a message that was never begun, and one about a message that was."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailings.dispatch.moulds import Sealed
from mailings.dispatch.relay import InDoubtError, Refused, RelayUnavailableError, connected

MESSAGE = Sealed("news@example.org", b"Subject: Hello\r\n\r\nHello\r\n")
PIPELINING = "250-relay.example.org\r\n250 PIPELINING\r\n"
ONE_BY_ONE = "250 relay.example.org\r\n"


@contextmanager
def serving(offer: str, *, break_at: str, answers: dict[str, str]) -> Iterator[int]:
    """A server for one connection that hangs up when it reads a line that begins with `break_at`."""

    def serve(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client, client.makefile("rb") as lines:
            client.sendall(b"220 relay.example.org\r\n")
            is_message = False
            for line in lines:
                verb = line.decode().strip()
                if verb.startswith(break_at):
                    return
                if is_message and verb != ".":
                    continue
                is_message = verb == "DATA" and "DATA" not in answers
                word = verb.partition(" ")[0].upper()
                usual = {"EHLO": offer, "DATA": "354 go on\r\n"}.get(word, "250 OK\r\n")
                client.sendall(answers.get(word, usual).encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=[listener])
        server.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.join(timeout=10)


@pytest.fixture
def hand_over(settings: Any) -> Callable[..., None]:
    """Hand a message to a server that behaves so."""

    def act(offer: str, break_at: str, **answers: str) -> None:
        with serving(offer, break_at=break_at, answers=answers) as port:
            settings.COALESCE_SMTP = f"smtp://127.0.0.1:{port}"
            with connected() as relay:
                relay.hand_over(MESSAGE, "person@example.org")

    return act


@pytest.mark.parametrize("offer", [PIPELINING, ONE_BY_ONE])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_before_the_message_it_was_not_sent(
    hand_over: Callable[..., None], offer: str, command: str
) -> None:
    with pytest.raises(RelayUnavailableError):
        hand_over(offer, command)


@pytest.mark.parametrize("offer", [PIPELINING, ONE_BY_ONE])
def test_after_the_final_dot_nobody_can_know(hand_over: Callable[..., None], offer: str) -> None:
    with pytest.raises(InDoubtError):
        hand_over(offer, ".")


@pytest.mark.parametrize("offer", [PIPELINING, ONE_BY_ONE])
def test_a_refusal_stands_though_the_server_hangs_up_after_it(
    hand_over: Callable[..., None], offer: str
) -> None:
    with pytest.raises(Refused):
        hand_over(offer, "RSET", RCPT="550 5.1.1 no such user\r\n", DATA="503 no recipient\r\n")
