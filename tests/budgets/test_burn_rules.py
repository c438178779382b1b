"""Burn-rate rules: table 5-8 of the Site Reliability Workbook and what it implies."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.budget import burn_rate
from burnline.budgets.burn_rules import Rule, can_fire, detection_time, firing, rules

D = Decimal
MONTH = timedelta(days=30)
FAST, SLOW, TICKET = rules(MONTH)


def test_table_5_8_for_30_days():
    # 0.02 x 720 / 1, 0.05 x 720 / 6, 0.1 x 720 / 72
    assert [(r.name, r.severity, r.threshold) for r in rules(MONTH)] == [
        ("1h/5m", "page", 14.4),
        ("6h/30m", "page", 6.0),
        ("3d/6h", "ticket", 1.0),
    ]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        # 0.02 x 672 / 1, 0.05 x 672 / 6; 0.1 x 672 / 72 = 0.93 would warn of a budget that lasts
        (timedelta(days=28), [13.44, 5.6, 1.0]),
        (timedelta(days=90), [43.2, 18.0, 3.0]),  # 0.02 x 2160, 0.05 x 360, 0.1 x 30
        (timedelta(days=7), [3.36, 1.4, 1.0]),  # 0.02 x 168, 0.05 x 28
        (timedelta(hours=745), [14.9, 745 / 120, 745 / 720]),  # October in Zurich
        (timedelta(days=1), [1.0, 1.0]),  # three days do not fit in one
    ],
)
def test_thresholds_scale_with_the_window(length, expected):
    assert [r.threshold for r in rules(length)] == pytest.approx(expected, rel=1e-15)


def test_both_windows_must_exceed():
    full = {"1h": 15.0, "5m": 15.0, "6h": 1.0, "30m": 1.0, "3d": 0.5}
    assert firing(rules(MONTH), full, D("0.999")) == (FAST,)
    assert firing(rules(MONTH), {**full, "5m": 14.0}, D("0.999")) == ()
    assert firing(rules(MONTH), {**full, "1h": 14.0}, D("0.999")) == ()
    assert firing(rules(MONTH), {**full, "5m": None}, D("0.999")) == ()
    assert firing(rules(MONTH), {"1h": 15.0}, D("0.999")) == ()


def test_exceeding_is_strict():
    # 144 of 10 000 at 99.9 % is 14.4 and not a speck more
    at_threshold = burn_rate(D("0.999"), 10_000, 144)
    above = burn_rate(D("0.999"), 10_000, 145)
    assert firing([FAST], {"1h": at_threshold, "5m": at_threshold}, D("0.999")) == ()
    assert firing([FAST], {"1h": above, "5m": above}, D("0.999")) == (FAST,)


def test_a_rule_that_a_full_outage_does_not_reach_is_dropped():
    # At 90 % nothing burns faster than 1 / 0.1 = 10.
    assert [r.name for r in rules(MONTH) if can_fire(r, D("0.9"))] == ["6h/30m", "3d/6h"]
    assert firing([FAST], {"1h": 99.0, "5m": 99.0}, D("0.9")) == ()
    exactly = Rule("page", "1h", "5m", D("0.02"), 10.0)
    assert not can_fire(exactly, D("0.9"))
    assert can_fire(exactly, D("0.9001"))


def test_ten_percent_of_the_budget_in_five_minutes_trips_every_page():
    # Burn over 5 min: 0.1 x 43 200 / 5 = 864; diluted 12x, 6x, 72x and 864x by the others.
    burn: dict[str, float | None] = {"5m": 864, "30m": 144, "1h": 72, "6h": 12, "3d": 1}
    assert firing(rules(MONTH), burn, D("0.999")) == (FAST, SLOW)


@pytest.mark.parametrize(
    ("rule", "error_ratio", "expected"),
    [
        # b x threshold / ratio x window
        (FAST, 0.15, timedelta(minutes=5.76)),  # 0.0144 / 0.15 x 60 min
        (FAST, 1.0, timedelta(seconds=51.84)),  # 0.0144 x 3 600 s
        (Rule("ticket", "36h", "3h", D("0.05"), 1.0), 1.0, timedelta(seconds=129.6)),
        (Rule("page", "10m", "1m", D("0.0002"), 1.0), 1.0, timedelta(seconds=0.6)),
        (FAST, 0.0144, None),  # at the threshold, never above it
        (FAST, 0.0, None),
    ],
)
def test_detection_time(rule, error_ratio, expected):
    found = detection_time(rule, D("0.999"), error_ratio)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert abs(found - expected) < timedelta(milliseconds=1)


def test_the_short_window_is_reached_first():
    # 0.0144 / 0.15 x 5 min = 28.8 s
    assert detection_time(FAST, D("0.999"), 0.15, window="short") == timedelta(seconds=28.8)


def firing_seconds(rule: Rule, bad_per_second: np.ndarray, windows: tuple[int, int]) -> list[int]:
    """Second by second: when a rule fires for 10 000 requests a second at 99.9 %."""
    summed = np.concatenate([[0], bad_per_second.cumsum()])
    fired = []
    for now in range(max(windows), len(summed)):
        burn = {
            name: burn_rate(D("0.999"), 10_000 * seconds, int(summed[now] - summed[now - seconds]))
            for name, seconds in zip((rule.long, rule.short), windows, strict=True)
        }
        if firing([rule], burn, D("0.999")):
            fired.append(now)
    return fired


def test_fifteen_percent_for_ten_minutes_second_by_second():
    # Fires at 0.0144 / 0.15 x 3 600 = 345.6 s; the 5 min window clears when the errors in it fall
    # to 0.0144 / 0.15 x 300 = 28.8 s worth: 300 - 28.8 = 271.2 s after they end (4.52 min).
    bad = np.zeros(3600 + 600 + 3600, dtype=np.int64)
    bad[3600:4200] = 1500
    fired = firing_seconds(FAST, bad, (3600, 300))
    assert (fired[0], fired[-1]) == (3600 + 346, 4200 + 271)
    assert fired == list(range(fired[0], fired[-1] + 1))


def test_without_a_short_window_an_alert_of_36_resets_after_58_minutes():
    # 5 % of 30 days in one hour: 0.05 x 720 = 36. A full outage that ends leaves the hour above
    # 3.6 % errors for 60 x (1 - 0.036) = 57.84 min.
    alone = Rule("page", "1h", "1h", D("0.05"), 36.0)
    bad = np.zeros(3600 + 3600 + 3600, dtype=np.int64)
    bad[3600:7200] = 10_000
    fired = firing_seconds(alone, bad, (3600, 3600))
    assert (fired[-1] - 7200) / 60 == pytest.approx(57.84, abs=1 / 60)


def test_burning_at_35_never_fires_an_alert_of_36():
    alone = Rule("page", "1h", "5m", D("0.05"), 36.0)
    assert firing([alone], {"1h": 35.0, "5m": 35.0}, D("0.999")) == ()


rates = st.one_of(st.none(), st.floats(0, 1000))


@given(st.fixed_dictionaries(dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), rates)), st.data())
def test_burning_slower_never_fires_more(burn, data):
    objective = D("0.999")
    fired = firing(rules(MONTH), burn, objective)
    slower = {k: None if v is None else v * data.draw(st.floats(0, 1)) for k, v in burn.items()}
    assert set(firing(rules(MONTH), slower, objective)) <= set(fired)
