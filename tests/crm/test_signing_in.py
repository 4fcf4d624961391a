"""Who guesses passwords has to wait, and learns nothing of which accounts there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from crm.models import Organisation, SignInTries
from crm.services import signing_in
from tests import factories

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "orla@socr.example.org", "nobody@socr.example.org"
TOO_MANY = "There were too many tries to sign in. Wait 15 minutes, then try again."


@pytest.fixture(autouse=True)
def account(socr: Organisation) -> None:
    factories.user(socr, email=KNOWN)


def try_to_sign_in(email: str, password: str = "wrong", *, client: str = "192.0.2.1") -> str:
    """Try it; give what the page says, or "in"."""
    answer = Client(REMOTE_ADDR=client).post(
        reverse("sign-in"), {"username": email, "password": password}
    )
    return "in" if answer.status_code == 302 else " ".join(said(answer))


def said(answer: Any) -> list[str]:
    errors: list[str] = answer.context["form"].non_field_errors()
    return errors


def later(minutes: int) -> None:
    """Let time pass for the database, whose clock counts."""
    SignInTries.objects.update(since=F("since") - timedelta(minutes=minutes))


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_after_ten_tries_one_has_to_wait_whether_or_not_there_is_the_account(email: str) -> None:
    answers = [try_to_sign_in(email) for _ in range(12)]
    assert len(set(answers[:10])) == 1
    assert "is not right" in answers[0]
    assert answers[10:] == [TOO_MANY, TOO_MANY]


def test_even_the_right_password_has_to_wait_then() -> None:
    for _ in range(10):
        try_to_sign_in(KNOWN)
    assert try_to_sign_in(KNOWN, factories.PASSWORD) == TOO_MANY


def test_another_spelling_and_another_place_are_the_same_account() -> None:
    for number in range(10):
        try_to_sign_in(" ORLA@socr.example.org", client=f"192.0.2.{number}")
    assert try_to_sign_in(KNOWN, client="198.51.100.1") == TOO_MANY


def test_the_wait_grows_shorter_and_ends() -> None:
    for _ in range(11):
        try_to_sign_in(KNOWN)
    later(minutes=14)
    assert "Wait 1 minute, then" in try_to_sign_in(KNOWN)
    later(minutes=2)
    assert try_to_sign_in(KNOWN, factories.PASSWORD) == "in"


def test_the_right_password_begins_the_count_afresh() -> None:
    for _ in range(3):
        for _ in range(9):
            try_to_sign_in(KNOWN)
        assert try_to_sign_in(KNOWN, factories.PASSWORD) == "in"


def test_fifty_tries_from_one_place_are_enough_for_all_accounts() -> None:
    for number in range(50):
        try_to_sign_in(f"person{number}@socr.example.org")
    assert try_to_sign_in(KNOWN, factories.PASSWORD) == TOO_MANY
    assert try_to_sign_in(KNOWN, factories.PASSWORD, client="198.51.100.1") == "in"


def test_an_own_account_does_not_buy_more_tries_from_a_place() -> None:
    for number in range(50):
        try_to_sign_in(f"person{number}@socr.example.org")
        if number % 5 == 0:
            assert try_to_sign_in(KNOWN, factories.PASSWORD) == "in"
    assert try_to_sign_in(UNKNOWN) == TOO_MANY


def test_neither_address_is_kept_and_old_counts_go() -> None:
    try_to_sign_in(UNKNOWN)
    kept = list(SignInTries.objects.values_list("bucket", flat=True))
    assert len(kept) == 2
    assert all(len(bucket) == 16 for bucket in kept)
    SignInTries.objects.update(since=datetime(2026, 1, 1, tzinfo=UTC))
    try_to_sign_in("other@socr.example.org", client="198.51.100.1")
    assert not SignInTries.objects.filter(pk__in=kept).exists()


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("10.0.0.1, 203.0.113.9", "203.0.113.9"),  # what the browser says of itself comes first
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "192.0.2.1"),
        ("not an address", ""),
    ],
)
def test_behind_a_web_server_the_place_is_what_this_one_says(
    header: str, client: str, settings: Any
) -> None:
    settings.COALESCE_CLIENT_ADDRESS = "HTTP_X_FORWARDED_FOR"
    meta = {"HTTP_X_FORWARDED_FOR": header, "REMOTE_ADDR": "192.0.2.1"}
    assert signing_in.client_address(meta) == client
