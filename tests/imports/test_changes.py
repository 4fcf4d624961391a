"""The preview says field by field what changes for people who are on the list, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import Organisation, Record, Source, Supporter
from crm.services import profiles
from imports import change_words
from imports.models import Import
from tests import factories
from tests.imports.conftest import apply, bring, preview

pytestmark = pytest.mark.django_db

HEAD = ["Email", "First name", "Last name", "Postcode", "Role", "Tags", "Phone"]
PRIYA = ["priya@example.org", "Priya", "Okafor", "GU1 1AA", "", "", ""]
TOM = ["tom@example.org", "Tom", "Baker", "", "", "", ""]


def told(file: Import) -> list[str]:
    with wall.scope("keeper", organisation_id=file.organisation_id):
        return change_words.told(file)


def moved(row: list[str], **cells: str) -> list[str]:
    return [
        cells.get(name.lower().replace(" ", "_"), cell)
        for name, cell in zip(HEAD, row, strict=True)
    ]


def test_a_field_that_changes_is_told_with_what_it_was_and_would_be(socr: Organisation) -> None:
    bring(socr, [HEAD, PRIYA, TOM])
    file = preview(socr, [HEAD, moved(PRIYA, postcode="GU2 7XH"), moved(TOM, postcode="LS1 1BA")])
    assert told(file) == [
        "1 person’s postcode changes: GU1 1AA → GU2 7XH.",
        "1 person gets a postcode.",
    ]


def test_what_is_told_to_change_is_what_changes(socr: Organisation) -> None:
    bring(socr, [HEAD, PRIYA])
    file = preview(socr, [HEAD, moved(PRIYA, postcode="GU2 7XH")])
    assert Supporter.objects.get().postcode == "GU1 1AA"
    apply(file)
    assert Supporter.objects.get().postcode == "GU2 7XH"


def test_what_a_person_said_themselves_stays_and_the_preview_says_so(socr: Organisation) -> None:
    bring(socr, [HEAD, PRIYA])
    person = Supporter.objects.get()
    Record.objects.create(
        organisation=socr,
        supporter=person,
        source=Source.PERSONAL,
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        postcode="GU1 1AA",
    )
    profiles.refresh(supporter_ids=[person.pk])
    file = preview(socr, [HEAD, moved(PRIYA, postcode="GU2 7XH")])
    (sentence,) = told(file)
    assert sentence.startswith("1 person’s postcode stays as it is, although this file says")
    apply(file)
    assert Supporter.objects.get().postcode == "GU1 1AA"


def test_an_older_list_changes_nothing_that_a_newer_one_brought(socr: Organisation) -> None:
    head = [*HEAD, "Opt in", "Opt in date"]
    bring(socr, [head, [*PRIYA, "yes", "2026-05-03"]])
    file = preview(
        socr,
        [head, [*moved(PRIYA, postcode="GU2 7XH"), "yes", "2026-01-03"]],
        statement=factories.statement(socr),
    )
    assert [sentence[:29] for sentence in told(file)] == ["1 person’s postcode stays as it"[:29]]
    apply(file)
    assert Supporter.objects.get().postcode == "GU1 1AA"


def test_a_role_a_tag_and_a_phone_number_are_told_as_more(socr: Organisation) -> None:
    bring(socr, [HEAD, PRIYA])
    file = preview(socr, [HEAD, [*PRIYA[:4], "SENCO", "Stall", "07700 900123"]])
    assert told(file) == [
        "1 person gets another phone number.",
        "1 person gets another role.",
        "1 person gets another tag.",
    ]


def test_new_people_and_unchanged_ones_are_no_change(socr: Organisation) -> None:
    bring(socr, [HEAD, PRIYA])
    assert told(preview(socr, [HEAD, PRIYA, TOM])) == []


def test_the_page_shows_it_and_no_more_once_it_is_imported(
    client: Client, socr: Organisation
) -> None:
    bring(socr, [HEAD, PRIYA])
    file = preview(socr, [HEAD, moved(PRIYA, postcode="GU2 7XH")])
    client.force_login(factories.admin(socr))
    page = reverse("import", args=[file.public_id])
    assert "GU1 1AA → GU2 7XH" in client.get(page).content.decode()
    assert "GU1" not in str(file.counts)
