"""From an approved campaign to a queue, and the sweep that keeps every queue moving."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from crm import wall
from crm.services import backups
from crm.sql import statistics
from mailings import audience
from mailings.models import Campaign, Version
from mailings.services import campaigns, courses
from mailings.sql import freezing, letters, queue, turns

log = logging.getLogger(__name__)


def freeze(*, campaign_id: int) -> int:
    """Fix who gets a campaign whose time has come, and queue the messages; give how many there are.

    All in one transaction that can be run again: whoever comes second finds the work done.
    """
    with wall.scope("platform"):
        if backups.is_behind():  # a backup was restored: refusals are missing
            return 0
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.state != Campaign.State.SCHEDULED or not _is_due(campaign):
            return 0
        if courses.is_late(campaign):  # after an outage: somebody must say that it still may go
            return 0
        if campaigns.not_live(campaign):  # turned off since it was approved: it waits
            return 0
        for version in Version.objects.filter(campaign=campaign, approved_at__isnull=False):
            freezing.audience(version, audience.question(version))
        statistics.refresh("mailings_audience")
        total = freezing.deliveries(campaign.pk, is_coordinated=campaign.is_coordinated)
        freezing.chunks(campaign.pk, total)
        campaign.state = Campaign.State.SENDING
        campaign.started_at = campaign.swept_at = timezone.now()
        own = campaign.mode == Campaign.Mode.OWN
        if own and campaign.organisation.code in settings.COALESCE_ROUTES:
            campaign.route = Campaign.Route.OWN
        campaign.save(update_fields=["state", "started_at", "swept_at", "route"])
    return total


def _is_due(campaign: Campaign) -> bool:
    return campaign.due_at is not None and campaign.due_at <= timezone.now()


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do: service mail, campaigns to freeze, and for each campaign how many workers to wake."""

    has_service_mail: bool
    to_freeze: list[int]
    to_wake: list[tuple[int, int]]


def sweep() -> Work:
    """Clear up after dead workers, call finished campaigns done, and find what waits.

    The rows say all there is to do, so that losing the broker loses nothing (house rule 6).
    """
    with wall.scope("platform"):
        if doubtful := queue.reap():
            log.warning("%d messages may have been sent when a worker died", doubtful)
        if late := turns.keep_time(settings.COALESCE_LATE_AFTER):
            log.warning(
                "%d campaigns stood still for hours: they go on when somebody says so", late
            )
        courses.watch()
        turns.call_off()
        turns.finish()
        now = timezone.now()
        due = Campaign.objects.filter(
            state=Campaign.State.SCHEDULED,
            due_at__lte=now,
            due_at__gt=now - settings.COALESCE_LATE_AFTER,
        )
        return Work(
            has_service_mail=letters.waits(),
            to_freeze=[
                found.pk for found in due.order_by("due_at")[:20] if not campaigns.not_live(found)
            ],
            to_wake=turns.to_wake(settings.COALESCE_SENDING_SLOTS),
        )
