"""A no travels to every way of writing the same inbox, and a yes to none."""

from __future__ import annotations

import pytest

from crm.hashing import hashes_of
from crm.identity.addresses import clean, fold

# The second is another way of writing the first.
SAME_INBOX = [
    ("ann@example.org", "Ann+news@EXAMPLE.org"),
    ("a.nn@gmail.com", "ann@GoogleMail.com"),
    ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ("ann@bücher.example", "ANN@BÜCHER.EXAMPLE"),
    ("josé@example.org", "jose\u0301@example.org"),
    ("ann@example.org", "ａｎｎ@example.org"),
    ("ann@straße.example", "ann@xn--strae-oqa.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME_INBOX)
def test_two_ways_of_writing_an_inbox_are_one_mailbox(one: str, other: str) -> None:
    assert hashes_of(fold(clean(one))).mailbox == hashes_of(fold(clean(other))).mailbox


@pytest.mark.parametrize(
    ("one", "other"),
    [pair for pair in SAME_INBOX if fold(pair[0]) != fold(pair[1])],
)
def test_a_yes_binds_to_the_address_as_it_was_written(one: str, other: str) -> None:
    assert hashes_of(fold(one)).address_key != hashes_of(fold(other)).address_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "anne@example.org"),
        ("a.nn@example.org", "ann@example.org"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kvb.example"),
        ("ann@xn--.example", "ann@example"),
    ],
)
def test_two_inboxes_are_not_taken_for_one(one: str, other: str) -> None:
    assert hashes_of(fold(one)).mailbox != hashes_of(fold(other)).mailbox
