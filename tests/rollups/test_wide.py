"""Logs of many columns: progress moves within a file, and a surrogate looks at the inputs that tell most."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, requests, write

from burnline.rollups import grids, ingest, scoring
from burnline.rollups.sampled import association

ACCURACY = {"m": model_yaml("m", "accuracy: {objective: 90%}")}


def taught(bad: list[float], **inputs: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"_bad": bad, **inputs})


def test_an_input_tells_the_share_of_the_variance_between_its_values() -> None:
    rows = taught([0.0, 0.0, 1.0, 1.0], all=["a", "a", "b", "b"], none=["a"] * 4, missing=[None, None, "b", "b"])
    # Sum of squares 1: all of it between a and b; nothing between the values of a column that has one.
    assert association(rows, ("all", "none", "missing")) == {"all": 1.0, "none": 0.0, "missing": 1.0}


def test_what_chance_gives_is_taken_off() -> None:
    rows = taught([0.0, 1.0, 0.0, 1.0], half=["a", "a", "b", "b"], each=["a", "b", "c", "d"])
    found = association(rows, ("half", "each"))
    # half: nothing between, 1 / (4 - 2) within a row: (0 - 0.5) / (1 + 0.5).
    assert found["half"] == pytest.approx(-1 / 3)
    # A value for each row explains all and proves nothing, but no row is left to say so.
    assert found["each"] == 1.0


def test_numbers_are_taken_in_tenths() -> None:
    x = np.arange(1_000.0)
    rows = taught((x >= 500).astype(float).tolist(), x=(-x).tolist(), noise=np.tile([0.0, 1.0], 500).tolist())
    found = association(rows, ("x", "noise"))
    assert found["x"] == pytest.approx(1.0)
    assert found["noise"] == pytest.approx(0.0, abs=0.01)
    assert association(rows.with_columns(_bad=pl.lit(1.0)), ("x",)) == {"x": 0.0}


def failing_log(days: int, features: int) -> pl.DataFrame:
    """Two requests in three are wrong where f_cause is above 1/2, one in ten elsewhere."""
    rng = np.random.default_rng(3)
    log = requests(days * 288, minutes=5)
    cause = rng.random(log.height)
    wrong = rng.random(log.height) < np.where(cause > 0.5, 0.67, 0.1)
    noise = {f"f_{number}": pl.Series(rng.random(log.height)) for number in range(features)}
    return log.with_columns(
        **noise,
        f_cause=pl.Series(cause),
        prediction=pl.lit("yes"),
        label=pl.Series(np.where(wrong, "no", "yes")),
        label_timestamp=pl.col("timestamp") + timedelta(hours=1),
    )


def test_of_too_many_inputs_a_surrogate_looks_at_those_that_tell_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "MOST_INPUTS", 3)
    monkeypatch.setattr(scoring, "_INPUTS_AT_ONCE", 4)
    log = failing_log(16, 9)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ACCURACY)
    report = workspace.ingest()
    entry = workspace.store.read().expected.models["m"]
    assert entry.reason is None
    assert len(entry.features) == 3
    assert "f_cause" in entry.features
    # Ten features and the prediction.
    sentence = "it looks at the 3 of 11 inputs that tell most about failures"
    assert entry.note == sentence
    assert [p for p in report.problems if sentence in p] == [f"m: what stands for its labels is bounded: {sentence}"]
    more = failing_log(2, 9).with_columns(pl.col("timestamp") + timedelta(days=16), request_id=None)
    write(tmp_path / "logs/b.parquet", more)
    assert not [p for p in workspace.ingest().problems if "bounded" in p]
    later = workspace.store.read().expected.models["m"]
    assert (later.object, later.note) == (entry.object, sentence)
    assert len(later.logs) == 2


def test_progress_moves_within_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_GLANCE_SECONDS", 0.0)
    monkeypatch.setattr(grids, "_COLUMNS_AT_ONCE", 5)
    log = requests(50, start=START).with_columns(**{f"f_{number}": pl.lit(1.5 * number) for number in range(20)})
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ACCURACY)
    told: list[tuple[int, int, str]] = []
    workspace.ingest(progress=lambda *step: told.append(step))
    assert [done for done, _, what in told if what == "finding bins"] == [5, 10, 15, 20, 20]
    rolling = [(done, total) for done, total, what in told if what == "rolling up columns of logs"]
    # Twenty columns and everything else; the last word comes when the file is done.
    assert len(rolling) > 1
    assert rolling == sorted(rolling)
    assert rolling[-1] == (21, 21)
    assert all(done < 21 for done, _ in rolling[:-1])
