"""The tables of mailings, one module for each subject."""

from mailings.models.approvals import JointApproval
from mailings.models.campaigns import (
    Audience,
    Campaign,
    CampaignSum,
    Chunk,
    Delivery,
    Figures,
    OwnMessage,
    Version,
)
from mailings.models.events import Event
from mailings.models.pace import DayCount, Pace, WarmUp

__all__ = [
    "Audience",
    "Campaign",
    "CampaignSum",
    "Chunk",
    "DayCount",
    "Delivery",
    "Event",
    "Figures",
    "JointApproval",
    "OwnMessage",
    "Pace",
    "Version",
    "WarmUp",
]
