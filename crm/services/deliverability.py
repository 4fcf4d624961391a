"""What sending taught about addresses: at which inboxes no mail arrives (docs/explanation/consent.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.sql import deliverability as sql


@dataclass(frozen=True, slots=True)
class Bounce:
    """An organisation's mail to an inbox came back for good, at a moment."""

    organisation_id: int
    mailbox: bytes
    at: datetime


def record_bounces(bounces: Sequence[Bounce]) -> None:
    """Stop these organisations' mail to these inboxes, whatever it is; permission is not touched. Platform scope.

    A complaint stays one. Whoever proved since that mail arrives, by signing up or confirming, is not stopped by an
    older bounce that is heard of late.
    """
    if bounces:
        sql.record_bounces(
            [bounce.organisation_id for bounce in bounces],
            [bounce.mailbox for bounce in bounces],
            [bounce.at for bounce in bounces],
        )
