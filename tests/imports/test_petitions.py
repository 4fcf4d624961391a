"""A petition to Parliament is no list of people; its numbers are of use all the same."""

from __future__ import annotations

import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from crm.models import Organisation, Supporter
from imports import petitions
from imports.models import Import
from tests import factories
from tests.imports.conftest import preview

pytestmark = pytest.mark.django_db

ATTRIBUTES = {
    "action": "Fund support for every child who needs it",
    "signature_count": 1834,
    "creator_name": "Somebody Named",
    "signatures_by_region": [{"name": "London", "ons_code": "H", "signature_count": 900}],
    "signatures_by_constituency": [
        {"name": "Esher and Walton", "ons_code": "E14001228", "mp": "An MP", "signature_count": 34},
        {"name": "=Woking", "ons_code": "E14001595", "mp": "An MP", "signature_count": 1800},
    ],
}


def petition(**changes: object) -> bytes:
    said = {"type": "petition", "id": 7, "attributes": ATTRIBUTES | changes}
    return json.dumps({"data": said}).encode()


@pytest.fixture
def client(socr: Organisation) -> Client:
    client = Client()
    client.force_login(factories.admin(socr))
    return client


def test_a_petition_is_refused_as_people_and_offered_as_statistics_by_constituency(
    client: Client, socr: Organisation
) -> None:
    """Scenario 53: it is refused as people, and offered as statistics by constituency."""
    refused = preview(socr, petition(), name="700001.json")
    assert refused.state == Import.State.REFUSED
    assert "names nobody" in refused.trouble
    assert not Supporter.objects.exists()
    text = client.get(reverse("import", args=[refused.public_id])).content.decode()
    assert "Fund support for every child who needs it” has 1,834 signatures." in text
    assert text.index("=Woking") < text.index("Esher and Walton")
    assert "Somebody Named" not in text
    answer = client.get(reverse("petition-signatures", args=[refused.public_id]))
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["Constituency", "Code", "Signatures"],
        ["'=Woking", "E14001595", 1800],
        ["Esher and Walton", "E14001228", 34],
    ]


def test_a_petition_without_places_says_so(client: Client, socr: Organisation) -> None:
    refused = preview(socr, petition(signatures_by_constituency=[]), name="700001.json")
    text = client.get(reverse("import", args=[refused.public_id])).content.decode()
    assert "does not say where they signed" in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"data": []}',
        b'{"data": {"attributes": {"action": "x"}}}',
        petition(signature_count="many"),
        petition(signatures_by_constituency=[3]),
        b"\xff\xfe{",
        b"[" * 100_000,
    ],
)
def test_what_is_no_petition_is_read_as_none(content: bytes) -> None:
    assert petitions.read(content) is None


def test_other_refused_files_offer_no_statistics(client: Client, socr: Organisation) -> None:
    refused = preview(socr, b'{"people": [{"email": "ada@example.org"}]}', name="list.json")
    assert refused.state == Import.State.REFUSED
    found = client.get(reverse("petition-signatures", args=[refused.public_id]))
    assert found.status_code == 404
