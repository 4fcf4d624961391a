"""A campaign of one organisation may invite its readers to the joint list, after asking the gate about each."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm.models import Organisation
from crm.sql import fold
from mailings.models import Version
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
    Version.objects.update(approved_at=None, approved_by=None, invites_to_joint=True)
    Version.objects.update(approved_at=made.due_at, approved_by=factories.user(socr))
    send_all(made)
    assert relay.inboxes == ["priya@example.org"]
    (message,) = relay.messages
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        (path,) = re.findall(r"https?://[^/]+(/p/[^/]+/joint/)", body.get_content())
        assert "Would you like joint emails" in client.get(path).content.decode()


def test_a_campaign_that_does_not_invite_has_no_such_link(
    socr: Organisation, coalition: Organisation, relay: Relay
) -> None:
    supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    send_all(campaign(socr))
    assert "/joint/" not in str(relay.messages[0])


def test_the_invitation_is_frozen_with_the_text(socr: Organisation) -> None:
    campaign(socr)
    with pytest.raises(IntegrityError, match="withdraw the approval"), transaction.atomic():
        Version.objects.update(invites_to_joint=True)


def test_it_is_offered_only_while_the_joint_list_has_a_form(
    client: Client, socr: Organisation, coalition: Organisation
) -> None:
    made = campaign(socr)
    client.force_login(factories.user(socr))
    page = reverse("campaign-text", args=[made.public_id])
    assert "Invite readers" not in client.get(page).content.decode()
    public.form(coalition)
    assert "Invite readers" in client.get(page).content.decode()
