"""Whom of an import messages reached."""

from __future__ import annotations

from django.db import connection


def mailed_of_batch(organisation_id: int, batch_id: int) -> tuple[int, list[tuple[str, int]]]:
    """Count the people of a batch to whom a message was handed over since, or may have been: in all, and by campaign.

    Not of coordinated campaigns: whose version arrived is nobody's to know (R-SEC4). Uses record_of_a_line_once and
    delivery_of_supporter.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.name, count(DISTINCT d.supporter_id) FROM crm_record r
            JOIN crm_batch b ON b.id = r.batch_id
            JOIN mailings_delivery d ON d.supporter_id = r.supporter_id AND d.organisation_id = r.organisation_id
            JOIN mailings_campaign c ON c.id = d.campaign_id
            WHERE r.batch_id = %s AND r.organisation_id = %s AND NOT d.is_coordinated
              AND d.status IN (1, 4) AND d.settled_at >= b.created_at
            GROUP BY GROUPING SETS ((), (c.id, c.name)) ORDER BY c.id NULLS FIRST
            """,
            [batch_id, organisation_id],
        )
        (_, people), *campaigns = cursor.fetchall()
        return int(people), campaigns
