"""Scenarios of docs/reference/scenarios.md about who gets a campaign and who is left out, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from crm import tokens, wall
from crm.models import (
    Action,
    AgeBand,
    ConsentEvent,
    ConsentHistory,
    ContactPoint,
    Organisation,
    Reach,
    Segment,
    Source,
    Supporter,
    User,
)
from crm.reasons import SENTENCES, Reason
from crm.services import permissions
from crm.sql import fold
from mailings import audience, dispatch
from mailings.models import Audience, Campaign, Chunk, Delivery, Version
from mailings.services import campaigns, sending
from tests import factories
from tests.imports.conftest import HEAD, bring
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
MAIL = "priya@example.org"


def stop(point: ContactPoint, source: Source = Source.PERSONAL) -> None:
    """Tell the organisation of this address to stop altogether."""
    with wall.scope("keeper", organisation_id=point.organisation_id):
        act = permissions.stop_organisation(
            supporter=point.supporter, source=source, detail="preference page"
        )
    permissions.refold_act(act_id=act)


def why(made: Campaign, point: ContactPoint) -> Reason:
    """Give the reasons that were fixed for the person of this address."""
    return Reason(Audience.objects.get(campaign=made, supporter=point.supporter_id).reasons)


def draft_for(where: Organisation, segment: Segment) -> Version:
    """A text that nobody has approved yet, for a segment."""
    made = campaign(where)
    Campaign.objects.filter(pk=made.pk).update(state=Campaign.State.DRAFT)
    Version.objects.filter(campaign=made).update(approved_at=None, approved_by=None)
    Version.objects.filter(campaign=made).update(segment=segment)
    return Version.objects.get(campaign=made)


def by_permission(where: Organisation, kind: str) -> Segment:
    """A segment of those whose permission stands in one way."""
    rule = {"field": "permission", "op": "is", "value": kind}
    return Segment.objects.create(organisation=where, name=kind, rules={"rules": [rule]})


def joint_yes(
    coalition: Organisation,
    *partners: Organisation,
    email: str = MAIL,
    at: datetime | None = None,
) -> ContactPoint:
    """Somebody who said yes to joint mail, to words that name these partners."""
    point = factories.address(factories.supporter(coalition), email)
    words = factories.statement(coalition, names_also=partners, names_owner=False)
    factories.granted(point, statement=words, at=at)
    return point


def joint_campaign(coalition: Organisation, **extra: Any) -> Campaign:
    """An approved campaign to the joint list."""
    made = campaign(coalition, **extra)
    Campaign.objects.filter(pk=made.pk).delete()  # its mode is settled when it is begun
    again = Campaign.objects.create(
        organisation=coalition,
        name=made.name,
        mode=Campaign.Mode.JOINT,
        state=Campaign.State.SCHEDULED,
        due_at=timezone.now(),
        created_by=made.created_by,
        **extra,
    )
    Version.objects.create(
        organisation=coalition,
        campaign=again,
        purpose=factories.purpose(coalition),
        subject="Both ask you",
        body="Dear {{ first_name|friend }},\n\nplease write.",
        author=made.created_by,
        approved_by=factories.user(coalition),
        approved_at=timezone.now(),
    )
    return again


@pytest.fixture
def on_both_lists(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> tuple[ContactPoint, ContactPoint]:
    """Somebody who said yes to SOCR, and yes and then stop to NEU; scenarios 4 to 6."""
    here, there = supporter_who_said_yes(socr, MAIL), supporter_who_said_yes(neu, MAIL)
    fold.rebuild()
    stop(there)
    return here, there


def test_4_yes_to_one_and_unsubscribed_from_the_other(
    on_both_lists: tuple[ContactPoint, ContactPoint], relay: Relay
) -> None:
    """Scenario 4: they get it."""
    send_all(campaign(on_both_lists[0].organisation))
    assert relay.inboxes == [MAIL]


def test_5_the_other_organisation_mails_them(
    on_both_lists: tuple[ContactPoint, ContactPoint], relay: Relay
) -> None:
    """Scenario 5: blocked: `ORG_UNSUBSCRIBED`."""
    made = send_all(campaign(on_both_lists[1].organisation))
    assert relay.inboxes == []
    assert why(made, on_both_lists[1]) == Reason.ORG_UNSUBSCRIBED


def test_6_a_joint_campaign_is_sent(
    on_both_lists: tuple[ContactPoint, ContactPoint],
    socr: Organisation,
    neu: Organisation,
    coalition: Organisation,
    relay: Relay,
) -> None:
    """Scenario 6: blocked: `JOINT_NEEDS_BOTH`; what SOCR staff read is neutral."""
    point = joint_yes(coalition, socr, neu, at=timezone.now())
    fold.rebuild()
    assert why(send_all(joint_campaign(coalition)), point) == Reason(0)
    stop(on_both_lists[1], Source.STAFF)
    made = send_all(joint_campaign(coalition))
    assert why(made, point) == Reason.JOINT_NEEDS_BOTH
    sentence = SENTENCES[Reason.JOINT_NEEDS_BOTH]
    assert not any(where.name in sentence or where.code in sentence for where in (socr, neu))
    assert len(relay.inboxes) == 1


def test_6_a_stop_to_the_joint_list_reads_like_a_stop_to_a_partner(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    """Scenario 6: what SOCR staff read is neutral."""
    told_us = joint_yes(coalition, socr, neu, email="us@example.org")
    told_neu = joint_yes(coalition, socr, neu, email="neu@example.org")
    there = supporter_who_said_yes(neu, "neu@example.org")
    fold.rebuild()
    stop(told_us)
    stop(there)
    made = send_all(joint_campaign(coalition))
    assert why(made, told_us) == why(made, told_neu) == Reason.JOINT_NEEDS_BOTH
    said = ConsentHistory.objects.filter(organisation=coalition, action=Action.UNSUB_ALL_ORG)
    with wall.scope("staff", organisation_id=coalition.pk):
        assert set(said.values_list("source", "channel", "purpose")) == {
            (Source.PERSONAL, None, None)
        }


def test_a_stop_to_a_partner_holds_for_the_joint_list_before_anything_is_refolded(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    point, there = joint_yes(coalition, socr, neu), supporter_who_said_yes(neu, MAIL)
    fold.rebuild()
    with wall.scope("keeper", organisation_id=neu.pk):
        permissions.stop_address(point=there, detail="one-click")
    assert why(send_all(joint_campaign(coalition)), point) == Reason.JOINT_NEEDS_BOTH


def test_stopping_joint_mail_stops_that_alone(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    point, here = joint_yes(coalition, socr, neu), supporter_who_said_yes(socr, MAIL)
    fold.rebuild()
    stop(point)
    assert why(send_all(campaign(socr)), here) == Reason(0)


def test_8_a_members_only_campaign_and_a_role_inbox(neu: Organisation, relay: Relay) -> None:
    """Scenario 8: blocked: `SHARED_INBOX_NOT_ALLOWED`."""
    shared = ContactPoint.Kind.SHARED
    point = factories.address(factories.supporter(neu), "senco@school.example.org", kind=shared)
    factories.granted(point)
    fold.rebuild()
    assert why(send_all(campaign(neu, members_only=True)), point) == Reason.SHARED_INBOX_NOT_ALLOWED
    assert why(send_all(campaign(neu)), point) == Reason(0)


def test_24_a_joint_campaign_and_somebody_aged_15(
    socr: Organisation, neu: Organisation, coalition: Organisation, relay: Relay
) -> None:
    """Scenario 24: blocked: `MINOR_NOT_SUITABLE`."""
    point = joint_yes(coalition, socr, neu)
    Supporter.objects.filter(pk=point.supporter_id).update(age_band=AgeBand.FROM_13)
    fold.rebuild()
    assert why(send_all(joint_campaign(coalition)), point) == Reason.MINOR_NOT_SUITABLE


def test_34_an_undone_import_held_the_only_yes(socr: Organisation, relay: Relay) -> None:
    """Scenario 34: blocked: `NO_CONSENT_RECORDED`."""
    file = bring(socr, [HEAD, [MAIL, "Priya", "Okafor", "yes", "2026-01-10"]])
    point = ContactPoint.objects.get(folded=MAIL)
    file.batch.undone_at = timezone.now()
    file.batch.save()
    permissions.refold(supporter_ids=[point.supporter_id])
    assert Reason.NO_CONSENT_RECORDED in why(send_all(campaign(socr)), point)
    assert relay.inboxes == []


def test_38_somebody_unsubscribes_while_the_campaign_is_half_sent(
    socr: Organisation, relay: Relay, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 38: they get none; if theirs was handed over already, the page says so; the audit gives the times."""
    points = [supporter_who_said_yes(socr, f"p{n}@example.org") for n in range(10)]
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    queue = list(
        Delivery.objects.filter(campaign=made)
        .order_by("seq")
        .values_list("contact_point", flat=True)
    )
    early, late = (next(p for p in points if p.pk == queue[place]) for place in (0, 9))
    page = {}
    original = dispatch.Relay.hand_over

    def hand_over(self: Any, letter: Any, address: str, **following: Any) -> None:
        original(self, letter, address, **following)
        if len(relay.messages) == 5:
            for name, point in (("early", early), ("late", late)):
                token = tokens.preference_token(point.public_id, socr.pk, made.public_id)
                page[name] = _press_stop(token)

    monkeypatch.setattr(dispatch.Relay, "hand_over", hand_over)
    dispatch.send_chunk(made.pk)
    assert early.address in relay.inboxes
    assert late.address not in relay.inboxes
    assert len(relay.inboxes) == 9
    assert "One email may already be on its way" in page["early"]
    left_out = Delivery.objects.get(campaign=made, contact_point=late)
    assert Reason(left_out.reasons) == Reason.ORG_UNSUBSCRIBED
    assert left_out.settled_at is not None


def _press_stop(token: str) -> str:
    """Press the first stop button of the preference page, as a browser without cookies does."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    answer = Client().post(f"/p/{token}/", {"stop": "organisation"}).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE coalesce_platform")
    return answer


def test_40_the_mail_server_crashes_in_the_middle(
    socr: Organisation, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 40: nobody gets two copies."""
    for n in range(8):
        supporter_who_said_yes(socr, f"p{n}@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    taken = Relay.handle_DATA

    async def take_and_crash(self: Relay, server: Any, session: Any, envelope: Any) -> str:
        answer = await taken(self, server, session, envelope)
        if len(self.messages) == 4:
            server.transport.abort()  # it has the message, and nobody hears that it has
        return answer

    monkeypatch.setattr(Relay, "handle_DATA", take_and_crash)
    dispatch.send_chunk(made.pk)
    assert len(relay.messages) == 4
    Chunk.objects.update(leased_until=None)  # the wait is over
    while dispatch.send_chunk(made.pk):
        pass
    assert sorted(relay.inboxes) == [f"p{n}@example.org" for n in range(8)]
    statuses = list(Delivery.objects.filter(campaign=made).values_list("status", flat=True))
    assert (
        statuses.count(Delivery.Status.IN_DOUBT) == 1
    )  # shown, and neither sent again nor dropped


def test_55_a_spam_complaint_comes_back(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    """Scenario 55: that organisation is blocked for them; it is counted."""
    here, there = supporter_who_said_yes(socr, MAIL), supporter_who_said_yes(neu, MAIL)
    fold.rebuild()
    for _ in range(2):  # providers repeat themselves
        with wall.scope("keeper", organisation_id=socr.pk):
            permissions.record_complaint(point=here, detail="feedback 1a2b3c4d")
    assert why(send_all(campaign(socr)), here) == Reason.COMPLAINED
    assert why(send_all(campaign(neu)), there) == Reason(0)
    with wall.scope("staff", organisation_id=socr.pk):
        assert permissions.complaints(socr, days=30) == 1


def test_a_complaint_after_a_new_sign_up_counts_though_the_campaign_is_the_same(
    socr: Organisation,
) -> None:
    here = supporter_who_said_yes(socr, MAIL)

    def complain() -> None:
        with wall.scope("keeper", organisation_id=socr.pk):
            permissions.record_complaint(point=here, detail="feedback 1a2b3c4d")

    complain()
    again = factories.granted(here, at=timezone.now())
    factories.event(here, Action.CONFIRM, confirms=again, at=timezone.now())
    complain()
    complain()
    found = ConsentEvent.objects.filter(action=Action.COMPLAINT, mailbox=here.keys.mailbox)
    assert found.count() == 2


def test_57_a_yes_more_than_24_months_old(socr: Organisation, relay: Relay) -> None:
    """Scenario 57: `CONSENT_EXPIRED` as the policy says; renewal may be asked for only before expiry."""
    point = supporter_who_said_yes(socr, MAIL)  # on 10 January 2026
    fold.rebuild()
    soon = by_permission(socr, "runs_out")
    with time_machine.travel("2027-12-01", tick=False):
        assert audience.preview(draft_for(socr, soon)).allowed == 1
    with connection.cursor() as cursor:  # the last asking goes by the database's own clock
        cursor.execute("UPDATE crm_consentstate SET expires_at = now() - interval '1 day'")
    assert audience.preview(draft_for(socr, soon)).people == 0
    assert why(send_all(campaign(socr)), point) == Reason.CONSENT_EXPIRED


def test_58_the_segment_of_those_who_withdrew(socr: Organisation, client: Client) -> None:
    """Scenario 58: an audience of 0, with the rule cited."""
    point = supporter_who_said_yes(socr, MAIL)
    factories.event(point, Action.WITHDRAW, at=timezone.now())
    fold.rebuild()
    version = draft_for(socr, by_permission(socr, "refused"))
    tally = audience.preview(version)
    assert (tally.people, tally.allowed) == (1, 0)
    client.force_login(factories.user(socr))
    page = client.get(f"/campaigns/{version.campaign.public_id}/").content.decode()
    assert "PECR, regulation 22" in page


def test_59_a_joint_email_without_a_partners_postal_address(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    """Scenario 59: `IMPRINT_MISSING`: it cannot be approved."""
    Organisation.objects.filter(pk=neu.pk).update(postal_address=" ")
    writer, approver = factories.user(coalition), factories.user(socr)
    made = campaigns.create(organisation=coalition, plan=campaigns.Plan(name="Both"), user=writer)
    draft = campaigns.Draft(
        segment=None, purpose=factories.purpose(coalition), subject="We ask", body="Please write."
    )
    version = campaigns.write(campaign=made, organisation=coalition, draft=draft, user=writer)
    with pytest.raises(ValidationError, match=neu.name) as refused:
        campaigns.approve(version=version, user=approver)
    assert refused.value.code == Reason.IMPRINT_MISSING.name
    made.refresh_from_db()
    assert made.state == Campaign.State.DRAFT


def test_60_a_campaign_mentions_a_candidate(socr: Organisation) -> None:
    """Scenario 60: a second approver and the election tag are required."""
    version = draft_for(socr, by_permission(socr, "permitted"))
    first, second = factories.user(socr), factories.user(socr)
    Campaign.objects.update(mentions_candidate=True)
    with pytest.raises(ValidationError, match="name the election"):
        campaigns.approve(version=Version.objects.get(pk=version.pk), user=first)
    Campaign.objects.update(election="Surrey council, May 2027")

    def approve(user: User) -> str:
        return campaigns.approve(version=Version.objects.get(pk=version.pk), user=user).state

    assert approve(first) == Campaign.State.DRAFT
    with pytest.raises(ValidationError, match="second colleague"):
        approve(first)
    assert approve(second) == Campaign.State.SCHEDULED
    with pytest.raises(IntegrityError, match="checked_by_a_third"), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(checked_by=second)
    with pytest.raises(IntegrityError, match="names_its_election"), transaction.atomic():
        Campaign.objects.update(election="")


def test_61_the_author_tries_to_approve(socr: Organisation) -> None:
    """Scenario 61: refused."""
    version = draft_for(socr, by_permission(socr, "permitted"))
    with pytest.raises(ValidationError, match="You wrote this text"):
        campaigns.approve(version=version, user=version.author)
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):  # nor does the database let it through
        Version.objects.filter(pk=version.pk).update(
            approved_by=version.author, approved_at=timezone.now()
        )


def test_62_a_body_is_edited_after_the_approval(socr: Organisation, neu: Organisation) -> None:
    """Scenario 62: approval is reset."""
    writer, approver = factories.user(socr), factories.user(socr)
    plan = campaigns.Plan(name="Together", is_coordinated=True)
    factories.organisation("JOINT", is_partner=False)
    made = campaigns.create(organisation=socr, plan=plan, user=writer)
    draft = campaigns.Draft(
        segment=None, purpose=factories.purpose(socr), subject="We ask", body="Please write."
    )
    version = campaigns.write(campaign=made, organisation=socr, draft=draft, user=writer)
    campaigns.approve(version=version, user=approver)
    edited = replace(draft, body="Please write today.")
    campaigns.write(campaign=made, organisation=socr, draft=edited, user=writer)
    version.refresh_from_db()
    assert version.approved_at is None
    assert version.approved_by is None


def test_no_reason_of_another_reach_hides_a_wider_one(socr: Organisation) -> None:
    """A type refused and then everything: both times the widest of the latest is named."""
    point = supporter_who_said_yes(socr, MAIL)
    now = timezone.now()
    factories.event(point, Action.WITHDRAW, at=now, what=factories.purpose(socr))
    factories.event(point, Action.WITHDRAW, at=now - timedelta(hours=1), reach=Reach.SUPPORTER)
    fold.rebuild()
    tally = audience.preview(campaign(socr).versions.get())  # type: ignore[attr-defined]
    assert {reason for reason, _ in tally.reasons} == {Reason.CONSENT_WITHDRAWN, Reason.PURPOSE_OFF}
