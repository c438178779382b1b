"""The rate of bad events by averaged models, and variates that follow their distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from burnline.budgets.forecast_model import DISCOUNTS, GROWTHS, Rates, rates
from burnline.budgets.forecast_paths import Onset, Traffic, draws, faded, gamma, moments, spend

DAYS = 42
WEEKDAY = np.arange(DAYS) % 7


def by_hand(
    valid: list[float], bad: list[float], scatter: float, profile: list[float]
) -> dict[tuple[float, float], tuple[float, float, float]]:
    """Shape, rate and weight of every model, one day after the other, for one SLO with data every day."""
    found, scores = {}, {}
    for pace in DISCOUNTS:
        for growth in GROWTHS:
            a, b = 1.0, (sum(valid) + 1) / (sum(bad) + 0.5)
            score = -abs(math.log(growth)) / 0.02
            for day, (n, k) in enumerate(zip(valid, bad, strict=True), 1):
                a, b = a * pace, b * pace / growth
                x, y = n * profile[day - 1] / scatter, k / scatter
                density = math.lgamma(a + y) - math.lgamma(a) + a * math.log(b / (b + x)) + y * math.log(x / (b + x))
                if day > 5:
                    score = 0.98 * score + density
                a, b = a + y, b + x
            found[pace, growth], scores[pace, growth] = (a, b), score
    top = max(scores.values())
    total = sum(math.exp(s - top) for s in scores.values())
    return {key: (*found[key], math.exp(scores[key] - top) / total) for key in found}


def test_models_are_updated_and_weighted_as_by_hand():
    rng = np.random.default_rng(1)
    valid = rng.integers(800, 1_200, (3, DAYS)).astype(float)
    bad = rng.poisson(valid * 0.02 * 1.03 ** np.arange(DAYS)).astype(float)
    learned = rates(valid, bad, WEEKDAY)
    for row in range(3):
        scatter = float(learned.dispersion[row] * (1 - (bad[row].sum() + 0.5) / (valid[row].sum() + 1)))
        profile = learned.profile[row, WEEKDAY].tolist()
        expected = by_hand(valid[row].tolist(), bad[row].tolist(), scatter, profile)
        for k, key in enumerate(zip(learned.pace, learned.trend, strict=True)):
            shape, rate, weight = expected[key]
            assert learned.shape[row, k] == pytest.approx(shape)
            assert learned.rate[row, k] == pytest.approx(rate)
            # Densities leave out what all models share, but old scores fade, which is the same for all.
            assert learned.weight[row, k] == pytest.approx(weight, rel=1e-6, abs=1e-12)


def mean_rate(learned: Rates, row: int = 0) -> float:
    return float((learned.weight * learned.shape / learned.rate)[row].sum())


def test_independent_events_have_no_extra_scatter_and_no_weekdays():
    rng = np.random.default_rng(2)
    valid = np.full((200, DAYS), 10_000.0)
    learned = rates(valid, rng.poisson(100, (200, DAYS)).astype(float), WEEKDAY)
    assert 1 <= np.median(learned.dispersion) < 1.2
    assert np.abs(learned.profile - 1).max() < 0.2


def test_scatter_beyond_independence_is_found():
    # Negative binomial days with mean 100 and variance 100 + 100**2 / 10 = 1,100: eleven times independence.
    rng = np.random.default_rng(3)
    bad = rng.poisson(100 * rng.gamma(10, 0.1, (200, DAYS))).astype(float)
    assert np.median(rates(np.full((200, DAYS), 10_000.0), bad, WEEKDAY).dispersion) == pytest.approx(11, rel=0.35)


def test_a_level_that_moved_is_followed_within_days():
    bad = np.full((1, DAYS), 50.0)
    bad[0, -5:] = 300
    assert mean_rate(rates(np.full((1, DAYS), 10_000.0), bad, WEEKDAY)) == pytest.approx(0.03, rel=0.15)


def test_days_without_data_teach_nothing_but_doubt():
    rng = np.random.default_rng(4)
    valid, bad = np.full((2, DAYS), 1_000.0), rng.poisson(20, (2, DAYS)).astype(float)
    bad[1], valid[1, -7:], bad[1, -7:] = bad[0], np.nan, np.nan
    whole, gap = rates(valid[:1], bad[:1], WEEKDAY), rates(valid[1:], bad[1:], WEEKDAY)
    assert gap.days.tolist() == [DAYS - 7]
    assert mean_rate(gap) == pytest.approx(mean_rate(whole), rel=0.15)
    assert (gap.weight * gap.shape).sum() < (whole.weight * whole.shape).sum()


def test_days_before_the_first_data_change_nothing():
    rng = np.random.default_rng(5)
    valid, bad = np.full((1, 20), 1_000.0), rng.poisson(20, (1, 20)).astype(float)
    short = rates(valid, bad, WEEKDAY[-20:])
    padded = rates(*(np.concatenate([np.full((1, 22), np.nan), x], axis=1) for x in (valid, bad)), WEEKDAY)
    for name in ("shape", "rate", "weight", "dispersion", "profile", "traffic"):
        assert getattr(short, name) == pytest.approx(getattr(padded, name))


def test_traffic_is_that_of_the_same_weekday():
    # Weekday w has w x 100, but nothing on weekday 0; one Wednesday (3) is missing.
    valid = np.where(WEEKDAY == 0, np.nan, WEEKDAY * 100.0)[None, :]
    valid[0, -5] = np.nan
    assert WEEKDAY[-5] == 2
    assert rates(valid, np.zeros_like(valid), WEEKDAY).traffic[0].tolist() == [0, 100, 200, 300, 400, 500, 600]


def test_a_weekday_not_reached_yet_has_the_traffic_of_the_others():
    valid = np.full((1, DAYS), np.nan)
    valid[0, -4:] = [100, 200, 300, 400]  # weekdays 3..6
    assert rates(valid, np.zeros_like(valid), WEEKDAY).traffic[0].tolist() == [250, 250, 250, 100, 200, 300, 400]


@pytest.mark.parametrize("shape", [0.05, 0.5, 1, 3, 50, 5_000])
def test_variates_follow_the_gamma_distribution(shape: float):
    numbers = draws(20_000, 1, seed=3)
    sample = gamma(np.full(20_000, shape, dtype=np.float32), *numbers.events[0])
    assert stats.kstest(sample, stats.gamma(shape).cdf).statistic < 0.015


def test_paths_have_the_mean_of_the_models():
    rng = np.random.default_rng(6)
    valid = np.full((3, DAYS), 10_000.0)
    learned = rates(valid, rng.poisson([[5], [100], [400]], (3, DAYS)).astype(float), WEEKDAY)
    traffic = Traffic(np.arange(8.0), valid[:, :7], valid[:, :7])
    none = Onset(np.full(3, np.nan), np.full(3, np.nan), np.zeros(3, dtype=bool))
    simulated = np.stack(
        [come.mean(axis=1) for come in spend(learned, traffic, none, draws(20_000, 7, seed=1))], axis=1
    )
    expected, _ = moments(learned, traffic)
    assert simulated == pytest.approx(expected, rel=0.02)


def test_growth_fades():
    # Days of full growth by the end of days 1, 2, 3: .9, .9 + .81, .9 + .81 + .729
    steps = [faded(day, day + 1) for day in range(3)]
    assert steps == pytest.approx([0.9, 1.71, 2.439])
