"""SLIs against numbers worked out by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only, requests

from burnline.slis import catalogue


def status_of(folder: Path, log: pl.DataFrame, slo: str, text: str, **options: str):  # type: ignore[no-untyped-def]
    workspace = make_workspace(folder, {"logs/a.parquet": log}, {"m": model_yaml("m", text, **options)})  # type: ignore[arg-type]
    report = workspace.ingest()
    assert report.files_quarantined == ()
    return only(workspace, slo)


def regression(errors: list[float], *, hour: int = 0) -> pl.DataFrame:
    rows = requests(len(errors), minutes=1, start=START + timedelta(hours=hour))
    return rows.with_columns(prediction=pl.lit(100.0), label=pl.Series([100.0 + e for e in errors]))


def test_an_hour_is_bad_when_its_root_mean_square_error_exceeds_the_threshold(tmp_path: Path) -> None:
    # Hour 0: errors 3 and -4 in turn: mean square (9 + 16) / 2 = 12.5, root 3.5355…
    # Hour 1: errors all 2: root 2.   Hour 2: only 29 rows, so not judged.
    log = pl.concat([regression([3.0, -4.0] * 15), regression([2.0] * 30, hour=1), regression([50.0] * 29, hour=2)])
    rmse = "rmse: {{threshold: {}, objective: 50%}}"
    within = status_of(tmp_path / "a", log, "rmse", rmse.format(3.536), type_="regression")
    beyond = status_of(tmp_path / "b", log, "rmse", rmse.format(3.535), type_="regression")
    assert (within.total, within.bad) == (2, 0)
    assert (beyond.total, beyond.bad) == (2, 1)
    assert within.coverage == pytest.approx(2 / 3)


def test_ndcg_of_two_queries_by_hand(tmp_path: Path) -> None:
    # Query a: relevance 3, 2, 0 by rank. Already ideal: NDCG 1.
    # Query b: relevance 0, 3, 2 by rank, gains 2^rel - 1 = 0, 7, 3:
    #   DCG  = 0 / log2 2 + 7 / log2 3 + 3 / log2 4 = 4.416508… + 1.5
    #   IDCG = 7 / log2 2 + 3 / log2 3             = 7 + 1.892789…
    ndcg_b = (7 / math.log2(3) + 3 / 2) / (7 + 3 / math.log2(3))
    mean = (1 + ndcg_b) / 2
    log = requests(6, minutes=1).with_columns(
        query_id=pl.Series(["a", "a", "a", "b", "b", "b"]),
        rank=pl.Series([1, 2, 3, 1, 2, 3]),
        relevance=pl.Series([3.0, 2.0, 0.0, 0.0, 3.0, 2.0]),
    )
    text = "ndcg: {{threshold: {}, at: 10, min_rows: 6, objective: 50%}}"
    good = status_of(tmp_path / "a", log, "ndcg", text.format(round(mean - 1e-6, 9)), type_="ranking")
    bad = status_of(tmp_path / "b", log, "ndcg", text.format(round(mean + 1e-6, 9)), type_="ranking")
    assert (good.total, good.bad) == (1, 0)
    assert (bad.total, bad.bad) == (1, 1)


def test_ndcg_orders_by_score_without_ranks_and_cuts_at_k(tmp_path: Path) -> None:
    # By falling score the relevant item comes second; at 1 nothing relevant is seen: NDCG@1 = 0.
    log = requests(2).with_columns(query_id=pl.lit("a"), score=pl.Series([0.1, 0.9]), relevance=pl.Series([1.0, 0.0]))
    first = status_of(
        tmp_path / "a", log, "ndcg", "ndcg: {threshold: 0.01, at: 1, min_rows: 2, objective: 50%}", type_="ranking"
    )
    # At 2: DCG 1 / log2 3 = 0.6309…, ideal 1.
    both = status_of(
        tmp_path / "b", log, "ndcg", "ndcg: {threshold: 0.63, at: 2, min_rows: 2, objective: 50%}", type_="ranking"
    )
    assert (first.total, first.bad) == (1, 1)
    assert (both.total, both.bad) == (1, 0)


def test_a_query_without_a_relevant_item_is_not_judged(tmp_path: Path) -> None:
    log = requests(4).with_columns(
        query_id=pl.Series(["a", "a", "b", "b"]), rank=pl.Series([1, 2, 1, 2]), relevance=pl.Series([0.0, 0, 1, 0])
    )
    status = status_of(tmp_path, log, "ndcg", "ndcg: {threshold: 0.99, min_rows: 2, objective: 50%}", type_="ranking")
    assert (status.total, status.bad) == (1, 0)


def test_throughput_counts_silent_slices_from_the_first_request_on(tmp_path: Path) -> None:
    # Minutes 0-9: two slices of five requests (1/60 per second); then silence; one request in minute 60.
    log = pl.concat([requests(10), requests(1, start=START + timedelta(minutes=60))])
    status = status_of(tmp_path, log, "throughput", "throughput: {threshold: 1/m, objective: 50%}")
    # Slices 0..12: 13 in all; two reach 1/min; ten are silent; the last has 1 request in 5 minutes.
    assert (status.total, status.bad) == (13, 11)


def test_saturation_judges_the_mean_of_each_slice(tmp_path: Path) -> None:
    metrics = pl.DataFrame(
        {
            "timestamp": [START + timedelta(minutes=m) for m in (0, 1, 5, 6, 10)],
            "model": ["m"] * 5,
            "cpu_percent": [80.0, 100.0, 85.0, 97.0, 50.0],  # means 90, 91, 50
        }
    )
    workspace = make_workspace(
        tmp_path,
        {"logs/a.parquet": requests(15), "infra/a.parquet": metrics},
        {"m": model_yaml("m", "saturation: {metric: cpu_percent, threshold: 90, objective: 50%}")},
    )
    workspace.ingest()
    status = only(workspace, "saturation")
    assert (status.total, status.bad, status.coverage) == (3, 1, 1)


def test_completeness_counts_each_required_feature_once(tmp_path: Path) -> None:
    log = requests(4).with_columns(
        status=pl.Series([200, 200, 200, 500]),
        f_a=pl.Series([1.0, None, 3.0, None]),
        f_b=pl.Series(["x", None, None, "y"]),
    )
    every = status_of(tmp_path / "a", log, "completeness", "completeness: {objective: 50%}")
    # Three succeeded: f_a misses one, f_b two.
    assert (every.total, every.bad) == (6, 3)
    text = "completeness: {features: [f_a, f_gone], objective: 50%}"
    listed = status_of(tmp_path / "b", log, "completeness", text)
    # f_gone is in no file: it misses all three.
    assert (listed.total, listed.bad) == (6, 4)


def test_predictions_and_labels_of_different_types_are_compared_by_value(tmp_path: Path) -> None:
    text = "accuracy: {objective: 50%}"
    pairs = [
        (pl.Series([1, 0]), pl.Series([1.0, 1.0])),
        (pl.Series([True, False]), pl.Series([1, 1])),
        (pl.Series(["1", "0"]), pl.Series([1, 1])),
        (pl.Series(["true", "no"]), pl.Series([True, True])),
        (pl.Series(["a", "b"]), pl.Series(["a", "a"], dtype=pl.Categorical)),
    ]
    for index, (prediction, label) in enumerate(pairs):
        log = requests(2).with_columns(prediction=prediction, label=label)
        status = status_of(tmp_path / str(index), log, "accuracy", text)
        assert (status.total, status.bad) == (2, 1), (prediction.dtype, label.dtype)


def test_a_composite_is_good_only_where_every_member_is(tmp_path: Path) -> None:
    log = requests(6).with_columns(
        status=pl.Series([200, 200, 200, 200, 200, 503]),
        latency_ms=pl.Series([50.0, 50.0, 500.0, 50.0, None, None]),
        prediction=pl.Series([1, 1, 1, 1, 1, None]),
        label=pl.Series([1, 0, 1, None, 1, None]),
    )
    text = """
    accuracy: {objective: 50%}
    latency: {threshold: 100ms, objective: 50%}
    quality: {all: [accuracy, latency], objective: 50%}
    """
    status = status_of(tmp_path, log, "quality", text)
    # Known: good, wrong, slow, failed. Unlabelled and untimed are not valid. Bad: wrong, slow, failed.
    assert (status.total, status.bad) == (4, 3)
    assert status.coverage == pytest.approx(4 / 6)


def test_every_sli_without_any_of_its_columns_is_no_data_with_a_reason(tmp_path: Path) -> None:
    text = """
    availability: {objective: 99%}
    latency: {threshold: 1ms, objective: 99%}
    saturation: {metric: cpu_percent, threshold: 90, objective: 99%}
    accuracy: {objective: 99%}
    rmse: {threshold: 1, objective: 99%}
    ndcg: {threshold: 0.5, objective: 99%}
    freshness: {threshold: 1m, objective: 99%}
    completeness: {objective: 99%}
    confidence: {threshold: 0.5, objective: 99%}
    drift: {threshold: 0.2, objective: 99%}
    canary: {objective: 99%}
    quality: {all: [accuracy, latency], objective: 99%}
    paid: {track: model, good: "b_revenue > 0", objective: 99%}
    """
    workspace = make_workspace(tmp_path, {"logs/a.parquet": requests(50)}, {"m": model_yaml("m", text)})
    workspace.ingest()
    slos = {s.slo: s for s in workspace.status("m").models[0].slos}
    assert {"throughput", *catalogue()} - {"throughput", "custom"} <= slos.keys()
    for slo in slos.values():
        assert (slo.state, slo.value, slo.budget_remaining) == ("no_data", None, None), slo.slo
        assert slo.reason, slo.slo


def test_categories_have_no_root_mean_square_error_and_it_says_so(tmp_path: Path) -> None:
    log = requests(60).with_columns(prediction=pl.lit("a"), label=pl.lit("b"))
    status = status_of(tmp_path, log, "rmse", "rmse: {threshold: 1, objective: 50%}", type_="regression")
    assert status.reason == "no hour of the window has 30 rows with numbers as label and prediction"
