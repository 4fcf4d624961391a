"""Hands many messages at once to a mail service, through django-anymail, and says what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.utils.module_loading import import_string

from mailings import rendering
from mailings.dispatch.calls import Kind, Letter, Verdict
from mailings.dispatch.moulds import is_plain
from mailings.dispatch.relay import Refused
from mailings.dispatch.routes import Route

# Receivers a call, as the services have it.
MOST = {"mailgun": 1_000, "postmark": 500, "ses": 50}


class Service:
    """An open session with a mail service; made by `opened`."""

    def __init__(self, route: Route, kind: Kind, backend: Any) -> None:
        self._route, self._kind, self._backend = route, kind, backend

    def hand_over(self, prepared: rendering.Prepared, letters: list[Letter]) -> list[Verdict]:
        """Send a batch, at most MOST of the service; give a verdict for each letter, in order.

        Raises Refused if the whole of it was refused, RelayUnavailableError if it was not taken now, InDoubtError if
        nobody can know.
        """
        if not all(is_plain(letter.address) for letter in letters):
            # Each one's values are found by the address as the service reads it: it must read it as we do.
            raise Refused(553, "the service may read the address in another way")
        message = self._kind.message(self._route, prepared, letters)
        try:
            self._backend.send_messages([message])
        except AnymailRecipientsRefused:
            pass  # each has its verdict below
        except AnymailError as error:
            if message.anymail_status.esp_response is None:  # else there is an answer to be read
                raise self._kind.failure(error) from error
        return self._kind.verdicts(message, letters)


@contextmanager
def opened(route: Route) -> Iterator[Service]:
    """Open a session that all batches of a chunk share."""
    # By name: a library such as Amazon's takes 25 MB, and only who sends by it has it.
    kind: Kind = import_string(f"mailings.dispatch.{route.kind}.KIND")
    backend = kind.backend(route)
    backend.open()
    try:
        yield Service(route, kind, backend)
    finally:
        backend.close()
