"""Importing a list and undoing it in a real browser, by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from demo import cast
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
LIST = """Email,First name,Last name,Opt in,Opt in date
amira@example.org,Amira,Khan,yes,2026-03-01
ben@example.org,Ben,Ives,no,2026-03-02
not an address,Cal,Moss,yes,2026-03-03
"""


def reach(page: Page, name: str) -> None:
    """Tab to what is called so."""
    for _ in range(60):
        page.keyboard.press("Tab")
        text = "(e => (e.labels?.[0]?.innerText || e.innerText || ''))(document.activeElement)"
        if name in page.evaluate(text):
            return
    raise AssertionError(f"{name} cannot be reached by keyboard on {page.url}")


def enter(page: Page, name: str) -> None:
    """Tab to a link or button and press it."""
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def look(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def test_a_list_is_imported_and_undone_by_keyboard_alone(
    browser: Browser, installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "march.csv"
    path.write_text(LIST)
    page = browser.new_context(locale="en-GB", timezone_id="Europe/London").new_page()
    admin = next(
        login for login in cast.LOGINS if login.organisation == "SOCR" and login.role == "admin"
    )
    installation.sign_in(page, admin)
    enter(page, "Imports")
    enter(page, "Import a list")
    reach(page, "Spreadsheet")
    page.get_by_label("Spreadsheet").set_input_files(path)
    reach(page, "Which sign-up wording")
    page.keyboard.type("I do not know")
    look(page)
    enter(page, "Read the file")
    expect(page.get_by_role("heading", name="Which column is what")).to_be_visible(timeout=60_000)
    look(page)
    reach(page, "Opt in means what it says here")
    page.keyboard.press("Space")
    enter(page, "Continue")
    expect(page.get_by_role("button", name="Import these people")).to_be_visible(timeout=60_000)
    look(page)
    enter(page, "Import these people")
    expect(page.get_by_text("These people are imported")).to_be_visible(timeout=60_000)
    look(page)
    enter(page, "See what undoing would do")
    expect(page.get_by_text("Nothing is undone yet")).to_be_visible(timeout=60_000)
    look(page)
    enter(page, "Undo this import")
    expect(page.get_by_text("This import is undone")).to_be_visible(timeout=60_000)
    look(page)
    page.goto(f"{installation.base_url}/people/?q=amira")
    expect(page.get_by_text("Amira Khan")).to_have_count(0)
