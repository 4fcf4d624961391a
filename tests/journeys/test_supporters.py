"""Supporters' pages in a real browser: by keyboard and screen reader, narrow and enlarged, without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.caught import read_caught, read_source
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
NARROW, WIDE = {"width": 320, "height": 800}, {"width": 1280, "height": 900}
# 1280 pixels at 400 % zoom are 320 of the page's, each of 16 (WCAG 2.2, 1.4.10).
ENLARGED = {"viewport": NARROW, "device_scale_factor": 4}
VIEWS: list[dict[str, Any]] = [
    {"color_scheme": scheme, **view}
    for scheme in ("light", "dark")
    for view in ({"viewport": NARROW}, ENLARGED, {"viewport": WIDE})
]


@pytest.fixture(scope="module")
def people(installation: Installation) -> list[dict[str, str]]:
    """The pages of some people on SOCR's list, each to be used once."""
    command = "from tests.journeys.public_pages import fill; fill(10)"
    said = installation.manage("shell", "--command", command)
    (line,) = (line for line in said.splitlines() if line.startswith("PAGES "))
    found: list[dict[str, str]] = json.loads(line.removeprefix("PAGES "))
    return found


@pytest.fixture
def mine(people: list[dict[str, str]], installation: Installation) -> dict[str, str]:
    """The pages of somebody whom no other test has used."""
    found = people.pop()
    return {name: installation.base_url + path for name, path in found.items() if path[0] == "/"}


def opened(browser: Browser, **view: Any) -> BrowserContext:
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London", **view)
    context.set_default_timeout(20_000)
    return context


def look(page: Page) -> None:
    """What is shown keeps the accessibility rules, and fits."""
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow), f"{page.url} scrolls sideways"


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).first.click()


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_every_page_keeps_the_rules_at_every_size_and_asks_nobody_else_for_anything(
    browser: Browser, installation: Installation, mine: dict[str, str], view: dict[str, Any]
) -> None:
    context = opened(browser, **view)
    page, asked = context.new_page(), set()
    page.on("request", lambda request: asked.add(request.url))
    for address in mine.values():
        page.goto(address)
        look(page)
    _all_that_follows(page, mine)
    assert {url for url in asked if not url.startswith(installation.base_url)} == set()
    assert not context.cookies()
    context.close()


def _all_that_follows(page: Page, mine: dict[str, str]) -> None:
    """Look at what the pages say after something was done, or done wrongly."""
    for name, button in (
        ("preferences", "Only important emails"),
        ("preferences-easy-read", "Break for 1 month"),
        ("own-page", "Save topics"),
        ("own-page", "Keep sending me these"),
        ("own-page-easy-read", "Keep sending me these"),
        ("own-page-easy-read", "Save details"),
        ("renewal", "Yes, send me a link"),
        ("renewal-easy-read", "Yes, send me the link"),
        ("join-easy-read", "Sign up"),
        ("stop-easy-read", "Send"),
        ("invitation-easy-read", "Send"),
        ("confirm-easy-read", "Yes, send me emails"),
        ("undo-easy-read", "Yes, send me emails again"),
        ("join", "Sign up"),  # empty: what is wrong is said
        ("stop", "Send"),
        ("invitation", "Send"),
        ("preferences", "Stop everything from everyone"),
        ("preferences-easy-read", "Stop everything"),
    ):
        page.goto(mine[name])
        press(page, button)
        look(page)
        if "easy-read" in name:  # it stays so from page to page
            expect(page.get_by_role("link", name="Standard version")).to_be_visible()
    page.goto(mine["join"])
    page.get_by_label("Under 13").check()
    press(page, "Sign up")
    expect(page.get_by_role("heading", level=1)).to_have_text("Please ask a parent or carer")
    look(page)


def test_stop_all_is_announced_and_takes_the_focus(browser: Browser, mine: dict[str, str]) -> None:
    """Scenario 82: the outcome is announced and focus goes to the heading."""
    context = opened(browser, viewport=WIDE)
    page = context.new_page()
    page.goto(mine["preferences"])
    for _ in range(30):  # by the keyboard alone
        page.keyboard.press("Tab")
        if "Stop everything" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("You will get no more emails from .* at this address"))
    expect(heading).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("One email may already be on its way")
    expect(page).to_have_title(re.compile("You will get no more emails"))
    context.close()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser without JavaScript, and without cookies to begin with."""
    context = opened(browser, java_script_enabled=False, viewport=NARROW)
    yield context.new_page()
    context.close()


def mail_to(page: Page, installation: Installation, email: str, subject: str) -> str:
    """Wait for a service mail, and give the address that its link opens."""
    for _ in range(300):
        for caught in reversed(read_caught(installation.folder / "mail")):
            if caught.rcpt_to == [email] and subject in caught.subject:
                source = read_source(installation.folder / "mail", caught)
                body = message_from_bytes(source, policy=default).get_body(("plain",))
                assert body is not None
                return re.findall(r": (https?://\S+)", body.get_content())[0]
        page.wait_for_timeout(200)
    raise AssertionError(f"no “{subject}” came within a minute")


def test_a_supporter_signs_up_sees_their_data_and_stops_without_javascript(
    installation: Installation, plain: Page, mine: dict[str, str]
) -> None:
    email = "amina.yusuf@example.org"
    plain.goto(mine["join"])
    plain.get_by_label("Email address").fill(email)
    plain.get_by_label("First name").fill("Amina")
    plain.get_by_label("18 or over").check()
    plain.get_by_label("SENCO", exact=True).check()
    plain.get_by_label("Email me other updates from Save").check()
    plain.get_by_role("button", name="Sign up").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Look into your inbox")

    plain.goto(mail_to(plain, installation, email, "Please confirm"))
    plain.get_by_role("button", name="Yes, send me emails").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Thank you, you are on the list")

    link = ""
    for _ in range(20):  # the confirmation is carried out within seconds
        plain.goto(mine["stop"])
        plain.get_by_label("Email address").fill(email)
        plain.get_by_label("Save Our Children’s Rights").check()
        plain.get_by_label("Send me a link").check()
        plain.get_by_role("button", name="Send").click()
        plain.wait_for_timeout(2_000)
        if [m for m in read_caught(installation.folder / "mail") if "Your page" in m.subject]:
            link = mail_to(plain, installation, email, "Your page")
            break
    plain.goto(link)
    expect(plain.get_by_text("Email me other updates from Save").first).to_be_visible()
    plain.get_by_label("Postcode").fill("GU1 1AA")
    plain.get_by_role("button", name="Save details").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Your details are saved")
    expect(plain.get_by_text("GU1 1AA")).to_be_visible()

    plain.goto(mine["stop"])
    plain.get_by_label("Email address").fill(email)
    plain.get_by_label("Everyone").check()
    plain.get_by_label("Stop the emails").check()
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("The emails will stop")
    plain.goto(mail_to(plain, installation, email, "Your emails have stopped"))
    expect(plain.get_by_role("button", name="Yes, take my stop back")).to_be_visible()
