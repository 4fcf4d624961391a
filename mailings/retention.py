"""How long it is kept who was sent what: 24 months, then in sums only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from crm.registry import Keep
from crm.retention import Rule, months_before, register
from mailings.models import Audience, Campaign

_TOTAL = """
    INSERT INTO mailings_campaignsum (organisation_id, campaign_id, of, code, people)
    SELECT a.organisation_id, a.campaign_id, 'decisions', a.reasons, count(*)
    FROM mailings_audience a
    WHERE a.organisation_id = %(organisation)s AND a.campaign_id = ANY(%(campaigns)s)
    GROUP BY 1, 2, 4
    UNION ALL
    -- Of a coordinated campaign nobody learns whose version arrived (R-SEC4): what became of it is not summed.
    SELECT d.organisation_id, d.campaign_id, 'messages', d.status, count(*)
    FROM mailings_delivery d
    WHERE d.organisation_id = %(organisation)s AND d.campaign_id = ANY(%(campaigns)s) AND NOT d.is_coordinated
    GROUP BY 1, 2, 4
    UNION ALL
    SELECT d.organisation_id, d.campaign_id, 'outcomes', d.outcome, count(*)
    FROM mailings_delivery d
    WHERE d.organisation_id = %(organisation)s AND d.campaign_id = ANY(%(campaigns)s) AND NOT d.is_coordinated
      AND d.status = 1
    GROUP BY 1, 2, 4
    ON CONFLICT (campaign_id, organisation_id, of, code) DO NOTHING
"""

_REPORTS = """
    DELETE FROM mailings_event e WHERE e.delivery_id IN (
        SELECT d.id FROM mailings_delivery d
        WHERE d.organisation_id = %(organisation)s AND d.campaign_id = ANY(%(campaigns)s))
"""


def _old_campaigns(organisation_id: int, now: datetime) -> QuerySet[Any, Any]:
    """Give campaigns that ended 24 months ago and of which it is still kept whom of this organisation they meant."""
    meant = Audience.objects.filter(campaign=OuterRef("pk"), organisation=organisation_id)
    return Campaign.objects.filter(
        Exists(meant),
        state__in=[Campaign.State.DONE, Campaign.State.CANCELLED],
        finished_at__lt=months_before(now, 24),
    )


def _end(organisation_id: int, campaigns: Sequence[int]) -> None:
    values: dict[str, Any] = {"organisation": organisation_id, "campaigns": list(campaigns)}
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, values)
        cursor.execute(_REPORTS, values)
        for table in ("mailings_delivery", "mailings_audience"):
            cursor.execute(
                f"DELETE FROM {table} WHERE organisation_id = %(organisation)s"
                " AND campaign_id = ANY(%(campaigns)s)",
                values,
            )


register(
    Rule(
        "sent",
        "Campaigns sent 24 months ago: who got them is deleted, and sums are kept",
        Keep.SENT,
        _old_campaigns,
        _end,
    )
)
