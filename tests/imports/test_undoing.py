"""Undoing an import takes out what it brought, and nothing that people, staff or other imports did since."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm import wall
from crm.models import (
    Case,
    ConsentState,
    ContactPoint,
    Deliverability,
    Organisation,
    Record,
    Role,
    Source,
    Supporter,
    SupporterRole,
    SupporterTag,
    User,
)
from crm.reasons import Reason
from crm.services import people, permissions
from crm.sql import fold
from imports import services, undoing
from imports.models import Import
from imports.sql import applying
from mailings.models import Delivery
from tests import factories
from tests.imports.conftest import HEAD, bring, point, preview, reasons
from tests.mailings.conftest import campaign

pytestmark = pytest.mark.django_db

JANE = ["jane@example.org", "Jane", "Ward", "yes", "2026-03-01"]
SAM = ["sam@example.org", "Sam", "Hill", "yes", "2026-03-02"]


def undo(file: Import, *, by: User | None = None, second: User | None = None) -> Import:
    """Undo as the pages and the worker do."""
    with wall.scope("staff", organisation_id=file.organisation_id):
        undoing.ask(file=file, user=by)
    weighed = undoing.weigh(file=file)
    with wall.scope("staff", organisation_id=file.organisation_id):
        undoing.confirm(file=weighed, user=second, number=weighed.undo["mailable"])
    return undoing.carry_out(file=weighed)


def listed(where: Organisation) -> list[tuple[Any, ...]]:
    """What staff would see of everyone on the list, and what may be mailed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.first_name, s.last_name, s.postcode, s.age_band, s.name_forms, s.last_fold, cp.folded, cp.kind,
                   cp.problem, st.granted_at, st.refused_at, st.refusal, st.statement_id,
                   ARRAY(SELECT role_id FROM crm_supporterrole r WHERE r.supporter_id = s.id ORDER BY 1),
                   ARRAY(SELECT t.name FROM crm_supportertag g JOIN crm_tag t ON t.id = g.tag_id
                         WHERE g.supporter_id = s.id ORDER BY 1),
                   ARRAY(SELECT term FROM crm_searchterm t WHERE t.supporter_id = s.id ORDER BY 1)
            FROM crm_supporter s LEFT JOIN crm_contactpoint cp ON cp.supporter_id = s.id AND cp.retired_at IS NULL
            LEFT JOIN crm_consentstate st ON st.contact_point_id = cp.id
            WHERE s.organisation_id = %s AND s.erased_at IS NULL
            """,
            [where.pk],
        )
        return sorted(cursor.fetchall(), key=repr)


def test_nobody_is_left_of_a_list_that_was_undone(socr: Organisation) -> None:
    file = bring(socr, [HEAD, JANE, SAM])
    undone = undo(file)
    assert undone.state == Import.State.UNDONE
    assert undone.undo["removed"] == 2
    assert listed(socr) == []
    assert not Record.objects.filter(organisation=socr).exists()


def test_importing_undoing_and_importing_again_gives_what_the_import_gave(
    socr: Organisation,
) -> None:
    head = [*HEAD, "Tags", "Phone", "Postcode"]
    rows = [
        [*JANE, "Bath; picket", "07700 900123", "GU1 1AA"],
        [*SAM, "", "", ""],
        ["lee@example.org", "Lee", "Ives", "unsubscribed", "", "Bath", "", ""],
    ]
    statement = factories.statement(socr)
    file = bring(socr, [head, *rows], statement=statement)
    first = listed(socr)
    undo(file)
    bring(socr, [head, *rows], statement=statement)
    assert listed(socr) == first
    assert fold.differences() == 0


def test_a_hand_edit_a_later_list_and_a_stop_all_survive_the_undoing_of_the_first_list(
    socr: Organisation, neu: Organisation
) -> None:
    statement = factories.statement(socr)
    a = bring(socr, [[*HEAD, "Postcode"], [*JANE, "GU1 1AA"]], statement=statement)
    with wall.scope("staff", organisation_id=socr.pk):
        people.add_person(
            organisation=socr,
            details=people.NewPerson(first_name="Jane", last_name="Ward-Hill", email=JANE[0]),
        )
    b = bring(
        socr, [[*HEAD, "Postcode"], [*JANE[:4], "2026-04-01", "GU2 7XH"]], statement=statement
    )
    with wall.scope("keeper", organisation_id=socr.pk):
        permissions.stop_address(point=point(socr, JANE[0]), detail="own page")
    undo(a)
    jane = Supporter.objects.get(organisation=socr, erased_at=None)
    assert jane.postcode == "GU2 7XH"
    assert Record.objects.filter(supporter=jane, source=Source.STAFF).exists()
    assert list(Record.objects.filter(batch__isnull=False).values_list("batch", flat=True)) == [
        b.batch_id
    ]
    assert reasons(point(socr, JANE[0])) & Reason.ORG_UNSUBSCRIBED
    assert fold.differences() == 0


def test_another_list_that_says_the_same_keeps_the_address_role_and_tag(
    socr: Organisation,
) -> None:
    statement = factories.statement(socr)
    role = Role.objects.get(code="senco")
    head = [*HEAD, "Role", "Tags"]
    row = [*JANE, role.label, "Bath"]
    a = bring(socr, [head, row], statement=statement)
    b = bring(socr, [head, [*row[:4], "2026-05-01", *row[5:]]], statement=statement)
    undo(a)
    assert point(socr, JANE[0]).retired_at is None
    assert SupporterRole.objects.get(organisation=socr).batch_id == b.batch_id
    assert SupporterTag.objects.get(organisation=socr).batch_id == b.batch_id
    assert reasons(point(socr, JANE[0])) == Reason(0)


def test_bounces_that_only_the_undone_list_reported_are_forgotten(socr: Organisation) -> None:
    statement = factories.statement(socr)
    bring(socr, [HEAD, JANE], statement=statement)
    bad = bring(socr, [HEAD, [*JANE[:3], "bounced", ""]], statement=statement)
    assert reasons(point(socr, JANE[0])) & Reason.HARD_BOUNCE
    ann, bea = factories.admin(socr), factories.admin(socr)
    undo(bad, by=ann, second=bea)
    assert not Deliverability.objects.filter(organisation=socr).exists()
    assert reasons(point(socr, JANE[0])) == Reason(0)


def mailed(to: ContactPoint) -> None:
    """A message to the address that was handed over just now."""
    made = campaign(to.organisation)
    Delivery.objects.create(
        organisation=to.organisation,
        campaign=made,
        version=made.versions.get(),
        supporter=to.supporter,
        contact_point=to,
        mailbox=to.keys.mailbox,
        seq=1,
        status=Delivery.Status.SENT,
        settled_at=timezone.now(),
    )


def test_undoing_a_list_of_refusals_takes_a_second_admin_who_confirms_the_number(
    socr: Organisation,
) -> None:
    statement = factories.statement(socr)
    ann, bea = factories.admin(socr), factories.admin(socr)
    bring(socr, [HEAD, JANE, SAM], statement=statement)
    stops = bring(socr, [HEAD, [*JANE[:3], "unsubscribed", ""]], statement=statement)
    undoing.ask(file=stops, user=ann)
    weighed = undoing.weigh(file=stops)
    assert weighed.undo["mailable"] == 1
    assert reasons(point(socr, JANE[0])) & Reason.CONSENT_WITHDRAWN, "nothing is changed yet"
    with pytest.raises(ValidationError, match="Another admin must confirm"):
        undoing.confirm(file=weighed, user=ann, number=1)
    with pytest.raises(ValidationError, match="it is 1"):
        undoing.confirm(file=weighed, user=bea, number=2)
    undoing.confirm(file=weighed, user=bea, number=1)
    undoing.carry_out(file=weighed)
    assert reasons(point(socr, JANE[0])) == Reason(0)


def test_the_database_too_wants_the_second_admin(socr: Organisation) -> None:
    ann = factories.admin(socr)
    file = bring(socr, [HEAD, JANE])
    for second in (None, ann):
        with pytest.raises(IntegrityError, match="takes_two"), transaction.atomic():
            Import.objects.filter(pk=file.pk).update(
                state="undoing", undo={"mailable": 1}, undo_asked_by=ann, undo_seconded_by=second
            )


def test_more_people_than_were_confirmed_are_never_made_mailable(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = factories.statement(socr)
    stops = bring(socr, [HEAD, [*JANE[:3], "unsubscribed", ""]], statement=statement)
    undoing.ask(file=stops, user=None)
    weighed = undoing.weigh(file=stops)
    undoing.confirm(file=weighed, user=None)
    bring(socr, [HEAD, JANE], statement=statement)  # in between: without the stop it would be a yes
    after = undoing.carry_out(file=Import.objects.get(pk=stops.pk))
    assert after.state == Import.State.WEIGHED
    assert after.undo["mailable"] == 1
    assert after.batch.undone_at is None


def test_an_undoing_that_was_killed_goes_on_where_it_was(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STRETCH", 2)
    rows = [
        [f"p{n}@example.org", f"Ann{n}", f"Lee{n}", "yes", f"2026-01-{n + 1:02}"] for n in range(9)
    ]
    file = bring(socr, [HEAD, *rows])
    undoing.ask(file=file, user=None)
    undoing.confirm(file=undoing.weigh(file=file), user=None)
    wait, calls = applying.wait_for_turn, []

    def killed(organisation_id: int) -> None:
        calls.append(organisation_id)
        if len(calls) == 3:
            raise KeyboardInterrupt
        wait(organisation_id)

    monkeypatch.setattr(applying, "wait_for_turn", killed)
    with pytest.raises(KeyboardInterrupt):
        undoing.carry_out(file=Import.objects.get(pk=file.pk))
    assert undoing.carry_out(file=Import.objects.get(pk=file.pk)).state == Import.State.UNDONE
    assert listed(socr) == []
    assert fold.differences() == 0


def test_a_person_who_was_mailed_can_still_stop_after_the_import_is_undone(
    socr: Organisation,
) -> None:
    file = bring(socr, [HEAD, JANE])
    jane = point(socr, JANE[0])
    mailed(jane)
    undone = undo(file)
    assert undone.undo["mailed"] == 1
    jane.refresh_from_db()
    assert jane.retired_at is not None
    assert jane.folded == JANE[0]
    assert hasattr(jane, "keys")
    assert not ConsentState.objects.filter(contact_point=jane, granted_at__isnull=False).exists()


def test_an_incident_is_opened_when_people_were_mailed_because_of_what_is_undone(
    socr: Organisation,
) -> None:
    file = bring(socr, [HEAD, JANE])
    mailed(point(socr, JANE[0]))
    undo(file)
    case = Case.objects.get(organisation=socr, kind=Case.Kind.INCIDENT)
    assert "People concerned: 1." in case.words


def test_a_file_with_one_day_for_all_takes_two_admins(socr: Organisation) -> None:
    statement = factories.statement(socr)
    ann, bea = factories.admin(socr), factories.admin(socr)
    rows = [[f"p{n}@example.org", "Ann", f"Lee{n}", "yes", ""] for n in range(30)]
    file = preview(socr, [HEAD, *rows], statement=statement, collected_on=date(2026, 5, 3))
    with wall.scope("staff", organisation_id=socr.pk):
        assert services.start(file=file, user=ann).state == Import.State.DOUBTED
        with pytest.raises(ValidationError, match="Another admin"):
            services.start(file=file, user=ann)
        started = services.start(file=file, user=bea)
    assert services.apply(file=started).state == Import.State.APPLIED
    assert ContactPoint.objects.filter(organisation=socr).count() == 30


def test_a_person_s_own_address_stays_when_the_list_that_brought_it_is_undone(
    socr: Organisation,
) -> None:
    file = bring(socr, [HEAD, JANE])
    with wall.scope("staff", organisation_id=socr.pk):
        people.add_person(
            organisation=socr,
            details=people.NewPerson(first_name="Jane", last_name="Ward", email=JANE[0]),
        )
    undo(file)
    jane = point(socr, JANE[0])
    assert jane.retired_at is None
    assert reasons(jane) & Reason.NO_CONSENT_RECORDED


PEOPLE = [
    ("jo@example.org", "Jo", "Lee"),
    ("Jo@example.org", "Jo", "Lee"),
    ("jo@example.org", "Max", "Lee"),
    ("al@example.org", "Al", "Ito"),
    ("al+x@example.org", "Al", "Ito"),
]
SAID = [
    ("yes", "2026-01-10"),
    ("yes", "2026-02-10"),
    ("no", "2026-01-20"),
    ("unsubscribed", "2026-03-01"),
    ("bounced", ""),
    ("", ""),
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(SAID),
        st.sampled_from(["", "07700 900123"]),
        st.sampled_from(["", "GU1 1AA", "GU2 7XH"]),
        st.sampled_from(["", "Bath", "Bath; reps"]),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # each example is two imports: to shrink one takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=ROWS, second=ROWS)
def test_undoing_gives_back_what_was_there_and_importing_again_what_the_import_gave(
    socr: Organisation, first: list[Any], second: list[Any]
) -> None:
    head = [*HEAD, "Phone", "Postcode", "Tags"]
    tables = [
        [head, *([*who, *said, phone, code, tags] for who, said, phone, code, tags in rows)]
        for rows in (first, second)
    ]
    with transaction.atomic():
        statement, ann, bea = (
            factories.statement(socr),
            factories.admin(socr),
            factories.admin(socr),
        )
        bring(socr, tables[0], statement=statement, name="first.csv")
        before = listed(socr)
        if tables[0] != tables[1]:
            file = bring(socr, tables[1], statement=statement, name="second.csv")
            after = listed(socr)
            undo(file, by=ann, second=bea)
            assert listed(socr) == before
            bring(socr, tables[1], statement=statement, name="second.csv")
            assert listed(socr) == after
            assert fold.differences() == 0
        transaction.set_rollback(True)
