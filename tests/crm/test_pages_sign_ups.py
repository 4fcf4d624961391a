"""Setting up sign-up forms: their boxes, wordings and versions, and the topics on them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Organisation, SignUpBox, SignUpForm, Statement, Topic
from tests import factories
from tests.crm import public

pytestmark = pytest.mark.django_db
FORM = {"title": "Join us", "slug": "join-us", "is_open": "on"}


@pytest.fixture
def admin(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.admin(socr))
    return client


def words(answer: Any) -> str:
    return public.words(answer)


def test_a_form_with_a_box_can_be_used_at_once(socr: Organisation, admin: Client) -> None:
    wording = factories.statement(socr, requires_confirmation=True)
    admin.post(reverse("add-sign-up-form"), FORM)
    page = reverse("sign-up-form", args=["join-us"])
    box = {"do": "add", "wording": str(wording.public_id), "purpose": "updates"}
    assert "The box is on the form." in words(admin.post(page, box, follow=True))
    assert wording.words in words(Client().get(reverse("join", args=["join-us"])))
    admin.post(page, {"do": "remove", "box": str(wording.public_id)})
    assert not SignUpBox.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Choose a wording that people confirm by email."),
        ({"purpose": ""}, "Choose a type of email, or a role, and not both."),
        ({"role": "parent_carer_send"}, "Choose a type of email, or a role, and not both."),
    ],
)
def test_a_box_that_would_not_hold_is_refused(
    socr: Organisation, admin: Client, changes: dict[str, str], sentence: str
) -> None:
    public.role("parent_carer_send")
    wording = factories.statement(socr)
    form = SignUpForm.objects.create(organisation=socr, slug="join-us", title="Join us")
    box = {"do": "add", "wording": str(wording.public_id), "purpose": "updates", **changes}
    page = admin.post(reverse("sign-up-form", args=[form.slug]), box)
    assert sentence in words(page)
    assert not SignUpBox.objects.exists()


def test_a_partner_puts_its_own_box_on_the_joint_form_and_sees_no_other(
    socr: Organisation, neu: Organisation, coalition: Organisation, admin: Client
) -> None:
    form = public.form(coalition, neu)
    wording = factories.statement(socr, requires_confirmation=True)
    page = reverse("sign-up-form", args=[form.slug])
    admin.post(page, {"do": "add", "wording": str(wording.public_id), "purpose": "updates"})
    assert SignUpBox.objects.filter(form=form).count() == 3
    assert form.boxes.get(organisation=neu).wording.words not in words(admin.get(page))
    assert admin.get(reverse("edit-sign-up-form", args=[form.slug])).status_code == 404


def test_the_form_of_another_partner_is_not_there(neu: Organisation, admin: Client) -> None:
    theirs = public.form(neu, slug="theirs")
    page = reverse("sign-up-form", args=[theirs.slug])
    assert admin.get(page).status_code == 404
    assert admin.post(page, {"do": "add"}).status_code == 404


@pytest.mark.parametrize(
    "site", ["http://x.example.org", "https://x.example.org; script-src *", "*"]
)
def test_what_is_no_website_may_not_frame_a_form(admin: Client, site: str) -> None:
    answer = admin.post(reverse("add-sign-up-form"), {**FORM, "sites": site})
    assert "is not a website such as" in words(answer)


def test_a_used_wording_stays_and_gets_another_version(socr: Organisation, admin: Client) -> None:
    first = factories.statement(socr, requires_confirmation=True)
    page = reverse("add-version", args=[first.code])
    assert first.words in admin.get(page).content.decode()
    given = {"words": "Send me emails from SOCR.", "format": "easy_read", "code": "ignored"}
    admin.post(page, given)
    second = Statement.objects.get(code=first.code, version=2)
    assert (second.format, second.words) == ("easy_read", "Send me emails from SOCR.")
    first.refresh_from_db()
    assert first.version == 1
    assert admin.get(reverse("add-version", args=["none"])).status_code == 404


def test_the_words_of_the_joint_list_must_name_every_partner(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    client.force_login(factories.admin(coalition))
    only_one = {"code": "joint", "words": "Email me from Save Our Children's Rights."}
    answer = client.post(reverse("add-wording"), only_one)
    assert "The words must name National Education Union, too." in words(answer)
    both = "Email me from Save Our Children’s Rights and the National Education Union."
    client.post(reverse("add-wording"), {"code": "joint", "words": both})
    assert set(Statement.objects.get().organisations.all()) == {socr, neu, coalition}


def test_a_wording_about_a_role_says_yes_to_no_email(socr: Organisation, admin: Client) -> None:
    factories.purpose(socr)
    given = {"code": "keep-role", "words": "I agree that SOCR keeps this.", "about_role": "on"}
    admin.post(reverse("add-wording"), given)
    assert not Statement.objects.get().purposes.exists()


def test_a_topic_is_offered_on_the_forms(socr: Organisation, admin: Client) -> None:
    form = public.form(socr)
    admin.post(reverse("add-topic"), {"name": "EHC plans"})
    assert Topic.objects.get().organisation == socr
    assert "EHC plans" in words(Client().get(reverse("join", args=[form.slug])))
    shown = words(admin.get(reverse("settings")))
    assert "EHC plans" in shown
    assert "Join us" in shown
