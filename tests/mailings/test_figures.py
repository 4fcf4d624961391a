"""What is told of campaigns of several organisations: tens, counted once, so that no subtraction tells anything."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import AuditEntry, Membership, Organisation, StewardView, User
from crm.services import steward
from crm.sql import fold
from mailings import figures
from mailings.models import Audience, Campaign, Delivery, Figures
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


def sent_together(
    socr: Organisation, neu: Organisation, *, both: int, socr_alone: int = 0, neu_alone: int = 0
) -> Campaign:
    """A coordinated campaign that is done, with so many inboxes on both lists and on one."""
    for number in range(both):
        for where in (socr, neu):
            supporter_who_said_yes(where, f"both{number}@example.org")
    for where, count in ((socr, socr_alone), (neu, neu_alone)):
        for number in range(count):
            supporter_who_said_yes(where, f"{where.code.lower()}{number}@example.org")
    fold.rebuild()
    return send_all(campaign(socr, neu))


def joint_organiser(coalition: Organisation) -> User:
    return factories.user(coalition)


def page_of(made: Campaign, user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse("campaign", args=[made.public_id])).content.decode()


def test_an_overlap_of_seven_reads_fewer_than_10_to_a_joint_organiser(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    """Scenario 88: it reads "fewer than 10\""""
    made = sent_together(socr, neu, both=7, socr_alone=8)
    page = page_of(made, joint_organiser(coalition))
    assert Figures.objects.get().overlap == 7
    overlap = page.split("Inboxes on more than one list", 1)[1].split("</div>", 1)[0]
    assert "fewer than 10" in overlap
    assert "7" not in overlap


def test_one_email_arrives_and_neither_report_gives_the_overlap_away(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    """Scenario 27: one email arrives; each timeline says "included"; neither report gives the overlap away"""
    made = sent_together(socr, neu, both=1, socr_alone=11, neu_alone=11)
    assert relay.inboxes.count("both0@example.org") == 1
    for where in (socr, neu):
        staff = factories.user(where)
        report = page_of(made, staff)
        assert "Inboxes on more than one list" not in report
        assert "20 of 20" in report  # 23 messages, rounded
        assert "23" not in report.split('id="progress"', 1)[1].split("</section>", 1)[0]
        client = Client()
        client.force_login(staff)
        for entry in Audience.objects.filter(organisation=where).select_related("supporter"):
            mail = client.get(reverse("person-mail", args=[entry.supporter.public_id]))
            assert f"{made.name}</a>: Included" in mail.content.decode()


def test_partners_are_told_no_total_under_ten(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    made = sent_together(socr, neu, both=2, socr_alone=1)
    assert "Fewer than 10 emails" in page_of(made, factories.user(socr))


def test_the_totals_are_counted_once(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    made = sent_together(socr, neu, both=2, socr_alone=12)
    organiser = joint_organiser(coalition)
    first = page_of(made, organiser)
    counted = Figures.objects.get().counted_at
    Delivery.objects.filter(campaign=made).delete()
    assert "about 10" in first
    assert "Sent</dt><dd>about 10" in page_of(made, organiser)
    assert Figures.objects.get().counted_at == counted
    looks = AuditEntry.objects.filter(user=organiser, reason__startswith="totals")
    assert looks.count() == 2


@pytest.mark.parametrize("mode", ["partner", "before"])
def test_nobody_else_is_given_totals_and_none_before_it_is_done(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay, mode: str
) -> None:
    made = sent_together(socr, neu, both=2)
    if mode == "before":
        Campaign.objects.filter(pk=made.pk).update(state=Campaign.State.SENDING)
    where = socr if mode == "partner" else coalition
    with wall.scope("staff", organisation_id=where.pk, user_id=factories.user(where).pk):
        assert figures.for_joint_organisers(made) is None
    assert not Figures.objects.exists()


def test_an_own_campaign_has_no_totals_of_this_kind(
    socr: Organisation, coalition: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    with wall.scope("staff", organisation_id=coalition.pk):
        assert figures.for_joint_organisers(made) is None


def test_the_steward_reads_rounded_totals_and_the_look_is_noted(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    made = sent_together(socr, neu, both=12, socr_alone=2)
    with wall.scope("platform"):
        account = steward.add_steward(email="sam@steward.example.org", name="Sam")
    client = Client()
    client.force_login(account)
    page = client.get(reverse("steward-figures")).content.decode()
    assert "Inboxes on more than one list</dt><dd>about 10" in page
    assert "Sent</dt><dd>about 10" in page
    assert StewardView.objects.get().shown == [made.public_id]
    assert not Membership.objects.filter(user=account).exists()
