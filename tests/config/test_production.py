"""Production refuses to start on a missing or weak value, in a sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

GOOD = {
    "SECRET_KEY": "abcdefghij0123456789-abcdefghij0123456789-abcdefghij0123456789",
    "COALESCE_HASH_KEY": "k1:" + "0123456789abcdef" * 4,
    "DATABASE_URL": "postgresql://coalesce_web:secret@db.example.org/coalesce",
    "REDIS_URL": "redis://valkey.example.org/0",
    "ALLOWED_HOSTS": "crm.example.org",
    "COALESCE_BASE_URL": "https://crm.example.org",
    "COALESCE_SMTP": "smtp://relay.example.org:587",
    "COALESCE_HOME": "/var/lib/coalesce",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Load the production settings in a process of its own; an empty change leaves a value out."""
    wanted = {name: value for name, value in {**GOOD, **changes}.items() if value}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings.production"],
        env={"PATH": os.environ["PATH"], **wanted},
        text=True,
        capture_output=True,
        check=False,
    )


def test_good_values_start() -> None:
    assert start().returncode == 0


def test_a_chain_of_hash_keys_starts() -> None:
    chain = f"{GOOD['COALESCE_HASH_KEY']},k2:{'fedcba9876543210' * 4}"
    assert start(COALESCE_HASH_KEY=chain).returncode == 0


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        *((name, "") for name in GOOD),
        ("SECRET_KEY", "short"),
        ("COALESCE_HASH_KEY", "k1:0000"),
        ("COALESCE_HASH_KEY", f"{GOOD['COALESCE_HASH_KEY']},"),
        ("COALESCE_HASH_KEY", f"{GOOD['COALESCE_HASH_KEY']},k2:0000"),
        ("COALESCE_HASH_KEY", f"{GOOD['COALESCE_HASH_KEY']},k1:{'fedcba9876543210' * 4}"),
        ("DATABASE_URL", "postgresql://postgres:secret@db.example.org/coalesce"),
        ("ALLOWED_HOSTS", "*"),
        ("COALESCE_BASE_URL", "http://crm.example.org"),
        ("COALESCE_ROUTE", "sendgrid://key@example.org"),
        ("COALESCE_ROUTE_SOCR", "mg.example.org"),
        ("COALESCE_WEBHOOK_SECRETS", "user:short"),
    ],
)
def test_a_missing_or_weak_value_is_named(name: str, bad: str) -> None:
    refused = start(**{name: bad})
    assert refused.returncode != 0
    assert f"ImproperlyConfigured: {name} " in refused.stderr
