"""The statement that lets a new journal of refusals begin with all that the database knows."""

from __future__ import annotations

from django.db import connection


def begin_anew() -> None:
    """Have every refusal of the ledger, and every *stop everything*, written to the journal again. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_waitingrefusal")
        cursor.execute(
            """
            INSERT INTO crm_waitingrefusal (organisation_code, mailbox, purpose_code, action, flag, entry, at)
            SELECT o.code, e.mailbox, coalesce(p.code, ''), e.action, '', CASE e.action WHEN 8 THEN s.public_id END,
                   coalesce(e.occurred_until, e.recorded_at)
            FROM crm_consentevent e JOIN crm_organisation o ON o.id = e.organisation_id
            LEFT JOIN crm_purpose p ON p.id = e.purpose_id
            LEFT JOIN crm_supporter s ON s.id = e.supporter_id
            WHERE e.action BETWEEN 2 AND 8 AND e.mailbox IS NOT NULL
            UNION ALL SELECT '', mailbox, '', 7, '', NULL, stopped_at FROM crm_platformstop
            """
        )
