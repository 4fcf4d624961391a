"""What comes back by mail, for relays that report by mail alone: the same path as what comes by webhook."""

from __future__ import annotations

import imaplib
import logging
from collections import Counter
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError

from crm import wall
from crm.hashing import hashes_of
from crm.identity import addresses
from crm.models import AddressKey, Organisation
from crm.services import permissions
from crm.tokens import Preference
from mailings import boxes, returned
from mailings.models import Delivery
from mailings.reports import Report
from mailings.services import events

log = logging.getLogger(__name__)


def read_all() -> dict[str, int]:
    """Read every mailbox of COALESCE_RETURNS; give how many mails were reports, stops, people's own or unclear.

    A mail is moved only after what it says was committed, so that it is read twice rather than never.
    """
    counted: Counter[str] = Counter()
    for number, url in enumerate(settings.COALESCE_RETURNS, 1):
        try:
            with boxes.opened(url) as box:
                for key, content in box.fresh():
                    counted[_deal_with(box, key, content)] += 1
        except (OSError, imaplib.IMAP4.error, DatabaseError) as error:
            log.error("mailbox %d of COALESCE_RETURNS: %s", number, type(error).__name__)
    events.settle()
    return dict(counted)


def _deal_with(box: boxes.Box, key: str, content: bytes) -> str:
    try:
        kind = take(content)
    except returned.UnclearError as unclear:
        box.put_aside(key, content, str(unclear))
        return "unclear"
    except (OSError, DatabaseError):
        raise  # the mail is as it was, and is read again
    except Exception as error:  # whatever is wrong with it, it holds up no other
        log.error("a mail that came back could not be read: %s", type(error).__name__)
        box.put_aside(key, content, f"It could not be read ({type(error).__name__}).")
        return "unclear"
    if kind == "people":
        box.leave(key)
    else:
        box.finish(key)
    return kind


def take(content: bytes) -> str:
    """Do what one mail says, and say what it was: `reports`, `stops`, or `people` for what people are to read.

    Raises UnclearError in a sentence.
    """
    found = returned.read(content)
    if found is None:
        return "people"
    with wall.scope("platform"):
        if isinstance(found, returned.Stop):
            _stop(found)
            return "stops"
        events.keep([_complete(told) for told in found])
        return "reports"


def _complete(told: returned.Told) -> Report:
    """Say of a report which message and inbox it is about, by the signed link where the headers do not."""
    if told.link is None:
        return told.report
    mailbox = _mailbox(told.link)
    message = told.report.message
    if message is None and mailbox and told.link.campaign:
        found = Delivery.objects.filter(campaign__public_id=told.link.campaign, mailbox=mailbox)
        message = found.values_list("public_id", flat=True).first()
    return replace(told.report, message=message, mailbox=mailbox or b"")


def _mailbox(link: Preference) -> bytes | None:
    keys = AddressKey.objects.filter(
        contact_point__public_id=link.point, organisation=link.organisation_id
    )
    found = keys.values_list("mailbox", flat=True).first()
    return bytes(found) if found else None


def _stop(found: returned.Stop) -> None:
    """Stop mail from the organisation that was written to, to the address that wrote and to those of quoted links."""
    written_to = {addresses.fold(address) for address in found.to}
    told = {
        (organisation.pk, hashes_of(addresses.fold(found.address)).mailbox)
        for organisation in Organisation.objects.all()
        if written_to
        & {addresses.fold(organisation.reply_address), addresses.fold(organisation.sender_address)}
    }
    linked = {(link.organisation_id, _mailbox(link)) for link in found.links}
    told |= {(organisation, mailbox) for organisation, mailbox in linked if mailbox}
    if not told:
        raise returned.UnclearError(
            "Somebody asks for no more mail, and wrote to no organisation's address: find out which, and record it."
        )
    for organisation, mailbox in sorted(told):
        permissions.stop_mailbox(organisation_id=organisation, mailbox=mailbox, detail="reply")
    permissions.refold(mailboxes=sorted({mailbox for _, mailbox in told}))
