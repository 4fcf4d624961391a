"""Messages that may or may not have been sent: how many, to whom, and what somebody decides about them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from crm.models import Supporter
from mailings.figures import in_words
from mailings.models import Campaign, Delivery, OwnMessage

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Doubts:
    """How many messages are in doubt, as it is read; no words: none is."""

    words: str


def of(campaign: Campaign) -> Doubts:
    """Count those of a campaign of the organisation in scope; rounded if several organisations mail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT exact, rounded FROM mailings_doubts(%s)", [campaign.pk])
        row = cursor.fetchone()
    if row is None:
        return Doubts("")
    exact, rounded = row
    return Doubts(f"{exact:,}" if exact is not None else in_words(rounded))


def people(campaign: Campaign) -> list[Supporter]:
    """Give some of those whose message is in doubt; of a coordinated campaign nobody may know."""
    found = OwnMessage.objects.filter(campaign=campaign, status=Delivery.Status.IN_DOUBT)
    return list(Supporter.objects.filter(pk__in=found.values("supporter")[:SHOWN]).order_by("pk"))


def decide(*, campaign: Campaign, send_again: bool) -> None:
    """Have all messages in doubt sent again, or given up, in one statement. Who said stop is asked about again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT mailings_end_doubt(%s, %s)", [campaign.pk, send_again])
