"""The tables of mailings, one module for each subject."""

from mailings.models.campaigns import Campaign, CampaignSum, Figures, JointApproval, Version
from mailings.models.deliveries import Audience, Chunk, Delivery, OwnMessage
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
