"""On one's own page: a yes is kept before it runs out, and a further one is said. Keeping lifts and revives nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import (
    Action,
    ConsentEvent,
    ConsentState,
    ContactPoint,
    Organisation,
    ServiceMail,
    SignUpForm,
    Source,
)
from crm.reasons import Reason
from crm.sql import fold
from tests import factories
from tests.crm import public
from tests.crm.public import own_page_of, page_of, reasons, said_yes, words

pytestmark = pytest.mark.django_db

# factories.granted says yes on 10 January 2026.
NEARLY_OVER = datetime(2027, 12, 20, 9, tzinfo=UTC)
OVER = datetime(2028, 1, 12, 9, tzinfo=UTC)
LONG_AFTER = datetime(2029, 6, 1, 9, tzinfo=UTC)
WHICH = "SOCR/updates"


@pytest.fixture
def person(socr: Organisation) -> ContactPoint:
    found = said_yes(socr)
    fold.rebuild()
    return found


@pytest.fixture
def lapsed(socr: Organisation) -> ContactPoint:
    """Somebody whose yes has run out: they said it more than 24 months ago, and nothing since."""
    found = factories.address(factories.supporter(socr), public.EMAIL)
    factories.granted(found, at=timezone.now() - timedelta(days=735))
    fold.rebuild()
    return found


def keep(client: Client, found: ContactPoint, which: str = WHICH) -> str:
    return words(client.post(own_page_of(found), {"do": "keep", "which": which}))


def confirmations() -> int:
    return ConsentEvent.objects.filter(action=Action.CONFIRM).count()


def test_the_own_page_says_until_when_a_yes_counts(client: Client, person: ContactPoint) -> None:
    page = words(client.get(own_page_of(person)))
    assert "Your yes counts until 10 January 2028" in page
    assert "Keep sending me these" in page


def test_a_yes_that_is_kept_in_time_counts_two_years_more(
    client: Client, person: ContactPoint
) -> None:
    """Scenario 57: renewal may be asked for only before expiry."""
    with time_machine.travel(NEARLY_OVER):
        assert "You keep getting these emails" in keep(client, person)
    assert reasons(person, at=OVER) == 0
    kept = ConsentEvent.objects.get(action=Action.CONFIRM)
    grant = ConsentEvent.objects.get(action=Action.GRANT)
    assert (kept.confirms, kept.source, kept.statement) == (grant, Source.PERSONAL, grant.statement)
    assert reasons(person, at=LONG_AFTER) == 0
    assert reasons(person, at=NEARLY_OVER + timedelta(days=732)) == Reason.CONSENT_EXPIRED


def test_what_has_run_out_cannot_be_kept(client: Client, lapsed: ContactPoint) -> None:
    """Scenario 57: `CONSENT_EXPIRED` as the policy says; renewal may be asked for only before expiry."""
    assert "Keep sending me these" not in words(client.get(own_page_of(lapsed)))
    assert "You keep getting" not in keep(client, lapsed)
    assert confirmations() == 0
    assert reasons(lapsed) == Reason.CONSENT_EXPIRED


@pytest.mark.parametrize(
    "action",
    [
        Action.WITHDRAW,
        Action.UNSUB_ALL_ORG,
        Action.OBJECT,
        Action.COMPLAINT,
        Action.STOP_EVERYTHING,
    ],
)
def test_keeping_lifts_no_refusal(client: Client, person: ContactPoint, action: Action) -> None:
    factories.event(person, action, at=datetime(2026, 3, 1, tzinfo=UTC))
    fold.rebuild()
    before = reasons(person)
    assert "You keep getting" not in keep(client, person)
    assert (reasons(person), confirmations()) == (before, 0)


def test_keeping_confirms_no_yes_that_waits_for_its_confirmation(
    client: Client, socr: Organisation
) -> None:
    point = factories.address(factories.supporter(socr), public.EMAIL)
    factories.granted(point, statement=factories.statement(socr, requires_confirmation=True))
    fold.rebuild()
    keep(client, point)
    assert reasons(point) == Reason.CONSENT_PENDING


def test_keeping_twice_on_one_day_writes_one_confirmation(
    client: Client, person: ContactPoint
) -> None:
    with time_machine.travel(NEARLY_OVER, tick=False):
        keep(client, person)
        assert "You keep getting these emails" in keep(client, person)
    assert confirmations() == 1


def test_keeping_one_organisations_emails_keeps_no_other_ones(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:
    other = said_yes(neu)
    fold.rebuild()
    with time_machine.travel(NEARLY_OVER):
        keep(client, person)
        assert "You keep getting" not in keep(client, person, "NEU/updates")
    assert reasons(other, at=OVER) == Reason.CONSENT_EXPIRED


def test_joint_emails_are_kept_by_themselves(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    point = said_yes(socr)
    joint = factories.address(factories.supporter(coalition), public.EMAIL)
    named = factories.statement(coalition, names_also=(socr, neu))
    factories.granted(joint, statement=named)
    fold.rebuild()
    with time_machine.travel(NEARLY_OVER):
        keep(client, point, "JOINT/updates")
    assert reasons(joint, at=OVER) == 0
    assert reasons(point, at=OVER) == Reason.CONSENT_EXPIRED


def renewal_of(found: ContactPoint) -> str:
    return f"{page_of(found)}renew/"


def test_the_link_of_a_campaign_sends_a_fresh_one_and_keeps_nothing_by_itself(
    client: Client, person: ContactPoint
) -> None:
    """A campaign's link may have been passed on, so it gives nobody two more years (decision 1)."""
    assert "Do you want to keep your emails?" in words(client.get(renewal_of(person)))
    assert not ServiceMail.objects.exists()
    assert "Look into your inbox" in words(client.post(renewal_of(person)))
    assert confirmations() == 0
    mail = public.last_mail(ServiceMail.Kind.FRESH_LINK)
    assert mail.contact_point == person
    assert "Keep sending me these" in words(client.get(public.link_in(mail)))


def test_the_renewal_page_tells_no_name_no_address_and_no_date(
    client: Client, person: ContactPoint
) -> None:
    page = client.get(renewal_of(person)).content.decode()
    for told in ("Priya", "Okafor", public.EMAIL, "2028"):
        assert told not in page


def test_nothing_is_sent_to_whom_nothing_is_left_to_keep(
    client: Client, lapsed: ContactPoint
) -> None:
    assert "You get no emails" in words(client.post(renewal_of(lapsed)))
    assert not ServiceMail.objects.exists()


# Saying yes to more


def form(where: Organisation) -> SignUpForm:
    """An open form with a box for invitations to events."""
    made = SignUpForm.objects.create(organisation=where, slug="events", title="Events")
    events = factories.purpose(where, "events")
    box = public.box(made, where)
    box.purpose = events
    box.save()
    return made


def tick(client: Client, found: ContactPoint, on: SignUpForm) -> Any:
    name = public.name_of(on.boxes.get())
    return client.post(own_page_of(found), {"do": "yes", name: "yes"})


def may_get(found: ContactPoint, code: str) -> bool:
    state = ConsentState.objects.filter(contact_point=found, purpose__code=code, refused_at=None)
    return state.filter(confirmed_at__isnull=False).exists()


def test_a_further_type_of_email_is_said_yes_to_and_confirmed_by_the_link(
    client: Client, person: ContactPoint, socr: Organisation
) -> None:
    shown = form(socr)
    page = client.get(own_page_of(person)).content.decode()
    assert shown.boxes.get().wording.words in page
    assert "You will get these emails" in words(tick(client, person, shown))
    assert may_get(person, "events")
    grant, confirmation = ConsentEvent.objects.filter(purpose__code="events").order_by("pk")
    assert (grant.action, grant.statement) == (Action.GRANT, shown.boxes.get().wording)
    assert (confirmation.action, confirmation.confirms) == (Action.CONFIRM, grant)
    assert fold.differences() == 0


def test_no_box_is_ticked_and_none_is_offered_for_what_one_gets(
    client: Client, person: ContactPoint, socr: Organisation
) -> None:
    form(socr)
    public.form(socr)
    page = client.get(own_page_of(person)).content.decode()
    boxes = page.count('name="box-')
    assert boxes == 1
    assert "checked" not in page.split('value="yes">')[1].split("</fieldset>")[0]


def test_a_closed_forms_box_is_neither_shown_nor_taken(
    client: Client, person: ContactPoint, socr: Organisation
) -> None:
    shown = form(socr)
    SignUpForm.objects.update(is_open=False)
    assert 'name="box-' not in client.get(own_page_of(person)).content.decode()
    tick(client, person, shown)
    assert not may_get(person, "events")


def test_another_organisations_box_is_neither_shown_nor_taken(
    client: Client, person: ContactPoint, neu: Organisation
) -> None:
    shown = form(neu)
    assert shown.boxes.get().wording.words not in client.get(own_page_of(person)).content.decode()
    tick(client, person, shown)
    assert not ConsentEvent.objects.filter(organisation=neu).exists()


def test_a_yes_said_after_a_stop_counts_since_the_person_said_it(
    client: Client, person: ContactPoint, socr: Organisation
) -> None:
    factories.event(person, Action.UNSUB_ALL_ORG, at=datetime(2026, 3, 1, tzinfo=UTC))
    fold.rebuild()
    tick(client, person, form(socr))
    assert may_get(person, "events")
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)


def test_the_link_of_a_campaign_cannot_say_yes(
    client: Client, person: ContactPoint, socr: Organisation
) -> None:
    name = public.name_of(form(socr).boxes.get())
    client.post(page_of(person), {"do": "yes", name: "yes"})
    client.post(
        reverse("own-page", args=[page_of(person).split("/")[2]]), {"do": "yes", name: "yes"}
    )
    assert not may_get(person, "events")
