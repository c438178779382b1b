"""Arrivals: every count at the moment it became known, and in sum what the status says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, requests
from test_against_oracle import World

from burnline.budgets.arrivals import Arrivals, arrivals
from burnline.budgets.windows import begin, bucket
from burnline.workspace import Workspace

FIRST = bucket(START)
ACCURACY = {"m": model_yaml("m", "accuracy: {objective: 90%}")}


def series(workspace: Workspace, slo: str, at: datetime | None = None, **options: object) -> Arrivals:
    fleet = workspace.fleet("m", at=at)
    chosen = [q for q in fleet.questions if q.slo.name == slo]
    return arrivals(fleet, chosen, **options)["m", slo]  # type: ignore[arg-type]


def changes(one: Arrivals, counts: np.ndarray) -> dict[int, float]:
    """The buckets (counted from the start of the log) in which something became known."""
    return {int(i) + one.first - FIRST: float(counts[i]) for i in np.flatnonzero(counts)}


def labels(*rows: tuple[int, int, float]) -> pl.DataFrame:
    """Labels (request number, value, minutes after the start)."""
    return pl.DataFrame(
        {
            "request_id": [f"m-{START:%y%m%d%H%M}-{row[0]}" for row in rows],
            "label": [row[1] for row in rows],
            "label_timestamp": [START + timedelta(minutes=row[2]) for row in rows],
        }
    )


def test_a_label_counts_when_it_became_known_and_a_correction_takes_back(tmp_path: Path) -> None:
    files = {
        "logs/a.parquet": requests(30).with_columns(prediction=pl.lit(1)),
        # Request 0 is right; request 1 is first right, at 60 min found wrong; request 2 is wrong.
        "labels/a.parquet": labels((0, 1, 12), (1, 1, 13), (2, 0, 50), (1, 0, 60)),
    }
    workspace = make_workspace(tmp_path, files, ACCURACY)
    workspace.ingest()
    one = series(workspace, "accuracy", START + timedelta(minutes=90))
    assert (one.first, one.last) == (FIRST, FIRST + 18)
    # Minute 12 and 13 are bucket 2, minute 50 is bucket 10, minute 60 is bucket 12.
    assert changes(one, one.valid) == {2: 2.0, 10: 1.0}
    assert changes(one, one.bad) == {10: 1.0, 12: 1.0}
    before = series(workspace, "accuracy", START + timedelta(minutes=55))
    assert (before.valid.sum(), before.bad.sum()) == (3.0, 1.0)


def test_series_that_begin_later_leave_out_what_was_known_before(tmp_path: Path) -> None:
    files = {
        "logs/a.parquet": requests(30).with_columns(prediction=pl.lit(1)),
        "labels/a.parquet": labels((0, 1, 12), (1, 0, 50)),
    }
    workspace = make_workspace(tmp_path, files, ACCURACY)
    workspace.ingest()
    at = START + timedelta(minutes=60)
    one = series(workspace, "accuracy", at, first=FIRST + 5)
    assert (one.first, one.last) == (FIRST + 5, FIRST + 12)
    # The request of minute 1 lies before the series, its label of minute 50 in it.
    assert changes(one, one.valid) == {10: 1.0}
    none = series(workspace, "accuracy", at, first=FIRST + 20)
    assert none.last < none.first


def test_a_slice_counts_from_the_label_that_makes_it_judgeable_and_changes_with_later_ones(tmp_path: Path) -> None:
    files = {
        "logs/a.parquet": requests(50).with_columns(prediction=pl.lit(0)),
        # Errors 0, 0 (known at 70 min), 2 (130 min), 0, 0 (200 min); good up to 1.
        "labels/a.parquet": labels((0, 0, 70), (1, 0, 70), (2, 2, 130), (3, 0, 200), (4, 0, 200)),
    }
    model = {"m": model_yaml("m", "rmse: {threshold: 1, objective: 90%, min_rows: 2}", type_="regression")}
    workspace = make_workspace(tmp_path, files, model)
    workspace.ingest()
    one = series(workspace, "rmse", START + timedelta(hours=5))
    # 70 min (bucket 14): rmse 0; 130 min (26): sqrt(4/3) > 1, bad; 200 min (40): sqrt(4/5) < 1, good again.
    assert changes(one, one.valid) == {14: 1.0}
    assert changes(one, one.bad) == {26: 1.0, 40: -1.0}


def test_five_minutes_without_a_request_are_bad_where_the_logs_reach(tmp_path: Path) -> None:
    log = pl.concat([requests(5), requests(1, start=START + timedelta(minutes=15))])
    model = {"m": model_yaml("m", "throughput: {threshold: 1/m, objective: 50%}")}
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, model)
    workspace.ingest()
    one = series(workspace, "throughput", START + timedelta(minutes=40))
    # Five requests in five minutes are enough, none are not, one is not; then the log ends.
    assert one.valid.tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert one.bad.tolist() == [0, 1, 1, 1, 0, 0, 0, 0, 0]
    planned = {("m", "throughput"): ((FIRST + 1, FIRST + 2),)}
    spared = series(workspace, "throughput", START + timedelta(minutes=40), excluded=planned)
    assert (changes(spared, spared.valid), changes(spared, spared.bad)) == ({0: 1.0, 3: 1.0}, {3: 1.0})


def test_requests_judged_in_slices_count_when_their_slice_is_over(tmp_path: Path) -> None:
    status = pl.Series([200] * 12 + [503] * 13)
    slos = (
        "availability: {objective: 90%, budgeting: Timeslices, timeSliceWindow: 10m, timeSliceTarget: 80%}\n"
        "served: {sli: availability, objective: 90%, budgeting: RatioTimeslices, timeSliceWindow: 10m}"
    )
    workspace = make_workspace(
        tmp_path, {"logs/a.parquet": requests(25).with_columns(status=status)}, {"m": model_yaml("m", slos)}
    )
    workspace.ingest()
    # Slices of ten requests: all good, 8 of 10 bad, and the unfinished one of minute 20 to 24.
    one = series(workspace, "availability")
    assert (one.valid.tolist(), one.bad.tolist()) == ([0, 1, 0, 1, 1], [0, 0, 0, 1, 1])
    ratio = series(workspace, "served")
    assert (ratio.valid.tolist(), ratio.bad.tolist()) == ([0, 1, 0, 1, 1], [0, 0, 0, 0.8, 1])


def test_excluded_requests_count_for_neither_side_whenever_they_are_labelled(tmp_path: Path) -> None:
    files = {
        "logs/a.parquet": requests(30).with_columns(prediction=pl.lit(1)),
        "labels/a.parquet": labels((2, 0, 50), (7, 0, 50), (12, 1, 50), (7, 1, 80)),
    }
    workspace = make_workspace(tmp_path, files, ACCURACY)
    workspace.ingest()
    out = {("m", "accuracy"): ((FIRST + 1, FIRST + 1), (FIRST + 5, FIRST + 9))}
    one = series(workspace, "accuracy", START + timedelta(hours=2), excluded=out)
    # Request 7 (bucket 1) is out with its label and its correction; being labelled in bucket 10 is no reason.
    assert (changes(one, one.valid), changes(one, one.bad)) == ({10: 2.0}, {10: 1.0})


def test_an_slo_without_data_has_an_empty_series(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": requests(5)}, {"n": model_yaml("n", "accuracy: {}")})
    workspace.ingest()
    fleet = workspace.fleet()
    assert arrivals(fleet, fleet.questions)["n", "accuracy"].valid.size == 0


@pytest.mark.parametrize("seed", [0, 2, 5, 8])
def test_what_was_known_by_any_moment_is_what_the_status_said_then(seed: int, tmp_path: Path) -> None:
    world = World(seed, tmp_path)
    oracle = world.write()
    workspace = Workspace.open(tmp_path)
    world.ingest(workspace)
    end = workspace.fleet(at=begin(oracle.newest) + timedelta(days=10))
    # Slices of up to a day are over at midnight; at the end an open one counts as the status counts it.
    midnight = begin(bucket(world.start) // 288 * 288 + 288 * max(1, int(world.days / 2))) - timedelta(minutes=5)
    for at in (end.at, midnight, world.moment()):
        then = workspace.fleet(at=at)
        asked = [
            q for q in then.questions if q.measure is not None and (at in (end.at, midnight) or not q.sliced_events)
        ]
        before = {key: ((0, span.first - 1),) for key, span in then.spans.items()}
        found = arrivals(end, asked, excluded=before)
        for question in asked:
            key = question.model, question.slo.name
            sums = then.sums(question, then.spans[key].first)
            seen = max(0, then.last - found[key].first + 1)
            known = found[key].valid[:seen].sum(), found[key].bad[:seen].sum()
            assert known == pytest.approx((sums.valid, sums.bad), abs=1e-6), (key, at)
