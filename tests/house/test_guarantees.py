"""What the database guarantees whatever the code does: the ledger, accounts, and who a row belongs to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, models, transaction
from psycopg import errors

from config.roles import ROLES
from crm.models import (
    Action,
    AddressKey,
    ConsentEvent,
    ContactPoint,
    Membership,
    Merge,
    Organisation,
    OwnedModel,
    Record,
    Source,
    SupporterTag,
    Tag,
)
from crm.services import organisations
from tests import factories
from tests.house import rows

pytestmark = pytest.mark.django_db

# Links between rows of organisations that no composite key ties, and why.
NOT_TIED = {
    ("crm_auditentry", "supporter_id"): "a note outlives the row it speaks of",
    ("crm_consentevent", "confirms_id"): "a trigger checks what is confirmed (crm_check_reference)",
    ("crm_consentevent", "corrects_id"): "a trigger checks what is corrected (crm_check_reference)",
    ("crm_consentstate", "contact_point_id"): "derived: rebuilt from events that are tied",
    ("crm_consentstate", "purpose_id"): "derived: rebuilt from events that are tied",
    ("crm_consentstate", "statement_id"): "derived: rebuilt from events that are tied",
    ("crm_consentstate", "grant_id"): "derived: rebuilt from events that are tied",
    ("crm_consentstate", "refusal_event_id"): "derived: rebuilt from events that are tied",
    ("crm_searchterm", "supporter_id"): "derived: rebuilt from profiles",
    (
        "crm_signupbox",
        "form_id",
    ): "a partner's box may stand on the coalition's form (crm_check_box)",
    ("imports_problem", "file_id"): "transient, and many",
    ("imports_stagedrow", "file_id"): "transient, and many",
    (
        "mailings_version",
        "campaign_id",
    ): "a coordinated campaign is the coalition's, its texts the partners'",
    (
        "mailings_campaignsum",
        "campaign_id",
    ): "a coordinated campaign is the coalition's, its sums the partners'",
    ("mailings_audience", "campaign_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_audience", "version_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_audience", "supporter_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_audience", "contact_point_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_delivery", "campaign_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_delivery", "version_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_delivery", "supporter_id"): "a million checks cost eleven seconds (house, Data)",
    ("mailings_delivery", "contact_point_id"): "a million checks cost eleven seconds (house, Data)",
}
TIED = """
    SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
    WHERE c.contype = 'f' AND c.convalidated AND cardinality(c.conkey) = 2 AND a.attname <> 'organisation_id'
      AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.conrelid AND o.attnum = ANY(c.conkey)
                  AND o.attname = 'organisation_id')
      AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.confrelid AND o.attnum = ANY(c.confkey)
                  AND o.attname = 'organisation_id')
"""


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


# The ledger


@pytest.mark.parametrize("role", ["owner", *ROLES])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE crm_consentevent SET action = 1",
        "DELETE FROM crm_consentevent",
        "TRUNCATE crm_consentevent CASCADE",
    ],
)
def test_nobody_changes_or_deletes_a_consent_event(
    socr: Organisation, role: str, change: str
) -> None:
    factories.event(factories.address(factories.supporter(socr)), Action.WITHDRAW)
    taken = "NONE" if role == "owner" else f"coalesce_{role}"
    with pytest.raises((IntegrityError, ProgrammingError)) as refused, transaction.atomic():
        run(f"SET LOCAL app.organisation = {socr.pk}; SET LOCAL ROLE {taken}; {change}")
    cause = refused.value.__cause__
    if role == "owner":
        assert "append-only" in str(cause)
    else:
        assert isinstance(cause, errors.InsufficientPrivilege)


CHANGES_OF_A_WORDING = [
    "UPDATE crm_statement SET words = 'Email me anything.'",
    "UPDATE crm_statement SET requires_confirmation = false",
    "UPDATE crm_statement SET made_in = pg_current_xact_id()",
    "DELETE FROM crm_statement",
    "TRUNCATE crm_statement CASCADE",
    "INSERT INTO crm_statement_organisations (statement_id, organisation_id) "
    "SELECT s.id, o.id FROM crm_statement s, crm_organisation o WHERE o.code = 'NEU'",
    "DELETE FROM crm_statement_organisations",
    "TRUNCATE crm_statement_organisations",
    "UPDATE crm_statement_purposes SET purpose_id = purpose_id",
    "DELETE FROM crm_statement_purposes",
    "TRUNCATE crm_statement_purposes",
]


@pytest.mark.parametrize("role", ["owner", *ROLES])
@pytest.mark.parametrize("change", CHANGES_OF_A_WORDING)
def test_nobody_changes_or_deletes_a_wording_that_was_shown(
    socr: Organisation, neu: Organisation, role: str, change: str
) -> None:
    factories.granted(factories.address(factories.supporter(socr)))
    run("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE crm_statement DISABLE TRIGGER keep_wording")
    run("UPDATE crm_statement SET made_in = '3'")  # as if by an earlier transaction
    run("ALTER TABLE crm_statement ENABLE TRIGGER keep_wording")
    taken = "NONE" if role == "owner" else f"coalesce_{role}"
    with pytest.raises((IntegrityError, ProgrammingError)) as refused, transaction.atomic():
        run(f"SET LOCAL app.organisation = {socr.pk}; SET LOCAL ROLE {taken}; {change}")
    cause = refused.value.__cause__
    kept = "stays as it was shown" in str(cause)
    assert kept or (role != "owner" and isinstance(cause, errors.InsufficientPrivilege))


def test_the_next_version_of_a_wording_leaves_the_first_as_it_was(socr: Organisation) -> None:
    first = organisations.add_wording(organisation=socr, code="join", words="Email me, SOCR.")
    second = organisations.add_wording(organisation=socr, code="join", words="Write to me, SOCR.")
    first.refresh_from_db()
    assert (first.version, first.words) == (1, "Email me, SOCR.")
    assert (second.version, second.words) == (2, "Write to me, SOCR.")


def test_a_supporter_of_whom_the_ledger_speaks_cannot_be_deleted(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    factories.event(point, Action.WITHDRAW)
    with pytest.raises(IntegrityError), transaction.atomic():
        run("DELETE FROM crm_addresskey; DELETE FROM crm_contactpoint")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"action": Action.GRANT, "reach": 3}, "grant_is_narrow"),
        ({"action": Action.GRANT, "what": None}, "grant_is_narrow"),
        ({"source": Source.IMPORT}, "batch_events_are_imports"),
        ({"action": Action.PAUSE}, "pause_has_an_end"),
        ({"action": Action.CONFIRM}, "must name a yes"),
        ({"action": Action.CORRECTION}, "may only take out"),
    ],
)
def test_an_event_that_says_too_little_is_refused(
    socr: Organisation, changes: dict[str, Any], rule: str
) -> None:
    point = factories.address(factories.supporter(socr))
    said = {"action": Action.WITHDRAW, "what": factories.purpose(socr)} | changes
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        factories.event(point, said.pop("action"), **said)


def test_a_correction_takes_out_nothing_that_a_person_did(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    act = factories.event(point, Action.WITHDRAW)
    with pytest.raises(IntegrityError, match="correction"), transaction.atomic():
        factories.event(point, Action.CORRECTION, source=Source.STAFF, corrects=act)


@pytest.mark.parametrize("action", [Action.CONFIRM, Action.CORRECTION])
def test_an_event_names_none_of_another_organisation(
    socr: Organisation, neu: Organisation, action: Action
) -> None:
    here, there = (factories.address(factories.supporter(where)) for where in (socr, neu))
    grant = factories.granted(there, source=Source.IMPORT, batch=factories.batch(neu))
    named = {"confirms": grant} if action == Action.CONFIRM else {"corrects": grant}
    with pytest.raises(IntegrityError, match="same organisation"), transaction.atomic():
        factories.event(here, action, source=Source.STAFF, **named)


# Accounts


def test_no_account_works_for_two_partners(socr: Organisation, neu: Organisation) -> None:
    account = factories.user(socr)
    with pytest.raises(IntegrityError, match="one_partner_for_an_account"), transaction.atomic():
        Membership.objects.create(user=account, organisation=neu)


def test_an_account_may_work_for_a_partner_and_the_coalition(
    socr: Organisation, coalition: Organisation
) -> None:
    account = factories.user(socr)
    Membership.objects.create(user=account, organisation=coalition, in_partner=False)
    assert account.memberships.count() == 2


def test_a_partner_cannot_pass_for_the_coalition(socr: Organisation, neu: Organisation) -> None:
    account = factories.user(socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=account, organisation=neu, in_partner=False)


def test_a_partner_whose_people_have_accounts_cannot_be_turned_into_the_coalition(
    socr: Organisation,
) -> None:
    factories.user(socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.filter(pk=socr.pk).update(is_partner=False)


# Whose a row is


def links() -> set[tuple[str, str]]:
    """Every column by which a row of an organisation names another row of an organisation."""
    return {
        (model._meta.db_table, str(field.column))
        for model in rows.owned_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, OwnedModel)
    }


def test_every_link_between_rows_of_organisations_includes_the_organisation(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TIED)
        tied = set(cursor.fetchall())
    loose = links() - tied - NOT_TIED.keys()
    assert loose == set(), (
        "Add belongs(table, column, parent) of crm/sql/protection.py to the migration."
    )
    assert NOT_TIED.keys() <= links() - tied, "It is tied, or gone: take it out of NOT_TIED."


def test_no_link_that_includes_the_organisation_is_checked_a_second_time_without(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TIED)
        tied = set(cursor.fetchall())
        cursor.execute(
            """
            SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
            WHERE c.contype = 'f' AND cardinality(c.conkey) = 1
            """
        )
        single = set(cursor.fetchall())
    assert tied & single == set(), "Say db_constraint=False: the key of belongs() checks it."


def test_no_row_names_a_row_of_another_organisation(socr: Organisation, neu: Organisation) -> None:
    theirs = factories.supporter(neu)
    their_address = factories.address(theirs)
    mine = factories.supporter(socr)
    my_tag = Tag.objects.create(organisation=socr, name="met at a stall")
    wrong: list[tuple[type[models.Model], dict[str, Any]]] = [
        (
            ContactPoint,
            {"supporter": theirs, "address": "a@example.org", "folded": "a@example.org"},
        ),
        (AddressKey, {"contact_point": factories.address(theirs, channel=2), "key_id": "k1"}),
        (Record, {"supporter": theirs, "source": Source.STAFF, "as_of": rows.NOW}),
        (
            Record,
            {"supporter": mine, "batch": factories.batch(neu), "source": 3, "as_of": rows.NOW},
        ),
        (SupporterTag, {"supporter": theirs, "tag": my_tag}),
        (Merge, {"kept": theirs, "moved": [mine.pk], "rule": "none"}),
        (ConsentEvent, {"supporter": theirs, "reach": 2, "action": Action.OBJECT, "source": 1}),
        (
            ConsentEvent,
            {
                "contact_point": their_address,
                "supporter": mine,
                "reach": 2,
                "action": 3,
                "source": 1,
            },
        ),
    ]
    for model, values in wrong:
        if model is AddressKey:
            values |= {"address_key": b"a" * 16, "mailbox": b"m" * 16}
            AddressKey.objects.filter(contact_point=values["contact_point"]).delete()
        with pytest.raises(IntegrityError, match="_owner"), transaction.atomic():
            model._default_manager.create(organisation=socr, **values)


def test_nobody_is_joined_to_a_supporter_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    mine, theirs = factories.supporter(socr), factories.supporter(neu)
    join = f"UPDATE crm_supporter SET canonical_id = {theirs.pk} WHERE id = {mine.pk}"
    with pytest.raises(IntegrityError, match="canonical_owner"), transaction.atomic():
        run(f"{join}; SET CONSTRAINTS ALL IMMEDIATE")  # else it is checked at the commit
