"""Imitations of Mailgun, Postmark and Amazon SES that write down whom each message was for as calls come; with faults.

A process of its own: `python -m benchmarks._services PORT FILE [--faults]`. A line of the file is our id of the
message, a tab and an address, as of the bench's SMTP server. They refuse what the services refuse of a batch: too many
receivers, no text (https://documentation.mailgun.com, https://postmarkapp.com/developer,
https://docs.aws.amazon.com/ses/latest/APIReference-V2/).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

# Every so many calls, what goes wrong; of several that fit, the first.
FAULTS = ((7, "takes all and loses the answer"), (11, "503"), (13, "429"))
Answer = tuple[int, Any]


class Service(BaseHTTPRequestHandler):
    """One connection, kept for many calls."""

    protocol_version = "HTTP/1.1"
    file, with_faults = 0, False
    _calls, _lock = 0, threading.Lock()

    def setup(self) -> None:
        """Answer at once (TCP_NODELAY)."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        """Take a call, or do not."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self._fault()
        if fault.isdigit():
            self._say(int(fault), {"message": "not now"})
            return
        taking = {"/v3/": _mailgun, "/v2/": _ses}.get(self.path[:4], _postmark)
        status, answer = taking(body, self.file)
        if fault:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._say(status, answer)

    def _fault(self) -> str:
        if not self.with_faults:
            return ""
        with self._lock:
            Service._calls += 1
            return next((what for every, what in FAULTS if Service._calls % every == 0), "")

    def _say(self, status: int, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: the file says it all."""


def _write(file: int, taken: list[tuple[str, str]]) -> None:
    os.write(file, "".join(f"{told}\t{address}\n" for told, address in taken).encode())


def _mailgun(body: bytes, file: int) -> Answer:
    form = parse_qs(body.decode())
    people = json.loads(form.get("recipient-variables", ["{}"])[0])
    if not people or not form.get("from") or not form.get("text"):
        return 400, {"message": "a parameter is missing"}
    if len(people) > 1_000:
        return 400, {"message": "to parameter has more than 1000 recipients"}
    _write(file, [(own["v:d"], address) for address, own in people.items()])
    return 200, {"id": "<1@mg.example.org>", "message": "Queued. Thank you."}


def _postmark(body: bytes, file: int) -> Answer:
    asked = json.loads(body)["Messages"]
    if len(asked) > 500:
        return 422, {"ErrorCode": 410, "Message": "too many messages: 500 at most"}
    _write(file, [(one["Metadata"]["d"], one["To"]) for one in asked])
    return 200, [
        {"ErrorCode": 0, "Message": "OK", "To": one["To"], "MessageID": "1"} for one in asked
    ]


def _ses(body: bytes, file: int) -> Answer:
    asked = json.loads(body)
    entries = asked["BulkEmailEntries"]
    if len(entries) > 50 or not asked["DefaultContent"]["Template"]["TemplateContent"]["Text"]:
        return 400, {"__type": "BadRequestException", "message": "50 destinations at most"}
    taken = []
    for one in entries:
        told = {header["Name"]: header["Value"] for header in one["ReplacementHeaders"]}
        (address,) = one["Destination"]["ToAddresses"]
        taken.append((json.loads(told["X-Metadata"])["d"], address))
    _write(file, taken)
    return 200, {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}] * len(taken)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    Service.file = os.open(given.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    Service.with_faults = given.faults
    ThreadingHTTPServer(("127.0.0.1", given.port), Service).serve_forever()
