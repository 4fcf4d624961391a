"""Fields in an organiser's text."""

from __future__ import annotations

import pytest

from mailings import merge


def test_a_known_value_is_filled_in() -> None:
    assert merge.fill("Dear {{ first_name|friend }},", {"first_name": "Siân"}) == "Dear Siân,"


@pytest.mark.parametrize("values", [{}, {"first_name": ""}])
def test_a_missing_value_falls_back(values: dict[str, str]) -> None:
    assert merge.fill("Dear {{first_name | friend}},", values) == "Dear friend,"


def test_a_value_is_never_read_as_a_field() -> None:
    assert merge.fill("{{ first_name|x }}", {"first_name": "{{ last_name }}"}) == "{{ last_name }}"


def test_an_unknown_field_is_explained() -> None:
    assert "no field “child”" in merge.faults("{{ child|x }}")[0]


def test_an_unclosed_field_is_explained() -> None:
    assert "two brackets" in merge.faults("Dear {{ first_name }, hello")[0]
