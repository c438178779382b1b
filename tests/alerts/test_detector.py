"""The e-detector: its definition, and that it can be cut, bounded and corrected."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.alerts.detector import NOTHING, WEIGHT, detector, tempered
from burnline.budgets.arrivals import Arrivals

D = Decimal


def world(seed: int, n: int, objective: str = "0.99") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    valid = rng.poisson(20, n).astype(float)
    p = np.full(n, float(1 - D(objective)))
    p[n // 2 :] *= rng.choice([0.5, 1, 5])
    return valid, rng.binomial(valid.astype(int), np.minimum(p, 1)).astype(float)


def test_two_buckets_by_hand():
    # One rate r = 2 at 90 %: a bad event doubles, a good one multiplies by (1 - .2) / (1 - .1) = 8/9.
    one = detector(D("0.9"), burns=[2.0])
    log_e, _ = one.run(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    first = WEIGHT * 2
    second = (first + WEIGHT) * 2 * (8 / 9) ** 2
    assert np.exp(log_e) == pytest.approx([first, second])


def test_burn_rates_beyond_a_total_outage_are_left_out():
    assert detector(D("0.9")).burns.tolist() == [1.25, 1.5, 2.0, 3.0, 5.0, 8.0]
    # At 20 % only (1 + 1 / .8) / 2 = 1.125 is left: 90 % bad.
    assert detector(D("0.2")).burns.tolist() == pytest.approx([1.125])


@given(st.integers(0, 10**6), st.integers(1, 200), st.integers(0, 200))
def test_a_run_in_two_parts_is_the_run_of_the_whole(seed, n, cut):
    valid, bad = world(seed, n)
    one = detector(D("0.99"))
    whole, state = one.run(valid, bad)
    first, between = one.run(valid[:cut], bad[:cut])
    second, end = one.run(valid[cut:], bad[cut:], between)
    assert np.concatenate([first, second]) == pytest.approx(whole, abs=1e-8)
    assert end == pytest.approx(state, abs=1e-8)


@given(st.integers(0, 10**6), st.integers(1, 200), st.integers(0, 200))
def test_the_bound_holds_after_any_reset_and_the_last_is_the_last(seed, n, cut):
    valid, bad = world(seed, n)
    one = detector(D("0.99"))
    bound = one.bound(valid, bad)
    log_e, _ = one.run(valid[cut:], bad[cut:])
    assert (log_e <= bound[cut:] + 1e-9).all()
    assert one.last(valid[cut:], bad[cut:]) == pytest.approx(log_e[-1] if len(log_e) else NOTHING, abs=1e-9)


def test_an_hour_without_a_budgeted_failure_cannot_overflow():
    valid = np.full(1000, 1e7)
    one = detector(D("0.999"))
    up, _ = one.run(valid, valid)
    down, _ = one.run(valid, np.zeros(1000))
    assert np.isfinite(up).all()
    # All good: only the start of this bucket counts, with w times the mean of g, the largest for 1.25.
    assert down[-1] == pytest.approx(math.log(WEIGHT / 9) + 1e7 * math.log((1 - 1.25e-3) / (1 - 1e-3)), rel=1e-6)


def test_bad_outcomes_taken_back_take_their_evidence_back():
    one = detector(D("0.99"))
    plain = one.sums(np.array([100.0, 100.0]), np.array([0.0, 0.0]))
    corrected = one.sums(np.array([100.0, 100.0, 0.0]), np.array([0.0, 5.0, -5.0]))
    assert corrected[:, -1] == pytest.approx(plain[:, -1])


def test_good_outcomes_taken_back_add_no_evidence():
    one = detector(D("0.99"))
    assert one.sums(np.array([-50.0]), np.array([0.0])).max() == 0


def test_dividing_the_counts_tempers_the_evidence():
    valid, bad = world(3, 50)
    arrivals = tempered(Arrivals(7, valid, bad), 4.0)
    one = detector(D("0.99"))
    assert arrivals.first == 7
    assert one.sums(arrivals.valid, arrivals.bad) == pytest.approx(one.sums(valid, bad) / 4)
    assert (tempered(Arrivals(7, valid, bad), 0.2).bad == bad).all()


@pytest.mark.parametrize("burn", [3, 10, 50])
def test_the_onset_is_where_the_burn_began(burn):
    # 99.9 %, 1000 events a bucket at half the budget, exactly; then at `burn` times the budget.
    bad = np.tile([0.0, 1.0], 500)
    bad[900:] = burn
    onset = detector(D("0.999")).onset(np.full(1000, 1000.0), bad)
    assert onset in (899, 900)


def test_false_alarms_at_exactly_the_budget_are_rarer_than_alpha():
    # 400 months of hourly buckets at 99 %, 200 events an hour; alpha 0.05: at most 5 % of 400 = 20 expected.
    rng = np.random.default_rng(11)
    one = detector(D("0.99"))
    valid = np.full(720, 200.0)
    tops = [one.run(valid, rng.binomial(200, 0.01, 720).astype(float))[0].max() for _ in range(400)]
    assert sum(top >= math.log(20) for top in tops) <= 20
