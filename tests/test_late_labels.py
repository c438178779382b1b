"""Workspaces whose labels are late, missing or biased: what their status says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only

from burnline.results import Estimate, Evidence
from burnline.standing import with_waiting
from burnline.workspace import Workspace

DAYS = 40
PER_HOUR = 30
ACCURACY = {"m": model_yaml("m", "accuracy: {objective: 94%}")}


def world(wrong: float, *, later: float, share: float = 1.0, worse: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Labels take a median of three days, those of wrong answers ``later`` times as long; ``share`` ever get one.

    In the last ten days answers are wrong ``worse`` times as often. Wrong ones are known to us as ``truth``.
    """
    rng = np.random.default_rng(seed)
    n = DAYS * 24 * PER_HOUR
    hours = np.arange(n) / PER_HOUR
    rate = np.where(hours >= (DAYS - 10) * 24, wrong * worse, wrong)
    truth = rng.random(n) < rate
    delay = 72 * np.exp(0.5 * rng.standard_normal(n)) * np.where(truth, later, 1.0)
    labelled = rng.random(n) < share
    at = pl.Series([START + timedelta(hours=float(h)) for h in hours])
    known = pl.Series([START + timedelta(hours=float(h)) for h in hours + delay])
    end = START + timedelta(days=DAYS)
    seen = pl.Series(labelled) & (known < end)
    return pl.DataFrame(
        {"timestamp": at, "request_id": [f"r{i}" for i in range(n)], "model": "m", "prediction": 1, "truth": truth}
    ).with_columns(
        label=pl.when(seen).then(pl.when("truth").then(0).otherwise(1)),
        label_timestamp=pl.when(seen).then(known),
    )


def opened(folder: Path, frame: pl.DataFrame) -> Workspace:
    found = make_workspace(folder, {"logs/a.parquet": frame.drop("truth")}, ACCURACY)
    found.ingest()
    return found


def window(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("timestamp") > START + timedelta(days=DAYS - 30))


def test_wrong_answers_that_are_labelled_later_are_seen_before_their_labels(tmp_path: Path) -> None:
    # 6.6 % are wrong where 6 % are allowed; of those labelled, fewer than 6 %.
    frame = world(0.066, later=2.7)
    slo = only(opened(tmp_path, frame), "accuracy")
    assert slo.bad is not None
    assert slo.total is not None
    assert slo.bad / slo.total < 0.06
    truth = window(frame)["truth"].mean()
    estimate = slo.estimate
    assert estimate is not None
    assert estimate.delay_bias
    assert estimate.method == "nowcast"
    assert estimate.interval[0] <= 1 - truth <= estimate.interval[1]  # type: ignore[operator]
    assert estimate.labelled == slo.total
    assert slo.coverage is not None
    assert estimate.labelled + estimate.waiting == pytest.approx(slo.total / slo.coverage)
    # The labelled part keeps its promise; all events together do not, and that is what counts.
    assert slo.budget_remaining is not None
    assert slo.budget_remaining > 0
    assert slo.state != "healthy"


def test_labels_that_most_requests_never_get_bias_nothing(tmp_path: Path) -> None:
    frame = world(0.04, later=1.0, share=0.4)
    slo = only(opened(tmp_path, frame), "accuracy")
    estimate = slo.estimate
    assert estimate is not None
    assert not estimate.delay_bias
    truth = float(window(frame)["truth"].mean())  # type: ignore[arg-type]
    assert estimate.interval[0] <= 1 - truth <= estimate.interval[1]
    assert estimate.interval[1] - estimate.interval[0] < 0.02
    assert slo.state == "healthy"


def test_every_label_known_needs_no_estimate(tmp_path: Path) -> None:
    frame = world(0.04, later=1.0).with_columns(
        label=pl.when("truth").then(0).otherwise(1), label_timestamp="timestamp"
    )
    slo = only(opened(tmp_path, frame), "accuracy")
    assert slo.coverage == 1
    assert slo.estimate is None


def test_a_model_without_any_label_is_estimated_from_its_confidence(tmp_path: Path) -> None:
    frame = world(0.04, later=1.0, share=0.0).with_columns(confidence=pl.lit(0.91))
    found = make_workspace(tmp_path, {"logs/a.parquet": frame.drop("truth")}, ACCURACY)
    found.ingest()
    slo = only(found, "accuracy")
    assert slo.state == "no_data"
    assert slo.estimate is not None
    assert slo.estimate.method == "calibration"
    # The bin of 0.90 to 0.92 has its middle at 0.91.
    assert slo.estimate.value == pytest.approx(0.91, abs=0.001)


def test_nothing_of_later_days_is_used(tmp_path: Path) -> None:
    frame = world(0.05, later=2.0)
    at = START + timedelta(days=25, seconds=-1)
    whole = opened(tmp_path / "whole", frame)
    known = frame.filter(pl.col("timestamp") <= at).with_columns(
        pl.when(pl.col("label_timestamp") <= at).then(name).alias(name) for name in ("label", "label_timestamp")
    )
    part = opened(tmp_path / "part", known)
    then, now = only(whole, "accuracy", at=at), only(part, "accuracy", at=at)
    assert then.estimate == now.estimate
    assert then.evidence == now.evidence


def test_a_verdict_that_waiting_events_could_turn_is_undecided() -> None:
    evidence = Evidence(verdict="confirmed_ok", interval=(0.95, 0.97), e_value=0.1, overdispersion=1.0)
    estimate = Estimate(
        value=0.95, interval=(0.93, 0.96), bad=50, bad_interval=(40, 70), method="nowcast", delay_bias=True
    )
    wider = with_waiting(evidence, estimate, 0.94)
    assert (wider.verdict, wider.interval) == ("undecided", (0.93, 0.97))
    assert with_waiting(evidence, estimate, 0.92).verdict == "confirmed_ok"
