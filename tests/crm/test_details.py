"""Staff put a person's details right, and what the person says stands before what a list says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import AuditEntry, Organisation, Record, Source, Supporter
from crm.services import profiles
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(socr: Organisation) -> Supporter:
    """Somebody whom a list named."""
    made = factories.supporter(socr, "Priya", "Okafor", postcode="GU1 1AA", relationship="member")
    say(made, Source.IMPORT, first_name="Priya", postcode="GU1 1AA", relationship="member")
    return made


def say(person: Supporter, source: Source, **values: Any) -> None:
    """Have a source say something of a person."""
    Record.objects.create(
        organisation=person.organisation,
        supporter=person,
        source=source,
        as_of=timezone.now(),
        **values,
    )
    profiles.refresh(supporter_ids=[person.pk])


def change(person: Supporter, says: Source, **values: Any) -> str:
    """Fill the form in as staff; give the page that follows."""
    client = Client()
    client.force_login(factories.user(person.organisation))
    now = Supporter.objects.get(pk=person.pk)
    before = {
        name: getattr(now, name)
        for name in (
            "first_name",
            "last_name",
            "postcode",
            "external_id",
            "relationship",
            "age_band",
        )
    }
    where = reverse("change-details", args=[person.public_id])
    answer = client.post(where, before | values | {"says": says.value}, follow=True)
    return answer.content.decode()


def test_a_mistake_that_staff_saw_is_put_right(person: Supporter) -> None:
    change(person, Source.STAFF, postcode="gu2 4bb", relationship="former")
    person.refresh_from_db()
    assert (person.postcode, person.relationship) == ("GU2 4BB", "former")


def test_what_the_person_told_staff_stays_when_a_newer_list_says_otherwise(
    person: Supporter,
) -> None:
    change(person, Source.PERSONAL, first_name="Pia")
    say(person, Source.IMPORT, first_name="Priya")
    person.refresh_from_db()
    assert person.first_name == "Pia"


def test_what_staff_saw_gives_way_to_a_newer_list(person: Supporter) -> None:
    change(person, Source.STAFF, first_name="Pia")
    say(person, Source.IMPORT, first_name="Priya")
    person.refresh_from_db()
    assert person.first_name == "Priya"


def test_of_membership_the_newest_list_speaks_whoever_said_otherwise(person: Supporter) -> None:
    change(person, Source.PERSONAL, relationship="retired")
    say(person, Source.IMPORT, relationship="former")
    person.refresh_from_db()
    assert person.relationship == "former"


def test_staff_do_not_overrule_what_the_person_said_and_are_told_so(person: Supporter) -> None:
    say(person, Source.PERSONAL, age_band=16)
    page = change(person, Source.STAFF, age_band=18)
    person.refresh_from_db()
    assert person.age_band == 16
    assert "Their own word stands for age." in page


def test_what_was_not_changed_is_not_said_again(person: Supporter) -> None:
    change(person, Source.PERSONAL, postcode="GU2 4BB")
    record = Record.objects.latest("pk")
    assert (record.postcode, record.first_name, record.relationship) == ("GU2 4BB", "", "")


def test_saving_without_a_change_writes_nothing(person: Supporter) -> None:
    change(person, Source.PERSONAL)
    assert Record.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"postcode": ""}, "This can be replaced and not emptied"),
        ({"relationship": ""}, "This can be replaced and not emptied"),
        ({"postcode": "GU1"}, "This is not a full postcode"),
    ],
)
def test_what_cannot_be_kept_gets_a_sentence(
    values: dict[str, str], sentence: str, person: Supporter
) -> None:
    assert sentence in change(person, Source.STAFF, **values)
    person.refresh_from_db()
    assert (person.postcode, person.relationship) == ("GU1 1AA", "member")


def test_the_new_name_finds_the_person(person: Supporter) -> None:
    change(person, Source.STAFF, last_name="Zzyzx")
    with wall.scope("staff", organisation_id=person.organisation_id):
        assert Supporter.objects.filter(last_fold="zzyzx").get() == person


def test_who_changed_it_is_noted(person: Supporter) -> None:
    change(person, Source.STAFF, first_name="Pia")
    noted = AuditEntry.objects.filter(supporter=person.pk, kind=AuditEntry.Kind.UPDATE)
    assert any("first_name" in entry.changes for entry in noted)


def test_nobody_changes_who_asked_not_to_be_used(person: Supporter) -> None:
    Supporter.objects.filter(pk=person.pk).update(restricted=True)
    change(person, Source.STAFF, first_name="Pia")
    assert Record.objects.count() == 1
