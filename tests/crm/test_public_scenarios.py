"""The numbered scenarios of what supporters see and do, through the pages and the worker behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import segments
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Organisation,
    PlatformStop,
    Record,
    ServiceMail,
    Source,
    Submission,
    Supporter,
    SupporterRole,
    SupporterTopic,
)
from crm.reasons import Reason
from crm.services import lessening, permissions
from crm.sql import fold
from crm.tasks import refold_act
from tests import factories
from tests.crm import public
from tests.crm.public import EMAIL, carry_out, own_page_of, page_of, press, reasons, said_yes, words

pytestmark = pytest.mark.django_db
Kind = ServiceMail.Kind


def at(where: Organisation, email: str = EMAIL) -> ContactPoint:
    return ContactPoint.objects.get(organisation=where, folded=email)


def test_who_withdrew_and_ticks_the_box_again_and_confirms_is_mailed(
    client: Client, socr: Organisation
) -> None:
    """Scenario 12: GRANTED."""
    person = said_yes(socr)
    factories.event(person, Action.WITHDRAW, at=datetime(2026, 10, 1, tzinfo=UTC))
    late = factories.batch(socr)
    said = datetime(2026, 11, 1, tzinfo=UTC)
    factories.granted(person, at=said, source=Source.IMPORT, batch=late)  # scenario 11
    fold.rebuild()
    assert Reason.CONSENT_WITHDRAWN in reasons(person)
    public.sign_up(client, public.form(socr))
    carry_out()
    assert Reason.CONSENT_WITHDRAWN in reasons(person)  # ticked, and not confirmed
    press(client, Kind.CONFIRM_SIGN_UP)
    assert reasons(person) == Reason(0)
    assert Supporter.objects.count() == 1  # the same person


def test_who_stopped_both_and_signs_up_with_one_is_mailed_by_that_one_only(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    """Scenario 18: SOCR may mail; NEU remains blocked."""
    person, elsewhere = said_yes(socr), said_yes(neu)
    fold.rebuild()
    stopped = client.post(page_of(person), {"stop": "everything"})
    refold_act(str(stopped.context["outcome"]["act"]))
    public.sign_up(client, public.form(socr))
    carry_out()
    assert Reason.STOP_EVERYTHING in reasons(person)
    press(client, Kind.CONFIRM_SIGN_UP)
    assert reasons(person) == Reason(0)
    assert Reason.STOP_EVERYTHING in reasons(elsewhere)


def test_nothing_is_kept_of_a_child(client: Client, socr: Organisation) -> None:
    """Scenario 22: nothing is kept; a page points them on; one counter goes up by one."""
    form = public.form(socr)
    answer = public.sign_up(client, form, age_band="12", first_name="Robin")
    carry_out()
    assert "ask a parent or carer" in words(answer)
    for secret in (EMAIL, "Robin", "Okafor"):
        assert secret not in words(answer)
    kept = (Submission, Supporter, ContactPoint, Record, ConsentEvent, ServiceMail)
    assert [model.objects.count() for model in kept] == [0] * len(kept)
    form.refresh_from_db()
    assert form.turned_away == 1


def test_a_child_who_fills_in_half_the_form_is_turned_away_all_the_same(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)
    answer = client.post(reverse("join", args=[form.slug]), {"age_band": "12"})
    assert "ask a parent or carer" in words(answer)


def test_a_new_address_brings_the_yes_along_once_it_is_confirmed_from_there(
    client: Client, socr: Organisation
) -> None:
    """Scenario 28: their consents come along as new PERSONAL events; the old address is stopped."""
    old = said_yes(socr)
    fold.rebuild()
    (before,) = ConsentEvent.objects.all()
    answer = client.post(own_page_of(old), {"do": "move", "email": "priya@new.example.org"})
    assert "Until then nothing changes" in words(answer)
    carry_out()
    assert not ContactPoint.objects.filter(folded="priya@new.example.org").exists()
    assert reasons(old) == Reason(0)
    press(client, Kind.CONFIRM_ADDRESS)
    new = at(socr, "priya@new.example.org")
    assert reasons(new) == Reason(0)
    old.refresh_from_db()
    assert Reason.ADDRESS_INVALID in reasons(old)
    assert Reason.CHANNEL_OFF in reasons(old)
    grant = ConsentEvent.objects.get(action=Action.GRANT, contact_point=new)
    assert (grant.source, grant.statement, grant.source_detail) == (
        Source.PERSONAL,
        before.statement,
        "carried over by the person",
    )


def test_what_was_not_said_yes_to_does_not_come_along(client: Client, socr: Organisation) -> None:
    """Invariant I5: nothing but the person's own yes makes another address mailable."""
    old = said_yes(socr)
    factories.event(old, Action.WITHDRAW, at=timezone.now())
    fold.rebuild()
    client.post(own_page_of(old), {"do": "move", "email": "priya@new.example.org"})
    carry_out()
    press(client, Kind.CONFIRM_ADDRESS)
    assert Reason.NO_CONSENT_RECORDED in reasons(at(socr, "priya@new.example.org"))


def test_a_forwarded_link_can_lessen_and_neither_shows_nor_adds_anything(
    client: Client, socr: Organisation
) -> None:
    """Scenario 35: they see a masked address, may stop or pause, and can neither see data nor opt in."""
    person = said_yes(socr)
    topic = public.topic(socr)
    SupporterTopic.objects.create(
        organisation=socr, supporter=person.supporter, topic=topic, wanted=False
    )
    fold.rebuild()
    client.post(page_of(person), {"stop": "organisation"})
    before = ConsentEvent.objects.count()
    for said in ({"topics": "save", "topic": topic.name}, {"do": "topics", "topic": topic.name}):
        answer = client.post(page_of(person), said)
        assert "p•••@e•••.org" in words(answer)
        for secret in (EMAIL, "Priya", "Okafor"):
            assert secret not in answer.content.decode()
    for name in ("own-page", "confirm-sign-up", "confirm-address", "undo-stop"):
        token = page_of(person).split("/")[2]
        assert client.post(reverse(name, args=[token]), {"do": "resume"}).status_code == 404
    assert ConsentEvent.objects.count() == before
    assert not SupporterTopic.objects.get().wanted


def test_a_topic_that_is_ticked_by_a_forwarded_link_waits_for_a_fresh_one(
    client: Client, socr: Organisation
) -> None:
    """Scenario 36: a new link goes to the owner's address; nothing changes until then."""
    person = said_yes(socr)
    topic = public.topic(socr)
    SupporterTopic.objects.create(
        organisation=socr, supporter=person.supporter, topic=topic, wanted=False
    )
    fold.rebuild()
    answer = client.post(page_of(person), {"topics": "save", "topic": topic.name})
    assert "use the link that we sent you" in words(answer)
    assert Reason.TOPIC_OFF in reasons(person, topic_id=topic.pk)
    mail = public.last_mail(Kind.FRESH_LINK)
    assert mail.contact_point == person
    client.post(public.link_in(mail), {"do": "topics", "topic": topic.name})
    assert reasons(person, topic_id=topic.pk) == Reason(0)


def test_no_page_changes_anything_when_it_is_opened(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    """Scenario 37: no state changes."""
    person = said_yes(socr)
    fold.rebuild()
    form = public.form(coalition, socr)
    public.sign_up(client, form)
    client.post(own_page_of(person), {"do": "move", "email": "priya@new.example.org"})
    stopped = client.post(page_of(said_yes(socr, "tom@example.org", "Tom")), {"stop": "inbox"})
    client.post(stopped.request["PATH_INFO"], {"tell": str(stopped.context["outcome"]["act"])})
    carry_out()
    opened = [
        page_of(person),
        f"{page_of(person)}?view=easy",
        f"{page_of(person)}stop/",
        f"{page_of(person)}joint/",
        f"{page_of(person)}renew/",
        own_page_of(person),
        reverse("stop-emails"),
        reverse("join", args=[form.slug]),
        reverse("join-embedded", args=[form.slug]),
        *(public.link_in(mail) for mail in ServiceMail.objects.all()),
    ]
    assert ServiceMail.objects.count() == 3
    counted = (ConsentEvent, Submission, ServiceMail, PlatformStop, Record, Supporter)
    before = [list(model.objects.order_by("pk").values()) for model in counted]
    for path in opened:
        for method in (client.get, client.head):
            assert method(path).status_code == 200, path
    assert [list(model.objects.order_by("pk").values()) for model in counted] == before


def test_a_pause_of_three_months_ends_by_itself(client: Client, socr: Organisation) -> None:
    """Scenario 56: blocked, and then allowed, without fresh consent."""
    begun = datetime(2026, 2, 1, 15, tzinfo=UTC)
    with time_machine.travel(begun, tick=False):
        person = said_yes(socr)
        fold.rebuild()
        answer = client.post(page_of(person), {"pause": "3"})
        assert "paused until 3 May 2026" in words(answer)
    assert reasons(person, at=begun + timedelta(days=89)) == Reason.PAUSED
    assert reasons(person, at=begun + timedelta(days=92)) == Reason(0)


def test_a_special_role_without_its_own_agreement_is_not_kept(
    client: Client, socr: Organisation
) -> None:
    """Scenario 70: only the ordinary `parent_carer` is stored."""
    ordinary, special = public.role("parent_carer"), public.role("parent_carer_send")
    form = public.form(socr)
    agree = public.box(form, socr, special)
    emails = form.boxes.get(purpose__isnull=False)
    public.sign_up(client, form, emails, roles=[special.code])
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    assert [found.role for found in SupporterRole.objects.all()] == [ordinary]
    public.sign_up(client, form, emails, agree, roles=[special.code])
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    kept = SupporterRole.objects.get(role=special)
    assert kept.statement == agree.wording
    assert kept.agreed_at is not None


def test_who_takes_the_agreement_back_loses_the_role_and_no_email(
    client: Client, socr: Organisation
) -> None:
    """Scenario 71: the role goes everywhere, saved segments too; consent to emails is as it was."""
    person = said_yes(socr)
    special = public.role("parent_carer_send")
    SupporterRole.objects.create(organisation=socr, supporter=person.supporter, role=special)
    fold.rebuild()
    events = ConsentEvent.objects.count()
    rules = {"match": "all", "rules": [{"field": "role", "op": "is", "value": special.pk}]}
    meant = Supporter.objects.filter(segments.condition(rules))
    assert meant.exists()
    answer = client.post(own_page_of(person), {"do": "role", "role": special.code})
    assert "We have removed this from your details" in words(answer)
    assert not meant.exists()
    assert reasons(person) == Reason(0)
    assert ConsentEvent.objects.count() == events


def test_who_asks_why_they_got_an_email_is_shown_their_yes(
    client: Client, socr: Organisation, neu: Organisation
) -> None:
    """Scenario 79: once verified, they see the statement's text, the date, the source and the organisation."""
    person = said_yes(socr)
    said_yes(neu)
    fold.rebuild()
    client.post(reverse("stop-emails"), {"email": EMAIL, "organisation": "SOCR", "what": "link"})
    carry_out()
    shown = words(client.get(public.link_in(public.last_mail(Kind.FRESH_LINK))))
    for fact in (
        "Email me updates from Save Our Children’s Rights.",
        "10 January 2026",
        "you told us yourself",
        "Updates, from Save Our Children’s Rights",
    ):
        assert fact in shown
    assert neu.name not in shown
    assert "Email me updates" not in words(client.get(page_of(person)))


def test_a_second_press_is_one_effect(client: Client, socr: Organisation) -> None:
    """Scenario 39: one effect; 200 both times."""
    person = said_yes(socr)
    fold.rebuild()
    address = f"{page_of(person)}stop/"
    answers = [client.post(address, {"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ConsentEvent.objects.filter(action=Action.UNSUB_ALL_ORG).count() == 1


def test_a_flood_of_presses_is_turned_away_and_never_the_first(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    answers = [client.post(f"{page_of(person)}stop/").status_code for _ in range(22)]
    assert answers == [200] * 20 + [429] * 2
    assert Reason.ORG_UNSUBSCRIBED in reasons(person)
    assert lessening.PAUSES  # a flood of one link hinders no other
    other = said_yes(socr, "tom@example.org", "Tom")
    permissions.refold(supporter_ids=[other.supporter_id])
    assert client.post(f"{page_of(other)}stop/").status_code == 200
