"""Erasure (UK GDPR Art. 17): the person goes, and a keyed hash of each inbox stays, so that nobody brings them back.

Staff ask for it; a worker carries it out within seconds. Until then the person is left out of everything.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from crm import wall
from crm.holdings import FORGET, Gone
from crm.models import (
    Action,
    AddressKey,
    Case,
    Channel,
    ConsentEvent,
    ContactPoint,
    Erasure,
    Pack,
    Reach,
    Source,
    Supporter,
    User,
)
from crm.services import audit, cases, exports, packs, permissions
from crm.sql import erasing as sql

log = logging.getLogger(__name__)
MESSAGES = "_messages"  # what Django keeps in a session to be shown on the next page


def ask(case: Case, *, by: User) -> Erasure:
    """Have the person of a case taken out of the list. The second time gives the same row. Staff scope."""
    assert case.supporter is not None
    with transaction.atomic():
        person = Supporter.objects.select_for_update().get(pk=case.supporter.canonical_id)
        known = Erasure.objects.filter(supporter=person).first()
        if known is not None:
            return known
        Supporter.objects.filter(canonical=person.pk).update(restricted=True)
        cases.log(case, "The removal of their details was ordered.", by=by)
        return Erasure.objects.create(
            organisation_id=case.organisation_id, supporter=person, case=case, asked_by=by
        )


def carry_out() -> int:
    """Carry out every erasure that was asked for, each in a transaction of its own; give how many."""
    done, failed = 0, set[int]()
    while (waiting := _next(failed)) is not None:
        try:
            _carry_out(waiting)
            done += 1
        except Exception as error:  # the others must not wait for it
            failed.add(waiting)
            log.error("erasure %d failed and is tried again: %s", waiting, type(error).__name__)
    return done


def _next(failed: Collection[int]) -> int | None:
    with wall.scope("platform"):
        waiting = Erasure.objects.filter(done_at=None).exclude(pk__in=failed).order_by("pk")
        return waiting.values_list("pk", flat=True).first()


def _carry_out(erasure_id: int) -> None:
    with wall.scope("platform"):
        waiting = Erasure.objects.select_for_update(of=("self",)).filter(
            pk=erasure_id, done_at=None
        )
        erasure = waiting.select_related("case").first()
        if erasure is None:  # another worker was quicker
            return
        erase(
            organisation_id=erasure.organisation_id, people=[erasure.supporter_id], is_wished=True
        )
        erasure.done_at = timezone.now()
        erasure.save(update_fields=["done_at"])
        if erasure.case is not None:
            cases.log(erasure.case, "Their details are removed.")


def erase(*, organisation_id: int, people: Collection[int], is_wished: bool) -> int:
    """Take people (ids of supporters) out of one organisation's list, with all entries joined in them; give how many.

    `is_wished`: at their own wish, so their inboxes are refused for good. Otherwise, when they have had their time,
    only those of people who had said no. One transaction; again: no change. Platform scope.

    Files are deleted before the rows that name them are committed: what is tried again finds them gone.
    """
    with transaction.atomic(), wall.scope("platform", organisation_id=organisation_id):
        gone = _gather(organisation_id, people)
        _refuse(gone, is_wished=is_wished)
        _forget_files(gone)
        audit.forget(supporter_ids=gone.entries)
        for forget in FORGET:
            forget(gone)
        sql.forget(gone)
        _forget_messages()
        permissions.refold(mailboxes=gone.mailboxes)
    return len(gone.entries)


def _gather(organisation_id: int, people: Collection[int]) -> Gone:
    canonical = Supporter.objects.filter(pk__in=people).values("canonical")
    entries = Supporter.objects.select_for_update().filter(
        organisation=organisation_id, canonical__in=canonical
    )
    names = {
        (entry.pk, f"{entry.first_name} {entry.last_name}".strip().casefold()) for entry in entries
    }
    points = ContactPoint.objects.filter(supporter__in=[pk for pk, _ in names])
    keys = AddressKey.objects.filter(contact_point__in=points.values("pk"))
    folded = points.filter(channel=Channel.EMAIL).exclude(folded__startswith="erased ")
    return Gone(
        organisation_id=organisation_id,
        entries=sorted(pk for pk, _ in names),
        points=list(points.values_list("pk", flat=True)),
        mailboxes=sorted({bytes(box) for box in keys.values_list("mailbox", flat=True)}),
        addresses=sorted(set(folded.values_list("folded", flat=True))),
        names=sorted({name for _, name in names if name}),
    )


def _refuse(gone: Gone, *, is_wished: bool) -> None:
    """Write the refusal of each inbox, which outlives the person; of a person without one, that they were erased."""
    found = AddressKey.objects.filter(contact_point__in=gone.points).select_related("contact_point")
    keys = list(found) if is_wished else _of_those_who_said_no(gone, list(found))
    events = [
        _erased(gone, key.contact_point.supporter_id, is_wished=is_wished, key=key) for key in keys
    ]
    if is_wished:
        known = ConsentEvent.objects.filter(supporter__in=gone.entries, action=Action.ERASED)
        reached = {*known.values_list("supporter_id", flat=True), *(e.supporter_id for e in events)}
        events += [
            _erased(gone, entry, is_wished=True) for entry in gone.entries if entry not in reached
        ]
    ConsentEvent.objects.bulk_create(events)


def _erased(
    gone: Gone, entry: int, *, is_wished: bool, key: AddressKey | None = None
) -> ConsentEvent:
    now = timezone.now()
    return ConsentEvent(
        organisation_id=gone.organisation_id,
        supporter_id=entry,
        contact_point_id=key.contact_point_id if key else None,
        address_key=key.address_key if key else None,
        mailbox=key.mailbox if key else None,
        reach=Reach.MAILBOX if key else Reach.SUPPORTER,
        action=Action.ERASED,
        source=Source.PERSONAL if is_wished else Source.SYSTEM,
        source_detail="request" if is_wished else "retention",
        occurred_at=now,
        occurred_until=now,
    )


def _of_those_who_said_no(gone: Gone, keys: list[AddressKey]) -> list[AddressKey]:
    """Give those inboxes against which, or against whose person, anything was ever said."""
    refusals = ConsentEvent.objects.filter(
        organisation=gone.organisation_id, action__range=(Action.DENY, Action.STOP_EVERYTHING)
    )
    boxes = refusals.filter(mailbox__in=gone.mailboxes).values_list("mailbox", flat=True)
    people = refusals.filter(supporter__in=gone.entries).values_list("supporter_id", flat=True)
    refused, said_no = {bytes(box) for box in boxes if box is not None}, set(people)
    return [
        key
        for key in keys
        if bytes(key.mailbox) in refused or key.contact_point.supporter_id in said_no
    ]


def _forget_files(gone: Gone) -> None:
    """Delete their packs, and every export that is still there: nobody knows whether they are in it."""
    for pack in Pack.objects.filter(supporter__in=gone.entries):
        packs.delete_files(pack)
    exports.delete_files(organisation_id=gone.organisation_id)


def _forget_messages() -> None:
    """Take out of every session what is still to be shown on somebody's next page: it may name the person."""
    for session in Session.objects.all():
        kept = session.get_decoded()
        if kept.pop(MESSAGES, None) is not None:
            session.session_data = Session.objects.encode(kept)
            session.save(update_fields=["session_data"])
