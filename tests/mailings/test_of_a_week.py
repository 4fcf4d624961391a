"""A limit of emails a week: whoever had as many of an organisation's own is left out (decision 29)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from crm import wall
from crm.models import ContactPoint, Organisation, Supporter
from crm.reasons import Reason
from crm.sql import fold
from mailings import audience, dispatch
from mailings.models import Audience, Campaign, Delivery
from mailings.services import sending
from tests.mailings.conftest import Relay, campaign, send_all, supporter_who_said_yes

pytestmark = pytest.mark.django_db
ANN = "ann@example.org"


@pytest.fixture
def ann(socr: Organisation, neu: Organisation) -> ContactPoint:
    """On both lists; SOCR sends two emails in seven days at the most."""
    point = supporter_who_said_yes(socr, ANN)
    supporter_who_said_yes(neu, ANN)
    fold.rebuild()
    Organisation.objects.filter(pk=socr.pk).update(most_a_week=2)
    socr.refresh_from_db()
    return point


def had(many: int, *organisations: Organisation) -> None:
    for _ in range(many):
        send_all(campaign(*organisations))


def decided(made: Campaign) -> Reason:
    return Reason(Audience.objects.get(campaign=made, organisation=made.organisation).reasons)


@pytest.mark.parametrize(("many", "reason"), [(1, Reason(0)), (2, Reason.FREQUENCY_CAP)])
def test_who_had_as_many_as_the_limit_is_left_out_of_the_next(
    socr: Organisation, ann: ContactPoint, relay: Relay, many: int, reason: Reason
) -> None:
    had(many, socr)
    made = send_all(campaign(socr))
    assert decided(made) == reason
    assert len(relay.inboxes) == 2


def test_an_important_campaign_goes_all_the_same(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, socr)
    send_all(campaign(socr, is_important=True))
    assert len(relay.inboxes) == 3


def test_after_seven_days_there_is_room_again(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, socr)
    Delivery.objects.update(settled_at=timezone.now() - timedelta(days=7, seconds=1))
    assert decided(send_all(campaign(socr))) == Reason(0)


def test_what_may_have_been_sent_counts(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, socr)
    Delivery.objects.update(status=Delivery.Status.IN_DOUBT)
    assert decided(send_all(campaign(socr))) == Reason.FREQUENCY_CAP


def test_what_was_not_sent_does_not_count(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    relay.answers = {ANN: "550 5.7.1 not now"}
    had(2, socr)
    relay.answers = {}
    assert decided(send_all(campaign(socr))) == Reason(0)


def test_what_came_to_somebody_joined_with_them_counts(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    other = supporter_who_said_yes(socr, "ann.lee@example.org")
    fold.rebuild()
    had(2, socr)
    Delivery.objects.filter(supporter=ann.supporter).delete()
    Supporter.objects.filter(pk=other.supporter_id).update(canonical=ann.supporter)
    fold.rebuild()
    assert decided(send_all(campaign(socr))) == Reason.FREQUENCY_CAP


def test_what_another_organisation_sent_does_not_count(
    socr: Organisation, neu: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, neu)
    assert decided(send_all(campaign(socr))) == Reason(0)


def test_what_was_sent_together_does_not_count(
    socr: Organisation, neu: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, socr, neu)
    assert decided(send_all(campaign(socr))) == Reason(0)


def test_of_two_campaigns_at_one_time_the_later_leaves_out_whom_the_earlier_is_to_reach(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(1, socr)
    earlier, later = campaign(socr), campaign(socr)
    for made in (later, earlier):
        sending.freeze(campaign_id=made.pk)
    while dispatch.send_chunk(later.pk):
        pass
    assert len(relay.inboxes) == 1
    assert send_all(earlier).state == Campaign.State.DONE
    assert len(relay.inboxes) == 2


def test_a_limit_that_is_set_after_the_freezing_is_kept_before_each_message(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(1, socr)
    made = campaign(socr)
    sending.freeze(campaign_id=made.pk)
    Organisation.objects.filter(pk=socr.pk).update(most_a_week=1)
    send_all(made)
    assert Delivery.objects.get(campaign=made).reasons == Reason.FREQUENCY_CAP.value
    assert len(relay.inboxes) == 1


def test_the_preview_tells_staff_how_many_had_enough(
    socr: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, socr)
    made = campaign(socr)
    with wall.scope("staff", organisation_id=socr.pk):
        tally = audience.preview(made.versions.get())
    assert (tally.allowed, tally.reasons) == (0, [(Reason.FREQUENCY_CAP, 1)])


def test_staff_cannot_count_what_another_organisation_sent(
    socr: Organisation, neu: Organisation, ann: ContactPoint, relay: Relay
) -> None:
    had(2, neu)
    theirs = ContactPoint.objects.get(organisation=neu).supporter_id
    assert counted(theirs, neu, scope=neu) == 2
    assert counted(theirs, neu, scope=socr) == 0


def counted(who: int, sender: Organisation, *, scope: Organisation) -> int:

    with wall.scope("staff", organisation_id=scope.pk), connection.cursor() as cursor:
        cursor.execute("SELECT mailings_of_a_week(%s, %s::smallint, 0)", [who, sender.pk])
        (found,) = cursor.fetchone()
    return int(found)


def test_a_limit_of_none_at_all_is_refused(socr: Organisation) -> None:

    with pytest.raises(IntegrityError, match="most_a_week_is_some"):
        Organisation.objects.filter(pk=socr.pk).update(most_a_week=0)
