"""Distances of categories agree with scipy; rare and new ones do not shout."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from burnline.distances import OTHER, Categories, compare


def names(count: int) -> Categories:
    return Categories(tuple(f"c{i}" for i in range(count)))


def test_chi_square_is_that_of_scipy():
    reference, current = [300, 200, 100, 50], [[60, 50, 20, 20], [30, 20, 10, 5]]
    found = compare(names(4), reference, current)
    for day, row in enumerate(current):
        raw = stats.chi2_contingency([reference, row], correction=False)
        assert found.chi2[day] == pytest.approx(raw.statistic)
        assert found.chi2_p[day] == pytest.approx(raw.pvalue)
        assert found.dof[day] == raw.dof


def test_categories_of_which_fewer_than_five_are_expected_are_one():
    reference, current = [400, 300, 200, 40, 30, 30], [45, 30, 15, 5, 3, 2]
    # Of a hundred rows 4, 3 and 3 are expected of the last three.
    raw = stats.chi2_contingency([[400, 300, 200, 100], [45, 30, 15, 10]], correction=False)
    found = compare(names(6), reference, current)
    assert found.chi2[0] == pytest.approx(raw.statistic)
    assert found.dof[0] == 3


def test_five_hundred_categories_keep_the_level_of_the_test():
    rng = np.random.default_rng(21)
    share = 1 / np.arange(1, 501)
    share /= share.sum()
    found = compare(names(500), rng.multinomial(20000, share), rng.multinomial(1000, share, size=1500))
    # 1500 draws at 1 %: 15, and 30 are four standard deviations away.
    assert (found.chi2_p < 0.01).sum() < 30
    assert (found.p < 0.01).sum() < 30
    assert found.psi.max() < 0.1


def test_new_values_of_a_reference_full_of_rare_ones_are_no_news():
    rng = np.random.default_rng(22)
    share = 1 / np.arange(1, 100_001)
    share /= share.sum()
    reference = rng.multinomial(50_000, share)
    current = rng.multinomial(5_000, share, size=3)
    found = compare(names(100_000), reference, current)
    assert (found.unseen_share > 0.1).all()
    assert (found.unseen_p > 0.001).all()
    assert (found.psi < 0.02).all()
    assert (found.p > 0.001).all()


def test_new_values_of_a_reference_that_repeats_its_own_are_news():
    found = compare(names(3), [350, 350, 0], [[50, 50, 0], [50, 49, 1], [50, 45, 5]])
    assert found.unseen_share == pytest.approx([0, 0.01, 0.05])
    # 100 rows against 700, no value of the reference occurs once: (1/8)^x.
    assert found.unseen_p == pytest.approx([1, 1 / 8, 1 / 8**5])
    # Bonferroni over three tests.
    assert found.p[2] == pytest.approx(3 / 8**5)


def test_where_the_reference_holds_the_rest_together_nothing_can_be_called_unseen():
    axis = Categories(("a", OTHER, "b"))
    found = compare(axis, [500, 500, 0], [50, 20, 30])
    assert np.isnan(found.unseen_share[0])
    assert found.psi[0] == 0
    whole = compare(Categories(("a", "b")), [500, 500], [50, 50])
    assert found.chi2[0] == pytest.approx(whole.chi2[0], abs=1e-12)


def test_a_category_that_vanishes_is_seen():
    found = compare(names(3), [700, 200, 100], [78, 22, 0])
    assert found.chi2[0] == pytest.approx(stats.chi2_contingency([[700, 200, 100], [78, 22, 0]]).statistic)
    assert found.p[0] < 0.02


def test_effect_is_cramers_v_whatever_the_number_of_rows_of_the_reference():
    old, new = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    small, large = compare(names(3), 1e5 * old, 1e5 * new), compare(names(3), 1e8 * old, 1e5 * new)
    # Both sides alike: V of the table of the shares.
    table = np.round(1e5 * np.stack([old, new])).astype(int)
    assert small.effect[0] == pytest.approx(stats.contingency.association(table, method="cramer"), abs=1e-3)
    assert large.effect[0] == pytest.approx(small.effect[0], abs=1e-3)


def test_chance_is_no_effect():
    rng = np.random.default_rng(23)
    found = compare(
        names(6), rng.multinomial(700, np.full(6, 1 / 6)), rng.multinomial(100, np.full(6, 1 / 6), size=500)
    )
    assert np.median(found.effect) < 0.05
    assert np.quantile(found.effect, 0.95) < 0.2


def test_missing_values_are_tested_as_shares():
    found = compare(names(1), [900], [[80], [99], [0]], reference_nulls=100, current_nulls=[20, 1, 0])
    assert found.null_reference == pytest.approx([0.1] * 3)
    assert found.null_share[:2] == pytest.approx([0.2, 0.01])
    # Two-proportion test: 120 of 1100 in all, z^2 is chi-square of the two by two table.
    raw = stats.chi2_contingency([[100, 900], [20, 80]], correction=False)
    assert found.null_p[0] == pytest.approx(raw.pvalue)
    assert np.isnan(found.null_p[2])


def test_few_missing_values_are_tested_exactly():
    found = compare(names(1), [700], [96], current_nulls=4)
    # Four of 100 and none of 700: all four on the day's side, twice as they could have been too few as well.
    assert found.null_p[0] == pytest.approx(2 * (100 / 800) ** 4)
