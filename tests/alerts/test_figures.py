"""True burns in hindsight, the figures of a replay, and fleet discoveries."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.alerts.detector import NOTHING
from burnline.alerts.discoveries import discoveries
from burnline.alerts.figures import Burn, _stretches, figures, true_burns
from burnline.alerts.replay import Episode
from burnline.budgets.arrivals import Arrivals

D = Decimal
MONTH = timedelta(days=30)


def burns(valid, bad, objective="0.999", phi=1.0):
    arrivals = Arrivals(50, np.asarray(valid, float), np.asarray(bad, float))
    return true_burns(arrivals, objective=D(objective), length=MONTH, phi=phi)


def healthy(days=30, per_bucket=1000, objective="0.999", share=0.5, seed=0):
    rng = np.random.default_rng(seed)
    valid = np.full(days * 288, float(per_bucket))
    return valid, rng.binomial(per_bucket, float(1 - D(objective)) * share, len(valid)).astype(float)


def test_an_outage_is_one_burn_and_its_excess_is_what_it_spent_beyond_its_pace():
    valid, bad = healthy()
    bad[5000:5019] = 500
    (burn,) = burns(valid, bad)
    assert (burn.first, burn.last) == (5050, 5068)
    # 19 x (500 - 1) bad events over a budget of 8640.
    assert burn.excess == pytest.approx(19 * 499 / 8640)


def test_a_slow_burn_is_found_whole():
    valid, bad = healthy()
    bad[4000:5000] = 3
    (burn,) = burns(valid, bad)
    assert abs(burn.first - 4050) <= 3
    assert abs(burn.last - 5049) <= 3
    assert burn.excess == pytest.approx(1000 * 2 / 8640, rel=0.02)


def test_stretches_an_hour_apart_are_one_burn_and_further_ones_two():
    valid, bad = healthy()
    bad[5000:5010] = bad[5021:5030] = 500
    assert [(b.first - 50, b.last - 50) for b in burns(valid, bad)] == [(5000, 5029)]
    valid, bad = healthy()
    bad[5000:5010] = bad[5022:5030] = 500
    assert [(b.first - 50, b.last - 50) for b in burns(valid, bad)] == [(5000, 5009), (5022, 5029)]


def test_what_is_real_but_spends_less_than_a_hundredth_does_not_count():
    # 86 beyond the pace of 1 are just below 1 % of 8640.
    valid, bad = healthy(share=0)
    bad[5000] = 86
    assert burns(valid, bad) == ()
    bad[5000] = 88
    assert len(burns(valid, bad)) == 1


def test_healthy_noise_is_no_burn():
    months = [healthy(per_bucket=n, share=0.9, seed=s) for n in (8, 80) for s in range(10)]
    assert [burns(*month) for month in months] == [()] * 20


def test_over_dispersed_counts_need_more_to_be_a_burn():
    valid, bad = healthy()
    bad[5000:5030] = 6
    assert len(burns(valid, bad)) == 1
    assert burns(valid, bad, phi=20.0) == ()


def test_no_history_has_no_burn():
    assert burns([], []) == ()


@given(st.lists(st.integers(-12, 12), min_size=1, max_size=9), st.integers(0, 3))
def test_the_cut_is_the_likeliest_of_all(gains, second):
    increments = np.array([gains, [g - second for g in gains[::-1]]], float)
    price = math.log(increments.size / 0.05)
    sums = np.concatenate([np.zeros((2, 1)), increments.cumsum(axis=1)], axis=1)

    def worth(cut):
        return sum((sums[:, last + 1] - sums[:, first]).max() - price for first, last in cut)

    n = len(gains)
    segments = [(i, j) for i in range(n) for j in range(i, n)]
    cuts = [
        cut for size in range(3) for cut in combinations(segments, size) if all(a[1] < b[0] for a, b in pairwise(cut))
    ]
    found = _stretches(increments)
    assert all(a[1] < b[0] for a, b in pairwise(found))
    assert worth(found) >= max(map(worth, cuts)) - 1e-9


def episode(fired, resolved, severity="page", spent=0.1):
    return Episode(severity, "1h/5m", ("1h/5m",), fired, resolved, fired, 20.0, 20.0, spent, 9.0, 9.0, 20.0)


def test_figures_by_hand():
    # Two burns; the first is paged after 3 buckets and ticketed, the second missed; one page is noise.
    episodes = (
        episode(102, 150, spent=0.02),
        episode(110, 200, "ticket", spent=0.04),
        episode(500, 512, spent=0.3),
    )
    found = figures(episodes, [Burn(100, 140, 0.5), Burn(1000, 1010, 0.02)], first=0, last=2015)
    assert (found.alerts, found.pages, found.tickets, found.alerts_per_week) == (3, 2, 1, 3.0)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == 0.5
    assert found.detection == 3 * 300
    assert found.reset == (200 - 140) * 300
    assert found.budget_spent == 0.04
    # 102 .. 199 and 500 .. 511 of 2016 buckets.
    assert found.firing_share == pytest.approx((98 + 12) / 2016)


def test_an_alert_shortly_after_a_burn_is_on_it():
    on, off = ([Burn(100, 140, 0.5)], [episode(152, 160)]), ([Burn(100, 140, 0.5)], [episode(153, 160)])
    assert [figures(e, b, first=0, last=999).precision for b, e in (on, off)] == [1.0, 0.0]


def test_an_open_alert_has_no_reset_and_fires_to_the_end():
    found = figures([episode(990, None)], [Burn(988, 999, 0.5)], first=0, last=999)
    assert (found.reset, found.firing_share) == (None, 10 / 1000)


def test_silence_has_no_precision():
    found = figures([], [], first=0, last=999)
    assert (found.precision, found.recall, found.detection, found.budget_spent) == (None, None, None, None)
    assert (found.alerts_per_week, found.firing_share) == (0, 0)


def test_the_largest_e_values_are_discoveries():
    # K = 100, alpha .05: one needs e >= 2000, two 1000, three 667.
    assert discoveries([math.log(1999)], 100) == [False]
    assert discoveries([math.log(2001)], 100) == [True]
    assert discoveries([0.0, math.log(1001), math.log(1002)], 100) == [False, True, True]
    assert discoveries([math.log(1999), math.log(999), math.log(668)], 100) == [True, True, True]
    assert discoveries([math.log(1999), math.log(999), math.log(666)], 100) == [False, False, False]


def test_a_fleet_without_evidence_has_no_discoveries():
    assert discoveries([], 0) == []
    assert discoveries([], 5) == []
    assert discoveries([NOTHING, NOTHING], 2) == [False, False]
    with pytest.raises(ValueError, match="2 e-values of 1 SLOs"):
        discoveries([1.0, 2.0], 1)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30), st.integers(0, 50))
def test_discoveries_by_their_definition(log_e, others):
    total = len(log_e) + others
    ranked = sorted(log_e, reverse=True)
    k = max((k for k in range(1, len(ranked) + 1) if ranked[k - 1] >= math.log(total / 0.05) - math.log(k)), default=0)
    assert discoveries(log_e, total) == [k > 0 and e >= ranked[k - 1] for e in log_e]
