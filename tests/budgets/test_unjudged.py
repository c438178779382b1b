"""RMSE of hours whose labels have not come, and the reference a model went live with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only

from burnline.budgets.question import key_of
from burnline.budgets.recent import recent
from burnline.budgets.reference import reference_counts
from burnline.budgets.unjudged import _chance
from burnline.standing import Standing

DAYS, PER_HOUR = 24, 60


def regression(last_labelled: int) -> pl.DataFrame:
    """Errors of sd 0.1, of 0.3 where f_hard is 1: every third hour of the last four days, before that at random.

    Requests after day ``last_labelled`` have no label yet.
    """
    rng = np.random.default_rng(5)
    n = DAYS * 24 * PER_HOUR
    hour = np.arange(n) // PER_HOUR
    hard = np.where(hour >= (DAYS - 4) * 24, hour % 3 == 0, rng.random(DAYS * 24)[hour] < 0.1)
    truth = rng.normal(5, 1, n)
    at = [START + timedelta(minutes=60 / PER_HOUR * i) for i in range(n)]
    return pl.DataFrame(
        {
            "timestamp": at,
            "request_id": [f"r{i}" for i in range(n)],
            "model": "m",
            "prediction": truth + rng.normal(0, np.where(hard, 0.3, 0.1)),
            "f_hard": hard.astype(float),
            "f_noise": rng.normal(0, 1, n),
            "label": pl.Series(truth),
        }
    ).with_columns(label=pl.when(pl.col("timestamp") < START + timedelta(days=last_labelled)).then("label"))


def test_hours_without_labels_are_judged_by_their_features(tmp_path: Path) -> None:
    models = {"m": model_yaml("m", "rmse: {threshold: 0.2, objective: 80%}", type_="regression")}
    found = make_workspace(tmp_path, {"logs/a.parquet": regression(DAYS - 4)}, models)
    found.ingest()
    slo = only(found, "rmse")
    assert slo.estimate is not None
    # Every third hour of four days is bad.
    assert slo.estimate.waiting == 96
    assert slo.bad is not None
    assert slo.estimate.bad - slo.bad == pytest.approx(32, abs=3)
    assert slo.estimate.bad_interval[0] <= slo.bad + 32 <= slo.estimate.bad_interval[1] + 1
    assert slo.estimate.method == "surrogate"
    assert slo.estimate.backtest_error is not None
    assert slo.estimate.backtest_error < 0.05


def test_the_chance_of_an_hour_is_the_share_of_ratios_that_carry_it_over_the_threshold() -> None:
    # Realised over expected squared errors of 1..100 hundredths: an hour of mean 1 needs more than 0.25 for 0.5.
    ratios = np.arange(1, 101) / 100
    (chance,) = _chance(np.array([1.0]), 0.5, ratios, 0.0)
    assert chance == (75 + 0.5) / 101
    # With too few of them the error of the level stands in: at the threshold itself it is even.
    (even,) = _chance(np.array([0.25]), 0.5, ratios[:3], 0.2)
    assert even == pytest.approx(0.5)


def test_the_reference_is_the_first_week_of_a_model(tmp_path: Path) -> None:
    at = [START + timedelta(hours=i) for i in range(20 * 24)]
    log = pl.DataFrame({"timestamp": at, "model": "m", "status": [500 if i % 10 == 0 else 200 for i in range(480)]})
    found = make_workspace(tmp_path, {"logs/a.parquet": log}, {"m": model_yaml("m", "availability: {objective: 80%}")})
    found.ingest()
    fleet = found.fleet()
    # 168 hours, of which every tenth from the first on: 17.
    assert reference_counts(fleet, fleet.questions) == {("m", "availability"): (168.0, 17.0)}


def test_recent_hours_end_with_the_hour_of_the_question(tmp_path: Path) -> None:
    at = [START + timedelta(minutes=30 * i) for i in range(96)]
    log = pl.DataFrame({"timestamp": at, "model": "m", "status": [500] * 2 + [200] * 94})
    found = make_workspace(tmp_path, {"logs/a.parquet": log}, {"m": model_yaml("m", "availability: {objective: 80%}")})
    found.ingest()
    fleet = found.fleet()
    hours = recent(fleet, fleet.questions, days=3)
    assert hours.keys == tuple(map(key_of, fleet.questions))
    assert hours.valid.tolist() == [[0.0] * 24 + [2.0] * 48]
    assert hours.bad.sum() == hours.bad[0, 24] == 2
    assert hours.daily(hours.valid).tolist() == [[0.0, 48.0, 48.0]]
    assert Standing(fleet, fleet.questions).phi == {("m", "availability"): 1.0}
