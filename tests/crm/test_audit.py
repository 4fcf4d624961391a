"""The audit: what is done is noted by the database, whoever does it, and nobody changes what is noted."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg import errors

from config.roles import ROLES
from crm import wall
from crm.models import AuditEntry, Membership, Organisation, Supporter, SupporterTag, Tag, User
from crm.services import audit, people
from tests import factories

pytestmark = pytest.mark.django_db

Kind = AuditEntry.Kind


def entries(table: str, **narrowed: object) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(table=table, **narrowed).order_by("pk"))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def person(socr: Organisation) -> Supporter:
    return factories.supporter(socr, "Priya", "Okafor")


def test_a_change_in_one_statement_for_many_is_noted_for_each(
    socr: Organisation, person: Supporter
) -> None:
    other, user = factories.supporter(socr), factories.user(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=user.pk):
        Supporter.objects.update(postcode="GU1 1AA", postcode_fold="gu11aa")
    noted = entries("crm_supporter")
    assert [e.supporter_id for e in noted] == [person.pk, other.pk]
    assert {e.user_id for e in noted} == {user.pk}
    assert [e.changes for e in noted] == [{"postcode": ["", "GU1 1AA"]}] * 2


def test_what_is_added_and_removed_is_noted(socr: Organisation, person: Supporter) -> None:
    user = factories.user(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=user.pk):
        people.tag_supporters(organisation=socr, tag_name="Stall", supporter_ids=[person.pk])
        people.untag(supporter=person, tag=Tag.objects.get())
    kinds = [e.kind for e in entries("crm_supportertag", supporter=person)]
    assert kinds == [Kind.INSERT, Kind.DELETE]


def test_what_nobody_who_is_signed_in_does_to_people_is_not_noted(
    socr: Organisation, person: Supporter
) -> None:
    """An import's batch is its audit, and the ledger is that of permission."""
    with wall.scope("keeper", organisation_id=socr.pk):
        Supporter.objects.update(postcode="GU1 1AA")
    assert not entries("crm_supporter")


def test_a_command_that_changes_a_setting_is_noted_without_a_name(socr: Organisation) -> None:
    with wall.scope("platform"):
        Organisation.objects.filter(pk=socr.pk).update(reply_address="new@socr.example.org")
    (entry,) = entries("crm_organisation", kind=Kind.UPDATE)
    assert (entry.user_id, entry.organisation_id) == (None, socr.pk)
    assert entry.changes == {"reply_address": ["reply@socr.example.org", "new@socr.example.org"]}


def test_a_new_password_is_noted_and_not_kept(socr: Organisation) -> None:
    user = factories.user(socr)
    user.set_password("three quiet words here")
    user.save()
    (entry,) = entries("crm_user", kind=Kind.UPDATE)
    assert entry.changes == {"password": None}
    assert not any(
        "pbkdf2" in str(e.changes) or "md5" in str(e.changes) for e in entries("crm_user")
    )


def test_signing_in_is_no_change(socr: Organisation) -> None:
    signed_in(factories.user(socr)).get(reverse("home"))
    assert not entries("crm_user", kind=Kind.UPDATE)


@pytest.mark.parametrize("role", ["owner", *ROLES])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE crm_auditentry SET reason = 'none'",
        "UPDATE crm_auditentry SET changes = '{}'",
        "DELETE FROM crm_auditentry",
        "TRUNCATE crm_auditentry CASCADE",
    ],
)
def test_nobody_changes_or_deletes_what_is_noted(
    socr: Organisation, role: str, change: str
) -> None:
    factories.user(socr)
    taken = "NONE" if role == "owner" else f"coalesce_{role}"
    with pytest.raises((IntegrityError, ProgrammingError)) as refused, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL app.organisation = {socr.pk}; SET LOCAL ROLE {taken}; {change}"
            )
    cause = refused.value.__cause__
    if role == "owner":
        assert "append-only" in str(cause)
    else:
        assert isinstance(cause, errors.InsufficientPrivilege)


def test_an_erasure_empties_the_values_and_leaves_who_when_and_which(
    socr: Organisation, person: Supporter
) -> None:
    other, user = factories.supporter(socr), factories.user(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=user.pk):
        Supporter.objects.update(first_name="Zoe")
    before = entries("crm_supporter", supporter=person)
    with wall.scope("keeper", organisation_id=socr.pk):
        audit.forget(supporter_ids=[person.pk])
    (entry,) = entries("crm_supporter", supporter=person)
    assert entry.changes == {"first_name": None}
    assert (entry.user_id, entry.at) == (user.pk, before[0].at)
    assert entries("crm_supporter", supporter=other)[0].changes["first_name"] == ["Priya", "Zoe"]


def test_an_erasure_here_forgets_nothing_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    theirs, user = factories.supporter(neu), factories.user(neu)
    with wall.scope("staff", organisation_id=neu.pk, user_id=user.pk):
        Supporter.objects.update(first_name="Zoe")
    with wall.scope("keeper", organisation_id=socr.pk):
        audit.forget(supporter_ids=[theirs.pk])
    assert entries("crm_supporter")[0].changes["first_name"] == ["Priya", "Zoe"]


@pytest.mark.parametrize("page", ["person", "person-mail"])
def test_a_look_at_a_person_is_noted(page: str, socr: Organisation, person: Supporter) -> None:
    user = factories.user(socr)
    signed_in(user).get(reverse(page, args=[person.public_id]))
    (entry,) = entries("crm_supporter", kind=Kind.VIEW)
    assert (entry.user_id, entry.supporter_id, entry.organisation_id) == (
        user.pk,
        person.pk,
        socr.pk,
    )
    assert entry.reason


def test_a_list_that_was_looked_at_names_whom_it_showed(
    socr: Organisation, person: Supporter
) -> None:
    client = signed_in(factories.user(socr))
    client.get(reverse("people"))
    client.post(reverse("people"), {"q": "nobody"}, follow=True)
    (entry,) = entries("crm_supporter", kind=Kind.VIEW)
    assert entry.changes == {"shown": [None, [str(person.public_id)]]}


def test_an_admin_reads_who_did_what_in_words_and_narrows_it(
    socr: Organisation, person: Supporter
) -> None:
    admin, organiser = factories.admin(socr, name="Ada"), factories.user(socr, name="Orla")
    signed_in(organiser).post(reverse("add-tag", args=[person.public_id]), {"tag": "Stall"})
    client = signed_in(admin)
    url = reverse("who-did-what")
    whole = client.get(url).content.decode()
    assert "Orla" in whole
    assert "tag: Stall" in whole
    assert "Added a person’s tag" in whole
    ada = Membership.objects.get(user=admin).public_id
    assert "tag: Stall" not in client.get(url, {"colleague": str(ada)}).content.decode()
    assert "tag: Stall" not in client.get(url, {"kind": str(Kind.VIEW.value)}).content.decode()
    about = client.get(url, {"person": str(person.public_id)}).content.decode()
    assert "tag: Stall" in about
    assert str(person.pk) not in {word.strip() for word in about.split(">")}


def test_a_colleague_is_named_and_no_key_is_shown(socr: Organisation) -> None:
    admin, colleague = factories.admin(socr), factories.user(socr, name="Orla")
    client = signed_in(admin)
    member = Membership.objects.get(user=colleague)
    client.post(reverse("remove-staff", args=[member.public_id]))
    page = client.get(reverse("who-did-what"), {"kind": str(Kind.DELETE.value)}).content.decode()
    assert "Removed a colleague’s role" in page
    assert (
        "user: something that is gone → nothing" in page
    )  # a leaver's account is no longer ours to see
    added = client.get(reverse("who-did-what"), {"kind": str(Kind.INSERT.value)}).content.decode()
    assert f"user: {admin.name}" in added
    for user in (admin, colleague):
        assert str(user.pk) not in re.sub(r"<[^>]+>", " ", page + added).split()


def test_who_did_what_is_ones_own_organisations(socr: Organisation, neu: Organisation) -> None:
    theirs, spy = factories.supporter(neu, "Zelda"), factories.user(neu, name="Nadia")
    signed_in(spy).post(reverse("add-tag", args=[theirs.public_id]), {"tag": "Reps"})
    client = signed_in(factories.admin(socr))
    page = client.get(reverse("who-did-what")).content.decode()
    assert "Reps" not in page
    assert "Zelda" not in page
    assert client.get(reverse("who-did-what"), {"person": str(theirs.public_id)}).status_code == 404
    assert SupporterTag.objects.count() == 1
