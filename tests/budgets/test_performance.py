"""Estimated performance beside realised performance: disagreement, back-test, gap and concept drift."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from burnline.budgets.concept import arrival_counts, concept_drift
from burnline.budgets.delays import HOURS, DelayCurves
from burnline.budgets.performance import Expected, backtest, beyond_chance, performance, with_performance
from burnline.results import Estimate

DAY = 288
NAN = float("nan")


def days(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float64)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=np.float64)


EVENTS, LABELLED, WRONG = days(1000, 1000, 1000), days(1000, 1000, 500), days(52, 46, 40)
WINDOW, RIPE = np.array([[False, True, True]]), np.array([[True, True, False]])


def test_expected_realised_and_their_gap():
    calibration = Expected(days(50, 50, 60), days(50, 50, 30), one(10.0), one(6.0))
    found = performance(EVENTS, LABELLED, WRONG, window=WINDOW, ripe=RIPE, calibration=calibration)
    # Window: 110 of 2000 expected bad; labelled 1500 with 86 bad where 80 were expected.
    assert found.calibration[0] == pytest.approx(1 - 110 / 2000)
    assert np.isnan(found.surrogate[0])
    assert not found.disagree[0]
    assert found.realised[0] == pytest.approx(1 - 86 / 1500)
    assert found.expected[0] == pytest.approx(1 - 80 / 1500)
    assert found.gap[0] == pytest.approx(-6 / 1500)
    # Chance 86 x (1 - 86/1500) = 81.07, table 36: sd sqrt(117.07) / 1500.
    half = 1.96 * np.sqrt(86 * (1 - 86 / 1500) + 36) / 1500
    assert (found.low[0], found.high[0]) == pytest.approx((-6 / 1500 - half, -6 / 1500 + half))
    # |52 - 50| / 1000 and |46 - 50| / 1000.
    assert found.error[0] == pytest.approx(0.003)
    assert np.isnan(found.surrogate_error[0])


def test_the_surrogate_is_held_against_what_came_where_there_is_one_and_disagreement_is_named():
    calibration = Expected(days(50, 50, 50), days(50, 50, 25), one(5.0), one(5.0))
    surrogate = Expected(days(50, 80, 80), days(50, 46, 40), one(5.0), one(5.0))
    found = performance(EVENTS, LABELLED, WRONG, window=WINDOW, ripe=RIPE, calibration=calibration, surrogate=surrogate)
    # 160 against 100 of 2000, 5 and 5 their deviations: 60 > 2 sqrt(50).
    assert found.disagree[0]
    assert found.gap[0] == pytest.approx(0.0)
    assert found.surrogate_error[0] == pytest.approx(0.001)


def test_what_delays_select_is_no_gap():
    # Early labels are good more often: of 1500 only 86 bad ones were to be expected, not 130.
    calibration = Expected(days(80, 80, 80), days(80, 80, 50), one(5.0), one(5.0))
    found = performance(EVENTS, LABELLED, WRONG, window=WINDOW, ripe=RIPE, calibration=calibration, selected=one(86.0))
    assert found.gap[0] == pytest.approx(0.0)


def test_without_labels_or_expectation_there_is_no_gap():
    calibration = Expected(days(50, 50, 50), days(0, 0, 0), one(5.0), one(5.0))
    nothing = np.zeros((1, 3))
    found = performance(EVENTS, nothing, nothing, window=WINDOW, ripe=RIPE, calibration=calibration)
    assert found.calibration[0] == pytest.approx(0.95)
    assert np.isnan([found.realised[0], found.expected[0], found.gap[0], found.error[0]]).all()
    assert np.isnan(performance(EVENTS, LABELLED, WRONG, window=WINDOW, ripe=RIPE).gap[0])


def test_days_with_few_labels_test_nothing():
    ripe = np.ones((1, 2), dtype=np.bool_)
    assert backtest(days(29, 100), days(29, 7), days(1, 5), ripe)[0] == pytest.approx(0.02)
    assert np.isnan(backtest(days(29, 29), days(29, 7), days(1, 5), ripe)[0])


def test_chance_is_not_held_against_a_method():
    rng = np.random.default_rng(1)
    labelled = np.full((1, 400), 500.0)
    exact = rng.binomial(500, 0.05, (1, 400)).astype(np.float64)
    due = np.full((1, 400), 25.0)
    every = np.ones((1, 400), dtype=np.bool_)
    # Chance alone: sd sqrt(.05 x .95 / 500) = .0097, mean absolute .0078.
    assert backtest(labelled, exact, due, every)[0] == pytest.approx(0.0078, rel=0.1)
    assert beyond_chance(labelled, exact, due, every)[0] < 0.003
    # A method that is off by .02 every day: .02 / 1.2533 = .016.
    assert beyond_chance(labelled, exact, due + 10, every)[0] == pytest.approx(0.016, rel=0.1)


def test_concept_drift_is_found_and_chance_is_not():
    rng = np.random.default_rng(2)
    due = np.full((200, 60), 50.0)
    same = rng.poisson(50, (200, 60)).astype(np.float64)
    assert concept_drift(same, due, reference_bad=1000).sum() == 0
    moved = same.copy()
    moved[:, 40:] = rng.poisson(70, (200, 20))
    assert concept_drift(moved, due, reference_bad=1000).mean() == 1.0


def test_a_table_learnt_from_few_errors_needs_more():
    due, wrong = np.full((1, 30), 50.0), np.full((1, 30), 70.0)
    assert concept_drift(wrong, due, reference_bad=1000)[0] == 1.0
    # 2 / sqrt(16) = 50 % margin: 75 are expected.
    assert concept_drift(wrong, due, reference_bad=16)[0] == 0.0


def test_without_an_expectation_drift_is_unknown():
    wrong = np.array([[5.0, 5.0], [5.0, 5.0], [0.0, 0.0]])
    due = np.array([[NAN, NAN], [NAN, 5.0], [0.0, 0.0]])
    found = concept_drift(wrong, due, reference_bad=100)
    assert np.isnan(found[[0, 2]]).all()
    assert found[1] == 0.0


def recursion(wrong: list[float], due: list[float], margin: float) -> float:
    """The highest value of the detector, state by state."""
    states, highest = [0.0] * 5, 0.0
    for b, s in zip(wrong, due, strict=True):
        for i, g in enumerate((1.25, 1.5, 2.0, 3.0, 5.0)):
            states[i] = (states[i] + 1 / len(wrong)) * g**b * np.exp(-s * margin * (g - 1))
        highest = max(highest, sum(states) / 5)
    return highest


def test_drift_is_named_as_soon_as_the_recursion_reaches_a_hundred():
    # 100 bad events behind the table: margin 1 + max(0.1, 2 / 10) = 1.2.
    due = [4.0, 4.0, 1.0, 3.0]
    found = []
    for last in range(8, 20):
        wrong = [3.0, 9.0, 0.0, float(last)]
        expected = recursion(wrong, due, 1.2) >= 100
        found.append(expected)
        assert (concept_drift(days(*wrong), days(*due), reference_bad=100)[0] == 1.0) == expected
    assert set(found) == {True, False}


def test_arrivals_are_counted_when_they_became_known_and_expected_by_their_age():
    bad, good = (1 - np.exp(-HOURS / 24 / d) for d in (8.0, 2.0))
    many = one(1e9)
    made = DelayCurves(bad[None], good[None], 0 * bad[None], many, many, many, one(840.0))
    labels = pl.DataFrame(
        {
            "row": [0, 0, 0, 0],
            "t": [0, 0, 0, 0],
            "known": [11, 6 * DAY, 6 * DAY + 5, 7 * DAY],
            "valid": [100.0, 100.0, 0.0, 100.0],
            "bad": [1.0, 20.0, -1.0, 99.0],
            "rate": [0.05, 0.05, 0.05, 0.05],
        }
    )
    wrong, due = arrival_counts(labels, made, days=(0, 6), at=7 * DAY - 1)
    assert wrong[0].tolist() == [1.0, 0, 0, 0, 0, 0, 19.0]
    # Densities: e^(-a/8) / 8 over e^(-a/2) / 2 is .25 at the start and .25 e^(6 x 3/8) = 2.4 at 6 days.
    assert due[0, 0] == pytest.approx(100 / (1 + 19 / 0.25), rel=0.12)
    assert due[0, 6] == pytest.approx(100 / (1 + 19 / 2.4), rel=0.1)
    unknown = labels.with_columns(rate=pl.lit(None, pl.Float64))
    assert np.isnan(arrival_counts(unknown, made, days=(0, 6), at=7 * DAY - 1)[1][0, 0])


def test_estimates_carry_the_figures():
    calibration = Expected(days(50, 50, 60), days(50, 50, 30), one(10.0), one(6.0))
    measured = performance(EVENTS, LABELLED, WRONG, window=WINDOW, ripe=RIPE, calibration=calibration, drift=one(0.0))
    plain = Estimate(
        value=0.94, interval=(0.93, 0.95), bad=120, bad_interval=(100, 140), method="nowcast", delay_bias=False
    )
    (found,) = with_performance([plain], measured)
    assert found is not None
    assert (found.value, found.surrogate, found.disagree, found.concept_drift) == (0.94, None, False, False)
    assert found.calibration == pytest.approx(0.945)
    assert found.backtest_error == pytest.approx(0.003)
    assert found.gap == pytest.approx(-0.004)
    assert found.gap_interval is not None
    assert found.gap_interval[0] < -0.004 < found.gap_interval[1]
    assert with_performance([None], measured) == (None,)
