"""What applying the rows of `stretch` would do to people, told before anything is written."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

REPEATED = 100  # repeated rows that are named one by one

_NOTHING_NEW = """
    EXISTS (SELECT FROM crm_supporter s WHERE s.id = t.supporter_id
        AND (t.first_name IN ('', s.first_name) AND t.last_name IN ('', s.last_name)
             AND t.postcode IN ('', s.postcode) AND t.external_id IN ('', s.external_id)
             AND t.relationship IN ('', s.relationship)))
    AND (t.action IS NULL OR EXISTS (SELECT FROM crm_consenthistory e
         WHERE e.supporter_id = t.supporter_id AND e.action = t.action
           AND e.occurred_at IS NOT DISTINCT FROM t.occurred_at))
    AND NOT EXISTS (SELECT FROM unnest(t.roles) r WHERE NOT EXISTS (
         SELECT FROM crm_supporterrole h WHERE h.supporter_id = t.supporter_id AND h.role_id = r))
    AND NOT EXISTS (SELECT FROM unnest(t.topics) p WHERE NOT EXISTS (
         SELECT FROM crm_supportertopic h WHERE h.supporter_id = t.supporter_id AND h.topic_id = p))
    AND (t.phone = '' OR EXISTS (SELECT FROM crm_contactpoint p
         WHERE p.supporter_id = t.supporter_id AND p.channel = 2 AND p.folded = t.phone))
    AND NOT EXISTS (SELECT FROM unnest(t.tags) word WHERE NOT EXISTS (
         SELECT FROM crm_supportertag h JOIN crm_tag g ON g.id = h.tag_id
         WHERE h.supporter_id = t.supporter_id AND g.name = word))
"""
_COUNTS = f"""
    WITH r AS MATERIALIZED (
        SELECT t.supporter_id, t.same_as, t.erased, t.action, t.occurred_at, t.bounces,
               t.supporter_id IS NOT NULL AND {_NOTHING_NEW} AS is_old
        FROM stretch t
    )
    SELECT count(*) AS rows,
           count(*) FILTER (WHERE supporter_id IS NULL AND same_as IS NULL AND NOT erased) AS new,
           count(*) FILTER (WHERE supporter_id IS NOT NULL AND NOT erased AND NOT is_old) AS changed,
           count(*) FILTER (WHERE supporter_id IS NOT NULL AND NOT erased AND is_old) AS unchanged,
           count(*) FILTER (WHERE same_as IS NOT NULL AND NOT erased) AS repeated,
           count(*) FILTER (WHERE action = 1 AND NOT erased AND occurred_at IS NOT NULL) AS yes,
           count(*) FILTER (WHERE action = 1 AND NOT erased AND occurred_at IS NULL) AS yes_undated,
           count(*) FILTER (WHERE action BETWEEN 2 AND 8 AND NOT erased) AS no,
           count(*) FILTER (WHERE bounces AND NOT erased) AS bouncing,
           count(*) FILTER (WHERE erased OR (action IS NULL AND NOT bounces)) AS not_said
    FROM r
"""


def counts(file_id: int) -> dict[str, int]:
    """Count the rows of the whole file, which `stretch` holds, by what becomes of them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        found: dict[str, int] = dict(zip(names, cursor.fetchone(), strict=True))
        cursor.execute(
            "SELECT count(*) FROM imports_stagedrow WHERE file_id = %s AND refused", [file_id]
        )
        (refused,) = cursor.fetchone()
    return found | {"rows": found["rows"] + refused, "refused": refused}


def repeated() -> list[tuple[int, int]]:
    """Give the first rows that repeat an unknown person, each with the first row of that person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line, same_as FROM stretch WHERE same_as IS NOT NULL AND NOT erased ORDER BY line LIMIT %s",
            [REPEATED],
        )
        return [(int(line), int(first)) for line, first in cursor.fetchall()]


def known(lines: list[int]) -> list[int]:
    """Give those of these lines whose person is on the list already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line FROM stretch WHERE line = ANY(%s) AND supporter_id IS NOT NULL", [lines]
        )
        return [int(line) for (line,) in cursor.fetchall()]


def as_json(value: Any) -> Any:
    """Django leaves JSON of its own cursors unread."""
    return json.loads(value) if isinstance(value, str) else value
