"""The list of people: what each row says, finding them, paging through them, adding one."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm import wall
from crm.models import Organisation, Role, Supporter, SupporterRole
from crm.services import people as services
from crm.sql import fold
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.user(socr))
    return client


def added(where: Organisation, **details: object) -> Supporter:
    with wall.scope("staff", organisation_id=where.pk):
        return services.add_person(
            organisation=where,
            details=services.NewPerson(**details),  # type: ignore[arg-type]
        )


def find(staff: Client, text: str) -> HttpResponse:
    """Search as the form does, and follow to what is found."""
    answer: HttpResponse = staff.post(reverse("people"), {"q": text}, follow=True)
    return answer


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', page)


@pytest.mark.parametrize(
    "text",
    [
        "pri",
        "okaf",
        "Priya Okafor",
        "okafor pri",
        "PRIYA.O@exam",
        "07700 900",
        "+44 7700",
        "gu1 1aa",
    ],
)
def test_a_person_is_found_by_the_beginning_of_what_is_known_of_them(
    text: str, socr: Organisation, staff: Client
) -> None:
    added(
        socr,
        first_name="Priya",
        last_name="Okafor",
        email="priya.o@example.org",
        phone="07700 900123",
        postcode="GU1 1AA",
    )
    added(socr, first_name="Sam", last_name="Jones", email="sam@other.example.org")
    page = find(staff, text).content.decode()
    assert names(page) == ["Priya Okafor"]


def test_people_of_another_organisation_are_never_found(
    socr: Organisation, neu: Organisation, staff: Client
) -> None:
    added(neu, first_name="Priya", last_name="Okafor", email="priya@example.org")
    for text in ("", "priya", "priya@example.org"):
        assert names(find(staff, text).content.decode()) == []


@pytest.mark.parametrize("text", ["\0", "%", "@", "' OR 1=1", "x" * 500, "🙂"])
def test_odd_questions_find_nobody_and_break_nothing(text: str, staff: Client) -> None:
    assert find(staff, text).status_code == 200


def test_what_is_searched_for_is_in_no_address_and_is_kept_from_page_to_page(
    socr: Organisation, staff: Client
) -> None:
    for number in range(60):
        added(
            socr, first_name=f"Priya{number:02}", last_name="Okafor", phone=f"07700 9000{number:02}"
        )
    added(socr, first_name="Sam", last_name="Jones", email="sam@other.example.org")
    answer = staff.post(reverse("people"), {"q": "okafor"})
    assert "okafor" not in answer["Location"]
    first = staff.get(answer["Location"])
    second = staff.get(reverse("people") + first.context["page"].next_url)
    assert len(names(first.content.decode()) + names(second.content.decode())) == 60
    assert 'value="okafor"' in second.content.decode()


def test_an_older_search_of_the_same_session_still_finds_its_own(
    socr: Organisation, staff: Client
) -> None:
    added(socr, first_name="Priya", last_name="Okafor", email="priya@example.org")
    added(socr, first_name="Sam", last_name="Jones", email="sam@example.org")
    older = staff.post(reverse("people"), {"q": "priya"})["Location"]
    staff.post(reverse("people"), {"q": "sam"})
    assert names(staff.get(older).content.decode()) == ["Priya Okafor"]


def test_paging_walks_through_everybody_without_repeat_or_gap_and_back(
    socr: Organisation, neu: Organisation, staff: Client
) -> None:
    everyone = [factories.supporter(socr, f"P{n:03}", "X") for n in range(120)]
    factories.supporter(neu, "Theirs", "X")
    forward, url, last = list[str](), reverse("people"), ""
    while url:
        answer = staff.get(url)
        forward += names(answer.content.decode())
        last, step = url, answer.context["page"].next_url
        url = reverse("people") + step if step else ""
    assert forward == [f"{p.first_name} X" for p in reversed(everyone)]
    back = list[str]()
    url = last
    while url:
        answer = staff.get(url)
        back = names(answer.content.decode()) + back
        step = answer.context["page"].previous_url
        url = reverse("people") + step if step else ""
    assert back == forward


def test_no_address_of_a_page_shows_a_sequential_key(socr: Organisation, staff: Client) -> None:
    for number in range(60):
        factories.supporter(socr, f"P{number}", "X")
    page = staff.get(reverse("people")).content.decode()
    assert not re.findall(r'href="[^"]*[/=]\d+[/"&]', page)


@pytest.mark.parametrize("value", ["1", "x", "00000000-0000-4000-8000-000000000000"])
def test_a_place_that_is_none_is_not_there(value: str, staff: Client) -> None:
    assert staff.get(reverse("people"), {"before": value}).status_code == 404


def test_each_row_says_whether_the_person_may_be_emailed(socr: Organisation, staff: Client) -> None:
    factories.granted(factories.address(factories.supporter(socr, "Yes", "A"), "yes@example.org"))
    factories.address(factories.supporter(socr, "Silent", "B"), "silent@example.org")
    factories.supporter(socr, "Nowhere", "C")
    fold.rebuild()
    page = " ".join(staff.get(reverse("people")).content.decode().split())
    for name, badge in (
        ("Yes A", "May be emailed"),
        ("Silent B", "No permission recorded"),
        ("Nowhere C", "No email address"),
    ):
        row = page.partition(name)[2].partition("</tr>")[0]
        assert badge in row


def test_of_two_addresses_the_one_that_may_be_mailed_is_shown(
    socr: Organisation, staff: Client
) -> None:
    person = factories.supporter(socr)
    factories.address(person, "first@example.org")
    factories.granted(factories.address(person, "second@example.org"))
    fold.rebuild()
    page = staff.get(reverse("people")).content.decode()
    assert "second@example.org" in page
    assert "first@example.org" not in page


def test_a_joined_entry_stands_once_with_what_all_its_entries_bring(
    socr: Organisation, staff: Client
) -> None:
    factories.purpose(socr)
    person = factories.supporter(socr)
    other = factories.supporter(socr, canonical_id=person.pk)
    factories.address(other, "other@example.org")
    SupporterRole.objects.create(
        organisation=socr, supporter=other, role=Role.objects.get(code="senco")
    )
    page = staff.get(reverse("people")).content.decode()
    assert names(page) == [person.name]
    assert "other@example.org" in page
    assert "SENCO" in page


def test_a_longer_page_asks_no_more_questions(
    socr: Organisation, staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    factories.purpose(socr)
    for _ in range(40):
        factories.address(factories.supporter(socr))
    staff.get(reverse("people"))
    with django_assert_max_num_queries(16):
        staff.get(reverse("people"))


def test_somebody_is_added_by_hand_without_any_permission(
    socr: Organisation, staff: Client
) -> None:
    factories.purpose(socr)
    given = {
        "first_name": "Nia",
        "last_name": "Evans",
        "email": "Nia@Example.org",
        "postcode": "gu11aa",
        "age_band": "18",
        "roles": ["senco"],
    }
    page = staff.post(reverse("add-person"), given, follow=True).content.decode()
    assert "Nia Evans is on the list" in page
    assert "Nia@Example.org" in page
    assert "GU1 1AA" in page
    assert "SENCO" in page
    assert "No permission to email" in page


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"first_name": "Nia"}, "Give an email address or a telephone number."),
        ({"email": "nia.example.org"}, "it has no @ sign"),
        ({"phone": "12"}, "not a telephone number"),
        ({"email": "nia@example.org", "postcode": "GU"}, "not a full postcode"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    given: dict[str, str], sentence: str, staff: Client
) -> None:
    page = staff.post(reverse("add-person"), given).content.decode()
    assert sentence in page
    assert page.count('class="field field-wrong"') == 1
    assert not Supporter.objects.exists()


def test_adding_somebody_known_adds_to_them(socr: Organisation, staff: Client) -> None:
    known = added(socr, first_name="Liz", last_name="Hope", email="liz@example.org")
    given = {"first_name": "Elizabeth", "last_name": "Hope", "email": "liz@example.org"}
    answer = staff.post(reverse("add-person"), given)
    assert answer.headers["Location"] == reverse("person", args=[known.public_id])
    assert Supporter.objects.count() == 1


def test_roles_of_special_categories_are_not_offered(staff: Client) -> None:
    page = staff.get(reverse("add-person")).content.decode()
    assert "SENCO" in page
    assert "Union rep" not in page
