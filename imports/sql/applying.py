"""Statements that turn the rows of `stretch` into people, records and events (imports/sql/stretch.py).

Each can run again on the same lines and changes nothing the second time. All run in the keeper's scope of one
organisation, inside the one transaction of the stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

_LOCK_CLASS = (
    60192  # advisory locks (class, organisation): one stretch of an organisation at a time
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which import the rows of `stretch` belong to, and what it says of them."""

    file_id: int
    organisation_id: int
    batch_id: int
    statement_id: int | None

    @property
    def parameters(self) -> dict[str, int | None]:
        """The values that the statements below name."""
        return {
            "file": self.file_id,
            "organisation": self.organisation_id,
            "batch": self.batch_id,
            "statement": self.statement_id,
        }


def _rows(joins: str = "") -> str:
    """Give the FROM clause of the stretch's rows that become somebody, `r`, with further joins."""
    return f"stretch r {joins} WHERE NOT r.erased"


_ROWS = _rows()
# Without the ends every row of the file up to this stretch would be read.
_CELLS = """
    JOIN imports_stagedrow d ON d.file_id = %(file)s AND d.line = r.line
        AND d.line BETWEEN (SELECT min(line) FROM stretch) AND (SELECT max(line) FROM stretch)
"""
_TAG = """
    CROSS JOIN unnest(r.tags) word JOIN crm_tag t ON t.organisation_id = r.organisation_id AND t.name = word
"""
_PURPOSE = """
    LEFT JOIN LATERAL (
        SELECT sp.purpose_id FROM crm_statement_purposes sp
        JOIN crm_purpose o ON o.id = sp.purpose_id AND o.organisation_id = r.organisation_id
        WHERE sp.statement_id = %(statement)s::bigint AND r.action = 1) p ON true
"""
# Somebody new with one row in the stretch is plain: the profile is that row, and needs no choosing.
_NAME_NEW = """
    UPDATE stretch t SET supporter_id = nextval(pg_get_serial_sequence('crm_supporter', 'id')), is_new = true,
        is_plain = t.line NOT IN (SELECT same_as FROM stretch WHERE same_as IS NOT NULL)
    WHERE t.supporter_id IS NULL AND t.same_as IS NULL AND NOT t.erased
"""
_NAME_REPEATED = """
    UPDATE stretch t SET supporter_id = o.supporter_id, is_new = o.is_new FROM stretch o WHERE o.line = t.same_as
"""
_SUPPORTERS = f"""
    INSERT INTO crm_supporter (id, public_id, organisation_id, canonical_id, first_name, last_name, name_forms,
        last_fold, postcode, postcode_fold, external_id, relationship, age_band, restricted, deceased,
        created_at)
    SELECT r.supporter_id, gen_random_uuid(), r.organisation_id, r.supporter_id,
           CASE WHEN r.is_plain THEN r.first_name ELSE '' END, CASE WHEN r.is_plain THEN r.last_name ELSE '' END,
           CASE WHEN r.is_plain THEN r.name_forms ELSE '{{}}' END,
           CASE WHEN r.is_plain THEN r.last_fold ELSE '' END, CASE WHEN r.is_plain THEN r.postcode ELSE '' END,
           CASE WHEN r.is_plain THEN lower(replace(r.postcode, ' ', '')) ELSE '' END,
           CASE WHEN r.is_plain THEN r.external_id ELSE '' END,
           CASE WHEN r.is_plain THEN r.relationship ELSE '' END,
           CASE WHEN r.is_plain THEN r.age_band ELSE 0 END, false, false, now()
    FROM {_ROWS} AND r.is_new AND r.same_as IS NULL
"""
_TERMS = f"""
    INSERT INTO crm_searchterm (organisation_id, supporter_id, term)
    SELECT r.organisation_id, r.supporter_id, term
    FROM {_rows("CROSS JOIN unnest(r.terms) term")} AND r.is_plain
"""
# Without a target every unique index would be asked, twice for each row.
_ADDRESSES = f"""
    INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind,
        problem, batch_id, created_at)
    SELECT DISTINCT ON (r.supporter_id, r.folded)
           gen_random_uuid(), r.organisation_id, r.supporter_id, 1, r.email, r.folded, r.kind, 0, %(batch)s, now()
    FROM {_ROWS} ORDER BY r.supporter_id, r.folded, r.line
    ON CONFLICT (organisation_id, supporter_id, channel, folded) DO NOTHING
"""
_POINT = """
    UPDATE stretch r SET point_id = cp.id FROM crm_contactpoint cp
    WHERE cp.organisation_id = r.organisation_id AND cp.supporter_id = r.supporter_id AND cp.channel = 1
      AND cp.folded = r.folded AND NOT r.erased
"""
# What the undoing of an import took out comes back with the next one; what a person gave up does not. OFFSET 0 keeps
# the planner to whom they belong: a school's number is many people's.
_TAKEN_OUT = """
    CROSS JOIN LATERAL (
        SELECT * FROM crm_contactpoint o
        WHERE o.organisation_id = r.organisation_id AND o.supporter_id = r.supporter_id OFFSET 0) p
    JOIN crm_batch b ON b.id = p.batch_id AND b.undone_at IS NOT NULL
"""
_REVIVED = f"""
    UPDATE crm_contactpoint cp SET retired_at = NULL, batch_id = %(batch)s
    FROM (
        SELECT DISTINCT p.id FROM {_rows(_TAKEN_OUT)}
          AND NOT r.is_new AND p.retired_at IS NOT NULL
          AND p.folded = CASE p.channel WHEN 1 THEN r.folded ELSE r.phone END
    ) back WHERE cp.id = back.id
"""
_KEYS = f"""
    INSERT INTO crm_addresskey (contact_point_id, organisation_id, key_id, address_key, mailbox)
    SELECT DISTINCT r.point_id, r.organisation_id, r.key_id, r.address_key, r.mailbox
    FROM {_ROWS} ON CONFLICT DO NOTHING
"""
_PHONES = f"""
    INSERT INTO crm_contactpoint (public_id, organisation_id, supporter_id, channel, address, folded, kind,
        problem, batch_id, created_at)
    SELECT DISTINCT ON (r.supporter_id, r.phone)
           gen_random_uuid(), r.organisation_id, r.supporter_id, 2, r.phone, r.phone, 1, 0, %(batch)s, now()
    FROM {_ROWS} AND r.phone <> '' ORDER BY r.supporter_id, r.phone
    ON CONFLICT (organisation_id, supporter_id, channel, folded) DO NOTHING
"""
_RECORDS = f"""
    INSERT INTO crm_record (organisation_id, supporter_id, batch_id, line, source, as_of, first_name, last_name,
        email, contact_point_id, phone, postcode, external_id, relationship, age_band, roles, topics, tags, action,
        occurred_at, occurred_until, bounces, data)
    SELECT r.organisation_id, r.supporter_id, %(batch)s, r.line, 3, coalesce(r.occurred_at, now()), r.first_name,
           r.last_name, r.email, r.point_id, r.phone, r.postcode, r.external_id, r.relationship, r.age_band, r.roles,
           r.topics, r.tags, r.action, r.occurred_at, r.occurred_until, r.bounces, d.data
    FROM {_rows(_CELLS)} ORDER BY r.line
    ON CONFLICT (batch_id, line) WHERE batch_id IS NOT NULL DO NOTHING
"""
_ROLES = f"""
    INSERT INTO crm_supporterrole (organisation_id, supporter_id, role_id, batch_id)
    SELECT DISTINCT r.organisation_id, r.supporter_id, role, %(batch)s::bigint
    FROM {_rows("CROSS JOIN unnest(r.roles) role")} ON CONFLICT DO NOTHING
"""
# What a person unticked stays so.
_TOPICS = f"""
    INSERT INTO crm_supportertopic (organisation_id, supporter_id, topic_id, wanted, batch_id)
    SELECT DISTINCT r.organisation_id, r.supporter_id, topic, true, %(batch)s::bigint
    FROM {_rows("CROSS JOIN unnest(r.topics) topic")} ON CONFLICT DO NOTHING
"""
_TAG_NAMES = f"""
    INSERT INTO crm_tag (organisation_id, name)
    SELECT DISTINCT r.organisation_id, word
    FROM {_rows("CROSS JOIN unnest(r.tags) word")} ON CONFLICT DO NOTHING
"""
_TAGS = f"""
    INSERT INTO crm_supportertag (organisation_id, supporter_id, tag_id, batch_id)
    SELECT DISTINCT r.organisation_id, r.supporter_id, t.id, %(batch)s::bigint
    FROM {_rows(_TAG)} ON CONFLICT DO NOTHING
"""
# A yes needs the wording: one event for each type of email that it names. A refusal speaks of every type. Of
# equal rows one event; a stretch that is applied again finds its own events. A refusal without a date is of the day
# on which it came: it is another than one from before a yes. OFFSET 0 keeps the planner to the index: it would read the
# whole ledger for the few who were known.
_EVENTS = f"""
    INSERT INTO crm_consentevent (organisation_id, supporter_id, contact_point_id, address_key, mailbox, reach,
        purpose_id, action, source, source_detail, statement_id, occurred_at, occurred_until, recorded_at, batch_id)
    SELECT DISTINCT ON (r.point_id, p.purpose_id, r.action, r.occurred_at)
           r.organisation_id, r.supporter_id, r.point_id, r.address_key, r.mailbox, 1, p.purpose_id, r.action, 3,
           'line ' || r.line, CASE r.action WHEN 1 THEN %(statement)s::bigint END, r.occurred_at, r.occurred_until,
           now(), %(batch)s
    FROM {_rows(_PURPOSE)}
      AND r.action IS NOT NULL AND (r.action <> 1 OR p.purpose_id IS NOT NULL)
      AND (r.is_new OR NOT EXISTS (
          SELECT FROM (SELECT * FROM crm_consentevent v WHERE v.supporter_id = r.supporter_id OFFSET 0) e
          WHERE e.contact_point_id = r.point_id AND e.action = r.action
            AND e.source = 3 AND e.purpose_id IS NOT DISTINCT FROM p.purpose_id
            AND e.occurred_at IS NOT DISTINCT FROM r.occurred_at
            AND e.statement_id IS NOT DISTINCT FROM CASE r.action WHEN 1 THEN %(statement)s::bigint END
            AND NOT EXISTS (SELECT FROM crm_batch b WHERE b.id = e.batch_id AND b.undone_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM crm_consentevent c WHERE c.corrects_id = e.id)
            AND (e.batch_id = %(batch)s OR r.action = 1 OR r.occurred_at IS NOT NULL OR NOT EXISTS (
                SELECT FROM crm_consentevent y
                WHERE y.supporter_id = e.supporter_id AND y.action = 1 AND y.id > e.id))))
    ORDER BY r.point_id, p.purpose_id, r.action, r.occurred_at, r.line
"""
_BOUNCES = f"""
    INSERT INTO crm_deliverability (organisation_id, mailbox, problem, since, batch_id)
    SELECT DISTINCT r.organisation_id, r.mailbox, 1, now(), %(batch)s::bigint FROM {_ROWS} AND r.bounces
    ON CONFLICT DO NOTHING
"""
# What the organisation knows of an inbox holds for every address in it.
_PROBLEMS = f"""
    UPDATE crm_contactpoint cp SET problem = d.problem
    FROM crm_deliverability d
    JOIN crm_addresskey k ON k.organisation_id = d.organisation_id AND k.mailbox = d.mailbox
    WHERE cp.id = k.contact_point_id AND cp.problem <> d.problem AND d.organisation_id = %(organisation)s
      AND d.mailbox IN (SELECT r.mailbox FROM {_ROWS})
"""
_STATEMENTS = (
    _NAME_NEW,
    _NAME_REPEATED,
    "ANALYZE stretch (line, supporter_id, same_as)",  # else the planner believes that no row has one
    _SUPPORTERS,
    _TERMS,
    _ADDRESSES,
    _POINT,
    _KEYS,
    _PHONES,
    _REVIVED,
    _RECORDS,
    _ROLES,
    _TOPICS,
    _TAG_NAMES,
    _TAGS,
    _EVENTS,
    _BOUNCES,
    _PROBLEMS,
)


def wait_for_turn(organisation_id: int) -> None:
    """Wait until no other stretch of this organisation is being applied; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, organisation_id])


def apply(stretch: Stretch) -> None:
    """Write the stretch's people, addresses, records, roles, tags and events."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, stretch.parameters)


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a stretch wrote to: canonical supporters, those of them whose profile is to be chosen, those of these who
    have an address or a number of this batch, and inboxes.
    """

    supporters: list[int]
    to_choose: list[int]
    reached: list[int]
    mailboxes: list[bytes]


def touched(stretch: Stretch) -> Touched:
    """Give whom the stretch that was applied wrote to. Uses contact_point_once."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT array_agg(DISTINCT s.canonical_id), array_agg(DISTINCT s.canonical_id) FILTER (WHERE NOT r.is_plain),
                   array_agg(DISTINCT s.canonical_id) FILTER (WHERE NOT r.is_plain AND EXISTS (
                       SELECT FROM crm_contactpoint cp WHERE cp.organisation_id = r.organisation_id
                           AND cp.supporter_id = r.supporter_id AND cp.batch_id = %(batch)s)),
                   array_agg(DISTINCT r.mailbox)
            FROM {_rows("JOIN crm_supporter s ON s.id = r.supporter_id")}
            """,
            stretch.parameters,
        )
        supporters, to_choose, reached, mailboxes = cursor.fetchone()
    return Touched(
        supporters or [], to_choose or [], reached or [], [bytes(box) for box in mailboxes or []]
    )
