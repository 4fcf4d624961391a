"""The pages of imports: an admin brings a file, reads what would happen, and lets it; nobody else may."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from crm.models import ConsentEvent, ContactPoint, Organisation, Statement, Supporter
from crm.reasons import Reason
from imports import mapping, mending, presets, services, tasks, views
from imports.headings import fold
from imports.models import Import, StagedRow
from tests import factories
from tests.imports.conftest import (
    HEAD,
    apply,
    as_csv,
    as_xlsx,
    bring,
    preview,
    reasons,
    say,
    upload,
)

pytestmark = pytest.mark.django_db
Capture = Callable[..., Any]

PRIYA = ["priya@example.org", "Priya", "Okafor", "yes", "2026-05-03"]
TOM = ["tom@example.org", "Tom", "Baker", "no", ""]
WRONG = ["nobody@@example", '=HYPERLINK("x")', "-Lee", "yes", "2026-05-03"]


@pytest.fixture
def admin(socr: Organisation, client: Client) -> Client:
    client.force_login(factories.admin(socr))
    return client


@pytest.fixture
def wording(socr: Organisation) -> Statement:
    return factories.statement(socr)


def words(response: Any) -> str:
    """The text of a page, without its tags."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.split())


def send(client: Client, rows: Any, **said: Any) -> Any:
    content = rows if isinstance(rows, bytes) else as_csv(rows)
    file = SimpleUploadedFile("list.csv", content)
    return client.post(reverse("add-import"), {"file": file, "statement": "unknown", **said})


def page(client: Client, file: Import) -> str:
    return words(client.get(reverse("import", args=[file.public_id])))


def test_an_admin_goes_from_a_file_to_people(
    admin: Client,
    wording: Statement,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    queued: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks.read, "delay", lambda pk: queued.append(("read", pk)))
    monkeypatch.setattr(tasks.apply, "delay", lambda pk: queued.append(("apply", pk)))
    with django_capture_on_commit_callbacks(execute=True):
        answer = send(admin, [HEAD, PRIYA, TOM, WRONG], statement=str(wording.public_id))
    file = Import.objects.get()
    assert answer.url == reverse("import", args=[file.public_id])
    assert queued == [("read", file.pk)]
    waiting = admin.get(answer.url)
    assert "Reading the file" in words(waiting)
    assert b"data-refresh" in waiting.content

    tasks.read(file.pk)
    assert "Which column is what" in page(admin, file)
    with django_capture_on_commit_callbacks(execute=True):
        say(admin, file)
    assert queued == [("read", file.pk)] * 2
    tasks.read(file.pk)
    shown = page(admin, file)
    assert "Nothing is written yet" in shown
    assert "Row 2: Priya Okafor, said yes on 3 May 2026: will be emailed by SOCR." in shown
    assert "Row 3: Tom Baker, said no: will not be emailed by SOCR." in shown
    assert "People missing from this file are left as they are." in shown
    assert "list.csv, line 4 Email nobody@@example" in shown
    assert not Supporter.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # a double click
            admin.post(reverse("apply-import", args=[file.public_id]))
    assert ("apply", file.pk) in queued
    assert "Importing rows" in page(admin, file)
    tasks.apply(file.pk)
    tasks.apply(file.pk)
    shown = page(admin, file)
    assert "These people are imported" in shown
    assert reverse("people") in admin.get(answer.url).content.decode()
    assert (Supporter.objects.count(), ConsentEvent.objects.count()) == (2, 2)
    assert "list.csv" in words(admin.get(reverse("imports")))
    assert "3 rows, 2 new, 1 left out" in words(admin.get(reverse("imports")))


def test_a_word_that_is_not_clear_is_not_told_as_silence(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    rows = [
        [*PRIYA[:3], "maybe", ""],
        [*TOM[:3], "yes", "03/04/2026"],
        ["a@b.org", "Al", "", "", ""],
    ]
    shown = page(admin, preview(socr, [HEAD, *rows], statement=wording))
    assert "Row 2: Priya Okafor, what they said about email is not clear: will not be" in shown
    assert "Row 3: Tom Baker, what they said about email is not clear: will not be" in shown
    assert "Row 4: Al, said nothing about email: will not be emailed by SOCR." in shown


def test_each_outlook_has_its_own_words(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    said = [
        ("old@example.org", "yes", "2021-05-03"),
        ("undated@example.org", "yes", ""),
        ("stop@example.org", "unsubscribed", ""),
        ("stop@example.org", "yes", "2026-05-03"),
        ("spam@example.org", "spam complaint", ""),
        ("back@example.org", "bounced", ""),
    ]
    rows = [[email, f"P{n}", "", word, day] for n, (email, word, day) in enumerate(said)]
    shown = page(admin, preview(socr, [HEAD, *rows], statement=wording))
    for sentence in (
        "Row 2: P0, said yes on 3 May 2021, too long ago: will not be emailed by SOCR.",
        "Row 3: P1, said yes without a date: will not be emailed by SOCR.",
        "Row 4: P2, said stop: will not be emailed by SOCR.",
        "Row 5: P3, said yes on 3 May 2026, but has said no or stop: permission is kept off.",
        "Row 6: P4, marked email as spam: will not be emailed by SOCR.",
        "Row 7: P5, email to this address comes back: will not be emailed by SOCR.",
        "Permission kept off",
        "Say yes without a date",
        "Said yes too long ago",
    ):
        assert sentence in shown


def test_a_person_we_have_stays_as_they_are_when_a_row_says_nothing(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    apply(preview(socr, [HEAD, PRIYA], statement=wording))
    shown = page(admin, preview(socr, [HEAD, [*PRIYA[:3], "", ""]], statement=wording))
    assert "Row 2: Priya Okafor, said nothing about email: nothing changes for them." in shown


def test_repeated_rows_are_told_by_number(admin: Client, socr: Organisation) -> None:  # scenario 30
    shown = page(admin, preview(socr, [HEAD, PRIYA, TOM, PRIYA]))
    assert "Row 4 is the same person as row 2." in shown


def test_an_empty_list_says_what_to_do(admin: Client) -> None:
    assert "No imports yet" in words(admin.get(reverse("imports")))


def test_a_long_list_goes_on_where_the_page_before_ended(
    admin: Client, socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(3):
        upload(socr, [HEAD, PRIYA], name=f"list {number}.csv")
    first = admin.get(reverse("imports"))
    assert [name in words(first) for name in ("list 0", "list 1", "list 2")] == [False, True, True]
    second = admin.get(reverse("imports") + first.context["page"].next_url)
    assert [name in words(second) for name in ("list 0", "list 1", "list 2")] == [
        True,
        False,
        False,
    ]
    assert admin.get(reverse("imports"), {"after": "no id"}).status_code == 404


def test_each_mistake_of_the_form_stands_at_its_field(
    admin: Client, socr: Organisation, neu: Organisation
) -> None:
    silent = factories.statement(socr)
    silent.organisations.set([neu])
    answers = {
        "Choose the wording, or say that you do not know.": {"statement": ""},
        "There is no such date": {"collected_on": "31/31/2026"},
        "This date is in the future.": {"collected_on": "2999-01-01"},
        "This wording does not name your organisation.": {"statement": str(silent.public_id)},
        "Select a valid choice": {"statement": str(factories.statement(neu).public_id)},
    }
    for sentence, said in answers.items():
        shown = send(admin, [HEAD, PRIYA], **said)
        assert shown.status_code == 200
        assert sentence in words(shown)
        assert shown.context["form"].errors
        assert not shown.context["form"].non_field_errors()
    assert "Choose a file." in words(admin.post(reverse("add-import"), {}))
    assert not Import.objects.exists()


def test_an_empty_file_and_one_too_large_are_refused_at_once(admin: Client, settings: Any) -> None:
    assert "This file is empty." in words(send(admin, b""))
    settings.COALESCE_UPLOAD_LIMIT = 1
    assert "larger than 0 MB" in words(send(admin, [HEAD, PRIYA]))


def test_a_file_that_was_imported_before_is_told_at_the_file(
    admin: Client, socr: Organisation
) -> None:
    apply(preview(socr, [HEAD, PRIYA], adults_only=False))
    shown = send(admin, [HEAD, PRIYA])
    assert "imported already" in str(shown.context["form"].errors["file"])


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(
    admin: Client, socr: Organisation
) -> None:
    shown = page(admin, preview(socr, b"%PDF-1.4"))
    assert "list.csv is not a spreadsheet. Upload a CSV, XLSX or ZIP file." in shown
    assert "Nothing was changed." in shown


def test_a_workbook_of_any_kind_reaches_the_preview(admin: Client) -> None:
    send(admin, as_xlsx([HEAD, PRIYA]))
    tasks.read(Import.objects.get().pk)
    say(admin, Import.objects.get())
    tasks.read(Import.objects.get().pk)
    assert "said yes on 3 May 2026, but we do not know to which words" in page(
        admin, Import.objects.get()
    )


def test_the_rows_to_mend_leave_without_formulas_and_can_be_brought_again(
    admin: Client, socr: Organisation, wording: Statement
) -> None:  # scenario 83
    head = [*HEAD, "Mobile", "Role", "@twitter"]
    fields = [*mapping.guess(presets.of_code("template"), head)[:-1], mapping.KEPT]
    chosen = mapping.Chosen(dict(zip(mapping.keys(head), fields, strict=True)))
    file = preview(
        socr,
        [head, PRIYA, [*WRONG, "07700 900123", "SENCO", "+me"]],
        mapping=mapping.Mapping({"template": chosen}),
    )
    answer = admin.get(reverse("rows-to-mend", args=[file.public_id]))
    assert "attachment" in answer["Content-Disposition"]
    headings, row = load_workbook(BytesIO(answer.content)).active.values
    told = dict(zip(headings, row, strict=True))
    assert told["What to mend"].startswith("Email “nobody@@example”: This is not an email address")
    assert told["Row was in"] == "list.csv, line 3"
    assert told["First name"] == '\'=HYPERLINK("x")'
    assert told["Last name"] == "'-Lee"
    assert (told["'@twitter"], told["Mobile"]) == ("'+me", "'+447700900123")
    assert all(not str(cell).startswith(("=", "+", "-", "@")) for cell in row if cell)

    mended = [list(headings), [*row]]
    mended[1][headings.index("Email")] = "somebody@example.org"
    again = preview(socr, as_xlsx(mended), name="mended.xlsx", statement=wording)
    staged = StagedRow.objects.get(file=again)
    assert again.counts["permission"] == {"gained": 1}
    assert (staged.phone, len(staged.roles)) == ("+447700900123", 1)
    assert "What to mend" not in staged.data


def test_the_headings_of_the_rows_to_mend_are_known_to_the_importer() -> None:
    known = presets.columns(presets.recognise(mending.HEADINGS), mending.HEADINGS)
    places = {place for found in known.values() for place in found}
    rest = [word for n, word in enumerate(mending.HEADINGS) if n not in places]
    assert {fold(word) for word in rest} == presets.NOT_KEPT


def test_the_report_of_an_import_has_its_numbers_its_columns_and_each_row_left_out(
    admin: Client, socr: Organisation, wording: Statement
) -> None:
    head = [*HEAD, "=Shoe size"]
    file = preview(socr, [head, PRIYA, TOM, WRONG], statement=wording)
    apply(file)
    answer = admin.get(reverse("import-report", args=[file.public_id]))
    assert answer["Content-Disposition"] == 'attachment; filename="import.xlsx"'
    summary, columns, cells = load_workbook(BytesIO(answer.content)).worksheets
    told = {row[0]: row[1] for row in summary.values if row}
    assert (told["File"], told["Rows"], told["New people"]) == ("list.csv", 3, 2)
    assert (told["Permission gained"], told["Rows with a mistake, left out"]) == (1, 1)
    assert ("list.csv", "Opt in", "Said yes to email") in set(columns.values)
    assert ("list.csv", "'=Shoe size", "Left out") in set(columns.values)
    left = [row for row in cells.values if row[5] == "The row"]
    assert [(row[1], row[2], row[3]) for row in left] == [(4, "Email", "nobody@@example")]
    assert "This is not an email address" in left[0][4]


def test_a_file_that_was_not_read_has_no_report(admin: Client, socr: Organisation) -> None:
    file = upload(socr, [HEAD, PRIYA])
    assert admin.get(reverse("import-report", args=[file.public_id])).status_code == 404


def test_opening_pages_changes_nothing(admin: Client, socr: Organisation) -> None:
    file = preview(socr, [HEAD, PRIYA])
    for name in ("imports", "add-import"):
        admin.get(reverse(name))
    for name in ("import", "rows-to-mend"):
        assert admin.get(reverse(name, args=[file.public_id])).status_code == 200
    assert admin.get(reverse("apply-import", args=[file.public_id])).status_code == 405
    file.refresh_from_db()
    assert file.state == Import.State.PREVIEWED


ALL = ["import", "import-columns", "apply-import", "rows-to-mend", "import-report"]


def test_organisers_are_kept_out(client: Client, socr: Organisation) -> None:
    file = preview(socr, [HEAD, PRIYA])
    client.force_login(factories.user(socr))
    assert client.get(reverse("imports")).status_code == 403
    assert client.get(reverse("add-import")).status_code == 403
    assert send(client, [HEAD, PRIYA]).status_code == 403
    for name in ALL:
        assert client.get(reverse(name, args=[file.public_id])).status_code == 403
        assert client.post(reverse(name, args=[file.public_id])).status_code == 403
    assert Import.objects.count() == 1


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(reverse("imports")).url.startswith(reverse("sign-in"))  # type: ignore[attr-defined]


def test_an_import_of_another_organisation_is_not_there(
    admin: Client, socr: Organisation, neu: Organisation
) -> None:
    theirs = preview(neu, [HEAD, PRIYA])
    for name in ALL:
        assert admin.post(reverse(name, args=[theirs.public_id])).status_code == 404
    assert "list.csv" not in words(admin.get(reverse("imports")))
    theirs.refresh_from_db()
    assert theirs.state == Import.State.PREVIEWED


def test_a_lost_task_is_found_again(
    admin: Client, socr: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = upload(socr, [HEAD, PRIYA])
    monkeypatch.setattr(tasks.read, "delay", tasks.read)
    monkeypatch.setattr(tasks.apply, "delay", tasks.apply)
    tasks.sweep()
    say(admin, file)
    tasks.sweep()
    file.refresh_from_db()
    assert file.state == Import.State.PREVIEWED
    with monkeypatch.context() as stopped:
        stopped.setattr(services, "_apply_chunk", lambda *_, **__: False)
        apply(file)
    tasks.sweep()
    file.refresh_from_db()
    assert file.state == Import.State.APPLIED


def test_pasted_addresses_are_stopped_and_no_later_list_brings_them_back(
    admin: Client, socr: Organisation
) -> None:
    admin.post(reverse("stop-addresses"), {"addresses": "Jo@Example.org; al@example.org\nnonsense"})
    file = services.preview(file=Import.objects.get())
    assert (file.counts["no"], file.counts["refused"]) == (2, 1)
    apply(file)
    bring(socr, [HEAD, ["jo@example.org", "Jo", "Lee", "yes", "2026-03-01"]])
    assert Reason(0) not in {reasons(found) for found in ContactPoint.objects.all()}
