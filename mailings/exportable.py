"""Whose email of a campaign came to one outcome, as a group that can be exported."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.exportable import GROUPS
from crm.models import Organisation, Supporter
from mailings import outcomes
from mailings.models import Campaign

KIND = "outcome"


def name(campaign: Campaign, code: str) -> str:
    """Give what the group is kept by."""
    return f"{KIND} {campaign.public_id} {code}"


def people(organisation: Organisation, words: str) -> QuerySet[Supporter]:
    """Give the people, as they are when the file is made; nobody of a coordinated campaign (R-SEC4)."""
    public_id, _, code = words.partition(" ")
    own = Campaign.objects.filter(public_id=public_id, organisation=organisation).first()
    return outcomes.people(own, code) if own else Supporter.objects.none()


GROUPS[KIND] = people
