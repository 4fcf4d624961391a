"""An account lets nobody in but the one whom the organisation invited, whoever made it and when."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import Membership, Organisation, User
from crm.services import organisations
from tests import factories

pytestmark = pytest.mark.django_db

EMAIL = "noor@neu.example.org"
KNOWN = "known to somebody else"


def invite(where: Organisation, email: str = EMAIL) -> User:
    with wall.scope("staff", organisation_id=where.pk):
        member = organisations.invite(organisation=where, email=email, role="organiser")
    return User.objects.get(pk=member.user_id)


def accept(account: User, link: str = "") -> int:
    """Set the password by a link, by default a new one; give the answer's status."""
    link = link or reverse("accept-invitation", args=organisations.invitation_path(user=account))
    said = {"name": "Noor Abbas", "new_password1": KNOWN, "new_password2": KNOWN}
    return Client().post(link, said).status_code


def is_let_in(email: str = EMAIL) -> bool:
    client = Client()
    client.post(reverse("sign-in"), {"username": email, "password": KNOWN})
    return client.get(reverse("people")).status_code == 200


def leave(account: User) -> None:
    Membership.objects.filter(user=account).delete()


@pytest.fixture
def made_by_the_coalition(coalition: Organisation) -> User:
    """An account in the name of NEU's staff, of which an admin of the coalition knows the password."""
    account = invite(coalition)
    assert accept(account) == 302
    return User.objects.get(pk=account.pk)


def test_a_partner_takes_no_account_that_the_coalition_made(
    made_by_the_coalition: User, neu: Organisation
) -> None:
    with pytest.raises(ValidationError, match="made elsewhere"):
        invite(neu)
    assert not Membership.objects.filter(organisation=neu).exists()


def test_whoever_knows_the_password_of_an_account_without_a_role_gets_none_by_the_next_invitation(
    made_by_the_coalition: User, neu: Organisation
) -> None:
    leave(made_by_the_coalition)
    account = invite(neu)
    assert not is_let_in()
    assert accept(account) == 302
    assert is_let_in()


def test_the_link_of_an_invitation_that_was_taken_back_opens_no_later_one(
    coalition: Organisation, neu: Organisation
) -> None:
    account = invite(coalition)
    link = reverse("accept-invitation", args=organisations.invitation_path(user=account))
    leave(account)
    invite(neu)
    assert accept(account, link) == 410


def test_the_coalition_may_invite_an_account_that_a_partner_made(
    neu: Organisation, coalition: Organisation
) -> None:
    theirs = factories.user(neu)
    assert invite(coalition, theirs.email) == theirs
    assert theirs.check_password(factories.PASSWORD)


def test_nobody_changes_the_account_of_a_colleague(coalition: Organisation) -> None:
    mine, theirs = factories.user(coalition), factories.user(coalition)
    with (
        wall.scope("staff", organisation_id=coalition.pk, user_id=mine.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE crm_user SET password = 'mine' RETURNING id")
        assert cursor.fetchall() == [(mine.pk,)]
    theirs.refresh_from_db()
    assert theirs.check_password(factories.PASSWORD)
