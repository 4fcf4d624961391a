"""What mail servers reported: kept once, then settled for the message, the address and the person."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from crm import wall
from crm.hashing import hashes_of
from crm.identity import addresses
from crm.models import AddressKey, ContactPoint
from crm.services import deliverability, permissions
from mailings.models import Delivery, Event
from mailings.reports import Report, digest
from mailings.sql import events as sql

log = logging.getLogger(__name__)
Outcome = Delivery.Outcome
KEPT = timedelta(
    days=90
)  # what is about no message of ours; and how long after its start a campaign is asked about


def receive(reports: Sequence[Report]) -> int:
    """Keep what was sent to a public address, as a visitor, who can add it and read nothing; give how many."""
    with wall.scope("visitor"):
        return keep(reports)


def keep(reports: Sequence[Report]) -> int:
    """Keep reports; the second time the same ones change nothing. Visitor or platform scope. Gives how many.

    What they say of an address is kept as a keyed hash.
    """
    rows = [_row(report) for report in reports]
    Event.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def _row(report: Report) -> Event:
    folded = addresses.fold(report.address) if report.address else ""
    mailbox = report.mailbox or (hashes_of(folded).mailbox if folded else b"")
    return Event(
        route=report.route,
        key=digest(report.same, mailbox, report.kind),
        kind=report.kind,
        is_permanent=report.is_permanent,
        message=report.message,
        mailbox=mailbox or None,
        code=report.code[:12],
        happened_at=min(report.happened_at, timezone.now()),
    )


def settle() -> int:
    """Move the messages on, then write what the reports say of addresses and people; give how many were settled.

    Each step is a transaction and can be run again, so that whatever dies, nothing that was reported is lost.
    """
    settled = 0
    while moved := _move():
        settled += moved
    while _note_bounces():
        pass
    _note_refusals()
    return settled


def _move() -> int:
    with wall.scope("platform"):
        return sql.move(started_within=KEPT)


def _note_bounces() -> int:
    """Tell consent of addresses at which no mail will ever arrive: at once, so that the gate knows."""
    with wall.scope("platform"):
        found = sql.bounced()
        deliverability.record_bounces([deliverability.Bounce(*told) for told in found.inboxes])
        return Event.objects.filter(pk__in=found.events).update(state=Event.State.SETTLED)


def _note_refusals() -> None:
    """Write complaints and unsubscribes to the ledger, each in a transaction: one that fails holds up no other."""
    failed: set[int] = set()
    while (waiting := _next(failed)) is not None:
        try:
            _note_refusal(waiting)
        except Exception as error:  # whatever it is, the others' stops must not wait for it
            failed.add(waiting)
            log.error("event %d failed: %s", waiting, type(error).__name__)


def _next(failed: set[int]) -> int | None:
    """Give the oldest refusal that is to be written. Uses event_to_do."""
    with wall.scope("platform"):
        waiting = Event.objects.filter(
            state=Event.State.MATCHED, kind__in=[Outcome.UNSUBSCRIBED, Outcome.COMPLAINED]
        )
        found = waiting.exclude(pk__in=failed).order_by("pk").values_list("pk", flat=True)
        return found.first()


def _note_refusal(event_id: int) -> None:
    with wall.scope("platform"):
        event = Event.objects.select_for_update(of=("self",)).get(pk=event_id)
        if event.state != Event.State.MATCHED:  # another worker was quicker
            return
        found = Delivery.objects.select_related("campaign")
        if event.delivery_id and (delivery := found.filter(pk=event.delivery_id).first()):
            _refuse(delivery, Outcome(event.kind))
        Event.objects.filter(pk=event_id).update(state=Event.State.SETTLED)


def _refuse(delivery: Delivery, kind: Delivery.Outcome) -> None:
    """Take it as the person's own act towards the organisation whose message it was (decision 1)."""
    # Staff read the detail: of a coordinated campaign it must not say whose version came (R-SEC4).
    which = "" if delivery.is_coordinated else f" {delivery.campaign.public_id.hex[:12]}"
    with wall.scope("keeper", organisation_id=delivery.organisation_id):
        point = ContactPoint.objects.filter(pk=delivery.contact_point_id).first()
        if point is None or not AddressKey.objects.filter(contact_point=point).exists():
            return  # erased meanwhile: that is a refusal already
        if kind == Outcome.COMPLAINED:
            permissions.record_complaint(point=point, detail=f"spam report{which}")
        else:
            permissions.stop_address(point=point, detail="mail program")


def forget() -> int:
    """Delete reports that are about no message of ours; give how many."""
    with wall.scope("platform"):
        old = Event.objects.filter(state=Event.State.UNKNOWN, received_at__lt=timezone.now() - KEPT)
        return old.delete()[0]
