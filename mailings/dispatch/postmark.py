"""Postmark: https://postmarkapp.com/developer/api/templates-api#send-batch-with-templates."""

from __future__ import annotations

from typing import Any

from anymail.backends.postmark import EmailBackend

from mailings import rendering
from mailings.dispatch.calls import (
    TIMEOUT,
    Kind,
    Letter,
    Verdict,
    http_failure,
    message_for,
    whole_letters,
)
from mailings.dispatch.relay import InDoubtError
from mailings.dispatch.routes import Route


def _backend(route: Route) -> Any:
    return EmailBackend(
        server_token=route.secret,
        message_stream=route.name,
        api_url=route.options.get("api", "https://api.postmarkapp.com/"),
        timeout=TIMEOUT,
        ignore_recipient_status=True,
    )


def _message(route: Route, prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Send each person's text, by a template of the account."""
    message = message_for(prepared, letters)
    message.track_opens = message.track_clicks = False
    message.template_id = route.options.get("template", "coalesce")
    whole_letters(prepared, letters, message)
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


KIND = Kind(_backend, _message, _each_answered, http_failure)
