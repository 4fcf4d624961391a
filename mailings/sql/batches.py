"""Statements of messages that are handed over many in one call: begin a batch, and settle it.

Before the call each of its messages is marked as being handed over; if the worker dies, the reaper finds them so.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from crm import consent
from crm.models import ContactPoint
from crm.reasons import Reason
from mailings.sql.queue import BY_CAMPAIGN, LEASE, Claim, LostLeaseError, Message


def begin(
    claimed: Claim, messages: Sequence[Message], questions: dict[int, consent.Question]
) -> dict[int, int]:
    """Renew the lease, ask the gate about each message at this moment, and mark those that may go.

    Gives every reason not to send by delivery; 0 for none. One transaction, and a statement for each version: whoever
    pauses the campaign waits for it. Raises LostLeaseError if the chunk is no longer this worker's.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE mailings_chunk SET leased_until = now() + interval '{LEASE}'
            WHERE id = %s AND token = %s AND state = 1
            """,
            [claimed.chunk_id, claimed.token],
        )
        if cursor.rowcount != 1:
            raise LostLeaseError
        found: dict[int, int] = {}
        for version, question in questions.items():
            mine = {m.contact_point_id: m for m in messages if m.version_id == version}
            points = ContactPoint.objects.filter(pk__in=list(mine))
            decided = dict(consent.decide(points, question).values_list("pk", "reasons"))
            gone = Reason.ADDRESS_INVALID.value
            found |= {m.delivery_id: decided.get(point, gone) for point, m in mine.items()}
        going = [delivery for delivery, reasons in found.items() if reasons == 0]
        # What waits may have been called off or shown to be sent meanwhile.
        cursor.execute(
            "UPDATE mailings_delivery SET status = 7, detail = '' WHERE id = ANY(%s) AND status = 0 RETURNING id",
            [going],
        )
        marked = {row[0] for row in cursor.fetchall()}
    return {
        delivery: reasons for delivery, reasons in found.items() if reasons or delivery in marked
    }


def leave_out(reasons: dict[int, int]) -> None:
    """Write of messages why they were left out at the last moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery d SET status = 2, reasons = t.reasons, settled_at = now()
            FROM unnest(%s::bigint[], %s::bigint[]) t(id, reasons) WHERE d.id = t.id AND d.status = 0
            """,
            [list(reasons), list(reasons.values())],
        )


def taken(delivery_ids: Sequence[int]) -> None:
    """Write that the service has these."""
    _run("status = 1, settled_at = now()", delivery_ids)


def wait(delivery_ids: Sequence[int]) -> None:
    """Write that the service has none of these, and that they wait."""
    _run("status = 0", delivery_ids)


def refused(delivery_id: int, words: str) -> None:
    """Write that the service refused one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery SET status = 3, detail = %s, settled_at = now()
            WHERE id = %s AND status = 7
            """,
            [words[:200], delivery_id],
        )


def doubt(delivery_ids: Sequence[int]) -> None:
    """Write that nobody can know whether the service has these: the campaign says what happens to them."""
    _run(f"status = {BY_CAMPAIGN}, settled_at = now()", delivery_ids)


def _run(change: str, delivery_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE mailings_delivery d SET {change} WHERE d.id = ANY(%s) AND d.status = 7",
            [list(delivery_ids)],
        )
