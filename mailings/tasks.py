"""The sending in the background. A task is a wake-up: what is to be done stands in the rows."""

from __future__ import annotations

from celery import shared_task

from mailings import dispatch
from mailings.services import events, returned, sending


@shared_task
def sweep() -> None:
    """Find what waits and wake workers for it; runs every few seconds."""
    work = sending.sweep()
    if work.has_service_mail:
        send_service_mail.delay()
    for campaign_id in work.to_freeze:
        freeze.delay(campaign_id)
    for campaign_id, workers in work.to_wake:
        for _ in range(workers):
            send_chunk.delay(campaign_id)


@shared_task
def freeze(campaign_id: int) -> None:
    """Queue the messages of a campaign whose time has come, and begin."""
    if sending.freeze(campaign_id=campaign_id):
        send_chunk.delay(campaign_id)


@shared_task
def send_chunk(campaign_id: int) -> None:
    """Send the next chunk, then wake somebody for the one after; after the last, see whether all is done."""
    if dispatch.send_chunk(campaign_id):
        send_chunk.delay(campaign_id)
    else:
        sweep.delay()


@shared_task
def send_service_mail() -> None:
    """Send the links, confirmations and answers that wait; in a queue of its own, so that no campaign delays them."""
    dispatch.send_service_mail()


@shared_task
def settle_events() -> None:
    """Do what mail servers reported; woken by each report, and every few seconds by the clock."""
    events.settle()


@shared_task
def forget_events() -> None:
    """Forget what is about no message of ours; each night."""
    events.forget()


@shared_task
def read_returned_mail() -> None:
    """Read the mailboxes to which mail comes back; every minute."""
    returned.read_all()
