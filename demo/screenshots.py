"""Takes the pictures of the documentation from a running demo: `python -m demo.screenshots URL FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from demo import cast

WIDE, NARROW = {"width": 1200, "height": 800}, {"width": 390, "height": 800}


def main(base: str, folder: Path) -> None:
    """Sign in as an admin and take each picture."""
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
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.goto(f"{base}/people/")
        _take(page, folder / "people-narrow.png")
        browser.close()


def _take(page: Page, file: Path) -> None:
    page.screenshot(path=str(file), full_page=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
