"""Keeps caught messages in two plain files: messages.raw holds the bytes, messages.jsonl the index.

A message is in the files before its sender is told so, and a line of the index is written after
the bytes it points to. Nothing is forced to the disk: what is kept survives the sender's crash and
this process's, not the machine's.
"""

import errno
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from io import FileIO
from os import SEEK_END
from pathlib import Path

INDEX_FILE = "messages.jsonl"
RAW_FILE = "messages.raw"

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_WANTED = re.compile(
    rb"^(subject|message-id|list-unsubscribe):([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Caught:
    """One caught message: its number from 1, its envelope, and where its bytes are."""

    n: int
    at: str
    mail_from: str
    rcpt_to: list[str]
    message_id: str
    subject: str
    list_unsubscribe: str
    offset: int
    length: int


class Store:
    """The messages of one folder: appended by the SMTP side, read by the viewer's threads."""

    def __init__(self, folder: Path) -> None:
        """Open `folder`, made if need be, and go on after the messages already in it."""
        folder.mkdir(parents=True, exist_ok=True)
        _drop_torn_line(folder / INDEX_FILE)
        self._folder = folder
        self._messages = read_caught(folder)
        self._raw = FileIO(folder / RAW_FILE, "a")
        self._index = FileIO(folder / INDEX_FILE, "a")

    def add(self, mail_from: str, rcpt_to: list[str], source: bytes) -> Caught:
        """Append one message and return its entry; raises OSError if the disk is full."""
        headers = interesting_headers(source)
        caught = Caught(
            n=len(self._messages) + 1,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            mail_from=mail_from,
            rcpt_to=rcpt_to,
            message_id=headers.get("message-id", ""),
            subject=headers.get("subject", ""),
            list_unsubscribe=headers.get("list-unsubscribe", ""),
            offset=_append(self._raw, source),
            length=len(source),
        )
        _append(self._index, json.dumps(vars(caught)).encode() + b"\n")
        self._messages.append(caught)
        return caught

    def messages(self, since: int = 0) -> list[Caught]:
        """Return the messages numbered above `since`, oldest first."""
        return self._messages[max(since, 0) :]

    def message(self, n: int) -> Caught | None:
        """Return message `n`, or None if there is none."""
        return self._messages[n - 1] if 1 <= n <= len(self._messages) else None

    def source(self, caught: Caught) -> bytes:
        """Return the bytes of a message as its sender gave them."""
        return read_source(self._folder, caught)

    def count(self) -> int:
        """Return how many messages there are."""
        return len(self._messages)

    def close(self) -> None:
        """Close the files."""
        self._raw.close()
        self._index.close()


def read_caught(folder: Path) -> list[Caught]:
    """Return the messages kept in `folder`, oldest first; none if nothing was caught there."""
    index = folder / INDEX_FILE
    if not index.exists():
        return []
    whole_lines = index.read_bytes().split(b"\n")[:-1]
    return [Caught(**json.loads(line)) for line in whole_lines]


def read_source(folder: Path, caught: Caught) -> bytes:
    """Return the bytes of a message kept in `folder`."""
    with (folder / RAW_FILE).open("rb") as raw:
        raw.seek(caught.offset)
        return raw.read(caught.length)


def interesting_headers(source: bytes) -> dict[str, str]:
    """Return subject, message-id and list-unsubscribe, as far as present, readable, on one line."""
    end = _END_OF_HEADERS.search(source)
    found = _WANTED.findall(source, 0, end.start() if end else len(source))
    return {name.decode().lower(): readable(value) for name, value in reversed(found)}


def readable(value: bytes) -> str:
    """Return a header's value unfolded, with its encoded words (RFC 2047) decoded."""
    text = _FOLD.sub(b" ", value).decode("utf-8", "replace").strip()
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _append(file: FileIO, content: bytes) -> int:
    start = file.seek(0, SEEK_END)
    if file.write(content) != len(content):
        file.truncate(start)
        raise OSError(errno.ENOSPC, "The disk is too full to keep the message")
    return start


def _drop_torn_line(index: Path) -> None:
    if index.exists():
        content = index.read_bytes()
        with index.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
