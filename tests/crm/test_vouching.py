"""A yes told to staff after a stop counts with a colleague's word and the person's own confirmation, not before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import Action, ConsentEvent, ContactPoint, Organisation, ServiceMail, User
from crm.reasons import Reason
from crm.services import permissions
from mailings import letters
from tests import factories
from tests.crm.public import carry_out, last_mail, link_in, press, reasons, said_yes, words

pytestmark = pytest.mark.django_db

Kind = ServiceMail.Kind
YOUNG = Reason.AGE_UNKNOWN_MINOR_RISK


@pytest.fixture
def ada(socr: Organisation) -> User:
    return factories.user(socr, name="Ada Admin")


@pytest.fixture
def ben(socr: Organisation) -> User:
    return factories.user(socr, name="Ben Organiser")


@pytest.fixture
def point(socr: Organisation) -> ContactPoint:
    """Somebody who said stop a month ago."""
    found = said_yes(socr)
    stop(found)
    return found


def stop(point: ContactPoint, action: Action = Action.UNSUB_ALL_ORG, days: int = 30) -> None:
    factories.event(point, action, at=timezone.now() - timedelta(days=days))
    permissions.refold(supporter_ids=[point.supporter_id])


def tell(point: ContactPoint, staff: User) -> None:
    """Record with a colleague that they want emails again."""
    with wall.scope("staff", organisation_id=point.organisation_id):
        permissions.record_yes(
            point=point,
            purpose=factories.purpose(point.organisation),
            statement=factories.statement(point.organisation),
            said_at=timezone.now() - timedelta(hours=1),
            words="By phone, on Monday.",
            actor=staff,
        )


def tell_staff_after_a_stop(point: ContactPoint, staff: User) -> None:
    stop(point)
    tell(point, staff)


def page(staff: User, point: ContactPoint) -> str:
    client = Client()
    client.force_login(staff)
    return words(client.get(reverse("person", args=[point.supporter.public_id])))


def vouch(staff: User, point: ContactPoint) -> str:
    client = Client()
    client.force_login(staff)
    url = reverse("vouch", args=[point.public_id])
    answer: Any = client.post(url, {"purpose": "updates"}, follow=True)
    carry_out()
    return words(answer)


def test_it_counts_once_a_colleague_vouched_and_the_person_confirmed(
    client: Client, point: ContactPoint, ada: User, ben: User
) -> None:
    tell(point, ada)
    assert "it counts once a colleague vouches for it" in page(ben, point)
    assert "it counts once they confirm it" in vouch(ben, point)
    assert Reason.ORG_UNSUBSCRIBED in reasons(point)
    told = page(ada, point)
    assert "Ben Organiser vouched for it" in told
    assert "we wrote to them on" in told
    press(client, Kind.CONFIRM_YES)
    assert reasons(point) & ~YOUNG == Reason(0)
    grant = ConsentEvent.objects.filter(action=Action.GRANT).latest("pk")
    assert (grant.actor, grant.second_actor) == (ada, ben)


def test_the_letter_says_what_they_said_yes_to_and_opens_a_page_that_does_nothing_by_itself(
    client: Client, point: ContactPoint, ada: User, ben: User
) -> None:
    tell(point, ada)
    vouch(ben, point)
    mail = last_mail(Kind.CONFIRM_YES)
    text = letters.compose(mail, mail.organisation).text
    assert factories.statement(point.organisation).words in text
    client.get(link_in(mail))
    carry_out()
    assert Reason.ORG_UNSUBSCRIBED in reasons(point)


def test_nobody_vouches_for_a_yes_that_they_recorded(point: ContactPoint, ada: User) -> None:
    tell(point, ada)
    assert "Ask a colleague to open this page and vouch for it" in page(ada, point)
    assert "You recorded this yes yourself" in vouch(ada, point)
    assert not ServiceMail.objects.exists()


def test_a_second_click_writes_no_second_letter(point: ContactPoint, ada: User, ben: User) -> None:
    tell(point, ada)
    vouch(ben, point)
    vouch(ben, point)
    assert ServiceMail.objects.count() == 1
    assert ConsentEvent.objects.filter(second_actor=ben).count() == 1


def test_a_stop_after_that_yes_leaves_nothing_to_vouch_for(
    point: ContactPoint, ada: User, ben: User
) -> None:
    tell(point, ada)
    stop(point, days=0)
    assert "vouch" not in page(ben, point)
    assert "no recorded yes at this address that waits" in vouch(ben, point)


@pytest.mark.parametrize("action", [Action.STOP_EVERYTHING, Action.COMPLAINT])
def test_what_only_the_person_can_lift_is_not_vouched_away(
    socr: Organisation, ada: User, ben: User, action: Action
) -> None:
    found = said_yes(socr)
    stop(found, action)
    tell(found, ada)
    assert "no recorded yes at this address that waits" in vouch(ben, found)


def test_a_stop_between_the_two_steps_wins(
    client: Client, point: ContactPoint, ada: User, ben: User
) -> None:
    tell(point, ada)
    vouch(ben, point)
    stop(point, days=0)
    press(client, Kind.CONFIRM_YES)
    assert Reason.ORG_UNSUBSCRIBED in reasons(point)


def test_another_organisation_finds_nothing_to_vouch_for(
    neu: Organisation, point: ContactPoint, ada: User
) -> None:
    tell(point, ada)
    client = Client()
    client.force_login(factories.user(neu))
    answer = client.post(reverse("vouch", args=[point.public_id]), {"purpose": "updates"})
    assert answer.status_code == 404
