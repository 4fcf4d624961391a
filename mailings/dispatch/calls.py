"""What the calls to all mail services have in common: what goes in, and what comes of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRequestsAPIError
from anymail.message import AnymailMessage
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mailings import rendering
from mailings.dispatch.relay import InDoubtError, Refused, RelayUnavailableError
from mailings.dispatch.routes import Route

TIMEOUT = 60  # seconds, below the lease


@dataclass(frozen=True, slots=True)
class Letter:
    """One person's values in a batch."""

    delivery_id: int
    message: uuid.UUID
    address: str
    values: dict[str, str]
    token: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A service took a message (no words), or says why it did not.

    `is_permanent`: nor ever will at this address; `waits`: it may take it later.
    """

    words: str = ""
    is_permanent: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A service: its backend of anymail, the message for a batch, and what its answer and its failure mean."""

    backend: Callable[[Route], Any]
    message: Callable[[Route, rendering.Prepared, list[Letter]], Any]
    verdicts: Callable[[Any, list[Letter]], list[Verdict]]
    failure: Callable[[AnymailError], Exception]


def message_for(prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Make what all services share. Our own id comes back with each report."""
    shared = rendering.shared_headers(prepared)
    message = AnymailMessage(
        from_email=rendering.sender(prepared),
        to=[letter.address for letter in letters],
        reply_to=[prepared.organisation.reply_address],
        headers=shared,
    )
    message.merge_metadata = {letter.address: {"d": str(letter.message)} for letter in letters}
    return message


def whole_letters(prepared: rendering.Prepared, letters: list[Letter], message: Any) -> None:
    """Add to a message each person's text, for a template that holds nothing but three marks."""
    message.merge_headers = {
        letter.address: {"List-Unsubscribe": rendering.list_unsubscribe(prepared, letter.token)}
        for letter in letters
    }
    message.merge_data = {}
    for letter in letters:
        made = rendering.letter(
            prepared, values=letter.values, token=letter.token, message_id=letter.message
        )
        message.merge_data[letter.address] = {
            "subject": made.subject,
            "text": made.text,
            "html": made.html,
        }


def http_failure(error: AnymailError) -> Exception:
    """Tell what a failed call means: not taken, refused, or not known."""
    if not isinstance(error, AnymailRequestsAPIError):
        return Refused(554, type(error).__name__)  # it could not even be written down
    if error.response is None:
        if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
            return RelayUnavailableError("the service could not be reached")
        return InDoubtError()
    status = error.response.status_code
    if status in (401, 402, 403, 404, 429):
        return RelayUnavailableError(f"the service answered {status}", is_busy=status == 429)
    if 400 <= status < 500:
        return Refused(554, f"the service answered {status}")
    return InDoubtError()


def _never_connected(error: BaseException | None) -> bool:
    """Tell whether a call failed before anything was sent."""
    seen = 0
    while error is not None and seen < 10:
        reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if isinstance(error, NewConnectionError | NameResolutionError) or isinstance(
            getattr(reason, "reason", reason), NewConnectionError | NameResolutionError
        ):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
