"""What joint organisers and the steward learn of campaigns of several organisations: tens, counted once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mailings.models import Campaign

FEW = "fewer than 10"


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers rounded to tens; None stands for fewer than ten."""

    name: str
    sent_at: datetime | None
    messages: int | None
    overlap: int | None
    sent: int | None
    refused: int | None
    is_week_old: bool = False
    delivered: int | None = None
    bounced: int | None = None
    complained: int | None = None

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The numbers with what they mean, as they are read."""
        return [
            ("Emails of the campaign", in_words(self.messages)),
            ("Inboxes on more than one list", in_words(self.overlap)),
            ("Sent", in_words(self.sent)),
            ("Refused by the mail server", in_words(self.refused)),
            *self._reported,
        ]

    @property
    def _reported(self) -> list[tuple[str, str]]:
        """What receiving servers had reported after a week; counted once, so that no two looks can be subtracted."""
        if not self.is_week_old:
            return []
        return [
            ("Delivered", in_words(self.delivered)),
            ("Came back", in_words(self.bounced)),
            ("Marked as spam", in_words(self.complained)),
        ]


def in_words(number: int | None) -> str:
    """Give a rounded number as it is read: `about 120`, or `fewer than 10` (scenario 88)."""
    return FEW if number is None else f"about {number:,}"


def for_joint_organisers(campaign: Campaign) -> Totals | None:
    """Give the totals of a campaign that is done, to staff of the coalition; nobody else gets any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mailings_joint_totals(%s)", [campaign.pk])
        row = cursor.fetchone()
    return Totals(campaign.name, campaign.started_at, *row) if row else None


def for_the_steward() -> list[Totals]:
    """Give the totals of every such campaign, the newest first. Steward scope; the look is noted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mailings_steward_totals()")
        return [Totals(*row) for row in cursor.fetchall()]
