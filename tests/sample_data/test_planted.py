"""The written truth holds in the raw rows, computed here without Burnline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

Log = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def truth(small: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((small / "truth.yaml").read_text())["models"]
    return told


def _story(truth: dict[str, Any], model: str, kind: str) -> tuple[dict[str, Any], pl.Expr]:
    """The story and the rows of its span."""
    story = next(s for s in truth[model]["stories"] if s["kind"] == kind)
    start, end = datetime.fromisoformat(story["from"]), datetime.fromisoformat(story["to"])
    return story, pl.col("timestamp").is_between(start, end, closed="left")


def _before(story: dict[str, Any]) -> pl.Expr:
    return pl.col("timestamp") < datetime.fromisoformat(story["from"])


def _accuracy(frame: pl.DataFrame) -> float:
    known = frame.filter(pl.col("label").is_not_null(), pl.col("prediction").is_not_null())
    return float((known["label"] == known["prediction"]).mean())  # type: ignore[arg-type]


def _failed(frame: pl.DataFrame) -> float:
    return float(((frame["status"] >= 500) | (frame["status"] == 429)).mean())  # type: ignore[arg-type]


def _rmse(frame: pl.DataFrame) -> float:
    error = frame["label"] - frame["prediction"]
    return float((error**2).mean()) ** 0.5  # type: ignore[arg-type]


def test_silent_failure_keeps_infrastructure_inputs_and_confidence(log: Log, truth: dict[str, Any]) -> None:
    rows = log("fraud-scorer")
    story, during = _story(truth, "fraud-scorer", "silent_model_failure")
    before, after = rows.filter(_before(story)), rows.filter(during)
    assert _failed(rows) < 0.0005
    assert (after["latency_ms"] > 50).mean() < 0.01
    assert _accuracy(before) > 0.97
    assert _accuracy(after) < 0.93
    assert after["confidence"].mean() == pytest.approx(before["confidence"].mean(), abs=0.01)
    for feature in (c for c in rows.columns if c.startswith("f_") and rows.schema[c].is_numeric()):
        assert after[feature].median() == pytest.approx(before[feature].median(), rel=0.08)


def test_outage_is_in_one_region_for_95_minutes(log: Log, truth: dict[str, Any]) -> None:
    rows = log("payment-router")
    story, during = _story(truth, "payment-router", "regional_outage")
    here = pl.col("region") == story["where"]["region"]
    length = datetime.fromisoformat(story["to"]) - datetime.fromisoformat(story["from"])
    assert length == timedelta(minutes=95)
    assert _failed(rows.filter(during, here)) == pytest.approx(0.72, abs=0.12)
    assert _failed(rows.filter(during, ~here)) < 0.05
    assert _failed(rows.filter(~during)) < 0.0005
    assert _accuracy(rows) > 0.95


def test_slow_release_doubles_its_p99(log: Log, truth: dict[str, Any]) -> None:
    rows = log("intent-detector")
    story, during = _story(truth, "intent-detector", "slow_release")
    new = pl.col("version") == story["where"]["version"]
    assert rows.filter(new & ~during).is_empty()
    slow = rows.filter(new)["latency_ms"].quantile(0.99)
    fast = rows.filter(~new)["latency_ms"].quantile(0.99)
    assert slow is not None
    assert fast is not None
    assert slow > 1.8 * fast


def test_unit_error_is_a_factor_of_a_thousand_in_one_region(log: Log, truth: dict[str, Any]) -> None:
    rows = log("eta-predictor")
    story, during = _story(truth, "eta-predictor", "unit_error")
    here = pl.col("region") == story["where"]["region"]
    wrong, right = rows.filter(during, here), rows.filter(during, ~here)
    assert story["feature"] == "f_distance_m"
    assert wrong["f_distance_m"].median() == pytest.approx(1000 * right["f_distance_m"].median(), rel=0.1)
    assert _rmse(wrong) > 4 * _rmse(right)
    assert _rmse(rows.filter(_before(story))) == pytest.approx(2.6, rel=0.05)


def test_stale_features_of_two_tenants_cause_errors_there(log: Log, truth: dict[str, Any]) -> None:
    rows = log("kyc-document").with_columns(age=pl.col("timestamp") - pl.col("feature_timestamp"))
    story, during = _story(truth, "kyc-document", "stale_features")
    hit = pl.col("tenant").is_in(story["where"]["tenant"])
    assert rows.filter(during, hit)["age"].min() > timedelta(hours=5)
    assert rows.filter(~(during & hit))["age"].max() < timedelta(minutes=10)
    assert _accuracy(rows.filter(during, hit)) < 0.92
    assert _accuracy(rows.filter(during, ~hit)) > 0.94


def test_new_version_loses_a_feature(log: Log, truth: dict[str, Any]) -> None:
    rows = log("content-moderation")
    story, _ = _story(truth, "content-moderation", "null_feature")
    new = pl.col("version") == story["where"]["version"]
    assert rows.filter(new)[story["feature"]].is_null().mean() == pytest.approx(0.6, abs=0.05)
    assert rows.filter(~new)[story["feature"]].is_null().mean() < 0.01
    assert _accuracy(rows.filter(~new)) - _accuracy(rows.filter(new)) > 0.02


def test_gradual_drift_grows_week_by_week(log: Log, truth: dict[str, Any]) -> None:
    rows = log("support-router")
    story, during = _story(truth, "support-router", "gradual_concept_drift")
    weeks = rows.filter(during).sort("timestamp")
    third = weeks.height // 3
    accuracies = [_accuracy(weeks.slice(i * third, third)) for i in range(3)]
    assert _accuracy(rows.filter(_before(story))) > accuracies[0] > accuracies[1] > accuracies[2]


def test_both_tracks_fail_with_one_version(log: Log, truth: dict[str, Any]) -> None:
    rows = log("voice-auth")
    story, during = _story(truth, "voice-auth", "both_tracks")
    new = pl.col("version") == story["where"]["version"]
    assert _failed(rows.filter(during, new)) > 0.04
    assert _failed(rows.filter(~new)) < 0.001
    assert _accuracy(rows.filter(during, new)) < 0.93
    assert _accuracy(rows.filter(~new)) > 0.95


def test_throughput_drops_and_returns(log: Log, truth: dict[str, Any]) -> None:
    rows = log("energy-load")
    story, during = _story(truth, "energy-load", "throughput_drop")
    hours = (datetime.fromisoformat(story["to"]) - datetime.fromisoformat(story["from"])) / timedelta(hours=1)
    usual = rows.filter(_before(story)).height / ((33 * 24) - 22)
    assert rows.filter(during).height / hours < 0.25 * usual


def test_cpu_precedes_latency(small: Path, log: Log, truth: dict[str, Any]) -> None:
    rows = log("feed-ranker")
    story, during = _story(truth, "feed-ranker", "saturation")
    cpu = pl.read_parquet(small / "infra" / "feed-ranker.parquet")
    start = datetime.fromisoformat(story["from"])
    calm = pl.col("timestamp").is_between(start, start + timedelta(hours=4), closed="left")
    assert cpu.filter(during)["cpu_percent"].min() > 85
    assert cpu.filter(~during)["cpu_percent"].max() < 85
    assert rows.filter(calm)["latency_ms"].median() < 25
    assert rows.filter(during & (pl.col("timestamp") > start + timedelta(hours=5)))["latency_ms"].median() > 60


@pytest.mark.parametrize(("model", "by"), [("offer-selector", 1.3), ("price-optimizer", 0.7)])
def test_harmless_drift_moves_a_feature_and_nothing_else(
    log: Log, truth: dict[str, Any], model: str, by: float
) -> None:
    rows = log(model)
    story = next(s for s in truth[model]["stories"] if s["kind"] == "harmless_drift")
    before, after = rows.filter(_before(story)), rows.filter(~_before(story))
    ratio = after[story["feature"]].median() / before[story["feature"]].median()
    assert ratio > by if by > 1 else ratio < by
    if model == "offer-selector":
        assert _accuracy(after) == pytest.approx(_accuracy(before), abs=0.01)
    else:
        assert _rmse(after) == pytest.approx(_rmse(before), rel=0.05)
    assert not story["harmful"]


def test_shared_feature_drifts_in_three_models_on_one_day(log: Log) -> None:
    day = datetime.fromisoformat("2026-11-12T00:00:00+00:00")
    for model in ("payment-router", "price-optimizer", "delivery-cost"):
        rows = log(model)
        before = rows.filter(pl.col("timestamp") < day)["f_fx_rate"]
        after = rows.filter(pl.col("timestamp") > day + timedelta(days=1))["f_fx_rate"]
        assert after.mean() - before.mean() == pytest.approx(2.2 * 0.015, rel=0.1)  # type: ignore[operator]


def test_no_label_is_known_while_labels_are_held(log: Log, truth: dict[str, Any]) -> None:
    story, _ = _story(truth, "chargeback-risk", "label_delay")
    start, end = datetime.fromisoformat(story["from"]), datetime.fromisoformat(story["to"])
    known = log("chargeback-risk")["label_timestamp"].drop_nulls()
    assert known.is_between(start, end, closed="left").sum() == 0
    assert known.is_between(end, end + timedelta(hours=3)).sum() > 200


def test_wrong_answers_are_labelled_later(log: Log) -> None:
    rows = log("fraud-scorer").filter(pl.col("label").is_not_null())
    delay = rows["label_timestamp"] - rows["timestamp"]
    wrong = rows["label"] != rows["prediction"]
    assert delay.filter(wrong).median() > 1.2 * delay.filter(~wrong).median()  # type: ignore[operator]
    assert delay.min() > timedelta(0)


def test_failed_requests_have_no_answer(log: Log) -> None:
    rows = log("voice-auth").filter(pl.col("status") != 200)
    assert rows.height > 20
    for column in ("prediction", "confidence", "label", "label_timestamp"):
        assert rows[column].null_count() == rows.height


def test_confidence_is_calibrated_where_nothing_happens(log: Log) -> None:
    rows = log("lead-score").unique("request_id").filter(pl.col("label").is_not_null())
    right = (rows["label"] == rows["prediction"]).mean()
    assert rows["confidence"].mean() == pytest.approx(right, abs=0.012)


def test_canary_answers_are_known_at_once_and_weights_count_sampling(log: Log) -> None:
    canary = log("intent-detector").filter(pl.col("canary") & (pl.col("status") == 200))
    assert 0.02 < canary.height / log("intent-detector").height < 0.06
    assert (canary["label_timestamp"] == canary["timestamp"]).all()
    assert canary["f_embedding_norm"].n_unique() <= 48 + 1
    assert log("spam-filter")["weight"].unique().to_list() == [20.0]


def test_some_lines_are_delivered_twice(log: Log) -> None:
    rows = log("lead-score")
    twice = rows.height - rows["request_id"].n_unique()
    assert 0 < twice == rows.height - rows.unique().height


def test_ranking_logs_hold_one_row_per_item(log: Log) -> None:
    rows = log("product-search").filter(pl.col("status") == 200)
    per_query = rows.group_by("query_id").agg(pl.col("rank").sort(), pl.len())
    assert per_query["len"].unique().to_list() == [10]
    assert per_query["rank"].list.eval(pl.element() == pl.int_range(1, 11)).list.all().all()
    assert rows["request_id"].is_unique().all()
    assert set(rows["relevance"].drop_nulls()) == {0, 1, 2, 3}
