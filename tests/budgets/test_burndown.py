"""Burndown: what was left of the budget at each moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.budget import budget
from burnline.budgets.burndown import fixed_burndown, rolling_burndown

START = datetime(2026, 10, 25, tzinfo=UTC)
DAY = timedelta(days=1)


def days(n: int, zone: str = "UTC") -> pl.Series:
    times = [START + i * DAY for i in range(n)]
    return pl.Series("time", times, dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)


def numbers(*values: float) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64)


def test_the_budget_of_a_fixed_window_is_that_of_the_whole_window():
    # 400 events at 90 %: 40 may be bad. 1 - 10/40, 1 - 30/40, 1 - 30/40, 1 - 50/40
    found = fixed_burndown(days(4), numbers(100, 100, 100, 100), numbers(10, 20, 0, 20), Decimal("0.9"))
    assert found.columns == ["time", "valid", "bad", "remaining"]
    assert found["remaining"].to_list() == pytest.approx([0.75, 0.25, 0.25, -0.25])


def test_a_projected_total_replaces_the_sum():
    # 800 events at 90 %: 80 may be bad
    found = fixed_burndown(days(2), numbers(100, 100), numbers(10, 20), Decimal("0.9"), span_valid_total=800)
    assert found["remaining"].to_list() == pytest.approx([0.875, 0.625])


def test_a_rolling_window_recovers_as_bad_days_leave_it():
    # Two days at 90 %: 10/10 (first day alone), 10/20, 0/20, 30/20
    found = rolling_burndown(
        days(4), numbers(100, 100, 100, 100), numbers(10, 0, 0, 30), Decimal("0.9"), length=2 * DAY
    )
    assert found["remaining"].to_list() == pytest.approx([0.0, 0.5, 1.0, -0.5])


def test_a_rolling_window_sums_counts_and_never_averages_ratios():
    # 1 of 1 bad on a quiet day, 0 of 999 on the next: 1 - 1 / 100
    found = rolling_burndown(days(2), numbers(1, 999), numbers(1, 0), Decimal("0.9"), length=2 * DAY)
    assert found["remaining"].to_list() == pytest.approx([-9.0, 0.99])


def test_a_rolling_window_is_as_long_as_clocks_elapse_not_as_they_show():
    # The clocks go back on 25 October in Zurich; the window is 24 real hours all the same.
    times = pl.Series([START + timedelta(hours=h) for h in range(30)]).dt.convert_time_zone("Europe/Zurich")
    bad = numbers(1, *[0] * 29)
    found = rolling_burndown(times, numbers(*[10] * 30), bad, Decimal("0.9"), length=DAY)
    assert found["remaining"].to_list().index(1.0) == 24


def test_without_valid_events_nothing_is_known():
    empty = numbers(0, 0)
    assert fixed_burndown(days(2), empty, empty, Decimal("0.9"))["remaining"].to_list() == [None, None]
    gap = rolling_burndown(days(3), numbers(5, 0, 0), numbers(0, 0, 0), Decimal("0.9"), length=DAY)
    assert gap["remaining"].to_list() == [1.0, None, None]
    none = fixed_burndown(days(0), numbers(), numbers(), Decimal("0.9"))
    assert none.is_empty()


steps = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(lambda r: (r[0] + r[1], r[1])),
    min_size=1,
    max_size=40,
)
objectives = st.sampled_from([Decimal("0.5"), Decimal("0.9"), Decimal("0.999")])


@given(steps, objectives)
def test_remaining_never_rises_in_a_fixed_window_and_ends_at_its_budget(rows, objective):
    valid, bad = (numbers(*column) for column in zip(*rows, strict=True))
    remaining = fixed_burndown(days(len(rows)), valid, bad, objective)["remaining"]
    if valid.sum() == 0:
        assert remaining.null_count() == len(rows)
        return
    assert (remaining.diff().drop_nulls() <= 0).all()
    assert remaining[-1] == pytest.approx(budget(objective, valid.sum(), bad.sum()).remaining, abs=1e-9)


@given(steps, objectives, st.integers(1, 50))
def test_each_point_of_the_rolling_view_is_the_budget_of_its_window(rows, objective, width):
    valid, bad = (numbers(*column) for column in zip(*rows, strict=True))
    found = rolling_burndown(days(len(rows)), valid, bad, objective, length=width * DAY)
    for i, remaining in enumerate(found["remaining"]):
        inside = rows[max(0, i + 1 - width) : i + 1]
        total = sum(v for v, _ in inside)
        if total == 0:
            assert remaining is None
        else:
            exact = budget(objective, total, sum(b for _, b in inside)).remaining
            assert remaining == pytest.approx(exact, abs=1e-9)
