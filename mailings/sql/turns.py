"""Statements about whole campaigns in the queue: whose turn it is, which are done, late, or going badly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection


def to_wake(slots: int) -> list[tuple[int, int]]:
    """Give each campaign with open chunks and how many workers to wake for it. Uses chunk_to_do."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, least(
                count(*) FILTER (WHERE c.state = 0 AND (c.leased_until IS NULL OR c.leased_until < now())),
                %s - count(*) FILTER (WHERE c.state = 1))
            FROM mailings_campaign m JOIN mailings_chunk c ON c.campaign_id = m.id AND c.state <> 2
            WHERE m.state = 'sending' GROUP BY m.id ORDER BY m.due_at, m.id
            """,
            [slots],
        )
        return [(campaign, wakes) for campaign, wakes in cursor.fetchall() if wakes > 0]


def finish() -> None:
    """Call those campaigns done of which every message is settled and none may have been sent unknown to us."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_campaign m SET state = 'done', finished_at = now()
            WHERE m.state = 'sending'
              AND NOT EXISTS (SELECT FROM mailings_chunk c WHERE c.campaign_id = m.id AND c.state <> 2)
              AND NOT EXISTS (SELECT FROM mailings_delivery d WHERE d.campaign_id = m.id AND d.status IN (0, 4, 7))
            """
        )


def call_off() -> None:
    """Settle what was not sent of campaigns that were called off, once no worker holds any of it. Uses chunk_to_do."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH over AS (
                SELECT m.id FROM mailings_campaign m WHERE m.state = 'cancelled' AND m.started_at IS NOT NULL
                  AND EXISTS (SELECT FROM mailings_chunk c WHERE c.campaign_id = m.id AND c.state <> 2)
                  AND NOT EXISTS (SELECT FROM mailings_chunk c WHERE c.campaign_id = m.id AND c.state IN (1, 3))
            ), closed AS (
                UPDATE mailings_chunk c SET state = 2 FROM over WHERE c.campaign_id = over.id AND c.state = 0
            )
            UPDATE mailings_delivery d SET status = 6, detail = '', settled_at = now()
            FROM over WHERE d.campaign_id = over.id AND d.status = 0
            """
        )


def keep_time(late_after: timedelta) -> int:
    """Pause what the sweep has not seen being sent for so long, and note that it saw the rest.

    Gives how many were paused. After an outage nothing goes on by itself that nobody expects any more.
    """
    values: list[Any] = [late_after]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_campaign SET state = 'paused', paused_why = 'late'
            WHERE state = 'sending' AND swept_at <= now() - %s
            """,
            values,
        )
        paused = int(cursor.rowcount)
        cursor.execute(
            """
            UPDATE mailings_campaign SET swept_at = now()
            WHERE state = 'sending' AND swept_at < now() - interval '1 minute'
            """
        )
    return paused


@dataclass(frozen=True, slots=True)
class Course:
    """How a campaign that is being sent goes: messages handed over, and how many turned out badly."""

    campaign_id: int
    handed_over: int
    complaints: int
    bounces: int
    let_go: dict[str, int]
    warned_of: str


def courses() -> list[Course]:
    """Give how each campaign goes that is being sent. Reads chunks and reports, never the messages: event_against.

    Handed over is what lies before the cursors; a few may have been left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, h.messages, e.complaints, e.bounces, m.let_go::text, m.warned_of
            FROM mailings_campaign m,
                 LATERAL (SELECT coalesce(sum(CASE WHEN c.state = 2 THEN c.last - c.first + 1
                                                   ELSE greatest(c.cursor - c.first + 1, 0) END), 0) AS messages
                          FROM mailings_chunk c WHERE c.campaign_id = m.id) h,
                 LATERAL (SELECT count(DISTINCT e.delivery_id) FILTER (WHERE e.kind = 6) AS complaints,
                                 count(DISTINCT e.delivery_id) FILTER (WHERE e.kind = 4) AS bounces
                          FROM mailings_event e
                          WHERE e.campaign_id = m.id AND e.kind >= 3) e
            WHERE m.state = 'sending'
            """
        )
        return [
            Course(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5])
            for row in cursor.fetchall()
        ]


def warn(campaign_id: int, of: str) -> None:
    """Note what is to be looked at while a campaign is sent; nothing takes it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailings_campaign SET warned_of = %s WHERE id = %s AND state = 'sending'",
            [of, campaign_id],
        )


def pause(campaign_id: int, why: str, many: int) -> None:
    """Pause a campaign that is being sent, with how many turned out badly so far.

    A trigger has its chunks given back before the next message.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE mailings_campaign SET state = 'paused', paused_why = %(why)s,
                let_go = let_go || jsonb_build_object(%(why)s::text, %(many)s::int)
            WHERE id = %(campaign)s AND state = 'sending'
            """,
            {"why": why, "many": many, "campaign": campaign_id},
        )
