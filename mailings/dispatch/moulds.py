"""Casts the messages of a version: its MIME is made once, and what differs from person to person is put in its place.

Making each message anew with Django costs more than asking the gate and handing the message over together. A mould
is Django's own message with marks for the name, the address, the link and the message's id; a test proves what it
casts equal to what Django makes, part by part. Where a value does not fit a mould, the message is made anew.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEText, sanitize_address

from mailings import merge, rendering
from mailings.rendering import Letter, Prepared

_LONGEST = 60  # characters of a name that a mould takes
_LINE = 400  # bytes of a line with a mark: with what replaces it, it stays below the 998 of RFC 5322, 2.1.1
_TOKEN, _ADDRESS, _SUBJECT = "COALESCETOKEN", "coalesce-address@mould.invalid", "COALESCESUBJECT"
_ID = uuid.UUID(int=0xC0A1E5CE)
# Not ASCII, so that Django declares the part as 8-bit: then any name fits.
_MARKS = {"first_name": "COALESCEFÍRST", "last_name": "COALESCELÁST"}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message as bytes, with CRLF at the end of each line, and the address it comes from."""

    sender: str
    content: bytes


# What parsing would give back as it is (RFC 5322, 3.4.1: a dot-atom on both sides): nearly every address.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def is_plain(address: str) -> bool:
    """Tell whether an address is one of the usual form, which everything that parses it gives back as it is."""
    return _PLAIN.fullmatch(address) is not None


def needs_utf8(address: str) -> bool:
    """Tell whether a server must offer SMTPUTF8 for an address (RFC 6531): its part before the @ is not ASCII."""
    return not address.rpartition("@")[0].isascii()


def on_the_wire(address: str) -> str:
    """Give an address as SMTP takes it; parsing it costs as much as asking the gate, so plain ones are not."""
    if is_plain(address):
        return address
    if needs_utf8(address):
        local, _, domain = address.rpartition("@")
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    return sanitize_address(address, "utf-8")


def seal(letter: Letter, address: str) -> Sealed:
    """Make a message with Django."""
    to = (
        _ADDRESS if needs_utf8(address) else address
    )  # Django would write what no server takes for an address
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=letter.sender,
        to=[to],
        reply_to=[letter.reply_to],
        headers=letter.headers,
    )
    message.attach_alternative(letter.html, "text/html")
    made: Any = message.message()
    sender = parseaddr(sanitize_address(letter.sender, "utf-8"))[1]
    content = made.as_bytes(linesep="\r\n")
    if to != address:
        named, given = f"To: {to}\r\n", f"To: {on_the_wire(address)}\r\n"  # RFC 6532
        content = content.replace(named.encode(), given.encode(), 1)
    return Sealed(sender=sender, content=content)


class Moulds:
    """The moulds of one version: one for each way in which a name may be there or not, made when first needed."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._made: dict[tuple[str, ...], tuple[bytes, str] | None] = {}

    def cast(
        self, *, values: Mapping[str, str], token: str, message_id: uuid.UUID, address: str
    ) -> Sealed:
        """Make one person's message, by a mould if it fits."""
        given = {name: value for name, value in values.items() if value}
        if address.isascii() and all(len(value) <= _LONGEST for value in given.values()):
            mould = self._mould(tuple(sorted(given)))
            if mould is not None:
                return self._fill(mould, given, token, message_id, address)
        letter = rendering.letter(self._prepared, values=values, token=token, message_id=message_id)
        return seal(letter, address)

    def _mould(self, names: tuple[str, ...]) -> tuple[bytes, str] | None:
        if names not in self._made:
            self._made[names] = self._make(names)
        return self._made[names]

    def _make(self, names: tuple[str, ...]) -> tuple[bytes, str] | None:
        """Make Django's message with marks; None if the marks would not come out whole."""
        values = {name: _MARKS[name] for name in names}
        letter = rendering.letter(self._prepared, values=values, token=_TOKEN, message_id=_ID)
        marked = Letter(
            sender=letter.sender,
            reply_to=letter.reply_to,
            subject=_SUBJECT,
            text=letter.text,
            html=letter.html,
            headers=letter.headers,
        )
        sealed = seal(marked, _ADDRESS)
        meant = f"{letter.text}{letter.html}"
        whole = all(
            sealed.content.count(mark.encode()) == meant.count(mark) for mark in values.values()
        )
        whole &= sealed.content.count(_TOKEN.encode()) == meant.count(_TOKEN) + 1
        marks = re.compile("|".join([_TOKEN, *_MARKS.values()]).encode())
        short = all(
            len(line) <= _LINE for line in sealed.content.split(b"\r\n") if marks.search(line)
        )
        return (sealed.content, sealed.sender) if whole and short else None

    def _fill(
        self,
        mould: tuple[bytes, str],
        given: dict[str, str],
        token: str,
        message_id: uuid.UUID,
        address: str,
    ) -> Sealed:
        content, sender = mould
        head, _, parts = content.partition(b"\r\n\r\n")
        subject = " ".join(merge.fill(self._prepared.subject, given).split())
        head = head.replace(f"Subject: {_SUBJECT}\r\n".encode(), _header(subject))
        head = head.replace(_ADDRESS.encode(), address.encode())
        head = head.replace(str(_ID).encode(), str(message_id).encode())
        # The names are escaped in the HTML part, which comes second, and not in the plain one.
        edge = _boundary(head)
        opening, plain, page, end = parts.split(edge)
        for name, value in given.items():
            mark = _MARKS[name].encode()
            plain = plain.replace(mark, value.encode())
            page = page.replace(mark, html.escape(value).encode())
        body = edge.join((opening, plain, page, end))
        whole = head + b"\r\n\r\n" + body
        return Sealed(sender, whole.replace(_TOKEN.encode(), token.encode()))


def _boundary(head: bytes) -> bytes:
    """Give the line that parts a message (RFC 2046, 5.1.1)."""
    found = re.search(rb'boundary="([^"]+)"', head)
    assert found is not None
    return b"--" + found[1]


@lru_cache(maxsize=64)
def _header(subject: str) -> bytes:
    """Write the whole field of a subject, as Django and Python's email package fold and encode it (RFC 2047)."""
    bare: Any = SafeMIMEText("", "plain", "utf-8")
    bare["Subject"] = subject
    found = re.search(rb"Subject:.*?\r\n(?![ \t])", bare.as_bytes(linesep="\r\n"), re.S)
    assert found is not None
    return found[0]
