"""Local imitations of Mailgun, Postmark and Amazon SES: they take what those take, and refuse what those refuse."""

from __future__ import annotations

import json
import re
import socket
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

KEY, TOKEN = "key-mailgun", "token-postmark"
ACCESS, SECRET = "AKIAEXAMPLE", "a/secret+of=ses"


@dataclass
class Got:
    """A message as its receiver has it."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    metadata: dict[str, str]


@dataclass
class Imitation:
    """What was taken, and how it misbehaves: `loses` the answer after taking, `says` a status instead of taking."""

    messages: list[Got] = field(default_factory=list)
    calls: int = 0
    loses: int = 0
    says: int = 0
    inactive: set[str] = field(default_factory=set)
    invalid: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)  # what SES says of an address
    error: str = ""  # what SES says of a call
    url: str = ""

    @property
    def inboxes(self) -> list[str]:
        """Who was written to."""
        return sorted(message.to for message in self.messages)

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """Answer one call."""
        self.calls += 1
        if self.says:
            return self.says, {"message": "not now"}
        if path.startswith("/v3/"):
            return self._mailgun(path, headers, body)
        if path.startswith("/v2/"):
            return self._ses(path, headers, body)
        return self._postmark(path, headers, body)

    # https://documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Messages
    def _mailgun(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        user = b64decode(headers.get("Authorization", "Basic ").partition(" ")[2]).decode()
        if user != f"api:{KEY}":
            return 401, {"message": "Forbidden"}
        if path != "/v3/mg.example.org/messages":
            return 404, {"message": "Domain not found"}
        form = parse_qs(body.decode())
        people = [one for value in form.get("to", []) for one in value.split(",")]
        addresses = [parseaddr(one)[1] for one in people]
        variables = json.loads(form.get("recipient-variables", ["{}"])[0])
        if not form.get("from") or not addresses:
            return 400, {"message": "from parameter is missing"}
        if len(addresses) > 1000:
            return 400, {"message": "to parameter has more than 1000 recipients"}
        if bad := [one for one in addresses if one in self.invalid]:
            return 400, {"message": f"'to' parameter is not a valid address: {bad[0]}"}
        if not any(form.get(part) for part in ("text", "html", "template")):
            return 400, {"message": "Need at least one of 'text', 'html' or 'template'"}
        for address in addresses:
            own = variables.get(address, {})

            def fill(text: str, own: dict[str, str] = own) -> str:
                return re.sub(r"%recipient\.([\w:-]+)%", lambda m: str(own.get(m[1], m[0])), text)

            self.messages.append(
                Got(
                    to=address,
                    subject=fill(form["subject"][0]),
                    text=fill(form["text"][0]),
                    html=fill(form["html"][0]),
                    headers={n[2:]: fill(v[0]) for n, v in form.items() if n.startswith("h:")},
                    metadata={n[2:]: fill(v[0]) for n, v in form.items() if n.startswith("v:")},
                )
            )
        assert form["o:tracking-opens"] == form["o:tracking-clicks"] == ["no"]
        return 200, {"id": "<1@mg.example.org>", "message": "Queued. Thank you."}

    # https://postmarkapp.com/developer/api/templates-api#send-batch-with-templates
    def _postmark(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        if headers.get("X-Postmark-Server-Token") != TOKEN:
            return 401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."}
        if path != "/email/batchWithTemplates":
            return 404, {"ErrorCode": 0, "Message": "no such endpoint"}
        asked = json.loads(body)["Messages"]
        if len(asked) > 500:
            return 422, {"ErrorCode": 410, "Message": "too many messages: 500 at most"}
        answers = []
        for one in asked:
            to = one["To"]
            assert one["MessageStream"] == "broadcasts"
            assert one["TrackOpens"] is False
            assert one["TrackLinks"] == "None"
            if one["TemplateAlias"] != "coalesce":
                answers.append({"ErrorCode": 1101, "Message": "The Template is not valid."})
            elif to in self.invalid:
                words = f"Invalid 'To' address: '{to}'."
                answers.append({"ErrorCode": 300, "Message": words})
            elif to in self.inactive:
                words = f"Found inactive addresses: {to}. Inactive recipients are ones that"
                answers.append({"ErrorCode": 406, "Message": words})
            else:
                model = one["TemplateModel"]
                told = {header["Name"]: header["Value"] for header in one["Headers"]}
                self.messages.append(
                    Got(to, model["subject"], model["text"], model["html"], told, one["Metadata"])
                )
                answers.append({"ErrorCode": 0, "Message": "OK", "To": to, "MessageID": "1"})
        return 200, answers

    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
    def _ses(self, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        credential = rf"AWS4-HMAC-SHA256 Credential={ACCESS}/\d{{8}}/eu-west-2/ses/aws4_request, .+"
        if not re.fullmatch(credential, headers.get("Authorization", "")):
            return 403, {"__type": "UnrecognizedClientException", "message": "invalid token"}
        if path != "/v2/email/outbound-bulk-emails":
            return 404, {"__type": "NotFoundException", "message": "no such resource"}
        if self.error:
            return 400, {"__type": self.error, "message": "not now"}
        asked = json.loads(body)
        entries = asked["BulkEmailEntries"]
        if len(entries) > 50:
            return 400, {"__type": "BadRequestException", "message": "50 destinations at most"}
        template = asked["DefaultContent"]["Template"]
        parts = template["TemplateContent"]
        assert set(asked["ConfigurationOverrides"]["Tracking"].values()) == {"DISABLED"}
        assert "TemplateName" not in template
        return 200, {"BulkEmailEntryResults": [self._by_ses(parts, one) for one in entries]}

    def _by_ses(self, parts: dict[str, str], one: dict[str, Any]) -> dict[str, str]:
        (to,) = one["Destination"]["ToAddresses"]
        data = one["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
        told = {header["Name"]: header["Value"] for header in one["ReplacementHeaders"]}
        fits = all(re.fullmatch("[ -~]{1,995}", value) for value in told.values())
        status = self.statuses.get(to, "INVALID_PARAMETER" if to in self.invalid else "SUCCESS")
        if len(data) > 262_144 or len(told) > 15 or not fits:
            status = "INVALID_PARAMETER"
        if status != "SUCCESS":
            return {"Status": status, "Error": status}
        values = json.loads(data)

        def fill(text: str) -> str:
            return re.sub(r"\{\{\{(\w+)\}\}\}", lambda m: str(values[m[1]]), text)

        metadata = json.loads(told.pop("X-Metadata"))
        subject, text, html = (fill(parts[name]) for name in ("Subject", "Text", "Html"))
        self.messages.append(Got(to, subject, text, html, told, metadata))
        return {"Status": "SUCCESS", "MessageId": "0100"}


@contextmanager
def serving() -> Iterator[Imitation]:
    """Answer on a port of this machine."""
    kept = Imitation()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = kept.answer(self.path, self.headers, body)
            if kept.loses:
                kept.loses -= 1
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
