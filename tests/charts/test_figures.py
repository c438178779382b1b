from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest
from fakes import UNDEFINED, FakeWorkspace

from burnline.dashboard.charts.burndown import Panel, burndown, exhausted_at
from burnline.dashboard.charts.burndown_bands import Outlook, Waiting
from burnline.dashboard.charts.burndown_marks import Stretch
from burnline.dashboard.charts.canvas import thin
from burnline.dashboard.charts.delays import delays
from burnline.dashboard.charts.heatmap import heatmap, worst_per_day
from burnline.dashboard.charts.interval import interval
from burnline.dashboard.charts.palette import BAD, INFO, OK
from burnline.dashboard.charts.percentiles import percentiles
from burnline.dashboard.charts.slices import slices
from burnline.dashboard.charts.two_tracks import two_tracks
from burnline.results import DelayPoint

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2026, 11, 1, tzinfo=UTC)


def budget(*remaining: float | None) -> pl.DataFrame:
    times = [START + timedelta(hours=h) for h in range(len(remaining))]
    schema = {"time": pl.Datetime("us", "UTC"), "remaining": pl.Float64()}
    return pl.DataFrame({"time": times, "remaining": remaining}, schema=schema)


@pytest.mark.parametrize(
    ("remaining", "hour"),
    [
        ((1.0, 0.4, -0.2), 2),
        ((0.5, -0.1, 0.2, -0.3, -0.4), 3),
        ((-0.1, -0.2), 0),
        ((0.5, -0.1, 0.2), None),
        ((0.5, 0.0), None),
        ((None, None), None),
        ((), None),
    ],
)
def test_exhausted_is_when_it_went_below_zero_and_stayed(remaining: tuple[float | None, ...], hour: int | None) -> None:
    assert exhausted_at(budget(*remaining)) == (None if hour is None else START + timedelta(hours=hour))


def test_the_burndown_changes_colour_exactly_at_zero() -> None:
    figure = burndown([Panel("a", "b", budget(1.0, 0.5, -0.5))], ZURICH)
    above, below = figure.data
    assert (above.line.color, below.line.color) == (INFO, BAD)
    crossing = datetime(2026, 11, 1, 2, 30)
    assert above.x[2] == below.x[2] == crossing
    assert above.y[2] == below.y[2] == 0.0


def test_times_are_those_of_the_workspace() -> None:
    figure = burndown([Panel("a", "b", budget(1.0, 0.5))], ZURICH)
    assert figure.data[0].x[0] == datetime(2026, 11, 1, 1, 0)


def test_a_panel_without_data_says_so() -> None:
    figure = burndown([Panel("Infrastructure", "drift", budget()), Panel("Model", "", budget(1.0, 0.5))], ZURICH)
    assert "no data" in [note.text for note in figure.layout.annotations]
    assert len(figure.data) == 1


def test_another_promise_is_a_line_of_its_own() -> None:
    figure = burndown([Panel("a", "b", budget(1.0, 0.5), what_if=budget(1.0, -3.0))], ZURICH)
    assert figure.data[-1].line.dash == "dash"
    assert figure.layout.yaxis.range[0] < -3.0


def test_names_of_changes_do_not_lie_on_each_other() -> None:
    times = [START + timedelta(hours=h) for h in (50, 51, 80)]
    events = pl.DataFrame({"time": times, "kind": ["deploy"] * 3, "version": ["1", "2", None]})
    frame = budget(*np.linspace(1, 0.5, 100))
    figure = burndown([Panel("a", "b", frame)], ZURICH, events=events)
    names = [note.text for note in figure.layout.annotations]
    assert "deploy" in names
    assert "deploy 2" in names
    assert "deploy 1" not in names
    assert sum(shape.line.dash == "dash" for shape in figure.layout.shapes) == 3


def cone(*bands: tuple[float, float, float]) -> pl.DataFrame:
    times = [START + timedelta(hours=99 + 24 * d) for d in range(len(bands))]
    low, middle, high = zip(*bands, strict=True)
    return pl.DataFrame({"time": times, "low": low, "middle": middle, "high": high}).with_columns(
        pl.col("time").dt.replace_time_zone("UTC")
    )


def test_the_cone_reaches_beyond_now_and_shows_when_the_budget_is_gone() -> None:
    frame = budget(*np.linspace(1, 0.5, 100))
    gone = START + timedelta(hours=99 + 40)
    outlook = Outlook("exhausted about 7 Nov", gone, (START + timedelta(hours=99 + 24), None))
    panel = Panel("a", "b", frame, cone=cone((0.5, 0.5, 0.5), (0.0, 0.2, 0.3), (-30.0, -0.2, 0.1)), outlook=outlook)
    figure = burndown([panel], ZURICH)
    end = datetime(2026, 11, 7, 4)
    assert figure.layout.xaxis.range[1] > end
    assert "now" in [note.text for note in figure.layout.annotations]
    interval, dot = figure.data[-2:]
    assert list(interval.x) == [datetime(2026, 11, 6, 4), end]
    assert (list(dot.x), list(dot.y)) == ([datetime(2026, 11, 6, 20)], [0])
    # A cone that falls without end does not flatten what has happened.
    assert figure.layout.yaxis.range[0] == pytest.approx(-1.08)


def test_the_bands_of_what_was_spent_fill_the_budget_down_to_what_is_left() -> None:
    frame = budget(1.0, 0.4)
    parts = pl.DataFrame(
        {
            "time": frame["time"],
            "irreducible": [0.0, 0.3],
            "noise": [0.0, 0.01],
            "confirmed": [0.0, 0.2],
            "unexplained": [0.0, 0.09],
        }
    )
    figure = burndown([Panel("a", "b", frame, spend=parts)], ZURICH, panel_height=300)
    # 100 %, then less 30, 1, 9 and 20 points.
    assert [band.y[1] for band in figure.data[:5]] == pytest.approx([1.0, 0.7, 0.69, 0.6, 0.4])
    names = [note.text for note in figure.layout.annotations]
    assert "accepted 30%" in names
    assert "confirmed 20%" in names
    assert not any(name.startswith("within noise") for name in names)


def test_incidents_and_corrections_are_shown_where_they_were() -> None:
    stretches = (
        Stretch(START + timedelta(hours=10), START + timedelta(hours=20), "broken", "page"),
        Stretch(START + timedelta(hours=30), START + timedelta(hours=31), "load test"),
        Stretch(START - timedelta(hours=30), START - timedelta(hours=20), "long ago", "page"),
    )
    figure = burndown([Panel("a", "b", budget(*np.linspace(1, 0.5, 100)), stretches=stretches)], ZURICH)
    blocks = {(s.x0, s.x1) for s in figure.layout.shapes if s.type == "rect"}
    assert blocks == {
        (datetime(2026, 11, 1, 11), datetime(2026, 11, 1, 21)),
        (datetime(2026, 11, 2, 7), datetime(2026, 11, 2, 8)),
    }
    assert "left out: load test" in [note.text for note in figure.layout.annotations]
    assert list(figure.data[-1].text) == ["broken"]


def test_what_waits_for_labels_is_hatched_up_to_its_estimate() -> None:
    open_ = Waiting(START + timedelta(hours=50), 0.4, 0.1, 0.45)
    figure = burndown([Panel("a", "b", budget(*np.linspace(1, 0.5, 100)), waiting=open_)], ZURICH)
    hatch, estimate = figure.data[:2]
    assert hatch.fillpattern.shape == "/"
    assert hatch.x[0] == datetime(2026, 11, 3, 3)
    assert estimate.y[0] == 0.4
    assert (estimate.error_y.arrayminus[0], estimate.error_y.array[0]) == pytest.approx((0.3, 0.05))


@pytest.mark.parametrize(("limits", "color"), [((0.9, 0.94), BAD), ((0.96, 0.99), OK), ((0.94, 0.97), INFO)])
def test_an_interval_has_the_colour_of_what_it_proves(limits: tuple[float, float], color: str) -> None:
    figure = interval(sum(limits) / 2, limits, 0.95, ("low", "high", "promised"))
    assert figure.data[1].marker.color == color


def test_delay_curves_end_where_they_stay_flat() -> None:
    ages = (0.0, 12.0, 24.0, 48.0, 720.0)
    figure = delays([DelayPoint(hours=h, good=min(1.0, h / 24), bad=min(1.0, h / 48)) for h in ages])
    # Settled after 48 hours; a little more is shown, in hours.
    assert figure.layout.xaxis.range[1] == pytest.approx(1.6 * 48)
    assert figure.layout.xaxis.ticksuffix == " h"


def test_thinning_keeps_both_ends() -> None:
    frame = pl.DataFrame({"n": range(8641)})
    kept = thin(frame, 600)["n"]
    assert (kept[0], kept[-1]) == (0, 8640)
    assert kept.len() <= 601
    assert thin(frame.head(5), 600)["n"].to_list() == [0, 1, 2, 3, 4]


DAY = date(2026, 11, 1)
DAILY = pl.DataFrame(
    [
        ("a", "availability", "infrastructure", DAY, 0.5),
        ("a", "latency", "infrastructure", DAY, 3.0),
        ("a", "accuracy", "model", DAY, 5.0),
        ("a", "accuracy", "model", DAY + timedelta(days=1), None),
    ],
    schema=["model", "slo", "track", "day", "burn"],
    orient="row",
)


def test_a_cell_shows_the_slo_that_burned_most_of_its_track() -> None:
    def worst(side: str) -> list[tuple[str, float]]:
        return worst_per_day(DAILY, side).select("slo", "burn").rows()  # type: ignore[arg-type]

    assert worst("worst") == [("accuracy", 5.0)]
    assert worst("infrastructure") == [("latency", 3.0)]
    assert worst("model") == [("accuracy", 5.0)]


def test_no_data_is_hatched_and_never_coloured() -> None:
    figure = heatmap(DAILY, ["a", "b"], [DAY, DAY + timedelta(days=1)], "worst")
    blank, hatch, colours, targets = figure.data
    assert np.isnan(colours.z).tolist() == [[False, True], [True, True]]
    assert np.isnan(blank.z).tolist() == [[True, False], [False, False]]
    assert list(zip(hatch.y, hatch.x, strict=True)) == [("a", "2 Nov"), ("b", "1 Nov"), ("b", "2 Nov")]
    assert targets.text[1] == "no data"


def test_every_cell_knows_where_it_leads() -> None:
    targets = heatmap(DAILY, ["a", "b"], [DAY, DAY + timedelta(days=1)], "worst").data[-1]
    assert [tuple(cell) for cell in targets.customdata] == [
        ("a", "2026-11-01"),
        ("a", "2026-11-02"),
        ("b", "2026-11-01"),
        ("b", "2026-11-02"),
    ]


def test_the_first_model_is_on_top() -> None:
    figure = heatmap(DAILY, ["b", "a"], [DAY], "worst")
    assert list(figure.data[0].y) == ["b", "a"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_lanes_keep_the_tracks_apart() -> None:
    models = [m for m in FakeWorkspace().status().models if m.model in ("credit-limit", "kyc-matcher")]
    figure = two_tracks(models)
    infrastructure, _, model, figures = figure.data
    assert infrastructure.x[0] < 0 < model.x[0]
    # No data: the lane is hatched and its number is a word.
    assert list(model.marker.pattern.shape) == ["", "/"]
    assert figures.text[1] == "no data"
    assert [bar[0] for bar in infrastructure.customdata] == ["credit-limit", "kyc-matcher"]


def test_slices_stand_out_where_they_have_more_of_the_bad_than_of_the_traffic() -> None:
    traffic, bad = slices(FakeWorkspace().segments("fraud", "accuracy"), "version").data
    assert list(bad.y) == ["v15  ", "v14  "]
    assert list(bad.marker.color) == [BAD, INFO]
    assert list(traffic.x) == [0.3, 0.7]


def test_latency_has_a_line_per_percentile_and_one_for_the_promise() -> None:
    figure = percentiles(FakeWorkspace().percentiles("fraud"), ZURICH, 100.0)
    assert len(figure.data) == 4
    assert {note.text for note in figure.layout.annotations} == {"p50", "p90", "p95", "p99", "promised 100 ms"}


def test_figures_are_transparent_and_have_no_legend() -> None:
    fake = FakeWorkspace()
    figures: list[go.Figure] = [
        burndown([Panel("a", "b", budget(1.0, 0.5))], ZURICH),
        heatmap(DAILY, ["a"], [DAY], "worst"),
        two_tracks([m for m in fake.status().models if m.model != UNDEFINED]),
        slices(fake.segments("fraud", "accuracy"), "region"),
        percentiles(fake.percentiles("fraud"), ZURICH, None),
    ]
    for figure in figures:
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.showlegend is False
        assert sum(len(trace.x) for trace in figure.data if trace.x is not None) < 4000
