"""When a distance is drift."""

from __future__ import annotations

import numpy as np
import pytest
from making_counts import counts, grid

from burnline.distances import Categories, benjamini_hochberg, compare, drifted, moved, shifted, together, usual

AXIS = grid(-8, 8, 128)


def days(rng, shifts, rows):
    return np.stack([counts(AXIS, rng.normal(shift, 1, rows)) for shift in shifts])


def test_drift_is_at_the_threshold_or_beyond_and_proven():
    psi = [0.1, 0.2, 0.3, 0.3, 0.3, np.nan]
    p = [1e-9, 1e-9, 1e-9, 0.01, np.nan, 1e-9]
    assert drifted(psi, np.nan, p, 0.2).tolist() == [False, True, True, False, False, False]


def test_a_season_is_not_drift():
    # Far from the baseline, near to the same hours of the week; unknown hours do not decide.
    assert drifted([0.5, 0.5, 0.5], [0.01, 0.4, np.nan], 1e-9, 0.2).tolist() == [False, True, True]


def test_what_days_differ_anyway_is_not_drift_and_neither_is_what_few_rows_leave_to_chance():
    assert drifted([0.3, 0.3], np.nan, 1e-9, 0.2, usual=[0.35, 0.25]).tolist() == [False, True]
    assert drifted([0.3, 0.3], np.nan, 1e-9, 0.2, provable=[0.35, 0.25]).tolist() == [False, True]


def test_what_few_rows_of_the_same_hours_leave_to_chance_is_not_drift():
    found = drifted(0.5, [0.25, 0.35, np.nan], 1e-9, 0.2, by_chance=[0.3, 0.3, np.nan])
    assert found.tolist() == [False, True, True]


def test_no_change_at_all_goes_beyond_chance_hardly_ever():
    rng = np.random.default_rng(9)
    reference, current = days(rng, [0] * 300, 250), days(rng, [0] * 300, 250)
    found = compare(AXIS, reference, current)
    assert (found.psi < found.psi_by_chance).all()
    assert (found.ks < found.ks_by_chance).all()
    # Nor is it far beyond: a chi-square of 9 or 10 free cells that comes once in ten thousand is 33.7 or 35.6.
    assert found.psi_by_chance.max() < 35.6 * 2 / 250
    assert found.psi.max() > found.psi_by_chance.min() / 2


def test_categories_know_no_shift():
    found = compare(Categories(("a", "b")), [70, 30], [30, 70])
    assert not shifted(found.ks, np.nan, found.p, 0.0, found.ks_provable).any()


def test_a_shift_is_against_the_same_hours_too_and_beyond_what_days_differ():
    assert shifted([0.2, 0.2, 0.2], [np.nan, 0.1, 0.2], 1e-9).tolist() == [True, False, True]
    # PSI 0.3 of normal values is a shift of 0.548 standard deviations: KS 2 Phi(0.274) - 1 = 0.216.
    assert shifted([0.21, 0.22], np.nan, 1e-9, usual=0.3).tolist() == [False, True]


def test_moved_is_the_threshold_that_is_reached():
    found = moved([0.3, 0.3, 0.3, 0.3, np.nan], [np.nan, 0.1, np.nan, 0.2, 0.1], [0, 0, 0.5, 0, 0], [0, 0, 0, 0.25, 0])
    np.testing.assert_array_equal(found, [0.3, 0.1, 0, 0, np.nan])
    thresholds = np.linspace(0.01, 0.5, 50)
    for reached, psi, season in zip(found[:2], [0.3, 0.3], [np.nan, 0.1], strict=True):
        np.testing.assert_array_equal(thresholds <= reached, drifted(psi, season, 0.0, thresholds))


@pytest.mark.parametrize("rows", [100, 500, 5000])
def test_a_negligible_shift_is_not_provable(rows):
    rng = np.random.default_rng(rows)
    found = compare(AXIS, days(rng, [0] * 7, rows).sum(axis=0), days(rng, [0.2] * 200, rows))
    assert (found.psi < found.psi_provable).all()
    assert (found.ks < found.ks_provable).all()


def test_the_more_rows_the_less_is_left_to_chance():
    rng = np.random.default_rng(3)
    provable = [
        compare(AXIS, counts(AXIS, rng.normal(0, 1, 7 * n)), counts(AXIS, rng.normal(0, 1, n))).psi_provable[0]
        for n in (100, 1000, 10_000, 100_000)
    ]
    assert provable == sorted(provable, reverse=True)
    # In the limit what is negligible itself.
    assert 0.04 < provable[-1] < 0.05


def test_half_a_standard_deviation_is_found_on_the_first_day_and_a_fifth_is_not():
    rng = np.random.default_rng(4)
    reference = days(rng, [0] * 7, 2000)
    base = usual(AXIS, reference)
    found = compare(AXIS, reference.sum(axis=0), days(rng, [0.2] * 20 + [0.5] * 20, 2000))
    adjusted = benjamini_hochberg(np.vstack([found.p, np.full((19, 40), 0.5)]).T)[:, 0]
    by_psi = drifted(found.psi, np.nan, adjusted, 0.15, base, found.psi_provable)
    by_ks = shifted(found.ks, np.nan, adjusted, base, found.ks_provable)
    for flags in (by_psi, by_ks):
        assert not flags[:20].any()
        assert flags[20:].all()


def test_usual_is_nothing_while_days_are_alike_and_grows_with_what_they_differ():
    rng = np.random.default_rng(5)
    alike = [usual(AXIS, days(rng, [0] * 7, 5000)) for _ in range(40)]
    assert np.median(alike) == 0
    assert max(alike) < 0.01
    apart = [usual(AXIS, days(rng, rng.normal(0, 0.1, 7), 5000)) for _ in range(60)]
    # Days of 0.1 standard deviations: PSI 0.01 times what a chi-square passes once in ten thousand, 15.1.
    assert np.mean(apart) == pytest.approx(0.01 * 15.1, rel=0.3)


def test_one_odd_day_of_the_baseline_does_not_make_drift_usual():
    rng = np.random.default_rng(6)
    assert usual(AXIS, days(rng, [0, 0, 0, 2, 0, 0, 0], 5000)) < usual(AXIS, days(rng, [0, 0, 0, 2, 2, 0, 0], 5000)) / 5


def test_a_weekend_is_no_unrest_when_days_are_compared_with_their_like():
    rng = np.random.default_rng(7)
    week = days(rng, [0, 0, 0, 0, 0, 0.6, 0.6], 5000)
    assert usual(AXIS, week) > 0.1
    assert usual(AXIS, week, groups=[0, 0, 0, 0, 0, 1, 1]) < 0.01


def test_three_days_prove_nothing():
    rng = np.random.default_rng(8)
    assert usual(AXIS, days(rng, [0, 1, 2], 5000)) == 0
    assert usual(Categories(("a",)), np.zeros((7, 1)), np.zeros(7)) == 0


def test_columns_of_a_model_have_the_unrest_of_the_middle_one_at_least():
    np.testing.assert_array_equal(together([0.0, 0.1, 0.5, np.nan]), [0.1, 0.1, 0.5, np.nan])
    assert np.isnan(together([np.nan])).all()


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        usual(AXIS, [[1, 2]])
    with pytest.raises(ValueError, match="do not fit"):
        compare(AXIS, [1, 2], [1, 2])
    with pytest.raises(ValueError, match="3 days"):
        compare(Categories(("a",)), np.ones((3, 1)), np.ones((2, 1)))
