"""Who may open which page: signing in, invitations, admins' pages, and the wall around every address."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import Membership, Organisation, Segment, User
from crm.services import organisations
from tests import factories

pytestmark = pytest.mark.django_db

FOR_STAFF = ["home", "people", "add-person", "segments", "add-segment", "choose-organisation"]
FOR_ADMINS = [
    "settings",
    "add-wording",
    "add-purpose",
    "edit-organisation",
    "staff",
    "invite-staff",
    "admin:index",
]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", FOR_STAFF)
def test_an_organiser_opens_the_pages_of_people_and_segments(name: str, socr: Organisation) -> None:
    assert signed_in(factories.user(socr)).get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_only_admins_open_the_settings(name: str, socr: Organisation) -> None:
    assert signed_in(factories.admin(socr)).get(reverse(name)).status_code == 200
    answer = signed_in(factories.user(socr)).get(reverse(name), follow=True)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", [*FOR_STAFF, *FOR_ADMINS])
def test_who_is_not_signed_in_is_sent_to_the_page_for_it(name: str, socr: Organisation) -> None:
    answer = Client().get(reverse(name), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", [*FOR_STAFF, *FOR_ADMINS, "campaigns", "imports"])
def test_an_account_without_a_role_is_told_so_everywhere(name: str, db: None) -> None:
    user = User.objects.create_user("lost@example.org", factories.PASSWORD)
    answer = signed_in(user).get(reverse(name), follow=True)
    assert answer.status_code == 200
    assert "You work for no organisation yet" in answer.content.decode()


def test_an_admin_elsewhere_is_no_admin_here(socr: Organisation, coalition: Organisation) -> None:
    user = factories.user(socr)
    Membership.objects.create(
        user=user, organisation=coalition, role=Membership.Role.ADMIN, in_partner=False
    )
    client = signed_in(user)
    for name in FOR_ADMINS:
        assert client.get(reverse(name), follow=True).status_code == 403
    client.post(reverse("choose-organisation"), {"organisation": coalition.code})
    assert client.get(reverse("settings")).status_code == 200


def test_nobody_chooses_an_organisation_they_do_not_work_for(
    socr: Organisation, neu: Organisation
) -> None:
    client = signed_in(factories.user(socr))
    answer = client.post(reverse("choose-organisation"), {"organisation": neu.code})
    assert answer.status_code == 404
    assert socr.name in client.get(reverse("home")).content.decode()


def test_every_address_of_another_organisation_is_not_there(
    socr: Organisation, neu: Organisation
) -> None:
    person = factories.supporter(neu)
    point = factories.address(person)
    segment = Segment.objects.create(organisation=neu, name="All", rules={})
    colleague = Membership.objects.get(user=factories.user(neu))
    client = signed_in(factories.admin(socr))
    theirs = {
        person.public_id: ["person", "record-stop"],
        point.public_id: ["mend-address", "record-yes"],
        segment.public_id: ["segment", "edit-segment"],
    }
    for public_id, names in theirs.items():
        for name in names:
            assert client.get(reverse(name, args=[public_id])).status_code == 404
            assert client.post(reverse(name, args=[public_id])).status_code in (404, 405)
    for name, public_id in (
        ("add-tag", person.public_id),
        ("remove-tag", person.public_id),
        ("tag-segment", segment.public_id),
        ("delete-segment", segment.public_id),
        ("remove-staff", colleague.public_id),
    ):
        assert client.post(reverse(name, args=[public_id]), {"tag": "x"}).status_code == 404
    assert client.get(reverse("people"), {"before": str(person.public_id)}).status_code == 404


def test_an_id_that_was_never_given_looks_like_another_organisations(socr: Organisation) -> None:
    client = signed_in(factories.user(socr))
    assert client.get(reverse("person", args=[uuid.uuid4()])).status_code == 404


def test_signing_in_ignores_the_case_of_the_address(socr: Organisation) -> None:
    user = factories.user(socr, email="orla@socr.example.org")
    client = Client()
    given = {"username": "Orla@SOCR.example.org", "password": factories.PASSWORD}
    assert client.post(reverse("sign-in"), given).headers["Location"] == reverse("home")
    assert client.get(reverse("home")).context["user"] == user
    client.post(reverse("sign-out"))
    assert isinstance(client.get(reverse("sign-in")).context["user"], AnonymousUser)


def test_signing_in_goes_on_to_the_page_that_was_asked_for(socr: Organisation) -> None:
    user = factories.user(socr)
    client = Client()
    asked = client.get(reverse("people"), follow=True).redirect_chain[-1][0]
    answer = client.post(asked, {"username": user.email, "password": factories.PASSWORD})
    assert answer.headers["Location"] == reverse("people")


def test_a_wrong_password_says_what_to_do(socr: Organisation) -> None:
    user = factories.user(socr)
    answer = Client().post(reverse("sign-in"), {"username": user.email, "password": "no"})
    assert "Check both and try again" in answer.content.decode()


def test_an_invited_colleague_chooses_a_name_and_password_and_is_in(socr: Organisation) -> None:
    admin = signed_in(factories.admin(socr))
    page = admin.post(
        reverse("invite-staff"), {"email": "New@socr.example.org", "role": "organiser"}, follow=True
    )
    link = page.context["link"]
    assert link in page.content.decode()
    colleague = Client()
    assert "new@socr.example.org" in colleague.get(link).content.decode()
    password = "three quiet words here"
    given = {"name": "Noor New", "new_password1": password, "new_password2": password}
    answer = colleague.post(link, given, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("home")
    assert colleague.get(link, follow=True).redirect_chain[-1][0] == reverse("home")
    assert Client().get(link).status_code == 410
    assert "Noor New" in admin.get(reverse("staff")).content.decode()


def test_the_link_of_a_colleague_who_has_a_password_is_never_shown(socr: Organisation) -> None:
    admin = factories.admin(socr)
    other = Membership.objects.get(user=factories.user(socr))
    page = signed_in(admin).get(reverse("staff"), {"invited": str(other.public_id)})
    assert not page.context["link"]


@pytest.mark.parametrize("uid", ["x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "MA"])
def test_a_forged_invitation_is_over(uid: str, db: None) -> None:
    answer = Client().get(reverse("accept-invitation", args=[uid, "abc-def"]))
    assert answer.status_code == 410


def test_somebody_who_works_for_another_partner_cannot_be_invited(
    socr: Organisation, neu: Organisation
) -> None:
    theirs = factories.user(neu)
    page = signed_in(factories.admin(socr)).post(
        reverse("invite-staff"), {"email": theirs.email, "role": "organiser"}
    )
    assert "cannot be used here" in page.content.decode()


def test_a_leaver_sees_nothing_with_their_next_click(socr: Organisation) -> None:
    admin, leaver = factories.admin(socr), factories.user(socr)
    theirs = signed_in(leaver)
    assert theirs.get(reverse("people")).status_code == 200
    member = Membership.objects.get(user=leaver)
    signed_in(admin).post(reverse("remove-staff", args=[member.public_id]))
    answer = theirs.get(reverse("people"))
    assert answer.headers["Location"] == reverse("choose-organisation")


def test_nobody_removes_themselves(socr: Organisation) -> None:
    admin = factories.admin(socr)
    member = Membership.objects.get(user=admin)
    page = signed_in(admin).post(reverse("remove-staff", args=[member.public_id]), follow=True)
    assert "You cannot remove yourself" in page.content.decode()
    assert Membership.objects.filter(pk=member.pk).exists()


def test_a_forgotten_password_is_replaced_by_a_link_in_an_email(socr: Organisation) -> None:
    user = factories.user(socr)
    client = Client()
    for address in ("nobody@example.org", user.email):
        answer = client.post(reverse("password_reset"), {"email": address}, follow=True)
        assert "If someone works here" in answer.content.decode()
    (letter,) = mail.outbox
    link = next(word for word in str(letter.body).split() if word.startswith("http://"))
    page = client.get(link, follow=True)
    password = "three quiet words here"
    client.post(page.redirect_chain[-1][0], {"new_password1": password, "new_password2": password})
    given = {"username": user.email, "password": password}
    assert client.post(reverse("sign-in"), given).headers["Location"] == reverse("home")


def test_an_invitation_that_came_from_the_command_opens_too(socr: Organisation) -> None:
    member = organisations.invite(
        organisation=socr, email="first@socr.example.org", role=Membership.Role.ADMIN
    )
    parts = organisations.invitation_path(user=User.objects.get(pk=member.user_id))
    assert Client().get(reverse("accept-invitation", args=parts)).status_code == 200


def test_an_open_invitation_lets_no_second_organisation_in(
    socr: Organisation, coalition: Organisation
) -> None:
    """Else either's link would set the password that opens both lists."""
    email = "new@socr.example.org"
    with wall.scope("staff", organisation_id=socr.pk):
        organisations.invite(organisation=socr, email=email, role=Membership.Role.ORGANISER)
    with (
        pytest.raises(ValidationError, match="not accepted yet"),
        wall.scope("staff", organisation_id=coalition.pk),
    ):
        organisations.invite(organisation=coalition, email=email, role=Membership.Role.ORGANISER)
