"""Statements that hash every stored hash once more, under a new link of the chain (decision 0004)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.apps import apps
from django.db import connection

HASHES = ("address_key", "mailbox")
_BLOCK = hashlib.sha256().block_size
# HMAC-SHA-256 (RFC 2104) cut to 16 bytes, as crm.identity.addresses.keyed has it; of NULL it is NULL.
_AGAIN = "substr(sha256(l.outer_pad || sha256(l.inner_pad || t.{column})), 1, 16)"


@dataclass(frozen=True, slots=True)
class HashedTable:
    """A table that keeps hashes of addresses: their columns, and whether it says which secret made them."""

    name: str
    columns: tuple[str, ...]
    names_key: bool


def hashed_tables() -> list[HashedTable]:
    """Find every table that keeps hashes, in whichever app, by the names of its columns."""
    found = []
    for model in apps.get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        if model._meta.managed and columns & {*HASHES}:
            kept = tuple(column for column in HASHES if column in columns)
            found.append(HashedTable(model._meta.db_table, kept, "key_id" in columns))
    return found


def lock(tables: list[HashedTable], *, seconds: int) -> None:
    """Keep everybody else from reading or writing hashes until the transaction ends.

    Whoever has read one holds it still, so waits until they are done: no hash is carried past the rotation.
    Raises OperationalError after so many seconds.
    """
    names = ", ".join(["crm_hashchain", *(table.name for table in tables)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{seconds}s"])
        cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def bring_link(key: bytes) -> None:
    """Put a secret, as the two pads of RFC 2104, into a temporary table; no log of statements shows what is copied."""
    key = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    padded = key.ljust(_BLOCK, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS rotation_link")
        cursor.execute(
            "CREATE TEMPORARY TABLE rotation_link (inner_pad bytea, outer_pad bytea) ON COMMIT DROP"
        )
        with cursor.copy("COPY rotation_link FROM STDIN") as copy:
            copy.write_row((inner, outer))


def hash_again(table: HashedTable, key_id: str) -> int:
    """Hash all hashes of a table once more under the link that was brought; give the number of its rows."""
    changes = [f"{column} = {_AGAIN.format(column=column)}" for column in table.columns]
    if table.names_key:
        changes.append("key_id = %(key_id)s")
    hashed = " OR ".join(f"t.{column} IS NOT NULL" for column in table.columns)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.rotation', 'on', true)")
        cursor.execute(
            f"UPDATE {table.name} t SET {', '.join(changes)} FROM rotation_link l WHERE {hashed}",
            {"key_id": key_id},
        )
        written = int(cursor.rowcount)
        cursor.execute("SELECT set_config('app.rotation', '', true)")
    return written


def move_chain(key_id: str) -> bytes:
    """Note that the hashes are now under `key_id`; give the proof as PostgreSQL hashes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE crm_hashchain t SET key_id = %s, proof = {_AGAIN.format(column="proof")} FROM rotation_link l
            RETURNING t.proof
            """,
            [key_id],
        )
        (proof,) = cursor.fetchone()
        cursor.execute("DROP TABLE rotation_link")
    return bytes(proof)
