"""Telephone numbers, as E.164."""

from __future__ import annotations

import re

import phonenumbers

_SPACING = str.maketrans("", "", " -()\u00a0")
_BRITISH = re.compile(r"(?:0|\+44)([1-9][0-9]{9})")
_NO_DIGIT = re.compile(r"[^\d]")


def normalise(text: str) -> str | None:
    """Give a number as E.164 (`+447700900123`), read as British unless it says otherwise; None if it is none."""
    plain = text.translate(_SPACING)
    if found := _BRITISH.fullmatch(plain):
        return f"+44{found[1]}"  # as the library would say, at a fraction of its time
    if len(_NO_DIGIT.sub("", plain)) < 6:
        return None
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def search_words(e164: str) -> tuple[str, ...]:
    """Give the ways in which a person would begin to type the number: with 0, and from the country code."""
    return (f"0{e164[3:]}", e164[1:]) if e164.startswith("+44") else (e164[1:],)
