"""Rollups of parts add up to the rollup of the whole, in any order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, WORKSPACE, make_workspace, model_yaml, write
from polars.testing import assert_frame_equal

from burnline.workspace import Workspace

SLOS = """
availability: {objective: 99%}
latency: {threshold: 100ms, objective: 95%}
freshness: {threshold: 1m, objective: 95%}
completeness: {objective: 95%}
confidence: {threshold: 0.7, objective: 50%}
accuracy: {objective: 90%}
throughput: {threshold: 1/m, objective: 50%}
quality: {all: [accuracy, latency], objective: 50%}
paid: {track: model, good: "b_revenue > 1", valid: "status < 500", objective: 50%}
"""


def random_log(seed: int, rows: int = 3000) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    seconds = rng.uniform(0, 3 * 86_400, rows)
    start = START.timestamp() * 1e6

    def times(offset: np.ndarray) -> pl.Series:
        return pl.Series((start + (seconds + offset) * 1e6).astype("int64")).cast(pl.Datetime("us", "UTC"))

    label = rng.integers(0, 2, rows)
    return pl.DataFrame(
        {
            "timestamp": times(np.zeros(rows)),
            "request_id": [f"r{i}" for i in range(rows)],
            "model": rng.choice(["a", "b"], rows),
            "version": rng.choice(["v1", "v2"], rows),
            "region": [["eu", "us", None][i] for i in rng.integers(0, 3, rows)],
            "latency_ms": rng.lognormal(4, 0.5, rows),
            "status": rng.choice([200, 200, 200, 503], rows),
            "prediction": np.where(rng.uniform(size=rows) < 0.9, label, 1 - label),
            "confidence": rng.uniform(0.5, 1, rows),
            "label": pl.Series(label).set(pl.Series(rng.uniform(size=rows) < 0.3), None),
            "label_timestamp": times(rng.exponential(40_000, rows)),
            "feature_timestamp": times(-rng.exponential(40, rows)),
            "weight": rng.choice([1.0, 2.5, 10 / 3], rows),
            "f_x": pl.Series(rng.normal(size=rows)).set(pl.Series(rng.uniform(size=rows) < 0.05), None),
            "f_kind": rng.choice(["p", "q", "r"], rows),
            "b_revenue": rng.exponential(1, rows),
        }
    )


def day_tables(workspace: Workspace) -> dict[tuple[int, str], pl.DataFrame]:
    snapshot = workspace.snapshot()
    return {
        (day, kind): pl.read_parquet(snapshot.store.path(name))
        for day, entry in snapshot.ledger.days.items()
        for kind, name in entry.objects.items()
    }


def models() -> dict[str, str]:
    return {name: model_yaml(name, SLOS) for name in ("a", "b")}


# Bins are frozen from what is read first; a reference file makes them the same whatever comes first.
REFERENCE = WORKSPACE + '  reference: {path: "reference.parquet"}\n'


def workspace_with(folder: Path, files: dict[str, pl.DataFrame], reference: pl.DataFrame) -> Workspace:
    return make_workspace(folder, {**files, "reference.parquet": reference}, models(), workspace=REFERENCE)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_split_of_a_log_into_files_gives_the_same_summaries(tmp_path: Path, seed: int) -> None:
    log = random_log(seed)
    whole = workspace_with(tmp_path / "whole", {"logs/all.parquet": log}, log)
    part = np.random.default_rng(seed).integers(0, 5, log.height)
    files = {f"logs/{i}/part.parquet": log.filter(pl.Series(part == i)) for i in range(5)}
    parts = workspace_with(tmp_path / "parts", files, log)
    for workspace in (whole, parts):
        workspace.ingest()
    expected, found = day_tables(whole), day_tables(parts)
    assert expected.keys() == found.keys()
    for key, table in expected.items():
        assert_frame_equal(table, found[key])


def test_files_that_arrive_one_by_one_in_any_order_end_in_the_same_summaries(tmp_path: Path) -> None:
    log = random_log(3)
    by_day = log.with_columns(pl.col("timestamp").dt.date().alias("day")).partition_by("day", include_key=False)
    together = workspace_with(tmp_path / "a", {f"logs/{i}.parquet": f for i, f in enumerate(by_day)}, log)
    together.ingest()
    one_by_one = workspace_with(tmp_path / "b", {}, log)
    for i in (2, 0, 1):
        write(tmp_path / f"b/logs/{i}.parquet", by_day[i])
        one_by_one.ingest()
    expected, found = day_tables(together), day_tables(one_by_one)
    assert expected.keys() == found.keys()
    for key, table in expected.items():
        assert_frame_equal(table, found[key])


def test_coarser_times_of_labels_never_count_a_label_before_it_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = random_log(4)
    exact = make_workspace(tmp_path / "exact", {"logs/all.parquet": log}, models())
    exact.ingest()
    monkeypatch.setattr("burnline.rollups.late.LATE_ROWS", 10)
    coarse = make_workspace(tmp_path / "coarse", {"logs/all.parquet": log}, models())
    coarse.ingest()

    def known_by(workspace: Workspace, bucket: int) -> tuple[int, int]:
        late = pl.concat([t for (_, kind), t in day_tables(workspace).items() if kind == "late"])
        found = late.filter((pl.col("known") <= bucket) & (pl.col("measure") == "accuracy"))
        return found["valid"].sum(), found["bad"].sum()

    last = int(START.timestamp()) // 300 + 40 * 288
    assert known_by(coarse, last) == known_by(exact, last)
    for hours in (5, 30, 61):
        moment = int(START.timestamp()) // 300 + 12 * hours
        (valid, bad), (all_valid, all_bad) = known_by(coarse, moment), known_by(exact, moment)
        assert valid <= all_valid
        assert bad <= all_bad
        assert valid > 0.8 * all_valid
