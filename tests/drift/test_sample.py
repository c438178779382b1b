"""A bounded sample of single requests holds every input, the labels of the moment, and what was expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, write

from burnline.drift.sample import LabelledSample, labelled_sample, quality_kind
from burnline.workspace import Workspace

DAYS, PER_DAY = 18, 300
FIRST = int(START.timestamp()) // 300
MODELS = {
    "m": model_yaml("m", "accuracy: {objective: 90%}"),
    "r": model_yaml("r", "rmse: {threshold: 2, objective: 90%}", type_="regression"),
    "k": model_yaml("k", "ndcg: {threshold: 0.5, objective: 90%}", type_="ranking"),
}


def log(first: int, days: int, model: str = "m") -> pl.DataFrame:
    """Requests of some days; labels come after six hours, every tenth request fails, weights are 2."""
    rng = np.random.default_rng(first)
    n = days * PER_DAY
    risk = rng.random(n)
    wrong = rng.random(n) < np.where(risk > 0.8, 0.4, 0.05)
    times = [START + timedelta(days=first + i / PER_DAY) for i in range(n)]
    frame = pl.DataFrame(
        {
            "timestamp": times,
            "model": model,
            "version": "1",
            "region": rng.choice(["eu", "us"], n),
            "d_channel": rng.choice(["web", "app"], n),
            "status": np.where(np.arange(n) % 10 == 9, 503, 200),
            "prediction": "yes",
            "confidence": 0.9,
            "f_risk": risk,
            "f_kind": rng.choice(["a", "b"], n),
            "feature_timestamp": [t - timedelta(minutes=5) for t in times],
            "label": np.where(wrong, "no", "yes"),
            "label_timestamp": [t + timedelta(hours=6) for t in times],
            "weight": 2.0,
        }
    )
    if model != "r":
        return frame
    return frame.with_columns(prediction=pl.lit(1.0), label=pl.lit(3.0))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Read it only."""
    files = {"logs/a.parquet": log(0, 9), "logs/b.parquet": log(9, 9), "logs/r.parquet": log(0, 3, "r")}
    made = make_workspace(tmp_path_factory.mktemp("sample"), files, MODELS)
    made.ingest()
    return made


def sampled(workspace: Workspace, *, at: float = DAYS, since: float = 0, most: int = 20_000) -> LabelledSample:
    fleet = workspace.fleet("m", at=START + timedelta(days=at) - timedelta(minutes=1))
    return labelled_sample(fleet, "m", first=FIRST + round(since * 288), last=fleet.last, most=most)


def test_every_request_that_was_answered_is_there_when_they_are_few(workspace: Workspace) -> None:
    found = sampled(workspace)
    # Nine of ten requests did not fail; each stands for two.
    assert found.rows.height == DAYS * PER_DAY * 0.9
    assert found.rows["_events"].sum() == 2 * DAYS * PER_DAY * 0.9
    assert found.features == ("f_risk", "f_kind")
    assert {"prediction", "confidence", "region", "d_channel", "version"} <= set(found.rows.columns)
    assert found.rows["_version"].unique().to_list() == ["1"]
    assert found.rows["_age"].to_numpy() == pytest.approx(5.0)
    assert (found.notes, found.reason) == ((), None)


def test_many_are_thinned_and_weighted_up(workspace: Workspace) -> None:
    found = sampled(workspace, most=500)
    assert 400 <= found.rows.height <= 500
    assert found.rows["_events"].sum() == pytest.approx(2 * DAYS * PER_DAY * 0.9, rel=0.1)
    assert found.rows["_t"].n_unique() > 400
    assert sampled(workspace, most=500).rows.equals(found.rows)


def test_only_labels_of_the_moment_count(workspace: Workspace) -> None:
    found = sampled(workspace, at=17, since=16).rows
    late = START + timedelta(days=17) - timedelta(hours=6)
    bucket = int(late.timestamp()) // 300
    assert found.filter(pl.col("_t") < bucket - 1)["_bad"].null_count() == 0
    assert found.filter(pl.col("_t") > bucket)["_bad"].count() == 0
    assert set(found["_bad"].drop_nulls()) == {0.0, 1.0}


def test_only_the_time_asked_about_is_there(workspace: Workspace) -> None:
    found = sampled(workspace, at=12, since=8.5).rows
    assert found["_t"].min() >= FIRST + 8.5 * 288  # type: ignore[operator]
    assert found["_t"].max() < FIRST + 12 * 288  # type: ignore[operator]


def test_the_surrogate_judges_rows_from_the_moment_it_holds(workspace: Workspace) -> None:
    rows = sampled(workspace, since=16).rows
    risky = pl.col("f_risk") > 0.8
    assert rows.filter(risky)["_expected"].mean() > 4 * rows.filter(~risky)["_expected"].mean()  # type: ignore[operator]
    assert sampled(workspace, at=10).rows["_expected"].count() == 0


def test_errors_of_numbers_are_squared(workspace: Workspace) -> None:
    fleet = workspace.fleet("r", at=START + timedelta(days=4))
    found = labelled_sample(fleet, "r", first=FIRST, last=fleet.last)
    assert found.kind == "rmse"
    assert set(found.rows["_bad"].drop_nulls()) == {4.0}


def test_lists_are_not_judged_one_by_one(workspace: Workspace) -> None:
    fleet = workspace.fleet("k")
    assert quality_kind(fleet, "k") is None
    assert labelled_sample(fleet, "k", first=FIRST, last=fleet.last).reason is not None


def test_a_time_without_requests_says_so(workspace: Workspace) -> None:
    fleet = workspace.fleet("m")
    found = labelled_sample(fleet, "m", first=FIRST - 999, last=FIRST - 500)
    assert (found.rows.height, found.reason) == (0, "no log holds a request of it in this time")


def test_logs_that_are_gone_or_changed_are_named_and_the_others_used(tmp_path: Path) -> None:
    files = {"logs/a.parquet": log(0, 2), "logs/b.parquet": log(2, 2), "logs/c.parquet": log(4, 2)}
    made = make_workspace(tmp_path, files, MODELS)
    made.ingest()
    (tmp_path / "logs/a.parquet").unlink()
    write(tmp_path / "logs/b.parquet", log(2, 1))
    found = sampled(made, at=6)
    assert found.rows.height == 2 * PER_DAY * 0.9
    assert len(found.notes) == 2
    assert "1 of 3 logs" in found.notes[0]
    (tmp_path / "logs/c.parquet").unlink()
    assert sampled(made, at=6).reason == "the logs of this time are not there any more"
