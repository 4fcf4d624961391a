"""Sends service mail: each message at least once, soon, and no inbox more than a few an hour."""

from __future__ import annotations

import logging

from crm import wall
from crm.models import ServiceMail
from crm.services import backups
from mailings import letters
from mailings.dispatch import moulds
from mailings.dispatch.relay import InDoubtError, Refused, Relay, RelayUnavailableError, connected
from mailings.sql import letters as queue

log = logging.getLogger(__name__)


def send_service_mail() -> int:
    """Send all service mail that is due; give how many messages were handed over.

    Each step commits by itself. A message is taken before it is handed over and settled after, so that a worker
    that dies between the two leaves it to be sent again: of these messages, twice is better than never.
    """
    sent = 0
    with wall.platform_session():
        if not queue.waits() or backups.is_behind():
            return 0
        try:
            with connected() as relay:
                while (found := queue.claim()) is not None:
                    sent += _send_one(relay, found)
        except RelayUnavailableError as error:
            log.warning("the relay is not available: %s", error)
        except InDoubtError:
            log.warning("the relay broke off; the message is sent again")
    return sent


def _send_one(relay: Relay, mail_id: int) -> bool:
    """Hand one message over, or settle why not; give whether it was."""
    mail = ServiceMail.objects.select_related("organisation", "contact_point").get(pk=mail_id)
    if queue.is_too_much(mail):
        if mail.kind in ServiceMail.ASKED_FOR_BY_ANYONE:
            queue.settle_failed(mail, "the inbox got enough in this hour")
        else:
            queue.put_off(mail)
        return False
    address = mail.contact_point.address if mail.contact_point else mail.address
    try:
        relay.hand_over(moulds.seal(letters.compose(mail, mail.organisation), address), address)
    except Refused as refused:
        if refused.is_final or mail.tries >= queue.TRIES:
            queue.settle_failed(mail, f"refused with {refused.code}")
        return False
    queue.settle_sent(mail)
    return True
