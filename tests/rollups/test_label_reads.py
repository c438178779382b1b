"""What labels showed by confidence and over time, against counting one by one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, requests

from burnline.budgets.windows import bucket
from burnline.rollups.label_reads import calibration, cohorts, confidence_bins
from burnline.workspace import Workspace

FIRST = bucket(START)
DAY = FIRST // 288
MODEL = {"m": model_yaml("m", "accuracy: {objective: 90%}")}


def ids(count: int) -> list[str]:
    return [f"m-{START:%y%m%d%H%M}-{i}" for i in range(count)]


def made(folder: Path) -> Workspace:
    """Six requests; the third failed, the last has no confidence."""
    log = requests(6).with_columns(
        prediction=pl.lit("a"),
        status=pl.Series([200, 200, 503, 200, 200, 200]),
        confidence=pl.Series([0.99, 1.0, 0.5, 0.29, 0.3, None]),
    )
    labels = pl.DataFrame(
        {
            "request_id": [ids(6)[i] for i in (0, 1, 2, 3, 5, 3)],
            "label": ["a", "b", "a", "b", "b", "a"],
            "label_timestamp": [START + timedelta(minutes=m) for m in (30, 30, 30, 90, 90, 150)],
        }
    )
    workspace = make_workspace(folder, {"logs/a.parquet": log, "labels/a.parquet": labels}, MODEL)
    workspace.ingest()
    return workspace


def test_calibration_counts_labels_by_confidence_from_when_they_were_known(tmp_path: Path) -> None:
    snapshot = made(tmp_path).snapshot()

    def at(minutes: int) -> list[tuple[object, ...]]:
        return calibration(snapshot, FIRST, FIRST + minutes // 5, models=["m"]).rows()

    # 0.99 and 1.0 share the last bin (49); 0.29 is in 14; a failed request has no place.
    assert at(25) == []
    assert at(30) == [("m", DAY, 49, 2.0, 1.0)]
    assert at(90) == [("m", DAY, None, 1.0, 1.0), ("m", DAY, 14, 1.0, 1.0), ("m", DAY, 49, 2.0, 1.0)]
    # At 150 minutes the label of 0.29 is corrected to what was predicted.
    assert at(150) == [("m", DAY, None, 1.0, 1.0), ("m", DAY, 14, 1.0, 0.0), ("m", DAY, 49, 2.0, 1.0)]
    assert calibration(snapshot, FIRST, FIRST + 288, models=["other"]).is_empty()


def test_confidence_bins_hold_every_request_that_succeeded(tmp_path: Path) -> None:
    snapshot = made(tmp_path).snapshot()
    found = confidence_bins(snapshot, FIRST, FIRST + 20, models=["m"])
    assert found.rows() == [("m", DAY, None, 1.0), ("m", DAY, 14, 1.0), ("m", DAY, 15, 1.0), ("m", DAY, 49, 2.0)]


def test_cohorts_hold_labels_by_the_hour_of_the_request_and_of_the_label(tmp_path: Path) -> None:
    snapshot = made(tmp_path).snapshot()
    found = cohorts(snapshot, FIRST, FIRST + 50, models=["m"], measures=["accuracy"])
    # Two labels in the first hour, two in the second, a correction in the third.
    assert found.select("t", "known", "valid", "bad").rows() == [
        (FIRST, FIRST, 2.0, 1.0), (FIRST, FIRST + 12, 2.0, 2.0), (FIRST, FIRST + 24, 0.0, -1.0)
    ]  # fmt: skip
    assert cohorts(snapshot, FIRST, FIRST + 20, models=["m"], measures=["accuracy"]).height == 2
    assert cohorts(snapshot, FIRST, FIRST + 50, models=["m"], measures=["rmse"]).is_empty()


def test_an_empty_store_has_nothing_to_read(tmp_path: Path) -> None:
    snapshot = make_workspace(tmp_path, {}, MODEL).snapshot()
    assert calibration(snapshot, FIRST, FIRST + 5, models=["m"]).is_empty()
    assert confidence_bins(snapshot, FIRST, FIRST + 5, models=["m"]).is_empty()
    assert cohorts(snapshot, FIRST, FIRST + 5, models=["m"], measures=["accuracy"]).is_empty()


@pytest.mark.parametrize("own_labels", [True, False])
def test_what_is_calibrated_is_what_is_labelled_however_labels_come(tmp_path: Path, own_labels: bool) -> None:
    rng = np.random.default_rng(7)
    count = 400
    minutes = rng.exponential(600, count)
    truth = pl.DataFrame(
        {
            "request_id": ids(count),
            "label": rng.integers(0, 2, count),
            "label_timestamp": [START + timedelta(minutes=i * 5 + m) for i, m in enumerate(minutes)],
        }
    )
    log = requests(count, minutes=5).with_columns(
        prediction=pl.Series(rng.integers(0, 2, count)),
        confidence=pl.Series(rng.uniform(0.5, 1, count)),
        weight=pl.Series(rng.choice([1.0, 2.5], count)),
        status=pl.Series(rng.choice([200, 200, 500], count)),
    )
    corrections = truth.filter(pl.Series(rng.uniform(size=count) < 0.3)).with_columns(
        label=1 - pl.col("label"), label_timestamp=pl.col("label_timestamp") + timedelta(hours=5)
    )
    files = {"labels/b.parquet": corrections}
    files |= {"logs/a.parquet": log.join(truth, on="request_id", maintain_order="left")} if own_labels else {
        "logs/a.parquet": log, "labels/a.parquet": truth
    }  # fmt: skip
    workspace = make_workspace(tmp_path, files, MODEL)
    workspace.ingest()
    snapshot = workspace.snapshot()
    steps = pl.concat([truth, corrections]).sort("label_timestamp")
    for hours in (3, 20, 60):
        at = START + timedelta(hours=hours)
        last = bucket(at)
        known = steps.filter(pl.col("label_timestamp").dt.epoch("s") // 300 <= last)
        expected = (
            log.join(known.group_by("request_id", maintain_order=True).last(), on="request_id")
            .filter(pl.col("status") < 500, pl.col("timestamp").dt.epoch("s") // 300 <= last)
            .with_columns(
                day=pl.col("timestamp").dt.epoch("s") // 86_400,
                bin=(pl.col("confidence") * 50).floor().cast(pl.Int32),
                wrong=pl.col("weight") * (pl.col("label") != pl.col("prediction")),
            )
            .group_by("day", "bin")
            .agg(pl.col("weight").sum(), pl.col("wrong").sum())
            .sort("day", "bin")
        )
        found = calibration(snapshot, FIRST, last, models=["m"])
        assert found.select("day", "bin", "valid", "bad").rows() == expected.rows()
        delays = cohorts(snapshot, FIRST, last, models=["m"], measures=["accuracy"])
        assert (delays["valid"].sum(), delays["bad"].sum()) == (found["valid"].sum(), found["bad"].sum())
