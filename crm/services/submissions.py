"""What visitors send in: taken without looking, and carried out by a worker that looks (house rule 6).

A public page can therefore not tell, by words, errors or time, whether an address is on any list (R-SEC2, R-SEC6).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm import wall
from crm.models import Submission
from crm.services import moving, sign_ups, undoing, visitors

Fields = dict[str, Any]
Kind = Submission.Kind


def receive(*, kind: Submission.Kind, nonce: uuid.UUID, fields: Fields) -> None:
    """Take a form that somebody sent; the second time the same one changes nothing.

    `nonce` came with the empty form. It is mixed with what was written, so that a form sent twice is one, and a
    form that was corrected and sent again is another.
    """
    written = json.dumps([kind, fields], sort_keys=True, default=str)
    row = Submission(kind=kind, public_id=uuid.uuid5(nonce, written), fields=fields)
    with wall.scope("visitor"):
        # Without reading anything back: a visitor may add a row, and see none.
        Submission.objects.bulk_create([row], ignore_conflicts=True)


CARRY_OUT: dict[str, Callable[[Submission], timedelta | None]] = {
    Kind.STOP: visitors.stop,
    Kind.LINK: visitors.send_link,
    Kind.SIGN_UP: sign_ups.ask,
    Kind.ADDRESS: moving.ask,
    Kind.CONFIRM: lambda found: _confirm(found),
    Kind.UNDO: undoing.undo,
}


def carry_out() -> int:
    """Carry out all that was sent in, each in a transaction of its own, and forget what was written.

    Gives how many. What waits for a confirmation is forgotten when its time is over.
    """
    done = 0
    while _carry_out_one():
        done += 1
    with wall.scope("platform"):
        Submission.objects.filter(waits_until__lt=timezone.now()).update(
            fields={}, waits_until=None
        )
    return done


def _carry_out_one() -> bool:
    with transaction.atomic(), wall.scope("platform"):
        waiting = Submission.objects.filter(carried_out_at=None).order_by("pk")
        found = waiting.select_for_update(skip_locked=True).first()
        if found is None:
            return False
        kept_for = CARRY_OUT[found.kind](found)
        found.carried_out_at = timezone.now()
        if kept_for is None:
            found.fields = {}
        else:
            found.waits_until = found.received_at + kept_for
        found.save(update_fields=["fields", "carried_out_at", "waits_until"])
    return True


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
    asked.fields, asked.waits_until = {}, None
    asked.save(update_fields=["fields", "waits_until"])
