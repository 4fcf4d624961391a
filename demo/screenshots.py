"""Takes the pictures of the documentation from a running demo: `python -m demo.screenshots URL FOLDER MAIL`.

MAIL is the folder of the caught mail, from which the newest preference link is taken.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from demo import cast
from demo.caught import read_caught

_SHORT_LIST = """nora@example.org,Nora,Finch,yes,2026-05-02
obi@example.org,Obi,Adeyemi,no,2026-05-02
pat at example.org,Pat,Moss,yes,2026-05-02
quinn@example.org,Quinn,Ash,maybe,2026-05-02
"""
WIDE, NARROW = {"width": 1200, "height": 800}, {"width": 390, "height": 800}


def main(base: str, folder: Path, mail: Path) -> None:
    """Sign in as an admin and take each picture; then those of supporters' pages."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("COALESCE_CHROMIUM") or None,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
        page.goto(f"{base}/sign-in/")
        _take(page, folder / "sign-in.png")
        page.get_by_label("Email").fill(cast.LOGINS[0].email)
        page.get_by_label("Password").fill(cast.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for name, path in (
            ("home", "/"),
            ("people", "/people/"),
            ("segments", "/segments/"),
            ("campaigns", "/campaigns/"),
            ("imports", "/imports/"),
            ("settings", "/settings/"),
            ("staff", "/settings/staff/"),
        ):
            page.goto(f"{base}{path}")
            _take(page, folder / f"{name}.png")
        for name, path, link in (
            ("person", "/people/", "tbody th a"),
            ("segment", "/segments/", "tbody th a"),
            ("campaign", "/campaigns/", "tbody th a"),
            ("import", "/imports/", "tbody th a"),
        ):
            page.goto(f"{base}{path}")
            page.locator(link).first.click()
            _take(page, folder / f"{name}.png")
        page.goto(f"{base}/duplicates/")
        _take(page, folder / "duplicates.png")
        page.get_by_role("link", name="Look at the first").click()
        _take(page, folder / "duplicate.png", is_whole=True)
        _import_and_undo(page, base, folder)
        _make_form(page, base)
        _take(page, folder / "sign-up-form.png")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.goto(f"{base}/people/")
        _take(page, folder / "people-narrow.png")
        _take_public(browser, base, folder, mail)
        browser.close()


def _import_and_undo(page: Page, base: str, folder: Path) -> None:
    """Bring a short list and take it out again, with a picture of each step."""
    page.goto(f"{base}/imports/new/")
    rows = "Email,First name,Last name,Opt in,Opt in date\r\n" + _SHORT_LIST
    page.get_by_label("Spreadsheet").set_input_files(
        {"name": "stall-in-may.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_label("Which sign-up wording").select_option(index=1)
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("button", name="Continue").wait_for()
    _take(page, folder / "import-columns.png", is_whole=True)
    page.get_by_label("Opt in means what it says here").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Import these people").wait_for()
    _take(page, folder / "import-preview.png")
    page.get_by_role("button", name="Import these people").click()
    page.get_by_role("button", name="See what undoing would do").click()
    page.get_by_role("button", name="Undo this import").wait_for()
    _take(page, folder / "import-undo.png")
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_text("This import is undone").wait_for()


def _make_form(page: Page, base: str) -> None:
    """Set up a sign-up form as an admin does, unless there is one."""
    page.goto(f"{base}/settings/forms/join-us/")
    if page.get_by_role("heading", name="Join us").count():
        return
    page.goto(f"{base}/settings/wordings/new/")
    page.get_by_label("Short name").fill("join-2026")
    page.get_by_label("Words that people saw").fill(cast.SOCR.wording)
    page.get_by_label("People have to confirm").check()
    page.get_by_role("button", name="Save").click()
    page.goto(f"{base}/settings/forms/new/")
    page.get_by_label("Heading", exact=True).fill("Join us")
    page.get_by_label("End of its web address").fill("join-us")
    page.get_by_label("A sentence below the heading").fill("Stand up for children with SEND.")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Wording", exact=True).select_option(label="join-2026")
    page.get_by_label("A tick says yes").select_option(label="Campaign updates")
    page.get_by_role("button", name="Add the box").click()


def _take_public(browser: Browser, base: str, folder: Path, mail: Path) -> None:
    """Take the pages that supporters reach without a login, wide and narrow, light and dark."""
    link = read_caught(mail)[-1].list_unsubscribe
    path = re.sub(r"stop/$", "", link.split(">")[0].partition("/p/")[2])
    for name, address, view in (
        ("preferences", f"/p/{path}", WIDE),
        ("preferences-dark-narrow", f"/p/{path}", NARROW),
        ("preferences-easy-read", f"/p/{path}?view=easy", WIDE),
        ("join", "/join/join-us/", WIDE),
        ("stop", "/stop/", WIDE),
    ):
        context = browser.new_context(
            viewport=view,  # type: ignore[arg-type]
            color_scheme="dark" if "dark" in name else "light",
            java_script_enabled=False,
        )
        page = context.new_page()
        page.goto(f"{base}{address}")
        _take(page, folder / f"{name}.png")
        context.close()


def _take(page: Page, file: Path, *, is_whole: bool = False) -> None:
    page.screenshot(path=str(file), full_page=is_whole)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
