"""Telephone numbers are read as Google's library reads them, the common ones without asking it."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.identity import phones

BRITISH = st.builds(
    "{}{}{}".format,
    st.sampled_from(["0", "+44", "+44 ", "(0"]),
    st.integers(1, 9),
    st.from_regex(r"[0-9 ()-]{7,14}"),
)


@given(BRITISH)
def test_a_british_number_reads_as_the_library_reads_it(text: str) -> None:
    try:
        number = phonenumbers.parse(text, "GB")
        by_the_book = (
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            if phonenumbers.is_possible_number(number)
            else None
        )
    except phonenumbers.NumberParseException:
        by_the_book = None
    if sum(letter.isdigit() for letter in text) >= 6:
        assert phones.normalise(text) == by_the_book


@pytest.mark.parametrize("text", ["none", "12345", "ext 4", ""])
def test_what_has_no_six_digits_is_no_number(text: str) -> None:
    assert phones.normalise(text) is None
