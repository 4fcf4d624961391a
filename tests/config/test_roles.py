"""`python -m config.roles` says in a sentence what is missing or refused, and never a password."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

GOOD = {
    "COALESCE_ADMIN_URL": "postgresql://admin:not-to-be-shown@127.0.0.1:1/coalesce",
    **{
        f"COALESCE_{login}_PASSWORD": f"not-to-be-shown-{login}"
        for login in ("WEB", "OWNER", "WORKER")
    },
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, on a port where nobody listens; an empty change leaves a value out."""
    wanted = {name: value for name, value in {**GOOD, **changes}.items() if value}
    return subprocess.run(
        [sys.executable, "-m", "config.roles"],
        env={"PATH": os.environ["PATH"], **wanted},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_value_is_named(name: str) -> None:
    refused = start(**{name: ""})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{name} is missing")


def test_a_server_that_refuses_is_quoted_without_a_password() -> None:
    refused = start()
    assert refused.returncode == 1
    assert refused.stderr.startswith("The server refused: ")
    assert "may make roles and databases" in refused.stderr
    assert "not-to-be-shown" not in refused.stderr + refused.stdout
