"""Statements about how fast mail may leave. They run once for a chunk, never for a message.

They are PostgreSQL's, so that a wiped broker lifts no limit, and go by its clock alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

_BURST = 10  # seconds' worth of messages that a bucket holds at most


@dataclass(frozen=True, slots=True)
class Grant:
    """How many messages may leave now, and if that is not all, in how many seconds more may."""

    messages: int
    wait: float


def take(route: str, wanted: Mapping[str, int], rates: Mapping[str, float]) -> dict[str, Grant]:
    """Take from the buckets of a relay what is wanted for each group, or what there is.

    A group that is not in the answer has no limit. Uses one_bucket; the rows are locked in one order.
    """
    groups = sorted(wanted)
    values: dict[str, Any] = {
        "route": route,
        "groups": groups,
        "wanted": [wanted[group] for group in groups],
        "rates": [rates.get(group) for group in groups],
        "burst": _BURST,
    }
    with connection.cursor() as cursor:
        if rates:
            cursor.execute(
                """
                INSERT INTO mailings_pace (route, "group", messages, filled_at, rests)
                SELECT %(route)s, g, r * %(burst)s, clock_timestamp(), 0
                FROM unnest(%(groups)s::text[], %(rates)s::float[]) t(g, r) WHERE r IS NOT NULL
                ON CONFLICT DO NOTHING
                """,
                values,
            )
        cursor.execute(
            """
            WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at), bucket AS MATERIALIZED (
                SELECT p.id, p."group", t.wanted, t.rate, p.rests_until,
                       CASE WHEN p.rests_until > now.at THEN 0
                            WHEN t.rate IS NULL THEN t.wanted
                            ELSE least(t.rate * %(burst)s,
                                       p.messages + t.rate * extract(epoch FROM now.at - p.filled_at)) END AS there,
                       now.at
                FROM mailings_pace p
                JOIN unnest(%(groups)s::text[], %(wanted)s::int[], %(rates)s::float[]) t(g, wanted, rate)
                    ON t.g = p."group", now
                WHERE p.route = %(route)s ORDER BY p."group" FOR UPDATE OF p
            ), taken AS (
                UPDATE mailings_pace p SET filled_at = b.at,
                    messages = CASE WHEN b.rate IS NULL THEN p.messages
                                    ELSE b.there - least(b.wanted, floor(b.there)) END
                FROM bucket b WHERE b.id = p.id AND NOT coalesce(b.rests_until > b.at, false)
            )
            SELECT "group", least(wanted, floor(there))::int,
                   CASE WHEN rests_until > at THEN extract(epoch FROM rests_until - at)
                        WHEN rate > 0 THEN least(wanted, rate * %(burst)s) / rate ELSE 60 END::float
            FROM bucket
            """,
            values,
        )
        return {group: Grant(messages, wait) for group, messages, wait in cursor.fetchall()}


def rest(route: str, group: str) -> None:
    """Let a group rest: a minute, twice as long each time within an hour, at most an hour; and empty its bucket."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mailings_pace AS p (route, "group", messages, filled_at, rests, rests_until)
            VALUES (%s, %s, 0, clock_timestamp(), 1, clock_timestamp() + interval '1 minute')
            ON CONFLICT (route, "group") DO UPDATE SET messages = 0, filled_at = clock_timestamp(),
                rests = CASE WHEN p.rests_until > clock_timestamp() - interval '1 hour'
                             THEN least(p.rests + 1, 10) ELSE 1 END,
                rests_until = clock_timestamp() + least(interval '1 hour', interval '1 minute' * 2 ^
                    CASE WHEN p.rests_until > clock_timestamp() - interval '1 hour' THEN least(p.rests, 10) ELSE 0 END)
            WHERE p.rests_until IS NULL OR p.rests_until < clock_timestamp()
            """,
            [route, group],
        )


# What a domain may send on its first day, its second, and so on; after the last, as much as it likes.
CAPS = (200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000, 150_000, 250_000)


def reserve(wanted: Mapping[str, int]) -> dict[str, int]:
    """Count what new sending domains are about to send today, as far as they may; give how many each one may.

    A domain that is not in the answer is not new. The rows are locked in one order.
    """
    domains = sorted(wanted)
    values: dict[str, Any] = {
        "domains": domains,
        "wanted": [wanted[domain] for domain in domains],
        "caps": list(CAPS),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH today AS MATERIALIZED (
                SELECT (clock_timestamp() AT TIME ZONE 'Europe/London')::date AS day
            ), asked AS MATERIALIZED (
                SELECT w.domain, t.wanted, today.day, (%(caps)s::int[])[greatest(today.day - w.starts_on + 1, 1)] AS cap
                FROM mailings_warmup w
                JOIN unnest(%(domains)s::text[], %(wanted)s::int[]) t(domain, wanted) USING (domain), today
                WHERE today.day - w.starts_on < cardinality(%(caps)s::int[])
                ORDER BY w.domain
            )
            INSERT INTO mailings_daycount AS c (domain, day, messages)
            SELECT domain, day, least(wanted, cap) FROM asked ORDER BY domain
            ON CONFLICT (domain, day) DO UPDATE SET messages = greatest(c.messages, least(
                c.messages + (SELECT a.wanted FROM asked a WHERE a.domain = c.domain),
                (SELECT a.cap FROM asked a WHERE a.domain = c.domain)))
            RETURNING c.domain, new.messages - coalesce(old.messages, 0)
            """,
            values,
        )
        return dict(cursor.fetchall())


def give_back(unsent: Mapping[str, int]) -> None:
    """Take back from today's count what was reserved and not sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_daycount c SET messages = greatest(c.messages - t.unsent, 0)
            FROM unnest(%s::text[], %s::int[]) t(domain, unsent)
            WHERE c.domain = t.domain AND c.day = (clock_timestamp() AT TIME ZONE 'Europe/London')::date
            """,
            [list(unsent), list(unsent.values())],
        )


def until_tomorrow() -> timedelta:
    """Give how long it is until the next day begins in London."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ((clock_timestamp() AT TIME ZONE 'Europe/London')::date + 1)::timestamp AT TIME ZONE 'Europe/London'
                   - clock_timestamp()
            """
        )
        (left,) = cursor.fetchone()
    assert isinstance(left, timedelta)
    return left


def hold_back(delivery_ids: list[int], why: str) -> None:
    """Write of messages that wait that they were passed over: if this worker dies, they were not sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailings_delivery SET detail = %s WHERE id = ANY(%s) AND status = 0",
            [why, delivery_ids],
        )
