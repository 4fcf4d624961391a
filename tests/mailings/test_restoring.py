"""A restored backup: nothing goes out until the refusals are back, and nothing goes out a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from crm.models import Organisation, ServiceMail
from crm.services import backups, letters
from mailings import dispatch
from mailings.models import Campaign, Chunk, Delivery
from tests.crm.test_backups import MAIL, restored, said_yes
from tests.mailings.conftest import Relay, campaign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.COALESCE_HOME = tmp_path


def test_messages_that_may_have_gone_out_since_the_backup_are_not_sent_again(
    socr: Organisation, relay: Relay
) -> None:
    point = said_yes(socr)
    mailing = campaign(socr)
    Campaign.objects.filter(pk=mailing.pk).update(state=Campaign.State.SENDING)
    Delivery.objects.create(
        organisation=socr,
        campaign=mailing,
        version=mailing.versions.get(),
        supporter=point.supporter,
        contact_point=point,
        mailbox=point.keys.mailbox,
        seq=1,
    )
    Chunk.objects.create(campaign=mailing, first=1, last=1)
    restored(said_yes(socr, "sam@example.org"))
    assert not dispatch.send_chunk(mailing.pk)
    call_command("replay_suppressions")
    assert not dispatch.send_chunk(mailing.pk)
    assert relay.inboxes == []
    assert Delivery.objects.get().status == Delivery.Status.IN_DOUBT


def test_service_mail_waits_as_well(socr: Organisation, relay: Relay) -> None:
    letters.post(organisation_id=socr.pk, kind=ServiceMail.Kind.CASE, address=MAIL, facts={})
    restored(said_yes(socr))
    assert dispatch.send_service_mail() == 0
    backups.replay()
    assert dispatch.send_service_mail() == 1
    assert relay.inboxes == [MAIL]
