"""The fold: from the events of the ledger to the dates of consent, in one statement.

The rule is written in docs/explanation/consent.md ("The fold"); tests/crm/plain_fold.py is the same in plain
Python, and a property test holds the two equal. Arrays are compared element by element, so that
`max(ARRAY[time, gravity, scope, id])` is the latest event, of equal times the gravest, and then the widest. Times
are in microseconds since 1970, since an array holds one type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from crm.sql import holding

REVIEW_MONTHS = 24  # docs/reference/law.md, "Retention"

_COLUMNS = """
    organisation_id, contact_point_id, purpose_id, granted_at, grant_id, statement_id, names_organisation,
    needs_confirmation, confirmed_at, refused_at, refusal, refusal_scope, refusal_event_id, expires_at,
    paused_until
"""

# Of an event `e`, that it still speaks: it is not of an undone import, and no correction took it out.
STILL_SPEAKS = """
    (e.batch_id IS NULL OR e.batch_id NOT IN (SELECT id FROM crm_batch WHERE undone_at IS NOT NULL))
    AND NOT EXISTS (SELECT FROM crm_consentevent c WHERE c.corrects_id = e.id)
"""
# Rows in: events, and `who` said each, read through merges.
_EVENTS = f"""
    SELECT e.*,
           (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS began,
           (extract(epoch FROM coalesce(e.occurred_until, e.occurred_at, e.recorded_at)) * 1000000)::bigint AS ended
    FROM {{source}} e
    WHERE (e.channel IS NULL OR e.channel = 1) AND {STILL_SPEAKS}
"""
_POINTS = """
    SELECT cp.id AS contact_point_id, cp.organisation_id, cp.supporter_id, s.who, k.address_key, k.mailbox
    FROM {people} s
    JOIN crm_contactpoint cp ON cp.supporter_id = s.id
    JOIN crm_addresskey k ON k.contact_point_id = cp.id
    WHERE cp.channel = 1
"""

# Rows in: events and addresses. Rows out: one for each address and type of email of which any event speaks.
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
), heard AS MATERIALIZED ({events}
), point AS MATERIALIZED ({points}
), confirmation AS (  -- a person confirms any yes; a list confirms only what a list said
    SELECT confirms_id, max(coalesce(began, ended)) FILTER (WHERE source = 1) AS by_person,
           max(coalesce(began, ended)) AS by_list
    FROM heard WHERE action = 11 AND source IN (1, 3) GROUP BY confirms_id
), spoken AS (  -- an event without a type of email speaks of each
    SELECT h.id, h.organisation_id, h.supporter_id, h.who, h.reach, h.address_key, h.mailbox, p.id AS purpose_id,
           h.action, h.ended,
           h.action BETWEEN 2 AND 8 AS is_refusal,
           h.action IN (7, 8) AS is_hard,
           CASE WHEN h.purpose_id IS NOT NULL THEN 1 WHEN h.channel IS NOT NULL THEN 2 ELSE 3 END AS scope,
           h.source, h.began,
           (extract(epoch FROM h.paused_until) * 1000000)::bigint AS pause_end,
           -- Of two at one time the one that permits least; the id decides only what no answer depends on (I1).
           ARRAY[h.began, (coalesce(st.requires_confirmation, false) AND c.at IS NULL)::int,
                 (h.statement_id IS NULL)::int, (so.statement_id IS NULL)::int, h.id, coalesce(h.statement_id, 0),
                 coalesce(c.at, 0), coalesce(st.requires_confirmation, false)::int] AS yes,
           CASE WHEN h.action <> 1 OR h.began IS NULL THEN NULL
                WHEN h.source = 1 THEN 'always'
                WHEN h.source = 2 AND h.evidence IS NOT NULL AND h.statement_id IS NOT NULL
                    THEN CASE WHEN c.at IS NOT NULL AND h.second_actor_id <> h.actor_id THEN 'always'
                              ELSE 'unless refused' END
                WHEN h.source = 3 AND so.statement_id IS NOT NULL THEN 'unless refused'
           END AS admissible,
           h.source = 1 AND h.action = 1 AND c.at IS NOT NULL AS lifts_hard
    FROM heard h
    JOIN crm_purpose p ON p.organisation_id = h.organisation_id AND (h.purpose_id IS NULL OR p.id = h.purpose_id)
    LEFT JOIN crm_statement st ON st.id = h.statement_id
    LEFT JOIN sound so ON so.statement_id = h.statement_id AND so.organisation_id = h.organisation_id
    LEFT JOIN confirmation k ON h.action = 1 AND k.confirms_id = h.id
    CROSS JOIN LATERAL (SELECT CASE h.source WHEN 3 THEN k.by_list ELSE k.by_person END AS at) c
), pause AS MATERIALIZED (  -- pauses that no later end of the pause took back; a list takes back none
    SELECT organisation_id, who, reach, address_key, mailbox, purpose_id, max(pause_end) AS pause_end
    FROM (SELECT *, max(coalesce(began, ended)) FILTER (WHERE action = 10 AND source <> 3)
                 OVER (PARTITION BY organisation_id, supporter_id, reach, address_key, mailbox, purpose_id) AS resumed
          FROM (SELECT organisation_id, reach, purpose_id, action, source, began, ended, pause_end,
                       CASE WHEN reach < 3 THEN who END AS who,
                       CASE WHEN reach < 3 THEN supporter_id END AS supporter_id,
                       CASE reach WHEN 1 THEN address_key END AS address_key,
                       CASE reach WHEN 3 THEN mailbox END AS mailbox
                FROM spoken WHERE action IN (9, 10)) s) p
    WHERE action = 9 AND (resumed IS NULL OR resumed <= ended)
    GROUP BY 1, 2, 3, 4, 5, 6
), assent AS MATERIALIZED (  -- a yes, and what the person did with it, speak for one address of one entry only (I6)
    SELECT supporter_id, address_key, purpose_id,
           max(yes) FILTER (WHERE admissible = 'always') AS always,
           max(yes) FILTER (WHERE admissible = 'unless refused') AS unless_refused,
           max(began) FILTER (WHERE lifts_hard) AS lifted,
           max(began) FILTER (WHERE source = 1) AS act
    FROM spoken WHERE reach = 1 AND action IN (1, 10, 11) GROUP BY supporter_id, address_key, purpose_id
), own AS MATERIALIZED (  -- what speaks against one address of a person, whoever was joined in them
    SELECT who, address_key, purpose_id,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_refusal) AS refusal,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_hard) AS hard,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE action = 4) AS complaint,
           max(ended) FILTER (WHERE action = 12) AS expired
    FROM spoken WHERE reach = 1 AND (is_refusal OR action = 12) GROUP BY who, address_key, purpose_id
), person AS MATERIALIZED (  -- what speaks of a person, whatever the address
    SELECT who, purpose_id, max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_refusal) AS refusal,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_hard) AS hard,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE action = 4) AS complaint,
           max(ended) FILTER (WHERE action = 12) AS expired
    FROM spoken WHERE reach = 2 GROUP BY who, purpose_id
), inbox AS MATERIALIZED (  -- what speaks of an inbox, whoever reads it; `tainted`: any refusal was ever made of it
    SELECT organisation_id, mailbox, purpose_id, bool_or(is_refusal) AS tainted,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_refusal AND reach = 3) AS refusal,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE is_hard AND reach = 3) AS hard,
           max(ARRAY[ended, action, scope, id]) FILTER (WHERE action = 4 AND reach = 3) AS complaint,
           max(ended) FILTER (WHERE action = 12 AND reach = 3) AS expired
    FROM spoken WHERE mailbox IS NOT NULL AND (is_refusal OR action = 12) GROUP BY organisation_id, mailbox, purpose_id
), stop AS (
    SELECT mailbox, ARRAY[(extract(epoch FROM stopped_at) * 1000000)::bigint, 7, 3, 0] AS hard FROM crm_platformstop
    WHERE mailbox IN (SELECT mailbox FROM point)
), united AS MATERIALIZED (
    SELECT t.organisation_id, t.contact_point_id, p.id AS purpose_id,
           assent.lifted, assent.act,
           greatest(own.expired, person.expired, inbox.expired) AS expired,
           greatest(own.complaint, person.complaint, inbox.complaint) AS complaint,
           greatest(own.refusal, person.refusal, inbox.refusal, stop.hard) AS refusal,
           greatest(own.hard, person.hard, inbox.hard, stop.hard) AS hard,
           greatest(assent.always, CASE WHEN own.refusal IS NULL AND person.refusal IS NULL
               AND inbox.tainted IS NOT TRUE AND stop.hard IS NULL THEN assent.unless_refused END) AS yes,
           greatest(z1.pause_end, z2.pause_end, z3.pause_end) AS pause_end
    FROM point t
    JOIN crm_purpose p ON p.organisation_id = t.organisation_id
    LEFT JOIN assent ON assent.supporter_id = t.supporter_id AND assent.address_key = t.address_key
        AND assent.purpose_id = p.id
    LEFT JOIN own ON own.who = t.who AND own.address_key = t.address_key AND own.purpose_id = p.id
    LEFT JOIN person ON person.who = t.who AND person.purpose_id = p.id
    LEFT JOIN inbox ON inbox.organisation_id = t.organisation_id AND inbox.mailbox = t.mailbox
        AND inbox.purpose_id = p.id
    LEFT JOIN stop ON stop.mailbox = t.mailbox
    LEFT JOIN pause z1 ON z1.reach = 1 AND z1.who = t.who AND z1.address_key = t.address_key
        AND z1.purpose_id = p.id
    LEFT JOIN pause z2 ON z2.reach = 2 AND z2.who = t.who AND z2.purpose_id = p.id
    LEFT JOIN pause z3 ON z3.reach = 3 AND z3.organisation_id = t.organisation_id AND z3.mailbox = t.mailbox
        AND z3.purpose_id = p.id
    WHERE assent.supporter_id IS NOT NULL OR own.who IS NOT NULL OR person.who IS NOT NULL
       OR inbox.refusal IS NOT NULL OR stop.mailbox IS NOT NULL OR z1.who IS NOT NULL OR z3.mailbox IS NOT NULL
), judged AS (  -- the refusal in force: a hard one until the person's own confirmed yes, or a later soft one;
                -- a complaint, too, is ended by a confirmed yes only (decision 1)
    SELECT *, CASE WHEN hard IS NOT NULL AND (lifted IS NULL OR lifted <= hard[1]) THEN hard
                   WHEN refusal IS NOT NULL AND (yes IS NULL OR refusal[1] >= yes[1]) THEN refusal
                   WHEN complaint IS NOT NULL AND (lifted IS NULL OR lifted <= complaint[1]) THEN complaint
              END AS in_force
    FROM united
)
SELECT organisation_id, contact_point_id, purpose_id,
       to_timestamp(yes[1] / 1000000.0) AS granted_at,
       yes[5] AS grant_id,
       nullif(yes[6], 0) AS statement_id,
       coalesce(yes[4] = 0, false) AS names_organisation,
       coalesce(yes[8] = 1, false) AS needs_confirmation,
       to_timestamp(nullif(yes[7], 0) / 1000000.0) AS confirmed_at,
       to_timestamp(in_force[1] / 1000000.0) AS refused_at,
       in_force[2]::smallint AS refusal,
       in_force[3]::smallint AS refusal_scope,
       nullif(in_force[4], 0) AS refusal_event_id,
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


# The estimates of grouped rows are far too low. Left to itself the planner joins the groups in nested loops, or
# merges them on the few values of the purpose alone: both are quadratic.
_HASH_JOINS = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
_ANY_JOINS = "SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on"

_REVIEW = f"interval '{REVIEW_MONTHS} months'"
_EVERYONE = "(SELECT id, canonical_id AS who FROM crm_supporter)"
_EVERYTHING = (
    f"(SELECT v.*, s.who FROM crm_consentevent v LEFT JOIN {_EVERYONE} s ON s.id = v.supporter_id)"
)
_WHOLE = _FOLD.format(
    events=_EVENTS.format(source=_EVERYTHING),
    points=_POINTS.format(people=_EVERYONE),
    review=_REVIEW,
)
_PART = _FOLD.format(
    events="SELECT * FROM fold_event", points="SELECT * FROM fold_point", review=_REVIEW
)

# A part: everyone merged with, or sharing an inbox with, those touched, and all that was said of them. Relies on
# address_key_mailbox, supporter_merged, contact_point_once, event_supporter and event_mailbox.
_NEIGHBOURS = """
    CREATE TEMPORARY TABLE fold_supporter ON COMMIT DROP AS
    WITH who AS (
        SELECT s.canonical_id FROM crm_supporter s WHERE s.id = ANY(%(supporters)s)
        UNION
        SELECT s.canonical_id FROM crm_addresskey k
        JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
        JOIN crm_supporter s ON s.id = cp.supporter_id
        WHERE k.mailbox = ANY(%(mailboxes)s)
    )
    SELECT canonical_id AS id, canonical_id AS who FROM who
    UNION
    SELECT s.id, s.canonical_id FROM crm_supporter s JOIN who ON s.canonical_id = who.canonical_id
    WHERE s.id <> s.canonical_id
"""
_THEIR_POINTS = f"""
    CREATE TEMPORARY TABLE fold_point ON COMMIT DROP AS {_POINTS.format(people="fold_supporter")}
"""
# OFFSET 0 keeps the planner to the index: it takes the few for half of all events, and would read them all. Who is
# not among the neighbours is joined with none of them: of such events only what they say of the inbox counts.
_THEIRS = """(
    SELECT v.*, f.who FROM fold_supporter f
    CROSS JOIN LATERAL (SELECT * FROM crm_consentevent e WHERE e.supporter_id = f.id OFFSET 0) v
    UNION ALL
    SELECT v.*, NULL FROM (SELECT DISTINCT mailbox FROM fold_point) f
    CROSS JOIN LATERAL (SELECT * FROM crm_consentevent e WHERE e.mailbox = f.mailbox OFFSET 0) v
    WHERE v.supporter_id IS NULL OR v.supporter_id NOT IN (SELECT id FROM fold_supporter))
"""
_THEIR_EVENTS = (
    f"CREATE TEMPORARY TABLE fold_event ON COMMIT DROP AS {_EVENTS.format(source=_THEIRS)}"
)
_CHANGED = ", ".join(
    f"{column} = EXCLUDED.{column}"
    for column in (word.strip() for word in _COLUMNS.split(","))
    if column not in ("organisation_id", "contact_point_id", "purpose_id")
)
# A sample of all 28 columns takes as long as the joins that it is for.
_JOINED_ON = "organisation_id, supporter_id, who, address_key, mailbox, purpose_id, action, reach"
_TEMPORARY = "fold_supporter, fold_point, fold_event, fold_result"


def refold(touched: Touched) -> int:
    """Bring the consent state of what was touched up to date; give the number of states written.

    The events of the whole neighbourhood are read: everyone merged with those touched, and everyone who
    shares an inbox with them. They are held first, so that nothing said meanwhile is overwritten. Runs in the scope
    of one organisation, or of the platform.
    """
    holding.hold(supporter_ids=touched.supporter_ids, mailboxes=touched.mailboxes)
    parameters: Any = {
        "supporters": list(touched.supporter_ids),
        "mailboxes": list(touched.mailboxes),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_TEMPORARY}")
        cursor.execute(_NEIGHBOURS, parameters)
        cursor.execute("ANALYZE fold_supporter")
        cursor.execute(_THEIR_POINTS)
        cursor.execute("ANALYZE fold_point")
        cursor.execute(_THEIR_EVENTS)
        cursor.execute(f"ANALYZE fold_event ({_JOINED_ON})")
        cursor.execute(_HASH_JOINS)
        cursor.execute(f"CREATE TEMPORARY TABLE fold_result ON COMMIT DROP AS {_PART}")
        cursor.execute(_ANY_JOINS)
        cursor.execute("ANALYZE fold_result")
        cursor.execute(
            """
            DELETE FROM crm_consentstate s USING fold_point t
            WHERE s.contact_point_id = t.contact_point_id AND NOT EXISTS (
                SELECT FROM fold_result f
                WHERE f.contact_point_id = s.contact_point_id AND f.purpose_id = s.purpose_id)
            """
        )
        cursor.execute(
            f"""
            INSERT INTO crm_consentstate ({_COLUMNS}) SELECT {_COLUMNS} FROM fold_result
            ON CONFLICT (contact_point_id, purpose_id) DO UPDATE SET {_CHANGED}
            """
        )
        written = int(cursor.rowcount)
        cursor.execute(f"DROP TABLE {_TEMPORARY}")
    return written


def rebuild() -> int:
    """Derive every consent state afresh from the events; give the number of states. Platform scope."""
    holding.hold_everyone()
    with connection.cursor() as cursor:
        cursor.execute(_HASH_JOINS)
        cursor.execute("DELETE FROM crm_consentstate")
        cursor.execute(f"INSERT INTO crm_consentstate ({_COLUMNS}) {_WHOLE}")
        written = int(cursor.rowcount)
        cursor.execute(_ANY_JOINS)
    return written


def differences() -> int:
    """Count the consent states that differ from what the events fold to now. Platform scope."""
    with connection.cursor() as cursor:
        cursor.execute(_HASH_JOINS)
        cursor.execute(
            f"""
            WITH folded AS ({_WHOLE}), kept AS (SELECT {_COLUMNS} FROM crm_consentstate)
            SELECT count(*) FROM (
                (SELECT {_COLUMNS} FROM folded EXCEPT SELECT {_COLUMNS} FROM kept)
                UNION ALL (SELECT {_COLUMNS} FROM kept EXCEPT SELECT {_COLUMNS} FROM folded)) d
            """
        )
        (count,) = cursor.fetchone()
        cursor.execute(_ANY_JOINS)
    return int(count)


def plan() -> str:
    """Give PostgreSQL's plan of the whole fold, for the benchmark to look at."""
    with connection.cursor() as cursor:
        cursor.execute(_HASH_JOINS)
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {_WHOLE}")
        return "\n".join(row[0] for row in cursor.fetchall())
