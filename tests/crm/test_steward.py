"""The data steward: an account of its own that sees links across organisations, masked, and leaves a note."""

from __future__ import annotations

import re
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.identity import addresses
from crm.models import (
    AuditEntry,
    Link,
    Membership,
    Organisation,
    Person,
    StewardView,
    Supporter,
    User,
)
from crm.services import organisations, steward
from tests import factories

pytestmark = pytest.mark.django_db

EMAIL = "priya.okafor@gmail.example.com"


@pytest.fixture
def account(db: None) -> User:
    with wall.scope("platform"):
        user = steward.add_steward(email="sam@steward.example.org", name="Sam Steward")
    user.set_password(factories.PASSWORD)
    user.save()
    return user


@pytest.fixture
def client(account: User) -> Client:
    client = Client()
    given = {"username": account.email, "password": factories.PASSWORD}
    client.post(reverse("sign-in"), given)
    return client


@pytest.fixture
def person(socr: Organisation, neu: Organisation) -> Person:
    """Somebody on both lists."""
    found = Person.objects.create()
    for where in (socr, neu):
        known = factories.supporter(where, "Priya", "Okafor", postcode="GU1 1AA")
        factories.address(known, EMAIL)
        Link.objects.create(organisation=where, supporter=known, person=found, rule="address")
    return found


def test_a_link_is_shown_masked_and_each_view_is_noted(
    client: Client, account: User, person: Person
) -> None:
    """Scenario 78: values are masked and each view is logged"""
    pages = [
        client.get(reverse("steward")),
        client.get(reverse("steward-link", args=[person.public_id])),
    ]
    for page in pages:
        text = page.content.decode()
        assert "p•••@g•••.com" in text
        assert "P.O." in text
        for value in ("Priya", "Okafor", EMAIL, "GU1"):
            assert value not in text
    views = StewardView.objects.order_by("pk").values_list("user", "page", "shown")
    assert list(views) == [
        (account.pk, "links", [person.public_id]),
        (account.pk, "link", [person.public_id]),
    ]


def test_no_organisation_learns_that_the_steward_looked(client: Client, person: Person) -> None:
    before = AuditEntry.objects.count()
    client.get(reverse("steward-link", args=[person.public_id]))
    assert AuditEntry.objects.count() == before


def test_somebody_on_one_list_alone_is_not_shown(
    client: Client, socr: Organisation, person: Person
) -> None:
    alone = Person.objects.create()
    known = factories.supporter(socr, "Zoe", "Quill")
    Link.objects.create(organisation=socr, supporter=known, person=alone, rule="address")
    assert "Z.Q." not in client.get(reverse("steward")).content.decode()
    for nobody in (alone.public_id, uuid.uuid4()):
        assert client.get(reverse("steward-link", args=[nobody])).status_code == 404


def test_the_steward_lands_on_their_pages_and_may_sign_out(client: Client) -> None:
    assert client.get(reverse("home"))["Location"] == reverse("steward")
    assert client.post(reverse("sign-out")).status_code == 302
    assert client.get(reverse("steward"))["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize(
    "path", ["/people/", "/settings/", "/admin/", "/admin/login/", "/campaigns/"]
)
def test_every_other_page_is_not_there_for_the_steward(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_to_staff_the_stewards_pages_are_not_there(socr: Organisation, person: Person) -> None:
    client = Client()
    client.force_login(factories.admin(socr))
    for path in (
        reverse("steward"),
        reverse("steward-figures"),
        reverse("steward-link", args=[person.public_id]),
    ):
        assert client.get(path).status_code == 404


def test_the_steward_reads_no_table_of_people(account: User, person: Person) -> None:
    for table in ("crm_supporter", "crm_contactpoint", "crm_link", "crm_person", "crm_addresskey"):
        with (
            wall.scope("steward", user_id=account.pk),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT * FROM {table}")


@pytest.mark.parametrize("call", ["crm_steward_links(NULL, 9)", "mailings_steward_figures()"])
def test_the_functions_refuse_who_is_no_steward(socr: Organisation, call: str) -> None:
    for role, user in (("steward", factories.user(socr)), ("staff", factories.admin(socr))):
        with (
            wall.scope(role, organisation_id=socr.pk, user_id=user.pk),  # type: ignore[arg-type]
            pytest.raises(ProgrammingError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT * FROM {call}")


def test_a_steward_works_for_nobody_and_a_member_becomes_no_steward(
    account: User, socr: Organisation
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=account, organisation=socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=account, organisation=socr, of_steward=True)
    member = factories.user(socr)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=member.pk).update(is_steward=True)
    with pytest.raises(Exception, match="cannot be used here"), transaction.atomic():
        organisations.invite(organisation=socr, email=account.email, role="organiser")


def test_no_request_makes_a_steward(db: None) -> None:
    lost = User.objects.create_user("lost@example.org", factories.PASSWORD)
    with wall.scope("visitor"), pytest.raises(ProgrammingError), transaction.atomic():
        User.objects.filter(pk=lost.pk).update(is_steward=True)


def test_nobody_changes_what_a_steward_looked_at(client: Client, person: Person) -> None:
    client.get(reverse("steward"))
    for change in ("UPDATE crm_stewardview SET page = ''", "DELETE FROM crm_stewardview"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(change)


def test_a_command_makes_the_account_and_prints_a_link_that_opens(
    capsys: pytest.CaptureFixture[str], socr: Organisation
) -> None:
    call_command("add_steward", "sam@steward.example.org", "--name", "Sam Steward")
    (path,) = re.findall(r"/invitation/\S+", capsys.readouterr().out)
    assert Client().get(path).status_code == 200
    staff = factories.user(socr)
    with pytest.raises(CommandError, match="one of their own"):
        call_command("add_steward", staff.email)


@pytest.mark.parametrize("address", [EMAIL, "a@b.example.org", "head@school.sch.uk"])
def test_the_database_masks_as_the_code_does(address: str, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_mask(%s)", [address])
        assert cursor.fetchone() == (addresses.mask(address),)
    assert Supporter.objects.count() == 0
