"""Pairs of windows over a history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from burnline.alerts.conditions import PATIENCE, pairs
from burnline.alerts.counts import Counts, Sums
from burnline.budgets.arrivals import Arrivals
from burnline.budgets.burn_rules import Rule

D = Decimal
FAST = Rule("page", "1h", "5m", D("0.02"), 14.4)


def pair(valid, bad, rule=FAST, objective="0.999"):
    arrivals = Arrivals(0, np.asarray(valid, float), np.asarray(bad, float))
    (only,) = pairs(Sums(arrivals), [rule], D(objective))
    return only


def test_exceeding_is_strict_where_floats_cannot_tell():
    # 144 of 10,000 is 14.4x exactly; a millionth of an event more is above it.
    valid = np.full(24, 10_000.0)
    at = pair(valid, np.full(24, 144.0))
    above = pair(valid, np.full(24, 144.000001))
    assert at.exceeds.tolist() == [False] * 24
    assert above.exceeds.tolist() == [False] * 11 + [True] * 13


def test_windows_sum_without_drift():
    # Adding a tenth ten million times in floats is off by 1e-4; counts are exact here.
    arrivals = Arrivals(0, np.full(200_000, 50.1), np.full(200_000, 0.1))
    valid, bad = Sums(arrivals).windows(3)
    assert (valid[-1], bad[-1]) == (150_300_000, 300_000)
    assert (valid[0], valid[1]) == (50_100_000, 100_200_000)


def test_a_window_without_valid_events_has_no_burn_rate():
    silent = pair([100.0] * 12 + [0.0], [50.0] * 12 + [0.0])
    assert np.isnan(silent.burn_short[-1])
    assert silent.burn_long[-1] == pytest.approx(500)
    assert (silent.exceeds[-1], silent.holds[-1]) == (False, True)


def test_silence_holds_for_three_days_and_no_longer():
    n = 12 + PATIENCE + 2
    valid, bad = np.zeros(n), np.zeros(n)
    valid[:12], bad[:12] = 100, 50
    holds = pair(valid, bad).holds
    assert holds[11 : 11 + PATIENCE + 1].all()
    assert not holds[11 + PATIENCE + 1 :].any()


def test_silence_does_not_begin_a_pair():
    valid, bad = np.full(40, 100.0), np.zeros(40)
    valid[20:] = 0
    assert not pair(valid, bad).holds.any()


def test_more_bad_than_valid_after_a_correction_is_all_bad():
    flipped = pair([0.0] * 11 + [1.0], [0.0] * 11 + [3.0])
    assert flipped.burn_long[-1] == pytest.approx(1000)


def test_the_budget_of_a_short_history_is_that_of_its_traffic():
    # 100 events a bucket at 99 %: 8640 buckets hold 8640 of budget, from one day as from thirty.
    day = Counts(Arrivals(0, np.full(288, 100.0), np.full(288, 3.0)), D("0.99"), timedelta(days=30))
    month = Counts(Arrivals(0, np.full(8640, 100.0), np.full(8640, 3.0)), D("0.99"), timedelta(days=30))
    assert day.budget(288) == pytest.approx(8640)
    assert month.budget(8640) == pytest.approx(8640)
    assert month.spent(8600, 8640) == pytest.approx(120 / 8640)


def test_the_budget_of_a_silent_history_is_nothing_and_nothing_is_spent():
    silent = Counts(Arrivals(0, np.zeros(5), np.zeros(5)), D("0.99"), timedelta(days=30))
    assert (silent.budget(0), silent.budget(5), silent.spent(0, 5)) == (0, 0, 0)


def test_a_burn_that_hovers_about_the_threshold_goes_on_until_it_falls_below_half():
    # 14.4 x 0.001 x 10,000 = 144 bad are the threshold, 72 its half.
    bad = np.array([200.0] * 12 + [100.0] * 6 + [73.0] * 3 + [72.0] * 3 + [100.0] * 3 + [200.0])
    held = pair(np.full(len(bad), 10_000.0), bad).holds
    assert held.tolist() == [False] * 11 + [True] * 10 + [False] * 7


def test_a_pair_at_the_sustainable_pace_stops_where_it_began():
    slow = Rule("ticket", "1h", "5m", D("0.1"), 1.0)
    bad = np.array([20.0] * 12 + [9.0, 20.0])
    assert pair(np.full(14, 10_000.0), bad, slow).holds.tolist() == [False] * 11 + [True, False, True]


def test_data_after_a_long_silence_begins_anew():
    n = 12 + PATIENCE + 3
    valid, bad = np.zeros(n), np.zeros(n)
    valid[:12], bad[:12] = 10_000, 200
    valid[-1], bad[-1] = 10_000, 100
    assert not pair(valid, bad).holds[-1]
