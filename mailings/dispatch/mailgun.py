"""Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/batch-sending."""

from __future__ import annotations

from typing import Any

from anymail.backends.mailgun import EmailBackend

from mailings import rendering
from mailings.dispatch.calls import TIMEOUT, Kind, Letter, Verdict, http_failure, message_for
from mailings.dispatch.routes import Route


def _backend(route: Route) -> Any:
    region = "api.eu.mailgun.net" if route.options.get("region") == "eu" else "api.mailgun.net"
    return EmailBackend(
        api_key=route.secret,
        sender_domain=route.name,
        api_url=route.options.get("api", f"https://{region}/v3"),
        timeout=TIMEOUT,
    )


def _message(route: Route, prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Send the text once, with marks for what differs, and the values of each person beside it."""
    message = message_for(prepared, letters)
    message.track_opens = message.track_clicks = False
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


KIND = Kind(_backend, _message, _all_taken, http_failure)
