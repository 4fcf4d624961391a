"""The statement that makes events of the yeses of an import that got its wording later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from crm.sql.batches import Lines

# As an import with the wording would have written them (imports/sql/applying.py), from the records that it left.
# OFFSET 0 keeps the planner to the index.
_GRANT = """
    WITH said AS MATERIALIZED (
        SELECT r.organisation_id, r.supporter_id, r.contact_point_id, k.address_key, k.mailbox, r.line,
               o.id AS purpose_id, coalesce(r.occurred_at, %(began)s) AS began,
               CASE WHEN r.occurred_at IS NULL THEN %(ended)s ELSE r.occurred_until END AS ended
        FROM crm_record r
        JOIN crm_addresskey k ON k.contact_point_id = r.contact_point_id
        JOIN crm_statement_purposes sp ON sp.statement_id = %(statement)s
        JOIN crm_purpose o ON o.id = sp.purpose_id AND o.organisation_id = r.organisation_id
        WHERE r.batch_id = %(batch)s AND r.line BETWEEN %(first)s AND %(last)s AND r.action = 1
    ), granted AS (
        INSERT INTO crm_consentevent (organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
            purpose_id, action, source, source_detail, statement_id, occurred_at, occurred_until, recorded_at, batch_id)
        SELECT DISTINCT ON (contact_point_id, purpose_id, began)
               organisation_id, supporter_id, contact_point_id, address_key, mailbox, 1, purpose_id, 1, 3,
               'line ' || line, %(statement)s, began, ended, now(), %(batch)s
        FROM said s
        WHERE began IS NOT NULL AND NOT EXISTS (
            SELECT FROM (SELECT * FROM crm_consentevent v WHERE v.supporter_id = s.supporter_id OFFSET 0) e
            WHERE e.contact_point_id = s.contact_point_id AND e.purpose_id = s.purpose_id AND e.action = 1
              AND e.source = 3 AND e.statement_id = %(statement)s AND e.occurred_at = s.began
              AND e.batch_id = %(batch)s)
        ORDER BY contact_point_id, purpose_id, began, line
        RETURNING supporter_id, mailbox
    )
    SELECT array_agg(DISTINCT supporter_id), array_agg(DISTINCT mailbox) FROM granted
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The wording, and from when to when those said yes whose rows have no date; None if nobody knows."""

    statement_id: int
    began: datetime | None
    ended: datetime | None


def grant(lines: Lines, evidence: Evidence) -> tuple[list[int], list[bytes]]:
    """Write the yeses of these lines under a wording; give the supporters and inboxes that got any.

    Can run again on the same lines and writes nothing the second time. Uses record_of_a_line_once and event_supporter.
    Platform scope, in the organisation of the batch.
    """
    values = {
        **lines.parameters,
        "statement": evidence.statement_id,
        "began": evidence.began,
        "ended": evidence.ended,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        cursor.execute(_GRANT, values)
        supporters, mailboxes = cursor.fetchone()
    return supporters or [], [bytes(mailbox) for mailbox in mailboxes or []]
