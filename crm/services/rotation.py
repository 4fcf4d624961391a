"""Rotating the secret of the hashes: one more link on the chain, and every hash hashed again (decision 0004)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError, transaction
from psycopg.errors import LockNotAvailable

from crm import hashing
from crm.models import HashChain
from crm.sql import rotation as sql
from crm.sql import seals

PATIENCE = 30  # seconds to wait for those who still use the tables


class RotationError(Exception):
    """Nothing was changed; the message says why, and what to do."""


def is_due() -> bool:
    """Tell whether the configured chain has one link more than made the stored hashes; False: they agree.

    Raises RotationError where it is another chain.
    """
    chain, stored = hashing.configured(), HashChain.objects.get()
    for candidate, due in ((chain, False), (chain.before_newest, True)):
        if candidate.newest == stored.key_id:
            if candidate.proof == bytes(stored.proof):
                return due
            raise RotationError(
                f"The hashes of this database were made with another {stored.key_id} than the one in "
                "COALESCE_HASH_KEY. Take the value from your backup of it."
            )
    raise RotationError(
        f"The hashes of this database are under {stored.key_id}, which is neither the newest link of "
        "COALESCE_HASH_KEY nor the one before it. Take the value from your backup of it."
    )


def longer_setting() -> str:
    """Give the configured value of COALESCE_HASH_KEY with a new, random link. Nothing is kept of it."""
    ids = hashing.configured().ids
    number = max(
        [len(ids), *(int(found[1]) for key in ids if (found := re.fullmatch(r"k(\d+)", key)))]
    )
    return f"{settings.COALESCE_HASH_KEY},k{number + 1}:{secrets.token_hex(32)}"


def rotate(*, reason_to_wait: Callable[[], str]) -> dict[str, int]:
    """Hash every stored hash once more under the newest link of the configured chain; give the rows by table.

    One transaction: either all are under the new link or none. Again: no change. `reason_to_wait` gives a
    sentence while the hashes must not change. Raises RotationError. Only the migrations' owner may.
    """
    tables = sql.hashed_tables()
    try:
        with transaction.atomic():
            sql.lock(tables, seconds=PATIENCE)
            if not is_due():
                return {}
            if reason := reason_to_wait():
                raise RotationError(reason)
            if seals.broken():
                raise RotationError(
                    "The ledger does not agree with its seals. Run `verify_seals`, and find out why, first."
                )
            chain = hashing.configured()
            sql.bring_link(chain.keys[-1])
            counts = {table.name: sql.hash_again(table, chain.newest) for table in tables}
            if sql.move_chain(chain.newest) != chain.proof:
                raise RotationError("PostgreSQL and Python hash differently. Nothing was changed.")
            seals.reseal_hashes()
            return counts
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise RotationError(
            "Something still uses the tables. Stop the web, the workers and their clock, and run this again."
        ) from error
