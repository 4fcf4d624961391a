"""The connection to the mail relay that a worker keeps, and what its answers mean."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from mailings.dispatch.moulds import Sealed, needs_utf8, on_the_wire


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
        # The envelope that was written with the end of the message before it, and is to be answered still.
        self._begun: tuple[Sealed, str] | None = None

    def hand_over(
        self, message: Sealed, address: str, *, following: tuple[Sealed, str] | None = None
    ) -> None:
        """Send one message to one address. `following`: message and address that will most likely be next.

        The envelope of the next is written with the end of this one, where the server takes several commands at once:
        one wait for a message instead of two (RFC 2920). Should another be next after all, or none, the connection
        is dropped and opened anew: what has no end is nobody's message (RFC 5321, 4.1.1.4).

        Raises Refused or RelayUnavailableError if it was not sent, InDoubtError if nobody can know.
        """
        begun, self._begun = self._begun, None
        if begun is not None and begun != (message, address):
            self._begin_anew()
            begun = None
        connection = self._backend.connection
        if not _takes(connection, address):
            raise Refused(553, "5.6.7 The mail server takes no address with such letters.")
        envelope = b""
        if following is not None and connection.has_extn("pipelining"):
            envelope = (
                _envelope(connection, *following) if _takes(connection, following[1]) else b""
            )
        try:
            _open(connection, message, address, is_begun=begun is not None)
            _finish(connection, message, envelope)
            self._begun = following if envelope else None
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise Refused(code, _text(answer)) from error
        except smtplib.SMTPResponseException as error:
            if error.smtp_code == _CLOSING:
                # What it says may name the address, and is logged.
                raise RelayUnavailableError("it answered 421", is_busy=True) from error
            if envelope and isinstance(error, _RefusedAtTheEndError):
                self._begun = following
            raise Refused(error.smtp_code, _text(error.smtp_error)) from error
        except _NotBegunError as error:
            raise RelayUnavailableError("the connection broke before the message") from error
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._hang_up()
            raise InDoubtError from error

    def _begin_anew(self) -> None:
        """Drop a connection on which a message was begun that nobody is to get, and open another."""
        self._hang_up()
        _dial(self._backend)

    def _hang_up(self) -> None:
        """Drop the connection without a word: the server may wait for a message, and take the word for one."""
        self._backend.connection.close()
        self._backend.connection = None

    def is_at_rest(self) -> bool:
        """Tell whether the next message can begin: the connection is open, and no envelope waits for its message."""
        connection = self._backend.connection
        return self._begun is None and connection is not None and connection.sock is not None

    def answers(self) -> bool:
        """Ask whether the server still listens; one round trip."""
        try:
            return bool(self._backend.connection.rset()[0] == _OK)
        except (smtplib.SMTPException, OSError):
            return False

    def close(self) -> None:
        """End the connection."""
        if self._begun is not None:
            self._hang_up()
        self._backend.close()


class _NotBegunError(Exception):
    """The connection broke before the first byte of the message: nobody can have got it."""


class _RefusedAtTheEndError(smtplib.SMTPDataError):
    """The server had the whole message, and did not take it: nothing is left to be ended."""


def _finish(connection: smtplib.SMTP, message: Sealed, envelope: bytes) -> None:
    """Write the message, and the envelope of the next one if there is any; read whether it was taken."""
    content = message.content
    if b"\n." in content or content.startswith(b"."):
        content = _LEADING_DOT.sub(b"..", content)
    ending = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    connection.send(b"".join((content, ending, envelope)))
    answer = connection.getreply()
    if answer[0] != _OK:
        if answer[0] == _CLOSING:
            connection.close()
        raise _RefusedAtTheEndError(*answer)


def _takes(connection: smtplib.SMTP, address: str) -> bool:
    """Tell whether the server takes mail to such an address."""
    return connection.has_extn("smtputf8") or not needs_utf8(address)


def _commands(connection: smtplib.SMTP, message: Sealed, address: str) -> tuple[str, str, str]:
    """Give the commands of an envelope."""
    takes_8bit = connection.has_extn("8bitmime") and not message.content.isascii()
    options = ["BODY=8BITMIME"] if takes_8bit else []
    if connection.has_extn("size"):
        options.append(f"SIZE={len(message.content)}")
    if needs_utf8(address):
        options.append("SMTPUTF8")
    opening = " ".join([f"MAIL FROM:<{message.sender}>", *options])
    return opening, f"RCPT TO:<{on_the_wire(address)}>", "DATA"


def _envelope(connection: smtplib.SMTP, message: Sealed, address: str) -> bytes:
    """Give an envelope as it is written in one go (RFC 2920); DATA comes last in it."""
    return "".join(f"{line}\r\n" for line in _commands(connection, message, address)).encode()


def _open(connection: smtplib.SMTP, message: Sealed, address: str, *, is_begun: bool) -> None:
    """Write the envelope, unless it is there already, and read what the server says to it.

    Raises what smtplib.SMTP.sendmail raises, and _NotBegunError.
    """
    try:
        if connection.has_extn("pipelining"):
            if not is_begun:
                connection.send(_envelope(connection, message, address))
            sender, recipient, data = (connection.getreply() for _ in range(3))
            if data[0] == _GO_ON and (sender[0] != _OK or recipient[0] not in _TAKEN):
                # Nobody is to get it, and the server waits for a message (RFC 2920, 3.1).
                connection.send(".\r\n")
                connection.getreply()
        else:
            opening, naming, beginning = _commands(connection, message, address)
            sender = recipient = data = connection.docmd(opening)
            if sender[0] == _OK:
                recipient = data = connection.docmd(naming)
            if recipient[0] in _TAKEN:
                data = connection.docmd(beginning)
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise _NotBegunError from error
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


IDLE = 60.0  # seconds; servers drop who says nothing for five minutes (RFC 5321, 4.5.3.2.7)
_kept: dict[str, tuple[Relay, float]] = {}


@contextmanager
def kept(url: str) -> Iterator[Relay]:
    """Give this process's connection to a relay, opened if there is none that answers; it is kept for the next time.

    For a worker, which sends one chunk at a time. After an error it is closed. Raises RelayUnavailableError.
    """
    relay, used_at = _kept.pop(url, (None, 0.0))
    if relay is not None and (time.monotonic() - used_at > IDLE or not relay.answers()):
        relay.close()
        relay = None
    relay = relay or _opened(url)
    try:
        yield relay
    except BaseException:
        relay.close()
        raise
    if relay.is_at_rest():
        _kept[url] = (relay, time.monotonic())
    else:
        relay.close()


@contextmanager
def connected(url: str = "") -> Iterator[Relay]:
    """Open a connection to a relay, or to the one that COALESCE_SMTP names. Raises RelayUnavailableError."""
    relay = _opened(url or settings.COALESCE_SMTP)
    try:
        yield relay
    finally:
        relay.close()


def _opened(url: str) -> Relay:
    address = urlsplit(url)
    backend = EmailBackend(
        host=address.hostname,
        port=address.port or 25,
        username=unquote(address.username or ""),
        password=unquote(address.password or ""),
        use_ssl=address.scheme == "smtps",
        use_tls=address.scheme == "smtp" and bool(address.username),
    )
    _dial(backend)
    return Relay(backend)


def _dial(backend: EmailBackend) -> None:
    try:
        backend.open()
        # What the server offers decides how the first message is written, too.
        connection = cast(smtplib.SMTP, backend.connection)
        connection.ehlo_or_helo_if_needed()
        connection.command_encoding = "utf-8"  # of an address with such letters; all else is ASCII
    except (smtplib.SMTPException, OSError) as error:
        raise RelayUnavailableError(f"{type(error).__name__} on connecting") from error
