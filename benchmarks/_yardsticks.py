"""What the dispatcher is compared with: the same message, to the same server, in the same run."""

from __future__ import annotations

import json
import os
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import _venvs
from demo.servers import free_port
from mailings import rendering
from mailings.dispatch import moulds
from mailings.models import Campaign, Version

_POST_OFFICE = 500  # messages: it takes seconds for as many


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server, or a mail service, and the file in which it writes a line a message, if it does.

    `settings`: what names it to a worker.
    """

    host: str
    port: int
    log: Path | None
    settings: dict[str, str]


def smtp(host: str, port: int, log: Path | None) -> Server:
    """Describe an SMTP server."""
    return Server(host, port, log, {"COALESCE_SMTP": f"smtp://{host}:{port}"})


@contextmanager
def sink(log: Path, *, with_faults: bool = False) -> Iterator[Server]:
    """Start a server of our own on this machine."""
    log.touch()
    port = free_port()
    command = [sys.executable, "-m", "benchmarks._sink", str(port), str(log)]
    with subprocess.Popen([*command, "--faults"] if with_faults else command) as process:
        try:
            wait_for(port)
            yield smtp("127.0.0.1", port, log)
        finally:
            process.terminate()


ROUTES = {
    "mailgun": "mailgun://key@mg.example.org?api={}/v3",
    "postmark": "postmark://token@broadcasts?api={}/",
    "ses": "ses://key:secret@eu-west-2?api={}",
}


@contextmanager
def service(kind: str, log: Path, *, with_faults: bool = False) -> Iterator[Server]:
    """Start an imitation of a mail service on this machine."""
    log.touch()
    port = free_port()
    command = [sys.executable, "-m", "benchmarks._services", str(port), str(log)]
    with subprocess.Popen([*command, "--faults"] if with_faults else command) as process:
        try:
            wait_for(port, "The bench's mail service")
            route = ROUTES[kind].format(f"http://127.0.0.1:{port}")
            yield Server("127.0.0.1", port, log, {"COALESCE_ROUTE": route})
        finally:
            process.terminate()


def wait_for(port: int, what: str = "The bench's SMTP server") -> None:
    """Wait until somebody listens on a port of this machine. Raises SystemExit after half a minute."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{what} did not start.")


def measure(campaign: Campaign, server: Server, number: int) -> dict[str, float]:
    """Give messages a second of each."""
    version = Version.objects.select_related("organisation", "campaign").get(campaign=campaign)
    prepared = rendering.prepare(version, partners=campaign.on_behalf_of())
    letter = rendering.letter(
        prepared, values={"first_name": "Priya"}, token="x" * 60, message_id=uuid.uuid4()
    )
    sealed = moulds.seal(letter, "person@example.org")
    found = {
        "yardstick": _pipelined(sealed, server, number),
        "post_office": _post_office(letter, server),
    }
    if program := shutil.which("smtp-source"):
        found["smtp_source"] = _smtp_source(program, len(sealed.content), server, number)
    return found


def _pipelined(sealed: moulds.Sealed, server: Server, number: int) -> float:
    """Write the end of one message and the envelope of the next at once: one wait a message (RFC 2920)."""
    envelope = (
        f"MAIL FROM:<{sealed.sender}>\r\nRCPT TO:<yardstick@example.org>\r\nDATA\r\n".encode()
    )
    body = re.sub(rb"(?m)^\.", b"..", sealed.content).rstrip(b"\r\n") + b"\r\n.\r\n"
    with smtplib.SMTP(server.host, server.port) as client:
        client.ehlo()
        began = time.perf_counter()
        client.send(envelope)
        for left in range(number, 0, -1):
            answers = [client.getreply()[0] for _ in range(3)]
            assert answers == [250, 250, 354], answers
            client.send(body + envelope if left > 1 else body)
            assert client.getreply()[0] == 250
        return round(number / (time.perf_counter() - began), 1)


def _smtp_source(program: str, size: int, server: Server, number: int) -> float:
    """Run Postfix's test client: one session, its connection kept."""
    where = f"{server.host}:{server.port}"
    options = ["-d", "-s", "1", "-m", str(number), "-l", str(size)]
    addresses = ["-f", "news@socr.example.org", "-t", "yardstick@example.org"]
    began = time.perf_counter()
    subprocess.run([program, *options, *addresses, where], check=True)
    return round(number / (time.perf_counter() - began), 1)


def _post_office(letter: rendering.Letter, server: Server) -> float:
    """Have django-post-office send the same words, one process."""
    python = _venvs.python_with("post-office")
    name = "{{ first_name }}"
    words = {
        "subject": letter.subject.replace("Priya", name),
        "text": letter.text.replace("Priya", name),
        "html": letter.html.replace("Priya", name),
    }
    with tempfile.TemporaryDirectory() as folder:
        script = [str(python), str(Path(__file__).parent / "_post_office.py")]
        done = subprocess.run(
            [*script, server.host, str(server.port), str(_POST_OFFICE)],
            env={"PATH": os.environ["PATH"], "POST_OFFICE": f"{folder}/post-office"},
            input=json.dumps(words),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
    return float(done.stdout.split()[-1])
