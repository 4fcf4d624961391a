"""Walks the steps of docs/tutorial/first-campaign.md as they are written, so that the page cannot go stale."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo import cast
from demo.caught import read_caught
from demo.people import plant
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.xdist_group("journeys")
TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "first-campaign.md"
WORDING = """
from crm import wall
from crm.models import Organisation
from crm.services import organisations
from demo import cast
with wall.scope("platform"):
    organisations.add_wording(organisation=Organisation.objects.get(code="SOCR"), code=cast.WORDING,
                              words=cast.SOCR.wording)
"""


def steps(text: str) -> list[str]:
    """The numbered lines of a page, in order."""
    found = re.findall(r"^(\d+)\. (.+)$", text, re.MULTILINE)
    assert [int(number) for number, _ in found] == list(range(1, len(found) + 1))
    return [words for _, words in found]


class Walker:
    """Does in a browser what a step says. What a step means is told by its words alone."""

    def __init__(self, page: Page, installation: Installation) -> None:
        self.page, self.installation = page, installation
        self.may_be_emailed: list[int] = []
        self.does: dict[str, Callable[..., None]] = {
            r"Sign in as `([^`]+)`": self.sign_in,
            r"Press \*\*([^*]+)\*\*": self.press,
            r"then \*\*([^*]+)\*\*": self.press,
            r"Write “([^”]+)” at \*\*([^*]+)\*\*": self.write,
            r"Choose “([^”]+)” at \*\*([^*]+)\*\*": self.choose,
            r"Tick \*\*([^*]+)\*\*": self.tick,
            r"You see “([^”]+)”": self.see,
            r"Open the caught mail": self.open_mail,
            r"Open the link that stops these emails": self.open_link,
        }

    def walk(self, step: str) -> None:
        """Do every sentence of a step, in order; a step of which nothing could be done is a mistake."""
        found = [
            (match, do) for pattern, do in self.does.items() for match in re.finditer(pattern, step)
        ]
        assert found, f"No test knows how to do: {step}"
        told, done = step.count("**"), sum(match[0].count("**") for match, _ in found)
        assert told == done, f"No test does all of: {step}"
        for match, do in sorted(found, key=lambda one: one[0].start()):
            do(*match.groups())

    def sign_in(self, email: str) -> None:
        self.page.context.clear_cookies()
        (login,) = (login for login in cast.LOGINS if login.email == email)
        self.installation.sign_in(self.page, login)

    def press(self, name: str) -> None:
        either = self.page.get_by_role("button", name=name).or_(
            self.page.get_by_role("link", name=name)
        )
        with self.page.expect_navigation():
            either.first.click()

    def write(self, text: str, label: str) -> None:
        self.page.get_by_label(label).last.fill(text)

    def choose(self, option: str, label: str) -> None:
        self.page.get_by_label(label).first.select_option(label=option)

    def tick(self, label: str) -> None:
        self.page.get_by_label(label).check()

    def see(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()
        if text == "May be emailed":
            shown = self.page.locator(".stat", has_text=text).locator(".stat-value").first
            self.may_be_emailed.append(int(shown.inner_text().replace(",", "")))

    def open_mail(self) -> None:
        for _ in range(300):
            if read_caught(self.installation.folder / "mail"):
                break
            self.page.wait_for_timeout(200)
        self.page.goto(self.installation.mail_url)

    def open_link(self) -> None:
        self.page.locator("a[href*='/p/']").first.click()
        self.page.wait_for_url(re.compile("/p/"))


def test_the_tutorial_leads_from_a_segment_to_a_supporters_stop(
    installation: Installation, page: Page, lists: Path
) -> None:
    plant(200, 7, lists)
    installation.manage("shell", "--command", WORDING)
    installation.manage(
        *("import_list", str(lists / "socr-mailchimp.zip"), "--organisation", "SOCR"),
        *("--statement", cast.WORDING, "--apply"),
    )
    walker = Walker(page, installation)
    for step in steps(TUTORIAL.read_text(encoding="utf-8")):
        walker.walk(step)
    before, after = walker.may_be_emailed
    assert after == before - 1


def test_every_picture_of_the_tutorial_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", TUTORIAL.read_text(encoding="utf-8"))
    assert len(pictures) >= 2
    assert [name for name in pictures if not (TUTORIAL.parent / name).is_file()] == []
