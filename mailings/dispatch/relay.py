"""One kept connection to the mail relay, and what its answers mean."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from mailings.dispatch.moulds import Sealed


class RelayUnavailableError(Exception):
    """The relay could not be reached, or said that it takes nothing now: the message was not sent."""


@dataclass(frozen=True, slots=True)
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
            _deliver(self._backend.connection, message, sanitize_address(address, "utf-8"))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise Refused(code, _text(answer)) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code == 421:
                # What it says may name the address, and is logged.
                raise RelayUnavailableError("it answered 421") from error
            raise Refused(error.smtp_code, _text(error.smtp_error)) from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise InDoubtError from error


def _deliver(connection: smtplib.SMTP, message: Sealed, address: str) -> None:
    """Speak SMTP: the envelope in one go where the server takes several commands at once (RFC 2920).

    Raises what smtplib.SMTP.sendmail raises.
    """
    options = [] if message.content.isascii() else ["BODY=8BITMIME"]
    if not connection.has_extn("8bitmime"):
        options = []
    if not connection.has_extn("pipelining"):
        connection.sendmail(message.sender, [address], message.content, options)
        return
    if connection.has_extn("size"):
        options.append(f"SIZE={len(message.content)}")
    opening = " ".join([f"MAIL FROM:<{message.sender}>", *options])
    connection.send(f"{opening}\r\nRCPT TO:<{address}>\r\nDATA\r\n")
    sender, recipient, data = (connection.getreply() for _ in range(3))
    if data[0] == _GO_ON and (sender[0] != _OK or recipient[0] not in _TAKEN):
        connection.send(
            ".\r\n"
        )  # nobody is to get it, and the server waits for a message (RFC 2920, 3.1)
        connection.getreply()
    if sender[0] != _OK:
        raise _given_up(connection, smtplib.SMTPSenderRefused(*sender, message.sender))
    if recipient[0] not in _TAKEN:
        raise _given_up(connection, smtplib.SMTPRecipientsRefused({address: recipient}))
    if data[0] != _GO_ON:
        raise _given_up(connection, smtplib.SMTPDataError(*data))
    ending = b".\r\n" if message.content.endswith(b"\r\n") else b"\r\n.\r\n"
    connection.send(_LEADING_DOT.sub(b"..", message.content) + ending)
    answer = connection.getreply()
    if answer[0] != _OK:
        raise _given_up(connection, smtplib.SMTPDataError(*answer))


_OK, _GO_ON, _CLOSING = 250, 354, 421
_TAKEN = (250, 251)
_LEADING_DOT = re.compile(rb"(?m)^\.")


def _given_up(connection: smtplib.SMTP, error: smtplib.SMTPException) -> smtplib.SMTPException:
    """End a message that was not taken, so that the next can begin."""
    code = getattr(error, "smtp_code", 0)
    if code == _CLOSING:
        connection.close()
    else:
        connection.rset()
    return error


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


@contextmanager
def connected() -> Iterator[Relay]:
    """Open a connection to the relay that COALESCE_SMTP names. Raises RelayUnavailableError."""
    address = urlsplit(settings.COALESCE_SMTP)
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
    except (smtplib.SMTPException, OSError) as error:
        raise RelayUnavailableError(f"{type(error).__name__} on connecting") from error
    try:
        yield Relay(backend)
    finally:
        backend.close()
