"""Statements that make, join and describe supporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.db import connection


def compatible(one: str, other: str) -> str:
    """Give the SQL condition that the names of two rows may be one person's.

    `one` and `other` are table aliases with `name_forms` and `last_fold`; the rule is that of
    crm/identity/names.py (`compatible`), and a test proves them equal.
    """

    def initial(short: str, full: str) -> str:
        return (
            f"(cardinality({short}.name_forms) = 1 AND length({short}.name_forms[1]) = 1 AND EXISTS ("
            f"SELECT FROM unnest({full}.name_forms) form WHERE left(form, 1) = {short}.name_forms[1]))"
        )

    return f"""(
        (cardinality({one}.name_forms) = 0 OR cardinality({other}.name_forms) = 0
         OR {one}.name_forms && {other}.name_forms OR {initial(one, other)} OR {initial(other, one)})
        AND ({one}.last_fold = '' OR {other}.last_fold = ''
             OR string_to_array({one}.last_fold, ' ') && string_to_array({other}.last_fold, ' ')))"""


# A field's value is that of the record which a person stated, else the newest that has any; a blank never counts.
_NEWEST = "(r.source = 1) DESC, r.as_of DESC, r.id DESC"
_CHOSEN = """
    (array_agg(r.{field} ORDER BY {newest}) FILTER (WHERE r.{field} <> {blank}))[1]
"""
# A list speaks of membership as it stands on the day of the list, not on the day of a yes that it repeats.
_ORDER = {"relationship": "r.id DESC"}
_FIELDS = {
    "first_name": "''",
    "last_name": "''",
    "postcode": "''",
    "external_id": "''",
    "relationship": "''",
    "age_band": "0",
}


# Who was joined with somebody older is no older for it: what an entry's own records say of a minor stays (I6).
_STILL_MINORS = f"""
    UPDATE crm_supporter s SET age_band = own.age FROM (
        SELECT r.supporter_id AS id, {_CHOSEN.format(field="age_band", blank="0", newest=_NEWEST)} AS age
        FROM crm_record r
        WHERE r.supporter_id = ANY(%(ids)s) AND EXISTS (
            SELECT FROM crm_supporter m WHERE m.canonical_id = r.supporter_id AND m.id <> m.canonical_id)
        GROUP BY r.supporter_id) own
    WHERE s.id = own.id AND own.age IN (13, 16) AND s.age_band <> own.age
"""


def choose_profiles(supporter_ids: Sequence[int], *, may_empty: bool) -> list[int]:
    """Put supporters' profiles together afresh from the records of everyone merged into them; give whose changed.

    `supporter_ids`: canonical ids of one organisation; `may_empty`: a record may have gone, and what no other says
    goes with it. Uses record_supporter and supporter_merged.
    """
    values = {
        field: f"coalesce(c.{field}, {blank if may_empty else f's.{field}'})"
        for field, blank in _FIELDS.items()
    }
    chosen = ", ".join(
        f"{_CHOSEN.format(field=field, blank=blank, newest=_ORDER.get(field, _NEWEST))} AS {field}"
        for field, blank in _FIELDS.items()
    )
    changes = ", ".join(f"{field} = {value}" for field, value in values.items())
    differs = " OR ".join(f"{value} <> s.{field}" for field, value in values.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH everyone AS (
                SELECT id AS who, id FROM crm_supporter WHERE id = ANY(%(ids)s)
                UNION ALL
                SELECT canonical_id, id FROM crm_supporter WHERE canonical_id = ANY(%(ids)s) AND id <> canonical_id
            ), c AS (
                SELECT e.who, {chosen}
                FROM everyone e LEFT JOIN crm_record r ON r.supporter_id = e.id GROUP BY e.who
            )
            UPDATE crm_supporter s SET {changes} FROM c WHERE s.id = c.who AND ({differs}) RETURNING s.id
            """,
            {"ids": list(supporter_ids)},
        )
        changed = [int(who) for (who,) in cursor.fetchall()]
        cursor.execute(_STILL_MINORS, {"ids": list(supporter_ids)})
    return changed


Profile = tuple[int, int, str, str, str, str, list[str], list[str]]


def profiles(supporter_ids: Sequence[int]) -> list[Profile]:
    """Give what search terms are made of: (id, organisation, first and last name, postcode, external id,
    email addresses, telephones) of each supporter, with the addresses of everyone merged into them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH everyone AS (
                SELECT id AS who, id FROM crm_supporter WHERE id = ANY(%(ids)s)
                UNION ALL
                SELECT canonical_id, id FROM crm_supporter WHERE canonical_id = ANY(%(ids)s) AND id <> canonical_id
            ), reached AS (
                SELECT e.who,
                       array_agg(cp.folded) FILTER (WHERE cp.channel = 1) AS emails,
                       array_agg(cp.folded) FILTER (WHERE cp.channel = 2) AS phones
                FROM everyone e JOIN crm_contactpoint cp ON cp.supporter_id = e.id
                WHERE cp.retired_at IS NULL GROUP BY e.who
            )
            SELECT s.id, s.organisation_id, s.first_name, s.last_name, s.postcode, s.external_id,
                   coalesce(r.emails, '{}'), coalesce(r.phones, '{}')
            FROM crm_supporter s LEFT JOIN reached r ON r.who = s.id WHERE s.id = ANY(%(ids)s)
            """,
            {"ids": list(supporter_ids)},
        )
        return cast(list[Profile], cursor.fetchall())


def write_folds(rows: Sequence[tuple[int, list[str], str, str]]) -> None:
    """Set the folded forms of supporters: (id, name forms, folded last name, folded postcode) each."""
    if not rows:
        return
    ids, forms, lasts, postcodes = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE crm_supporter s
            SET name_forms = string_to_array(n.forms, ' '), last_fold = n.last, postcode_fold = n.postcode
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n(id, forms, last, postcode)
            WHERE s.id = n.id
              AND (s.name_forms, s.last_fold, s.postcode_fold)
                  IS DISTINCT FROM (string_to_array(n.forms, ' ')::text[], n.last::varchar, n.postcode::varchar)
            """,
            [list(ids), [" ".join(words) for words in forms], list(lasts), list(postcodes)],
        )


def write_terms(supporter_ids: Sequence[int], rows: Sequence[tuple[int, int, str]]) -> None:
    """Set the search terms of these supporters: (organisation, supporter, term) each; those not named go."""
    organisations, ids, terms = zip(*rows, strict=True) if rows else ((), (), ())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::text[]) AS w(organisation_id, supporter_id, term)
            ), kept AS MATERIALIZED (  -- OFFSET 0 keeps the planner to the index
                SELECT t.place, t.supporter_id, t.term FROM unnest(%s::bigint[]) who
                CROSS JOIN LATERAL (
                    SELECT ctid AS place, * FROM crm_searchterm k WHERE k.supporter_id = who OFFSET 0) t
            ), gone AS (
                DELETE FROM crm_searchterm t USING kept k
                WHERE t.ctid = k.place
                  AND NOT EXISTS (SELECT FROM wanted w WHERE w.supporter_id = k.supporter_id AND w.term = k.term)
            )
            INSERT INTO crm_searchterm (organisation_id, supporter_id, term)
            SELECT organisation_id, supporter_id, term FROM wanted w
            WHERE NOT EXISTS (SELECT FROM kept k WHERE k.supporter_id = w.supporter_id AND k.term = w.term)
            ON CONFLICT DO NOTHING
            """,
            [list(organisations), list(ids), list(terms), list(supporter_ids)],
        )


def next_supporter_id() -> int:
    """Give an unused supporter id: a supporter names itself as canonical, so it must know its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('crm_supporter', 'id'))")
        (number,) = cursor.fetchone()
    return int(number)
