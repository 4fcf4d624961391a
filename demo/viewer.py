"""Shows caught mail over HTTP: pages for people, JSON for scripts; it only ever reads."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from demo.caught import Caught, Store
from demo.pages import html_part, list_page, message_page, problem_page

HTML = "text/html; charset=utf-8"
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"
CSS = "text/css; charset=utf-8"
STYLE = Path(__file__).with_name("viewer.css")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# A message is a stranger's page: it may show its own style and inlined pictures, and do nothing.
MESSAGE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back."""

    body: bytes
    kind: str
    policy: str = PAGE_POLICY
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for: the number in the path, and the words after the question mark."""

    store: Store
    number: int
    words: dict[str, str]

    def whole(self, name: str, default: int) -> int:
        """Return the whole number called `name`, or `default` if it is missing or none."""
        text = self.words.get(name, "")
        return int(text) if re.fullmatch("[0-9]{1,9}", text) else default


def answer(store: Store, target: str) -> Answer:
    """Return the answer to a GET of `target`, a path with or without a query."""
    url = urlsplit(target)
    words = {name: values[-1] for name, values in parse_qs(url.query).items()}
    for path, answered in ROUTES.items():
        if match := re.fullmatch(path, url.path):
            number = int(match[1]) if match.groups() else 0
            return answered(Question(store, number, words))
    return _missing("There is no such page.")


class Viewer(ThreadingHTTPServer):
    """The HTTP server of the catcher, one thread a connection."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store) -> None:
        """Listen at `address`; raises OSError if the port is taken."""
        self.store = store
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: Viewer

    def do_GET(self) -> None:
        found = answer(self.server.store, self.path)
        self._send_head(found)
        self.wfile.write(found.body)

    def do_HEAD(self) -> None:
        self._send_head(answer(self.server.store, self.path))

    def _send_head(self, found: Answer) -> None:
        self.send_response(found.status)
        self.send_header("Content-Type", found.kind)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Content-Security-Policy", found.policy)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a search for a recipient would put an address in the log."""


def _list(question: Question) -> Answer:
    wanted = question.words.get("q", "").strip()
    found = [caught for caught in question.store.messages() if _matches(caught, wanted)]
    return _page(list_page(found[::-1], wanted, question.whole("page", 1)))


def _matches(caught: Caught, wanted: str) -> bool:
    text = "\n".join((caught.subject, *caught.rcpt_to))
    return wanted.casefold() in text.casefold()


def _message(question: Question) -> Answer:
    caught = question.store.message(question.number)
    if caught is None:
        return _missing("There is no message of that number.")
    return _page(message_page(caught, question.store.source(caught)))


def _html_part(question: Question) -> Answer:
    caught = question.store.message(question.number)
    html = html_part(question.store.source(caught)) if caught else None
    if html is None:
        return _missing("There is no such HTML part.")
    return Answer(html.encode(), HTML, MESSAGE_POLICY)


def _raw(question: Question) -> Answer:
    caught = question.store.message(question.number)
    if caught is None:
        return _missing("There is no message of that number.")
    return Answer(question.store.source(caught), PLAIN, MESSAGE_POLICY)


def _messages_json(question: Question) -> Answer:
    found = question.store.messages(question.whole("since", 0))
    return Answer(json.dumps([vars(caught) for caught in found]).encode(), JSON)


def _count(question: Question) -> Answer:
    return Answer(json.dumps({"count": question.store.count()}).encode(), JSON)


def _style(question: Question) -> Answer:
    return Answer(STYLE.read_bytes(), CSS)


def _page(html: str) -> Answer:
    return Answer(html.encode(), HTML)


def _missing(sentence: str) -> Answer:
    return Answer(problem_page(sentence).encode(), HTML, status=HTTPStatus.NOT_FOUND)


ROUTES: dict[str, Callable[[Question], Answer]] = {
    r"/": _list,
    r"/message/([0-9]{1,9})": _message,
    r"/message/([0-9]{1,9})/html": _html_part,
    r"/message/([0-9]{1,9})/raw": _raw,
    r"/messages\.json": _messages_json,
    r"/count": _count,
    r"/viewer\.css": _style,
}
