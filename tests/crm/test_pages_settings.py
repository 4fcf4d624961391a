"""Settings, for admins: wordings, types of email, the imprint, and the reference tables in Django's admin."""

from __future__ import annotations

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from PIL import Image

from crm import wall
from crm.forms.sign_ups import BoxForm
from crm.models import (
    Branch,
    Organisation,
    Purpose,
    Role,
    Segment,
    Statement,
    SupporterTag,
    Tag,
    Topic,
    WordingPicture,
)
from crm.services import organisations
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.admin(socr))
    return client


def test_a_sign_up_wording_is_kept_and_names_the_organisation(
    socr: Organisation, admin: Client
) -> None:
    factories.purpose(socr)
    given = {"code": "form-2025", "words": "Yes, SOCR may email me.", "requires_confirmation": "on"}
    page = admin.post(reverse("add-wording"), given, follow=True).content.decode()
    assert "Yes, SOCR may email me." in page
    statement = Statement.objects.get()
    assert statement.requires_confirmation
    assert list(statement.organisations.all()) == [socr]
    assert statement.purposes.count() == 1


def picture(kind: str, size: int = 30) -> SimpleUploadedFile:
    drawn = io.BytesIO()
    Image.new("RGB", (size, size), "white").save(drawn, kind)
    return SimpleUploadedFile("form.png", drawn.getvalue(), "text/html")  # whatever a browser says


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_stands_for_the_words_and_is_given_back_as_it_came(
    kind: str, socr: Organisation, admin: Client
) -> None:
    sent = picture(kind)
    given = {"code": "paper", "words": "", "picture": sent}
    page = admin.post(reverse("add-wording"), given, follow=True).content.decode()
    wording = Statement.objects.get()
    assert reverse("wording-picture", args=[wording.public_id]) in page
    answer = admin.get(reverse("wording-picture", args=[wording.public_id]))
    sent.seek(0)
    assert answer.content == sent.read()
    assert answer["Content-Type"] == f"image/{kind.lower()}"


def test_a_person_reads_that_the_words_they_saw_are_a_picture(
    socr: Organisation, admin: Client
) -> None:
    admin.post(reverse("add-wording"), {"code": "paper", "picture": picture("PNG")})
    assert Statement.objects.get().shown.startswith("The words are kept as a picture.")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Paste the words, or upload a picture of them."),
        ({"picture": SimpleUploadedFile("a.png", b"not one")}, "This file is not a picture"),
        ({"picture": SimpleUploadedFile("a.docx", b"not one")}, "This file is not a picture"),
        ({"picture": picture("PNG", 0x7FF)}, None),
        ({"picture": picture("GIF")}, "Upload a PNG, JPEG or WebP picture."),
        (
            {"picture": SimpleUploadedFile("a.png", picture("PNG").read() + bytes(5 << 20))},
            "This picture is larger than 5 MB.",
        ),
    ],
)
def test_what_is_no_picture_of_a_wording_gets_a_sentence(
    given: dict[str, SimpleUploadedFile], sentence: str | None, socr: Organisation, admin: Client
) -> None:
    page = admin.post(reverse("add-wording"), {"code": "paper"} | given)
    assert (page.status_code == 302) if sentence is None else sentence in page.content.decode()


def test_the_joint_lists_wording_needs_its_words(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    with pytest.raises(ValidationError, match="must name"):
        organisations.add_wording(
            organisation=coalition, code="joint", words="", picture=picture("PNG")
        )


def test_no_sign_up_form_shows_a_picture_for_words(socr: Organisation, admin: Client) -> None:
    admin.post(reverse("add-wording"), {"code": "paper", "picture": picture("PNG")})
    form = BoxForm(organisation=socr)
    assert not form.fields["wording"].queryset.exists()  # type: ignore[attr-defined]


def test_a_picture_cannot_be_changed_or_taken_from_its_wording(
    socr: Organisation, admin: Client
) -> None:
    admin.post(reverse("add-wording"), {"code": "paper", "picture": picture("PNG")})
    with connection.cursor() as cursor:  # as if a later transaction had come
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE crm_statement DISABLE TRIGGER keep_wording")
        cursor.execute("UPDATE crm_statement SET made_in = '3'")
    for change in (
        lambda: WordingPicture.objects.update(content=b"another"),
        lambda: WordingPicture.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="stays as it was shown"), transaction.atomic():
            change()


def test_no_wording_says_that_it_has_a_picture_when_there_is_none(socr: Organisation) -> None:
    def add() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            Statement.objects.create(organisation=socr, code="paper", words="", has_picture=True)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="The picture of this wording is missing"):
        add()


def test_a_short_name_is_used_once(socr: Organisation, neu: Organisation, admin: Client) -> None:
    Statement.objects.create(organisation=socr, code="form", words="x")
    Statement.objects.create(organisation=neu, code="theirs", words="x")
    again = admin.post(reverse("add-wording"), {"code": "form", "words": "y"})
    assert "There is a wording of this short name already" in again.content.decode()
    assert admin.post(reverse("add-wording"), {"code": "theirs", "words": "y"}).status_code == 302


def test_a_type_of_email_is_added_and_renamed_under_the_same_code(
    socr: Organisation, admin: Client
) -> None:
    given = {"name": "Events near you", "description": "Invitations, now and then."}
    admin.post(reverse("add-purpose"), given)
    purpose = Purpose.objects.get(organisation=socr)
    assert purpose.code == "events-near-you"
    url = reverse("edit-purpose", args=[purpose.code])
    admin.post(url, {**given, "name": "Events"})
    purpose.refresh_from_db()
    assert (purpose.name, purpose.code) == ("Events", "events-near-you")
    admin.post(reverse("add-purpose"), given)
    assert Purpose.objects.filter(code="events-near-you-2").exists()
    assert "one of this name already" in admin.post(reverse("add-purpose"), given).content.decode()


@pytest.mark.parametrize("name", ["new", "…", "Ünïcode " * 9])
def test_any_name_gets_a_code_that_works_as_an_address(name: str, admin: Client) -> None:
    admin.post(reverse("add-purpose"), {"name": name, "description": "x"})
    purpose = Purpose.objects.get()
    assert (
        admin.get(reverse("edit-purpose", args=[purpose.code])).context["form"].instance == purpose
    )


def test_the_type_of_email_of_another_organisation_is_not_there(
    neu: Organisation, admin: Client
) -> None:
    theirs = factories.purpose(neu)
    assert admin.get(reverse("edit-purpose", args=[theirs.code])).status_code == 404


def test_the_imprint_of_ones_own_organisation_is_changed(
    socr: Organisation, neu: Organisation, admin: Client
) -> None:
    given = {
        "legal_name": "SOCR CIO",
        "postal_address": "1 Street, Guildford GU1 1AA",
        "sender_name": "SOCR",
        "sender_address": "news@socr.example.org",
        "reply_address": "hello@socr.example.org",
        "most_a_week": "3",
    }
    admin.post(reverse("edit-organisation"), given)
    socr.refresh_from_db()
    neu.refresh_from_db()
    assert socr.legal_name == "SOCR CIO"
    assert (socr.most_a_week, neu.most_a_week) == (3, None)
    assert neu.legal_name != "SOCR CIO"
    wrong = admin.post(reverse("edit-organisation"), {**given, "sender_address": "x"})
    assert "Enter a valid email address" in wrong.content.decode()
    for number in ("0", "51", "many"):
        none = admin.post(reverse("edit-organisation"), {**given, "most_a_week": number})
        assert "Write a number from 1 to 50" in none.content.decode()


@pytest.mark.parametrize("model", ["role", "topic", "tag", "branch"])
def test_a_reference_table_opens_for_looking_adding_and_exporting(
    model: str, admin: Client
) -> None:
    for page in ("changelist", "add", "export"):
        assert admin.get(reverse(f"admin:crm_{model}_{page}")).status_code == 200


@pytest.mark.parametrize("model", ["supporter", "consentevent", "contactpoint", "user", "purpose"])
def test_nothing_but_reference_tables_is_in_the_admin(model: str, admin: Client) -> None:
    assert admin.get(f"/admin/crm/{model}/").status_code == 404


def test_a_tag_made_in_the_admin_belongs_to_ones_own_organisation(
    socr: Organisation, neu: Organisation, admin: Client
) -> None:
    Tag.objects.create(organisation=neu, name="Rally")
    answer = admin.post(reverse("admin:crm_tag_add"), {"name": "Rally"})
    assert answer.status_code == 302
    tag = Tag.objects.get(organisation=socr)
    assert tag.name == "Rally"
    assert LogEntry.objects.get().object_repr == "Rally"
    again = admin.post(reverse("admin:crm_tag_add"), {"name": "Rally"})
    assert "one of this name already" in again.content.decode()
    rename = admin.post(reverse("admin:crm_tag_change", args=[tag.pk]), {"name": "March"})
    assert rename.status_code == 302


def test_a_tag_of_another_organisation_is_not_in_the_admin(
    neu: Organisation, admin: Client
) -> None:
    theirs = Tag.objects.create(organisation=neu, name="NEU reps 2026")
    assert "NEU reps" not in admin.get(reverse("admin:crm_tag_changelist")).content.decode()
    answer = admin.get(reverse("admin:crm_tag_change", args=[theirs.pk]), follow=True)
    assert "NEU reps" not in answer.content.decode()


def test_a_deleted_tag_leaves_the_people(socr: Organisation, admin: Client) -> None:
    tag = Tag.objects.create(organisation=socr, name="Old")
    person = factories.supporter(socr)
    SupporterTag.objects.create(organisation=socr, supporter=person, tag=tag)
    url = reverse("admin:crm_tag_delete", args=[tag.pk])
    assert "People who have it: 1" in " ".join(admin.get(url).content.decode().split())
    assert admin.post(url, {"post": "yes"}).status_code == 302
    assert not Tag.objects.exists()
    person.refresh_from_db()


def test_a_tag_that_a_segment_asks_for_is_not_deleted(socr: Organisation, admin: Client) -> None:
    tag = Tag.objects.create(organisation=socr, name="Asked for")
    rules = {"match": "all", "rules": [{"field": "tag", "op": "is_not", "value": tag.pk}]}
    Segment.objects.create(organisation=socr, name="Others", rules=rules)
    page = admin.post(reverse("admin:crm_tag_delete", args=[tag.pk]), {"post": "yes"})
    assert "Segment: Others" in page.content.decode()
    assert Tag.objects.exists()


def test_roles_and_branches_are_never_deleted(socr: Organisation, admin: Client) -> None:
    role = Role.objects.get(code="senco")
    branch = Branch.objects.create(organisation=socr, name="Surrey")
    for url in (
        reverse("admin:crm_role_delete", args=[role.pk]),
        reverse("admin:crm_branch_delete", args=[branch.pk]),
    ):
        assert admin.post(url, {"post": "yes"}).status_code == 403


def test_a_role_gets_another_synonym(admin: Client) -> None:
    role = Role.objects.get(code="senco")
    given = {"code": role.code, "label": role.label, "synonyms": f"{role.synonyms}\nsenlead"}
    admin.post(reverse("admin:crm_role_change", args=[role.pk]), given)
    role.refresh_from_db()
    assert role.synonyms.endswith("senlead")


def test_a_special_role_stays_special_and_keeps_its_code(socr: Organisation, admin: Client) -> None:
    role = Role.objects.get(code="parent_carer_send")
    given = {"code": "ally2", "label": "Parent", "synonyms": "mum"}
    admin.post(reverse("admin:crm_role_change", args=[role.pk]), given)
    role.refresh_from_db()
    assert (role.label, role.code, role.is_special) == ("Parent", "parent_carer_send", True)
    for change in ({"is_special": False}, {"code": "ally2"}):
        with (
            pytest.raises(ProgrammingError, match="stays special"),
            wall.scope("staff", organisation_id=socr.pk),
        ):
            Role.objects.filter(pk=role.pk).update(**change)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_exported_cell_is_a_formula(start: str, socr: Organisation, admin: Client) -> None:
    Topic.objects.create(organisation=socr, name=f"{start}HYPERLINK(1)")
    url = reverse("admin:crm_topic_export")
    csv = admin.post(url, {"format": "0"}).content.decode()
    assert f"'{start}HYPERLINK(1)" in csv
    book = load_workbook(io.BytesIO(admin.post(url, {"format": "1"}).content))
    assert book.worksheets[0]["A2"].data_type == "s"


@pytest.mark.parametrize("model", [Tag, Topic, Branch])
def test_the_keys_in_the_admins_addresses_count_nothing(
    socr: Organisation, neu: Organisation, model: type[Tag | Topic | Branch]
) -> None:
    keys = [
        model._default_manager.create(organisation=where, name=str(number)).pk
        for number in range(8)
        for where in (socr, neu)
    ]
    assert len(set(keys)) == len(keys)
    assert sorted(keys) != keys
    assert max(keys) - min(keys) > len(keys)
