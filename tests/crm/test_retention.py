"""What has had its time: counted first, approved by an admin, and then gone; and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    Case,
    ContactPoint,
    Organisation,
    Record,
    RetentionReport,
    Source,
    Supporter,
)
from crm.registry import Keep
from crm.retention import RULES, months_before
from crm.services import cases, permissions, retention
from imports.models import Import, Problem, StagedRow
from mailings import audience, outcomes
from mailings.models import Audience, Campaign, CampaignSum, Delivery
from tests import factories
from tests.crm import public
from tests.imports.conftest import HEAD, bring
from tests.mailings.conftest import campaign

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.COALESCE_HOME = tmp_path


def silent(where: Organisation, **extra: Any) -> ContactPoint:
    """Somebody of whom nothing was heard for years."""
    point = factories.address(factories.supporter(where, **extra))
    Supporter.objects.filter(pk=point.supporter_id).update(created_at=LONG_AGO)
    return point


def report(where: Organisation) -> RetentionReport:
    retention.report()
    return RetentionReport.objects.get(organisation=where)


def approved(where: Organisation) -> RetentionReport:
    found = report(where)
    by = factories.admin(where)
    with wall.scope("staff", organisation_id=where.pk, user_id=by.pk):
        assert retention.approve(found, by=by)
    retention.carry_out()
    found.refresh_from_db()
    return found


def test_every_rule_speaks_of_a_time_in_the_field_registry() -> None:
    assert {rule.keep for rule in RULES} == {Keep.SUPPORTER, Keep.CASE, Keep.FILE, Keep.SENT}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_a_month_before_the_31st_is_the_last_day_of_the_month() -> None:
    assert months_before(datetime(2026, 3, 31, 5, tzinfo=UTC), 1) == datetime(
        2026, 2, 28, 5, tzinfo=UTC
    )


def test_nothing_goes_before_an_admin_approves(socr: Organisation) -> None:
    person = silent(socr).supporter
    assert report(socr).counts["people"] == 1
    assert retention.carry_out() == 0
    person.refresh_from_db()
    assert person.first_name == "Priya"


def test_a_silent_person_goes_and_leaves_no_refusal(socr: Organisation) -> None:
    point = silent(socr)
    done = approved(socr)
    assert done.gone == {"people": 1}
    assert done.done_at is not None
    point.refresh_from_db()
    assert (point.address, point.supporter.erased_at is not None) == ("", True)
    bring(socr, [HEAD, ["back@example.org", "Priya", "Okafor"]])
    assert Supporter.objects.filter(erased_at=None).count() == 1


@pytest.mark.parametrize(
    "kept_by",
    ["a yes", "an act", "a list", "a case", "a restriction", "being new"],
)
def test_who_may_be_mailed_or_was_heard_of_stays(socr: Organisation, kept_by: str) -> None:
    point = silent(socr)
    person = point.supporter
    match kept_by:
        case "a yes":
            factories.granted(point)
            permissions.refold(supporter_ids=[person.pk])
        case "an act":
            factories.event(point, Action.WITHDRAW, at=timezone.now())
        case "a list":
            Record.objects.create(
                organisation=socr, supporter=person, source=Source.STAFF, as_of=timezone.now()
            )
        case "a case":
            new = cases.NewCase(
                kind=Case.Kind.ACCESS, came_by=Case.CameBy.PHONE, received_at=timezone.now()
            )
            cases.add(organisation_id=socr.pk, new=new)
            Case.objects.update(supporter=person)
        case "a restriction":
            Supporter.objects.update(restricted=True)
        case "being new":
            Supporter.objects.update(created_at=timezone.now())
    retention.report()
    assert not RetentionReport.objects.exists()


def test_a_yes_that_ran_out_years_ago_keeps_nobody(socr: Organisation) -> None:
    point = silent(socr)
    with time_machine.travel(LONG_AGO):
        factories.granted(point, at=LONG_AGO)
    permissions.refold(supporter_ids=[point.supporter_id])
    assert report(socr).counts["people"] == 1


def test_a_file_goes_after_thirty_days_with_what_was_left_out(socr: Organisation) -> None:
    file = bring(socr, [HEAD, ["priya@example.org", "Priya"], ["no address", "Sam"]])
    path = file.file.name
    assert StagedRow.objects.exists()
    assert Problem.objects.exists()
    Import.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert approved(socr).gone == {"files": 1}
    file.refresh_from_db()
    assert file.file.name == ""
    assert not file.file.storage.exists(path)
    assert not StagedRow.objects.exists()
    assert not Problem.objects.exists()
    assert Record.objects.count() == 1


def test_who_was_sent_what_becomes_sums_after_two_years(
    socr: Organisation, neu: Organisation
) -> None:
    point = factories.address(factories.supporter(socr))
    made = campaign(socr)
    Campaign.objects.update(state=Campaign.State.DONE, finished_at=LONG_AGO)
    about = {"organisation": socr, "campaign": made, "supporter": point.supporter}
    about |= {"contact_point": point, "version": made.versions.get()}
    Audience.objects.create(**about)
    Delivery.objects.create(mailbox=b"m" * 16, seq=1, status=Delivery.Status.SENT, **about)
    before = audience.report(made, socr.pk)
    approved(socr)
    assert not Audience.objects.exists()
    assert not Delivery.objects.exists()
    assert CampaignSum.objects.count() == 3
    assert audience.report(made, socr.pk) == before
    with wall.scope("staff", organisation_id=socr.pk):
        found = outcomes.of(made)
        assert found is not None
        assert [(row.label, row.number) for row in found.rows] == [
            ("Handed over, and nothing reported yet", 1)
        ]


def test_a_case_goes_six_years_after_it_was_closed(socr: Organisation) -> None:
    for closed_at in (LONG_AGO, timezone.now()):
        new = cases.NewCase(
            kind=Case.Kind.COMPLAINT, came_by=Case.CameBy.PHONE, received_at=LONG_AGO
        )
        made = cases.add(organisation_id=socr.pk, new=new)
        cases.close(made, outcome=Case.Outcome.DONE)
        Case.objects.filter(pk=made.pk).update(closed_at=closed_at)
    assert approved(socr).gone == {"cases": 1}
    assert Case.objects.count() == 1


def test_an_admin_sees_the_count_and_approves_it_once(
    socr: Organisation, neu: Organisation
) -> None:
    silent(socr)
    found = report(socr)
    client, stranger = Client(), Client()
    client.force_login(factories.admin(socr))
    stranger.force_login(factories.admin(neu))
    page = public.words(client.get(reverse("retention")))
    assert "People without permission, of whom nothing was heard for 30 months" in page
    approve = reverse("approve-retention", args=[found.public_id])
    assert stranger.post(approve).status_code == 404
    client.post(approve)
    assert "approved already" in public.words(client.post(approve, follow=True))
    assert Supporter.objects.get().erased_at is None  # a worker does it
    retention.carry_out()
    assert "done on" in public.words(client.get(reverse("retention")))


def test_what_came_to_it_since_the_report_waits_for_the_next(socr: Organisation) -> None:
    silent(socr)
    found = report(socr)
    RetentionReport.objects.update(made_at=datetime(2022, 1, 1, tzinfo=UTC))
    by = factories.admin(socr)
    with wall.scope("staff", organisation_id=socr.pk, user_id=by.pk):
        retention.approve(found, by=by)
    assert retention.carry_out() == 0
