"""Reads what mail services report by webhook: first whether it is from them, then what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from mailings.models import Delivery
from mailings.reports import Report, enhanced_code, is_about_the_address, message_of

Outcome = Delivery.Outcome


class NotFromThemError(Exception):
    """The signature or the secret is missing or wrong, or none is set up: nothing of it is kept."""


class UnreadableError(Exception):
    """It is from the service, and cannot be read; what kind of failure it was, without values."""


# By the word in the address: anymail's view. By name: Amazon's library is large, and is loaded with the first report.
_VIEWS = {
    "ses": "mailings.dispatch.ses.Reports",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
}
PROVIDERS = tuple(_VIEWS)
# Opened and clicked are not kept at all: nobody is tracked (house rule 9). Nor is what says nothing new.
_KINDS = {
    EventType.SENT: Outcome.NONE,
    EventType.QUEUED: Outcome.NONE,
    EventType.DEFERRED: Outcome.DEFERRED,
    EventType.DELIVERED: Outcome.DELIVERED,
    EventType.REJECTED: Outcome.REJECTED,
    EventType.FAILED: Outcome.REJECTED,
    EventType.BOUNCED: Outcome.BOUNCED,
    EventType.UNSUBSCRIBED: Outcome.UNSUBSCRIBED,
    EventType.COMPLAINED: Outcome.COMPLAINED,
}


def read(provider: str, request: HttpRequest) -> list[Report]:
    """Give the reports of a request. Raises NotFromThemError or UnreadableError."""
    try:
        view = _verified(provider, request)
        return list(_reports(provider, view.parse_events(request)))
    except AnymailWebhookValidationFailure as error:
        raise NotFromThemError from error
    except (
        AnymailError,
        ArithmeticError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        raise UnreadableError(type(error).__name__) from error


def _verified(provider: str, request: HttpRequest) -> Any:
    """Give the view that took the request for the service's: by any of the keys or secrets that are set."""
    if provider == "mailgun":
        tries = [
            {"webhook_signing_key": key, "webhook_secret": []}
            for key in settings.COALESCE_MAILGUN_SIGNING_KEYS
        ]
    else:
        secrets = list(settings.COALESCE_WEBHOOK_SECRETS)
        tries = [{"webhook_secret": secrets}] if secrets else []
    for values in tries:
        view = import_string(_VIEWS[provider])(**values)
        try:
            view.run_validators(request)
        except AnymailWebhookValidationFailure:
            continue
        return view
    raise NotFromThemError


def _reports(provider: str, events: list[AnymailTrackingEvent]) -> Iterator[Report]:
    for event in events:
        kind = _KINDS.get(event.event_type)
        if kind is None:
            continue
        told = _TOLD[provider](event.esp_event)
        code = told.get("code") or enhanced_code(event.mta_response or "")
        message = message_of(str(event.metadata.get("d", ""))) or message_of(event.message_id or "")
        at = event.timestamp or timezone.now()
        yield Report(
            route=provider,
            # Not each service gives an id, and not for each event (anymail, "Event tracking").
            same=event.event_id or f"{event.message_id} {event.timestamp}",
            kind=told.get("kind", kind),
            happened_at=at if timezone.is_aware(at) else timezone.make_aware(at),
            message=message or message_of(told.get("message_id", "")),
            address=event.recipient or "",
            code=code,
            is_permanent=kind == Outcome.BOUNCED and told["is_permanent"](code),
        )


def _of_ses(event: dict[str, Any]) -> dict[str, Any]:
    """Read what Anymail leaves: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html."""
    headers = event.get("mail", {}).get("headers", [])
    ids = [one["value"] for one in headers if one["name"].lower() == "message-id"]
    bounce, complaint = event.get("bounce", {}), event.get("complaint", {})
    told: dict[str, Any] = {
        "message_id": ids[0] if ids else "",
        "is_permanent": lambda code: (
            bounce.get("bounceType") == "Permanent" and (not code or is_about_the_address(code))
        ),
    }
    if statuses := [one.get("status") for one in bounce.get("bouncedRecipients", [])]:
        told["code"] = statuses[0] if len(set(statuses)) == 1 else ""
    if complaint.get("complaintSubType") == "OnAccountSuppressionList":
        told["kind"] = Outcome.REJECTED  # an older complaint kept it back; this is no new one
    return told


def _of_mailgun(event: Any) -> dict[str, Any]:
    """Read what Anymail leaves: https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks."""
    data = event.get("event-data", {})
    status = data.get("delivery-status") or {}
    return {
        "code": str(status.get("enhanced-code") or ""),
        "is_permanent": lambda code: (
            data.get("severity") == "permanent"
            and (data.get("reason") == "suppress-bounce" or is_about_the_address(code))
        ),
    }


def _of_postmark(event: dict[str, Any]) -> dict[str, Any]:
    """Read what Anymail leaves: https://postmarkapp.com/developer/webhooks/bounce-webhook."""
    return {"is_permanent": lambda _: event.get("Type") == "HardBounce"}


_TOLD: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ses": _of_ses,
    "mailgun": _of_mailgun,
    "postmark": _of_postmark,
}
