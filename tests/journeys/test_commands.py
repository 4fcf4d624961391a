"""The commands that the README and the how-to pages name, run as a newcomer would."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.xdist_group("commands")
TESTED = {"bin/demo", "bin/test", "bin/bench", "bin/manage"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def demo(home: Path) -> dict[str, object]:
    """What `bin/demo --once` found; the commands below look at what it left."""
    last = run(home, "bin/demo", "--once", "--people", "150").strip().splitlines()[-1]
    assert last.startswith("DEMO ")
    found: dict[str, object] = json.loads(last.removeprefix("DEMO "))
    return found


def run(home: Path, *command: str) -> str:
    """Run a command with servers of its own; give what it printed."""
    outer = {
        "DATABASE_URL",
        "REDIS_URL",
        "COALESCE_SMTP",
        "DJANGO_SETTINGS_MODULE",
        "COALESCE_LOGIN",
    }
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in outer and not name.startswith(("DATABASE_URL_", "PYTEST_"))
    }
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "COALESCE_HOME": str(home)},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_demo_ends_with_the_plan_the_database_and_the_caught_mail_agreeing(
    demo: dict[str, object],
) -> None:
    assert demo["people"] == 150
    assert demo["coordinated_emails"]


def test_the_second_run_goes_on_from_the_first(home: Path, demo: dict[str, object]) -> None:
    again = run(home, "bin/demo", "--once").strip().splitlines()
    assert json.loads(again[-1].removeprefix("DEMO ")) == demo


def test_the_states_are_what_the_events_say(home: Path, demo: dict[str, object]) -> None:
    assert "Every state is what the events say." in run(
        home, "bin/manage", "rebuild_consent", "--check"
    )


def test_explain_gives_dated_evidence(home: Path, demo: dict[str, object]) -> None:
    people = json.loads((home / "demo" / "lists" / "truth.json").read_text())
    inbox = people["mailable"]["SOCR"][0]
    said = run(home, "bin/manage", "explain", "--organisation", "SOCR", "--email", inbox)
    assert re.search(
        r"Said yes, \d+ \w+ 20\d\d at \d\d:\d\d \(from the list .+, to the wording form-2025\)",
        said,
    )


def test_bench_lists_the_benchmarks(home: Path) -> None:
    assert "people" in run(home, "bin/bench")


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"\bbin/\w+", text)) <= TESTED
