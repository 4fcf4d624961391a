"""Officers of a branch see its people and nobody else's, kept so by the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from crm import search, wall
from crm.models import (
    Branch,
    EvidenceNote,
    Membership,
    Organisation,
    Record,
    SearchTerm,
    Segment,
    Source,
    Supporter,
    SupporterTag,
    Tag,
    User,
)
from crm.services import organisations, profiles
from crm.sql import fold
from mailings.models import Audience
from tests import factories
from tests.house import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def surrey(neu: Organisation) -> Branch:
    return Branch.objects.create(organisation=neu, name="Surrey")


@pytest.fixture
def kent(neu: Organisation) -> Branch:
    return Branch.objects.create(organisation=neu, name="Kent")


@pytest.fixture
def officer(neu: Organisation, surrey: Branch) -> User:
    user = factories.user(neu)
    Membership.objects.filter(user=user).update(branch=surrey)
    return user


@pytest.fixture
def client(officer: User) -> Client:
    client = Client()
    client.force_login(officer)
    return client


@pytest.fixture
def everybody(neu: Organisation, surrey: Branch, kent: Branch) -> list[Supporter]:
    """One person of each branch and one of none, with a row of every kind that hangs on a person."""
    return [
        member(neu, surrey, "Priya", "priya@example.org"),
        member(neu, kent, "Zoe", "zoe@example.org"),
        member(neu, None, "Noor", "noor@example.org"),
    ]


def member(where: Organisation, branch: Branch | None, first: str, email: str) -> Supporter:
    person = factories.supporter(where, first, "Member", branch=branch)
    point = factories.address(person, email)
    note = EvidenceNote.objects.create(
        organisation=where, digest=email.encode().ljust(32), words=f"{first} by phone"
    )
    factories.granted(point, evidence=note.digest)
    Record.objects.create(
        organisation=where, supporter=person, source=Source.STAFF, as_of=rows.NOW, first_name=first
    )
    tag, _ = Tag.objects.get_or_create(organisation=where, name="Rep")
    SupporterTag.objects.create(organisation=where, supporter=person, tag=tag)
    Audience.objects.create(
        organisation=where, campaign_id=1, version_id=1, supporter=person, contact_point=point
    )
    profiles.refresh(supporter_ids=[person.pk])
    fold.rebuild()
    return person


def ask(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


HANGING = """
    SELECT a.attrelid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attname = 'supporter_id'
      AND has_column_privilege('coalesce_officer', c.oid, a.attnum, 'SELECT')
"""


def test_every_table_of_people_shows_an_officer_their_branch_alone(
    neu: Organisation, surrey: Branch, everybody: list[Supporter]
) -> None:
    tables = {name for (name,) in ask(HANGING)}
    assert {"crm_contactpoint", "crm_searchterm", "crm_consenthistory"} <= tables
    with wall.scope("officer", organisation_id=neu.pk, branch_id=surrey.pk):
        assert list(Supporter.objects.all()) == everybody[:1]
        assert [note.words for note in EvidenceNote.objects.all()] == ["Priya by phone"]
        for table in tables:
            seen = {who for (who,) in ask(f"SELECT DISTINCT supporter_id FROM {table}")}
            assert seen <= {everybody[0].pk}, table
        assert SearchTerm.objects.exists()
        assert ask("SELECT count(*) FROM crm_consentstate") == [(1,)]
        assert ask("SELECT count(*) FROM crm_consenthistory") == [(1,)]


def test_every_table_of_people_that_staff_read_is_narrowed_for_officers(db: None) -> None:
    narrowed = {
        name
        for (name,) in ask(
            """
            SELECT polrelid::regclass::text FROM pg_policy
            WHERE NOT polpermissive AND 'coalesce_officer'::regrole = ANY(polroles)
            """
        )
    }
    views = {
        name for (name,) in ask("SELECT viewname::text FROM pg_views WHERE schemaname = 'public'")
    }
    assert {name for (name,) in ask(HANGING)} - views - narrowed == set(), (
        "Put of_supporter(table) of crm/sql/branches.py into its migration."
    )
    asks_as_its_reader = {  # and so is narrowed by its tables
        name
        for (name,) in ask(
            "SELECT relname FROM pg_class WHERE 'security_invoker=true' = ANY(reloptions)"
        )
    }
    for view in views - asks_as_its_reader:
        ((definition,),) = ask(f"SELECT pg_get_viewdef('{view}')")
        assert "coalesce_officer" in definition, view


def test_an_officer_of_no_branch_sees_nobody(neu: Organisation, everybody: list[Supporter]) -> None:
    with wall.scope("officer", organisation_id=neu.pk):
        for table in ("crm_supporter", *(name for (name,) in ask(HANGING))):
            assert ask(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_a_branch_shows_nobody_of_another_organisation(
    socr: Organisation, surrey: Branch, everybody: list[Supporter]
) -> None:
    with wall.scope("officer", organisation_id=socr.pk, branch_id=surrey.pk):
        assert not Supporter.objects.exists()


def test_an_officer_changes_nobody_into_or_out_of_a_branch(
    neu: Organisation, surrey: Branch, kent: Branch, everybody: list[Supporter]
) -> None:
    with wall.scope("officer", organisation_id=neu.pk, branch_id=surrey.pk):
        assert Supporter.objects.filter(pk=everybody[1].pk).update(postcode="") == 0
        with pytest.raises(ProgrammingError, match="policy"), transaction.atomic():
            Supporter.objects.update(branch=kent)


def test_the_pages_show_an_officer_their_branch_alone(
    client: Client, neu: Organisation, everybody: list[Supporter]
) -> None:
    own, *others = everybody
    listed = client.get(reverse("people")).content.decode()
    assert "Priya Member" in listed
    for other in others:
        assert other.first_name not in listed
        assert client.get(reverse("person", args=[other.public_id])).status_code == 404
        asked = client.post(reverse("people"), {"q": other.first_name}, follow=True)
        found = asked.content.decode()
        assert "Nobody found" in found
    assert client.get(reverse("person", args=[own.public_id])).status_code == 200
    assert client.get(reverse("person-mail", args=[own.public_id])).status_code == 200
    segment = Segment.objects.create(organisation=neu, name="All", rules={})
    assert client.get(reverse("segment", args=[segment.public_id])).context["size"].people == 1
    assert client.get(reverse("home")).context["people"] == 1


def test_an_officer_may_still_record_what_their_people_say(
    client: Client, everybody: list[Supporter]
) -> None:
    own = everybody[0]
    client.post(reverse("record-stop", args=[own.public_id]))
    client.post(reverse("add-tag", args=[own.public_id]), {"tag": "Met"})
    page = client.get(reverse("person", args=[own.public_id])).content.decode()
    assert "Said stop to all our email" in page
    assert "Met" in page


@pytest.mark.parametrize(
    "name",
    [
        "imports",
        "add-import",
        "exports",
        "add-export",
        "settings",
        "staff",
        "invite-staff",
        "who-did-what",
        "go-live",
        "campaigns",
        "add-campaign",
        "add-segment",
    ],
)
def test_what_is_about_the_whole_organisation_is_closed_to_officers(
    client: Client, name: str
) -> None:
    assert client.get(reverse(name)).status_code == 403


def test_whom_an_officer_adds_is_of_their_branch(client: Client, surrey: Branch) -> None:
    client.post(reverse("add-person"), {"first_name": "New", "email": "new@example.org"})
    assert Supporter.objects.get(first_name="New").branch == surrey


def test_adding_somebody_of_another_branch_tells_the_officer_nothing(
    client: Client, everybody: list[Supporter], surrey: Branch
) -> None:
    given = {"first_name": "Zoe", "last_name": "Member", "email": "zoe@example.org"}
    answer = client.post(reverse("add-person"), given, follow=True)
    assert answer.status_code == 200
    assert answer.context["person"].branch == surrey
    assert answer.context["person"] != everybody[1]


def test_an_admin_says_which_branch_a_colleague_looks_after(
    neu: Organisation, surrey: Branch
) -> None:
    admin, colleague = factories.admin(neu), factories.user(neu)
    client = Client()
    client.force_login(admin)
    member = Membership.objects.get(user=colleague)
    url = reverse("staff-branch", args=[member.public_id])
    assert "Surrey" in client.get(url).content.decode()
    client.post(url, {"branch": str(surrey.public_id)})
    member.refresh_from_db()
    assert member.branch == surrey
    client.post(url, {"branch": ""})
    member.refresh_from_db()
    assert member.branch is None
    own = Membership.objects.get(user=admin)
    refused = client.post(
        reverse("staff-branch", args=[own.public_id]), {"branch": str(surrey.public_id)}
    )
    assert "An admin looks after the whole organisation" in refused.content.decode()


def test_an_admin_of_a_branch_cannot_be(neu: Organisation, surrey: Branch) -> None:
    member = Membership.objects.get(user=factories.admin(neu))
    with pytest.raises(IntegrityError, match="whole_organisation"), transaction.atomic():
        Membership.objects.filter(pk=member.pk).update(branch=surrey)


def test_nobody_gets_a_branch_of_another_organisation(socr: Organisation, surrey: Branch) -> None:
    mine, member = factories.supporter(socr), Membership.objects.get(user=factories.user(socr))
    for row in (mine, member):
        with pytest.raises(IntegrityError, match="_owner"), transaction.atomic():
            type(row)._default_manager.filter(pk=row.pk).update(branch=surrey)


def test_a_persons_branch_is_changed_on_their_page_with_all_their_entries(
    neu: Organisation, surrey: Branch, everybody: list[Supporter]
) -> None:
    person = everybody[2]
    twin = factories.supporter(neu, canonical_id=person.pk)
    client = Client()
    client.force_login(factories.user(neu))
    url = reverse("set-branch", args=[person.public_id])
    client.post(url, {"branch": str(surrey.public_id)})
    assert "Surrey" in client.get(reverse("person", args=[person.public_id])).content.decode()
    for entry in (person, twin):
        entry.refresh_from_db()
        assert entry.branch == surrey


def test_two_approvers_must_look_after_the_whole_organisation(
    neu: Organisation, officer: User
) -> None:
    factories.admin(neu)
    with wall.scope("staff", organisation_id=neu.pk):
        assert ask("SELECT crm_own_golive_missing()") == [(["approvers"],)]
    assert organisations.invite(organisation=neu, email="new@neu.example.org", role="organiser")


def test_whoever_sees_all_branches_pays_nothing_for_them(
    neu: Organisation, everybody: list[Supporter]
) -> None:
    """Row-level conditions on branches are for the officers' role alone."""
    sql, values = search.people(neu, "mem").query.sql_with_params()
    for role, is_narrowed in (("staff", False), ("officer", True)):
        with wall.scope(role, organisation_id=neu.pk, branch_id=1), connection.cursor() as cursor:  # type: ignore[arg-type]
            cursor.execute(f"EXPLAIN (VERBOSE) {sql}", values)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        filters = [line for line in plan.splitlines() if "Output:" not in line]
        assert ("branch" in "\n".join(filters)) == is_narrowed, plan


def test_a_branch_is_part_of_a_segment(
    neu: Organisation, surrey: Branch, everybody: list[Supporter]
) -> None:
    client = Client()
    client.force_login(factories.user(neu))
    client.post(reverse("add-segment"), {"name": "Here", "match": "all", "branch": "Surrey"})
    found = Segment.objects.get(name="Here")
    page = client.get(reverse("segment", args=[found.public_id]))
    assert page.context["size"].people == 1
    assert "Branch is Surrey" in page.content.decode()
