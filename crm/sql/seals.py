"""Statements that seal the ledger and verify its seals (docs/decisions/0008-seals.md).

Ids are given before a transaction commits, so an event may appear below one that is visible already. A mark is
therefore sealed two rounds after it was set: by then every transaction that could hold an id below it has ended.
"""

from __future__ import annotations

from django.db import connection

_LOCK = 6_019_270_413  # advisory lock: one round of sealing at a time

# What an event says, in a form that no setting of the reader's changes. The two keyed hashes are digested apart.
_EVENT = """
    concat_ws('|', e.id, e.organisation_id, coalesce(e.supporter_id, 0), coalesce(e.contact_point_id, 0), e.reach,
        coalesce(e.purpose_id, 0), coalesce(e.channel, 0), e.action, e.source, e.source_detail,
        coalesce(e.statement_id, 0), coalesce(extract(epoch FROM e.occurred_at)::text, '-'),
        coalesce(extract(epoch FROM e.occurred_until)::text, '-'), extract(epoch FROM e.recorded_at),
        coalesce(extract(epoch FROM e.paused_until)::text, '-'), coalesce(e.actor_id, 0),
        coalesce(e.second_actor_id, 0), coalesce(e.batch_id, 0), coalesce(e.act_id::text, '-'),
        coalesce(e.confirms_id, 0), coalesce(e.corrects_id, 0), coalesce(encode(e.evidence, 'hex'), '-'))
"""
_HASHES = "coalesce(e.address_key, ''::bytea) || '|'::bytea || coalesce(e.mailbox, ''::bytea)"


def _digests(ranges: str) -> str:
    """Give the query of the digests of some ranges: (after, through) rows in; through, events, two digests out.

    Each event is hashed by itself first, so that a range of any length stays within PostgreSQL's limits.
    """
    return f"""
        SELECT r.through, count(e.id) AS events,
               sha256(coalesce(string_agg(sha256(({_EVENT})::bytea), ''::bytea ORDER BY e.id), ''::bytea)) AS said,
               sha256(coalesce(string_agg(sha256({_HASHES}), ''::bytea ORDER BY e.id), ''::bytea)) AS hashes
        FROM ({ranges}) r
        LEFT JOIN crm_consentevent e ON e.id > r.after AND e.id <= r.through
        GROUP BY r.through
    """


_READY = """
    SELECT through, coalesce(lag(through) OVER (ORDER BY through),
                             (SELECT max(through) FROM crm_seal), 0) AS after
    FROM crm_sealmark WHERE horizon < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""
_WRITE = f"""
    WITH RECURSIVE ready AS MATERIALIZED (
        SELECT d.*, row_number() OVER (ORDER BY d.through) AS place FROM ({_digests(_READY)}) d
    ), chained AS (
        SELECT r.place, r.through, r.events, r.hashes, sha256(coalesce(
                   (SELECT s.digest FROM crm_seal s ORDER BY s.through DESC LIMIT 1), ''::bytea) || r.said) AS digest
        FROM ready r WHERE r.place = 1
        UNION ALL
        SELECT r.place, r.through, r.events, r.hashes, sha256(c.digest || r.said)
        FROM chained c JOIN ready r ON r.place = c.place + 1
    ), gone AS (
        DELETE FROM crm_sealmark m USING chained c WHERE m.through = c.through
    )
    INSERT INTO crm_seal (through, events, digest, hashes, sealed_at)
    SELECT through, events, digest, hashes, now() FROM chained ORDER BY through
"""


def seal() -> int:
    """Seal what can no longer grow, and mark how far the ledger goes now; give how many seals were written.

    Meant to run every minute, in the platform's scope. Again, or by two at once: no change.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_WRITE)
        written = int(cursor.rowcount)
        cursor.execute(
            """
            UPDATE crm_sealmark SET horizon = pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            WHERE horizon IS NULL
            """
        )
        cursor.execute(
            """
            INSERT INTO crm_sealmark (through, horizon)
            SELECT e.id, NULL FROM crm_consentevent e
            WHERE e.id > (SELECT coalesce(max(through), 0) FROM crm_seal)
              AND e.id > (SELECT coalesce(max(through), 0) FROM crm_sealmark)
            ORDER BY e.id DESC LIMIT 1
            """
        )
    return written


_RANGES = "SELECT through, coalesce(lag(through) OVER (ORDER BY through), 0) AS after FROM crm_seal"
_BROKEN = f"""
    SELECT s.through, s.events, d.events, s.digest IS DISTINCT FROM sha256(
               coalesce(lag(s.digest) OVER (ORDER BY s.through), ''::bytea) || d.said), s.hashes <> d.hashes
    FROM crm_seal s JOIN ({_digests(_RANGES)}) d ON d.through = s.through ORDER BY s.through
"""


def broken() -> list[tuple[int, str]]:
    """Give the seals that the events no longer agree with: the highest id each covers, and what is wrong."""
    found: list[tuple[int, str]] = []
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN)
        for through, sealed, there, changed, rehashed in cursor.fetchall():
            if sealed != there:
                found.append((through, f"{sealed} events were sealed, and there are {there}"))
            elif changed:
                found.append((through, "an event says something else, or an earlier seal does"))
            elif rehashed:
                found.append((through, "the hash of an address was changed"))
    return found


def reseal_hashes() -> None:
    """Digest the hashes anew after a rotation of their key; the chain itself does not change. Owner's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE crm_seal s SET hashes = d.hashes FROM ({_digests(_RANGES)}) d WHERE d.through = s.through
            """
        )
