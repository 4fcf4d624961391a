"""The wall between organisations, asked of the live database: it holds when the code forgets it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from psycopg.conninfo import make_conninfo

from crm import wall
from crm.models import Membership, Organisation
from tests import factories

pytestmark = pytest.mark.django_db

LOGINS = ("coalesce_web", "coalesce_worker", "coalesce_owner")
ROLES = ("visitor", "staff", "keeper", "steward", "platform")
# Tables with an organisation that staff reach by another way, or not at all.
WITHOUT_POLICY = {"crm_statement_organisations"}


@pytest.fixture
def web() -> Iterator[psycopg.Connection[Any]]:
    """A connection as the web process makes it, to the database of the tests."""
    url = make_conninfo(os.environ["DATABASE_URL_WEB"], dbname=connection.settings_dict["NAME"])
    with psycopg.connect(url, autocommit=True) as made:
        yield made


def rows(sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def guarded_tables() -> set[str]:
    found = rows(
        """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
          AND a.attname = 'organisation_id' AND NOT a.attisdropped
        """
    )
    return {name for (name,) in found} - WITHOUT_POLICY


def unguarded(tables: set[str]) -> set[str]:
    """Give the tables that lack forced row-level security or a policy for staff and keeper."""
    found = rows(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relname = ANY(%s) AND c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
            SELECT FROM pg_policies p WHERE p.tablename = c.relname AND p.policyname = 'scoped'
              AND p.roles @> ARRAY['coalesce_staff', 'coalesce_keeper']::name[])
        """,
        sorted(tables),
    )
    return tables - {name for (name,) in found}


def test_the_web_login_is_no_superuser_bypasses_no_policy_and_owns_nothing(
    web: psycopg.Connection[Any],
) -> None:
    found = web.execute(
        """
        SELECT current_user::text, rolsuper, rolbypassrls,
               (SELECT count(*) FROM pg_class WHERE relowner = r.oid)
        FROM pg_roles r WHERE rolname = current_user
        """
    ).fetchone()
    assert found == ("coalesce_web", False, False, 0)


def test_a_request_that_forgets_its_scope_gets_permission_denied(
    web: psycopg.Connection[Any],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("SELECT * FROM crm_supporter")


def test_the_web_login_cannot_become_the_platform_or_the_owner(
    web: psycopg.Connection[Any],
) -> None:
    for role in ("coalesce_platform", "coalesce_owner", "coalesce_worker"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"SET ROLE {role}")


def test_no_login_or_role_is_a_superuser_or_bypasses_policies() -> None:
    names = [*LOGINS, *(f"coalesce_{role}" for role in ROLES)]
    found = rows(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND NOT rolsuper AND NOT rolbypassrls",
        names,
    )
    assert {name for (name,) in found} == set(names)


def test_every_table_of_an_organisation_is_behind_the_wall() -> None:
    assert len(guarded_tables()) > 20
    assert unguarded(guarded_tables()) == set()


def test_a_dropped_policy_is_noticed() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP POLICY scoped ON crm_supporter")
        assert unguarded(guarded_tables()) == {"crm_supporter"}
        transaction.set_rollback(True)


def test_staff_read_their_own_organisations_people_and_nobody_elses(
    socr: Organisation, neu: Organisation
) -> None:
    ours, theirs = factories.supporter(socr), factories.supporter(neu)
    with wall.scope("staff", organisation_id=socr.pk):
        found = {row[0] for row in rows("SELECT id FROM crm_supporter")}
    assert ours.pk in found
    assert theirs.pk not in found


def test_raw_sql_reaches_no_row_of_another_organisation_in_any_table(
    socr: Organisation, neu: Organisation
) -> None:
    factories.granted(factories.address(factories.supporter(neu)))
    factories.batch(neu)
    with wall.scope("keeper", organisation_id=socr.pk):
        for table in sorted(guarded_tables()):
            if rows("SELECT has_table_privilege(current_user, %s, 'SELECT')", table)[0][0]:
                assert rows(f"SELECT 1 FROM {table} WHERE organisation_id = %s", neu.pk) == [], (
                    table
                )


def test_a_role_without_an_organisation_sees_no_rows(socr: Organisation) -> None:
    factories.supporter(socr)
    with wall.scope("staff"):
        assert rows("SELECT count(*) FROM crm_supporter") == [(0,)]


def test_staff_cannot_write_a_row_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        wall.scope("staff", organisation_id=socr.pk),
    ):
        rows(
            "INSERT INTO crm_tag (organisation_id, name) VALUES (%s, 'theirs') RETURNING id", neu.pk
        )


@pytest.mark.parametrize(
    "hidden", ["crm_addresskey", "crm_link", "crm_person", "crm_platformstop", "crm_deliverability"]
)
def test_staff_cannot_read_hashes_and_links(hidden: str, socr: Organisation) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        wall.scope("staff", organisation_id=socr.pk),
    ):
        rows(f"SELECT * FROM {hidden}")


def test_staff_read_events_by_a_view_that_has_no_hashes(
    socr: Organisation, neu: Organisation
) -> None:
    for where in (socr, neu):
        factories.granted(factories.address(factories.supporter(where)))
    with wall.scope("staff", organisation_id=socr.pk), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM crm_consenthistory")
        columns = {column.name for column in cursor.description or ()}
        assert len(cursor.fetchall()) == 1
    assert not columns & {"address_key", "mailbox"}
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        wall.scope("staff", organisation_id=socr.pk),
    ):
        rows("SELECT mailbox FROM crm_consentevent")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE crm_consentevent SET action = 1",
        "DELETE FROM crm_consentevent",
        "TRUNCATE crm_consentevent CASCADE",
    ],
)
def test_the_ledger_is_append_only_even_for_its_owner(change: str, socr: Organisation) -> None:
    factories.granted(factories.address(factories.supporter(socr)))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows(change)


def test_no_account_holds_roles_in_two_partners(socr: Organisation, neu: Organisation) -> None:
    user = factories.user(socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, organisation=neu)


def test_no_account_gets_round_it_by_calling_a_partner_something_else(
    socr: Organisation, neu: Organisation
) -> None:
    user = factories.user(socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, organisation=neu, in_partner=False)


def test_an_address_cannot_belong_to_another_organisations_person(
    socr: Organisation, neu: Organisation
) -> None:
    person = factories.supporter(neu)
    person.organisation_id = socr.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.address(person)
