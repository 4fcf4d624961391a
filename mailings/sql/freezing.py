"""Statements that fix who gets a campaign: the audience, then one message to each inbox, then the chunks."""

from __future__ import annotations

from django.db import connection

from crm import consent, segments
from crm.reasons import Reason
from mailings.models import Version

CHUNK = 1_000  # messages that one worker holds at a time


def audience(version: Version, question: consent.Question) -> None:
    """Write one row for each person whom the version's segment means, with the decision and all its reasons.

    Of a person's addresses the one that may be mailed counts, a personal one before others. Again: no change.
    """
    points = segments.addresses(version.organisation, version.segment, question)
    chosen = (
        points.order_by("supporter__canonical_id", "reasons", "kind", "pk")
        .distinct("supporter__canonical_id")
        .values_list("supporter__canonical_id", "pk", "reasons")
    )
    people = segments.members(version.organisation, version.segment).values("pk")
    for query, reason in ((chosen, "q.reasons"), (people, str(Reason.ADDRESS_INVALID.value))):
        sql, parameters = query.query.sql_with_params()
        names = (
            "q(supporter_id, contact_point_id, reasons)" if query is chosen else "q(supporter_id)"
        )
        point = "q.contact_point_id" if query is chosen else "NULL"
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO mailings_audience
                    (organisation_id, campaign_id, version_id, supporter_id, contact_point_id, reasons)
                SELECT %s, %s, %s, q.supporter_id, {point}, {reason} FROM ({sql}) {names}
                ON CONFLICT (campaign_id, organisation_id, supporter_id) DO NOTHING
                """,
                [version.organisation_id, version.campaign_id, version.pk, *parameters],
            )


def deliveries(campaign_id: int, *, is_coordinated: bool) -> int:
    """Write one message for each inbox of those who may be mailed; give how many there are.

    Where several organisations may mail an inbox, the one to which its reader last said yes does; of equals
    the hash decides, so that running it again decides the same. An inbox of several readers is greeted by no
    name. Uses audience_once and the primary key of crm_addresskey.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH able AS (
                SELECT a.*, k.mailbox, s.granted_at,
                       count(*) OVER (PARTITION BY k.mailbox, a.organisation_id) AS readers
                FROM mailings_audience a
                JOIN crm_addresskey k ON k.contact_point_id = a.contact_point_id
                JOIN mailings_version v ON v.id = a.version_id
                LEFT JOIN crm_consentstate s
                    ON s.contact_point_id = a.contact_point_id AND s.purpose_id = v.purpose_id
                WHERE a.campaign_id = %(campaign)s AND a.reasons = 0
            ), chosen AS (
                SELECT DISTINCT ON (mailbox) * FROM able
                ORDER BY mailbox, granted_at DESC NULLS LAST,
                         sha256(mailbox || int4send(organisation_id)), supporter_id
            )
            INSERT INTO mailings_delivery (public_id, organisation_id, campaign_id, version_id, supporter_id,
                contact_point_id, mailbox, seq, is_personal, is_coordinated, status, reasons, detail)
            SELECT gen_random_uuid(), c.organisation_id, c.campaign_id, c.version_id, c.supporter_id,
                   c.contact_point_id, c.mailbox, row_number() OVER (ORDER BY c.mailbox),
                   c.readers = 1 AND cp.kind <> 3, %(coordinated)s, 0, 0, ''
            FROM chosen c JOIN crm_contactpoint cp ON cp.id = c.contact_point_id
            ON CONFLICT DO NOTHING
            """,
            {"campaign": campaign_id, "coordinated": is_coordinated},
        )
        cursor.execute(
            "SELECT count(*) FROM mailings_delivery WHERE campaign_id = %s", [campaign_id]
        )
        (total,) = cursor.fetchone()
    return int(total)


def chunks(campaign_id: int, total: int) -> None:
    """Cut the queue into chunks. Again: no change."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO mailings_chunk (campaign_id, first, last, state, token, cursor)
            SELECT %(campaign)s, first, least(first + %(size)s - 1, %(total)s), 0, 0, 0
            FROM generate_series(1, %(total)s, %(size)s) AS first ON CONFLICT DO NOTHING
            """,
            {"campaign": campaign_id, "size": CHUNK, "total": total},
        )
