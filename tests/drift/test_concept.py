"""Concept drift is told from shifts of inputs, values never seen before and releases, on whole workspaces."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml

from burnline.drift.concept import concept_drift_of
from burnline.results.drift import ConceptDrift
from burnline.workspace import Workspace

DAYS, CHANGE, PER_DAY = 28, 23, 400
HOUR = timedelta(hours=1)
ACCURACY = "accuracy: {objective: 90%}"


def log(name: str, seed: int) -> pl.DataFrame:
    """Four weeks of requests of one model: 5 % wrong, 25 % where f_risk is above 0.9. Something happens on day 23."""
    rng = np.random.default_rng(seed)
    n = DAYS * PER_DAY
    day = np.arange(n) // PER_DAY
    after = day >= CHANGE
    risk, idle = rng.random(n), rng.normal(size=n)
    version = np.full(n, "1", dtype=object)
    p = np.where(risk > 0.9, 0.25, 0.05)
    if name == "concept":
        p = np.where(after & (risk < 0.3), 0.4, p)
    elif name in ("shift", "doubt"):
        risk = np.where(after & (rng.random(n) < 0.5), 0.9 + 0.1 * risk, risk)
        p = np.where(risk > 0.9, 0.25, 0.05)
    elif name == "units":
        hit = after & (rng.random(n) < 0.25)
        risk, p = np.where(hit, risk * 1000 + 5, risk), np.where(hit, 0.8, p)
    elif name in ("release", "rollout"):
        version[after & (rng.random(n) < (0.6 if name == "release" else 1.0))] = "2"
        p = np.where(version == "2", p + 0.25, p)
    wrong = rng.random(n) < p
    times = [START + timedelta(days=i / PER_DAY) for i in range(n)]
    late = HOUR if name != "waiting" else timedelta(days=90)
    frame = pl.DataFrame(
        {
            "timestamp": times,
            "model": name,
            "version": version.astype(str),
            "prediction": "yes",
            "confidence": np.where(risk > 0.9, 0.75, 0.95),
            "f_risk": risk,
            "f_idle": idle,
            "label": np.where(wrong, "no", "yes"),
            "label_timestamp": [t + late if t >= START + timedelta(days=CHANGE) else t + HOUR for t in times],
        }
    )
    if name == "picky":
        checked = pl.Series(day < 16) | (pl.col("f_risk") > 0.9)
        frame = frame.with_columns(label=pl.when(checked).then("label"))
    if name == "bare":
        return frame.drop("f_risk", "f_idle", "confidence")
    return frame.drop("f_risk", "f_idle") if name == "doubt" else frame


NAMES = ("healthy", "concept", "shift", "units", "release", "rollout", "doubt", "bare", "waiting", "picky")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One log of four weeks for each model. Read it only."""
    files = {f"logs/{name}.parquet": log(name, seed) for seed, name in enumerate(NAMES)}
    models = {name: model_yaml(name, ACCURACY) for name in NAMES}
    models["squares"] = model_yaml("squares", "rmse: {threshold: 2, objective: 90%}", type_="regression")
    files["logs/squares.parquet"] = squares()
    made = make_workspace(tmp_path_factory.mktemp("concept"), files, models)
    made.ingest()
    return made


def squares() -> pl.DataFrame:
    """A regression whose errors double where f_size is small, from day 23 on."""
    rng = np.random.default_rng(20)
    frame = log("healthy", 20).with_columns(pl.lit("squares").alias("model"))
    size = frame["f_risk"].to_numpy()
    after = np.arange(frame.height) // PER_DAY >= CHANGE
    error = rng.normal(size=frame.height) * (0.5 + size) * np.where(after & (size < 0.3), 3.0, 1.0)
    return frame.drop("confidence", "f_risk").with_columns(
        f_size=pl.Series(size), prediction=pl.Series(10 * size), label=pl.Series(10 * size + error)
    )


def answer(workspace: Workspace, model: str, *, end: float = DAYS, days: int = 7, raw: bool = True) -> ConceptDrift:
    fleet = workspace.fleet(model, at=START + timedelta(days=end) - timedelta(minutes=1))
    return concept_drift_of(fleet, model, first=fleet.last - days * 288 + 1, last=fleet.last, raw=raw)


def test_nothing_that_changed_is_no_concept_drift(workspace: Workspace) -> None:
    found = answer(workspace, "healthy")
    assert (found.drifted, found.where, found.since, found.slo) == (False, (), None, "accuracy")
    assert found.interval is not None
    assert found.interval[0] <= 0 <= found.interval[1]
    assert "no more often" in found.reason
    assert len(found.days) == 7


def test_the_same_inputs_failing_more_often_is_found_with_its_onset_and_place(workspace: Workspace) -> None:
    found = answer(workspace, "concept")
    assert found.drifted is True
    assert found.since is not None
    assert abs(found.since - (START + timedelta(days=CHANGE))) <= timedelta(hours=8)
    assert [list(one.where) for one in found.where] == [["f_risk"]]
    assert found.where[0].share_of_excess > 0.8
    assert [day.drifted for day in found.days] == [False, False, True, True, True, True, True]
    assert found.gap is not None
    assert found.gap > 0.05


def test_nothing_is_known_before_it_happens(workspace: Workspace) -> None:
    assert answer(workspace, "concept", end=CHANGE).drifted is False


def test_without_raw_requests_it_is_called_but_not_placed(workspace: Workspace) -> None:
    found = answer(workspace, "concept", raw=False)
    assert (found.drifted, found.where) == (True, ())


def test_harder_requests_are_a_covariate_shift(workspace: Workspace) -> None:
    found = answer(workspace, "shift")
    assert found.drifted is False
    assert found.reason.startswith("Covariate shift, not concept drift")


def test_errors_at_values_never_seen_before_are_data_drift(workspace: Workspace) -> None:
    found = answer(workspace, "units")
    assert found.drifted is False
    assert found.e_value is not None
    assert found.e_value >= 100
    assert "Errors sit where inputs have never been before" in found.reason
    assert "f_risk above" in found.reason


def test_errors_of_a_new_version_alone_are_a_release(workspace: Workspace) -> None:
    found = answer(workspace, "release")
    assert found.drifted is False
    assert found.reason.startswith("A release, not concept drift")
    assert "version 2" in found.reason


def test_a_release_that_leaves_nothing_to_compare_with_cannot_be_told_from_concept_drift(workspace: Workspace) -> None:
    found = answer(workspace, "rollout")
    assert found.drifted is None
    assert "version 2" in found.reason


def test_confidence_serves_where_no_feature_is_logged(workspace: Workspace) -> None:
    # The model is less sure from day 23 on, and as often wrong as it says.
    found = answer(workspace, "doubt")
    assert found.drifted is False
    assert "the confidence" in found.reason


def test_what_cannot_be_known_is_said(workspace: Workspace) -> None:
    assert "nothing to hold errors against" in answer(workspace, "bare").reason
    waiting = answer(workspace, "waiting", days=3)
    assert (waiting.drifted, waiting.reason) == (None, "Not known: no label of these requests is known yet.")


def test_labels_for_hard_requests_only_are_no_concept_drift(workspace: Workspace) -> None:
    # From day 16 on one of ten requests is checked; of these 25 % are wrong, of all 7 %.
    found = answer(workspace, "picky", days=12)
    assert found.drifted is None
    assert found.e_value is not None
    assert found.e_value >= 100
    assert "requests that get a label are harder" in found.reason


def test_squared_errors_drift_too(workspace: Workspace) -> None:
    found = answer(workspace, "squares")
    assert (found.drifted, found.slo) == (True, "rmse")
    assert found.estimated is not None
    assert found.realised is not None
    assert found.realised > 1.2 * found.estimated
    assert [list(one.where) for one in found.where] == [["f_size"]]


def test_logs_that_are_gone_leave_the_place_unknown(tmp_path: Path) -> None:
    made = make_workspace(
        tmp_path, {"logs/concept.parquet": log("concept", 1)}, {"concept": model_yaml("concept", ACCURACY)}
    )
    made.ingest()
    (tmp_path / "logs/concept.parquet").unlink()
    found = answer(made, "concept")
    assert found.drifted is True
    assert "cannot be read" in found.reason
