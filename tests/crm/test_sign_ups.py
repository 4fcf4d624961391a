"""Signing up: nothing counts and nothing is kept before it is confirmed from the address, whoever it belongs to."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import (
    Action,
    AgeBand,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Record,
    ServiceMail,
    Statement,
    Submission,
    Supporter,
    SupporterTopic,
)
from crm.reasons import Reason
from crm.services import submissions
from crm.sql import fold
from tests import factories
from tests.crm import public
from tests.crm.public import BASE, EMAIL, carry_out, name_of, press, reasons, said_yes, words

pytestmark = pytest.mark.django_db
Kind = ServiceMail.Kind


def at(where: Organisation, email: str = EMAIL) -> ContactPoint:
    return ContactPoint.objects.get(organisation=where, folded=email)


def test_no_box_is_ticked_before_somebody_ticks_it(client: Client, socr: Organisation) -> None:
    form = public.form(socr)
    public.box(form, socr, public.role("parent_carer_send"))
    page = client.get(reverse("join", args=[form.slug])).content.decode()
    assert len(re.findall(r'type="checkbox"', page)) > 2
    assert "checked" not in page


def test_nothing_is_kept_of_a_sign_up_that_nobody_confirms(
    client: Client, socr: Organisation
) -> None:
    public.sign_up(client, public.form(socr))
    carry_out()
    for model in (Supporter, ContactPoint, Record, ConsentEvent):
        assert not model.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        submissions.forget()
        client.post(public.link_in(public.last_mail(Kind.CONFIRM_SIGN_UP)))
        carry_out()
    assert Submission.objects.get(kind="sign_up").fields == {}
    assert not Supporter.objects.exists()


def test_a_confirmed_sign_up_makes_a_person_with_what_they_wrote_and_the_words_they_read(
    client: Client, socr: Organisation
) -> None:
    form, topic = public.form(socr), public.topic(socr)
    said = {"postcode": "gu1 1aa", "topics": [topic.name], "age_band": "18"}
    public.sign_up(client, form, **said)
    carry_out()
    answer = press(client, Kind.CONFIRM_SIGN_UP)
    assert "Thank you, you are on the list" in words(answer)
    person = Supporter.objects.get()
    assert (person.first_name, person.postcode, person.age_band) == ("Priya", "GU1 1AA", 18)
    assert SupporterTopic.objects.get().wanted
    grant = ConsentEvent.objects.get(action=Action.GRANT)
    assert grant.statement == form.boxes.get().wording
    assert grant.source_detail == "form join-us"
    assert reasons(at(socr)) == Reason(0)
    assert Submission.objects.exclude(fields={}).count() == 0


def test_a_stranger_can_neither_silence_nor_rename_a_person_by_signing_them_up(
    client: Client, socr: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    public.sign_up(client, public.form(socr), first_name="Priya", last_name="Okafor", postcode="")
    carry_out()
    assert reasons(person) == Reason(0)
    assert not Record.objects.exists()


def test_a_double_click_is_one_sign_up_and_a_corrected_form_another(
    client: Client, socr: Organisation
) -> None:
    form, nonce = public.form(socr), str(uuid.uuid4())
    for email in (EMAIL, EMAIL, "priya@example.org"):
        public.sign_up(client, form, nonce=nonce, email=email)
    carry_out()
    assert sorted(ServiceMail.objects.values_list("address", flat=True)) == [
        EMAIL,
        "priya@example.org",
    ]
    for _ in range(2):
        press(client, Kind.CONFIRM_SIGN_UP)
    assert ConsentEvent.objects.filter(action=Action.GRANT).count() == 1


def test_a_form_that_cannot_be_carried_out_holds_up_no_other_and_is_not_lost(
    client: Client, socr: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    Submission.objects.create(kind="stop", fields={"email": EMAIL, "organisation": "NONE"})
    public.sign_up(client, public.form(socr))
    carry_out()
    assert public.last_mail(Kind.CONFIRM_SIGN_UP).address == EMAIL
    assert Submission.objects.filter(carried_out_at=None).count() == 1
    assert EMAIL not in caplog.text


def test_a_stop_between_the_form_and_the_confirmation_wins(
    client: Client, socr: Organisation
) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        public.sign_up(client, public.form(socr))
        carry_out()
    said = {"email": EMAIL, "organisation": "SOCR", "what": "stop"}
    client.post(reverse("stop-emails"), said)
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    assert Reason.ORG_UNSUBSCRIBED in reasons(at(socr))


def test_a_form_of_both_gives_each_its_own_yes_and_the_joint_list_its_own(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    form = public.form(coalition, socr, neu)
    joint, ours = form.boxes.get(organisation=coalition), form.boxes.get(organisation=socr)
    public.sign_up(client, form, joint, ours)
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    assert reasons(at(coalition)) == Reason(0)
    assert reasons(at(socr)) == Reason(0)
    assert not ContactPoint.objects.filter(organisation=neu).exists()


@pytest.mark.parametrize("age", [AgeBand.FROM_13, AgeBand.FROM_16])
def test_joint_emails_are_left_out_for_13_to_17(
    client: Client, age: AgeBand, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    answer = public.sign_up(client, public.form(coalition, socr), age_band=str(age.value))
    assert "Joint emails are for people of 18 or over" in words(answer)
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    assert set(ContactPoint.objects.values_list("organisation__code", flat=True)) == {"SOCR"}


def test_who_is_under_18_and_ticks_joint_emails_only_is_told_so_and_nothing_is_kept(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    answer = public.sign_up(client, public.form(coalition), age_band="13")
    assert "Joint emails are for adults" in words(answer)
    assert not Submission.objects.exists()


def test_an_invitation_of_a_minor_comes_to_nothing(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    person = said_yes(socr)
    Supporter.objects.update(age_band=AgeBand.FROM_16)
    fold.rebuild()
    box = public.form(coalition).boxes.get()
    client.post(f"{public.page_of(person)}joint/", {name_of(box): "yes"})
    carry_out()
    assert not ServiceMail.objects.exists()


def test_the_easy_read_wording_is_the_one_that_is_kept(client: Client, socr: Organisation) -> None:
    form = public.form(socr)
    box = form.boxes.get()
    box.easy_wording = factories.statement(socr, requires_confirmation=True)
    box.easy_wording.format = Statement.Format.EASY_READ
    box.easy_wording.save()
    box.save()
    said = {**BASE, "nonce": str(uuid.uuid4()), name_of(box): "on"}
    client.post(f"{reverse('join', args=[form.slug])}?view=easy", said)
    carry_out()
    press(client, Kind.CONFIRM_SIGN_UP)
    grant = ConsentEvent.objects.get(action=Action.GRANT)
    assert (grant.statement, grant.source_detail) == (box.easy_wording, "form join-us easy")


def test_a_tick_counts_for_no_other_words_than_those_that_were_shown(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)
    shown = form.boxes.get()
    said = {**BASE, "nonce": str(uuid.uuid4()), name_of(shown): "on"}
    shown.delete()
    public.box(form, socr)
    answer = client.post(reverse("join", args=[form.slug]), said)
    assert "Tick what you would like to get by email." in words(answer)


def test_what_is_wrong_is_said_at_the_top_with_links_to_the_fields(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)
    answer = client.post(reverse("join", args=[form.slug]), {"email": "priya"}).content.decode()
    assert '<a href="#id_email">This is not an email address: it has no @ sign.</a>' in answer
    assert 'id="id_email"' in answer
    assert "<title>Error: Join us" in answer
    assert not Submission.objects.exists()


def test_a_program_that_fills_in_the_trap_gets_the_same_answer_and_no_effect(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)
    person, program = (
        words(public.sign_up(client, form, **extra)) for extra in ({}, {"website": "x"})
    )
    assert person == program
    assert Submission.objects.count() == 1


def test_a_flood_of_sign_ups_from_one_computer_is_turned_away(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)

    def answers(computer: str) -> list[int]:
        client.defaults["REMOTE_ADDR"] = computer
        return [
            public.sign_up(client, form, email=f"p{n}@{computer}.example.org").status_code
            for n in range(31)
        ]

    assert answers("192.0.43.8") == [200] * 30 + [429]
    assert answers("10.0.0.1") == [200] * 31  # a proxy of our own: everyone comes from it
    assert Submission.objects.count() == 61


def test_a_closed_form_is_not_there(client: Client, socr: Organisation) -> None:
    form = public.form(socr)
    form.is_open = False
    form.save()
    assert client.get(reverse("join", args=[form.slug])).status_code == 404


def test_only_the_embedded_form_may_be_framed_and_only_by_its_own_sites(
    client: Client, socr: Organisation
) -> None:
    form = public.form(socr)
    form.sites = "https://www.socr.example.org"
    form.save()
    plain = client.get(reverse("join", args=[form.slug]))
    framed = client.get(reverse("join-embedded", args=[form.slug]))
    assert plain["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in plain["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    assert "frame-ancestors https://www.socr.example.org" in framed["Content-Security-Policy"]
    form.sites = ""
    form.save()
    closed = client.get(reverse("join-embedded", args=[form.slug]))
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]


def test_a_form_works_without_cookies_and_for_staff_of_another_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    form = public.form(socr)
    strict = Client(enforce_csrf_checks=True)
    assert "Look into your inbox" in words(public.sign_up(strict, form))
    strict.force_login(factories.user(neu))
    answer = public.sign_up(strict, form, email="tom@example.org")
    assert "Look into your inbox" in words(answer)
    assert Submission.objects.count() == 2


def test_an_invitation_by_a_forwarded_link_waits_for_a_confirmation_from_the_address(
    client: Client, socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:
    person = said_yes(socr)
    fold.rebuild()
    box = public.form(coalition, socr).boxes.get(organisation=coalition)
    address = f"{public.page_of(person)}joint/"
    page = client.get(address).content.decode()
    assert box.wording.words in page
    assert "checked" not in page
    for secret in (EMAIL, "Priya", "Okafor"):
        assert secret not in page
    client.post(address, {name_of(box): "yes", "nonce": str(uuid.uuid4())})
    carry_out()
    assert not ContactPoint.objects.filter(organisation=coalition).exists()
    assert public.last_mail(Kind.CONFIRM_SIGN_UP).address == EMAIL
    press(client, Kind.CONFIRM_SIGN_UP)
    joint = at(coalition)
    assert reasons(joint) == Reason(0)
    assert joint.supporter.first_name == "Priya"
    assert not ContactPoint.objects.filter(organisation=neu).exists()


def test_the_confirmation_names_what_was_ticked(client: Client, socr: Organisation) -> None:
    form = public.form(socr)
    public.sign_up(client, form)
    carry_out()
    mail: Any = public.last_mail(Kind.CONFIRM_SIGN_UP)
    assert form.boxes.get().wording.words in public.letters.compose(mail, socr).text
    assert "Okafor" not in public.letters.compose(mail, socr).text
