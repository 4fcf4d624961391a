"""The rank-sum test of the timing benchmark finds what is there, and not what is not."""

from __future__ import annotations

import random

import pytest

from benchmarks.timing import LEVEL, rank_sum


def test_it_gives_the_p_of_a_case_worked_by_hand() -> None:
    """Five values all below five others: U = 0, z = 12.5 / √(25 · 11 / 12)."""
    assert rank_sum([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(0.00902, abs=1e-5)


def test_ties_share_a_rank() -> None:
    assert rank_sum([1, 1, 1], [1, 1, 1]) == 1.0
    assert rank_sum([1, 2, 2], [2, 2, 3]) == pytest.approx(rank_sum([2, 2, 3], [1, 2, 2]))


def test_it_finds_a_small_delay_among_noise_and_nothing_without_one() -> None:
    drawn = random.Random(7)
    noise = [drawn.lognormvariate(3, 0.3) for _ in range(1000)]
    assert rank_sum(noise[:500], noise[500:]) > LEVEL
    assert rank_sum([value + 5 for value in noise[:500]], noise[500:]) < LEVEL
