"""Nothing is sent for an organisation before it has gone live, and the database sees to it (Art. 35)."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import AuditEntry, GoLive, Organisation, User
from crm.services import golive
from crm.sql import fold
from mailings.models import Campaign, Delivery, Version
from mailings.services import campaigns, sending
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def off(socr: Organisation) -> GoLive:
    GoLive.objects.filter(organisation=socr).update(turned_on_at=None)
    return GoLive.objects.get(organisation=socr)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def draft(where: Organisation, author: User) -> Version:
    made = Campaign.objects.create(organisation=where, name="First", created_by=author)
    return Version.objects.create(
        organisation=where,
        campaign=made,
        purpose=factories.purpose(where),
        subject="Hello",
        body="Hello",
        author=author,
    )


@pytest.mark.parametrize("state", [Campaign.State.SCHEDULED, Campaign.State.SENDING])
def test_no_campaign_of_an_organisation_that_is_not_live_is_scheduled_or_sent(
    socr: Organisation, off: GoLive, state: str
) -> None:
    made = draft(socr, factories.user(socr)).campaign
    with pytest.raises(IntegrityError, match="go live"), transaction.atomic():
        Campaign.objects.filter(pk=made.pk).update(state=state, due_at=timezone.now())
    with pytest.raises(IntegrityError, match="go live"), transaction.atomic():
        campaign(socr)


@pytest.mark.parametrize("who", ["SOCR", "NEU", "JOINT"])
def test_a_coordinated_campaign_needs_every_partner_and_the_coalition_live(
    socr: Organisation, neu: Organisation, coalition: Organisation, who: str
) -> None:
    GoLive.objects.filter(organisation__code=who).update(turned_on_at=None)
    with pytest.raises(IntegrityError, match="go live"), transaction.atomic():
        campaign(socr, neu)


def test_an_own_campaign_does_not_wait_for_the_other_partner(
    socr: Organisation, neu: Organisation
) -> None:
    GoLive.objects.filter(organisation=neu).update(turned_on_at=None)
    assert campaign(socr).state == Campaign.State.SCHEDULED


@pytest.mark.parametrize(
    ("table", "missing", "code"),
    [
        (Organisation, {"legal_name": " "}, "imprint"),
        (Organisation, {"postal_address": ""}, "imprint"),
        (Organisation, {"sender_address": "news@elsewhere.example.org"}, "sender"),
        (GoLive, {"dpia_reference": ""}, "dpia"),
        (GoLive, {"dpia_signed_by": ""}, "dpia"),
        (GoLive, {"dpia_signed_on": None}, "dpia"),
        (GoLive, {"sending_domain": ""}, "sender"),
    ],
)
def test_what_goes_missing_later_stops_the_next_campaign(
    socr: Organisation, table: type, missing: dict[str, object], code: str
) -> None:
    key = {"pk": socr.pk} if table is Organisation else {"organisation": socr}
    table.objects.filter(**key).update(**missing)
    with wall.scope("staff", organisation_id=socr.pk):
        assert code in golive.missing()
    with pytest.raises(IntegrityError, match="go live"), transaction.atomic():
        campaign(socr)


def test_one_colleague_is_not_enough_to_turn_sending_on(socr: Organisation, off: GoLive) -> None:
    admin = factories.admin(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=admin.pk):
        with pytest.raises(ValidationError, match="Two colleagues"):
            golive.turn(is_on=True)
    factories.user(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=admin.pk):
        golive.turn(is_on=True)
    off.refresh_from_db()
    assert off.turned_on_by == admin


def test_staff_cannot_turn_sending_on_but_by_the_function(socr: Organisation, off: GoLive) -> None:
    with wall.scope("staff", organisation_id=socr.pk):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            GoLive.objects.update(turned_on_at=timezone.now())


def test_an_admin_goes_through_the_checklist(socr: Organisation, off: GoLive) -> None:
    GoLive.objects.filter(pk=off.pk).update(
        dpia_reference="", dpia_signed_by="", dpia_signed_on=None, sending_domain=""
    )
    admin, _ = factories.admin(socr), factories.user(socr)
    client, url = signed_in(admin), reverse("go-live")
    assert "Turn sending on" not in client.get(url).content.decode()
    refused = client.post(reverse("turn-on-sending"), follow=True).content.decode()
    assert "impact assessment is not signed off" in refused
    given = {
        "dpia_reference": "DPIA-7",
        "dpia_signed_by": "Dana Lead",
        "dpia_signed_on": "2026-01-05",
        "sending_domain": "news@SOCR.example.org",
    }
    assert "Turn sending on" in client.post(url, given, follow=True).content.decode()
    assert "Sending is on" in client.post(reverse("turn-on-sending"), follow=True).content.decode()
    off.refresh_from_db()
    assert (off.dpia_signed_on, off.sending_domain) == (date(2026, 1, 5), "socr.example.org")
    assert AuditEntry.objects.filter(table="crm_golive", user=admin).count() == 2
    client.post(reverse("turn-off-sending"))
    off.refresh_from_db()
    assert off.turned_on_at is None


def test_approving_says_what_to_do_while_sending_is_off(socr: Organisation, off: GoLive) -> None:
    version = draft(socr, factories.user(socr))
    client = signed_in(factories.admin(socr))
    page = client.post(reverse("approve-campaign", args=[version.campaign.public_id]), follow=True)
    assert "Sending is off for Save Our Children’s Rights" in page.content.decode()
    version.campaign.refresh_from_db()
    assert version.campaign.state == Campaign.State.DRAFT


def test_a_test_to_oneself_works_before(socr: Organisation, off: GoLive, relay: Relay) -> None:
    author = factories.user(socr)
    version = draft(socr, author)
    signed_in(author).post(reverse("test-campaign", args=[version.campaign.public_id]))
    assert relay.inboxes == [author.email]


def test_turning_sending_off_holds_what_was_approved_and_what_is_under_way(
    socr: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    waiting, under_way = campaign(socr), campaign(socr)
    sending.freeze(campaign_id=under_way.pk)
    GoLive.objects.update(turned_on_at=None)
    assert sending.freeze(campaign_id=waiting.pk) == 0
    assert sending.sweep().to_freeze == []
    send_all(under_way)
    assert {d.status for d in Delivery.objects.all()} == {Delivery.Status.PENDING}
    assert campaigns.not_live(waiting) == [socr.name]
