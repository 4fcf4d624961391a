"""Fills the benchmark's database with invented people by SQL alone, in minutes rather than hours."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils import timezone

from crm import wall
from crm.hashing import hashes_of
from crm.models import GoLive, Organisation, Purpose, Role, Segment, Tag, User
from crm.services import organisations
from crm.sql import fold
from mailings.models import Campaign, Version
from mailings.services import sending

FIRST = "Priya Daniel Elizabeth Mohammed Sian Zoe Thomas Aisha Grace Oliver Chloe Ravi Megan Callum Niamh Kwame".split()
LAST = "Okafor Smith Jones Patel Khan Evans Murphy Nguyen Brown Taylor Ahmed Wilson Davies Singh Walker Hughes".split()


def middle() -> int:
    """Give an id from the middle of the list."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) / 2 FROM crm_supporter")
        (found,) = cursor.fetchone()
    return int(found)


def fill(people: int) -> int:
    """Make `people` supporters of SOCR, unless there are, with five events each on average; give the number of events.

    Two in three said yes; one in twenty stopped. A hundredth are SENCOs, half parents.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_supporter")
        (known,) = cursor.fetchone()
        if 0 < known < people:
            raise SystemExit(
                f"The benchmark's database holds {known:,} people, fewer than the {people:,} asked for. "
                "Name an empty folder in COALESCE_HOME, and run it again."
            )
        if not known:
            print(f"filling the database with {people:,} people …", flush=True)
            organisations_of_the_bench()
            _people(people)
        cursor.execute("SELECT count(*) FROM crm_consentevent")
        (events,) = cursor.fetchone()
    return int(events)


def organisations_of_the_bench() -> None:
    """Make the partners and the coalition, unless there are."""
    if Organisation.objects.exists():
        return
    for code, is_partner in (("SOCR", True), ("NEU", True), ("JOINT", False)):
        made = Organisation(
            code=code,
            name=code,
            is_partner=is_partner,
            legal_name=code,
            postal_address="1 Example Street, London N1 1AA",
            sender_name=code,
            sender_address=f"news@{code.lower()}.example.org",
            reply_address=f"reply@{code.lower()}.example.org",
        )
        organisations.add_organisation(
            organisation=made,
            sign_off=GoLive(
                dpia_reference="bench",
                dpia_signed_by="bench",
                dpia_signed_on=timezone.localdate(),
                sending_domain=f"{code.lower()}.example.org",
                turned_on_at=timezone.now(),
            ),
        )
    socr = Organisation.objects.get(code="SOCR")
    organisations.add_wording(organisation=socr, code="form", words="Email me.")


def _people(people: int) -> None:
    socr = Organisation.objects.get(code="SOCR")
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "people": people,
            "organisation": socr.pk,
            "purpose": Purpose.objects.get(organisation=socr).pk,
            "first": FIRST,
            "last": LAST,
            "senco": Role.objects.get(code="senco").pk,
            "parent": Role.objects.get(code="parent_carer").pk,
            "teacher": Role.objects.get(code="teacher").pk,
        }
        _hash(cursor, people)
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
    with wall.scope("platform"):
        fold.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _hash(cursor: Any, people: int) -> None:
    """Make the keyed hashes of the addresses, as the importer will."""
    cursor.execute(
        "CREATE TEMPORARY TABLE bench_hash (n bigint, key_id text, address_key bytea, mailbox bytea)"
    )
    with cursor.copy("COPY bench_hash FROM STDIN") as copy:
        for number in range(1, people + 1):
            made = hashes_of(f"person{number}@example.org")
            copy.write_row((number, made.key_id, made.address_key, made.mailbox))


_NAMES = (
    """(%(first)s::text[])[1 + n %% 16] AS first, (%(last)s::text[])[1 + (n / 16) %% 16] AS last"""
)
_STATEMENTS = (
    f"""
    INSERT INTO crm_supporter (id, public_id, organisation_id, canonical_id, first_name, last_name, name_forms,
        last_fold, postcode, postcode_fold, external_id, age_band, restricted, deceased, created_at)
    SELECT n, gen_random_uuid(), %(organisation)s, n, first, last, ARRAY[lower(first)], lower(last),
           'GU' || 1 + n %% 99 || ' 1AA', 'gu' || 1 + n %% 99 || '1aa', '', 18, false, false,
           now() - n * interval '1 second'
    FROM (SELECT n, {_NAMES} FROM generate_series(1, %(people)s) n) p
    """,
    "SELECT setval(pg_get_serial_sequence('crm_supporter', 'id'), %(people)s)",
    """
    INSERT INTO crm_contactpoint (id, public_id, organisation_id, supporter_id, channel, address, folded, kind,
        problem, created_at)
    SELECT n, gen_random_uuid(), %(organisation)s, n, 1, 'Person' || n || '@example.org',
           'person' || n || '@example.org', 1, 0, now()
    FROM generate_series(1, %(people)s) n
    """,
    "SELECT setval(pg_get_serial_sequence('crm_contactpoint', 'id'), %(people)s)",
    """
    INSERT INTO crm_addresskey (contact_point_id, organisation_id, key_id, address_key, mailbox)
    SELECT n, %(organisation)s, key_id, address_key, mailbox FROM bench_hash
    """,
    f"""
    INSERT INTO crm_searchterm (organisation_id, supporter_id, term)
    SELECT %(organisation)s, n, word
    FROM (SELECT n, {_NAMES} FROM generate_series(1, %(people)s) n) p,
         LATERAL unnest(ARRAY[lower(first), lower(last), 'person' || n || '@example.org', 'example.org',
                              '07700900' || lpad((n %% 1000)::text, 3, '0'), 'gu' || 1 + n %% 99 || '1aa']) word
    """,
    """
    INSERT INTO crm_supporterrole (organisation_id, supporter_id, role_id)
    SELECT %(organisation)s, n, %(senco)s FROM generate_series(1, %(people)s) n WHERE n %% 100 = 0
    UNION ALL SELECT %(organisation)s, n, %(parent)s FROM generate_series(1, %(people)s) n WHERE n %% 2 = 0
    UNION ALL SELECT %(organisation)s, n, %(teacher)s FROM generate_series(1, %(people)s) n WHERE n %% 3 = 0
    """,
    """
    CREATE TABLE bench_supporter_roles AS
    SELECT s.organisation_id, s.id,
           coalesce(array_agg(r.role_id) FILTER (WHERE r.role_id IS NOT NULL), '{}')::smallint[] AS roles
    FROM crm_supporter s LEFT JOIN crm_supporterrole r ON r.supporter_id = s.id GROUP BY 1, 2
    """,
    "CREATE INDEX ON bench_supporter_roles USING gin (roles)",
    "ALTER TABLE bench_supporter_roles ENABLE ROW LEVEL SECURITY",
    """
    CREATE POLICY scoped ON bench_supporter_roles TO coalesce_staff
    USING (organisation_id = (SELECT app_organisation()))
    """,
    "GRANT SELECT ON bench_supporter_roles TO coalesce_staff",
    """
    INSERT INTO crm_consentevent (organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
        purpose_id, action, source, source_detail, statement_id, occurred_at, occurred_until, recorded_at)
    SELECT k.organisation_id, cp.supporter_id, cp.id, k.address_key, k.mailbox, 1, %(purpose)s,
           CASE WHEN e = 1 AND cp.id %% 20 = 0 THEN 3 ELSE 1 END, 1, 'bench', (SELECT min(id) FROM crm_statement),
           t, t, now()
    FROM crm_addresskey k JOIN crm_contactpoint cp ON cp.id = k.contact_point_id, generate_series(1, 6) e,
         LATERAL (SELECT now() - (cp.id %% 500 + e) * interval '1 day' AS t) d
    WHERE cp.id %% 3 <> 0 OR e > 2
    """,
)


def campaign(organisation: Organisation) -> tuple[Campaign, Version]:
    """Make a campaign to everyone, as if approved."""
    author, _ = User.objects.get_or_create(email="bench@example.org")
    made = Campaign.objects.create(
        organisation=organisation, name="bench", due_at=timezone.now(), created_by=author
    )
    version = Version.objects.create(
        organisation=organisation,
        campaign=made,
        purpose=Purpose.objects.get(organisation=organisation),
        subject="bench",
        body="bench",
        author=author,
    )
    return made, version


def frozen_campaign(
    people: int, *, name: str, subject: str = "bench", body: str = "bench"
) -> tuple[Campaign, int]:
    """Freeze an approved campaign to so many people; give it and the number of its messages."""
    socr = Organisation.objects.get(code="SOCR")
    tag, _ = Tag.objects.get_or_create(organisation=socr, name=f"{name} {people}")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO crm_supportertag (organisation_id, supporter_id, tag_id)
            SELECT cp.organisation_id, cp.supporter_id, %s
            FROM crm_contactpoint cp JOIN crm_consentstate s ON s.contact_point_id = cp.id
            WHERE s.granted_at IS NOT NULL AND s.refused_at IS NULL AND s.expires_at > now() AND cp.organisation_id = %s
              AND (SELECT count(*) FROM crm_supportertag t WHERE t.tag_id = %s) = 0
            ORDER BY cp.id LIMIT %s ON CONFLICT DO NOTHING
            """,
            [tag.pk, socr.pk, tag.pk, people],
        )
    segment, _ = Segment.objects.get_or_create(
        organisation=socr,
        name=tag.name,
        defaults={"rules": {"rules": [{"field": "tag", "op": "is", "value": tag.pk}]}},
    )
    made, version = campaign(socr)
    approver, _ = User.objects.get_or_create(email="bench-approver@example.org")
    Version.objects.filter(pk=version.pk).update(segment=segment, subject=subject, body=body)
    Version.objects.filter(pk=version.pk).update(
        approved_by=approver, approved_at="2026-01-01T00:00Z"
    )
    Campaign.objects.filter(pk=made.pk).update(state=Campaign.State.SCHEDULED)
    total = sending.freeze(campaign_id=made.pk)
    return made, total
