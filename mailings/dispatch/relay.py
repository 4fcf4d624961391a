"""One kept connection to the mail relay, and what its answers mean."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from mailings.rendering import Letter


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

    def hand_over(self, letter: Letter, address: str) -> None:
        """Send one message to one address.

        Raises Refused or RelayUnavailableError if it was not sent, InDoubtError if nobody can know.
        """
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            from_email=letter.sender,
            to=[address],
            reply_to=[letter.reply_to],
            headers=letter.headers,
            connection=self._backend,
        )
        message.attach_alternative(letter.html, "text/html")
        try:
            self._backend.send_messages([message])
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


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


@contextmanager
def connected() -> Iterator[Relay]:
    """Open a connection to the relay that COALESCE_SMTP names. Raises RelayUnavailableError."""
    address = urlsplit(settings.COALESCE_SMTP)
    backend = get_connection(
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
