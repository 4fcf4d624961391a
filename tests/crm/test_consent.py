"""The gate says yes only to those who said yes, and names every reason otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm import consent
from crm.models import (
    Action,
    AgeBand,
    Channel,
    ContactPoint,
    Deliverability,
    Organisation,
    Reach,
    Source,
    Supporter,
)
from crm.reasons import SENTENCES, Reason
from crm.sql import fold
from tests import factories
from tests.crm import tables, worlds

pytestmark = pytest.mark.django_db

SAID = datetime(2026, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def reasons(point: ContactPoint, *, at: datetime = NOW, suitable: bool = False) -> Reason:
    fold.rebuild()
    question = consent.Question(
        purpose_id=factories.purpose(point.organisation).pk, suitable_for_under_18=suitable, at=at
    )
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question).get()
    return Reason(decided.reasons)


@pytest.fixture
def point(socr: Organisation) -> ContactPoint:
    """An address whose owner said yes to SOCR."""
    made = factories.address(factories.supporter(socr))
    factories.granted(made, at=SAID)
    return made


def change(point: ContactPoint, **facts: Any) -> None:
    Supporter.objects.filter(pk=point.supporter_id).update(**facts)


def test_a_yes_with_its_wording_may_be_mailed(point: ContactPoint) -> None:
    assert reasons(point) == Reason(0)


def test_somebody_who_said_nothing_may_not_be_mailed(socr: Organisation) -> None:
    factories.purpose(socr)
    point = factories.address(factories.supporter(socr))
    assert reasons(point) == Reason.NO_CONSENT_RECORDED


def test_a_yes_to_another_type_of_email_is_no_permission(
    point: ContactPoint, socr: Organisation
) -> None:
    fold.rebuild()
    question = consent.Question(purpose_id=factories.purpose(socr, "petitions").pk, at=NOW)
    decided = consent.decide(ContactPoint.objects.all(), question).get()
    assert decided.reasons == Reason.NO_CONSENT_RECORDED


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action.DENY, Reason.CONSENT_DENIED),
        (Action.WITHDRAW, Reason.CONSENT_WITHDRAWN),
        (Action.COMPLAINT, Reason.COMPLAINED),
        (Action.UNSUB_ALL_ORG, Reason.ORG_UNSUBSCRIBED),
        (Action.OBJECT, Reason.ORG_OBJECTION),
        (Action.STOP_EVERYTHING, Reason.STOP_EVERYTHING),
        (Action.ERASED, Reason.ERASED_SUPPRESSED),
    ],
)
def test_each_refusal_has_a_reason_of_its_own(
    point: ContactPoint, action: Action, reason: Reason
) -> None:
    factories.event(point, action, at=SAID + timedelta(days=1))
    assert reasons(point) == reason


def test_a_yes_that_waits_for_its_confirmation_is_pending(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    words = factories.statement(socr, requires_confirmation=True)
    grant = factories.granted(point, at=SAID, statement=words)
    assert reasons(point) == Reason.CONSENT_PENDING
    factories.event(point, Action.CONFIRM, at=SAID, confirms=grant)
    assert reasons(point) == Reason(0)


def test_permission_runs_out_by_the_clock_alone(point: ContactPoint) -> None:
    end = SAID.replace(year=2028)
    assert reasons(point, at=end - timedelta(seconds=1)) == Reason(0)
    assert reasons(point, at=end) == Reason.CONSENT_EXPIRED


def test_a_pause_blocks_until_its_end_and_then_no_more(point: ContactPoint) -> None:
    factories.event(point, Action.PAUSE, at=SAID, paused_until=SAID + timedelta(days=90))
    assert reasons(point, at=SAID + timedelta(days=89)) == Reason.PAUSED  # scenario 56
    assert reasons(point, at=SAID + timedelta(days=92)) == Reason(0)


def test_a_yes_without_its_wording_lacks_evidence(socr: Organisation) -> None:
    point = factories.address(factories.supporter(socr))
    factories.event(point, Action.GRANT, at=SAID, what=factories.purpose(socr))
    assert reasons(point) == Reason.EVIDENCE_MISSING


def test_a_yes_to_words_that_name_another_is_no_yes_to_us(
    socr: Organisation, neu: Organisation
) -> None:
    point = factories.address(factories.supporter(socr))
    words = factories.statement(socr, names_also=(neu,), names_owner=False)
    factories.granted(point, at=SAID, statement=words)
    assert reasons(point) == Reason.STATEMENT_OMITS_ORG


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (ContactPoint.Problem.BOUNCES, Reason.HARD_BOUNCE),
        (ContactPoint.Problem.COMPLAINED, Reason.COMPLAINED),
    ],
)
def test_a_problem_with_the_address_blocks_and_touches_no_consent(
    point: ContactPoint, problem: int, reason: Reason
) -> None:
    ContactPoint.objects.filter(pk=point.pk).update(problem=problem)
    assert reasons(point) == reason
    ContactPoint.objects.filter(pk=point.pk).update(problem=ContactPoint.Problem.NONE)
    assert reasons(point) == Reason(0)


def test_what_another_organisation_knows_of_an_inbox_blocks_nothing(
    point: ContactPoint, neu: Organisation
) -> None:
    Deliverability.objects.create(
        organisation=neu,
        mailbox=point.keys.mailbox,
        problem=ContactPoint.Problem.BOUNCES,
        since=SAID,
    )
    assert reasons(point) == Reason(0)


def test_an_address_that_was_replaced_is_no_address(point: ContactPoint) -> None:
    ContactPoint.objects.filter(pk=point.pk).update(retired_at=SAID)
    assert reasons(point) == Reason.ADDRESS_INVALID


@pytest.mark.parametrize(
    ("band", "reason"),
    [
        (AgeBand.FROM_13, Reason.MINOR_NOT_SUITABLE),
        (AgeBand.FROM_16, Reason.MINOR_NOT_SUITABLE),
        (AgeBand.NOT_SAID, Reason.AGE_UNKNOWN_MINOR_RISK),
        (AgeBand.ADULT, Reason(0)),
    ],
)
def test_whoever_may_be_under_18_gets_only_what_is_marked_as_suitable(
    point: ContactPoint, band: AgeBand, reason: Reason
) -> None:
    change(point, age_band=band)
    assert reasons(point) == reason
    assert reasons(point, suitable=True) == Reason(0)


def test_joint_mail_never_goes_to_a_minor_however_it_is_marked(coalition: Organisation) -> None:
    partner = factories.organisation("SOCR")
    point = factories.address(factories.supporter(coalition, age_band=AgeBand.FROM_16))
    words = factories.statement(coalition, names_also=(partner,))
    factories.granted(point, at=SAID, statement=words)
    assert reasons(point, suitable=True) == Reason.MINOR_NOT_SUITABLE


@pytest.mark.parametrize(
    ("fact", "reason"), [("restricted", Reason.RESTRICTED), ("deceased", Reason.DECEASED)]
)
def test_restricted_and_deceased_people_are_left_out(
    point: ContactPoint, fact: str, reason: Reason
) -> None:
    change(point, **{fact: True})
    assert reasons(point) == reason


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"restricted": True}, Reason.RESTRICTED),
        ({"deceased": True}, Reason.DECEASED),
        ({"age_band": AgeBand.FROM_13}, Reason.MINOR_NOT_SUITABLE),
        ({"only_important_since": NOW}, Reason.FREQUENCY_CAP),
    ],
)
@pytest.mark.parametrize("keeps_first", [True, False])
def test_joining_entries_hides_no_reason_that_either_had(
    point: ContactPoint, fact: dict[str, Any], reason: Reason, keeps_first: bool
) -> None:
    other = factories.supporter(point.organisation, **fact)
    joined, kept = (other.pk, point.supporter_id) if keeps_first else (point.supporter_id, other.pk)
    Supporter.objects.filter(pk=joined).update(canonical_id=kept)
    assert reasons(point) == reason


@pytest.mark.parametrize(
    ("is_important", "reason"), [(False, Reason.FREQUENCY_CAP), (True, Reason(0))]
)
def test_who_asked_for_important_emails_only_gets_those_and_no_others(
    point: ContactPoint, is_important: bool, reason: Reason
) -> None:
    change(point, only_important_since=NOW)
    fold.rebuild()
    question = consent.Question(
        purpose_id=factories.purpose(point.organisation).pk, is_important=is_important, at=NOW
    )
    decided = consent.decide(ContactPoint.objects.filter(pk=point.pk), question).get()
    assert Reason(decided.reasons) == reason


def test_every_reason_is_named_at_once(point: ContactPoint) -> None:
    factories.event(point, Action.OBJECT, at=SAID + timedelta(days=1), reach=Reach.SUPPORTER)
    factories.event(point, Action.PAUSE, at=SAID, paused_until=SAID.replace(year=2030))
    ContactPoint.objects.filter(pk=point.pk).update(problem=ContactPoint.Problem.BOUNCES)
    change(point, restricted=True, age_band=AgeBand.NOT_SAID)
    assert reasons(point, at=SAID.replace(year=2029)) == (
        Reason.ORG_OBJECTION
        | Reason.CONSENT_EXPIRED
        | Reason.PAUSED
        | Reason.HARD_BOUNCE
        | Reason.AGE_UNKNOWN_MINOR_RISK
        | Reason.RESTRICTED
    )


def test_a_telephone_is_no_address_to_mail(point: ContactPoint, socr: Organisation) -> None:
    ContactPoint.objects.filter(pk=point.pk).update(channel=Channel.PHONE)
    question = consent.Question(purpose_id=factories.purpose(socr).pk)
    assert not consent.decide(ContactPoint.objects.all(), question).exists()


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


# Scenarios of docs/reference/scenarios.md that the ledger and the gate settle between them.


def imported(point: ContactPoint, action: Action, at: datetime, **extra: Any) -> None:
    extra["batch"] = factories.batch(point.organisation)
    if action == Action.GRANT:
        factories.granted(point, at=at, source=Source.IMPORT, **extra)
    else:
        factories.event(point, action, at=at, source=Source.IMPORT, **extra)


@pytest.mark.parametrize("listed", [SAID - timedelta(days=100), SAID + timedelta(days=30)])
def test_an_import_never_restores_a_withdrawal(socr: Organisation, listed: datetime) -> None:
    """Scenarios 10 and 11."""
    point = factories.address(factories.supporter(socr))
    factories.event(point, Action.WITHDRAW, at=SAID)
    imported(point, Action.GRANT, listed)
    assert reasons(point) == Reason.CONSENT_WITHDRAWN


def test_whoever_withdrew_and_then_signs_up_may_be_mailed(socr: Organisation) -> None:
    """Scenario 12."""
    point = factories.address(factories.supporter(socr))
    factories.event(point, Action.WITHDRAW, at=SAID)
    factories.granted(point, at=SAID + timedelta(days=1))
    assert reasons(point) == Reason(0)


def test_an_older_unsubscribe_in_a_file_does_not_outdo_a_later_sign_up(point: ContactPoint) -> None:
    """Scenario 14."""
    imported(point, Action.WITHDRAW, SAID - timedelta(days=30))
    assert reasons(point) == Reason(0)


def test_a_stop_of_one_spelling_of_an_inbox_keeps_a_list_from_using_another(
    socr: Organisation,
) -> None:
    """Scenarios 87 and 89."""
    stopped = factories.address(factories.supporter(socr), "j.smith+neu@gmail.com")
    factories.event(stopped, Action.UNSUB_ALL_ORG, at=SAID)
    other = factories.address(factories.supporter(socr), "jsmith@gmail.com")
    imported(other, Action.GRANT, SAID + timedelta(days=1))
    assert reasons(other) == Reason.NO_CONSENT_RECORDED


def test_one_click_stops_the_inbox_for_everyone_there_and_for_no_other_organisation(
    socr: Organisation, neu: Organisation
) -> None:
    """Scenario 3."""
    parent, teacher, elsewhere = (
        factories.address(factories.supporter(where), "home@example.org")
        for where in (socr, socr, neu)
    )
    for point in (parent, teacher, elsewhere):
        factories.granted(point, at=SAID)
    factories.event(parent, Action.UNSUB_ALL_ORG, at=NOW, reach=Reach.MAILBOX)
    assert reasons(parent) == reasons(teacher) == Reason.ORG_UNSUBSCRIBED
    assert reasons(elsewhere) == Reason(0)


def test_the_answer_for_one_person_is_the_answer_in_a_list(
    django_assert_num_queries: Callable[[int], Any], db: None
) -> None:
    base = worlds.ground()
    crowd = worlds.crowd(base, seed=30, size=15)
    with tables.written(crowd):
        for where, purposes in base.purposes.items():
            points = ContactPoint.objects.filter(organisation=where)
            question = consent.Question(purpose_id=purposes[0], at=worlds.NOW)
            with django_assert_num_queries(1):
                listed = dict(consent.decide(points, question).values_list("pk", "reasons"))
            assert len(set(listed.values())) > 1
            for pk, why in listed.items():
                alone = consent.decide(ContactPoint.objects.filter(pk=pk), question).get()
                assert alone.reasons == why
