"""Amazon SES by its own interface, fifty receivers a call.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html; decision 30.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from anymail.backends.amazon_ses import EmailBackend
from anymail.exceptions import AnymailError
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from botocore.client import Config
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)

from mailings import rendering
from mailings.dispatch.calls import TIMEOUT, Kind, Letter, Verdict, message_for, whole_letters
from mailings.dispatch.relay import InDoubtError, Refused, RelayUnavailableError
from mailings.dispatch.routes import Route, parse

# A template that comes with each call, so that the account needs none.
_TEMPLATE = {"Subject": "{{{subject}}}", "Text": "{{{text}}}", "Html": "{{{html}}}"}
_OFF = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
# It was not sent, for a reason that is the account's and passes, or is put right by a person.
_WAITS = {
    "ACCOUNT_THROTTLED",
    "ACCOUNT_DAILY_QUOTA_EXCEEDED",
    "ACCOUNT_SENDING_PAUSED",
    "ACCOUNT_SUSPENDED",
    "CONFIGURATION_SET_NOT_FOUND",
    "CONFIGURATION_SET_SENDING_PAUSED",
    "INVALID_SENDING_POOL_NAME",
    "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "TRANSIENT_FAILURE",
}
_OF_THE_ACCOUNT = {
    "AccountSuspendedException",
    "LimitExceededException",
    "MailFromDomainNotVerifiedException",
    "SendingPausedException",
}
_NEVER_BEGUN = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
)


class _Backend(EmailBackend):  # type: ignore[misc]
    """Anymail's, with a client that a process makes once: that takes a tenth of a second."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def open(self) -> bool:
        """Take the client of this process."""
        self.client = _client(self._url, os.getpid())
        return True

    def close(self) -> None:
        """Leave the client for the next chunk."""


@lru_cache(maxsize=8)
def _client(url: str, process: int) -> Any:
    """Make the client of a route, `ses://KEY:SECRET@region`; another after a fork, which shares no connection.

    It never calls twice by itself: a call whose answer was lost may have been taken.
    """
    route = parse(url)
    session = boto3.session.Session(
        aws_access_key_id=route.secret,
        aws_secret_access_key=unquote(urlsplit(url).password or ""),
        region_name=route.name,
    )
    return session.client(
        "sesv2",
        endpoint_url=route.options.get("api"),
        config=Config(
            retries={"total_max_attempts": 1}, connect_timeout=TIMEOUT, read_timeout=TIMEOUT
        ),
    )


def _message(route: Route, prepared: rendering.Prepared, letters: list[Letter]) -> Any:
    """Send each person's text; nobody is tracked, whatever the account is set to."""
    message = message_for(prepared, letters)
    whole_letters(prepared, letters, message)
    message.template_id = "unused"  # says to anymail that it is a bulk call
    message.esp_extra = {
        "DefaultContent": {"Template": {"TemplateContent": _TEMPLATE, "TemplateData": "{}"}},
        "ConfigurationOverrides": {"Tracking": _OFF},
    }
    if name := route.options.get("configuration_set"):
        message.esp_extra["ConfigurationSetName"] = name
    return message


def _verdicts(message: Any, letters: list[Letter]) -> list[Verdict]:
    """Read the answer to each, in the order in which they were sent."""
    try:
        found = [
            one["Status"] for one in message.anymail_status.esp_response["BulkEmailEntryResults"]
        ]
    except (KeyError, TypeError) as error:
        raise InDoubtError from error
    if len(found) != len(letters):
        raise InDoubtError
    return [
        Verdict()
        if status == "SUCCESS"
        else Verdict(f"SES answered {status}", waits=status in _WAITS)
        for status in found
    ]


def _failure(error: AnymailError) -> Exception:
    """Tell what a failed call means: not taken, refused, or not known."""
    cause, answer = error.__cause__, getattr(error, "response", None)
    if isinstance(cause, _NEVER_BEGUN):
        return RelayUnavailableError("the service could not be reached")
    if cause is None or isinstance(cause, ParamValidationError):
        return Refused(554, type(cause or error).__name__)  # it could not even be written down
    if not answer:
        return InDoubtError()
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    code = answer["Error"]["Code"]
    if status in (401, 403, 404, 429) or code in _OF_THE_ACCOUNT:
        return RelayUnavailableError(f"SES answered {code}", is_busy=status == 429)
    return Refused(554, f"SES answered {code}") if 400 <= status < 500 else InDoubtError()


class Reports(AmazonSESTrackingWebhookView):  # type: ignore[misc]
    """Anymail's view of what SES reports; a topic is confirmed by a person."""

    def auto_confirm_sns_subscription(self, sns_message: dict[str, Any]) -> None:
        """Leave it: docs/how-to/check-your-deliverability.md says how it is confirmed."""


KIND = Kind(lambda route: _Backend(route.url), _message, _verdicts, _failure)
