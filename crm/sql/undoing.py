"""The statement that finds what a stop took away, so that the person can take the stop back."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from crm.sql.fold import REVIEW_MONTHS


def taken_away(contact_point_id: int, act: UUID) -> list[tuple[int, int]]:
    """Give (type of email, wording) of each yes at an address that one act took away. Uses event_supporter.

    Only the latest yes counts, before the act, proven and not too old; and only if nothing but the act speaks
    against it. Against a yes that a list or staff reported, any other refusal speaks, however old.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH point AS (
                SELECT cp.id, cp.organisation_id, cp.supporter_id, s.canonical_id, k.address_key, k.mailbox
                FROM crm_contactpoint cp JOIN crm_supporter s ON s.id = cp.supporter_id
                JOIN crm_addresskey k ON k.contact_point_id = cp.id WHERE cp.id = %(point)s
            ), act AS (
                SELECT min(e.id) AS id, min(e.recorded_at) AS at, bool_or(e.action = 7) AS of_everything
                FROM crm_consentevent e, point
                WHERE e.act_id = %(act)s AND e.organisation_id = point.organisation_id
                  AND e.action BETWEEN 2 AND 8
            ), yes AS (
                SELECT DISTINCT ON (e.purpose_id) e.*, st.requires_confirmation, o.is_partner
                FROM point JOIN crm_consentevent e ON e.supporter_id = point.supporter_id
                    AND e.address_key = point.address_key AND e.action = 1
                JOIN crm_statement st ON st.id = e.statement_id
                JOIN crm_organisation o ON o.id = e.organisation_id
                LEFT JOIN crm_batch b ON b.id = e.batch_id
                WHERE b.undone_at IS NULL AND e.occurred_at IS NOT NULL
                  AND NOT EXISTS (SELECT FROM crm_consentevent c WHERE c.corrects_id = e.id)
                ORDER BY e.purpose_id, e.occurred_at DESC, e.id DESC
            ), against AS (
                SELECT r.purpose_id, coalesce(r.occurred_until, r.occurred_at, r.recorded_at) AS at
                FROM point CROSS JOIN act JOIN crm_consentevent r ON r.organisation_id = point.organisation_id
                    AND (r.mailbox = point.mailbox OR r.supporter_id IN (
                        SELECT s.id FROM crm_supporter s WHERE s.canonical_id = point.canonical_id))
                LEFT JOIN crm_batch b ON b.id = r.batch_id
                WHERE r.action BETWEEN 2 AND 8 AND b.undone_at IS NULL
                  AND r.act_id IS DISTINCT FROM %(act)s
                  -- pressed twice, *stop everything* is written twice: one slip
                  AND NOT (act.of_everything AND r.action = 7 AND r.recorded_at > act.at - interval '1 hour')
                  AND NOT EXISTS (SELECT FROM crm_consentevent c WHERE c.corrects_id = r.id)
            )
            SELECT yes.purpose_id, yes.statement_id FROM yes, act
            WHERE yes.id < act.id AND yes.occurred_at > now() - interval '{REVIEW_MONTHS} months'
              AND (NOT yes.requires_confirmation OR EXISTS (
                  SELECT FROM crm_consentevent c WHERE c.action = 11 AND c.confirms_id = yes.id))
              AND CASE WHEN yes.is_partner
                  THEN EXISTS (SELECT FROM crm_statement_organisations n
                               WHERE n.statement_id = yes.statement_id AND n.organisation_id = yes.organisation_id)
                  ELSE NOT EXISTS (SELECT FROM crm_organisation p WHERE p.is_partner AND NOT EXISTS (
                               SELECT FROM crm_statement_organisations n
                               WHERE n.statement_id = yes.statement_id AND n.organisation_id = p.id)) END
              AND NOT EXISTS (
                  SELECT FROM against WHERE (against.purpose_id IS NULL OR against.purpose_id = yes.purpose_id)
                    AND (yes.source <> 1 OR against.at >= yes.occurred_at))
            """,
            {"point": contact_point_id, "act": act},
        )
        return [(int(purpose), int(statement)) for purpose, statement in cursor.fetchall()]
