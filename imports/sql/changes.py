"""What the rows of `stretch` would change of people who are on the list, field by field.

A profile takes a person's own word before a list's, and of several the newest (crm/sql/people.py): what a row says
otherwise does not always hold, and the preview says so.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from imports.sql.outlook import as_json

FIELDS = ("first_name", "last_name", "postcode", "external_id", "relationship")
SAMPLE = 3

_DIFFERS = " OR ".join(f"t.{name} NOT IN ('', s.{name})" for name in FIELDS)
# Of membership the list that comes last speaks (crm/sql/people.py): nothing holds against it.
_HOLDS = {"relationship": "false"}
_HELD = ", ".join(
    f"bool_or(r.{name} <> '' AND {_HOLDS.get(name, '(r.source = 1 OR r.as_of > d.as_of)')}) AS holds_{name}"
    for name in FIELDS
)
_DIFFERING = f"""
WITH differing AS MATERIALIZED (
    SELECT t.line, s.id AS who, coalesce(t.occurred_at, now()) AS as_of,
           {", ".join(f"t.{name}, s.{name} AS has_{name}" for name in FIELDS)}
    FROM stretch t JOIN crm_supporter e ON e.id = t.supporter_id JOIN crm_supporter s ON s.id = e.canonical_id
    WHERE NOT t.erased AND ({_DIFFERS})
), entries AS (
    SELECT line, who AS entry FROM differing
    UNION ALL
    SELECT d.line, m.id FROM differing d JOIN crm_supporter m ON m.canonical_id = d.who AND m.id <> m.canonical_id
), held AS MATERIALIZED (
    SELECT d.line, {_HELD}
    FROM differing d JOIN entries e ON e.line = d.line JOIN crm_record r ON r.supporter_id = e.entry
    GROUP BY d.line
), told AS MATERIALIZED (
    SELECT d.*, {", ".join(f"coalesce(h.holds_{name}, false) AS holds_{name}" for name in FIELDS)}
    FROM differing d LEFT JOIN held h ON h.line = d.line
)
"""
_OF_FIELD = """
SELECT '{name}' AS field, count(DISTINCT who) FILTER (WHERE has_{name} <> '' AND NOT holds_{name}) AS changes,
       count(DISTINCT who) FILTER (WHERE has_{name} = '' AND NOT holds_{name}) AS gets,
       count(DISTINCT who) FILTER (WHERE holds_{name}) AS stays,
       (array_agg(jsonb_build_array(line, who) ORDER BY line)
           FILTER (WHERE has_{name} <> '' AND NOT holds_{name}))[1:{sample}] AS sample
FROM told WHERE {name} NOT IN ('', has_{name})
"""
_FIELDS = _DIFFERING + " UNION ALL ".join(
    _OF_FIELD.format(name=name, sample=SAMPLE) for name in FIELDS
)
_KNOWN = "FROM stretch t WHERE t.supporter_id IS NOT NULL AND NOT t.erased"
_MORE = f"""
SELECT (SELECT count(DISTINCT t.supporter_id) {_KNOWN} AND t.phone <> '' AND NOT EXISTS (
            SELECT FROM crm_contactpoint p
            WHERE p.supporter_id = t.supporter_id AND p.channel = 2 AND p.folded = t.phone)),
       (SELECT count(DISTINCT t.supporter_id) {_KNOWN} AND EXISTS (
            SELECT FROM unnest(t.roles) word WHERE NOT EXISTS (
                SELECT FROM crm_supporterrole h WHERE h.supporter_id = t.supporter_id AND h.role_id = word))),
       (SELECT count(DISTINCT t.supporter_id) {_KNOWN} AND EXISTS (
            SELECT FROM unnest(t.topics) word WHERE NOT EXISTS (
                SELECT FROM crm_supportertopic h WHERE h.supporter_id = t.supporter_id AND h.topic_id = word))),
       (SELECT count(DISTINCT t.supporter_id) {_KNOWN} AND EXISTS (
            SELECT FROM unnest(t.tags) word WHERE NOT EXISTS (
                SELECT FROM crm_supportertag h JOIN crm_tag g ON g.id = h.tag_id
                WHERE h.supporter_id = t.supporter_id AND g.name = word)))
"""


def foretell() -> dict[str, Any]:
    """Give, for each field, how many people's changes (`changes`), is new (`gets`) or stays as it is although a row
    says otherwise (`stays`), with lines and ids of people who show the changes (`sample`); and how many get a phone
    number, a role or a tag. Keeper scope. Uses record_supporter and supporter_merged.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIELDS)
        found: dict[str, Any] = {
            name: {
                "changes": changes,
                "gets": gets,
                "stays": stays,
                "sample": [as_json(pair) for pair in sample or []],
            }
            for name, changes, gets, stays, sample in cursor.fetchall()
            if changes or gets or stays
        }
        cursor.execute(_MORE)
        for name, count in zip(("phone", "role", "topic", "tags"), cursor.fetchone(), strict=True):
            if count:
                found[name] = {"changes": 0, "gets": count, "stays": 0, "sample": []}
    return found
