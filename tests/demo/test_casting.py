"""Shares are kept, and no planted case is ever missing."""

from collections import Counter
from random import Random

import pytest

from demo.casting import PAIR_SHARES, Bond, Neu, Socr, cast, deal


def test_the_first_kind_takes_what_the_others_leave() -> None:
    assert Counter(deal({"plain": 0, "rare": 0.01, "odd": 0.2}, 100, Random(1))) == {
        "plain": 79,
        "rare": 1,
        "odd": 20,
    }


@pytest.mark.parametrize("people", [100, 137, 1000])
def test_every_case_is_planted_among(people: int) -> None:
    groups = cast(people, Random(people))
    parts = [part for group in groups for part in group]
    assert len(parts) == people
    assert {part.socr for part in parts} == {*Socr, None}
    assert {part.neu for part in parts} == {*Neu, None}
    assert {part.bond for part in parts} == set(Bond)
    assert PAIR_SHARES.keys() <= set(groups)
