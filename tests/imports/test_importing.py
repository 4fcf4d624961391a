"""From a file to people: nobody is lost, nothing is given back, and the same file twice changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm import wall
from crm.models import (
    Action,
    AddressKey,
    ConsentEvent,
    ContactPoint,
    Organisation,
    Record,
    Supporter,
)
from crm.reasons import Reason
from crm.services import permissions
from crm.sql import fold
from imports.models import Import, Problem, StagedRow
from imports.sql import staged
from tests import factories
from tests.imports.conftest import (
    HEAD,
    apply,
    as_csv,
    as_zip,
    bring,
    events,
    everything,
    point,
    preview,
    reasons,
)
from tests.imports.conftest import upload as bring_only

pytestmark = pytest.mark.django_db

YES = ["priya@example.org", "Priya", "Okafor", "yes", "2026-01-10"]
MAILCHIMP = ["Email Address", "First Name", "Last Name", "OPTIN_TIME", "CONFIRM_TIME"]
MAILCHIMP_TAIL = ["UNSUB_TIME", "CLEAN_TIME", "LEID", "EUID"]


def mailchimp(*rows: dict[str, str]) -> bytes:
    head = [*MAILCHIMP, *MAILCHIMP_TAIL]
    return as_csv([head, *([row.get(name, "") for name in head] for row in rows)])


def somebody(where: Organisation, email: str = "priya@example.org") -> ContactPoint:
    return factories.address(factories.supporter(where), email)


def withdrew(found: ContactPoint, at: datetime | None = None, **extra: Any) -> None:
    factories.event(found, Action.WITHDRAW, at=at, **extra)
    permissions.refold(supporter_ids=[found.supporter_id])


def test_a_preview_writes_nothing_to_people(socr: Organisation) -> None:
    before = everything()
    file = preview(socr, [HEAD, YES], statement=factories.statement(socr))
    assert file.state == Import.State.PREVIEWED
    assert everything() == before
    assert (file.counts["new"], file.counts["permission"]) == (1, {"gained": 1})


def test_somebody_who_says_yes_with_a_date_and_a_wording_may_be_emailed(
    socr: Organisation,
) -> None:
    file = bring(socr, [HEAD, YES])
    assert reasons(point(socr, "priya@example.org")) == Reason(0)
    assert file.state == Import.State.APPLIED
    assert not StagedRow.objects.filter(file=file).exists()
    assert fold.differences() == 0


def test_one_address_with_two_names_is_two_people(socr: Organisation) -> None:  # scenario 1
    bring(socr, [HEAD, YES, ["priya@example.org", "Tom", "Baker", "", ""]])
    assert Supporter.objects.filter(organisation=socr).count() == 2
    assert AddressKey.objects.values("mailbox").distinct().count() == 1


@pytest.mark.parametrize("day", ["2026-06-01", "2026-11-01"])
def test_an_import_restores_nothing_whatever_its_date(socr: Organisation, day: str) -> None:
    withdrew(somebody(socr), datetime(2026, 10, 1, tzinfo=UTC))  # scenarios 10 and 11
    file = bring(socr, [HEAD, [*YES[:4], day]])
    assert file.counts["permission"] == {"kept_off": 1}
    assert Reason.CONSENT_WITHDRAWN in reasons(point(socr, "priya@example.org"))


def test_an_undated_stop_ends_a_personal_yes_and_is_put_before_the_admin(
    socr: Organisation,
) -> None:  # scenario 13
    found = somebody(socr)
    factories.granted(found, at=datetime(2026, 11, 10, tzinfo=UTC))
    file = bring(socr, [HEAD, [*YES[:3], "unsubscribed", ""]])
    assert file.counts["permission"] == {"no_against_yes": 1}
    assert Reason.CONSENT_WITHDRAWN in reasons(found)


def test_an_undated_stop_that_comes_again_after_a_yes_is_a_new_one(socr: Organisation) -> None:
    stop = [*YES[:3], "unsubscribed", ""]
    bring(socr, [HEAD, stop])
    found = point(socr, "priya@example.org")
    factories.granted(found, at=timezone.now())
    again = bring(socr, [HEAD, stop, ["tom@example.org", "Tom", "Baker", "", ""]])
    assert ConsentEvent.objects.filter(batch=again.batch, action=Action.WITHDRAW).count() == 1
    before = events(socr)
    bring(socr, [HEAD, stop])
    assert events(socr) == before


def test_a_stop_before_a_personal_yes_changes_nothing(socr: Organisation) -> None:  # scenario 14
    found = somebody(socr)
    factories.granted(found, at=datetime(2026, 11, 10, tzinfo=UTC))
    head = ["Email", "First name", "Opt in", "Unsubscribed on"]
    file = bring(socr, [head, ["priya@example.org", "Priya", "unsubscribed", "2026-03-01"]])
    assert file.counts["permission"] == {"overtaken": 1}
    assert reasons(found) == Reason(0)


def test_a_child_under_13_is_not_kept_and_not_named(socr: Organisation) -> None:  # scenario 23
    head = ["Email", "First name", "Date of birth"]
    file = preview(
        socr, [head, ["kim@example.org", "Kim", "2014-11-30"], ["a@b.org", "Ann", "2012-01-01"]]
    )
    assert file.counts["refused"] == 1
    problem = Problem.objects.get(file=file)
    row = StagedRow.objects.get(file=file, refused=True)
    assert (problem.value, row.email, row.first_name, row.data) == ("", "", "", {})
    assert "under 13" in problem.sentence
    apply(file)
    assert Supporter.objects.get().age_band == 13
    assert "2012" not in str(list(Record.objects.values()))


def test_an_address_that_another_organisation_knows_looks_like_any_other(
    socr: Organisation, neu: Organisation
) -> None:  # scenario 25
    factories.granted(somebody(neu, "known@example.org"))
    wording = factories.statement(socr)
    known = preview(socr, [HEAD, ["known@example.org", *YES[1:]]], statement=wording)
    unknown = preview(socr, [HEAD, ["nobody@example.org", *YES[1:]]], statement=wording)
    assert known.counts == unknown.counts


def test_one_person_three_times_is_one_person_and_the_no_prevails(
    socr: Organisation,
) -> None:  # scenario 30
    rows = [YES, [*YES[:3], "no", ""], [*YES[:3], "", ""]]
    file = preview(socr, [HEAD, *rows], statement=factories.statement(socr))
    assert file.counts["repeats"] == [(2, 1), (3, 1)]
    assert file.counts["permission"] == {"kept_off": 1, "no": 1, "not_said": 1}
    apply(file)
    assert Supporter.objects.count() == 1
    assert Reason.CONSENT_DENIED in reasons(point(socr, "priya@example.org"))


def test_identical_rows_are_one_event_however_often_they_are_applied(
    socr: Organisation,
) -> None:  # scenario 31
    bring(socr, [HEAD, YES, YES, YES])
    assert (Supporter.objects.count(), events(socr)) == (1, 1)


def test_the_same_file_again_is_told_to_be_imported_already(socr: Organisation) -> None:
    wording = factories.statement(socr)  # scenario 32
    file = bring(socr, [HEAD, YES], statement=wording)
    before = everything()
    assert apply(file).state == Import.State.APPLIED
    with pytest.raises(ValidationError, match="imported already"):
        bring_only(socr, [HEAD, YES], statement=wording)
    assert everything() == before


def test_the_same_file_waiting_twice_is_imported_once(socr: Organisation) -> None:
    first, second = (preview(socr, [HEAD, YES]) for _ in range(2))
    apply(first)
    with pytest.raises(ValidationError, match="being imported already"):
        apply(second)


def test_other_rows_about_the_same_person_add_nothing_twice(socr: Organisation) -> None:
    wording = factories.statement(socr)
    bring(socr, [HEAD, YES], statement=wording)
    file = bring(socr, [HEAD, YES, ["new@example.org", "Ann", "Lee", "", ""]], statement=wording)
    assert (file.counts["unchanged"], file.counts["new"]) == (1, 1)
    assert (Supporter.objects.count(), events(socr)) == (2, 1)


def test_a_new_telephone_is_something_new(socr: Organisation) -> None:
    bring(socr, [["Email", "First name"], ["a@b.org", "Ann"]])
    row = ["a@b.org", "Ann", "07700 900123"]
    assert preview(socr, [["Email", "First name", "Mobile"], row]).counts["changed"] == 1


def test_a_cleaned_address_bounces_and_its_consent_stands(socr: Organisation) -> None:
    found = somebody(socr)  # scenario 41
    factories.granted(found)
    content = mailchimp({"Email Address": "priya@example.org", "CLEAN_TIME": "2026-02-01 10:00:00"})
    file = bring(socr, as_zip({"cleaned_email_audience.csv": content}), name="export.zip")
    found.refresh_from_db()
    assert file.counts["permission"] == {"bouncing": 1}
    assert reasons(found) == Reason.HARD_BOUNCE


@pytest.mark.parametrize("order", [1, -1])
def test_unsubscribed_wins_whichever_file_comes_first(socr: Organisation, order: int) -> None:
    row = {"Email Address": "priya@example.org", "OPTIN_TIME": "2026-03-01 10:00:00"}  # scenario 42
    files = [
        ("subscribed_audience.csv", mailchimp(row)),
        ("unsubscribed_audience.csv", mailchimp({**row, "UNSUB_TIME": "2026-02-01 10:00:00"})),
    ]
    file = bring(socr, as_zip(dict(files[::order])), name="export.zip")
    assert file.counts["permission"] == {"kept_off": 1, "no": 1}
    assert Reason.CONSENT_WITHDRAWN in reasons(point(socr, "priya@example.org"))


def test_a_column_of_no_stops_at_1_and_grants_nothing_at_0(socr: Organisation) -> None:
    head = ["Email", "First name", "Do Not Email"]  # scenario 43
    bring(socr, [head, ["a@b.org", "Ann", "1"], ["c@d.org", "Cy", "0"]])
    assert Reason.CONSENT_WITHDRAWN in reasons(point(socr, "a@b.org"))
    assert reasons(point(socr, "c@d.org")) == Reason.NO_CONSENT_RECORDED
    assert events(socr) == 1


def test_a_no_in_any_of_several_columns_wins(socr: Organisation) -> None:
    head = ["Email", "Opt in", "Consent", "Opt in date", "Do Not Email", "Email Opt Out"]
    rows = [
        ["a@b.org", "yes", "", "2026-01-10", "0", "1"],
        ["c@d.org", "yes", "no", "2026-01-10", "", ""],
        ["e@f.org", "yes", "pending", "2026-01-10", "", ""],
        ["g@h.org", "yes", "", "2026-01-10", "please don’t", ""],
        ["i@j.org", "yes", "", "2026-01-10", "0", "no"],
    ]
    file = bring(socr, [head, *rows])
    assert file.counts["permission"] == {"no": 2, "not_said": 2, "gained": 1}
    assert reasons(point(socr, "i@j.org")) == Reason(0)
    assert Reason.CONSENT_WITHDRAWN in reasons(point(socr, "a@b.org"))
    assert Problem.objects.get(file=file).value == "please don’t"


def test_maybe_is_no_yes_and_is_listed(socr: Organisation) -> None:  # scenario 46
    words = ["Y", "yes", "TRUE", "Opted in", "maybe"]
    rows = [[f"p{n}@example.org", "Pat", f"Lee{n}", word] for n, word in enumerate(words)]
    head = ["Email", "First name", "Last name", "Consent"]
    file = bring(socr, [head, *rows], collected_on=date(2026, 5, 3))
    assert file.counts["permission"] == {"gained": 4, "not_said": 1}
    assert reasons(point(socr, "p4@example.org")) == Reason.NO_CONSENT_RECORDED
    assert Problem.objects.get(file=file).value == "maybe"


def test_without_a_wording_nobody_may_be_emailed(socr: Organisation) -> None:  # scenario 47
    file = bring(socr, [HEAD, YES], statement=None)
    assert file.counts["permission"] == {"no_wording": 1}
    assert reasons(point(socr, "priya@example.org")) == Reason.NO_CONSENT_RECORDED


def test_a_wording_that_does_not_name_the_organisation_is_refused(
    socr: Organisation, neu: Organisation
) -> None:
    wording = factories.statement(socr, names_owner=False, names_also=(neu,))
    with pytest.raises(ValidationError, match="does not name your organisation"):
        bring_only(socr, [HEAD, YES], statement=wording)


def test_joint_permission_needs_a_wording_that_names_every_partner(
    socr: Organisation, neu: Organisation, coalition: Organisation
) -> None:  # scenario 48
    with pytest.raises(ValidationError, match="does not name National Education Union"):
        bring_only(
            coalition, [HEAD, YES], statement=factories.statement(coalition, names_also=(socr,))
        )
    bring(coalition, [HEAD, YES], statement=factories.statement(coalition, names_also=(socr, neu)))
    assert reasons(point(coalition, "priya@example.org")) == Reason(0)


def test_a_date_in_the_future_is_refused_before_the_file_is_read(socr: Organisation) -> None:
    with pytest.raises(ValidationError, match="future"):
        bring_only(socr, [HEAD, YES], collected_on=date(2999, 1, 1))


def test_a_date_that_can_be_read_in_two_ways_gives_no_permission(
    socr: Organisation,
) -> None:  # scenario 50
    file = bring(socr, [HEAD, [*YES[:4], "03/04/2026"]], collected_on=date(2026, 5, 3))
    assert "two ways" in Problem.objects.get(file=file).sentence
    assert reasons(point(socr, "priya@example.org")) == Reason.NO_CONSENT_RECORDED


def test_where_a_form_says_anonymous_the_address_comes_from_the_question(
    socr: Organisation,
) -> None:  # scenario 51
    head = ["Email", "Name", "What is your email address?"]
    rows = [["anonymous", "anonymous", "ann@example.org"], ["anonymous", "anonymous", ""]]
    file = bring(socr, [head, *rows])
    assert point(socr, "ann@example.org").address == "ann@example.org"
    assert file.counts["refused"] == 1
    assert "did not note who this is" in Problem.objects.get(file=file).sentence


def test_a_formula_in_a_name_is_text(socr: Organisation) -> None:  # scenario 83
    formula = '=HYPERLINK("https://example.org","x")'
    bring(socr, [HEAD, ["a@b.org", formula, "Lee", "", ""]])
    assert Supporter.objects.get().first_name == formula


def test_one_address_at_two_organisations_has_one_hash(
    socr: Organisation, neu: Organisation
) -> None:  # scenario 86
    bring(socr, [HEAD, ["A@X.org", *YES[1:]]])
    bring(neu, [HEAD, ["a@x.org ", *YES[1:]]])
    assert AddressKey.objects.count() == 2
    assert AddressKey.objects.values("address_key", "mailbox").distinct().count() == 1


def test_a_stop_reaches_the_inbox_however_its_address_is_spelt(
    socr: Organisation,
) -> None:  # scenario 87
    withdrew(somebody(socr, "j.smith+neu@gmail.com"), datetime(2026, 1, 1, tzinfo=UTC))
    file = bring(socr, [HEAD, ["jsmith@gmail.com", *YES[1:]]])
    assert file.counts["permission"] == {"kept_off": 1}
    assert reasons(point(socr, "jsmith@gmail.com")) != Reason(0)


def test_a_misspelt_name_does_not_bring_an_address_back(socr: Organisation) -> None:  # scenario 89
    withdrew(somebody(socr), datetime(2026, 10, 1, tzinfo=UTC))
    bring(socr, [HEAD, ["priya@example.org", "Bob", "Marsh", "yes", "2026-06-01"]])
    points = ContactPoint.objects.filter(organisation=socr)
    assert points.count() == 2
    assert all(reasons(found) != Reason(0) for found in points)


def test_who_told_everybody_to_stop_counts_as_having_no_permission(
    socr: Organisation, neu: Organisation
) -> None:  # scenario 17
    with wall.scope("keeper", organisation_id=neu.pk):
        permissions.stop_everything(point=somebody(neu), detail="page")
    file = bring(socr, [HEAD, YES])
    assert file.counts["permission"] == {"stopped": 1}
    assert Reason.STOP_EVERYTHING in reasons(point(socr, "priya@example.org"))


def test_an_old_yes_and_one_to_be_confirmed_are_told_apart(socr: Organisation) -> None:
    old = preview(socr, [HEAD, [*YES[:4], "2023-01-10"]], statement=factories.statement(socr))
    asked = factories.statement(socr, requires_confirmation=True)
    unconfirmed = preview(socr, [HEAD, YES], statement=asked)
    assert (old.counts["permission"], unconfirmed.counts["permission"]) == (
        {"too_old": 1},
        {"unconfirmed": 1},
    )


def test_a_yes_of_everybody_on_one_day_is_remarked_on(socr: Organisation) -> None:
    rows = [[f"p{n}@example.org", "Pat", f"Lee{n}", "yes", ""] for n in range(30)]
    wording = factories.statement(socr)
    on_one_day = preview(socr, [HEAD, *rows], statement=wording, collected_on=date(2026, 5, 3))
    assert on_one_day.counts["one_day"]
    dated = [[*row[:4], f"2026-01-{n + 1:02}"] for n, row in enumerate(rows)]
    assert not preview(socr, [HEAD, *dated], statement=wording).counts["one_day"]


def test_the_preview_says_which_column_is_which(socr: Organisation) -> None:
    head = ["E-mail", "Forename", "Shoe size", "Date of birth"]
    (sheet,) = preview(socr, [head, ["a@b.org", "Ann", "38", ""]]).counts["columns"]
    assert sheet["read"][:2] == [["E-mail", "Email address"], ["Forename", "First name"]]
    assert (sheet["left_out"], sheet["kept"]) == (["Shoe size"], [])
    assert "not kept" in sheet["read"][2][1]


@time_machine.travel("2026-11-27", tick=False)
def test_a_birth_date_that_can_be_read_in_two_ways_keeps_no_child(socr: Organisation) -> None:
    head = ["Email", "First name", "Date of birth"]
    born = ["03/04/2020", "11/12/2013", "25/04/20", "03/04/1980", "25/04/80"]
    rows = [[f"p{n}@example.org", "Kim", day] for n, day in enumerate(born)]
    preview(socr, [head, *rows])
    staged = StagedRow.objects.order_by("line").values_list("email", "refused")
    children, adults = [("", True)] * 3, [("p3@example.org", False), ("p4@example.org", False)]
    assert list(staged) == children + adults


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Email,Name\n", "only headings"),
        (b"Name,Town\nAnn,Leeds\n", "no column of email addresses, only Name, Town"),
        (b"ann@example.org,Ann\nbob@example.org,Bob\n", "first row of list.csv is a person"),
        (b"%PDF-1.4", "not a spreadsheet"),
    ],
)
def test_a_file_without_people_is_refused_with_a_sentence(
    socr: Organisation, content: bytes, words: str
) -> None:
    file = preview(socr, content)
    assert file.state == Import.State.REFUSED
    assert words in file.trouble


def test_an_unforeseen_failure_is_told_and_logs_no_cell(
    socr: Organisation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("priya@example.org")

    monkeypatch.setattr(staged, "write", fail)
    file = preview(socr, [HEAD, YES])
    assert file.state == Import.State.REFUSED
    assert "did not foresee" in file.trouble
    assert "ValueError" in caplog.text
    assert "priya" not in caplog.text + file.trouble
