"""What the owner's functions do for whoever reaches the database with a role of requests, and nothing more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from crm import wall
from crm.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db

REQUESTS = ("visitor", "staff", "officer", "keeper", "steward")
# Functions with the owner's rights that requests may call, and what is in them of another organisation: nothing, but
ALLOWED = {
    "crm_account_for": "a key at random, of an account that was there or was made",
    "crm_audit_forget": "one's own entries only",
    "crm_audit_note": "writes one's own entry only",
    "crm_end_joint_mail": "writes, and answers nothing",
    "crm_is_invited_elsewhere": "that an account of staff waits for its first password",
    "crm_is_live": "whether an organisation may send, which partners know of each other",
    "crm_own_golive_missing": "one's own",
    "crm_random_key": "a key at random of four tables",
    "crm_steward_decide": "decides for the steward, says why not, and is noted",
    "crm_steward_link": "masked, for the steward, and noted",
    "crm_steward_links": "masked, for the steward, and noted",
    "crm_steward_pair": "masked, for the steward, and noted",
    "crm_steward_pairs": "masked, for the steward, and noted",
    "crm_steward_unlink": "decides for the steward, says why not, and is noted",
    "crm_stop_everything": "writes, and answers nothing",
    "crm_stop_person": "writes, and answers nothing",
    "crm_turn_away": "counts one child, and answers nothing",
    "crm_turn_sending": "one's own",
    "mailings_doubts": "one's own; of several organisations rounded",
    "mailings_end_doubt": "decides about one's own, and answers nothing",
    "mailings_is_approved": "that all texts are approved, not whose is not",
    "mailings_joint_totals": "rounded totals, for joint organisers, and noted",
    "mailings_not_live": "who may not send, which partners know of each other",
    "mailings_of_a_week": "one's own",
    "mailings_progress": "rounded totals",
    "mailings_steward_totals": "rounded totals, for the steward, and noted",
}


def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def attempt(sql: str) -> None:
    """Run what ought to be refused; whether it is, is seen by what it does."""
    with suppress(ProgrammingError), transaction.atomic():
        ask(sql)


def within_reach(condition: str) -> set[str]:
    """Give the functions of which `condition` holds (`p`, of pg_proc) and that some role of requests may use."""
    roles = [f"coalesce_{name}" for name in REQUESTS]
    found = ask(
        f"""
        SELECT p.proname FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND {condition} AND EXISTS (
            SELECT FROM unnest(%s::text[]) role WHERE has_function_privilege(role, p.oid, 'EXECUTE'))
        """,
        roles,
    )
    return {name for (name,) in found}


def test_whatever_runs_with_the_owners_rights_was_thought_about() -> None:
    assert within_reach("p.prosecdef") == set(ALLOWED)


def test_no_function_of_a_trigger_can_be_put_on_a_table_of_ones_own() -> None:
    assert within_reach("p.prorettype = 'trigger'::regtype") == set()


@pytest.mark.parametrize("role", ["visitor", "staff", "officer"])
def test_nobody_has_the_hash_of_anothers_address_copied_into_a_table_of_their_own(
    role: wall.Role, socr: Organisation, neu: Organisation
) -> None:
    theirs = factories.address(factories.supporter(neu))
    with wall.scope(role, organisation_id=socr.pk):
        ask(
            """
            CREATE TEMPORARY TABLE mine (
                contact_point_id bigint, organisation_id smallint, address_key bytea, mailbox bytea)
            """
        )
        attempt(
            "CREATE TRIGGER copy BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION crm_copy_hashes()"
        )
        found = ask("INSERT INTO mine VALUES (%s, %s) RETURNING mailbox", theirs.pk, neu.pk)
        assert found == [(None,)]


@pytest.mark.parametrize("role", ["staff", "keeper"])
def test_nobody_has_the_owner_read_what_they_put_in_its_way(
    role: wall.Role, socr: Organisation, neu: Organisation
) -> None:
    factories.supporter(neu, first="Noor")
    with wall.scope(role, organisation_id=socr.pk):
        ask("CREATE TEMPORARY TABLE told (name text)")
        ask("GRANT INSERT ON told TO coalesce_owner")
        ask(
            """
            CREATE FUNCTION pg_temp.tell() RETURNS integer LANGUAGE sql AS
            $$ INSERT INTO pg_temp.told SELECT first_name FROM public.crm_supporter RETURNING 0 $$
            """
        )
        ask("CREATE TEMPORARY VIEW trap AS SELECT pg_temp.tell() AS id")
        ask("GRANT SELECT ON trap TO coalesce_owner")
        attempt("SELECT crm_random_key('trap', 1000)")
        assert ask("SELECT name FROM told") == []


def test_nobody_asks_which_keys_another_organisations_rows_have(socr: Organisation) -> None:
    with (
        pytest.raises(ProgrammingError, match="are not drawn"),
        wall.scope("staff", organisation_id=socr.pk),
    ):
        ask("SELECT crm_random_key('crm_supporter', 10)")
