"""The fold: from the events of the ledger to the dates of consent, in one statement.

The rule is written in docs/explanation/consent.md ("The fold"); tests/crm/plain_fold.py is the same in plain
Python, and a property test holds the two equal. Arrays are compared element by element, so that
`max(ARRAY[time, gravity, id])` is the latest event, of equal times the gravest. Times are in microseconds
since 1970, since an array holds one type.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

REVIEW_MONTHS = 24  # docs/reference/law.md, "Retention"

_COLUMNS = """
    organisation_id, contact_point_id, purpose_id, granted_at, grant_id, statement_id, names_organisation,
    needs_confirmation, confirmed_at, refused_at, refusal, refusal_event_id, expires_at, paused_until
"""

# Rows in: every event in reach. Rows out: one for each email address and type of email of which any event speaks.
_FOLD = """
WITH sound AS (  -- a partner must be named by the statement; joint permission needs every partner named
    SELECT st.id AS statement_id, o.id AS organisation_id
    FROM crm_statement st, crm_organisation o
    WHERE CASE WHEN o.is_partner
        THEN EXISTS (SELECT FROM crm_statement_organisations n
                     WHERE n.statement_id = st.id AND n.organisation_id = o.id)
        ELSE NOT EXISTS (SELECT FROM crm_organisation p WHERE p.is_partner AND NOT EXISTS (
                     SELECT FROM crm_statement_organisations n
                     WHERE n.statement_id = st.id AND n.organisation_id = p.id)) END
), heard AS MATERIALIZED (  -- events that still speak: not of an undone import, not taken out by a correction
    SELECT e.*, s.canonical_id AS who,
           (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS began,
           (extract(epoch FROM coalesce(e.occurred_until, e.occurred_at, e.recorded_at)) * 1000000)::bigint AS ended
    FROM crm_consentevent e
    LEFT JOIN crm_supporter s ON s.id = e.supporter_id
    LEFT JOIN crm_batch b ON b.id = e.batch_id
    WHERE b.undone_at IS NULL
      AND (e.channel IS NULL OR e.channel = 1)
      AND NOT EXISTS (SELECT FROM crm_consentevent c WHERE c.corrects_id = e.id)
      {events}
), confirmation AS (
    SELECT confirms_id, max(coalesce(began, ended)) AS at FROM heard WHERE action = 11 GROUP BY confirms_id
), spoken AS (  -- an event without a type of email speaks of each
    SELECT h.id, h.organisation_id, h.who, h.reach, h.address_key, h.mailbox, p.id AS purpose_id, h.action, h.ended,
           h.action BETWEEN 2 AND 8 AS is_refusal,
           h.action IN (7, 8) AS is_hard,
           h.source, h.began,
           (extract(epoch FROM h.paused_until) * 1000000)::bigint AS pause_end,
           ARRAY[h.began, coalesce(st.requires_confirmation, false)::int, h.id, coalesce(h.statement_id, 0),
                 coalesce(c.at, 0), (so.statement_id IS NOT NULL)::int] AS yes,
           CASE WHEN h.action <> 1 OR h.began IS NULL THEN NULL
                WHEN h.source = 1 THEN 'always'
                WHEN h.source = 2 AND (h.evidence IS NOT NULL OR h.statement_id IS NOT NULL)
                    THEN CASE WHEN c.at IS NOT NULL AND h.second_actor_id IS NOT NULL
                              THEN 'always' ELSE 'unless refused' END
                WHEN h.source = 3 AND so.statement_id IS NOT NULL THEN 'unless refused'
           END AS admissible,
           h.source = 1 AND h.action = 1 AND c.at IS NOT NULL AS lifts_hard
    FROM heard h
    JOIN crm_purpose p ON p.organisation_id = h.organisation_id AND (h.purpose_id IS NULL OR p.id = h.purpose_id)
    LEFT JOIN crm_statement st ON st.id = h.statement_id
    LEFT JOIN sound so ON so.statement_id = h.statement_id AND so.organisation_id = h.organisation_id
    LEFT JOIN confirmation c ON h.action = 1 AND c.confirms_id = h.id
), pause AS MATERIALIZED (  -- pauses that no later end of the pause took back
    SELECT organisation_id, who, reach, address_key, mailbox, purpose_id, max(pause_end) AS pause_end
    FROM (SELECT *, max(ended) FILTER (WHERE action = 10)
                 OVER (PARTITION BY organisation_id, who, reach, address_key, mailbox, purpose_id) AS resumed
          FROM (SELECT organisation_id, CASE WHEN reach < 3 THEN who END AS who, reach, purpose_id, action,
                       ended, pause_end,
                       CASE reach WHEN 1 THEN address_key END AS address_key,
                       CASE reach WHEN 3 THEN mailbox END AS mailbox
                FROM spoken WHERE action IN (9, 10)) s) p
    WHERE action = 9 AND (resumed IS NULL OR resumed < ended)
    GROUP BY 1, 2, 3, 4, 5, 6
), own AS MATERIALIZED (  -- what speaks of one address of one person
    SELECT who, address_key, purpose_id,
           max(ARRAY[ended, action, id]) FILTER (WHERE is_refusal) AS refusal,
           max(ARRAY[ended, action, id]) FILTER (WHERE is_hard) AS hard,
           max(yes) FILTER (WHERE admissible = 'always') AS always,
           max(yes) FILTER (WHERE admissible = 'unless refused') AS unless_refused,
           max(began) FILTER (WHERE lifts_hard) AS lifted,
           max(ended) FILTER (WHERE source = 1 AND action IN (1, 10, 11)) AS act,
           max(began) FILTER (WHERE action = 12) AS expired
    FROM spoken WHERE reach = 1 GROUP BY who, address_key, purpose_id
), person AS MATERIALIZED (  -- what speaks of a person, whatever the address
    SELECT who, purpose_id, max(ARRAY[ended, action, id]) FILTER (WHERE is_refusal) AS refusal,
           max(ARRAY[ended, action, id]) FILTER (WHERE is_hard) AS hard
    FROM spoken WHERE reach = 2 GROUP BY who, purpose_id
), inbox AS MATERIALIZED (  -- what speaks of an inbox, whoever reads it; `tainted`: any refusal was ever made of it
    SELECT organisation_id, mailbox, purpose_id, bool_or(is_refusal) AS tainted,
           max(ARRAY[ended, action, id]) FILTER (WHERE is_refusal AND reach = 3) AS refusal,
           max(ARRAY[ended, action, id]) FILTER (WHERE is_hard AND reach = 3) AS hard
    FROM spoken WHERE mailbox IS NOT NULL AND is_refusal GROUP BY organisation_id, mailbox, purpose_id
), stop AS (
    SELECT mailbox, ARRAY[(extract(epoch FROM stopped_at) * 1000000)::bigint, 7, 0] AS hard FROM crm_platformstop
), united AS MATERIALIZED (
    SELECT cp.organisation_id, cp.id AS contact_point_id, p.id AS purpose_id,
           own.lifted, own.act, own.expired,
           greatest(own.refusal, person.refusal, inbox.refusal, stop.hard) AS refusal,
           greatest(own.hard, person.hard, inbox.hard, stop.hard) AS hard,
           greatest(own.always, CASE WHEN own.refusal IS NULL AND person.refusal IS NULL
               AND inbox.tainted IS NOT TRUE AND stop.hard IS NULL THEN own.unless_refused END) AS yes,
           greatest(z1.pause_end, z2.pause_end, z3.pause_end) AS pause_end
    FROM crm_contactpoint cp
    JOIN crm_supporter s ON s.id = cp.supporter_id
    JOIN crm_addresskey k ON k.contact_point_id = cp.id
    JOIN crm_purpose p ON p.organisation_id = cp.organisation_id
    LEFT JOIN own ON own.who = s.canonical_id AND own.address_key = k.address_key AND own.purpose_id = p.id
    LEFT JOIN person ON person.who = s.canonical_id AND person.purpose_id = p.id
    LEFT JOIN inbox ON inbox.organisation_id = cp.organisation_id AND inbox.mailbox = k.mailbox
        AND inbox.purpose_id = p.id
    LEFT JOIN stop ON stop.mailbox = k.mailbox
    LEFT JOIN pause z1 ON z1.reach = 1 AND z1.who = s.canonical_id AND z1.address_key = k.address_key
        AND z1.purpose_id = p.id
    LEFT JOIN pause z2 ON z2.reach = 2 AND z2.who = s.canonical_id AND z2.purpose_id = p.id
    LEFT JOIN pause z3 ON z3.reach = 3 AND z3.organisation_id = cp.organisation_id AND z3.mailbox = k.mailbox
        AND z3.purpose_id = p.id
    WHERE cp.channel = 1 {contact_points}
      AND (own.who IS NOT NULL OR person.who IS NOT NULL OR inbox.refusal IS NOT NULL OR stop.mailbox IS NOT NULL)
), judged AS (  -- the refusal in force: a hard one until the person's own confirmed yes, or a later soft one
    SELECT *, CASE WHEN hard IS NOT NULL AND (lifted IS NULL OR lifted <= hard[1]) THEN hard
                   WHEN refusal IS NOT NULL AND (yes IS NULL OR refusal[1] >= yes[1]) THEN refusal END AS in_force
    FROM united
)
SELECT organisation_id, contact_point_id, purpose_id,
       to_timestamp(yes[1] / 1000000.0) AS granted_at,
       yes[3] AS grant_id,
       nullif(yes[4], 0) AS statement_id,
       coalesce(yes[6] = 1, false) AS names_organisation,
       coalesce(yes[2] = 1, false) AS needs_confirmation,
       to_timestamp(nullif(yes[5], 0) / 1000000.0) AS confirmed_at,
       to_timestamp(in_force[1] / 1000000.0) AS refused_at,
       in_force[2]::smallint AS refusal,
       nullif(in_force[3], 0) AS refusal_event_id,
       least(to_timestamp(greatest(yes[1], CASE WHEN yes IS NOT NULL THEN act END) / 1000000.0) + {review},
             CASE WHEN expired >= yes[1] THEN to_timestamp(expired / 1000000.0) END) AS expires_at,
       to_timestamp(pause_end / 1000000.0) AS paused_until
FROM judged
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change may have altered: every address of these supporters and in these inboxes."""

    supporter_ids: tuple[int, ...] = ()
    mailboxes: tuple[bytes, ...] = ()


# The whole ledger: no index, but three hash joins. Nested loops over millions of rows are the one plan to forbid.
_EVERYTHING = _FOLD.format(
    events="", contact_points="", review=f"interval '{REVIEW_MONTHS} months'"
)

# A part: the neighbourhood is every supporter merged with, or sharing an inbox with, those touched.
# Relies on address_key_mailbox, supporter_merged, event_supporter and event_mailbox.
_NEIGHBOURS = """
    CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS
    WITH who AS (
        SELECT s.canonical_id FROM crm_supporter s WHERE s.id = ANY(%(supporters)s)
        UNION
        SELECT s.canonical_id FROM crm_addresskey k
        JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
        JOIN crm_supporter s ON s.id = cp.supporter_id
        WHERE k.mailbox = ANY(%(mailboxes)s)
    ), everyone AS (
        SELECT s.id FROM crm_supporter s JOIN who ON s.id = who.canonical_id
        UNION
        SELECT s.id FROM crm_supporter s JOIN who ON s.canonical_id = who.canonical_id AND s.id <> s.canonical_id
    )
    SELECT e.id AS supporter_id, cp.id AS contact_point_id, k.mailbox
    FROM everyone e
    LEFT JOIN crm_contactpoint cp ON cp.supporter_id = e.id
    LEFT JOIN crm_addresskey k ON k.contact_point_id = cp.id
"""
_PART = _FOLD.format(
    events="""AND e.id IN (
        SELECT v.id FROM crm_consentevent v WHERE v.supporter_id IN (SELECT t.supporter_id FROM fold_touched t)
        UNION ALL
        SELECT v.id FROM crm_consentevent v WHERE v.mailbox IN (SELECT t.mailbox FROM fold_touched t))""",
    contact_points="AND cp.id IN (SELECT t.contact_point_id FROM fold_touched t)",
    review=f"interval '{REVIEW_MONTHS} months'",
)
_UPDATES = ", ".join(
    f"{column} = EXCLUDED.{column}"
    for column in _COLUMNS.replace("\n", " ").split(", ")
    if column.strip() not in ("organisation_id", "contact_point_id", "purpose_id")
)


def refold(touched: Touched) -> int:
    """Bring the consent state of what was touched up to date; give the number of states written.

    The events of the whole neighbourhood are read: everyone merged with those touched, and everyone who
    shares an inbox with them. Runs in the scope of one organisation, or of the platform.
    """
    parameters = {"supporters": list(touched.supporter_ids), "mailboxes": list(touched.mailboxes)}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS fold_touched")
        cursor.execute(_NEIGHBOURS.format(table="fold_touched"), parameters)
        cursor.execute("ANALYZE fold_touched")
        cursor.execute(
            f"""
            WITH folded AS ({_PART}), gone AS (
                DELETE FROM crm_consentstate s USING fold_touched t
                WHERE s.contact_point_id = t.contact_point_id AND NOT EXISTS (
                    SELECT FROM folded f
                    WHERE f.contact_point_id = s.contact_point_id AND f.purpose_id = s.purpose_id))
            INSERT INTO crm_consentstate ({_COLUMNS}) SELECT {_COLUMNS} FROM folded
            ON CONFLICT (contact_point_id, purpose_id) DO UPDATE SET {_UPDATES}
            """
        )
        written = cursor.rowcount
        cursor.execute("DROP TABLE fold_touched")
    return written


def rebuild() -> int:
    """Derive every consent state afresh from the events; give the number of states. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("DELETE FROM crm_consentstate")
        cursor.execute(f"INSERT INTO crm_consentstate ({_COLUMNS}) {_EVERYTHING}")
        written = cursor.rowcount
        cursor.execute("SET LOCAL enable_nestloop = on")
    return written


def differences() -> int:
    """Count the consent states that differ from what the events fold to now. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(
            f"""
            WITH folded AS ({_EVERYTHING}), kept AS (SELECT {_COLUMNS} FROM crm_consentstate)
            SELECT count(*) FROM (
                (SELECT {_COLUMNS} FROM folded EXCEPT SELECT {_COLUMNS} FROM kept)
                UNION ALL (SELECT {_COLUMNS} FROM kept EXCEPT SELECT {_COLUMNS} FROM folded)) d
            """
        )
        (count,) = cursor.fetchone()
        cursor.execute("SET LOCAL enable_nestloop = on")
    return int(count)


def plan() -> str:
    """Give PostgreSQL's plan of the whole fold, for the benchmark to look at."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {_EVERYTHING}")
        return "\n".join(row[0] for row in cursor.fetchall())
