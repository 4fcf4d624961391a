"""Mail sent over SMTP is kept byte for byte and shown over HTTP."""

import json
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from demo.catcher import read_caught, read_source

ROOT = Path(__file__).parents[2]


class Catcher:
    """A catcher in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mail"
        self.announcement = folder / "ports.json"
        options = ["--folder", str(self.folder), "--announce", str(self.announcement)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo.catcher", *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ports = self._wait_for_ports()

    def _wait_for_ports(self) -> dict[str, int]:
        give_up = time.monotonic() + 10
        while not self.announcement.exists():
            assert self.process.poll() is None, "the catcher ended before it announced its ports"
            assert time.monotonic() < give_up, "the catcher did not announce its ports"
            time.sleep(0.01)
        ports: dict[str, int] = json.loads(self.announcement.read_text())
        return ports

    def stop(self) -> tuple[int, str]:
        """Return the exit code and what the catcher complained about."""
        self.process.terminate()
        _, complaints = self.process.communicate(timeout=10)
        return self.process.returncode, complaints


@pytest.fixture
def start_catcher(tmp_path: Path) -> Iterator[Callable[[], Catcher]]:
    started: list[Catcher] = []

    def start() -> Catcher:
        started.append(Catcher(tmp_path))
        return started[-1]

    yield start
    for catcher in started:
        if catcher.process.poll() is None:
            catcher.stop()


@pytest.fixture(scope="module")
def catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    running = Catcher(tmp_path_factory.mktemp("catcher"))
    yield running
    running.stop()


@pytest.fixture
def sender(catcher: Catcher) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", catcher.ports["smtp"], timeout=5) as connection:
        yield connection


def fetch(catcher: Catcher, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{catcher.ports['http']}{path}", timeout=5) as response:
        content: bytes = response.read()
    return content


def newest(catcher: Catcher) -> dict[str, Any]:
    count = json.loads(fetch(catcher, "/count"))["count"]
    (caught,) = json.loads(fetch(catcher, f"/messages.json?since={count - 1}"))
    return dict(caught)


def test_what_large_and_international_mail_needs_is_offered(sender: smtplib.SMTP) -> None:
    sender.ehlo()
    assert {"8bitmime", "smtputf8", "size", "pipelining"} <= sender.esmtp_features.keys()


def test_a_message_sent_is_in_the_list(catcher: Catcher, sender: smtplib.SMTP) -> None:
    message = EmailMessage()
    message["From"] = "news@socr.example.org"
    message["To"] = "zoe@example.org"
    message["Subject"] = "Siân’s news"
    message["Message-ID"] = "<1@socr.example.org>"
    message["List-Unsubscribe"] = "<https://socr.example.org/stop/abc>"
    message.set_content("Hello")
    sender.send_message(message, "bounces@socr.example.org", ["zoe@example.org"])
    caught = newest(catcher)
    assert caught["mail_from"] == "bounces@socr.example.org"
    assert caught["rcpt_to"] == ["zoe@example.org"]
    assert caught["subject"] == "Siân’s news"
    assert caught["message_id"] == "<1@socr.example.org>"
    assert caught["list_unsubscribe"] == "<https://socr.example.org/stop/abc>"


def test_a_source_is_kept_byte_for_byte(catcher: Catcher, sender: smtplib.SMTP) -> None:
    source = "Subject: dots\r\n\r\n.\r\n..two\r\nSiân\r\n".encode()
    options = ["BODY=8BITMIME", "SMTPUTF8"]
    sender.sendmail("a@example.org", ["siân@example.org"], source, mail_options=options)
    caught = newest(catcher)
    assert caught["rcpt_to"] == ["siân@example.org"]
    assert fetch(catcher, f"/message/{caught['n']}/raw") == source
    assert read_source(catcher.folder, read_caught(catcher.folder)[-1]) == source


def test_pipelined_messages_are_all_kept(catcher: Catcher) -> None:
    before = len(read_caught(catcher.folder))
    envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    letter = b"Subject: pipelined\r\n\r\nHello\r\n.\r\n"
    with socket.create_connection(("127.0.0.1", catcher.ports["smtp"]), timeout=5) as connection:
        connection.sendall(b"EHLO here\r\n" + (envelope + letter) * 20 + b"QUIT\r\n")
        replies = b"".join(iter(lambda: connection.recv(65536), b""))
    assert replies.count(b"250 2.0.0 Kept") == 20
    assert len(read_caught(catcher.folder)) == before + 20


def test_a_message_broken_off_is_not_kept(catcher: Catcher) -> None:
    before = json.loads(fetch(catcher, "/count"))
    with socket.create_connection(("127.0.0.1", catcher.ports["smtp"]), timeout=5) as connection:
        connection.sendall(b"EHLO here\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n")
        connection.sendall(b"DATA\r\nSubject: half\r\n\r\nHel")
    assert json.loads(fetch(catcher, "/count")) == before


def test_told_to_stop_it_leaves_the_mail_and_nothing_else(
    start_catcher: Callable[[], Catcher],
) -> None:
    catcher = start_catcher()
    with smtplib.SMTP("127.0.0.1", catcher.ports["smtp"], timeout=5) as sender:
        sender.sendmail("a@example.org", ["b@example.org"], b"Subject: kept\r\n\r\n")
        exit_code, complaints = catcher.stop()
        sender.close()
    assert (exit_code, complaints) == (0, "")
    assert not catcher.announcement.exists()
    assert [caught.subject for caught in read_caught(catcher.folder)] == ["kept"]
