"""What visitors send in: taken without looking, and carried out by a worker that looks (house rule 6).

A public page can therefore not tell, by words, errors or time, whether an address is on any list (R-SEC2, R-SEC6).
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from crm import wall
from crm.models import ServiceMail, Submission
from crm.services import moving, requests, sign_ups, undoing, visitors, vouching

log = logging.getLogger(__name__)
Fields = dict[str, Any]
Kind = Submission.Kind


def receive(*, kind: Submission.Kind, nonce: uuid.UUID, fields: Fields) -> None:
    """Take a form that somebody sent; the second time the same one changes nothing.

    `nonce` came with the empty form. It is mixed with what was written, so that a form sent twice is one, and a
    form that was corrected and sent again is another. A stop is taken each time: the same page may be sent again
    after the person took the first one back, or signed up anew, and to stop twice harms nobody.
    """
    written = json.dumps([kind, fields], sort_keys=True, default=str)
    public_id = uuid.uuid4() if kind == Kind.STOP else uuid.uuid5(nonce, written)
    row = Submission(kind=kind, public_id=public_id, fields=fields)
    with wall.scope("visitor"):
        # Without reading anything back: a visitor may add a row, and see none.
        Submission.objects.bulk_create([row], ignore_conflicts=True)


CARRY_OUT: dict[str, Callable[[Submission], timedelta | None]] = {
    Kind.STOP: visitors.stop,
    Kind.LINK: visitors.send_link,
    Kind.SIGN_UP: sign_ups.ask,
    Kind.ADDRESS: moving.ask,
    Kind.VOUCHED: vouching.ask,
    Kind.CONFIRM: lambda found: _confirm(found),
    Kind.UNDO: undoing.undo,
    Kind.REQUEST: requests.ask,
    Kind.COMPLAINT: requests.ask,
}


def carry_out() -> int:
    """Carry out all that was sent in, each in a transaction of its own, and forget what was written.

    Gives how many. One that fails stays, is tried again by the next sweep, and holds up no other.
    """
    done, failed = 0, set[int]()
    while (waiting := _next(failed)) is not None:
        try:
            _carry_out(waiting)
            done += 1
        except Exception as error:  # whatever it is, the others' stops must not wait for it
            failed.add(waiting)
            log.error("submission %d failed: %s", waiting, type(error).__name__)
    return done


def _next(failed: set[int]) -> int | None:
    """Give the oldest that waits. Uses submission_to_do."""
    with wall.scope("platform"):
        waiting = Submission.objects.filter(carried_out_at=None).exclude(pk__in=failed)
        return waiting.order_by("pk").values_list("pk", flat=True).first()


def _carry_out(submission_id: int) -> None:
    with wall.scope("platform"):
        waiting = Submission.objects.filter(pk=submission_id, carried_out_at=None)
        found = waiting.select_for_update().first()
        if found is None:  # another worker was quicker
            return
        kept_for = CARRY_OUT[found.kind](found)
        found.carried_out_at = timezone.now()
        if kept_for is None:
            found.fields = {}
        else:
            found.waits_until = found.received_at + kept_for
        found.save(update_fields=["fields", "carried_out_at", "waits_until"])


def forget() -> None:
    """Forget what nobody confirmed in time, and after a month that anything was sent in or answered at all."""
    with wall.scope("platform"):
        late = Submission.objects.filter(waits_until__lt=timezone.now())
        late.update(fields={}, waits_until=None)
        month = timezone.now() - timedelta(days=30)
        Submission.objects.filter(carried_out_at__lt=month, waits_until=None).delete()
        ServiceMail.objects.filter(sent_at__lt=month).delete()
        ServiceMail.objects.filter(failed_at__lt=month).delete()


def _confirm(found: Submission) -> None:
    """Do what a submission asked for that has now been confirmed from its address; once."""
    asked = (
        Submission.objects.select_for_update()
        .filter(public_id=found.fields["about"], waits_until__gt=timezone.now())
        .first()
    )
    if asked is None:
        return
    if asked.kind == Kind.SIGN_UP:
        sign_ups.confirm(asked, at=found.received_at)
    elif asked.kind == Kind.ADDRESS:
        moving.confirm(asked, at=found.received_at)
    elif asked.kind == Kind.VOUCHED:
        vouching.confirm(asked, at=found.received_at)
    asked.fields, asked.waits_until = {}, None
    asked.save(update_fields=["fields", "waits_until"])
