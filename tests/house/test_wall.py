"""The wall: what each login and role of the database can and cannot do (house rule 4, R-SEC1)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg import errors
from psycopg.conninfo import make_conninfo

from config.roles import LOGINS, ROLES
from crm import wall
from crm.models import Action, ConsentHistory, Organisation, Purpose, Statement, User
from crm.sessions import SessionStore
from mailings.models import Campaign, Delivery, OwnMessage
from tests import factories
from tests.house import rows

pytestmark = pytest.mark.django_db

SCOPED: list[wall.Role] = ["staff", "keeper"]
OWNED_TABLES = """
    SELECT c.oid, c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attname = 'organisation_id' AND NOT a.attisdropped
      AND c.relname <> 'crm_statement_organisations'  -- there it is whom the words name
"""
# What staff read of everybody, and why that tells nothing of anyone.
READ_BY_ALL = {
    "crm_organisation": "who the organisations are is public",
    "crm_role": "one vocabulary for the whole coalition",
    "crm_bankholiday": "dates that are public",
    "crm_journalmark": "whether mail is off after a restore",
    "django_content_type": "the names of the models",
}


def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def owned_tables() -> list[str]:
    return sorted(name for _, name in ask(OWNED_TABLES))


# Logins and roles


@pytest.fixture
def web(db: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the web process opens it, before it takes any role."""
    login = make_conninfo(
        os.environ["DATABASE_URL_WEB"], dbname=str(connection.settings_dict["NAME"])
    )
    with psycopg.connect(login, autocommit=True) as opened:
        yield opened


def test_no_login_and_no_role_is_superuser_or_bypasses_policies(db: None) -> None:
    names = [f"coalesce_{name}" for name in {*ROLES, *LOGINS}]
    found = ask(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND NOT rolsuper AND NOT rolbypassrls",
        names,
    )
    assert {name for (name,) in found} == set(names)


def test_the_web_login_owns_nothing_and_inherits_nothing(web: psycopg.Connection[Any]) -> None:
    owned = web.execute(
        """
        SELECT d.classid::regclass::text, d.objid FROM pg_shdepend d
        WHERE d.refobjid = current_user::regrole AND d.deptype = 'o'
        """
    ).fetchall()
    inherits = web.execute(
        "SELECT rolinherit FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert (owned, inherits) == ([], (False,))


def test_the_web_login_may_touch_no_table_without_a_role(web: psycopg.Connection[Any]) -> None:
    readable = web.execute(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
          AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND CASE WHEN relkind = 'S' THEN has_sequence_privilege(oid, 'USAGE, SELECT, UPDATE')
              ELSE has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE') END
        """
    ).fetchall()
    assert readable == []
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
        web.execute("SELECT * FROM crm_supporter")


@pytest.mark.parametrize("role", ["coalesce_platform", "coalesce_owner", "coalesce_worker"])
def test_the_web_login_cannot_become_the_platform_or_the_owner(
    web: psycopg.Connection[Any], role: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        web.execute(f"SET ROLE {role}")


# Rows of the other organisation


@pytest.fixture
def both(socr: Organisation, neu: Organisation) -> None:
    """One row of every kind for each of the two, and the names of all tables that have any."""
    for where in (socr, neu):
        rows.one_of_each(where)


@contextmanager
def unless_denied() -> Iterator[None]:
    """Let PostgreSQL answer `permission denied`, and nothing else that is wrong."""
    try:
        with transaction.atomic():
            yield
    except ProgrammingError as error:
        if not isinstance(error.__cause__, errors.InsufficientPrivilege):
            raise


def organisations_in(table: str) -> set[int] | None:
    """Whose rows of a table can be seen; None where the table cannot be read."""
    with unless_denied():
        return {who for (who,) in ask(f"SELECT DISTINCT organisation_id FROM {table}")}
    return None


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("role", SCOPED)
def test_no_table_shows_a_row_of_another_organisation(
    socr: Organisation, neu: Organisation, role: wall.Role
) -> None:
    everything = {table: organisations_in(table) for table in owned_tables()}
    assert {
        table for table, seen in everything.items() if not {socr.pk, neu.pk} <= (seen or set())
    } == set()
    with wall.scope(role, organisation_id=socr.pk):
        seen = {table: organisations_in(table) for table in owned_tables()}
    assert {table: who for table, who in seen.items() if who is not None and who != {socr.pk}} == {}
    assert len([who for who in seen.values() if who]) > len(seen) / 2


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("role", SCOPED)
def test_without_an_organisation_no_table_shows_any_row(role: wall.Role) -> None:
    with wall.scope(role):
        seen = {table: organisations_in(table) for table in owned_tables()}
    assert {table for table, who in seen.items() if who} == set()


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("role", SCOPED)
def test_no_row_can_be_written_for_another_organisation(
    socr: Organisation, neu: Organisation, role: wall.Role
) -> None:
    for table in owned_tables():
        ((foreign,),) = ask(
            f"SELECT row_to_json(t)::text FROM {table} t WHERE organisation_id = %s LIMIT 1", neu.pk
        )
        ((columns,),) = ask(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
            "WHERE table_name = %s AND is_generated = 'NEVER'",
            table,
        )
        row = f"SELECT {columns} FROM json_populate_record(NULL::{table}, %s)"
        with wall.scope(role, organisation_id=socr.pk):
            for sql, values in (
                (f"INSERT INTO {table} ({columns}) {row}", [foreign]),
                (f"UPDATE {table} SET organisation_id = %s", [neu.pk]),
            ):
                with pytest.raises(ProgrammingError) as refused, transaction.atomic():
                    ask(sql, *values)
                assert isinstance(refused.value.__cause__, errors.InsufficientPrivilege), table


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("role", SCOPED)
def test_no_row_of_another_organisation_can_be_changed_or_deleted(
    socr: Organisation, neu: Organisation, role: wall.Role
) -> None:
    for table in owned_tables():
        for sql in (
            f"UPDATE {table} SET organisation_id = organisation_id WHERE organisation_id = %s",
            f"DELETE FROM {table} WHERE organisation_id = %s",
        ):
            with wall.scope(role, organisation_id=socr.pk), connection.cursor() as cursor:
                with unless_denied():
                    cursor.execute(sql, [neu.pk])
                    assert cursor.rowcount == 0, sql


def test_staff_see_no_account_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    own, _ = factories.user(socr), factories.user(neu)
    with wall.scope("staff", organisation_id=socr.pk):
        assert list(User.objects.all()) == [own]


def test_staff_change_no_other_organisation(socr: Organisation, neu: Organisation) -> None:
    with wall.scope("staff", organisation_id=socr.pk):
        assert Organisation.objects.update(sender_address="us@example.org") == 1
    neu.refresh_from_db()
    assert neu.sender_address != "us@example.org"


def test_staff_neither_see_nor_change_whom_another_organisations_words_name(
    socr: Organisation, neu: Organisation
) -> None:
    words = factories.statement(neu)
    with wall.scope("staff", organisation_id=socr.pk):
        for through in (Statement.organisations.through, Statement.purposes.through):
            assert not through.objects.exists()
        with pytest.raises(ProgrammingError), transaction.atomic():
            Statement.organisations.through.objects.create(statement=words, organisation=socr)
        assert not Purpose.objects.exists()


# Campaigns in which several organisations take part


@pytest.fixture
def shared(socr: Organisation, coalition: Organisation) -> Campaign:
    """The brief of a coordinated campaign, which is the coalition's."""
    author = factories.user(socr)
    return Campaign.objects.create(
        organisation=coalition,
        name="Protect SENCO time",
        mode=Campaign.Mode.COORDINATED,
        created_by=author,
    )


@pytest.mark.usefixtures("both")
def test_messages_of_a_coordinated_campaign_are_beyond_staff(socr: Organisation) -> None:
    def seen() -> int:
        with wall.scope("staff", organisation_id=socr.pk):
            return OwnMessage.objects.count()

    assert seen() == 1
    Delivery.objects.update(is_coordinated=True)
    assert seen() == 0


def test_nobody_takes_a_coordinated_campaign_over_or_plants_one_on_a_partner(
    socr: Organisation, neu: Organisation, shared: Campaign
) -> None:
    campaigns = Campaign.objects.filter(pk=shared.pk)
    with wall.scope("staff", organisation_id=socr.pk):
        for change in (
            {"organisation": socr, "mode": Campaign.Mode.OWN},
            {"organisation": neu, "mode": Campaign.Mode.COORDINATED},
        ):
            with unless_denied():
                campaigns.update(**change)
    shared.refresh_from_db()
    assert (shared.mode, shared.organisation.code) == (Campaign.Mode.COORDINATED, "JOINT"), (
        "Let mailings_campaign's policy write a coordinated campaign for the coalition only."
    )


@pytest.mark.usefixtures("both")
def test_the_progress_of_another_organisations_campaign_is_not_told(
    socr: Organisation, neu: Organisation
) -> None:
    theirs = Campaign.objects.get(organisation=neu)
    with wall.scope("staff", organisation_id=socr.pk):
        told = ask("SELECT everything FROM mailings_progress(%s)", theirs.pk)
    assert not any(number for (number,) in told), (
        "Let mailings_progress answer for coordinated campaigns and app_organisation()'s own."
    )


# The policies themselves


def unguarded() -> set[str]:
    """Name each table of organisations' rows that lacks forced policies for staff and for the platform."""
    found = ask(
        f"""
        SELECT t.relname FROM ({OWNED_TABLES}) t JOIN pg_class c ON c.oid = t.oid
        WHERE NOT c.relrowsecurity OR NOT c.relforcerowsecurity OR NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polpermissive AND p.polcmd = '*'
              AND 'coalesce_staff'::regrole = ANY(p.polroles) AND p.polqual IS NOT NULL
              AND pg_get_expr(p.polqual, p.polrelid) LIKE '%%app_organisation()%%'
              AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%%app_organisation()%%')
        """
    )
    return {name for (name,) in found}


def test_every_table_of_organisations_rows_is_guarded(db: None) -> None:
    assert unguarded() == set(), (
        "Put guard(table) of crm/sql/protection.py into its app's migration."
    )
    assert len(owned_tables()) >= len(rows.owned_models())


@pytest.mark.parametrize(
    "damage",
    [
        "DROP POLICY scoped ON crm_supporter",
        "ALTER TABLE crm_supporter NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE crm_supporter DISABLE ROW LEVEL SECURITY",
        "ALTER POLICY scoped ON crm_supporter USING (true)",
    ],
)
def test_a_table_that_loses_its_guard_is_noticed(db: None, damage: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(damage)
    assert unguarded() == {"crm_supporter"}


def test_other_tables_that_staff_read_are_guarded_or_tell_nothing_of_anyone(db: None) -> None:
    found = ask(
        f"""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm')
          AND NOT relrowsecurity AND has_any_column_privilege('coalesce_staff', oid, 'SELECT')
          AND oid NOT IN (SELECT oid FROM ({OWNED_TABLES}) t)
        """
    )
    open_to_staff = {name for (name,) in found} - READ_BY_ALL.keys()
    assert open_to_staff == set(), (
        "Guard it through the table it hangs on, or say in READ_BY_ALL why not."
    )


# Sessions


@pytest.mark.parametrize("role", ["visitor", "staff", "keeper"])
def test_a_request_reaches_its_own_session_and_no_other(
    socr: Organisation, role: wall.Role
) -> None:
    stores = [SessionStore(), SessionStore()]
    for store in stores:
        store["secret"] = "yes"
        store.save()
    own, other = (str(store.session_key) for store in stores)
    with wall.scope(role, organisation_id=socr.pk):
        assert SessionStore(own)["secret"] == "yes"
        for sql in ("DELETE FROM django_session", "UPDATE django_session SET session_data = ''"):
            with connection.cursor() as cursor:
                cursor.execute(f"{sql} WHERE session_key = %s", [other])
                assert cursor.rowcount == 0
        assert ask("SELECT session_key FROM django_session") == [(own,)]


def test_signing_in_and_out_works_with_ones_own_session_alone(socr: Organisation) -> None:
    user, client = factories.user(socr), Client()
    for _ in range(2):
        given = {"username": user.email, "password": factories.PASSWORD}
        assert client.post(reverse("sign-in"), given)["Location"] == reverse("home")
        assert client.get(reverse("home")).status_code == 200
        assert client.post(reverse("sign-out")).status_code == 302
        assert client.get(reverse("home")).status_code == 302


# What even one's own organisation's staff may not read


@pytest.mark.parametrize(
    "table",
    [
        "crm_addresskey",
        "crm_link",
        "crm_person",
        "crm_platformstop",
        "crm_deliverability",
        "mailings_delivery",
    ],
)
def test_hashes_links_and_stops_are_beyond_staff(db: None, table: str) -> None:
    assert ask("SELECT has_any_column_privilege('coalesce_staff', %s, 'SELECT')", table) == [
        (False,)
    ]


def test_no_column_of_hashes_is_within_reach_of_staff(db: None) -> None:
    found = ask(
        """
        SELECT a.attrelid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND a.attname IN ('address_key', 'mailbox', 'person_id') AND NOT a.attisdropped
          AND has_column_privilege('coalesce_staff', c.oid, a.attnum, 'SELECT')
        """
    )
    assert found == []


def test_no_sequence_tells_staff_how_fast_anything_grows(db: None) -> None:
    told = ask(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
          AND CASE WHEN relkind = 'S' THEN has_sequence_privilege('coalesce_staff', oid, 'SELECT, USAGE') END
        """
    )
    assert told == []


def test_the_history_of_consent_is_ones_own_and_has_no_hash(
    socr: Organisation, neu: Organisation
) -> None:
    for where in (socr, neu):
        point = factories.address(factories.supporter(where))
        factories.event(point, Action.WITHDRAW)
    with wall.scope("staff", organisation_id=socr.pk):
        assert [event.organisation_id for event in ConsentHistory.objects.all()] == [socr.pk]
    columns = ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'crm_consenthistory'::regclass"
    )
    assert not {"address_key", "mailbox"} & {name for (name,) in columns}
