"""Over-dispersion: 1 for independent events whatever happens to their level, the truth where there is some."""

from __future__ import annotations

import numpy as np
import pytest

from burnline.budgets.dispersion import CAP, common_weight, overdispersions

LOGS, HOURS = 40, 35 * 24


def independent(seed, each, rates):
    rng = np.random.default_rng(seed)
    valid = np.broadcast_to(np.asarray(each, dtype=float), rates.shape).copy()
    return valid, rng.binomial(valid.astype(int), rates).astype(float)


def flat(rate):
    return np.full((LOGS, HOURS), rate)


def middle(valid, bad, share):
    return float(np.median(overdispersions(valid, bad, share)))


@pytest.mark.parametrize(("rate", "each"), [(0.001, 100), (0.001, 1000), (0.01, 1000), (0.3, 1000), (0.01, 100_000)])
def test_independent_events_have_none_even_when_bad_ones_are_rare(rate, each):
    assert middle(*independent(1, each, flat(rate)), 2 * rate) <= 1.2


def test_a_strong_daily_season_of_traffic_is_none():
    traffic = np.round(1000 * (1 + 0.95 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)))
    assert middle(*independent(2, traffic, flat(0.01)), 0.02) <= 1.2


@pytest.mark.parametrize("hours", [3, 24, 31, 168, 175])
@pytest.mark.parametrize("factor", [1.5, 3.0, 10.0])
def test_a_step_of_the_rate_is_signal_and_not_noise(factor, hours):
    rates = flat(0.01)
    rates[:, -hours:] *= factor
    assert middle(*independent(3, 1000, rates), 0.02) <= 1.3


def test_incidents_are_cut_out():
    rates = flat(0.005)
    rates[:, 500:502] = 0.5, 0.3
    assert middle(*independent(4, 1000, rates), 0.01) <= 1.2
    # One every four days, six hours long at twelve times the budget: 6 % of the hours.
    for start in range(50, HOURS, 96):
        rates[:, start : start + 6] = 0.12
    assert middle(*independent(4, 1000, rates), 0.01) <= 1.3


def test_a_model_that_always_lives_beyond_its_budget_is_not_one_long_incident():
    rng = np.random.default_rng(5)
    # A rate that jumps by a factor up to 2 every hour, at 15 times the budget:
    # 1 + n p var(factor) / (1 - p) with n p = 150, factor uniform on (2/3, 4/3): 1 + 150 / 27 / 0.85 = 7.5.
    rates = 0.15 * rng.uniform(2 / 3, 4 / 3, (LOGS, HOURS))
    assert 6 <= middle(*independent(5, 1000, rates), 0.01) <= 10


def test_correlated_minutes_are_found():
    # Beta-binomial minutes of 1 667 events with intraclass correlation 0.01: 1 + 1 666 x 0.01 = 17.7.
    rng = np.random.default_rng(6)
    spread = 99.0
    bad = sum(rng.binomial(1667, rng.beta(0.005 * spread, 0.995 * spread, (LOGS, HOURS))) for _ in range(60))
    assert 14 <= middle(np.full((LOGS, HOURS), 100_020.0), bad * 1.0, 0.01) <= 22


def test_a_rate_that_wanders_shows_in_the_long_sums():
    # AR(1) of the log rate by the hour, correlation 0.7: the variance of long sums is 1 + n p x sum of correlations
    # of the rate, with n p = 10, e^(0.16 x 0.7^k) - 1 over all lags k: 0.174 + 2 x 0.385 = 0.94: 10.4.
    rng = np.random.default_rng(7)
    noise = 0.4 * rng.normal(size=(LOGS, HOURS))
    for hour in range(1, HOURS):
        noise[:, hour] = 0.7 * noise[:, hour - 1] + np.sqrt(1 - 0.7**2) * noise[:, hour]
    assert 6 <= middle(*independent(7, 1000, 0.01 * np.exp(noise - 0.08)), 0.02) <= 14


@pytest.mark.parametrize(("each", "rate"), [(5000, 0.01), (50, 0.001), (5, 0.01)])
def test_a_sample_of_one_in_twenty_has_twenty(each, rate):
    valid, bad = independent(8, each, flat(rate))
    assert 16 <= middle(20 * valid, 20 * bad, 2 * rate) <= 25


def test_less_than_three_days_have_one():
    bursts = np.tile([0.0, 0.0, 0.0, 40.0], (3, 18))
    valid = np.full(bursts.shape, 1000.0)
    assert overdispersions(valid, bursts, 0.2).tolist() != [1.0, 1.0, 1.0]
    assert overdispersions(valid[:, 1:], bursts[:, 1:], 0.2).tolist() == [1.0, 1.0, 1.0]
    # History begins with the first traffic.
    padded = [np.pad(counts[:, 1:], ((0, 0), (100, 0))) for counts in (valid, bursts)]
    assert overdispersions(*padded, 0.2).tolist() == [1.0, 1.0, 1.0]


def test_nothing_bad_everything_bad_and_nothing_at_all_have_one():
    valid = np.full((3, 240), 50.0)
    bad = valid * np.array([[0.0], [1.0], [0.0]])
    valid[2] = 0
    assert overdispersions(valid, bad, 0.01).tolist() == [1.0, 1.0, 1.0]
    assert overdispersions(np.zeros((0, 240)), np.zeros((0, 240)), 0.01).tolist() == []
    assert overdispersions(np.zeros((1, 0)), np.zeros((1, 0)), 0.01).tolist() == [1.0]


def test_it_is_capped():
    rng = np.random.default_rng(9)
    rates = 0.01 * rng.uniform(0.2, 1.8, (2, 240))
    assert overdispersions(*independent(9, 10**8, rates), 0.02).tolist() == [CAP, CAP]


def test_each_slo_is_measured_by_itself():
    rng = np.random.default_rng(10)
    bad = rng.poisson(10, (150, 250)) * rng.integers(1, 4, (150, 250)).astype(float)
    valid = np.full(bad.shape, 500.0)
    valid[:, ::7] = bad[:, ::7] = 0
    share = rng.uniform(0.01, 0.1, 150)
    alone = [float(overdispersions(valid[[i]], bad[[i]], share[i])[0]) for i in range(150)]
    assert overdispersions(valid, bad, share).tolist() == pytest.approx(alone)
    assert len(set(alone)) > 100


def test_hours_that_take_back_labels_are_left_out_and_nothing_is_changed():
    valid, bad = independent(11, 20, flat(0.2))
    valid[:, 100:140] = -3
    bad[:, 100:120], bad[:, 140:150] = -1, 21
    before = valid.copy(), bad.copy()
    assert middle(valid, bad, 0.4) <= 1.3
    assert (valid == before[0]).all()
    assert (bad == before[1]).all()


def test_the_weight_that_all_events_have_in_common_is_known_at_once():
    # Multiples of 40 at first, then of 20, then of 1; a correction takes back 60.
    valid, bad = np.array([[0.0, 40, 80, -60, 100, 7]]), np.array([[0.0, 0, 40, -20, 20, 0]])
    assert common_weight(valid, bad).tolist() == [[1.0, 40.0, 40.0, 20.0, 20.0, 1.0]]
    # 1 in 0.07 is kept in millionths: 14.285714.
    assert common_weight(14.285714 * np.array([3.0, 5.0]), 14.285714 * np.array([0.0, 2.0])).tolist() == [
        pytest.approx(42.857142),
        pytest.approx(14.285714),
    ]
    # Below 1 nothing is sampled.
    assert common_weight(np.array([0.5, 2.0]), np.array([0.0, 0.5])).tolist() == [1.0, 1.0]
    assert common_weight(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)
