"""How a campaign goes while it is sent: pausing, going on, and the limits at which it pauses by itself.

The limits are those at which Gmail and Yahoo begin to turn a sender away (docs/how-to/check-your-deliverability.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mailings.models import Campaign
from mailings.sql import turns

log = logging.getLogger(__name__)
State, Why = Campaign.State, Campaign.Why


@dataclass(frozen=True, slots=True)
class Limit:
    """At which share of the emails handed over a campaign is warned of and pauses, from how many on."""

    why: Campaign.Why
    warns: float
    pauses: float
    at_least: int


LIMITS = (
    Limit(Why.COMPLAINTS, warns=0.001, pauses=0.003, at_least=3),
    Limit(Why.BOUNCES, warns=0.02, pauses=0.05, at_least=10),
)


def watch() -> None:
    """Pause each campaign that goes too badly, and warn of those that begin to. Platform scope.

    After somebody went on in spite of it, it pauses again only when there are twice as many as there were then.
    """
    for course in turns.courses():
        for limit in LIMITS:
            many = course.complaints if limit.why == Why.COMPLAINTS else course.bounces
            share = many / max(course.handed_over, 1)
            if many < limit.at_least or many < 2 * course.let_go.get(limit.why, 0):
                continue
            if share >= limit.pauses:
                turns.pause(course.campaign_id, limit.why, many)
                log.warning("campaign %d pauses: %s", course.campaign_id, limit.why)
                break
            if share >= limit.warns and not course.warned_of:
                turns.warn(course.campaign_id, limit.why)


def is_late(campaign: Campaign) -> bool:
    """Tell whether it was due so long ago that it goes only when somebody says that it still may."""
    if campaign.state != State.SCHEDULED or campaign.due_at is None:
        return False
    return campaign.due_at <= timezone.now() - settings.COALESCE_LATE_AFTER


def pause(*, campaign: Campaign) -> Campaign:
    """Pause a campaign that is being sent: no email begins after the one each worker is just handing over.

    The second time does nothing. Raises ValidationError in a sentence.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if campaign.state == State.SENDING:
            campaign.state, campaign.paused_why = State.PAUSED, Why.PERSON
            campaign.save(update_fields=["state", "paused_why"])
        elif campaign.state != State.PAUSED:
            raise ValidationError("It is not being sent: there is nothing to pause.")
    return campaign


def go_on(*, campaign: Campaign) -> Campaign:
    """Go on with what is paused, or send now what is late; who said stop meanwhile gets nothing.

    Raises ValidationError in a sentence.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        now = timezone.now()
        if campaign.state == State.PAUSED:
            campaign.state, campaign.swept_at = State.SENDING, now
            campaign.paused_why = campaign.warned_of = Why.NOTHING
            campaign.save(update_fields=["state", "swept_at", "paused_why", "warned_of"])
        elif is_late(campaign):
            campaign.due_at = now
            campaign.save(update_fields=["due_at"])
        elif campaign.state != State.SENDING:
            raise ValidationError("It is not paused: there is nothing to go on with.")
    return campaign
