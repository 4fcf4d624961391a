"""Fills in an organiser's text: `{{ first_name|friend }}` becomes the name, or the words after the bar."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

FIELDS = {"first_name": "First name", "last_name": "Last name"}
_FIELD = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}|]*))?\}\}")


def faults(text: str) -> list[str]:
    """Say in a sentence what is wrong with each field of a text."""
    found = [
        f"There is no field “{name}”. Use {' or '.join('{{ ' + field + ' }}' for field in FIELDS)}."
        for name, _ in _FIELD.findall(text)
        if name not in FIELDS
    ]
    rest = _FIELD.sub("", text)
    if "{{" in rest or "}}" in rest:
        found.append("Write a field as {{ first_name|friend }}, with two brackets on either side.")
    return found


@lru_cache(maxsize=64)
def _pieces(text: str) -> tuple[tuple[str, str, str], ...]:
    """Cut a text into (words before, field, words to fall back on), once for a text."""
    pieces, place = [], 0
    for field in _FIELD.finditer(text):
        pieces.append((text[place : field.start()], field[1], (field[2] or "").strip()))
        place = field.end()
    return (*pieces, (text[place:], "", ""))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Give the text with its fields filled in; a value that is blank or missing falls back."""
    return "".join(
        before + (values.get(field) or fallback) for before, field, fallback in _pieces(text)
    )


def replaced(text: str, by: Callable[[str, str], str]) -> str:
    """Give the text with `by(field, fallback)` in the place of each field."""
    return "".join(
        before + (by(field, fallback) if field else "") for before, field, fallback in _pieces(text)
    )
