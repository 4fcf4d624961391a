"""Statements about reports of mail servers: find the message and move it on, and whose addresses bounce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

_AT_ONCE = 1000


def move(*, started_within: timedelta) -> int:
    """Join the oldest reports that wait to their messages, and move these on; give how many were dealt with.

    A message is found by its id and its inbox among the campaigns that began `started_within` so long, so that no
    index on ids slows the freezing. Whatever the order and however often, the result is the same: an outcome only
    grows, and what was reported of was handed over. A message that somebody else is just writing waits for the next
    round. Uses event_to_do and one_copy_an_inbox.
    """
    values: dict[str, Any] = {"within": started_within, "limit": _AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH recent AS MATERIALIZED (
                SELECT id FROM mailings_campaign WHERE started_at > now() - %(within)s
            ), waiting AS MATERIALIZED (
                SELECT * FROM mailings_event WHERE state = 0 ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), matched AS MATERIALIZED (
                SELECT w.id, w.kind, w.is_permanent, w.happened_at, d.id AS delivery_id, d.campaign_id FROM waiting w
                LEFT JOIN LATERAL (
                    SELECT d.id, d.campaign_id FROM recent r JOIN mailings_delivery d ON d.campaign_id = r.id
                    WHERE d.mailbox = w.mailbox AND d.public_id = w.message LIMIT 1) d ON true
            ), free AS MATERIALIZED (
                SELECT d.id FROM mailings_delivery d WHERE d.id IN (SELECT delivery_id FROM matched)
                FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE mailings_delivery d SET
                    outcome = greatest(d.outcome, x.outcome),
                    outcome_at = CASE WHEN x.outcome > d.outcome THEN x.at ELSE d.outcome_at END,
                    status = CASE WHEN d.status IN (0, 4, 5, 7) THEN 1 ELSE d.status END,
                    detail = CASE WHEN d.status = 0 THEN '' ELSE d.detail END,
                    settled_at = coalesce(d.settled_at, x.first)
                FROM (SELECT DISTINCT ON (m.delivery_id) m.delivery_id, m.kind AS outcome, m.happened_at AS at,
                             min(m.happened_at) OVER (PARTITION BY m.delivery_id) AS first
                      FROM matched m JOIN free f ON f.id = m.delivery_id
                      ORDER BY m.delivery_id, m.kind DESC, m.happened_at) x
                WHERE d.id = x.delivery_id
            )
            UPDATE mailings_event e SET delivery_id = m.delivery_id, campaign_id = m.campaign_id,
                state = CASE WHEN m.delivery_id IS NULL THEN 2
                             WHEN m.kind IN (5, 6) OR m.is_permanent THEN 3 ELSE 1 END
            FROM matched m
            WHERE e.id = m.id AND (m.delivery_id IS NULL OR m.delivery_id IN (SELECT id FROM free))
            """,
            values,
        )
        return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Bounced:
    """Reports of addresses at which no mail will arrive, and to whom each is told."""

    events: list[int]
    inboxes: list[tuple[int, bytes, datetime]]  # organisation, inbox, when


def bounced() -> Bounced:
    """Give the oldest permanent bounces that consent was not told of yet. Uses event_to_do.

    It is told to the organisation that mailed. Of a coordinated campaign it is told to each organisation that was
    included at the inbox, whoever's version went there: told to one alone, it would say whose it was, and to the
    other, when its own next mail comes back, that there is somebody else (decision 19). Uses address_key_mailbox.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH waiting AS MATERIALIZED (
                SELECT e.id, e.happened_at, d.campaign_id, d.organisation_id, d.mailbox, d.is_coordinated
                FROM mailings_event e JOIN mailings_delivery d ON d.id = e.delivery_id
                WHERE e.state = 3 AND e.kind NOT IN (5, 6) ORDER BY e.id LIMIT %s FOR UPDATE OF e SKIP LOCKED
            )
            SELECT id, organisation_id, mailbox, happened_at FROM waiting
            UNION
            SELECT w.id, a.organisation_id, w.mailbox, w.happened_at FROM waiting w
            JOIN crm_addresskey k ON k.mailbox = w.mailbox
            JOIN mailings_audience a ON a.contact_point_id = k.contact_point_id AND a.campaign_id = w.campaign_id
            JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
            JOIN crm_supporter s ON s.id = cp.supporter_id AND a.supporter_id = ANY(ARRAY[s.id, s.canonical_id])
            WHERE w.is_coordinated AND a.reasons = 0
            """,
            [_AT_ONCE],
        )
        rows = cursor.fetchall()
    return Bounced(
        events=sorted({event for event, *_ in rows}),
        inboxes=[(organisation, bytes(mailbox), at) for _, organisation, mailbox, at in rows],
    )


def refused_by_relay(delivery_id: int, code: str, *, is_permanent: bool) -> None:
    """Write that the relay refused a message for good, and whether it said that no mail will ever arrive there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mailings_event (route, key, kind, is_permanent, message, mailbox, code, happened_at,
                                        received_at, state, delivery_id, campaign_id)
            SELECT 'relay', uuid_send(d.public_id), 4, %(permanent)s, d.public_id, d.mailbox, %(code)s, now(), now(),
                   CASE WHEN %(permanent)s THEN 3 ELSE 1 END, d.id, d.campaign_id
            FROM mailings_delivery d WHERE d.id = %(delivery)s ON CONFLICT DO NOTHING
            """,
            {"permanent": is_permanent, "code": code, "delivery": delivery_id},
        )
