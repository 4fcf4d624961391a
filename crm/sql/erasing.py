"""Statements that take people out of one organisation's list. Rows in: those named by `entries` and `points`.

Each can be run again, and finds nothing to do then. The ledger of consent is not touched (house rule 2): what is left
of a person there are ids, dates and keyed hashes.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from crm.holdings import Gone

_OF_ENTRIES = (
    "crm_searchterm",
    "crm_record",
    "crm_supporterrole",
    "crm_supportertopic",
    "crm_supportertag",
)
# Whether a text has one of the addresses in it.
_NAMES_THEM = (
    "EXISTS (SELECT FROM unnest(%(addresses)s::text[]) f WHERE position(f IN lower({column})) > 0)"
)

_NOTES = """
    DELETE FROM crm_evidencenote n
    WHERE n.organisation_id = %(organisation)s
      AND n.digest IN (SELECT e.evidence FROM crm_consentevent e WHERE e.supporter_id = ANY(%(entries)s))
      -- Words that also prove another person's yes stay.
      AND NOT EXISTS (SELECT FROM crm_consentevent o
                      WHERE o.organisation_id = n.organisation_id AND o.evidence = n.digest
                        AND o.supporter_id <> ALL(%(entries)s))
"""
_STATES = "DELETE FROM crm_consentstate WHERE contact_point_id = ANY(%(points)s)"
_KEYS = "DELETE FROM crm_addresskey WHERE contact_point_id = ANY(%(points)s)"
_DELIVERABILITY = """
    DELETE FROM crm_deliverability d
    WHERE d.organisation_id = %(organisation)s AND d.mailbox = ANY(%(mailboxes)s)
      AND NOT EXISTS (SELECT FROM crm_addresskey k
                      WHERE k.organisation_id = d.organisation_id AND k.mailbox = d.mailbox)
"""
_LINKS = """
    WITH unlinked AS (DELETE FROM crm_link WHERE supporter_id = ANY(%(entries)s) RETURNING person_id, supporter_id)
    DELETE FROM crm_person p USING unlinked u
    WHERE p.id = u.person_id
      AND NOT EXISTS (SELECT FROM crm_link l WHERE l.person_id = p.id AND l.supporter_id <> u.supporter_id)
"""
_MATCHES = tuple(
    f"DELETE FROM {table} WHERE one_id = ANY(%(entries)s) OR other_id = ANY(%(entries)s)"
    for table in ("crm_match", "crm_sharedmatch")
)
_MERGES = "DELETE FROM crm_merge WHERE kept_id = ANY(%(entries)s) OR moved && %(entries)s::bigint[]"
_POINTS = """
    UPDATE crm_contactpoint SET address = '', folded = 'erased ' || id, kind = 1, problem = 0, links_from = NULL,
        retired_at = coalesce(retired_at, now())
    WHERE id = ANY(%(points)s)
"""
_SUPPORTERS = """
    UPDATE crm_supporter SET canonical_id = id, first_name = '', last_name = '', name_forms = '{}', last_fold = '',
        postcode = '', postcode_fold = '', external_id = '', relationship = '', age_band = 0, restricted = false,
        deceased = false, family_contact = '', only_important_since = NULL, erased_at = coalesce(erased_at, now())
    WHERE id = ANY(%(entries)s)
"""
_MAIL = """
    DELETE FROM crm_servicemail
    WHERE organisation_id = %(organisation)s
      AND (contact_point_id = ANY(%(points)s) OR mailbox = ANY(%(mailboxes)s))
"""
# What waits to be confirmed at this organisation, and at no other: another's is not this one's to forget.
_FORMS = """
    UPDATE crm_submission s SET fields = '{}', waits_until = NULL
    WHERE s.carried_out_at IS NOT NULL AND lower(s.fields->>'email') = ANY(%(addresses)s)
      AND s.fields->>'organisation' = %(organisation)s::text
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(coalesce(s.fields->'yes', '[]')) y
                      WHERE (y->>0)::int <> %(organisation)s)
"""
_CASES = f"""
    UPDATE crm_case SET who = '', address = '', words = ''
    WHERE organisation_id = %(organisation)s
      AND (supporter_id = ANY(%(entries)s) OR lower(address) = ANY(%(addresses)s)
           OR {_NAMES_THEM.format(column="words")} OR {_NAMES_THEM.format(column="who")})
"""
_CASE_NOTES = f"""
    UPDATE crm_casenote n SET words = ''
    WHERE n.organisation_id = %(organisation)s AND NOT n.is_log
      AND (n.case_id IN (SELECT c.id FROM crm_case c WHERE c.supporter_id = ANY(%(entries)s))
           OR {_NAMES_THEM.format(column="n.words")})
"""
_ADMIN_LOG = f"""
    UPDATE django_admin_log SET object_repr = '', change_message = ''
    WHERE user_id IN (SELECT m.user_id FROM crm_membership m WHERE m.organisation_id = %(organisation)s)
      AND {_NAMES_THEM.format(column="object_repr || change_message")}
"""


# What makes an entry one of the list; without it an empty row is left.
_ENTRY = (
    _STATES,
    _KEYS,
    _DELIVERABILITY,
    _LINKS,
    *_MATCHES,
    *(f"DELETE FROM {table} WHERE supporter_id = ANY(%(entries)s)" for table in _OF_ENTRIES),
    _POINTS,
    _SUPPORTERS,
)


def empty(gone: Gone) -> None:
    """Take these entries, which nobody is joined with, off the list. Platform scope."""
    for statement in _ENTRY:
        run(statement, gone)


def forget(gone: Gone) -> None:
    """Empty and delete what the tables of this app hold of these people. Platform scope."""
    for statement in (
        _NOTES,  # these two ask the rows that the next ones delete
        _FORMS,
        _MERGES,
        _MAIL,
        _CASE_NOTES,
        _CASES,
        _ADMIN_LOG,
        *_ENTRY,
    ):
        run(statement, gone)


def run(statement: str, gone: Gone) -> int:
    """Run one statement about these people; give how many rows it touched."""
    values: dict[str, Any] = {
        "organisation": gone.organisation_id,
        "entries": gone.entries,
        "points": gone.points,
        "mailboxes": gone.mailboxes,
        "addresses": gone.addresses,
        "names": gone.names,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
