"""One kept connection to the mail relay, and what its answers mean."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from mailings.dispatch.moulds import Sealed


class RelayUnavailableError(Exception):
    """The relay could not be reached, or said that it takes nothing now: the message was not sent.

    `is_busy`: it said so (421).
    """

    def __init__(self, words: str, *, is_busy: bool = False) -> None:
        super().__init__(words)
        self.is_busy = is_busy


@dataclass(
    eq=False
)  # not frozen: Python writes the traceback into an exception that a `with` block raises
class Refused(Exception):
    """The relay refused a message: it was not sent. `is_final`: trying again would not help (5xx)."""

    code: int
    answer: str

    @property
    def is_final(self) -> bool:
        """Whether the answer is a permanent one (RFC 5321, 4.2.1)."""
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.answer}"


class InDoubtError(Exception):
    """The connection broke after the message may have been handed over (RFC 1047)."""


class Relay:
    """An open connection to the relay; made by `connected`."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def hand_over(self, message: Sealed, address: str) -> None:
        """Send one message to one address.

        Raises Refused or RelayUnavailableError if it was not sent, InDoubtError if nobody can know.
        """
        try:
            _deliver(self._backend.connection, message, _on_the_wire(address))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise Refused(code, _text(answer)) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code == 421:
                # What it says may name the address, and is logged.
                raise RelayUnavailableError("it answered 421", is_busy=True) from error
            raise Refused(error.smtp_code, _text(error.smtp_error)) from error
        except _NotBegunError as error:
            raise RelayUnavailableError("the connection broke before the message") from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise InDoubtError from error


# What parsing would give back as it is (RFC 5322, 3.4.1: a dot-atom on both sides): nearly every address.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def is_plain(address: str) -> bool:
    """Tell whether an address is one of the usual form, which everything that parses it gives back as it is."""
    return _PLAIN.fullmatch(address) is not None


def _on_the_wire(address: str) -> str:
    """Give an address as SMTP takes it; parsing it costs as much as asking the gate, so plain ones are not."""
    return address if is_plain(address) else sanitize_address(address, "utf-8")


class _NotBegunError(Exception):
    """The connection broke before the first byte of the message: nobody can have got it."""


def _deliver(connection: smtplib.SMTP, message: Sealed, address: str) -> None:
    """Speak SMTP: first the envelope, then the message.

    Raises what smtplib.SMTP.sendmail raises, and _NotBegunError.
    """
    try:
        _open(connection, message, address)
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        if isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
            raise  # an answer, though smtplib calls it an OSError too
        raise _NotBegunError from error
    ending = b".\r\n" if message.content.endswith(b"\r\n") else b"\r\n.\r\n"
    connection.send(_LEADING_DOT.sub(b"..", message.content) + ending)
    answer = connection.getreply()
    if answer[0] != _OK:
        raise _given_up(connection, smtplib.SMTPDataError(*answer))


def _open(connection: smtplib.SMTP, message: Sealed, address: str) -> None:
    """Write the envelope: in one go where the server takes several commands at once (RFC 2920)."""
    takes_8bit = connection.has_extn("8bitmime") and not message.content.isascii()
    options = ["BODY=8BITMIME"] if takes_8bit else []
    if connection.has_extn("size"):
        options.append(f"SIZE={len(message.content)}")
    opening = " ".join([f"MAIL FROM:<{message.sender}>", *options])
    commands = (opening, f"RCPT TO:<{address}>", "DATA")
    if connection.has_extn("pipelining"):
        connection.send("".join(f"{command}\r\n" for command in commands))
        sender, recipient, data = (connection.getreply() for _ in commands)
        if data[0] == _GO_ON and (sender[0] != _OK or recipient[0] not in _TAKEN):
            # Nobody is to get it, and the server waits for a message (RFC 2920, 3.1).
            connection.send(".\r\n")
            connection.getreply()
    else:
        sender = recipient = data = connection.docmd(opening)
        if sender[0] == _OK:
            recipient = data = connection.docmd(commands[1])
        if recipient[0] in _TAKEN:
            data = connection.docmd(commands[2])
    if sender[0] != _OK:
        raise _given_up(connection, smtplib.SMTPSenderRefused(*sender, message.sender))
    if recipient[0] not in _TAKEN:
        raise _given_up(connection, smtplib.SMTPRecipientsRefused({address: recipient}))
    if data[0] != _GO_ON:
        raise _given_up(connection, smtplib.SMTPDataError(*data))


_OK, _GO_ON, _CLOSING = 250, 354, 421
_TAKEN = (250, 251)
_LEADING_DOT = re.compile(rb"(?m)^\.")


def _given_up(connection: smtplib.SMTP, error: smtplib.SMTPException) -> smtplib.SMTPException:
    """End a message that was not taken, so that the next can begin. The answer stands, whatever follows it."""
    code = getattr(error, "smtp_code", 0)
    if code == _CLOSING:
        connection.close()
    else:
        with suppress(smtplib.SMTPServerDisconnected, OSError):
            connection.rset()
    return error


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


@contextmanager
def connected(url: str = "") -> Iterator[Relay]:
    """Open a connection to a relay, or to the one that COALESCE_SMTP names. Raises RelayUnavailableError."""
    address = urlsplit(url or settings.COALESCE_SMTP)
    backend = EmailBackend(
        host=address.hostname,
        port=address.port or 25,
        username=unquote(address.username or ""),
        password=unquote(address.password or ""),
        use_ssl=address.scheme == "smtps",
        use_tls=address.scheme == "smtp" and bool(address.username),
    )
    try:
        backend.open()
        # What the server offers decides how the first message is written, too.
        cast(smtplib.SMTP, backend.connection).ehlo_or_helo_if_needed()
    except (smtplib.SMTPException, OSError) as error:
        raise RelayUnavailableError(f"{type(error).__name__} on connecting") from error
    try:
        yield Relay(backend)
    finally:
        backend.close()
