"""What Amazon SES, Mailgun and Postmark send by webhook, signed or with the secret as they do."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from base64 import b64encode
from typing import Any

from django.test import Client
from django.urls import reverse

KEY, SECRET = "mailgun-signing-key", "events:quite-a-secret"
AT = "2026-11-20T10:00:00.000Z"


def mailgun(
    event: str, about: uuid.UUID, address: str, *, key: str = KEY, token: str = "", **data: Any
) -> int:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks"""
    token = token or uuid.uuid4().hex
    stamp = "1795000000"
    sign = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    headers = {"message-id": f"{about}@socr.example.org"}
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": sign},
        "event-data": {
            "event": event,
            "timestamp": 1779271200.5,
            "recipient": address,
            "message": {"headers": headers},
            "user-variables": {},
            "tags": [],
            **data,
        },
    }
    return _post("mailgun", body)


def mailgun_failed(message: uuid.UUID, address: str, code: str = "5.1.1", **extra: Any) -> int:
    """A failure for good, as Mailgun tells it."""
    status = {"enhanced-code": code, "code": 550, "message": f"<{address}> no such person"}
    return mailgun(
        "failed", message, address, severity="permanent", **{"delivery-status": status}, **extra
    )


def postmark(
    record: str, message: uuid.UUID, address: str, *, secret: str = SECRET, **data: Any
) -> int:
    """https://postmarkapp.com/developer/webhooks/webhooks-overview"""
    body = {
        "RecordType": record,
        "MessageID": str(uuid.uuid4()),
        "Metadata": {"d": str(message)},
        "Email": address,
        "Recipient": address,
        "DeliveredAt": AT,
        "Details": f"smtp;550 5.1.1 <{address}>",
        **data,
    }
    return _post("postmark", body, secret=secret)


def ses(event: str, message: uuid.UUID, address: str, *, secret: str = SECRET, **data: Any) -> int:
    """https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html"""
    told = {
        "eventType": event,
        "mail": {
            "messageId": "0102018f-000000",
            "destination": [address],
            "headers": [{"name": "Message-ID", "value": f"<{message}@socr.example.org>"}],
        },
        event.lower(): data,
    }
    number = str(uuid.uuid4())
    body = {
        "Type": "Notification",
        "MessageId": number,
        "TopicArn": "arn:aws:sns:eu-west-2:1:mail",
        "Timestamp": AT,
        "Message": json.dumps(told),
    }
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": number}
    return _post("ses", body, secret=secret, **headers)


def _post(provider: str, body: dict[str, Any], *, secret: str = "", **headers: str) -> int:
    if secret:
        headers["Authorization"] = f"Basic {b64encode(secret.encode()).decode()}"
    client = Client(raise_request_exception=False)
    answer = client.post(
        reverse("mail-events", args=[provider]),
        json.dumps(body),
        content_type="application/json",
        headers=headers,
    )
    return int(answer.status_code)
