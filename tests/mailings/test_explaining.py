"""Why did, or didn't, this person get it: every asking, with the dated event behind each reason."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from crm import wall
from crm.models import Action, ContactPoint, Organisation, Segment, Source, Supporter
from crm.reasons import SENTENCES, Reason
from crm.services import permissions
from crm.sql import fold
from mailings import dispatch, explaining
from mailings.explaining import Answer
from mailings.models import Campaign, Delivery
from mailings.services import sending
from tests import factories
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db


def explain(made: Campaign, point: ContactPoint) -> Answer:
    where = point.organisation
    with wall.scope("staff", organisation_id=where.pk):
        version = made.versions.get(organisation=where)  # type: ignore[attr-defined]
        return explaining.explain(made, version, Supporter.objects.get(pk=point.supporter_id))


def stop(point: ContactPoint) -> None:
    with wall.scope("keeper", organisation_id=point.organisation_id):
        permissions.stop_organisation(
            supporter=point.supporter, source=Source.PERSONAL, detail="preference page"
        )


def test_a_message_that_went_out_rests_on_a_dated_yes_and_its_wording(
    socr: Organisation, relay: Relay
) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    answer = explain(send_all(campaign(socr)), point)
    assert answer.outcome == "Handed over."
    (because,) = answer.askings[0].because
    words = factories.granted(point).statement
    assert words is not None
    assert because.said.startswith(
        "Said yes, 10 January 2026 at 00:00 (the person, to the wording form-"
    )


def test_whoever_was_left_out_is_told_with_the_day_on_which_they_said_so(
    socr: Organisation, relay: Relay
) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    stop(point)
    answer = explain(send_all(campaign(socr)), point)
    (because,) = answer.askings[0].because
    today = timezone.localdate()
    assert answer.outcome == "Left out."
    assert because.sentence == SENTENCES[Reason.ORG_UNSUBSCRIBED]
    assert f"{today.day} {today:%B %Y}" in because.said


def test_what_was_decided_is_kept_when_the_segment_and_the_person_change(
    socr: Organisation, relay: Relay
) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    before = explain(made, point)
    Segment.objects.create(organisation=socr, name="Nobody", rules={"rules": []})
    stop(point)
    assert explain(made, point) == before


def test_a_stop_after_the_freezing_is_shown_beside_the_yes_of_that_moment(
    socr: Organisation, relay: Relay
) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    stop(point)
    dispatch.send_chunk(made.pk)
    Delivery.objects.update(
        settled_at=timezone.now()
    )  # a test is one transaction: its clock stands still
    made.refresh_from_db()
    fixed, last = explain(made, point).askings
    assert fixed.allowed
    assert fixed.because[0].said.startswith("Said yes")
    assert not last.allowed
    assert last.because[0].sentence == SENTENCES[Reason.ORG_UNSUBSCRIBED]
    assert last.because[0].said.startswith("Told the organisation to stop")


def test_of_a_coordinated_campaign_both_are_told_that_they_were_included(
    socr: Organisation, neu: Organisation, relay: Relay
) -> None:
    points = [supporter_who_said_yes(where, "priya@example.org") for where in (socr, neu)]
    fold.rebuild()
    made = send_all(campaign(socr, neu))
    assert len(relay.messages) == 1
    assert {explain(made, point).outcome for point in points} == {"Included."}


def test_somebody_whom_the_segment_did_not_mean_was_not_among_them(
    socr: Organisation, relay: Relay
) -> None:
    made = send_all(campaign(socr))
    late = supporter_who_said_yes(socr, "late@example.org")
    assert explain(made, late).outcome.startswith("Was not among those")


def test_the_page_shows_it_and_another_organisations_staff_find_nothing(
    socr: Organisation, neu: Organisation, relay: Relay, client: Client
) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    fold.rebuild()
    made = send_all(campaign(socr))
    page = f"/campaigns/{made.public_id}/people/{point.supporter.public_id}/"
    client.force_login(factories.user(socr))
    assert "Said yes, and nothing speaks against it." in client.get(page).content.decode()
    other = Client()
    other.force_login(factories.user(neu))
    assert other.get(page).status_code == 404


def test_the_command_gives_the_same_answer(socr: Organisation, relay: Relay) -> None:
    point = supporter_who_said_yes(socr, "priya@example.org")
    factories.event(point, Action.WITHDRAW, at=timezone.now())
    fold.rebuild()
    made = send_all(campaign(socr))
    said: Any = StringIO()
    named: Any = {"organisation": "SOCR", "email": "priya@example.org"}
    call_command("explain", campaign=made.public_id, stdout=said, **named)
    assert SENTENCES[Reason.CONSENT_WITHDRAWN] in said.getvalue()
    assert "Took their yes back" in said.getvalue()
