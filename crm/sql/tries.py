"""Statements that count tries to sign in, one row for each account and each place."""

from __future__ import annotations

from django.db import connection

# Who tries at the same moment waits for this row, so that nobody gets a try more by asking at once.
_COUNT = """
    INSERT INTO crm_signintries AS t (bucket, tries, since) VALUES (%(bucket)s, 1, now())
    ON CONFLICT (bucket) DO UPDATE SET
        tries = CASE WHEN t.since < now() - %(window)s * interval '1 second' THEN 1 ELSE t.tries + 1 END,
        since = CASE WHEN t.since < now() - %(window)s * interval '1 second' THEN now() ELSE t.since END
    RETURNING tries, ceil(extract(epoch FROM since - now()) + %(window)s)
"""
_CLEAR = """
    DELETE FROM crm_signintries WHERE bucket IN (
        SELECT bucket FROM crm_signintries WHERE since < now() - %s * interval '1 second'
        LIMIT 10 FOR UPDATE SKIP LOCKED)
"""


def count(bucket: bytes, *, window: int) -> tuple[int, int]:
    """Count a try; give how many there were in this window of seconds, and the seconds until it is over.

    The window begins with the first try and is not made longer by others. Uses the primary key.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"bucket": bucket, "window": window})
        tries, seconds = cursor.fetchone()
    return int(tries), int(seconds)


def clear(*, window: int) -> None:
    """Delete a few rows whose window is over: more than are made, so that they do not pile up."""
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, [window])
