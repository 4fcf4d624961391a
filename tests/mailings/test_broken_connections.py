"""A connection that breaks leaves no doubt about a message that was never begun, and one about a message that was."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks._yardsticks import sink
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


def to(name: str) -> tuple[Sealed, str]:
    """A message and the address it is for."""
    content = f"Message-ID: <{name}@example.org>\r\n\r\nHello\r\n".encode()
    return Sealed("news@example.org", content), f"{name}@example.org"


@pytest.fixture
def taken(settings: Any, tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """The addresses whose message a server that offers PIPELINING took, in order."""
    with sink(tmp_path / "log", with_faults=True) as server:
        settings.COALESCE_SMTP = f"smtp://{server.host}:{server.port}"
        yield lambda: [
            line.partition("\t")[2] for line in (tmp_path / "log").read_text().splitlines()
        ]


def test_the_envelope_of_the_next_message_goes_with_the_end_of_the_one_before(
    taken: Callable[[], list[str]],
) -> None:
    with connected() as relay:
        for (message, address), following in itertools.pairwise([to("ann"), to("bob"), to("cas")]):
            relay.hand_over(message, address, following=following)
    assert taken() == ["ann@example.org", "bob@example.org"]


def test_who_was_to_be_next_and_is_not_gets_nothing(taken: Callable[[], list[str]]) -> None:
    with connected() as relay:
        relay.hand_over(*to("ann"), following=to("said-stop"))
        relay.hand_over(*to("cas"))
    assert taken() == ["ann@example.org", "cas@example.org"]


def test_a_next_recipient_who_is_refused_takes_nothing_from_the_message_before(
    taken: Callable[[], list[str]],
) -> None:
    names = [to(f"person{number}") for number in range(1, 99)]
    with connected() as relay:
        for (message, address), following in itertools.pairwise(names[:97]):
            relay.hand_over(message, address, following=following)
        with pytest.raises(Refused):  # every 97th is put off
            relay.hand_over(*names[96], following=names[97])
        relay.hand_over(*names[97])
    assert taken() == [address for _, address in (*names[:96], names[97])]


def test_a_message_refused_at_its_end_leaves_the_next_one_begun(settings: Any) -> None:
    answers = {".": "554 5.7.1 no\r\n"}
    with serving(PIPELINING, break_at="RSET", answers=answers) as port:
        settings.COALESCE_SMTP = f"smtp://127.0.0.1:{port}"
        with connected() as relay:
            with pytest.raises(Refused):
                relay.hand_over(*to("ann"), following=to("bob"))
            with pytest.raises(Refused):
                relay.hand_over(*to("bob"))
