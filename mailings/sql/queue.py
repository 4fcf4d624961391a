"""Statements of the queue: claim a chunk, ask once more, settle, and clear up after a worker that died.

Each commits by itself. A chunk's token changes with every claim: a worker that was taken for dead and is only
slow finds its token gone, and stops (fencing). A session's advisory lock, named by the token, tells a dead worker
from a slow one: it ends with the worker's connection, long before the lease does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from mailings.models import Delivery

LEASE = "2 minutes"  # longer than a chunk's slowest message; renewed with each
# The lock of whoever holds a chunk: two 32-bit numbers, a space of keys apart from those of 64 bits.
_HOLDS = "6019270, (token % 2147483647)::int"


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk that this worker holds."""

    chunk_id: int
    campaign_id: int
    first: int
    last: int
    token: int


def claim(campaign_id: int) -> Claim | None:
    """Take the next open chunk of a campaign that is being sent, and its lock. Uses chunk_to_do.

    The lock is there before the claim is committed, so that nobody sees the one without the other. Whoever pauses
    the campaign waits for a claim, and a claim for them; what the sweep has not seen for hours is not claimed.
    """
    values: list[Any] = [campaign_id, settings.COALESCE_LATE_AFTER]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE mailings_chunk SET state = 1, token = nextval('mailings_fencing_token'), cursor = 0,
                leased_until = now() + interval '{LEASE}'
            WHERE id = (
                SELECT c.id FROM mailings_chunk c
                WHERE c.state = 0 AND (c.leased_until IS NULL OR c.leased_until < now())
                  AND c.campaign_id = (  -- asked once, not for each chunk; turned off: nothing more leaves
                      SELECT m.id FROM mailings_campaign m WHERE m.id = %s AND m.state = 'sending'
                        AND m.swept_at > now() - %s
                        AND mailings_not_live(m.organisation_id, m.mode) = '{{}}' FOR SHARE OF m)
                ORDER BY c.first LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
            RETURNING id, campaign_id, first, last, token, pg_advisory_lock({_HOLDS.replace("%", "%%")})
            """,
            values,
        )
        row = cursor.fetchone()
    return Claim(*row[:5]) if row else None


def let_go(claimed: Claim) -> None:
    """Give a chunk's lock back."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_advisory_unlock({_HOLDS.replace('%', '%%')}) FROM (SELECT %s::bigint) held(token)",
            [claimed.token],
        )


@dataclass(frozen=True, slots=True)
class Message:
    """What is needed to write to one inbox."""

    delivery_id: int
    public_id: Any
    seq: int
    organisation_id: int
    version_id: int
    contact_point_id: int
    contact_point: Any
    address: str
    first_name: str
    last_name: str
    is_personal: bool


_MESSAGE = """
    SELECT d.id, d.public_id, d.seq, {alias}.organisation_id, {alias}.version_id, cp.id, cp.public_id, cp.address,
           s.first_name, s.last_name, {is_personal}
"""
# As when the messages were made: an inbox that several people of an organisation read is greeted by no name.
_ONE_READER = """
    cp.kind <> 3 AND NOT EXISTS (
        SELECT FROM crm_addresskey l
        JOIN crm_contactpoint lp ON lp.id = l.contact_point_id
        JOIN crm_supporter u ON u.id = lp.supporter_id
        JOIN mailings_audience o ON o.contact_point_id = lp.id AND o.supporter_id = ANY(ARRAY[u.id, u.canonical_id])
        WHERE l.mailbox = d.mailbox AND o.campaign_id = a.campaign_id AND o.organisation_id = a.organisation_id
          AND o.reasons = 0 AND o.id <> a.id)
"""


def messages(claimed: Claim) -> list[Message]:
    """Give the messages of a chunk that wait still, in order. Uses one_place_in_the_queue.

    What was put off is tried again, so it counts as put off no longer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery SET detail = ''
            WHERE campaign_id = %s AND seq BETWEEN %s AND %s AND status = 0 AND detail <> ''
            """,
            [claimed.campaign_id, claimed.first, claimed.last],
        )
        cursor.execute(
            f"""
            {_MESSAGE.format(alias="d", is_personal="d.is_personal")}
            FROM mailings_delivery d
            JOIN crm_contactpoint cp ON cp.id = d.contact_point_id
            JOIN crm_supporter s ON s.id = d.supporter_id
            WHERE d.campaign_id = %s AND d.seq BETWEEN %s AND %s AND d.status = 0 ORDER BY d.seq
            """,
            [claimed.campaign_id, claimed.first, claimed.last],
        )
        return [Message(*row) for row in cursor.fetchall()]


def others(campaign_id: int, message: Message) -> list[Message]:
    """Give who else of the audience reads the inbox and was to be mailed by it: their version may take its place.

    Uses address_key_mailbox, and audience_of_supporter: the audience of a campaign is not read through.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {_MESSAGE.format(alias="a", is_personal=_ONE_READER)}
            FROM mailings_delivery d
            JOIN crm_addresskey k ON k.mailbox = d.mailbox
            JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
            JOIN crm_supporter t ON t.id = cp.supporter_id
            JOIN mailings_audience a ON a.campaign_id = d.campaign_id AND a.contact_point_id = cp.id
                AND a.supporter_id = ANY(ARRAY[t.id, t.canonical_id])
            JOIN crm_supporter s ON s.id = a.supporter_id
            WHERE d.id = %s AND d.campaign_id = %s AND a.reasons = 0 AND cp.id <> %s ORDER BY a.id
            """,
            [message.delivery_id, campaign_id, message.contact_point_id],
        )
        return [Message(*row) for row in cursor.fetchall()]


class LostLeaseError(Exception):
    """The chunk was given to another worker, or is to be given back: this one must stop at once."""


def settle_one(
    message: Message, status: Delivery.Status, *, reasons: int = 0, detail: str = ""
) -> None:
    """Write at once what became of a message that was not handed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery SET status = %s, reasons = %s, detail = %s, settled_at = now()
            WHERE id = %s AND status = 0
            """,
            [status.value, reasons, detail[:200], message.delivery_id],
        )


def put_off(message: Message, why: str) -> None:
    """Write at once that the relay does not take a message now: if this worker dies, it was not sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailings_delivery SET detail = %s WHERE id = %s AND status = 0",
            [why[:200], message.delivery_id],
        )


# What the campaign says about a message that may have been sent.
BY_CAMPAIGN = """
    CASE (SELECT m.on_doubt FROM mailings_campaign m WHERE m.id = d.campaign_id)
        WHEN 'resend' THEN 0 WHEN 'drop' THEN 5 ELSE 4 END
"""


def settle_doubt(claimed: Claim) -> None:
    """Mark the message at the cursor as one that may have been sent: the connection broke while it was.

    If the campaign says so, it waits again instead, or is given up.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE mailings_delivery d SET status = {BY_CAMPAIGN}, settled_at = now() FROM mailings_chunk c
            WHERE c.id = %s AND c.token = %s AND d.campaign_id = c.campaign_id AND d.seq = c.cursor AND d.status = 0
            """,
            [claimed.chunk_id, claimed.token],
        )


def replace(message: Message, by: Message) -> None:
    """Put another reader's version, from the same audience, in the place of a message that was refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_delivery SET organisation_id = %s, version_id = %s, contact_point_id = %s, is_personal = %s,
                supporter_id = (SELECT supporter_id FROM crm_contactpoint WHERE id = %s)
            WHERE id = %s AND status = 0
            """,
            [
                by.organisation_id,
                by.version_id,
                by.contact_point_id,
                by.is_personal,
                by.contact_point_id,
                message.delivery_id,
            ],
        )


def settle(claimed: Claim, sent: Sequence[int], *, again_after: timedelta | None) -> None:
    """Write what was handed over, and close the chunk; or open it `again_after` so long for those that wait.

    Raises LostLeaseError, and writes nothing, if the chunk is no longer this worker's.
    """
    values: dict[str, Any] = {
        "again": again_after,
        "chunk": claimed.chunk_id,
        "token": claimed.token,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_chunk SET state = CASE WHEN %(again)s::interval IS NULL THEN 2 ELSE 0 END,
                leased_until = nullif(now() + %(again)s::interval, now())
            WHERE id = %(chunk)s AND token = %(token)s AND state IN (1, 3)
            """,
            values,
        )
        if cursor.rowcount != 1:
            raise LostLeaseError
        cursor.execute(
            "UPDATE mailings_delivery SET status = 1, settled_at = now() WHERE id = ANY(%s) AND status = 0",
            [list(sent)],
        )
        # Somebody may have asked meanwhile that one of its messages be sent again. OFFSET 0 keeps the planner to the
        # chunk's own messages: while its figures are old, it would go through those of all campaigns.
        cursor.execute(
            """
            UPDATE mailings_chunk c SET state = 0 WHERE c.id = %s AND c.state = 2 AND 0 = ANY (
                SELECT d.status FROM mailings_delivery d
                WHERE d.campaign_id = c.campaign_id AND d.seq BETWEEN c.first AND c.last OFFSET 0)
            """,
            [claimed.chunk_id],
        )


def reap() -> int:
    """Clear up after workers that died: settle what their cursor proves, and mark the one in doubt.

    Of a batch all are in doubt that were being handed over. What the relay put off is tried again.
    A worker is dead when its lock has gone or its lease has run out.

    Gives how many messages may or may not have been sent. Each chunk gets a new token, so that a worker that
    was only slow stops before its next message.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH dead AS (
                SELECT id, campaign_id, first, last, cursor FROM mailings_chunk
                WHERE state IN (1, 3) AND (leased_until < now() OR pg_try_advisory_xact_lock({_HOLDS}))
                FOR UPDATE SKIP LOCKED
            ), doubt AS (
                UPDATE mailings_delivery d
                SET status = CASE WHEN d.status = 0 AND d.seq < dead.cursor THEN 1 ELSE {BY_CAMPAIGN} END,
                    settled_at = now()
                FROM dead
                WHERE d.campaign_id = dead.campaign_id AND d.seq BETWEEN dead.first AND dead.last
                  AND (d.status = 7 OR (d.status = 0 AND d.seq <= dead.cursor AND d.detail = ''))
                RETURNING d.status
            ), opened AS (
                UPDATE mailings_chunk c SET state = 0, leased_until = NULL,
                    token = nextval('mailings_fencing_token')
                FROM dead WHERE c.id = dead.id
            )
            SELECT count(*) FILTER (WHERE status = 4) FROM doubt
            """
        )
        (doubtful,) = cursor.fetchone()
    return int(doubtful)
