"""The scope in which the database is read: which role, for which organisation (house rule 4).

A login has no rights of its own. Code that touches a table runs inside `scope`, which lasts as long as
its transaction; without one PostgreSQL answers `permission denied`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from django.db import connection, transaction

Role = Literal["visitor", "staff", "officer", "keeper", "steward", "platform"]
Before = tuple[str, str, str, str]

_TAKE = """
    SELECT current_setting('role'), current_setting('app.organisation', true), current_setting('app.user', true),
           current_setting('app.branch', true), set_config('role', %s, true),
           set_config('app.organisation', %s, true), set_config('app.user', %s, true),
           set_config('app.branch', %s, true)
"""


@contextmanager
def scope(
    role: Role,
    *,
    organisation_id: int | None = None,
    user_id: int | None = None,
    branch_id: int | None = None,
) -> Iterator[None]:
    """Run a transaction as `role`, seeing one organisation's rows (as officer a branch's, as platform all).

    Inside another scope it is a savepoint, and gives the outer role back.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        before = take(role, organisation_id=organisation_id, user_id=user_id, branch_id=branch_id)
        yield
        if nested and not connection.needs_rollback:  # a rollback gives the role back by itself
            _set(*before)


@contextmanager
def elevated(role: Literal["keeper"]) -> Iterator[None]:
    """Take a role with more rights over the same organisation, for one step of a request."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('role', %s, true)", [f"coalesce_{role}"])
        yield
        cursor.execute("SELECT set_config('role', %s, true)", [before])


def take(
    role: Role,
    *,
    organisation_id: int | None = None,
    user_id: int | None = None,
    branch_id: int | None = None,
) -> Before:
    """Take a role for the rest of the transaction; give the role, organisation, user and branch before it."""
    given = (organisation_id, user_id, branch_id)
    return _set(f"coalesce_{role}", *(str(number or "") for number in given))


def _set(role: str, organisation: str, user: str, branch: str) -> Before:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [role, organisation, user, branch])
        row = cursor.fetchone()
    return (row[0] or "none", row[1] or "", row[2] or "", row[3] or "")


@contextmanager
def platform_session() -> Iterator[None]:
    """Be the platform for a series of short transactions: the dispatcher commits after every statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE coalesce_platform")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
