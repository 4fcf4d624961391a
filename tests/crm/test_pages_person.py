"""The page of one person: every reason why not, what was said, and what staff record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import consent, wall
from crm.models import (
    Action,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Source,
    Statement,
    Supporter,
    SupporterTag,
    Tag,
    User,
)
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(socr: Organisation) -> User:
    return factories.user(socr, name="Orla Organiser")


@pytest.fixture
def staff(user: User, client: Client) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def person(socr: Organisation) -> Supporter:
    return factories.supporter(socr)


@pytest.fixture
def point(person: Supporter) -> ContactPoint:
    return factories.address(person, "priya@example.org")


def show(staff: Client, person: Supporter) -> str:
    answer = staff.get(reverse("person", args=[person.public_id]))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def reasons(point: ContactPoint) -> Reason:
    asked = consent.Question(factories.purpose(point.organisation).pk)
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), asked)
    return Reason(decided.get().reasons)


def yes(wording: Statement, **changes: str) -> dict[str, str]:
    given = {
        "purpose": "updates",
        "statement": str(wording.public_id),
        "said_at": timezone.localdate().isoformat(),
        "words": "By phone, after the meeting in Guildford.",
    }
    return {**given, **changes}


def test_every_reason_is_shown_for_every_type_of_email(
    socr: Organisation, staff: Client, person: Supporter, point: ContactPoint
) -> None:
    factories.granted(point)
    factories.purpose(socr, "fundraising")
    ContactPoint.objects.filter(pk=point.pk).update(problem=ContactPoint.Problem.BOUNCES)
    fold.rebuild()
    page = show(staff, person)
    updates, _, rest = page.partition("<dt>Updates</dt>")[2].partition("<dt>Fundraising</dt>")
    assert "Problem with this address: email comes back" in updates
    assert "No permission to email" not in updates
    assert "No permission to email" in rest
    assert "Problem with this address: email comes back" in rest
    assert "Said yes: <time" in updates


def test_the_changes_say_who_said_what_when_and_how_we_know(
    socr: Organisation, staff: Client, person: Supporter, point: ContactPoint
) -> None:
    statement = factories.statement(socr)
    factories.granted(point, at=datetime(2025, 3, 4, tzinfo=UTC), statement=statement)
    batch = factories.batch(socr, undone=True)
    factories.event(
        point,
        Action.WITHDRAW,
        source=Source.IMPORT,
        batch=batch,
        at=datetime(2025, 5, 6, tzinfo=UTC),
    )
    page = show(staff, person)
    newest, _, oldest = page.partition("<h2>Changes")[2].partition("Said yes: Updates")
    assert "6 May 2025" in newest
    assert "Took their yes back" in newest
    assert f"From the list {batch.label}" in newest
    assert "no longer counts" in newest
    assert f"Sign-up wording: {statement}" in oldest
    assert "Their own act." in oldest


def test_a_stop_of_everything_is_among_the_changes(
    staff: Client, person: Supporter, point: ContactPoint, user: User
) -> None:
    factories.purpose(point.organisation)
    with wall.scope("keeper", organisation_id=point.organisation_id):
        permissions.stop_everything(point=point, detail="page")
    page = show(staff, person)
    assert "Asked for all email to stop" in page
    assert "Told both organisations to stop" in page.partition("<h2>Changes")[2]


def test_the_address_of_a_joined_entry_leads_to_the_person(
    socr: Organisation, staff: Client, person: Supporter
) -> None:
    other = factories.supporter(socr, canonical_id=person.pk)
    answer = staff.get(reverse("person", args=[other.public_id]))
    assert answer.headers["Location"] == reverse("person", args=[person.public_id])


def test_told_to_stop_takes_a_page_that_says_what_follows_and_one_click(
    staff: Client, person: Supporter, point: ContactPoint
) -> None:
    factories.granted(point)
    second = factories.address(person, "second@example.org")
    factories.granted(second)
    fold.rebuild()
    url = reverse("record-stop", args=[person.public_id])
    assert "no more emails from" in staff.get(url).content.decode()
    assert reasons(point) == reasons(second) == Reason(0)
    page = " ".join(staff.post(url, follow=True).content.decode().split())
    assert reasons(point) == reasons(second) == Reason.ORG_UNSUBSCRIBED
    assert page.partition("<h2>Changes")[2].count("Told the organisation to stop") == 1
    assert "They told staff. Recorded by Orla Organiser" in page


def test_a_yes_told_to_staff_is_recorded_with_its_evidence(
    socr: Organisation, staff: Client, person: Supporter, point: ContactPoint
) -> None:
    statement = factories.statement(socr)
    url = reverse("record-yes", args=[point.public_id])
    assert staff.get(url).status_code == 200
    page = staff.post(url, yes(statement), follow=True).content.decode()
    assert "priya@example.org may be emailed now" in page
    assert "By phone, after the meeting in Guildford." in page
    assert reasons(point) == Reason(0)


def test_after_a_stop_a_yes_told_to_staff_is_kept_but_does_not_count(
    socr: Organisation, staff: Client, person: Supporter, point: ContactPoint
) -> None:
    factories.event(point, Action.UNSUB_ALL_ORG, at=timezone.now() - timedelta(days=30))
    statement = factories.statement(socr)
    url = reverse("record-yes", args=[point.public_id])
    page = staff.post(url, yes(statement), follow=True).content.decode()
    assert "may not be emailed yet" in page
    assert reasons(point) & Reason.ORG_UNSUBSCRIBED


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"words": " "}, "Write how they told you"),
        ({"said_at": "2999-01-01"}, "This date is in the future"),
        ({"statement": "1"}, "There is a problem"),
    ],
)
def test_a_yes_without_sound_evidence_is_refused(
    change: dict[str, str],
    sentence: str,
    socr: Organisation,
    staff: Client,
    point: ContactPoint,
) -> None:
    statement = factories.statement(socr)
    page = staff.post(reverse("record-yes", args=[point.public_id]), yes(statement, **change))
    assert sentence in page.content.decode()
    assert not ConsentEvent.objects.exists()


def test_a_wording_of_another_organisation_cannot_be_named(
    socr: Organisation, neu: Organisation, staff: Client, point: ContactPoint
) -> None:
    factories.statement(socr)
    theirs = factories.statement(neu)
    page = staff.post(reverse("record-yes", args=[point.public_id]), yes(theirs))
    assert "Select a valid choice" in page.content.decode()


def test_without_a_wording_the_page_says_what_is_missing(
    staff: Client, point: ContactPoint
) -> None:
    page = staff.get(reverse("record-yes", args=[point.public_id])).content.decode()
    assert "There is no sign-up wording yet" in page


def test_a_mended_address_starts_without_permission(
    staff: Client, person: Supporter, point: ContactPoint
) -> None:
    factories.granted(point)
    fold.rebuild()
    url = reverse("mend-address", args=[point.public_id])
    page = staff.post(url, {"email": "priya@example.com"}, follow=True).content.decode()
    assert "The address is mended. Permission does not move with it." in page
    new = ContactPoint.objects.get(folded="priya@example.com")
    assert reasons(new) & Reason.NO_CONSENT_RECORDED
    assert "Earlier addresses" in page
    assert staff.get(url).status_code == 404


def test_a_mended_address_must_be_one(staff: Client, point: ContactPoint) -> None:
    url = reverse("mend-address", args=[point.public_id])
    assert "it has no @ sign" in staff.post(url, {"email": "priya"}).content.decode()


def test_a_tag_is_put_on_and_taken_off(
    socr: Organisation, neu: Organisation, staff: Client, person: Supporter
) -> None:
    Tag.objects.create(organisation=neu, name="Guildford 2026")
    url = reverse("add-tag", args=[person.public_id])
    page = staff.post(url, {"tag": " Guildford  2026 "}, follow=True).content.decode()
    assert "Guildford 2026" in page
    tag = SupporterTag.objects.get(supporter=person).tag
    assert tag.organisation_id == socr.pk
    staff.post(reverse("remove-tag", args=[person.public_id]), {"tag": tag.name})
    assert not SupporterTag.objects.exists()
    assert Tag.objects.filter(organisation=socr).exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "\0"])
def test_a_tag_needs_a_name(name: str, staff: Client, person: Supporter) -> None:
    url = reverse("add-tag", args=[person.public_id])
    page = staff.post(url, {"tag": name}, follow=True).content.decode()
    assert "Give the tag a name" in page


def test_a_restricted_person_is_read_only_but_may_be_stopped(
    socr: Organisation, staff: Client, person: Supporter, point: ContactPoint
) -> None:
    factories.purpose(socr)
    Supporter.objects.filter(pk=person.pk).update(restricted=True)
    assert "Read only" in show(staff, person)
    for name, public_id in (
        ("add-tag", person.public_id),
        ("mend-address", point.public_id),
        ("record-yes", point.public_id),
    ):
        url = reverse(name, args=[public_id])
        assert staff.post(url, {"tag": "x", "email": "a@example.org"}).status_code == 403
    answer = staff.post(reverse("record-stop", args=[person.public_id]))
    assert answer.status_code == 302


def test_looking_changes_nothing(
    staff: Client, person: Supporter, point: ContactPoint, socr: Organisation
) -> None:
    factories.statement(socr)
    for name, public_id in (
        ("person", person.public_id),
        ("record-stop", person.public_id),
        ("record-yes", point.public_id),
        ("mend-address", point.public_id),
    ):
        assert staff.get(reverse(name, args=[public_id])).status_code == 200
    assert not ConsentEvent.objects.exists()
    for name in ("add-tag", "remove-tag"):
        assert staff.get(reverse(name, args=[person.public_id])).status_code == 405


def test_somebody_with_nothing_known_has_a_page(staff: Client, person: Supporter) -> None:
    page = show(staff, person)
    assert "We have no email address for them." in page
    assert "They have said nothing about email so far." in page
