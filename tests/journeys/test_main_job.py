"""The main job in a browser: a list in, a campaign out, and a supporter who changes their mind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from demo import cast
from demo.caught import Caught, read_caught
from demo.people import expected_own, plant
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
ADMIN, ORGANISER = cast.LOGINS[0], cast.LOGINS[1]


def look(page: Page) -> None:
    """Every page that is visited keeps the accessibility rules (axe-core: WCAG 2.2 A and AA)."""
    page.wait_for_load_state("load")  # a document that has only just begun has no root to look at
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def press(page: Page, name: str) -> None:
    """Press a button, and look at the page that it leads to."""
    page.get_by_role("button", name=name).first.click()
    look(page)


def follow(page: Page, name: str) -> None:
    """Follow a link, and look at the page that it leads to."""
    page.get_by_role("link", name=name).first.click()
    look(page)


def until(page: Page, ready: Callable[[], bool]) -> None:
    """Wait for what happens in the background, for a minute at most."""
    for _ in range(300):
        if ready():
            return
        page.wait_for_timeout(200)
    raise AssertionError("this did not happen within a minute")


def caught(installation: Installation, subject: str) -> list[Caught]:
    return [mail for mail in read_caught(installation.folder / "mail") if mail.subject == subject]


def write_campaign(page: Page, subject: str) -> str:
    """Write a campaign to the SENCOs; give its address."""
    page.get_by_role("navigation").get_by_role("link", name="Campaigns").click()
    follow(page, "New campaign")
    page.get_by_label("Name of the campaign").fill(subject)
    page.get_by_label("It is suitable for people under 18").check()
    press(page, "Go on to the text")
    page.get_by_label("Who is it for").select_option(label="SENCOs")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Text", exact=False).last.fill(
        "Dear {{ first_name|friend }},\n\nplease **write**."
    )
    press(page, "Save and see who gets it")
    return page.url


def test_from_a_spreadsheet_to_a_supporter_who_says_stop(
    installation: Installation, browser: Browser, page: Page, lists: Path
) -> None:
    truth = plant(200, 7, lists)
    expected = expected_own(truth, "SOCR", "sencos")

    installation.sign_in(page, ADMIN)
    look(page)
    page.get_by_role("navigation").get_by_role("link", name="Settings").click()
    follow(page, "Add a sign-up wording")
    page.get_by_label("Short name").fill("form-2025")
    page.get_by_label("Words that people saw").fill(cast.SOCR.wording)
    press(page, "Save")

    page.get_by_role("navigation").get_by_role("link", name="Imports").click()
    follow(page, "Import a list")
    page.get_by_label("Spreadsheet").set_input_files(lists / "socr-mailchimp.zip")
    page.get_by_label("Which sign-up wording").select_option(label="form-2025")
    press(page, "Read the file")
    expect(page.get_by_role("heading", name="Which column is what")).to_be_visible(timeout=120_000)
    look(page)
    press(page, "Continue")
    expect(page.get_by_text("Nothing is written yet").first).to_be_visible()
    expect(page.get_by_role("button", name="Import these people")).to_be_visible(timeout=60_000)
    look(page)
    press(page, "Import these people")
    expect(page.get_by_text("This is what happened.")).to_be_visible(timeout=60_000)
    look(page)
    follow(page, "See the people")

    page.get_by_role("navigation").get_by_role("link", name="Segments").click()
    follow(page, "New segment")
    page.get_by_label("Name").fill("SENCOs")
    page.get_by_label("Role", exact=False).first.select_option(label="SENCO")
    press(page, "Save")
    expect(page.get_by_text("May be emailed").first).to_be_visible()

    first = write_campaign(page, "Protect SENCO time")
    organiser = browser.new_context().new_page()
    installation.sign_in(organiser, ORGANISER)
    organiser.goto(first)
    look(organiser)
    press(organiser, "Approve and send")
    until(page, lambda: len(caught(installation, "Protect SENCO time")) >= len(expected))
    sent = caught(installation, "Protect SENCO time")
    assert sorted(mail.rcpt_to[0].lower() for mail in sent) == sorted(expected)

    leaving = sent[0]
    supporter = browser.new_context(viewport={"width": 375, "height": 700}).new_page()
    supporter.goto(re.sub(r"stop/$", "", leaving.list_unsubscribe.split(">")[0].lstrip("<")))
    look(supporter)
    press(supporter, f"Stop all emails from {cast.SOCR.name} To you")
    expect(supporter.get_by_text("You will get no more emails from")).to_be_visible()

    second = write_campaign(page, "What happened")
    organiser.goto(second)
    press(organiser, "Approve and send")
    rest = expected - {leaving.rcpt_to[0].lower()}
    until(page, lambda: len(caught(installation, "What happened")) >= len(rest))
    again = caught(installation, "What happened")
    assert sorted(mail.rcpt_to[0].lower() for mail in again) == sorted(rest)
    organiser.reload()
    look(organiser)
