"""Statements of the queue of service mail: take the next, and settle it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from crm.models import ServiceMail

AN_HOUR_TO_AN_INBOX = 5
A_DAY_OF_ANYONES = (
    20  # of what anyone can bring about: whoever said stop is not to be written to all day long
)
AN_HOUR_OF_AN_ORGANISATION = 2_000
TRIES = 12  # the last about a day after the first

# Waits longer after each try: a minute, two, four … at most three hours. A worker that died is covered by it, too.
_BACKOFF = "least(interval '3 hours', interval '1 minute' * 2 ^ m.tries)"


def waits() -> bool:
    """Tell whether any service mail is due. Uses service_mail_waiting."""
    return bool(
        _one(
            """
        SELECT EXISTS (SELECT FROM crm_servicemail
                       WHERE sent_at IS NULL AND failed_at IS NULL AND next_try_at <= clock_timestamp())
        """
        )
    )


def claim() -> int | None:
    """Take the next message that is due, and give its id; a try that ends badly is made good by a later one.

    An organisation that sent as many as it may in the past hour has to wait.
    """
    return _one(
        f"""
        UPDATE crm_servicemail SET tries = m.tries + 1, next_try_at = clock_timestamp() + {_BACKOFF}
        FROM (SELECT w.id, w.tries FROM crm_servicemail w
              WHERE w.sent_at IS NULL AND w.failed_at IS NULL AND w.next_try_at <= clock_timestamp()
                AND (SELECT count(*) FROM crm_servicemail s WHERE s.organisation_id = w.organisation_id
                     AND s.sent_at > clock_timestamp() - interval '1 hour') < %s
              ORDER BY w.next_try_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED) m
        WHERE crm_servicemail.id = m.id RETURNING crm_servicemail.id
        """,
        AN_HOUR_OF_AN_ORGANISATION,
    )


def is_too_much(mail: ServiceMail) -> bool:
    """Tell whether the inbox got as many in the past hour as it may, or in the past day of what anyone can ask for.

    Uses service_mail_of_inbox.
    """
    anyones = [kind.value for kind in ServiceMail.ASKED_FOR_BY_ANYONE]
    return bool(
        _one(
            """
        SELECT count(*) FILTER (WHERE sent_at > clock_timestamp() - interval '1 hour') >= %s
            OR (%s = ANY(%s) AND count(*) FILTER (WHERE kind = ANY(%s)) >= %s)
        FROM crm_servicemail WHERE mailbox = %s AND sent_at > clock_timestamp() - interval '1 day'
        """,
            AN_HOUR_TO_AN_INBOX,
            mail.kind,
            anyones,
            anyones,
            A_DAY_OF_ANYONES,
            mail.mailbox,
        )
    )


def put_off(mail: ServiceMail) -> None:
    """Try again in an hour, as if it had not been tried."""
    _run(
        """
        UPDATE crm_servicemail SET tries = tries - 1, next_try_at = clock_timestamp() + interval '1 hour' WHERE id = %s
        """,
        mail.pk,
    )


def settle_sent(mail: ServiceMail) -> None:
    """Write that it was handed over; the address is kept no longer."""
    _run(
        "UPDATE crm_servicemail SET sent_at = clock_timestamp(), address = '' WHERE id = %s",
        mail.pk,
    )


def settle_failed(mail: ServiceMail, detail: str) -> None:
    """Write why it is not sent and never will be; the address is kept no longer."""
    _run(
        "UPDATE crm_servicemail SET failed_at = clock_timestamp(), address = '', detail = %s WHERE id = %s",
        detail[:200],
        mail.pk,
    )


def _one(sql: str, *values: Any) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
