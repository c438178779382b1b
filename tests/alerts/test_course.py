"""The course of a burn, step by step."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from burnline.alerts.counts import Counts
from burnline.alerts.course import course
from burnline.budgets.arrivals import Arrivals
from burnline.budgets.windows import begin

FIRST = 6_000_000  # begins at a full hour
HOUR = timedelta(hours=1)
START = begin(FIRST)


def counts(valid: list[float], bad: list[float]) -> Counts:
    return Counts(Arrivals(FIRST, np.array(valid), np.array(bad)), Decimal("0.99"), timedelta(days=30))


def test_a_step_sums_its_buckets() -> None:
    two = course(counts([10.0] * 24, [1.0] * 12 + [0.0] * 12), START, START + 2 * HOUR, HOUR)
    assert two["time"].to_list() == [START, START + HOUR]
    # 12 bad of 120 at 99 %: 0.1 / 0.01
    assert two.select("valid", "bad", "burn").rows() == [(120.0, 12.0, pytest.approx(10.0)), (120.0, 0.0, 0.0)]


def test_only_the_history_is_told() -> None:
    one = course(counts([10.0] * 6, [0.0] * 6), START - 9 * HOUR, START + 9 * HOUR, HOUR)
    assert one.select("time", "valid").rows() == [(START, 60.0)]
    assert course(counts([10.0], [0.0]), START + HOUR, START + 2 * HOUR, HOUR).is_empty()


def test_the_bucket_that_holds_the_end_is_in_it() -> None:
    buckets = counts([10.0] * 3, [0.0] * 3)
    step = timedelta(minutes=5)
    assert course(buckets, START, START + step, step).height == 1
    assert course(buckets, START, START + step + timedelta(seconds=1), step).height == 2


def test_without_events_there_is_no_burn_and_what_is_taken_back_is_none() -> None:
    rows = course(counts([0.0, 1.0, 5.0], [0.0, -1.0, 6.0]), START, START + HOUR, timedelta(minutes=5))
    assert rows.select("valid", "bad", "burn").rows() == [
        (0.0, 0.0, None),
        (1.0, 0.0, 0.0),
        (5.0, 5.0, pytest.approx(100.0)),
    ]


def test_a_step_is_whole_buckets() -> None:
    with pytest.raises(ValueError, match="whole number"):
        course(counts([1.0], [0.0]), START, START + HOUR, timedelta(minutes=7))
