"""Statements about inboxes at which no mail arrives."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def record_bounces(organisations: list[int], mailboxes: list[bytes], at: list[datetime]) -> None:
    """Write that mail of these organisations comes back from these inboxes, and mark their addresses.

    Three lists of one length. Uses the keys of crm_deliverability, address_key_mailbox, and the ledger's index on
    inboxes. Again: no change.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH told AS (
                SELECT organisation_id, mailbox, max(at) AS at
                FROM unnest(%s::smallint[], %s::bytea[], %s::timestamptz[]) t(organisation_id, mailbox, at)
                GROUP BY 1, 2
            ), bad AS MATERIALIZED (
                SELECT t.* FROM told t WHERE NOT EXISTS (
                    SELECT FROM crm_consentevent e
                    WHERE e.mailbox = t.mailbox AND e.organisation_id = t.organisation_id
                      AND e.source = 1 AND e.action IN (1, 11) AND e.occurred_at > t.at)
            ), kept AS (
                INSERT INTO crm_deliverability AS k (organisation_id, mailbox, problem, since, batch_id)
                SELECT organisation_id, mailbox, 1, at, NULL FROM bad
                ON CONFLICT (organisation_id, mailbox) DO UPDATE
                    SET problem = 1, since = excluded.since, batch_id = NULL WHERE k.problem = 0
            )
            UPDATE crm_contactpoint p SET problem = 1
            FROM bad b JOIN crm_addresskey a ON a.mailbox = b.mailbox AND a.organisation_id = b.organisation_id
            WHERE p.id = a.contact_point_id AND p.problem = 0
            """,
            [organisations, mailboxes, at],
        )
