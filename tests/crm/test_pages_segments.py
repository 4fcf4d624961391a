"""Segments: rules filled in without a script, said in words, counted, and used to tag."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Organisation, Role, Segment, Supporter, SupporterRole, SupporterTag, Tag
from crm.sql import fold
from mailings.models import Campaign, Version
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.user(socr))
    return client


def with_role(where: Organisation, first: str, code: str) -> Supporter:
    person = factories.supporter(where, first)
    role = Role.objects.get(code=code)
    SupporterRole.objects.create(organisation=where, supporter=person, role=role)
    return person


def plain(client: Client, name: str, *args: object) -> str:
    return " ".join(client.get(reverse(name, args=args)).content.decode().split())


def test_a_segment_is_made_shown_and_counted(socr: Organisation, staff: Client) -> None:
    nia = with_role(socr, "Nia", "senco")
    factories.granted(factories.address(nia))
    factories.address(with_role(socr, "Tom", "senco"))
    with_role(socr, "Una", "teacher")
    fold.rebuild()
    given = {"name": "SENCOs", "match": "all", "role": "senco"}
    page = staff.post(reverse("add-segment"), given, follow=True)
    assert page.context["size"].people == 2
    assert page.context["size"].permitted == 1
    text = page.content.decode()
    assert "Role is SENCO." in text
    assert "No permission recorded" in text
    assert "Role is SENCO" in plain(staff, "segments")


def test_all_rules_must_hold_or_any(socr: Organisation, staff: Client) -> None:
    factories.purpose(socr)
    with_role(socr, "Nia", "senco")
    with_role(socr, "Una", "teacher")
    both = {"name": "Staff", "role": "senco", "role_2": "teacher"}
    strict = staff.post(reverse("add-segment"), {**both, "match": "all"}, follow=True)
    assert strict.context["size"].people == 0
    segment = Segment.objects.get()
    url = reverse("edit-segment", args=[segment.public_id])
    wide = staff.post(url, {**both, "match": "any"}, follow=True)
    assert wide.context["size"].people == 2
    assert "Role is SENCO, or role is Teacher." in wide.content.decode()


def test_every_rule_comes_back_in_the_form_as_it_was_filled_in(
    socr: Organisation, staff: Client
) -> None:
    Tag.objects.create(organisation=socr, name="Rally")
    given = {
        "name": "Everything",
        "match": "any",
        "role": "senco",
        "role_2": "teacher",
        "not_role": "ally",
        "tag": "Rally",
        "not_tag": "Rally",
        "area": "GU1",
        "area_2": "KT",
        "not_area": "SW",
        "added_after": "2026-01-31",
        "added_before": "2026-03-01",
    }
    page = staff.post(reverse("add-segment"), given, follow=True).content.decode()
    assert "postcode begins with GU1, or postcode begins with KT" in page
    assert "postcode does not begin with SW" in page
    assert "added after 31 January 2026" in page
    form = staff.get(reverse("edit-segment", args=[Segment.objects.get().public_id])).context[
        "form"
    ]
    shown = {
        name: form[name].field.widget.format_value(
            form[name].field.prepare_value(form[name].value())
        )
        for name in given
    }
    assert {
        name: value[0] if isinstance(value, list) else value for name, value in shown.items()
    } == given


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"area": "!"}, "Give the beginning of a postcode, such as GU1."),
        ({"added_after": "soon"}, "Enter a valid date"),
        ({"role": "wizard"}, "Select a valid choice"),
        ({"tag": "Theirs"}, "Select a valid choice"),
        ({"name": "Taken"}, "There is a segment of this name already."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    change: dict[str, str], sentence: str, socr: Organisation, neu: Organisation, staff: Client
) -> None:
    Tag.objects.create(organisation=socr, name="Ours")
    Tag.objects.create(organisation=neu, name="Theirs")
    Segment.objects.create(organisation=socr, name="Taken", rules={})
    given = {"name": "New", "match": "all", **change}
    page = staff.post(reverse("add-segment"), given).content.decode()
    assert sentence in page
    assert Segment.objects.count() == 1


def test_everyone_in_a_segment_is_tagged_at_once(socr: Organisation, staff: Client) -> None:
    for name in ("Nia", "Tom"):
        with_role(socr, name, "senco")
    una = with_role(socr, "Una", "teacher")
    role = Role.objects.get(code="senco")
    rules = {"match": "all", "rules": [{"field": "role", "op": "is", "value": role.pk}]}
    segment = Segment.objects.create(organisation=socr, name="SENCOs", rules=rules)
    url = reverse("tag-segment", args=[segment.public_id])
    page = staff.post(url, {"tag": "Invite"}, follow=True).content.decode()
    assert "2 people got the tag Invite" in page
    assert SupporterTag.objects.count() == 2
    assert not SupporterTag.objects.filter(supporter=una).exists()
    again = staff.post(url, {"tag": "Invite"}, follow=True).content.decode()
    assert "0 people got the tag Invite" in again


def test_a_segment_is_deleted_unless_a_campaign_uses_it(socr: Organisation, staff: Client) -> None:
    free = Segment.objects.create(organisation=socr, name="Free", rules={})
    used = Segment.objects.create(organisation=socr, name="Used", rules={})
    author = factories.user(socr)
    campaign = Campaign.objects.create(
        organisation=socr, name="Bill", mode=Campaign.Mode.OWN, created_by=author
    )
    Version.objects.create(
        organisation=socr,
        campaign=campaign,
        segment=used,
        purpose=factories.purpose(socr),
        subject="Bill",
        body="Write.",
        author=author,
    )
    for segment in (free, used):
        staff.post(reverse("delete-segment", args=[segment.public_id]))
    assert list(Segment.objects.all()) == [used]


def test_a_segment_whose_tag_is_gone_says_so(socr: Organisation, staff: Client) -> None:
    rules = {"match": "all", "rules": [{"field": "tag", "op": "is", "value": 9999}]}
    segment = Segment.objects.create(organisation=socr, name="Old", rules=rules)
    assert "Tag is something that was deleted" in plain(staff, "segment", segment.public_id)


def test_home_counts_the_list_for_each_type_of_email(socr: Organisation, staff: Client) -> None:
    factories.granted(
        factories.address(factories.supporter(socr)), at=datetime(2026, 5, 1, tzinfo=UTC)
    )
    factories.address(factories.supporter(socr))
    factories.purpose(socr, "fundraising")
    fold.rebuild()
    page = staff.get(reverse("home"))
    assert page.context["people"] == 2
    sizes = {purpose.code: (size.permitted, rest) for purpose, size, rest in page.context["sizes"]}
    assert sizes == {"updates": (1, 1), "fundraising": (0, 2)}


def test_home_shows_the_imports_that_wait(socr: Organisation, staff: Client) -> None:
    done, waiting = factories.batch(socr), factories.batch(socr)
    waiting.applied_at = None
    waiting.save()
    page = plain(staff, "home")
    assert waiting.label in page
    assert done.label not in page


def test_an_empty_list_shows_the_first_steps_and_what_is_done(socr: Organisation) -> None:
    client = Client()
    client.force_login(factories.admin(socr))
    factories.statement(socr)
    steps = client.get(reverse("home")).context["steps"]
    assert [step.get("state", "todo") for step in steps] == ["done", "todo", "todo", "todo"]
    assert all(step["url"] for step in steps)
