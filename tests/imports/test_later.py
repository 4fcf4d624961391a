"""An import that was brought without its wording can be given it later, by two admins; no refusal is overridden."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm import wall
from crm.models import ConsentEvent, Organisation, Statement
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from imports import later, undoing
from imports.models import Import, ImportChunk
from tests import factories
from tests.imports.conftest import HEAD, bring, events, point, reasons

pytestmark = pytest.mark.django_db

JANE = ["jane@example.org", "Jane", "Ward", "yes", "2026-03-01"]
SAM = ["sam@example.org", "Sam", "Hill", "yes", ""]
LEE = ["lee@example.org", "Lee", "Ives", "no", "2026-03-02"]


def ask(file: Import, statement: Statement, *, on: date | None = None, by: Any = None) -> Import:
    """Add the wording as the page and the worker do."""
    by = by or factories.admin(file.organisation)
    with wall.scope("staff", organisation_id=file.organisation_id):
        asked = later.ask(file=file, statement=statement, collected_on=on, user=by)
    return later.prove(file=asked)


def give(file: Import, statement: Statement, *, on: date | None = None) -> Import:
    """Add the wording, and have another admin confirm it."""
    proven = ask(file, statement, on=on)
    other = factories.admin(file.organisation)
    with wall.scope("staff", organisation_id=file.organisation_id):
        agreed = later.confirm(file=proven, user=other, number=proven.later["mailable"])
    return later.carry_out(file=agreed)


def test_who_said_yes_with_a_date_may_be_emailed_once_the_wording_is_there(
    socr: Organisation,
) -> None:
    statement = factories.statement(socr)
    file = bring(socr, [HEAD, JANE, SAM, LEE], statement=None)
    assert reasons(point(socr, JANE[0]))
    given = give(file, statement)
    assert given.state == Import.State.APPLIED
    assert given.later["mailable"] == 1
    assert not reasons(point(socr, JANE[0]))
    assert reasons(point(socr, SAM[0]))  # nobody knows when
    assert reasons(point(socr, LEE[0]))
    assert fold.differences() == 0


def test_the_date_counts_for_rows_without_one(socr: Organisation) -> None:
    file = bring(socr, [HEAD, JANE, SAM], statement=None)
    given = give(file, factories.statement(socr), on=date(2026, 2, 1))
    assert given.later["mailable"] == 2
    assert not reasons(point(socr, SAM[0]))


def test_it_gives_what_an_import_with_the_wording_gives(socr: Organisation) -> None:
    statement = factories.statement(socr)
    told = ("supporter__first_name", "action", "occurred_at", "occurred_until", "statement_id")
    rows = [HEAD, JANE, SAM, LEE, JANE]
    file = bring(socr, rows, statement=statement, collected_on=date(2026, 2, 1))
    at_once = sorted(ConsentEvent.objects.values_list(*told), key=repr)
    with wall.scope("staff", organisation_id=socr.pk):
        undoing.ask(file=file, user=None)
    weighed = undoing.weigh(file=file)
    with wall.scope("staff", organisation_id=socr.pk):
        undoing.confirm(file=weighed, user=None)
    undoing.carry_out(file=weighed)
    before = set(ConsentEvent.objects.values_list("pk", flat=True))
    give(bring(socr, rows, statement=None), statement, on=date(2026, 2, 1))
    afterwards = ConsentEvent.objects.exclude(pk__in=before).values_list(*told)
    assert sorted(afterwards, key=repr) == at_once


def test_whoever_said_stop_meanwhile_stays_off_and_is_not_counted(socr: Organisation) -> None:
    file = bring(socr, [HEAD, JANE], statement=None)
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_address(point=point(socr, JANE[0]), detail="own page")
    given = give(file, factories.statement(socr))
    assert given.later["mailable"] == 0
    assert Reason.ORG_UNSUBSCRIBED in reasons(point(socr, JANE[0]))


def test_an_older_refusal_in_another_list_stands(socr: Organisation) -> None:
    bring(socr, [HEAD, [*JANE[:3], "no", "2025-01-01"]])
    file = bring(socr, [HEAD, JANE, SAM], statement=None)
    given = give(file, factories.statement(socr), on=date(2026, 2, 1))
    assert given.later["mailable"] == 1
    assert not reasons(point(socr, SAM[0]))
    assert reasons(point(socr, JANE[0]))


def test_looking_at_it_changes_nothing(socr: Organisation) -> None:
    file = bring(socr, [HEAD, JANE], statement=None)
    before = events(socr)
    proven = ask(file, factories.statement(socr))
    assert proven.state == Import.State.PROVEN
    assert events(socr) == before
    with wall.scope("staff", organisation_id=socr.pk):
        assert later.cancel(file=proven).state == Import.State.APPLIED
    assert reasons(point(socr, JANE[0]))


def test_whoever_added_the_wording_cannot_confirm_it(socr: Organisation) -> None:
    admin = factories.admin(socr)
    file = bring(socr, [HEAD, JANE], statement=None)
    proven = ask(file, factories.statement(socr), by=admin)
    with wall.scope("staff", organisation_id=socr.pk), pytest.raises(ValidationError):
        later.confirm(file=proven, user=admin, number=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Import.objects.filter(pk=file.pk).update(state="granting", later_seconded_by=admin)


def test_the_second_admin_types_the_number(socr: Organisation) -> None:
    proven = ask(bring(socr, [HEAD, JANE], statement=None), factories.statement(socr))
    other = factories.admin(socr)
    with wall.scope("staff", organisation_id=socr.pk), pytest.raises(ValidationError):
        later.confirm(file=proven, user=other, number=2)


def test_a_wording_of_another_organisation_is_refused(
    socr: Organisation, neu: Organisation
) -> None:
    file = bring(socr, [HEAD, JANE], statement=None)
    with pytest.raises(ValidationError):
        ask(file, factories.statement(neu))


def test_an_import_that_has_its_wording_is_left_alone(socr: Organisation) -> None:
    file = bring(socr, [HEAD, JANE])
    assert ask(file, factories.statement(socr)).state == Import.State.APPLIED


def test_a_list_that_says_no_yes_asks_for_no_wording(socr: Organisation) -> None:
    assert not later.may_be_given(bring(socr, [HEAD, LEE], statement=None))


def test_a_worker_that_dies_after_a_stretch_is_gone_on_from_and_writes_nothing_twice(
    socr: Organisation,
) -> None:
    given = give(bring(socr, [HEAD, JANE], statement=None), factories.statement(socr))
    written = events(socr)
    ImportChunk.objects.filter(file=given).update(later_at=None)
    Import.objects.filter(pk=given.pk).update(state="granting")
    later.carry_out(file=Import.objects.get(pk=given.pk))
    assert events(socr) == written


def test_undoing_the_import_takes_the_yeses_out_again(socr: Organisation) -> None:
    statement = factories.statement(socr)
    bring(socr, [HEAD, [*JANE[:3], "", ""]], statement=statement)
    file = give(bring(socr, [HEAD, JANE], statement=None), statement)
    assert not reasons(point(socr, JANE[0]))
    with wall.scope("staff", organisation_id=socr.pk):
        undoing.ask(file=file, user=None)
    weighed = undoing.weigh(file=file)
    with wall.scope("staff", organisation_id=socr.pk):
        undoing.confirm(file=weighed, user=None)
    undoing.carry_out(file=weighed)
    assert reasons(point(socr, JANE[0]))


def test_the_home_page_says_how_many_wait_for_a_wording_until_it_is_there(
    socr: Organisation,
) -> None:
    file = bring(socr, [HEAD, JANE, SAM, LEE], statement=None)
    browser = Client()
    browser.force_login(factories.user(socr))
    assert "2 rows of the imports say yes" in browser.get(reverse("home")).content.decode()
    give(file, factories.statement(socr))
    assert "rows of the imports say yes" not in browser.get(reverse("home")).content.decode()


def test_two_admins_give_a_wording_on_the_page_of_the_import(
    socr: Organisation, django_capture_on_commit_callbacks: Any
) -> None:
    statement = factories.statement(socr)
    file = bring(socr, [HEAD, JANE], statement=None)
    page, act = (reverse(name, args=[file.public_id]) for name in ("import", "import-wording"))
    first, second = Client(), Client()
    first.force_login(factories.admin(socr))
    second.force_login(factories.admin(socr))
    assert "Add wording and date" in first.get(page).content.decode()
    first.post(
        act, {"step": "ask", "statement": str(statement.public_id), "collected_on": "2026-02-01"}
    )
    later.prove(file=Import.objects.get(pk=file.pk))
    assert "Another admin must confirm this" in first.get(page).content.decode()
    shown = second.get(page).content.decode()
    assert "How many people could be emailed?" in shown
    assert "1 February 2026, where the row has no date" in shown
    second.post(act, {"step": "give", "number": "1"})
    later.carry_out(file=Import.objects.get(pk=file.pk))
    assert not reasons(point(socr, JANE[0]))
    assert "Add wording and date" not in first.get(page).content.decode()
