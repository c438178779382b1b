"""The questions a workspace answers: as of a moment, over time, and what if."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from making import START, WORKSPACE, make_workspace, model_yaml, only, requests, write

from burnline.checking import check
from burnline.errors import BurnlineError
from burnline.workspace import Workspace

SLOS = """
availability: {objective: 90%}
latency: {threshold: 100ms, objective: 80%}
accuracy: {objective: 90%}
throughput: {threshold: 1/m, objective: 50%}
confidence: {threshold: 0.5, objective: 50%}
"""


def log(days: int = 4) -> pl.DataFrame:
    """One request a minute; every 20th fails, latency runs 0..199 ms, every 10th answer is wrong."""
    i = pl.int_range(pl.len())
    return requests(days * 1440).with_columns(
        status=pl.when(i % 20 == 7).then(500).otherwise(200),
        latency_ms=(i % 200).cast(pl.Float64),
        confidence=(i % 100) / 100,
        prediction=pl.lit(1),
        label=(i % 10 != 3).cast(pl.Int64),
        label_timestamp=pl.col("timestamp") + pl.duration(hours=24),
        region=pl.when(i % 2 == 0).then(pl.lit("eu")).otherwise(pl.lit("us")),
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    changes = pl.DataFrame(
        {
            "timestamp": [START + timedelta(hours=5), START + timedelta(hours=30)],
            "model": ["m", "other"],
            "kind": ["deploy", "retrain"],
            "version": ["v2", None],
            "note": ["innocent", None],
        }
    )
    files = {"logs/a.parquet": log(), "changes/a.parquet": changes}
    opened = make_workspace(folder, files, {"m": model_yaml("m", SLOS)})
    opened.ingest()
    return opened


def test_the_default_moment_is_the_newest_time_in_the_logs(workspace: Workspace) -> None:
    assert workspace.status().at == START + timedelta(days=4) - timedelta(minutes=1)


def test_a_past_moment_sees_only_what_was_known_then(workspace: Workspace) -> None:
    at = START + timedelta(days=2)
    # Requests of the buckets up to that of `at`: 2 days and five minutes. One in 20 fails: i = 7, 27, …
    assert (only(workspace, "availability", at=at).total, only(workspace, "availability", at=at).bad) == (2885, 144)
    # Labels come a day late: those of requests up to 24 h + 5 min after the start; a 20th has failed.
    accuracy = only(workspace, "accuracy", at=at)
    assert accuracy.total == 1445 - 72
    assert accuracy.coverage == pytest.approx((1445 - 72) / (2885 - 144))


def test_a_naive_moment_is_in_the_zone_of_the_workspace(tmp_path: Path) -> None:
    zoned = WORKSPACE.replace("spec:", "spec:\n  timezone: America/New_York")
    opened = make_workspace(tmp_path, {"logs/a.parquet": log(1)}, {"m": model_yaml("m", SLOS)}, workspace=zoned)
    opened.ingest()
    at = opened.status(at=datetime(2026, 10, 5, 2, 0)).at
    assert at == datetime(2026, 10, 5, 6, 0, tzinfo=UTC)


def test_before_the_first_ingest_everything_is_no_data_and_says_so(tmp_path: Path) -> None:
    opened = make_workspace(tmp_path, {"logs/a.parquet": log(1)}, {"m": model_yaml("m", SLOS)})
    status = opened.status()
    assert status.at is None
    assert {s.state for s in status.models[0].slos} == {"no_data"}
    assert {s.reason for s in status.models[0].slos} == {"nothing is ingested yet; run `burnline ingest`"}


def test_models_without_definition_and_definitions_without_log_are_both_shown(tmp_path: Path) -> None:
    stranger = log(1).with_columns(model=pl.lit("stranger"))
    models = {"m": model_yaml("m", SLOS), "idle": model_yaml("idle", SLOS)}
    opened = make_workspace(tmp_path, {"logs/a.parquet": pl.concat([log(1), stranger])}, models)
    opened.ingest()
    found = {m.model: m for m in opened.status().models}
    assert found.keys() == {"idle", "m", "stranger"}
    assert (found["stranger"].defined, found["stranger"].state, found["stranger"].requests) == (False, "no_data", 1440)
    assert found["stranger"].notes == ("no SLO is defined; write models/stranger.yaml",)
    assert found["idle"].state == "no_data"
    assert found["idle"].slos[0].reason == "the logs hold no request of this model"


def test_an_unknown_model_or_slo_names_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(BurnlineError, match="there is no model 'n'"):
        workspace.status("n")
    with pytest.raises(BurnlineError, match="did you mean latency"):
        workspace.series("m", "latncy")


@pytest.mark.parametrize("slo", ["availability", "latency", "accuracy", "throughput", "confidence"])
def test_the_same_counts_everywhere(workspace: Workspace, slo: str) -> None:
    status = only(workspace, slo)
    assert status.total is not None
    series = workspace.series("m", slo)
    daily = workspace.daily(days=40).filter(slo=slo)
    fixed = workspace.burndown("m", slo)
    rolling = workspace.burndown("m", slo, view="rolling")
    tried = workspace.what_if("m", slo, objective=status.objective)
    for frame in (series, daily, fixed):
        assert (frame["valid"].sum(), frame["bad"].sum()) == (status.total, status.bad)
    assert fixed["remaining"][-1] == pytest.approx(status.budget_remaining)
    assert rolling["remaining"][-1] == pytest.approx(status.budget_remaining)
    assert (tried.total, tried.bad, tried.budget_remaining) == (status.total, status.bad, status.budget_remaining)
    if slo != "throughput":
        regions = workspace.segments("m", slo).filter(dimension="region")
        assert regions["valid"].sum() == status.total or slo == "accuracy"


def test_days_begin_at_local_midnight(tmp_path: Path) -> None:
    zoned = WORKSPACE.replace("spec:", "spec:\n  timezone: Asia/Tokyo")
    opened = make_workspace(tmp_path, {"logs/a.parquet": log(1)}, {"m": model_yaml("m", SLOS)}, workspace=zoned)
    opened.ingest()
    daily = opened.daily().filter(slo="availability")
    # 00:00 UTC is 09:00 in Tokyo: 15 hours of the first local day, 9 of the next.
    assert daily["valid"].to_list() == [15 * 60, 9 * 60]


def test_another_objective_changes_the_budget_and_not_the_counts(workspace: Workspace) -> None:
    status = workspace.what_if("m", "availability", objective=0.95)
    # 288 of 5,760 fail, 5 % of 5,760 = 288 may: nothing is left.
    assert (status.total, status.bad, status.budget_total) == (5760, 288, 288)
    assert status.budget_remaining == pytest.approx(0)


@pytest.mark.parametrize("objective", [0.0, 1.0, 1.5, -1.0])
def test_an_impossible_objective_is_refused(workspace: Workspace, objective: float) -> None:
    with pytest.raises(BurnlineError, match="impossible"):
        workspace.what_if("m", "availability", objective=objective)


@pytest.mark.parametrize("threshold", [20.0, 60.0, 150.0])
def test_another_latency_threshold_is_recounted_within_the_width_of_one_bin(
    workspace: Workspace, threshold: float
) -> None:
    status = workspace.what_if("m", "latency", threshold=threshold)
    rows = log().filter(pl.col("status") < 500)
    exact = rows.filter(pl.col("latency_ms") > threshold).height
    bin_ = rows.filter(pl.col("latency_ms").is_between(threshold / 1.0408, threshold * 1.0408)).height
    assert status.total == rows.height
    assert status.bad is not None
    assert abs(status.bad - exact) <= bin_


def test_another_confidence_threshold_on_a_hundredth_is_exact(workspace: Workspace) -> None:
    status = workspace.what_if("m", "confidence", threshold=0.29)
    rows = log().filter(pl.col("status") < 500)
    assert status.bad == pytest.approx(rows.filter(pl.col("confidence") < 0.29).height)


def test_another_rate_is_recounted_exactly(workspace: Workspace) -> None:
    assert workspace.what_if("m", "throughput", threshold=1.1 / 60).value == 0
    assert workspace.what_if("m", "throughput", threshold=0.9 / 60).value == 1


def test_thresholds_that_can_move_span_the_data(workspace: Workspace) -> None:
    span = workspace.thresholds("m", "latency")
    assert span is not None
    assert span[0] < 5
    assert 190 < span[1] < 205
    assert workspace.thresholds("m", "confidence") == (0, 1)
    assert workspace.thresholds("m", "accuracy") is None


def test_percentiles_are_within_two_per_cent(workspace: Workspace) -> None:
    rows = log().filter(pl.col("status") < 500)["latency_ms"]
    found = workspace.percentiles("m", step="30d").row(0, named=True)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        exact = rows.quantile(share, interpolation="lower")
        assert exact is not None
        assert found[name] == pytest.approx(exact, rel=0.021)


def test_events_of_a_model_leave_out_those_of_others(workspace: Workspace) -> None:
    events = workspace.events("m")
    assert events.rows() == [(START + timedelta(hours=5), "m", "deploy", "v2", "innocent")]
    assert workspace.events().height == 2


def test_slices_of_events_are_judged_by_their_own_ratio(tmp_path: Path) -> None:
    text = "availability: {objective: 50%, budgeting: Timeslices, timeSliceTarget: 90%, timeSliceWindow: 1h}"
    ratio = "availability: {objective: 50%, budgeting: RatioTimeslices, timeSliceWindow: 1h}"
    # Hour 0: 6 of 60 fail (ratio 0.9, good). Hour 1: 7 of 60 (bad).  Mean ratio (54 + 53) / 120.
    status = pl.Series([500] * 6 + [200] * 54 + [500] * 7 + [200] * 53)
    rows = requests(120).with_columns(status=status)
    slices = make_workspace(tmp_path / "a", {"logs/a.parquet": rows}, {"m": model_yaml("m", text)})
    ratios = make_workspace(tmp_path / "b", {"logs/a.parquet": rows}, {"m": model_yaml("m", ratio)})
    for opened in (slices, ratios):
        opened.ingest()
    assert (only(slices, "availability").total, only(slices, "availability").bad) == (2, 1)
    assert only(ratios, "availability").value == pytest.approx(107 / 120)


def test_a_calendar_month_holds_what_began_in_it(tmp_path: Path) -> None:
    window = 'window: {duration: 1M, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Zurich}}'
    # One request an hour for 10 days around the change of clocks; November begins at 23:00 UTC on the 31st.
    rows = requests(240, minutes=60, start=datetime(2026, 10, 25, tzinfo=UTC)).with_columns(status=pl.lit(200))
    opened = make_workspace(
        tmp_path, {"logs/a.parquet": rows}, {"m": model_yaml("m", f"availability: {{objective: 99%, {window}}}")}
    )
    opened.ingest()
    # 25 Oct 00:00 .. 3 Nov 23:00 UTC; from 31 Oct 23:00 UTC on: 1 + 3 x 24 = 73.
    assert only(opened, "availability").total == 73
    october = only(opened, "availability", at=datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    assert october.total == 7 * 24 - 1
    assert october.window.from_ == datetime(2026, 9, 30, 22, tzinfo=UTC)


def test_the_version_changes_with_every_ingest_that_finds_something(tmp_path: Path) -> None:
    opened = make_workspace(tmp_path, {"logs/a.parquet": log(1)}, {"m": model_yaml("m", SLOS)})
    before = opened.version()
    opened.ingest()
    ingested = opened.version()
    opened.ingest()
    assert before != ingested
    assert opened.version() == ingested


def test_check_says_what_a_file_can_and_cannot_support(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", log(1).drop("confidence"))
    (report,) = check([str(tmp_path / "a.parquet")])
    assert {"availability", "latency", "accuracy", "throughput"} <= set(report.possible)
    impossible = {i.sli: i.reason for i in report.impossible}
    assert impossible["confidence"] == "no values in column confidence"
    assert (report.rows, report.models, report.from_) == (1440, ("m",), START)
    assert set(report.possible).isdisjoint(impossible)


def test_check_of_something_else_names_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", pl.DataFrame({"time_stamp": [START], "model": ["m"]}))
    (report,) = check([str(tmp_path / "a.parquet")])
    assert (report.format, report.possible) == (None, ())
    assert "no column timestamp (is it time_stamp?)" in report.problems[0]
    (mapped,) = check([str(tmp_path / "a.parquet")], mapping={"timestamp": "time_stamp"})
    assert mapped.possible == ("throughput",)
