"""Why somebody did, or did not, get a campaign: what one organisation's staff may know of it."""

from __future__ import annotations

from dataclasses import dataclass

from crm.models import Supporter
from crm.reasons import sentences
from mailings.models import Audience, Campaign, OwnMessage


@dataclass(frozen=True, slots=True)
class Entry:
    """One campaign that meant a person: what became of it, and every reason why not."""

    campaign: Campaign
    outcome: str
    reasons: list[str]


def of(person: Supporter) -> list[Entry]:
    """Give the campaigns whose segment meant this person, or anyone joined in them, the newest first.

    Of a coordinated campaign staff learn that the person was included, and never whose version came (R-SEC4).
    """
    entries = Audience.objects.filter(
        supporter__canonical=person.canonical_id, organisation=person.organisation_id
    )
    rows = list(entries.select_related("campaign").order_by("-campaign_id")[:200])
    messages = {
        delivery.campaign_id: delivery
        for delivery in OwnMessage.objects.filter(
            supporter__canonical=person.canonical_id, campaign__in=[row.campaign_id for row in rows]
        )
    }
    return [_entry(row, messages.get(row.campaign_id)) for row in rows]


def _entry(row: Audience, message: OwnMessage | None) -> Entry:
    if row.reasons:
        return Entry(row.campaign, "Left out", sentences(row.reasons))
    if row.campaign.is_coordinated:
        return Entry(row.campaign, "Included", [])
    if message is None:
        return Entry(row.campaign, "Somebody else at this inbox gets it", [])
    became = message.get_outcome_display() if message.outcome else message.get_status_display()
    return Entry(row.campaign, became, sentences(message.reasons))
