"""What the rows of `stretch` would do to permission, told before anything is written."""

from __future__ import annotations

from typing import Any

from django.db import connection

from crm.sql.fold import REVIEW_MONTHS, STILL_SPEAKS
from imports.sql.outlook import as_json

SAMPLE = 10  # rows that the preview puts into words
_FEW = 20  # below this many rows "nearly all on one day" means nothing

# Each row gets one outlook. What an organisation's own people said before comes from its own events only, and a
# stop for every organisation is told apart here so that it can be counted under "no permission" (words.md). OFFSET 0
# keeps the planner to the index: it would read the whole ledger.
_JUDGED = f"""
WITH earlier AS MATERIALIZED (
    SELECT e.mailbox, coalesce(bool_or(e.action BETWEEN 2 AND 6), false) AS refused,
           coalesce(bool_or(e.action IN (7, 8)), false) AS stopped,
           max(e.occurred_at) FILTER (WHERE e.action = 1 AND e.source = 1) AS own_yes
    FROM (SELECT DISTINCT mailbox FROM stretch) m
    CROSS JOIN LATERAL (SELECT * FROM crm_consentevent v WHERE v.mailbox = m.mailbox OFFSET 0) e
    WHERE e.action BETWEEN 1 AND 8 AND {STILL_SPEAKS}
    GROUP BY e.mailbox
), inside AS MATERIALIZED (
    SELECT DISTINCT mailbox FROM stretch WHERE action BETWEEN 2 AND 8
), broken AS MATERIALIZED (
    SELECT mailbox FROM crm_deliverability
), everywhere AS MATERIALIZED (
    SELECT mailbox FROM crm_platformstop WHERE mailbox IN (SELECT mailbox FROM stretch)
), judged AS MATERIALIZED (
    SELECT r.line, r.occurred_at, CASE
        WHEN r.erased THEN 'stopped'
        WHEN r.action BETWEEN 2 AND 8 AND e.own_yes > r.occurred_until THEN 'overtaken'
        WHEN r.action BETWEEN 2 AND 8 AND e.own_yes IS NOT NULL AND r.occurred_at IS NULL THEN 'no_against_yes'
        WHEN r.action BETWEEN 2 AND 8 THEN 'no'
        WHEN r.bounces OR d.mailbox IS NOT NULL THEN 'bouncing'
        WHEN r.action IS NULL THEN 'not_said'
        WHEN w.mailbox IS NOT NULL OR e.stopped THEN 'stopped'
        WHEN e.refused OR i.mailbox IS NOT NULL THEN 'kept_off'
        WHEN r.occurred_at IS NULL THEN 'undated'
        WHEN %(statement)s::bigint IS NULL THEN 'no_wording'
        WHEN r.occurred_at <= now() - interval '{REVIEW_MONTHS} months' THEN 'too_old'
        WHEN (SELECT requires_confirmation FROM crm_statement WHERE id = %(statement)s) THEN 'unconfirmed'
        ELSE 'gained' END AS outlook
    FROM stretch r
    LEFT JOIN earlier e ON e.mailbox = r.mailbox
    LEFT JOIN inside i ON i.mailbox = r.mailbox
    LEFT JOIN broken d ON d.mailbox = r.mailbox
    LEFT JOIN everywhere w ON w.mailbox = r.mailbox
)
"""
_TOLD = f"""
{_JUDGED}
SELECT (SELECT jsonb_object_agg(outlook, n) FROM (SELECT outlook, count(*) AS n FROM judged GROUP BY outlook) t),
       (SELECT jsonb_agg(jsonb_build_array(line, outlook) ORDER BY line) FROM (
            SELECT line, outlook FROM (
                SELECT *, row_number() OVER (PARTITION BY outlook ORDER BY line) AS place
                FROM judged WHERE outlook <> 'stopped') p
            ORDER BY place, line LIMIT {SAMPLE}) s),
       (SELECT coalesce(max(n), 0) FROM (
            SELECT count(*) AS n FROM judged WHERE outlook = 'gained' GROUP BY occurred_at) d),
       (SELECT count(*) FROM judged)
"""


def foretell(statement_id: int | None) -> dict[str, Any]:
    """Give how many rows of `stretch` have each outlook (`permission`), lines that show them (`sample`: line and
    outlook), and whether nearly all say yes on one day (`one_day`). Keeper scope. Uses event_mailbox.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, {"statement": statement_id})
        permission, sample, on_one_day, sound = cursor.fetchone()
    return {
        "permission": as_json(permission) or {},
        "sample": as_json(sample) or [],
        "one_day": sound >= _FEW and on_one_day > 0.95 * sound,
    }
