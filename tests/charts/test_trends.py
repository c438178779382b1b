from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from fakes import FakeWorkspace

from burnline.dashboard.charts import trends

FIRST = date(2026, 11, 1)


def days(model: str, slo: str, track: str, counts: list[tuple[float, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(model, slo, track, FIRST + timedelta(days=i), valid, bad) for i, (valid, bad) in enumerate(counts)],
        schema={
            **dict.fromkeys(("model", "slo", "track"), pl.String()),
            "day": pl.Date(),
            **dict.fromkeys(("valid", "bad"), pl.Float64()),
        },
        orient="row",
    )


def test_what_was_left_each_day_sums_the_window() -> None:
    models = FakeWorkspace(models=1).status("flights").models
    trail = trends.trailing(
        days("flights", "availability", "infrastructure", [(1000, 0), (1000, 1), (2000, 4)]), models
    )
    # 99.9 %: 1 - 0 / 1, 1 - 1 / 2, 1 - 5 / 4
    assert trail["remaining"].to_list() == pytest.approx([1.0, 0.5, -0.25])
    assert trail["allowed"].to_list() == pytest.approx([1.0, 1.0, 2.0])


def test_an_event_leaves_after_thirty_days() -> None:
    models = FakeWorkspace(models=1).status("flights").models
    counts = [(1000.0, 5.0)] + [(1000.0, 0.0)] * 30
    trail = trends.trailing(days("flights", "availability", "infrastructure", counts), models)
    assert trail["remaining"][-2] == pytest.approx(1 - 5 / 30)
    assert trail["remaining"][-1] == 1.0


def test_days_without_events_have_no_budget() -> None:
    models = FakeWorkspace(models=1).status("flights").models
    trail = trends.trailing(days("flights", "availability", "infrastructure", [(0, 0)]), models)
    assert trail["remaining"].to_list() == [None]


def test_lines_of_cards_and_tables() -> None:
    fakes = FakeWorkspace(models=1).status("flights").models
    daily = pl.concat(
        [
            days("flights", "availability", "infrastructure", [(1000, 0), (1000, 0)]),
            days("flights", "accuracy", "model", [(100, 0), (100, 30)]),
        ]
    )
    trail = trends.trailing(daily, fakes)
    assert trends.inside_by_day(trail, "infrastructure", 30) == [1, 1]
    assert trends.inside_by_day(trail, "model", 30) == [1, 0]
    assert trends.silent_by_day(trail, 30) == [0, 1]
    assert trends.burn_by_day(trail, "model", 30) == pytest.approx([0.0, 5.0])
    # 94 %: 1 - 30 / 12
    assert trends.worst_by_day(trail, 30)["flights"] == pytest.approx([1.0, -1.5])


def test_no_rows_give_no_lines() -> None:
    empty = days("flights", "availability", "infrastructure", [])
    trail = trends.trailing(empty, FakeWorkspace(models=1).status("flights").models)
    assert trail.is_empty()
    assert trends.silent_by_day(trail, 30) == []


def test_history_reaches_back_one_window_further() -> None:
    assert trends.reach(FakeWorkspace(models=1).status("flights").models, 30) == 60
    assert trends.reach((), 30) == 30
