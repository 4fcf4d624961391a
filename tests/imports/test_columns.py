"""*Which column is what*: an admin confirms or changes what each column is, in words, before anything is counted."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook

from crm.models import Action, Organisation, Statement, Tag
from crm.services import erasing
from imports import tasks
from imports.models import Import, Problem, SavedMapping, StagedRow
from tests import factories
from tests.imports import test_vendors as vendors
from tests.imports.conftest import HEAD, as_csv, as_zip, say, shown, upload

pytestmark = pytest.mark.django_db

YES = ["priya@example.org", "Priya", "Okafor", "yes", "2026-05-03"]
NO = ["tom@example.org", "Tom", "Baker", "no", "2026-05-03"]


@pytest.fixture
def admin(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.admin(socr))
    return client


@pytest.fixture
def wording(socr: Organisation) -> Statement:
    return factories.statement(socr)


def page(client: Client, file: Import) -> str:
    return words(client.get(reverse("import", args=[file.public_id])))


def words(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def looked(where: Organisation, content: Any, **said: Any) -> Import:
    """A file that was brought and looked through."""
    return read(upload(where, content, **said))


def read(file: Import) -> Import:
    tasks.read(file.pk)
    file.refresh_from_db()
    return file


def test_each_column_is_shown_with_samples_and_what_it_is_taken_for(
    admin: Client, socr: Organisation
) -> None:
    file = looked(socr, [[*HEAD, "Shoe size"], [*YES, "38"], [*NO, "44"]])
    assert file.state == Import.State.ASKING
    told = page(admin, file)
    assert "Shoe size 38 44" in told
    assert "priya@example.org tom@example.org" in told
    assert shown(admin, file)["c0-0"] == "email"
    assert shown(admin, file)["c0-5"] == ""
    assert not StagedRow.objects.exists()


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [(header, delimiter) for _, header, _, delimiter in vendors.CASES],
    ids=[f"{n}-{case[0]}" for n, case in enumerate(vendors.CASES)],
)
def test_a_vendors_file_needs_nothing_but_continue(
    admin: Client, socr: Organisation, header: str, delimiter: str
) -> None:
    address = next(case[2] for case in vendors.CASES if case[1] == header)
    file = looked(
        socr,
        vendors.table(header, {address: "jo@example.org"}, delimiter=delimiter),
        name="audience.csv",
    )
    form = admin.get(reverse("import", args=[file.public_id])).context["form"]
    if not any("-ok-" in name for name in form.fields):
        admin.post(reverse("import-columns", args=[file.public_id]), shown(admin, file))
        assert read(file).state == Import.State.PREVIEWED
    else:
        assert form.tables[0].label in (
            "Mailchimp audience export",
            "Google Forms answers",
            "Microsoft Forms answers",
            "Union membership list",
            "Spreadsheet with our own headings",
        )


def test_another_choice_is_read_as_another_field(admin: Client, socr: Organisation) -> None:
    file = looked(socr, [["Email", "Known as"], ["jo@example.org", "Jo"]])
    assert shown(admin, file)["c0-1"] == ""
    say(admin, file, **{"c0-1": "first_name"})
    read(file)
    assert StagedRow.objects.get().first_name == "Jo"


def test_what_is_left_out_is_not_kept_and_what_is_kept_is(
    admin: Client, socr: Organisation
) -> None:
    file = looked(socr, [["Email", "Town", "Diagnosis"], ["jo@example.org", "Hull", "private"]])
    say(admin, file, **{"c0-1": "kept"})
    read(file)
    assert StagedRow.objects.get().data == {"Town": "Hull"}


def test_a_file_without_a_heading_for_addresses_is_asked_about(
    admin: Client, socr: Organisation
) -> None:
    file = looked(socr, [["Name", "Where to write"], ["Jo", "jo@example.org"]])
    assert "say which column is the email address" in words(say(admin, file))
    say(admin, file, **{"c0-1": "email"})
    read(file)
    assert StagedRow.objects.get().email == "jo@example.org"


def test_permission_is_told_by_rows_and_has_to_be_confirmed(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    file = looked(socr, [HEAD, YES, NO, NO], statement=wording)
    told = page(admin, file)
    assert "Row 2, “yes”: will be emailed by SOCR." in told
    assert "Row 3, “no”: will not be emailed by SOCR." in told
    said = {name: it for name, it in shown(admin, file).items() if name != "c0-3-ok-says_yes"}
    answer = admin.post(reverse("import-columns", args=[file.public_id]), said)
    assert "Read the examples, and tick this if they are right." in words(answer)
    file.refresh_from_db()
    assert file.state == Import.State.ASKING


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ({}, "as nobody knows to which words they said yes"),
        ({"column": "Joined"}, "as nobody knows when they said yes"),
    ],
)
def test_a_yes_that_will_not_count_is_not_told_as_one_that_does(
    admin: Client, socr: Organisation, said: dict[str, str], then: str
) -> None:
    head = [*HEAD[:4], said.get("column", HEAD[4])]
    assert f"“yes”: will not be emailed by SOCR, {then}" in page(admin, looked(socr, [head, YES]))


def test_an_inverted_column_is_told_as_it_is_meant(admin: Client, socr: Organisation) -> None:
    rows = (
        {"Email": "jo@example.org", "Do Not Email": "1"},
        {"Email": "al@example.org", "Do Not Email": "0"},
    )
    told = page(admin, looked(socr, vendors.table(vendors.CIVICRM, *rows)))
    assert "A yes in this column means: this person does not want email. A no says nothing." in told
    assert "Row 2, “1”: will not be emailed by SOCR." in told
    assert "Row 3, “0”: will not be emailed by SOCR, as nothing is clearly said." in told


def test_the_other_way_round_is_shown_in_words_before_it_counts(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    file = looked(socr, [HEAD, YES, NO], statement=wording)
    answer = say(admin, file, **{"c0-3": "says_no"})
    assert "Row 2, “yes”: will not be emailed by SOCR." in words(answer)
    assert read(file).state == Import.State.ASKING
    say(admin, file, **{"c0-3": "says_no", "c0-3-ok-says_no": "on"})
    read(file)
    assert [row.action for row in StagedRow.objects.order_by("line")] == [Action.WITHDRAW, None]


def test_a_column_that_becomes_one_of_permission_is_asked_about_before_it_counts(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    rows = [[YES[0], "yes"], [NO[0], "nope"]]
    file = looked(
        socr, [["Email", "Newsletter?"], *rows], statement=wording, collected_on=date(2026, 5, 1)
    )
    answer = say(admin, file, **{"c0-1": "says_yes"})
    assert "Newsletter?: what it says about email" in words(answer)
    assert "Row 2, “yes”: will be emailed by SOCR." in words(answer)
    assert read(file).state == Import.State.ASKING
    (column,) = answer.context["form"].tables[0].consent
    told = {word.asks.name: {"yes": "yes", "nope": "no"}[word.text] for word in column.words}
    say(admin, file, **{"c0-1": "says_yes", "c0-1-ok-says_yes": "on"}, **told)
    read(file)
    assert [row.action for row in StagedRow.objects.order_by("line")] == [Action.GRANT, Action.DENY]


@pytest.mark.parametrize(
    "word", ["no", "unsubscribed", "pending", "spam", "legitimate interest", "bounced"]
)
def test_no_answer_makes_a_yes_of_a_word_that_is_none(
    admin: Client, socr: Organisation, word: str
) -> None:
    file = looked(socr, [["Email", "Opt in"], [YES[0], word]])
    assert "yes" not in dict(
        getattr(
            admin.get(reverse("import", args=[file.public_id]))
            .context["form"]
            .fields.get("c0-1-says_yes-0"),
            "choices",
            (),
        )
    )
    say(admin, file, **{"c0-1-says_yes-0": "yes"})
    read(file)
    assert not StagedRow.objects.filter(action=Action.GRANT).exists()


def test_an_answer_about_another_organisation_is_no_yes_to_this_one(
    admin: Client, socr: Organisation, neu: Organisation
) -> None:
    text = "I agree to emails from the National Education Union"
    file = looked(
        socr, [["Email", "Consent"], [YES[0], text], [NO[0], "I agree to emails from SOCR"]]
    )
    form = admin.get(reverse("import", args=[file.public_id])).context["form"]
    (column,) = form.tables[0].consent
    offered = {word.text: {code for code, _ in word.asks.field.choices} for word in column.words}
    assert "yes" not in offered[text]
    assert "yes" in offered["I agree to emails from SOCR"]


def test_a_column_that_names_another_organisation_cannot_be_chosen(
    admin: Client, socr: Organisation, neu: Organisation
) -> None:
    """Scenario 49: that column is not available for mapping"""
    file = looked(socr, [["Email", "Consent NEU updates"], [YES[0], "yes"]])
    assert "Consent NEU updates yes Left out: it names National Education Union." in page(
        admin, file
    )
    say(admin, file, **{"c0-1": "says_yes"})
    read(file)
    assert StagedRow.objects.get().action is None


@pytest.mark.parametrize(
    ("order", "expected"),
    [("day", date(2026, 4, 3)), ("month", date(2026, 3, 4)), ("unsure", None)],
)
def test_dates_that_can_be_read_in_two_ways_are_asked_about(
    admin: Client, socr: Organisation, wording: Statement, order: str, expected: date | None
) -> None:
    """Scenario 50: the wizard asks which format it is, and assumes none"""
    file = looked(socr, [HEAD, [*YES[:4], "03/04/2026"]], statement=wording)
    assert "c0-4-order" not in shown(admin, file)
    answer = say(admin, file)
    assert "Say which comes first, the day or the month." in words(answer)
    say(admin, file, **{"c0-4-order": order})
    read(file)
    row = StagedRow.objects.get()
    assert (row.occurred_until and row.occurred_until.date()) == expected
    assert Problem.objects.exists() == (expected is None)


def test_years_of_two_digits_are_asked_about_even_where_the_order_shows(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    rows = [[*YES[:4], "25/04/24"], ["al@example.org", *YES[1:4], "03/04/24"]]
    file = looked(socr, [HEAD, *rows], statement=wording)
    said = page(admin, file)
    assert "The day: 25/04/24 is 25 April 2024" in said
    assert "The month: 25/04/24" not in said
    say(admin, file, **{"c0-4-order": "day"})
    read(file)
    found = [row.occurred_until for row in StagedRow.objects.order_by("line")]
    assert [at and at.date() for at in found] == [date(2024, 4, 25), date(2024, 4, 3)]


def test_one_date_that_shows_the_order_settles_it_for_the_column(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    file = looked(
        socr, [HEAD, [*YES[:4], "03/04/2026"], [*NO[:4], "25/04/2026"]], statement=wording
    )
    assert "Opt in date: 25/04/2026 shows that the day comes first." in page(admin, file)
    say(admin, file)
    read(file)
    assert StagedRow.objects.get(line=1).occurred_until.date() == date(2026, 4, 3)  # type: ignore[union-attr]


def test_dates_in_both_orders_are_read_where_one_alone_is_possible(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    days = ["03/04/2026", "25/04/2026", "04/25/2026"]
    rows = [[f"p{n}@example.org", "P", "", "yes", day] for n, day in enumerate(days)]
    file = looked(socr, [HEAD, *rows], statement=wording)
    assert "25/04/2026 puts the day first and 04/25/2026 the month." in page(admin, file)
    say(admin, file)
    read(file)
    assert [bool(row.occurred_at) for row in StagedRow.objects.order_by("line")] == [
        False,
        True,
        True,
    ]


def test_an_unknown_role_is_asked_about_and_read_as_answered(
    admin: Client, socr: Organisation
) -> None:
    """Scenario 69: it maps to nothing by itself; the admin is asked"""
    file = looked(socr, [["Email", "Role"], [YES[0], "SLT"], [NO[0], "SENCO"]])
    assert "Role: words we do not know It says Rows That means SLT 1" in page(admin, file)
    assert shown(admin, file)["c0-1-role-0"] == ""
    say(admin, file)
    read(file)
    assert [len(row.roles) for row in StagedRow.objects.order_by("line")] == [0, 1]
    admin.post(reverse("import-columns", args=[file.public_id]), {"step": "change"})
    read(file)
    say(admin, file, **{"c0-1-role-0": "head_leader"})
    read(file)
    assert [len(row.roles) for row in StagedRow.objects.order_by("line")] == [1, 1]


def test_a_new_tag_may_become_one_that_we_have_or_none(admin: Client, socr: Organisation) -> None:
    Tag.objects.create(organisation=socr, name="Volunteer")
    file = looked(socr, [["Email", "Tags"], [YES[0], "voluntier, Stall, Hull"]])
    said = shown(admin, file)
    assert sorted(said[name] for name in said if name.startswith("c0-1-")) == [
        "Hull",
        "Stall",
        "voluntier",
    ]
    names = {said[name]: name for name in said if name.startswith("c0-1-")}
    admin.post(
        reverse("import-columns", args=[file.public_id]),
        {**said, names["voluntier"]: "Volunteer", names["Hull"]: ""},
    )
    read(file)
    assert StagedRow.objects.get().tags == ["Volunteer", "Stall"]


def test_the_next_file_with_the_same_headings_is_read_without_asking(
    admin: Client, socr: Organisation
) -> None:
    head = ["Email", "Known as"]
    file = looked(socr, [head, [YES[0], "Priya"]])
    say(admin, file, **{"c0-1": "first_name"})
    read(file)
    later = looked(socr, [head[::-1], ["Tom", NO[0]]])
    assert later.state == Import.State.PREVIEWED
    assert StagedRow.objects.get(file=later).first_name == "Tom"
    assert "The columns are read as you said of a file with the same headings on" in page(
        admin, later
    )
    admin.post(reverse("import-columns", args=[later.public_id]), {"step": "change"})
    assert read(later).state == Import.State.ASKING
    say(admin, later, **{"c0-0": ""})
    read(later)
    assert StagedRow.objects.get(file=later).first_name == ""
    assert SavedMapping.objects.count() == 1


@pytest.mark.parametrize(
    "row",
    [
        [*YES[:3], "perhaps", "2026-05-03", "SENCO"],
        [*YES[:4], "03/04/2026", "SENCO"],
        [*YES, "SLT"],
    ],
    ids=["a word of permission", "a date", "a role"],
)
def test_a_known_shape_with_a_new_question_is_asked_about(
    admin: Client, socr: Organisation, row: list[str]
) -> None:
    head = [*HEAD, "Role"]
    first = looked(socr, [head, [*YES, "SENCO"]])
    say(admin, first)
    assert looked(socr, [head, row]).state == Import.State.ASKING
    assert (
        looked(socr, [head, [*NO[:3], "yes", "2026-05-04", "Teacher"]]).state
        == Import.State.PREVIEWED
    )


def test_what_one_organisation_said_of_a_shape_is_its_own(
    admin: Client, socr: Organisation, neu: Organisation
) -> None:
    head = ["Email", "Known as"]
    say(admin, looked(socr, [head, [YES[0], "Priya"]]), **{"c0-1": "first_name"})
    assert looked(neu, [head, [YES[0], "Priya"]]).state == Import.State.ASKING


def test_cells_shown_on_the_page_are_forgotten_once_it_is_answered(
    admin: Client, socr: Organisation
) -> None:
    file = looked(socr, [HEAD, YES])
    assert "priya@example.org" in str(file.look)
    say(admin, file)
    file.refresh_from_db()
    assert (file.look, "priya" in str(file.mapping)) == ({}, False)


def test_a_child_under_13_is_not_shown(admin: Client, socr: Organisation) -> None:
    head = ["Email", "First name", "Date of birth"]
    file = looked(socr, [head, ["kim@example.org", "Kim", "2020-11-30"], [*YES[:2], "1980-01-01"]])
    assert "im@example" not in str(file.look)
    assert "2020" not in str(file.look)
    assert "Priya" in str(file.look)


def test_the_files_of_a_zip_share_the_page(admin: Client, socr: Organisation) -> None:
    files = {
        "subscribed_1.csv": as_csv(
            [["Email Address", "School", "LEID", "EUID"], [YES[0], "Hill", "1", "2"]]
        ),
        "unsubscribed_1.csv": as_csv(
            [["Email Address", "UNSUB_TIME", "LEID", "EUID"], [NO[0], "2026-01-01", "3", "4"]]
        ),
    }
    file = looked(socr, as_zip(files), name="mailchimp.zip")
    told = page(admin, file)
    assert "We know this file: Mailchimp audience export" in told
    assert "The name unsubscribed_1.csv says that everyone in it is “unsubscribed”." in told
    say(admin, file)
    assert read(file).state == Import.State.PREVIEWED
    assert StagedRow.objects.filter(action=Action.WITHDRAW).count() == 1


def test_nothing_said_twice_changes_anything(admin: Client, socr: Organisation) -> None:
    file = looked(socr, [HEAD, YES])
    said = {**shown(admin, file), "c0-3-ok-says_yes": "on"}
    for _ in range(2):
        admin.post(reverse("import-columns", args=[file.public_id]), said)
    assert read(file).state == Import.State.PREVIEWED
    admin.post(reverse("import-columns", args=[file.public_id]), said)
    file.refresh_from_db()
    assert file.state == Import.State.PREVIEWED


def workbook(*sheets: tuple[str, list[list[str]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_of_several_sheets_with_rows_the_admin_chooses_one(
    admin: Client, socr: Organisation
) -> None:
    content = workbook(
        ("Notes", [["Email"]]),
        ("March", [["Email", "First name"], ["mar@example.org", "Mar"]]),
        ("April", [["Email", "Surname"], ["apr@example.org", "Apr"]]),
    )
    file = looked(socr, content, name="stalls.xlsx")
    form = admin.get(reverse("import", args=[file.public_id])).context["form"]
    assert (form.look["sheets"], form.look["sheet"]) == (["March", "April"], "March")
    choose = {"step": "sheet", "sheet": "April"}
    admin.post(reverse("import-columns", args=[file.public_id]), choose)
    assert "Surname Apr" in page(admin, read(file))
    say(admin, file)
    assert "Only the sheet April is read, not Notes, March." in page(admin, read(file))
    assert StagedRow.objects.get().email == "apr@example.org"


def test_which_sheet_is_asked_again_of_a_known_shape(admin: Client, socr: Organisation) -> None:
    rows = [["Email"], ["mar@example.org"]]
    for _ in range(2):
        file = looked(socr, workbook(("March", rows), ("April", rows)), name="stalls.xlsx")
        assert file.state == Import.State.ASKING
        say(admin, file)


def test_a_sheet_that_is_not_there_is_not_looked_at(admin: Client, socr: Organisation) -> None:
    rows = [["Email"], ["mar@example.org"]]
    file = looked(socr, workbook(("March", rows), ("April", rows)), name="stalls.xlsx")
    admin.post(reverse("import-columns", args=[file.public_id]), {"step": "sheet", "sheet": "May"})
    assert read(file).state == Import.State.ASKING


@pytest.mark.parametrize("is_asked", [True, False], ids=["being asked about", "being read"])
def test_when_somebody_is_removed_a_file_that_may_hold_them_goes(
    admin: Client, socr: Organisation, settings: Any, tmp_path: Path, is_asked: bool
) -> None:
    settings.COALESCE_HOME = tmp_path
    file = looked(socr, [HEAD, YES])
    if not is_asked:
        say(admin, file)
        file.refresh_from_db()
    path = file.file.name
    known = factories.address(factories.supporter(socr), YES[0])
    erasing.erase(organisation_id=socr.pk, people=[known.supporter_id], is_wished=True)
    file.refresh_from_db()
    assert (file.state, file.file.name, file.look) == (Import.State.REFUSED, "", {})
    assert not file.file.storage.exists(path)
    assert "Bring it again." in page(admin, file)
