"""The comparator: a bare COPY and one INSERT … SELECT for each table that an import fills, in one transaction.

Nothing is read, checked, matched or derived: it is the time that PostgreSQL takes to write what an import writes, with
the same triggers, constraints and indexes.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction

from crm.hashing import hashes_of
from crm.models import Organisation, Purpose, Statement

_STATEMENTS = (
    """
    INSERT INTO crm_supporter (id, public_id, organisation_id, canonical_id, first_name, last_name, name_forms,
        last_fold, postcode, postcode_fold, external_id, age_band, restricted, deceased, created_at)
    SELECT id, gen_random_uuid(), %(organisation)s, id, first, last, ARRAY[lower(first)], lower(last), postcode,
           lower(postcode), '', 18, false, false, now() FROM bare
    """,
    """
    INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind, problem,
        created_at)
    SELECT gen_random_uuid(), %(organisation)s, id, 1, email, lower(email), 1, 0, now() FROM bare
    """,
    """
    INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind, problem,
        created_at)
    SELECT gen_random_uuid(), %(organisation)s, id, 2, phone, phone, 1, 0, now() FROM bare
    """,
    """
    INSERT INTO crm_addresskey (contact_point_id, organisation_id, key_id, address_key, mailbox)
    SELECT cp.id, %(organisation)s, (SELECT key_id FROM crm_hashchain), b.address_key, b.mailbox
    FROM bare b JOIN crm_contactpoint cp ON cp.supporter_id = b.id AND cp.channel = 1
        AND cp.organisation_id = %(organisation)s AND cp.folded = lower(b.email)
    """,
    """
    INSERT INTO crm_record (organisation_id, supporter_id, line, source, as_of, first_name, last_name, email, phone,
        postcode, external_id, age_band, data)
    SELECT %(organisation)s, id, line, 3, now(), first, last, email, phone, postcode, '', 18, data FROM bare
    """,
    """
    INSERT INTO crm_supporterrole (organisation_id, supporter_id, role_id)
    SELECT %(organisation)s, id, (SELECT id FROM crm_role WHERE code = 'parent_carer') FROM bare
    """,
    """
    INSERT INTO crm_searchterm (organisation_id, supporter_id, term)
    SELECT %(organisation)s, id, t FROM bare, LATERAL (
        SELECT DISTINCT t FROM unnest(ARRAY[lower(first), lower(last), lower(email), phone, lower(postcode)]) t) w
    """,
    """
    INSERT INTO crm_consentevent (organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
        purpose_id, action, source, source_detail, statement_id, occurred_at, occurred_until, recorded_at)
    SELECT %(organisation)s, cp.supporter_id, cp.id, b.address_key, b.mailbox, 1, %(purpose)s, 1, 1, '',
           %(statement)s, now(), now(), now()
    FROM bare b JOIN crm_contactpoint cp ON cp.supporter_id = b.id AND cp.channel = 1
        AND cp.organisation_id = %(organisation)s AND cp.folded = lower(b.email)
    """,
    """
    INSERT INTO crm_consentstate (organisation_id, contact_point_id, purpose_id, granted_at, statement_id,
        names_organisation, needs_confirmation)
    SELECT %(organisation)s, cp.id, %(purpose)s, now(), %(statement)s, true, false
    FROM bare b JOIN crm_contactpoint cp ON cp.supporter_id = b.id AND cp.channel = 1
        AND cp.organisation_id = %(organisation)s AND cp.folded = lower(b.email)
    """,
)


def rows_per_second(rows: list[dict[str, Any]]) -> float:
    """Write the rows as new people and roll back after the last statement; give the rate."""
    socr = Organisation.objects.get(code="SOCR")
    values = {
        "organisation": socr.pk,
        "purpose": Purpose.objects.filter(organisation=socr).values_list("pk", flat=True)[0],
        "statement": Statement.objects.filter(organisation=socr).values_list("pk", flat=True)[0],
    }
    hashed = [(row, hashes_of(row["Email"].lower())) for row in rows]
    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMPORARY TABLE bare (id bigint DEFAULT nextval(pg_get_serial_sequence('crm_supporter', 'id')),
                line int, email text, first text, last text, phone text, postcode text, address_key bytea,
                mailbox bytea, data jsonb) ON COMMIT DROP
            """
        )
        copied = "line, email, first, last, phone, postcode, address_key, mailbox, data"
        with cursor.copy(f"COPY bare ({copied}) FROM STDIN") as copy:
            for line, (row, made) in enumerate(hashed):
                cells = (row["Email"], row["First name"], row["Last name"], row["Phone"])
                further = (row["Postcode"], made.address_key, made.mailbox, '{"Town": "Leeds"}')
                copy.write_row((line, *cells, *further))
        cursor.execute("ANALYZE bare")
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
        taken = time.perf_counter() - began
        transaction.set_rollback(True)
    return len(rows) / taken
