"""What a restored backup does not know of campaigns: messages that it has as waiting may have been sent since."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from crm import wall
from crm.services import backups
from mailings.models import Campaign, Chunk, Delivery


def halt() -> int:
    """Mark what may have been sent since the backup, and call off what was due; give how many messages.

    Nothing is sent a second time by itself: a person decides (decision 1). Does nothing while the database is as new
    as the journal of refusals.
    """
    with wall.scope("platform"):
        if not backups.is_behind():
            return 0
        sending = Campaign.objects.filter(state__in=[Campaign.State.SENDING, Campaign.State.PAUSED])
        doubtful = Delivery.objects.filter(
            campaign__in=sending.values("pk"), status=Delivery.Status.PENDING
        ).update(status=Delivery.Status.IN_DOUBT, settled_at=timezone.now())
        Chunk.objects.filter(campaign__in=sending.values("pk")).exclude(
            state=Chunk.State.DONE
        ).update(state=Chunk.State.DONE)
        was_due = Q(state=Campaign.State.SCHEDULED, due_at__lte=timezone.now())
        Campaign.objects.filter(was_due).update(state=Campaign.State.CANCELLED)
    return doubtful
