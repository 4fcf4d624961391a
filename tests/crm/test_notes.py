"""Notes about a child's needs are not kept unawares (R-SEC9)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import ConsentEvent, ContactPoint, Export, Organisation, Tag
from crm.notes import speaks_of_a_childs_needs
from tests import factories

pytestmark = pytest.mark.django_db

CHILD = "By phone. Her son has autism and no school place."


@pytest.mark.parametrize(
    ("note", "asked"),
    [
        (CHILD, True),
        ("His EHCP was refused", True),
        ("Mother of a boy with Down’s syndrome", True),
        ("Daughter is non-verbal", True),
        ("By phone, about the SEND review", False),
        ("She asked for the EHCP leaflet", True),
        ("EHCP campaign stall, Guildford", False),
        ("Her son works at the branch office", False),
        ("", False),
    ],
)
def test_a_note_with_a_child_and_a_need_raises_the_question(note: str, asked: bool) -> None:
    assert speaks_of_a_childs_needs(note) == asked


@pytest.fixture
def point(socr: Organisation) -> ContactPoint:
    return factories.address(factories.supporter(socr))


@pytest.fixture
def client(socr: Organisation) -> Client:
    client = Client()
    client.force_login(factories.user(socr))
    return client


def test_r_sec9_a_note_about_a_child_is_warned_of_and_not_kept(
    client: Client, socr: Organisation, point: ContactPoint
) -> None:
    wording = factories.statement(socr)
    given = {
        "purpose": factories.purpose(socr).code,
        "statement": str(wording.public_id),
        "said_at": "2026-05-03",
        "words": CHILD,
    }
    url = reverse("record-yes", args=[point.public_id])
    page = client.post(url, given).content.decode()
    assert "Do not record information about a child’s needs" in page
    assert 'type="checkbox" name="about_no_child"' in page
    assert not ConsentEvent.objects.exists()
    client.post(url, {**given, "about_no_child": "on"})
    assert ConsentEvent.objects.filter(supporter=point.supporter).count() == 1


def test_r_sec9_covers_the_reason_of_an_export_and_the_name_of_a_tag(
    client: Client, socr: Organisation, point: ContactPoint
) -> None:
    answer = client.post(reverse("add-export"), {"format": "csv", "reason": CHILD})
    assert "Do not record information about a child’s needs" in answer.content.decode()
    assert not Export.objects.exists()
    url = reverse("add-tag", args=[point.supporter.public_id])
    page = client.post(url, {"tag": "son has ADHD"}, follow=True).content.decode()
    assert "Do not record information about a child’s needs" in page
    assert not Tag.objects.exists()
