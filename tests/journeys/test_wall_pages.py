"""The pages about the wall in a real browser: no accessibility rule is broken, and the checklist leads on."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from demo import cast
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("main job")

PAGES = [
    "/settings/go-live/",
    "/settings/audit/",
    "/exports/",
    "/exports/new/",
    "/settings/staff/",
    "/people/new/",
]


def broken(page: Page) -> list[str]:
    """Name the rules of WCAG that a page breaks, with where."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def test_the_pages_of_the_wall_break_no_accessibility_rule(
    installation: Installation, page: Page
) -> None:
    installation.sign_in(page, cast.LOGINS[0])
    for path in PAGES:
        page.goto(f"{installation.base_url}{path}")
        assert broken(page) == [], path


def test_an_admin_turns_sending_off_and_on_again(installation: Installation, page: Page) -> None:
    installation.sign_in(page, cast.LOGINS[0])
    page.goto(f"{installation.base_url}/settings/go-live/")
    page.get_by_role("button", name="Turn sending off").click()
    page.get_by_text("Sending is off. What a worker has").wait_for()
    page.get_by_role("button", name="Turn sending on").click()
    page.get_by_text("Sending is on since").wait_for()
    page.goto(f"{installation.base_url}/settings/audit/")
    page.get_by_text("Changed the sign-off before the first campaign").first.wait_for()


def test_the_stewards_pages_break_no_accessibility_rule(
    installation: Installation, page: Page
) -> None:
    login = cast.Login("sam@steward.example.org", "Sam Steward", "", "steward")
    installation.manage(
        "add_steward",
        login.email,
        "--name",
        login.name,
        "--password-stdin",
        stdin=f"{cast.PASSWORD}\n",
    )
    page.goto(f"{installation.base_url}/sign-in/")
    page.get_by_label("Email").fill(login.email)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{installation.base_url}/steward/")
    for path in ("/steward/", "/campaigns/figures/"):
        page.goto(f"{installation.base_url}{path}")
        assert broken(page) == [], path
