"""Possible duplicates in a real browser: a queue worked through by keyboard alone, narrow, and without JavaScript."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo import cast
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
ORLA = cast.LOGINS[1]
FILL = """
from crm import wall
from crm.models import Organisation, Purpose, User
from crm.services import match_lists, people
from mailings.models import Campaign, Version
with wall.scope("platform"):
    where = Organisation.objects.get(code="SOCR")
    ada = User.objects.get(email="ada@socr.example.org")
    made = Campaign.objects.create(organisation=where, name="Protect SENCO time", created_by=ada)
    Version.objects.create(organisation=where, campaign=made, subject="Hello", body="Please write.", author=ada,
                           purpose=Purpose.objects.filter(organisation=where).first())
for n in range(9):
    for first in ("Elizabeth", "Liz"):
        with wall.scope("staff", organisation_id=where.pk):
            people.add_person(organisation=where, details=people.NewPerson(
                first_name=first, last_name=f"Hartwell{chr(97 + n) * 3}", postcode="GU1 4RT",
                email=f"{first}{n}@example.org"))
match_lists.match_lists()
"""


@pytest.fixture(scope="module")
def queue(installation: Installation) -> Installation:
    """Some pairs that wait at SOCR."""
    installation.manage("shell", "--command", FILL)
    return installation


def opened(browser: Browser, queue: Installation, **view: object) -> tuple[BrowserContext, Page]:
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London", **view)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    page = context.new_page()
    queue.sign_in(page, ORLA)
    return context, page


def look(page: Page) -> None:
    """What is shown keeps the accessibility rules, and fits; what has the focus can be seen."""
    page.wait_for_load_state("load")  # a document that has only just begun has no root to look at
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow), f"{page.url} scrolls sideways"


def reach(page: Page, name: str) -> None:
    """Tab to what is called so, which must be in sight when it has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        text = "(e => (e.labels?.[0]?.innerText || e.innerText || ''))(document.activeElement)"
        if name in page.evaluate(text):
            assert page.evaluate(IN_SIGHT), f"{name} has the focus and is not seen"
            return
    raise AssertionError(f"{name} cannot be reached by keyboard on {page.url}")


IN_SIGHT = """
    (() => {
        const e = document.activeElement, box = e.getBoundingClientRect();
        const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return e.matches(":focus-visible") && (e.contains(at) || at.contains(e));
    })()
"""


def enter(page: Page, name: str) -> None:
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def press(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_keyboard_is_enough_to_build_a_segment_review_duplicates_and_approve(
    browser: Browser, queue: Installation
) -> None:
    """Scenario 81: no step needs a mouse; focus can be seen and is never covered"""
    context, page = opened(browser, queue)
    enter(page, "Segments")
    enter(page, "New segment")
    reach(page, "Name")
    page.keyboard.type("Everyone")
    look(page)
    enter(page, "Save")
    enter(page, "People")
    enter(page, "Possible duplicates")
    look(page)
    enter(page, "Look at the first")
    expect(page.get_by_role("heading", name="One person, or two?")).to_be_visible()
    look(page)
    first = page.url
    reach(page, "The same person: join")
    press(page, "Enter")
    expect(page.get_by_text("is one person now")).to_be_visible()
    press(page, "u")
    assert page.url.split("?")[0] == first.split("?")[0]
    expect(page.get_by_text("Undone")).to_be_visible()
    look(page)
    began = time.monotonic()
    for key in ("s", "n", "h", "l"):
        press(page, key)
    took = (time.monotonic() - began) / 4
    assert took < 2, f"A pair takes {took:.1f} s"
    page.goto(f"{queue.base_url}/duplicates/")
    for words in ("The same person", "Not the same person", "Same household", "Decide later"):
        expect(page.get_by_role("cell", name=words, exact=True)).to_have_count(1)
    look(page)
    enter(page, "Campaigns")
    enter(page, "Protect SENCO time")
    enter(page, "Approve and send")
    expect(page.get_by_text("approved this text")).to_be_visible()
    context.close()


def test_the_letters_can_be_turned_off(browser: Browser, queue: Installation) -> None:
    context, page = opened(browser, queue)
    page.goto(f"{queue.base_url}/duplicates/")
    enter(page, "Look at the first")
    reach(page, "Do not use letters as keys")
    page.keyboard.press("Enter")
    here = page.url
    page.keyboard.press("s")
    page.reload()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Use letters as keys", exact=True)).to_be_visible()
    assert page.url == here
    context.close()


@pytest.mark.parametrize(
    "view",
    [
        {"viewport": {"width": 320, "height": 800}},
        {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    ],
    ids=str,
)
def test_the_pages_keep_the_rules_narrow_and_dark(
    browser: Browser, queue: Installation, view: dict[str, object]
) -> None:
    context, page = opened(browser, queue, **view)
    for path in ("/duplicates/", "/duplicates/?kind=household", "/duplicates/?kind=later"):
        page.goto(f"{queue.base_url}{path}")
        look(page)
    page.goto(f"{queue.base_url}/duplicates/")
    page.get_by_role("link", name="Look at the first").click()
    look(page)
    context.close()


def test_without_javascript_nothing_is_lost(browser: Browser, queue: Installation) -> None:
    context, page = opened(browser, queue, java_script_enabled=False)
    page.goto(f"{queue.base_url}/duplicates/")
    page.get_by_role("link", name="Look at the first").click()
    page.get_by_role("button", name="The same person: join").click()
    expect(page.get_by_text("is one person now")).to_be_visible()
    page.get_by_role("button", name="Undo your last decision").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    context.close()
