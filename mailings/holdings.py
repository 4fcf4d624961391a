"""What campaigns hold of people, as it is shown to them and forgotten."""

from __future__ import annotations

from django.db.models import Q

from crm.holdings import Gone, Part, register
from crm.reasons import sentences
from crm.sql import erasing
from mailings.models import Audience, OwnMessage


def _reasons(bits: int) -> list[str]:
    return sentences(bits)


PARTS = [
    Part(
        "Campaigns that meant you",
        Audience,
        {
            "Campaign": "campaign__name",
            "Begun": "campaign__started_at",
            "Address": "contact_point__address",
            "Left out, because": "reasons",
        },
        lambda whose: Q(supporter__in=whose.entries),
        {"Left out, because": _reasons},
    ),
    # A view that leaves out coordinated campaigns: nobody learns whose version arrived (R-SEC4).
    Part(
        "Messages to you",
        OwnMessage,
        {
            "Campaign": "campaign__name",
            "What became of it": "status",
            "When": "settled_at",
            "Left out, because": "reasons",
            "The mail server said": "detail",
            "Addressed by name": "is_personal",
            "What its mail server reported": "outcome",
            "Reported": "outcome_at",
        },
        lambda whose: Q(supporter__in=whose.entries),
        {"Left out, because": _reasons},
    ),
]
LEFT_OUT = {
    "mailings_audience.supporter_id": "which row it hangs on",
    "mailings_delivery.supporter_id": "which row it hangs on",
    "mailings_delivery.contact_point_id": "the address stands with the campaign",
    "mailings_delivery.mailbox": "a keyed hash of the address, which stands in the pack itself",
    "mailings_event": "what mail servers reported, by keyed hashes: it stands with the message",
    "mailings_delivery.is_coordinated": "whose version arrived would tell who is on the other list",
}

# What the relay answered may name the address. A message that waits still keeps its inbox: the gate refuses it, and
# another organisation's version may take its place.
_MESSAGES = """
    UPDATE mailings_delivery SET detail = '',
        mailbox = CASE WHEN status = 0 THEN mailbox ELSE uuid_send(gen_random_uuid()) END
    WHERE supporter_id = ANY(%(entries)s) AND organisation_id = %(organisation)s
"""
_ANSWERS = """
    UPDATE mailings_delivery SET detail = ''
    WHERE organisation_id = %(organisation)s AND detail <> ''
      AND EXISTS (SELECT FROM unnest(%(addresses)s::text[]) f WHERE position(f IN lower(detail)) > 0)
"""

# What was reported of their messages, and of their inboxes where it was about no message of ours.
_REPORTS = """
    DELETE FROM mailings_event e WHERE e.delivery_id IN (
        SELECT d.id FROM mailings_delivery d
        WHERE d.supporter_id = ANY(%(entries)s) AND d.organisation_id = %(organisation)s)
"""
_STRAYS = "DELETE FROM mailings_event e WHERE e.state = 2 AND e.mailbox = ANY(%(mailboxes)s)"


def forget(gone: Gone) -> None:
    """Forget what mail servers said of these people, and which inbox it was. Platform scope."""
    erasing.run(_REPORTS, gone)
    erasing.run(_STRAYS, gone)
    erasing.run(_MESSAGES, gone)
    erasing.run(_ANSWERS, gone)


register(parts=PARTS, left_out=LEFT_OUT, forget=forget)
