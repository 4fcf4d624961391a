"""Holds people and inboxes to the end of a transaction, so that of two acts at one time neither is overlooked.

What is worked out from the ledger is written after the ledger was read. Somebody who said stop between the two
would be mailed: their stop is not among what was read, and the state it left is overwritten. So whoever is about to
read holds all whom the answer is about, first; a second one waits, and then reads what the first one wrote.
Migrations depend on the functions: add, never change.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

_EVERYONE = (
    6_019_270_414  # advisory lock: shared by those who hold a few, taken alone by who holds many
)
_FEW = 50  # people and inboxes; PostgreSQL's table of locks is small

FUNCTIONS = f"""
    -- The number by which an inbox is held.
    CREATE FUNCTION crm_hold_number(inbox bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS $$ SELECT ('x' || encode(substr(inbox, 1, 8), 'hex'))::bit(64)::bigint $$;
    CREATE FUNCTION crm_hold_inbox(inbox bytea) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared({_EVERYONE});
        PERFORM pg_advisory_xact_lock(crm_hold_number(inbox));
    END $$;
    REVOKE ALL ON FUNCTION crm_hold_number(bytea), crm_hold_inbox(bytea) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION crm_hold_number(bytea), crm_hold_inbox(bytea) TO coalesce_keeper, coalesce_platform;
"""

# Numbers out: of everyone merged with those named or reading an inbox that is, and of all their inboxes. Uses
# address_key_mailbox, supporter_merged and contact_point_once.
_NUMBERS = """
    WITH who AS (
        SELECT s.canonical_id FROM crm_supporter s WHERE s.id = ANY(%(supporters)s)
        UNION
        SELECT s.canonical_id FROM crm_addresskey k
        JOIN crm_contactpoint cp ON cp.id = k.contact_point_id
        JOIN crm_supporter s ON s.id = cp.supporter_id
        WHERE k.mailbox = ANY(%(mailboxes)s)
    ), entry AS (
        SELECT canonical_id AS id FROM who
        UNION
        SELECT s.id FROM crm_supporter s JOIN who ON s.canonical_id = who.canonical_id AND s.id <> s.canonical_id
    )
    SELECT crm_hold_number(box) FROM unnest(%(mailboxes)s::bytea[]) box
    UNION
    SELECT crm_hold_number(k.mailbox) FROM entry
    JOIN crm_contactpoint cp ON cp.supporter_id = entry.id
    JOIN crm_addresskey k ON k.contact_point_id = cp.id
    UNION
    SELECT hashint8extended(canonical_id, 1) FROM who
"""


def hold(*, supporter_ids: Collection[int] = (), mailboxes: Collection[bytes] = ()) -> None:
    """Wait until nobody else changes what may be mailed of these people and inboxes, and keep others waiting.

    It ends with the transaction. Whoever writes to the ledger before calling `refold` holds first, so that two who
    do so wait for each other in one order. Keeper or platform scope.
    """
    if len(supporter_ids) + len(mailboxes) > _FEW:
        hold_everyone()
        return
    named = {"supporters": list(supporter_ids), "mailboxes": list(mailboxes)}
    held: set[int] = set()
    # Whom we waited for may have joined more people or given them addresses.
    while new := {int(number) for (number,) in _run(_NUMBERS, named)} - held:
        if len(held | new) > _FEW:
            hold_everyone()
            return
        _run(
            """
            SELECT pg_advisory_xact_lock_shared(%s)
            UNION ALL SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS number
            """,
            [_EVERYONE, sorted(new)],
        )
        held |= new


def hold_everyone() -> None:
    """Wait for everyone who holds anybody, and keep all others waiting. It ends with the transaction."""
    _run("SELECT pg_advisory_xact_lock(%s)", [_EVERYONE])


def _run(sql: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
