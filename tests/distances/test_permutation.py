"""Whole days change sides: by brute force, and at its level when days differ."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from making_counts import counts, grid

from burnline.distances import Categories, block_permutation

AXIS = grid(-8, 8, 64)


def days(rng, shifts, rows=500):
    return np.stack([counts(AXIS, rng.normal(shift, 1, rows)) for shift in shifts])


def test_all_deals_are_tried_when_there_are_few():
    rng = np.random.default_rng(1)
    table = days(rng, [0, 0.1, -0.1, 0.2, 0.1, 0.3])
    found = block_permutation(AXIS, table[:4], table[4:], statistic="ks")

    def ks(chosen):
        now = table[list(chosen)].sum(axis=0)
        then = table.sum(axis=0) - now
        return np.abs(np.cumsum(now) / now.sum() - np.cumsum(then) / then.sum()).max()

    every = [ks(chosen) for chosen in combinations(range(6), 2)]
    assert len(every) == 15
    assert found == pytest.approx(sum(v >= ks((4, 5)) - 1e-12 for v in every) / 15)


def test_one_day_against_seven_cannot_be_rarer_than_one_in_eight():
    rng = np.random.default_rng(2)
    assert block_permutation(AXIS, days(rng, [0] * 7), days(rng, [4])) == 1 / 8


@pytest.mark.parametrize("statistic", ["psi", "ks"])
def test_a_shift_beyond_what_days_differ_is_found(statistic):
    rng = np.random.default_rng(3)
    before, after = days(rng, rng.normal(0, 0.1, 7)), days(rng, rng.normal(0.5, 0.1, 7))
    assert block_permutation(AXIS, before, after, statistic=statistic) == pytest.approx(1 / 200)


@pytest.mark.parametrize("statistic", ["psi", "ks"])
def test_days_that_differ_are_not_drift(statistic):
    rng = np.random.default_rng(4)
    p = [
        block_permutation(AXIS, *np.split(days(rng, rng.normal(0, 0.2, 14)), 2), statistic=statistic, seed=i)
        for i in range(150)
    ]
    # At 10 %: 15 of 150, standard deviation 3.7.
    assert 3 <= sum(v <= 0.1 for v in p) <= 30


def test_the_same_question_has_the_same_answer():
    rng = np.random.default_rng(5)
    before, after = days(rng, [0] * 7), days(rng, [0.05] * 7)
    assert block_permutation(AXIS, before, after, seed=9) == block_permutation(AXIS, before, after, seed=9)


def test_empty_days_are_left_out_and_an_empty_side_is_undefined():
    rng = np.random.default_rng(6)
    before, after = days(rng, [0] * 4), days(rng, [0.3] * 2)
    hollow = np.vstack([before, np.zeros((2, 64))])
    assert block_permutation(AXIS, hollow, after) == block_permutation(AXIS, before, after)
    assert np.isnan(block_permutation(AXIS, np.zeros((3, 64)), after))


def test_missing_values_count():
    rng = np.random.default_rng(7)
    before, after = days(rng, [0] * 7), days(rng, [0] * 7)
    p = block_permutation(AXIS, before, after, reference_nulls=np.full(7, 5), current_nulls=np.full(7, 400))
    assert p == pytest.approx(1 / 200)


def test_categories_have_no_order_for_ks():
    axis = Categories(("a", "b"))
    assert block_permutation(axis, [[9, 1]] * 7, [[1, 9]] * 7) < 0.01
    with pytest.raises(ValueError, match="order"):
        block_permutation(axis, [[9, 1]], [[1, 9]], statistic="ks")


def test_rare_categories_are_taken_together():
    rng = np.random.default_rng(8)
    share = 1 / np.arange(1, 3001)
    share /= share.sum()
    axis = Categories(tuple(map(str, range(3000))))
    same = rng.multinomial(2000, share, size=14)
    assert block_permutation(axis, same[:7], same[7:]) > 0.01
    other = rng.multinomial(2000, share[::-1], size=7)
    assert block_permutation(axis, same[:7], other) < 0.01
