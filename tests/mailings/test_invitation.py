"""A campaign may invite its readers to the joint list, or to keep their emails, after asking the gate about each."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm.models import Organisation
from crm.sql import fold
from mailings.models import Campaign, Version
from tests import factories
from tests.crm import public
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


def test_only_who_may_be_mailed_is_invited_and_each_by_their_own_link(
    client: Client, socr: Organisation, coalition: Organisation, relay: Relay
) -> None:
    public.form(coalition)
    supporter_who_said_yes(socr, "priya@example.org")
    factories.address(factories.supporter(socr, "Tom"), "tom@example.org")
    fold.rebuild()
    made = campaign(socr)
    Version.objects.update(approved_at=None, approved_by=None, extra_link="joint")
    Version.objects.update(approved_at=made.due_at, approved_by=factories.user(socr))
    send_all(made)
    assert relay.inboxes == ["priya@example.org"]
    (message,) = relay.messages
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        (path,) = re.findall(r"https?://[^/]+(/p/[^/]+/joint/)", body.get_content())
        assert "Would you like joint emails" in client.get(path).content.decode()


def test_a_campaign_can_ask_its_readers_whether_they_want_to_keep_their_emails(
    client: Client, socr: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    made = campaign(socr)
    Version.objects.update(approved_at=None, approved_by=None, extra_link="renewal")
    Version.objects.update(approved_at=made.due_at, approved_by=factories.user(socr))
    send_all(made)
    (message,) = relay.messages
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        assert "Keep getting these emails" in body.get_content()
        (path,) = re.findall(r"https?://[^/]+(/p/[^/]+/renew/)", body.get_content())
        assert "Do you want to keep your emails?" in client.get(path).content.decode()


def test_a_campaign_that_does_not_invite_has_no_such_link(
    socr: Organisation, coalition: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    send_all(campaign(socr))
    assert "/joint/" not in str(relay.messages[0])
    assert "/renew/" not in str(relay.messages[0])


def test_the_invitation_is_frozen_with_the_text(socr: Organisation) -> None:
    campaign(socr)
    with pytest.raises(IntegrityError, match="withdraw the approval"), transaction.atomic():
        Version.objects.update(extra_link="joint")


def test_an_organiser_chooses_the_link_below_the_text(client: Client, socr: Organisation) -> None:
    made = campaign(socr)
    Version.objects.update(approved_at=None, approved_by=None)
    Campaign.objects.update(state="draft")
    client.force_login(factories.user(socr))
    given = {"purpose": factories.purpose(socr).pk, "subject": "News", "body": "Dear friend"}
    page = reverse("campaign-text", args=[made.public_id])
    assert client.post(page, {**given, "extra_link": "renewal"}).status_code == 302
    assert Version.objects.get().extra_link == "renewal"
    assert client.post(page, {**given, "extra_link": ""}).status_code == 302
    assert Version.objects.get().extra_link == ""


def test_it_is_offered_only_while_the_joint_list_has_a_form(
    client: Client, socr: Organisation, coalition: Organisation
) -> None:
    made = campaign(socr)
    client.force_login(factories.user(socr))
    page = reverse("campaign-text", args=[made.public_id])
    assert "Invite readers" not in client.get(page).content.decode()
    public.form(coalition)
    assert "Invite readers" in client.get(page).content.decode()
