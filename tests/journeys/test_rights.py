"""People's rights on a real installation: after an erasure nothing of the person is left, and the pages for all."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from crm import files
from demo import cast
from demo.servers import ROOT
from tests.journeys.conftest import Installation
from tests.journeys.leaving import EMAIL, FIRST, LAST, PHONE
from tests.journeys.test_main_job import follow, look, until

pytestmark = pytest.mark.xdist_group("journeys")
THEIRS = [FIRST.lower().encode(), LAST.lower().encode(), PHONE.replace(" ", "")[1:].encode()]


# Where they are before: each of these must be found, or looking for them proves nothing.
NAMING = {
    "crm_auditentry",
    "crm_case",
    "crm_casenote",
    "crm_contactpoint",
    "crm_evidencenote",
    "crm_record",
    "crm_searchterm",
    "crm_supporter",
    "imports_problem",
    "imports_stagedrow",
    "mailings_delivery",
}


@pytest.fixture
def database(installation: Installation) -> Iterator[psycopg.Connection[Any]]:
    """The installation's database, as its administrator sees it."""
    name = conninfo_to_dict(installation.environment["DATABASE_URL_OWNER"])["dbname"]
    with psycopg.connect(os.environ["COALESCE_ADMIN_URL"], dbname=name, autocommit=True) as opened:
        yield opened


def tables(database: psycopg.Connection[Any]) -> list[str]:
    found = database.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    return [str(name) for (name,) in found]


def dump(database: psycopg.Connection[Any], table: str) -> bytes:
    """Give a table as pg_dump writes it."""
    copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with database.cursor().copy(copy) as out:
        return b"".join(bytes(block) for block in out)


def is_named_in(content: bytes) -> bool:
    return any(text in content.lower() for text in THEIRS)


def tables_that_name_them(database: psycopg.Connection[Any]) -> set[str]:
    return {table for table in tables(database) if is_named_in(dump(database, table))}


def files_that_name_them(installation: Installation) -> set[str]:
    """Look into every file of the installation but the inboxes, which are other people's computers.

    What is kept encrypted is opened; as it lies there it names nobody.
    """
    folder, found = installation.folder, set()
    with override_settings(COALESCE_HASH_KEY=installation.environment["COALESCE_HASH_KEY"]):
        for path in filter(Path.is_file, folder.rglob("*")):
            content, place = path.read_bytes(), path.relative_to(folder)
            if place.parts[0] == "files":
                assert not is_named_in(content), place
                content = files.unsealed(io.BytesIO(content)).read()
            if place.parts[0] != "mail" and is_named_in(content):
                found.add(str(place))
    return found


def manage(installation: Installation, *command: str, login: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**installation.environment, "COALESCE_LOGIN": login},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_after_an_erasure_nothing_of_the_person_is_left(
    installation: Installation, page: Page, database: psycopg.Connection[Any]
) -> None:
    said = installation.manage(
        "shell", "--command", "from tests.journeys.leaving import plant; plant()"
    )
    (line,) = (line for line in said.splitlines() if line.startswith("PAGES "))
    pages: dict[str, str] = json.loads(line.removeprefix("PAGES "))
    ask_and_use_the_link(installation, pages["page"])

    installation.sign_in(page, cast.LOGINS[0])
    find_them(installation, page, pages["person"])
    reference = open_their_case(page, database)
    make_a_pack(page)
    assert NAMING <= tables_that_name_them(database)
    found = files_that_name_them(installation)
    assert {name.split("/")[1] for name in found} >= {"imports", "packs", "exports"}
    database.execute("CHECKPOINT")
    assert data_files_that_name_them(database)

    follow(page, "Remove their details")
    page.get_by_label("Type the reference").fill("not the reference")
    send(page, "Remove their details for good", "Nothing was removed")
    page.get_by_label("Type the reference").fill(reference.lower())
    send(page, "Remove their details for good", "are being removed")

    def is_done() -> bool:
        found = database.execute("SELECT count(*) FROM crm_erasure WHERE done_at IS NOT NULL")
        return found.fetchone() == (1,)

    until(page, is_done)
    assert tables_that_name_them(database) == set()
    assert files_that_name_them(installation) == set()
    assert sessions_that_name_them(installation) == "0"
    page.reload()
    look(page)
    expect(page.get_by_text("Their details were removed on")).to_be_visible()
    nobody_else_is_gone(database)

    for _ in range(5):  # what a task that runs meanwhile may still see stays until the next time
        manage(installation, "vacuum_erased", login="owner")
        database.execute("CHECKPOINT")
        if not (left := data_files_that_name_them(database)):
            break
    assert left == set()


PAGES = ("requests/new/", "complaint/", "responsible/", "privacy/")
EASY = ("responsible/?view=easy", "privacy/?view=easy")
VIEWS: list[dict[str, Any]] = [
    {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for scheme in ("light", "dark")
    for width in (320, 1280)
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_pages_about_rights_keep_the_rules_at_every_size(
    installation: Installation, browser: Browser, view: dict[str, Any]
) -> None:
    context = browser.new_context(locale="en-GB", **view)
    page = context.new_page()
    for address in (*PAGES, *EASY):
        page.goto(f"{installation.base_url}/{address}")
        look(page)
        fits(page)
    for address, button in (
        ("requests/new/", "Send my request"),
        ("complaint/", "Send my complaint"),
    ):
        page.goto(f"{installation.base_url}/{address}")
        send(page, button, "There is a problem")  # it was empty
        fits(page)
        fill_in(page)
        send(page, button, "We have your")
        fits(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("We have your")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.get_by_role("link", name="Information Commissioner’s Office")).to_be_visible()
    assert not context.cookies()
    context.close()


def send(page: Page, button: str, then: str) -> None:
    """Press a button, wait for what the next page says, and look at it."""
    page.get_by_role("button", name=button).first.click()
    expect(page.get_by_text(then).first).to_be_visible()
    look(page)


def fits(page: Page) -> None:
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow), f"{page.url} scrolls sideways"
    missing = "[...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
    assert page.evaluate(missing) == []


def fill_in(page: Page) -> None:
    """Fill in what the forms ask for."""
    what = page.get_by_label("Correct something that is wrong")
    if what.count():
        what.check()
    page.get_by_label("All of these").check()
    page.get_by_label("Your email address").fill("somebody.else@example.org")
    page.locator("textarea").fill("My name is spelt with one l.")


def ask_and_use_the_link(installation: Installation, preferences: str) -> None:
    """Ask for removal by the public form, and use the preference link of an email."""
    answer = requests.post(
        f"{installation.base_url}/requests/new/",
        data={
            "what": "erasure",
            "organisation": "SOCR",
            "name": f"{FIRST} {LAST}",
            "email": EMAIL,
            "words": f"I am {FIRST} and my phone is {PHONE}",
            "nonce": str(uuid.uuid4()),
        },
        timeout=20,
    )
    assert "We have your request" in answer.text
    used = requests.post(f"{installation.base_url}{preferences}", data={"pause": "1"}, timeout=20)
    assert used.status_code == 200


def find_them(installation: Installation, page: Page, person: str) -> None:
    """Look for them, open their page, and do something that is told on the next page."""
    page.goto(f"{installation.base_url}/people/?q={LAST}")
    page.goto(f"{installation.base_url}/people/{person}/")
    look(page)
    page.get_by_label("Tag").fill("asked to go")
    send(page, "Add the tag", "has the tag")


def open_their_case(page: Page, database: psycopg.Connection[Any]) -> str:
    """Open the case that their form became; give its reference."""

    def is_there() -> bool:
        found = database.execute("SELECT count(*) FROM crm_case WHERE kind = 'erasure'")
        return found.fetchone() == (1,)

    until(page, is_there)
    found = database.execute("SELECT reference FROM crm_case WHERE kind = 'erasure'").fetchone()
    assert found is not None
    page.get_by_role("navigation").get_by_role("link", name="Requests").click()
    look(page)
    follow(page, str(found[0]))
    page.get_by_text("Add a note").click()
    page.locator("textarea:visible").fill(f"Spoke with {FIRST} {LAST}")
    send(page, "Save the note", f"Spoke with {FIRST}")
    return str(found[0])


def make_a_pack(page: Page) -> None:
    """Have the same person's pack made, in a case of its own, and come back."""
    erasing = page.url
    page.get_by_role("navigation").get_by_role("link", name="Requests").click()
    follow(page, "Add one")
    page.get_by_label("See what we hold").check()
    page.get_by_label("How did it come?").select_option(label="Phone")
    page.get_by_label("Email address to answer to").fill(EMAIL)
    send(page, "Add it", "is entered")
    send(page, "Make a pack of what we hold", "being made")

    def is_ready() -> bool:
        page.reload()
        return page.get_by_role("button", name="Download as data").is_visible()

    until(page, is_ready)
    look(page)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download as data").click()
    held = json.loads(Path(downloading.value.path()).read_text())
    assert EMAIL in json.dumps(held)
    page.goto(erasing)


def sessions_that_name_them(installation: Installation) -> str:
    """Read what sessions keep, which is packed: a message that was not shown yet may name somebody."""
    command = (
        "from django.contrib.sessions.models import Session\n"
        "from crm import wall\n"
        "with wall.scope('platform'):\n"
        f"    print('NAMED', sum('{LAST.lower()}' in str(s.get_decoded()).lower() for s in Session.objects.all()))"
    )
    found = re.search(r"NAMED (\d+)", installation.manage("shell", "--command", command))
    assert found is not None
    return found[1]


def nobody_else_is_gone(database: psycopg.Connection[Any]) -> None:
    left = database.execute(
        "SELECT first_name FROM crm_supporter WHERE erased_at IS NULL AND first_name <> ''"
    )
    assert left.fetchall() == [("Priya",)]
    refused = database.execute(
        "SELECT reach, mailbox IS NOT NULL FROM crm_consentevent WHERE action = 8"
    )
    assert refused.fetchall() == [(3, True)]


def data_files_that_name_them(database: psycopg.Connection[Any]) -> set[str]:
    """Look into PostgreSQL's own files of this database."""
    found = database.execute(
        "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    assert found is not None
    folder = Path(found[0]) / "base" / str(found[1])
    return {path.name for path in folder.iterdir() if is_named_in(path.read_bytes())}
