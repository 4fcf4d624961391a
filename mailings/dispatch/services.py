"""Hands many messages at once to a mail service, through django-anymail, and says what became of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from anymail.backends.mailgun import EmailBackend as Mailgun
from anymail.backends.postmark import EmailBackend as Postmark
from anymail.exceptions import AnymailError, AnymailRecipientsRefused, AnymailRequestsAPIError
from anymail.message import AnymailMessage
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mailings import rendering
from mailings.dispatch.moulds import is_plain
from mailings.dispatch.relay import InDoubtError, Refused, RelayUnavailableError
from mailings.dispatch.routes import Route

MOST = {"mailgun": 1_000, "postmark": 500}  # receivers a call, as the services have it
_TIMEOUT = 60  # seconds, below the lease


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
    """A service took a message (no words), or says why it did not; `is_permanent`: nor ever will at this address."""

    words: str = ""
    is_permanent: bool = False


class Service:
    """An open session with a mail service; made by `opened`."""

    def __init__(self, route: Route, backend: Any) -> None:
        self._route, self._backend = route, backend

    def hand_over(self, prepared: rendering.Prepared, letters: list[Letter]) -> list[Verdict]:
        """Send a batch, at most MOST of the service; give a verdict for each letter, in order.

        Raises Refused if the whole of it was refused, RelayUnavailableError if it was not taken now, InDoubtError if
        nobody can know.
        """
        if not all(is_plain(letter.address) for letter in letters):
            # Each one's values are found by the address as the service reads it: it must read it as we do.
            raise Refused(553, "the service may read the address in another way")
        message = _MAKE[self._route.kind](self._route, prepared, letters)
        try:
            self._backend.send_messages([message])
        except AnymailRecipientsRefused:
            pass  # each has its verdict below
        except AnymailError as error:
            response = getattr(error, "response", None)
            if response is None or response.status_code != requests.codes.ok:
                raise _meaning(error) from error
            message.anymail_status.esp_response = response
        return _VERDICTS[self._route.kind](message, letters)


@contextmanager
def opened(route: Route) -> Iterator[Service]:
    """Open a session that all batches of a chunk share."""
    backend = _BACKENDS[route.kind](route)
    backend.open()
    try:
        yield Service(route, backend)
    finally:
        backend.close()


def _meaning(error: AnymailError) -> Exception:
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


def _message(prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Make what both services share. Nobody is tracked; our own id comes back with each report."""
    shared = rendering.shared_headers(prepared)
    message = AnymailMessage(
        from_email=rendering.sender(prepared),
        to=[letter.address for letter in letters],
        reply_to=[prepared.organisation.reply_address],
        headers=shared,
    )
    message.track_opens = message.track_clicks = False
    message.merge_metadata = {letter.address: {"d": str(letter.message)} for letter in letters}
    return message


# Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending


def _for_mailgun(route: Route, prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Send the text once, with marks for what differs, and the values of each person beside it."""
    message = _message(prepared, letters)
    mark = "%recipient.{}%".format
    marked = rendering.marked(prepared, mark)
    stop = rendering.list_unsubscribe(prepared, mark(rendering.TOKEN_MARK))
    message.extra_headers["List-Unsubscribe"] = stop
    message.subject, message.body = marked.subject, marked.text
    message.attach_alternative(marked.html, "text/html")
    message.merge_data = {
        letter.address: {
            # A name that looks like a mark must not become one.
            name: value.replace("%recipient", "% recipient")
            for name, value in marked.values(letter.values, letter.token).items()
        }
        for letter in letters
    }
    return message


def _all_taken(_: Any, letters: list[Letter]) -> list[Verdict]:
    """Mailgun takes all of a call or nothing; what it drops later it reports by webhook."""
    return [Verdict() for _ in letters]


# Postmark: https://postmarkapp.com/developer/api/templates-api#send-batch-with-templates


def _for_postmark(route: Route, prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Send each person's text, by a template of the account that holds nothing but three marks."""
    message = _message(prepared, letters)
    message.merge_headers = {
        letter.address: {"List-Unsubscribe": rendering.list_unsubscribe(prepared, letter.token)}
        for letter in letters
    }
    message.template_id = route.options.get("template", "coalesce")
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
    return message


_INVALID, _INACTIVE = 300, 406


def _each_answered(message: Any, letters: list[Letter]) -> list[Verdict]:
    """Read Postmark's answer to each, in the order in which they were sent."""
    try:
        answers = message.anymail_status.esp_response.json()
        codes = [int(answer.get("ErrorCode", 0)) for answer in answers]
    except (ValueError, TypeError, AttributeError) as error:
        raise InDoubtError from error
    if len(codes) != len(letters):
        raise InDoubtError
    return [
        Verdict()
        if code == 0
        else Verdict(f"the service answered {code}", is_permanent=code == _INACTIVE)
        for code in codes
    ]


def _mailgun(route: Route) -> Any:
    region = "api.eu.mailgun.net" if route.options.get("region") == "eu" else "api.mailgun.net"
    return Mailgun(
        api_key=route.secret,
        sender_domain=route.name,
        api_url=route.options.get("api", f"https://{region}/v3"),
        timeout=_TIMEOUT,
    )


def _postmark(route: Route) -> Any:
    return Postmark(
        server_token=route.secret,
        message_stream=route.name,
        api_url=route.options.get("api", "https://api.postmarkapp.com/"),
        timeout=_TIMEOUT,
        ignore_recipient_status=True,
    )


_BACKENDS = {"mailgun": _mailgun, "postmark": _postmark}
_MAKE = {"mailgun": _for_mailgun, "postmark": _for_postmark}
_VERDICTS = {"mailgun": _all_taken, "postmark": _each_answered}
