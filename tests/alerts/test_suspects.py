"""The coarse look that spares replaying what cannot have an open alert."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnline.alerts.replay import history
from burnline.alerts.suspects import LOOK_BACK_HOURS, may_fire
from burnline.budgets.arrivals import Arrivals
from burnline.budgets.burn_rules import rules

MONTH = timedelta(days=30)
RULES = rules(MONTH)
BUCKETS = 9 * 288


def suspected(series: Arrivals, objective: Decimal) -> bool:
    first = series.last + 1 - LOOK_BACK_HOURS * 12
    valid, bad = series.by_hour(first, LOOK_BACK_HOURS)
    return bool(may_fire(valid[None], bad[None], np.array([float(1 - objective)]), RULES)[0])


@settings(max_examples=150)
@given(
    st.sampled_from(["0.9", "0.99", "0.999"]),
    st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.integers(1, 900), st.floats(1, 60)), max_size=4),
    st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.integers(1, 800)), max_size=2),
    st.integers(0, 2**32 - 1),
)
def test_whatever_has_an_open_alert_is_a_suspect(objective, burns, silences, seed) -> None:
    rng = np.random.default_rng(seed)
    target = Decimal(objective)
    valid = rng.poisson(rng.choice([2, 20, 300]), BUCKETS).astype(float)
    for start, size in silences:
        valid[start : start + size] = 0
    share = np.full(BUCKETS, 0.5 * float(1 - target))
    for start, size, burn in burns:
        share[start : start + size] = min(1.0, burn * float(1 - target))
    series = Arrivals(12, valid, rng.binomial(valid.astype(int), share).astype(float))
    past = history(series, objective=target, rules=RULES, alpha=0.01, phi=1.0, length=MONTH, gated=False)
    if past.open:
        assert suspected(series, target)


def test_a_quiet_service_is_no_suspect() -> None:
    valid = np.full(BUCKETS, 100.0)
    assert not suspected(Arrivals(0, valid, np.full(BUCKETS, 0.02)), Decimal("0.999"))


@pytest.mark.parametrize("lead", [-30, 0, 30])
def test_hours_are_those_of_the_buckets(lead: int) -> None:
    series = Arrivals(120 + lead, np.ones(240), np.full(240, 0.5))
    valid, bad = series.by_hour(120, 10)
    expected = [sum(120 + lead <= 120 + 12 * h + b < 360 + lead for b in range(12)) for h in range(10)]
    assert valid.tolist() == expected
    assert bad.tolist() == [n / 2 for n in expected]
