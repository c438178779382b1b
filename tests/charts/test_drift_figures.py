from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from fake_drift import NOW
from fakes import FakeWorkspace

from burnline.dashboard import drift_errors, drift_words
from burnline.dashboard.charts import drift_distribution as shares
from burnline.dashboard.charts.drift_grid import Grid, grid, ranked
from burnline.dashboard.charts.drift_heatmap import MOST_TARGETS, drift_heatmap
from burnline.dashboard.charts.drift_lane import gap_figure, judged
from burnline.dashboard.charts.palette import BAD, INFO, WARN
from burnline.results.drift import ConceptDay, ConceptDrift, Distribution, DriftBucket, FeatureDrift

ZURICH = ZoneInfo("Europe/Zurich")
DAY = datetime(2026, 11, 20, tzinfo=UTC)


def column(name: str, psi: float | None = 0.01, **more: Any) -> FeatureDrift:
    values: dict[str, Any] = {
        "feature": name,
        "role": "feature",
        "kind": "numeric",
        "n_baseline": 700.0,
        "n": 100.0,
        "psi": psi,
        "drifted": False,
        "reason": "",
    }
    return FeatureDrift(**values | more)


def bucket(name: str, day: int, psi: float | None, *, drifted: bool = False, **more: Any) -> DriftBucket:
    begin = DAY + timedelta(days=day)
    values: dict[str, Any] = {"feature": name, "from_": begin, "to": begin + timedelta(days=1), "n": 100.0}
    return DriftBucket(**values | {"psi": psi, "drifted": drifted} | more)


def shown(*buckets: DriftBucket, columns: tuple[FeatureDrift, ...] = (column("a"),)) -> Grid:
    return grid(columns, buckets, "1d")


def test_what_drifted_and_hurts_comes_first_then_what_moved_most() -> None:
    found = ranked(
        [
            column("steady"),
            column("blank", None),
            column("odd", 0.9, drifted=True),
            column("fine", 5.0, drifted=True, harmful=False),
            column("bad", 0.3, drifted=True, harmful=True),
            column("worse", 0.4, drifted=True, harmful=True),
            column("near", 0.19),
        ]
    )
    assert [c.feature for c in found] == ["worse", "bad", "odd", "fine", "blank", "near", "steady"]


def test_groups_stand_apart_and_only_features_are_cut() -> None:
    columns = (
        *(column(f"f{i}", 1.0 - i / 10) for i in range(5)),
        column("prediction", role="prediction"),
        column("label", role="label"),
        column("region", role="segment"),
    )
    rows = grid(columns, [bucket("f0", 0, 0.1)], "1d", most=2).rows
    assert [r.title or (r.column and r.column.feature) for r in rows] == [
        *("f0", "f1"),
        *("Predictions", "prediction"),
        *("Labels", "label"),
        *("Segments", "region"),
    ]


def test_silent_days_are_cells_without_data() -> None:
    found = shown(bucket("a", 0, 0.1), bucket("a", 3, 0.4, drifted=True), bucket("a", 1, 0.2, n=0.0))
    assert [t.day for t in found.times] == [20, 21, 22, 23]
    assert np.isnan(found.judged()[0]).tolist() == [False, True, True, False]
    grey, hatch = drift_heatmap(found, 0.2, ZURICH).data[:2]
    assert list(hatch.x) == [1, 2]
    assert np.nan_to_num(np.array(grey.z)).tolist() == [[0.0, 1.0, 1.0, 0.0]]


def test_a_cell_is_judged_by_the_lesser_of_all_hours_and_the_same_hours() -> None:
    found = shown(bucket("a", 0, 0.9, psi_seasonal=0.05))
    assert found.judged()[0, 0] == 0.05
    figure = drift_heatmap(found, 0.2, ZURICH)
    assert "a season: 0.90 against all hours, 0.05 against the same hours" in figure.data[-1].text[0]


def test_colour_begins_at_the_threshold_and_only_where_drift_is_proven() -> None:
    found = shown(bucket("a", 0, 0.1), bucket("a", 1, 0.8), bucket("a", 2, 0.4, drifted=True))
    heat = drift_heatmap(found, 0.2, ZURICH).data[2]
    # log2 of PSI over 0.2: a half is -1, unproven 4 times stays below 0, a proven double is 1.
    below, unproven, proven = np.array(heat.z, dtype=float)[0]
    assert below == pytest.approx(-1.0)
    assert unproven == pytest.approx(-0.001, abs=1e-6)
    assert proven == pytest.approx(1.0)
    stops = {round(stop, 6): colour for stop, colour in heat.colorscale}
    assert stops[0.5].startswith("rgba(234,162,33")
    assert stops[1.0] == BAD
    assert "beyond 0.2 but not proven" in drift_words.cell(found.cells[0][1], 0.2)


def test_the_row_says_in_a_word_whether_it_hurts() -> None:
    columns = tuple(column(n, 0.5, drifted=True, harmful=h) for n, h in (("bad", True), ("odd", None), ("fine", False)))
    figure = drift_heatmap(shown(bucket("bad", 0, 0.5, drifted=True), columns=columns), 0.2, ZURICH)
    assert [a.text for a in figure.layout.annotations] == ["<b>harmful</b>", "unknown", "harmless"]
    assert [a.y for a in figure.layout.annotations] == [0, 1, 2]


def test_every_cell_names_its_column_and_bucket_for_a_click() -> None:
    columns = (column("a", 0.5), column("b"))
    figure = drift_heatmap(shown(bucket("a", 0, 0.5), bucket("b", 1, 0.1), columns=columns), 0.2, ZURICH)
    assert [list(c) for c in figure.data[-1].customdata] == [
        ["a", "2026-11-20T00:00:00+00:00"],
        ["a", "2026-11-21T00:00:00+00:00"],
        ["b", "2026-11-20T00:00:00+00:00"],
        ["b", "2026-11-21T00:00:00+00:00"],
    ]


def test_a_map_too_large_for_clicks_everywhere_takes_them_where_it_stands_out() -> None:
    columns = tuple(column(f"f{i}") for i in range(100))
    buckets = [bucket(f"f{i}", d, 2.0 if (i, d) == (99, 89) else 0.1) for i in range(100) for d in range(90)]
    figure = drift_heatmap(grid(columns, buckets, "1d"), 0.2, ZURICH)
    targets = [tuple(c) for c in figure.data[-1].customdata]
    assert len(targets) == MOST_TARGETS < 9000
    assert ("f99", (DAY + timedelta(days=89)).isoformat()) in targets
    assert np.array(figure.data[2].z).shape == (100, 90)


def test_the_judged_days_are_spanned_and_the_place_is_framed() -> None:
    found = shown(*(bucket("a", d, 0.1) for d in range(10)))
    figure = drift_heatmap(
        found,
        0.2,
        ZURICH,
        judged=(DAY + timedelta(days=7), DAY + timedelta(days=10)),
        selected=("a", DAY + timedelta(days=4)),
    )
    bar, begin, frame = figure.layout.shapes
    # A bucket is one wide and centred on its number: day 7 begins at 6.5.
    assert (bar.x0, bar.x1, begin.x0) == (6.5, 9.5, 6.5)
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (3.5, 4.5, -0.5, 0.5)


def test_changes_stand_above_the_moment_they_were_made() -> None:
    found = shown(*(bucket("a", d, 0.1) for d in range(4)))
    times = [DAY + timedelta(days=1, hours=12), DAY - timedelta(days=9)]
    changes = pl.DataFrame(
        {"time": times, "kind": ["deploy", "config"], "version": ["4.2.0", None], "note": ["a", None]}
    )
    figure = drift_heatmap(found, 0.2, ZURICH, changes=changes)
    triangles = next(t for t in figure.data if t.type == "scatter" and t.marker.symbol == "triangle-down")
    # Noon of the second day is the middle of its cell; the one before the map is left out.
    assert list(triangles.x) == [1.0]
    assert triangles.text[0] == "<b>deploy 4.2.0</b> · 21 Nov 13:00<br>a"


def test_the_lane_has_the_days_of_the_map() -> None:
    found = shown(*(bucket("a", d, 0.1) for d in range(4)))
    figure = drift_heatmap(found, 0.2, ZURICH, concept=[day(1, 0.03, 0.03), day(3, 0.09, 0.03, drifted=True)])
    _, expected, _, dots = figure.data[-4:]
    assert list(expected.x) == list(dots.x) == [1.0, 3.0]
    assert dots.yaxis == "y2"
    assert list(dots.marker.line.color) == [INFO, BAD]
    assert list(dots.marker.symbol) == ["circle", "diamond"]


def test_hours_and_days_share_the_axis() -> None:
    hours = [
        DriftBucket(
            feature="a",
            from_=DAY + timedelta(hours=h),
            to=DAY + timedelta(hours=h + 1),
            n=9.0,
            psi=0.1,
            drifted=False,
        )
        for h in range(48)
    ]
    figure = drift_heatmap(grid([column("a")], hours, "1h"), 0.2, ZURICH, concept=[day(0, 0.1, 0.1)])
    # Noon of the first day is 12 hours in; hour 0 is centred at 0.
    assert list(figure.data[-1].x) == [11.5]
    # Midnight of the 21st in Zurich is 23:00 UTC of the 20th.
    assert dict(zip(figure.layout.xaxis.tickvals, figure.layout.xaxis.ticktext, strict=True)) == {
        23: "21 Nov",
        47: "22 Nov",
    }


def day(index: int, realised: float, expected: float, **more: Any) -> ConceptDay:
    values: dict[str, Any] = {
        "day": DAY + timedelta(days=index),
        "labelled": 1000.0,
        "realised": realised,
        "expected": expected,
        "interval": (realised - 0.01, realised + 0.01),
        "drifted": False,
    }
    return ConceptDay(**values | more)


def test_days_that_wait_for_labels_are_hatched_and_hollow() -> None:
    figure = gap_figure([day(0, 0.05, 0.05), day(1, 0.05, 0.05, provisional=True)], "share")
    hatch, _, _, dots = figure.data
    assert list(hatch.x) == [1.0]
    assert hatch.marker.pattern.shape == "/"
    assert dots.marker.color[0] == INFO != dots.marker.color[1]


def numeric(low: list[float], before: list[float], now: list[float]) -> Distribution:
    edges = [*low, 2 * low[-1] - low[-2]]
    return Distribution(
        feature="f",
        role="feature",
        kind="numeric",
        low=tuple(edges[:-1]),
        high=tuple(edges[1:]),
        baseline=tuple(before),
        window=tuple(now),
        nulls=(0.0, 0.0),
        n_baseline=100.0,
        n=100.0,
    )


def categorical(**values: tuple[float, float]) -> Distribution:
    return Distribution(
        feature="f",
        role="feature",
        kind="categorical",
        values=tuple(values),
        baseline=tuple(b for b, _ in values.values()),
        window=tuple(n for _, n in values.values()),
        nulls=(0.0, 0.0),
        n_baseline=100.0,
        n=100.0,
    )


def test_many_bins_are_joined_and_their_shares_kept() -> None:
    found = numeric([float(i) for i in range(128)], [1 / 128] * 128, [1 / 64] * 64 + [0.0] * 64)
    bars = shares.inside(found)
    assert len(bars) == 43
    assert bars[0].name == "0 to 3"
    assert sum(b.before for b in bars) == pytest.approx(1.0)
    # Neighbours that grew are one stretch: bins 0 to 63 doubled, the last three of them are joined with 64 and 65.
    assert [(b.name, round(b.before, 4), b.now) for b in shares.grown(found)] == [("0 to 63", 0.4922, 0.984375)]


def test_open_bins_are_kept_apart() -> None:
    found = Distribution(
        feature="f",
        role="feature",
        kind="numeric",
        low=(-np.inf, 0.0, 1.0),
        high=(0.0, 1.0, np.inf),
        baseline=(0.0, 1.0, 0.0),
        window=(0.1, 0.7, 0.2),
        nulls=(0.0, 0.0),
        n_baseline=9.0,
        n=9.0,
    )
    assert [b.name for b in shares.inside(found)] == ["0 to 1"]
    assert sum(b.now for b in shares.outside(found)) == pytest.approx(0.3)


def test_bins_over_many_powers_of_ten_stand_on_a_logarithmic_axis() -> None:
    wide = numeric([10.0**i for i in range(6)], [1 / 6] * 6, [1 / 6] * 6)
    assert shares.distribution(wide).layout.xaxis.type == "log"
    assert shares.distribution(numeric([1.0, 2.0], [0.5, 0.5], [0.5, 0.5])).layout.xaxis.type == "linear"


def test_categories_are_sorted_and_a_new_one_stands_out() -> None:
    found = categorical(ios=(0.6, 0.3), web=(0.4, 0.3), tablet=(0.0, 0.35), **{"<other>": (0.0, 0.05)})
    assert [b.name for b in shares.categories(found)] == ["ios", "web", "tablet", "all others"]
    _, now = shares.distribution(found).data
    assert list(now.marker.color) == [INFO, INFO, WARN, WARN]
    assert [b.name for b in shares.grown(found)] == ["tablet", "all others"]


def test_ten_thousand_categories_are_twelve_bars_and_the_rest() -> None:
    many = categorical(**{f"v{i:05}": (1e-4, 1e-4) for i in range(10_000)})
    bars = shares.categories(many)
    assert len(bars) == 13
    assert bars[-1].before == pytest.approx(0.9988)


def test_a_column_without_rows_draws_an_empty_figure() -> None:
    assert shares.inside(numeric([0.0, 1.0], [0.0, 0.0], [0.0, 0.0])) == []
    assert len(shares.distribution(numeric([0.0, 1.0], [0.0, 0.0], [0.0, 0.0])).data[0].x) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.5, "1,234"),
        (1.0, "1"),
        (0.05, "0.05"),
        (-3.14159, "−3.14"),
        (1e-5, "0.00001"),
        (-9.32e-5, "−0.000093"),
        (3e-9, "3e−09"),
        (2.5e7, "2.5e+07"),
    ],
)
def test_values_of_a_column_are_short(value: float, text: str) -> None:
    assert drift_words.number(value) == text


def test_the_headline_says_what_hurts_and_what_inputs_do_not_explain() -> None:
    workspace = FakeWorkspace()
    assert drift_words.headline(workspace.drift("fraud")) == (
        "fraud: 3 of 11 inputs drifted, 1 hurts; the same inputs fail more often"
    )
    assert drift_words.headline(workspace.drift("flights")) == "flights: no input drifted"
    assert drift_words.headline(workspace.drift("lead-score")) == "lead-score: no inputs to compare"
    assert workspace.drift("fraud").window.to == NOW


def test_days_of_the_window_are_red_only_where_its_verdict_says_so() -> None:
    # Without raw logs two days look like concept drift; the verdict, which knows them, says it is not.
    drawn = [day(0, 0.09, 0.03, drifted=True), day(1, 0.09, 0.03, drifted=True)]
    assert [d.drifted for d in judged(drawn, [day(1, 0.09, 0.03)])] == [True, False]


def test_what_went_missing_is_what_grew() -> None:
    found = categorical(ios=(0.6, 0.6), web=(0.4, 0.4)).model_copy(update={"nulls": (0.01, 0.4)})
    assert [(b.name, b.before, b.now) for b in shares.grown(found)] == [("missing", 0.01, 0.4)]


@pytest.mark.parametrize(
    ("harms", "ending"),
    [
        ((True,), "and hurts"),
        ((False,), "and does no harm"),
        ((None,), "whether it hurts is unknown"),
        ((True, None, False), "1 hurts"),
        ((True, True), "2 hurt"),
        ((False, False), "none hurts"),
    ],
)
def test_harm_ends_the_sentence_of_what_drifted(harms: tuple[bool | None, ...], ending: str) -> None:
    moved = [column(f"f{i}", 0.5, drifted=True, harmful=h) for i, h in enumerate(harms)]
    assert drift_words.hurting(moved).lstrip(", ") == ending


def test_what_segments_and_labels_do_is_no_harm_until_something_says_so() -> None:
    assert drift_words.harm(column("region", 2.0, role="segment", drifted=True)) == "moved"
    assert drift_words.harm(column("region", 2.0, role="segment", drifted=True, harmful=True)) == "harmful"


def test_values_of_a_log_are_safe_in_markdown() -> None:
    assert drift_words.plain("f_amount *new* [x] $5 since 16 Nov 05:00: :red[a]") == (
        "f_amount \\*new\\* \\[x\\] \\$5 since 16 Nov 05:00: \\:red\\[a\\]"
    )


def test_errors_are_told_in_their_unit() -> None:
    share = ConceptDrift(drifted=True, gap=0.0977, interval=(0.09, 0.1), reason="")
    # The gap of a regression is expected less realised RMSE: minus 3.73 is 3.73 more error than expected.
    distance = ConceptDrift(drifted=False, gap=-3.73, interval=(-4.22, -3.24), reason="")
    assert drift_errors.unexplained(share, "share") == (0.0977, (0.09, 0.1))
    assert drift_errors.unexplained(distance, "distance") == (3.73, (3.24, 4.22))
    assert drift_errors.change(0.0977, "share") == "+9.77\u00a0points"
    assert drift_errors.between((-4.22, 24.25), "distance") == "−4.22 to +24.2"
    assert drift_errors.level(0.0858, "distance") == "RMSE 0.0858"


def test_even_bins_stand_on_an_even_axis_however_small_the_first_is() -> None:
    even = numeric([0.006 + i * 0.026 for i in range(33)], [1 / 33] * 33, [1 / 33] * 33)
    assert shares.distribution(even).layout.xaxis.type == "linear"


def test_labels_are_kept_by_the_day_and_left_out_of_hours() -> None:
    columns = (column("a"), column("label", role="label"))
    titles = [[r.title for r in grid(columns, [], step).rows if r.title] for step in ("1d", "1h")]
    assert titles == [["Labels"], []]
