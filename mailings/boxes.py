"""Where mail that comes back arrives: a Maildir on this machine, or a folder of an IMAP server.

What a person is to read stays where it is; what cannot be understood is put aside with a sentence. Nothing is deleted
but, after 30 days, what was dealt with.
"""

from __future__ import annotations

import imaplib
import mailbox
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

KEPT = 30 * 24 * 60 * 60  # seconds
_ASIDE, _DONE, _LOOKED_AT = "Coalesce-aside", "Coalesce-done", "CoalesceLookedAt"


class Box(Protocol):
    """A mailbox that is read mail by mail."""

    def fresh(self) -> Iterator[tuple[str, bytes]]:
        """Give the mails that were not looked at, as (key, content)."""
        ...

    def finish(self, key: str) -> None:
        """Move away what was dealt with."""
        ...

    def leave(self, key: str) -> None:
        """Leave it, unread, for whoever reads the mailbox; it is not looked at again."""
        ...

    def put_aside(self, key: str, content: bytes, sentence: str) -> None:
        """Move it to a folder for a person, with a sentence that says why."""
        ...


@contextmanager
def opened(url: str) -> Iterator[Box]:
    """Open `maildir:///path` or `imaps://user:password@host[:port]/Folder`. Raises OSError or imaplib's errors."""
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        yield _Maildir(Path(unquote(parts.path)))
        return
    with imaplib.IMAP4_SSL(parts.hostname or "", parts.port or 993, timeout=60) as server:
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        yield _Imap(server, unquote(parts.path.strip("/")) or "INBOX")


def _with_sentence(content: bytes, sentence: str) -> bytes:
    return f"X-Coalesce: {sentence}\n".encode() + content


class _Maildir:
    def __init__(self, path: Path) -> None:
        if not (path / "new").is_dir():  # mailbox's own error is not an OSError
            raise OSError(f"there is no Maildir {path}")
        self._box = mailbox.Maildir(path, factory=None, create=False)
        self._forget()

    def fresh(self) -> Iterator[tuple[str, bytes]]:
        for key in sorted(self._box.keys()):
            with suppress(KeyError):  # another program took it
                message = self._box.get_message(key)
                if message.get_subdir() == "new":
                    yield key, self._box.get_bytes(key)

    def finish(self, key: str) -> None:
        self._move(key, _DONE, self._box.get_bytes(key), flags="S")

    def leave(self, key: str) -> None:
        message = self._box.get_message(key)
        message.set_subdir("cur")
        self._box[key] = message

    def put_aside(self, key: str, content: bytes, sentence: str) -> None:
        self._move(key, _ASIDE, _with_sentence(content, sentence))

    def _move(self, key: str, folder: str, content: bytes, flags: str = "") -> None:
        """First there, then no longer here: twice rather than never."""
        message = mailbox.MaildirMessage(content)
        message.set_subdir("cur" if flags else "new")
        message.set_flags(flags)
        self._folder(folder).add(message)
        self._box.remove(key)

    def _folder(self, name: str) -> mailbox.Maildir:
        try:
            return self._box.get_folder(name)
        except mailbox.NoSuchMailboxError:
            return self._box.add_folder(name)

    def _forget(self) -> None:
        done = self._folder(_DONE)
        for key, message in list(done.items()):
            if message.get_date() < time.time() - KEPT:
                done.remove(key)


class _Imap:
    def __init__(self, server: imaplib.IMAP4_SSL, folder: str) -> None:
        self._server = server
        self._select(folder)

    def _select(self, folder: str) -> None:
        answer, _ = self._server.select(f'"{folder}"')
        if answer != "OK":
            raise OSError(f"the IMAP server has no folder {folder}")

    def fresh(self) -> Iterator[tuple[str, bytes]]:
        _, (found,) = self._server.uid("SEARCH", "UNKEYWORD", _LOOKED_AT)
        for uid in (found or b"").decode().split():
            _, parts = self._server.uid("FETCH", uid, "(BODY.PEEK[])")
            for part in parts:
                if isinstance(part, tuple):
                    yield uid, part[1]

    def finish(self, key: str) -> None:
        self._copy(key, _DONE)
        self._mark(key, f"(\\Seen \\Deleted {_LOOKED_AT})")
        self._server.expunge()

    def leave(self, key: str) -> None:
        self._mark(key, f"({_LOOKED_AT})")

    def put_aside(self, key: str, content: bytes, sentence: str) -> None:
        self._server.create(_ASIDE)  # it may be there
        told = _with_sentence(content, sentence)
        answer, _ = self._server.append(_ASIDE, None, None, told)
        if answer == "OK":
            self._mark(key, f"(\\Seen \\Deleted {_LOOKED_AT})")
            self._server.expunge()

    def _copy(self, key: str, folder: str) -> None:
        self._server.create(folder)
        answer, _ = self._server.uid("COPY", key, folder)
        if answer != "OK":
            raise OSError(f"the IMAP server does not copy to {folder}")

    def _mark(self, key: str, flags: str) -> None:
        self._server.uid("STORE", key, "+FLAGS", flags)
