"""Makes the database's logins and roles: who may become whom, before any table exists.

Three logins own nothing but what their roles give them: *web* answers requests, *worker* runs tasks and commands,
*owner* migrates. A login inherits no right; it must take a role for the length of a transaction (`crm.wall.scope`),
so that a request that forgets its scope gets `permission denied` (house rule 4).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

# An officer is staff, and has their rights by inheritance, but sees one branch only: policies of its own narrow it.
ROLES = ("visitor", "staff", "officer", "keeper", "steward", "platform")
LOGINS: dict[str, tuple[str, ...]] = {
    "web": ("visitor", "staff", "officer", "keeper", "steward"),
    "worker": ("platform", "keeper", "staff"),
    "owner": ROLES,
}
_LOCK = 6_019_270_411  # advisory lock: two set-ups of one server wait for each other


def set_up(
    admin_url: str, *, may_create_databases: bool, passwords: dict[str, str] | None = None
) -> dict[str, str]:
    """Make the roles, and the database of `admin_url`, if missing; safe to repeat.

    `admin_url` is a connection URI of a user who may create roles. Returns a connection URI per login
    (`web`, `worker`, `owner`). Without `passwords` those of the logins follow from the administrator's,
    so that two set-ups of one server agree. Raises psycopg.Error where the server refuses.
    """
    parts = conninfo_to_dict(admin_url)
    secret = passwords or {login: _derived(parts, f"coalesce_{login}") for login in LOGINS}
    database = str(parts.get("dbname") or "coalesce")
    with psycopg.connect(_with(parts, dbname=_maintenance(parts)), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        for role in ROLES:
            _create(connection, f"coalesce_{role}", "NOLOGIN")
        _run(connection, "GRANT coalesce_staff TO coalesce_officer WITH INHERIT TRUE, SET FALSE")
        for login, roles in LOGINS.items():
            name = f"coalesce_{login}"
            _create(connection, name, "LOGIN NOINHERIT")
            options = "CREATEDB" if may_create_databases and login == "owner" else "NOCREATEDB"
            _run(
                connection,
                "ALTER ROLE {} " + options + " PASSWORD {}",
                sql.Identifier(name),
                sql.Literal(_verifier(connection, name, secret[login])),
            )
            for role in roles:
                _run(
                    connection,
                    "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE",
                    sql.Identifier(f"coalesce_{role}"),
                    sql.Identifier(name),
                )
        _run(connection, "ALTER ROLE coalesce_web SET idle_in_transaction_session_timeout = '60s'")
        _run(connection, "ALTER ROLE coalesce_web SET statement_timeout = '60s'")
        _create_database(connection, database)
    return {
        login: _with(
            parts,
            dbname=database,
            user=f"coalesce_{login}",
            password=secret[login],
        )
        for login in LOGINS
    }


def _create_database(connection: psycopg.Connection[Any], database: str) -> None:
    """Make the database if missing, and give it to the migrations' owner."""
    _run(connection, "GRANT coalesce_owner TO CURRENT_USER")
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if known.fetchone() is None:
        _run(connection, "CREATE DATABASE {} OWNER coalesce_owner", sql.Identifier(database))
    else:
        _run(connection, "ALTER DATABASE {} OWNER TO coalesce_owner", sql.Identifier(database))


def _create(connection: psycopg.Connection[Any], name: str, options: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if known is None:
        _run(connection, "CREATE ROLE {} " + options, sql.Identifier(name))


def _run(connection: psycopg.Connection[Any], text: str, *parts: sql.Composable) -> None:
    connection.execute(sql.SQL(text).format(*parts))


def _verifier(connection: psycopg.Connection[Any], name: str, password: str) -> str:
    """Give what the server keeps of a password, so that the password itself is in no statement that it logs."""
    made = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return made.decode()


def _derived(parts: dict[str, Any], role: str) -> str:
    key = str(parts.get("password") or "embedded").encode()
    return hmac.digest(key, f"coalesce login {role}".encode(), hashlib.sha256).hex()


def _maintenance(parts: dict[str, Any]) -> str:
    """Give the database to connect to first: the named one if it exists, else `postgres`."""
    try:
        with psycopg.connect(_with(parts)):
            return str(parts["dbname"])
    except (psycopg.OperationalError, KeyError):
        return "postgres"


def _with(parts: dict[str, Any], **changes: str) -> str:
    return make_conninfo(**{**parts, **changes})


def main() -> int:
    """Make the logins of a real installation from COALESCE_ADMIN_URL and COALESCE_<LOGIN>_PASSWORD."""
    admin_url = os.environ.get("COALESCE_ADMIN_URL", "")
    if not admin_url:
        print(
            "COALESCE_ADMIN_URL is missing: name a user who may make roles and databases.",
            file=sys.stderr,
        )
        return 1
    passwords = {
        login: os.environ.get(f"COALESCE_{login.upper()}_PASSWORD", "") for login in LOGINS
    }
    for login, password in passwords.items():
        if len(password) < 16:
            print(
                f"COALESCE_{login.upper()}_PASSWORD is missing or shorter than 16 characters.",
                file=sys.stderr,
            )
            return 1
    try:
        set_up(admin_url, may_create_databases=False, passwords=passwords)
    except psycopg.Error as error:
        print(
            f"The server refused: {error}\nCOALESCE_ADMIN_URL must name a user who may make roles and databases "
            "(CREATEROLE CREATEDB), and the one who made the coalesce_ roles if they are there already.",
            file=sys.stderr,
        )
        return 1
    print("The logins and roles are ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
