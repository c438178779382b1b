"""Distances of numbers agree with scipy on the raw values, within the error the histogram states."""

from __future__ import annotations

import numpy as np
import pytest
from making_counts import counts, grid
from scipy import stats

from burnline.distances import Bins, compare


@pytest.fixture(scope="module", params=[0, 1, 2])
def drawn(request):
    rng = np.random.default_rng(request.param)
    reference = rng.normal(10, 2, 5000)
    current = rng.normal(10 + 0.4 * request.param, 2 + 0.3 * request.param, 800)
    axis = grid(-5, 30, 350)
    return reference, current, axis, compare(axis, counts(axis, reference), counts(axis, current), exact=True)


def test_ks_of_raw_values_is_at_most_the_stated_error_above(drawn):
    reference, current, _, found = drawn
    raw = stats.ks_2samp(reference, current, method="asymp").statistic
    assert found.ks[0] <= raw + 1e-12
    assert raw <= found.ks[0] + found.ks_error[0] + 1e-12
    assert found.ks_error[0] < 0.025


def test_ks_and_its_p_value_are_exact_when_every_value_has_a_bin():
    rng = np.random.default_rng(5)
    reference, current = rng.poisson(3, 900), rng.poisson(3.4, 300)
    points = np.arange(20.0)
    axis = Bins(points, points)
    found = compare(axis, np.bincount(reference, minlength=20), np.bincount(current, minlength=20), exact=True)
    raw = stats.ks_2samp(reference, current, method="asymp")
    assert found.ks[0] == pytest.approx(raw.statistic, abs=1e-12)
    assert found.ks_error[0] == 0
    assert found.ks_p[0] == pytest.approx(raw.pvalue, rel=1e-9)


@pytest.mark.parametrize(("n", "m", "within"), [(60, 40, 0.0006), (600, 400, 0.0001), (5000, 800, 0.00005)])
def test_ks_p_without_exact_is_near_that_of_scipy(n, m, within):
    rng = np.random.default_rng(n)
    axis = Bins(np.arange(50.0), np.arange(50.0))
    reference = np.bincount(rng.integers(0, 50, n), minlength=50)
    current = np.stack([np.bincount(np.minimum(rng.integers(0, 40 + k, m), 49), minlength=50) for k in range(12)])
    fast, exact = compare(axis, reference, current), compare(axis, reference, current, exact=True)
    assert np.abs(fast.ks_p - exact.ks_p).max() < within
    assert exact.ks_p.min() < 0.5 < exact.ks_p.max()


def test_wasserstein_of_raw_values_is_within_the_stated_error(drawn):
    reference, current, _, found = drawn
    raw = stats.wasserstein_distance(reference, current)
    assert abs(found.wasserstein[0] - raw) <= found.wasserstein_error[0]
    # Bins of 0.1: no value is farther than 0.05 from its middle, on either side.
    assert found.wasserstein_error[0] == pytest.approx(0.1)
    assert found.wasserstein[0] == pytest.approx(raw, abs=0.01)


def test_wasserstein_by_hand():
    # Half of the mass moves from 0.5 to 10.5.
    found = compare(Bins([0, 10], [1, 11]), [4, 0], [2, 2])
    assert found.wasserstein[0] == pytest.approx(0.5 * 10)
    assert found.ks[0] == pytest.approx(0.5)


def test_an_open_bin_leaves_the_error_of_wasserstein_unbounded_only_when_something_is_in_it():
    axis = Bins([-np.inf, 0, 1], [0, 1, 2])
    found = compare(axis, [0, 5, 5], [[0, 5, 5], [1, 5, 5]])
    assert found.wasserstein_error.tolist() == [1.0, np.inf]
    assert np.isfinite(found.wasserstein).all()
    assert np.isfinite(found.effect).all()


def test_effect_is_the_shift_of_the_mean_in_standard_deviations_of_the_reference(drawn):
    reference, current, _, found = drawn
    expected = (current.mean() - reference.mean()) / reference.std()
    assert found.effect[0] == pytest.approx(expected, abs=0.01)


def test_a_mean_that_falls_has_a_negative_effect():
    axis = Bins([0, 1, 2], [1, 2, 3])
    # Reference: middles 0.5, 1.5, 2.5, variance 2/3; the day's mean lies 1 lower.
    found = compare(axis, [1, 1, 1], [3, 0, 0])
    assert found.effect[0] == pytest.approx(-1 / np.sqrt(2 / 3))


def test_the_p_value_of_a_column_is_three_times_the_least_of_its_tests(drawn):
    reference, current, axis, found = drawn
    rank = stats.mannwhitneyu(
        np.floor(reference * 10), np.floor(current * 10), method="asymptotic", use_continuity=False
    )
    old, new = counts(axis, reference), counts(axis, current)
    middle = np.cumsum(old) - old / 2
    group = np.minimum(middle / old.sum() * 10, 9).astype(int)
    table = [[side[group == g].sum() for g in range(10)] for side in (old, new)]
    shape = stats.chi2_contingency(table, correction=False).pvalue
    # The third test is that of missing values, of which there are none: p = 1.
    assert found.p[0] == pytest.approx(min(3 * min(rank.pvalue, shape), 1.0), rel=1e-6)


def test_values_beyond_the_reference_are_told_apart_by_side():
    axis = Bins(np.arange(6.0), np.arange(1.0, 7.0))
    found = compare(axis, [0, 7, 0, 7, 0, 0], [[0, 4, 1, 5, 0, 0], [1, 4, 0, 4, 0, 1], [0, 0, 0, 0, 5, 5]])
    assert found.below_share.tolist() == [0, 0.1, 0]
    assert found.above_share.tolist() == [0, 0.1, 1]
    assert found.outside_share.tolist() == [0, 0.2, 1]
    # 10 rows against 14: that the most extreme one of an end is the day's has a chance of 10/24, two ends.
    assert found.outside_p[:2] == pytest.approx([1.0, 2 * 10 / 24])
    assert found.outside_p[2] == pytest.approx(2 * (10 / 24) ** 10)


def test_a_reference_of_its_own_for_each_day():
    axis = Bins(np.arange(4.0), np.arange(1.0, 5.0))
    references = np.array([[9, 1, 0, 0], [0, 0, 1, 9.0]])
    both = compare(axis, references, references[::-1], reference_nulls=[1, 2], current_nulls=[2, 1])
    for day in range(2):
        one = compare(axis, references[day], references[1 - day], reference_nulls=1 + day, current_nulls=2 - day)
        for name, figure in both.columns().items():
            assert figure[day] == pytest.approx(one.columns()[name][0], nan_ok=True), name


def test_rows_worth_of_evidence_change_what_is_certain_and_not_how_far():
    axis = grid(-5, 6, 55)
    rng = np.random.default_rng(3)
    reference, current = counts(axis, rng.normal(0, 1, 1000)), counts(axis, rng.normal(0.2, 1, 500))
    rows = compare(axis, reference, current)
    # A sample of 1 in 10, weighted back: ten times the events, as much evidence.
    events = compare(axis, reference * 10, current * 10, effective=0.1, reference_effective=0.1)
    assert events.n == pytest.approx(rows.n * 10)
    assert events.n_reference == pytest.approx(rows.n_reference * 10)
    for name in ("psi", "psi_textbook", "ks", "ks_p", "p", "js", "effect", "psi_provable"):
        assert getattr(events, name) == pytest.approx(getattr(rows, name)), name
    assert compare(axis, reference * 10, current * 10).p[0] < rows.p[0] / 1000
