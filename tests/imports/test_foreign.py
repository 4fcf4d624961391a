"""A file that looks like the partner's list is questioned, by the file alone."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry, ConsentEvent, Organisation, Record, Supporter
from imports.models import Import
from tests import factories
from tests.imports.conftest import apply, bring, preview

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("neu", "coalition")]

PRIYA = ["priya@example.org", "Priya"]
ORIGIN = "They signed our own petition at the conference in May."


def signs(file: Import) -> list[str]:
    return list(file.counts["foreign"])


def test_a_consent_column_of_another_organisation_is_not_mapped(socr: Organisation) -> None:
    """Scenario 49: that column is not available for mapping"""
    head = ["Email", "First name", "Consent NEU updates", "NEU opt in", "Opt in date"]
    file = preview(
        socr, [head, [*PRIYA, "yes", "yes", "2026-05-03"]], statement=factories.statement(socr)
    )
    (columns,) = file.counts["columns"]
    assert columns["barred"] == ["Consent NEU updates", "NEU opt in"]
    assert not {heading for heading, _ in columns["read"]} & set(columns["barred"])
    apply(file, origin=ORIGIN)
    assert not ConsentEvent.objects.exists()
    assert "NEU" not in str(Record.objects.get().data)


@pytest.mark.parametrize(
    ("head", "cells", "name", "said"),
    [
        (["Email", "NEU district"], ["Surrey"], "list.csv", "The column NEU district names"),
        (["Email", "National Education Union"], ["x"], "list.csv", "The column National"),
        (["Email", "Phone"], [""], "neu-members.csv", "The name neu-members.csv names"),
        (["Email", "Organisation"], ["N.E.U."], "list.csv", None),
        (["Email", "Organisation"], ["NEU"], "list.csv", "A column says that rows belong to"),
        (["Email", "Membership number", "Surname"], ["1", "Okafor"], "list.csv", "union’s member"),
        (["Email", "Consent SOCR and NEU"], ["yes"], "list.csv", None),
        (["Email", "Neutral ground"], ["yes"], "neutral.csv", None),
    ],
)
def test_what_in_a_file_speaks_for_another_organisation(
    socr: Organisation, head: list[str], cells: list[str], name: str, said: str | None
) -> None:
    found = signs(preview(socr, [head, ["priya@example.org", *cells]], name=name))
    assert (said is None and found == []) or (said is not None and said in " ".join(found))


def test_an_organisations_own_list_is_not_questioned(neu: Organisation) -> None:
    head = ["Email", "Membership number", "Surname", "NEU district"]
    row = ["priya@example.org", "1", "Okafor", "Surrey"]
    assert signs(preview(neu, [head, row], name="neu-members.csv")) == []


def test_the_question_does_not_depend_on_who_is_on_any_list(
    socr: Organisation, neu: Organisation
) -> None:
    rows = [["Email", "NEU district"], ["priya@example.org", "Surrey"]]
    before = preview(socr, rows).counts
    factories.address(factories.supporter(neu), "priya@example.org")
    assert preview(socr, rows, name="list.csv").counts == before


@pytest.mark.parametrize("origin", ["", "yes", "yes       yes       yes"])
def test_it_is_applied_only_when_an_admin_says_in_words_whose_it_is(
    socr: Organisation, origin: str
) -> None:
    file = preview(socr, [["Email", "NEU district"], ["priya@example.org", "Surrey"]])
    with pytest.raises(ValidationError, match="Say in a sentence where it comes from"):
        apply(file, origin=origin)
    assert not Supporter.objects.exists()


def test_the_database_lets_no_such_file_be_applied_without_an_answer(socr: Organisation) -> None:
    file = preview(socr, [["Email", "NEU district"], ["priya@example.org", "Surrey"]])
    with pytest.raises(IntegrityError, match="said_whose_list_it_is"), transaction.atomic():
        Import.objects.filter(pk=file.pk).update(state=Import.State.APPLYING)


def test_the_page_asks_and_the_answer_is_kept_with_a_name(socr: Organisation) -> None:
    file = preview(socr, [["Email", "NEU district"], ["priya@example.org", "Surrey"]])
    admin = factories.admin(socr)
    client = Client()
    client.force_login(admin)
    page = reverse("import", args=[file.public_id])
    assert "Is this your list?" in client.get(page).content.decode()
    url = reverse("apply-import", args=[file.public_id])
    assert "Say in a sentence" in client.post(url, follow=True).content.decode()
    client.post(url, {"origin": ORIGIN})
    file.refresh_from_db()
    assert (file.state, file.origin) == (Import.State.APPLYING, ORIGIN)
    noted = AuditEntry.objects.get(table="imports_import", user=admin, kind=4)
    assert noted.changes["origin"] == ["", ORIGIN]


def test_a_file_that_speaks_for_nobody_is_applied_without_a_question(socr: Organisation) -> None:
    bring(socr, [["Email", "First name"], PRIYA])
    assert Supporter.objects.count() == 1


def test_the_command_asks_too(socr: Organisation, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lists") / "neu.csv"
    path.write_text("Email\npriya@example.org\n")
    given = ("import_list", str(path), "--organisation", "SOCR", "--apply")
    with pytest.raises(CommandError, match=r"looks like another organisation’s list.*neu\.csv"):
        call_command(*given)
    call_command(*given, "--origin", ORIGIN)
    assert Supporter.objects.count() == 1
