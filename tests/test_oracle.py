"""The oracle against frames worked by hand, so that it may judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from oracle import Oracle, Periods, Promise, Rolling, same

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
MONTH = Rolling(30 * 24 * 60)


def minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


def promise(sli: str, **more: Any) -> Promise:
    return Promise(**{"name": sli, "sli": sli, "objective": Fraction(9, 10), "window": MONTH} | more)


def oracle(
    tmp_path: Path,
    rows: list[dict[str, Any]],
    *promises: Promise,
    labels: list[dict[str, Any]] | None = None,
    metrics: list[dict[str, Any]] | None = None,
) -> Oracle:
    files: dict[str, list[Path]] = {}
    for kind, content in (("log", rows), ("labels", labels), ("metrics", metrics)):
        if content:
            path = tmp_path / f"{kind}.parquet"
            filled = [{"model": "m"} | row if kind != "labels" else row for row in content]
            pl.DataFrame(filled, infer_schema_length=None).write_parquet(path)
            files[kind] = [path]
    return Oracle({"m": promises}, files["log"], labels=files.get("labels", []), metrics=files.get("metrics", []))


def counts(found: Oracle, at: datetime, index: int = 0) -> tuple[float | None, float | None]:
    slo = found.slo("m", found.promises["m"][index], at)
    return slo["total"], slo["bad"]


def test_availability_and_the_clean_requests_of_latency(tmp_path):
    rows = [
        {"timestamp": NOON, "status": status, "latency_ms": latency}
        for status, latency in [
            (200, 100.0),  # good; on the threshold
            (404, 100.1),  # available, slow
            (500, 1.0),  # failed
            (429, 1.0),  # failed
            (None, 5.0),  # outcome unknown, counts as succeeded
            (200, -1.0),  # impossible latency
            (200, None),
        ]
    ]
    found = oracle(tmp_path, rows, promise("availability"), promise("latency", threshold=Fraction(100)))
    assert counts(found, NOON) == (6, 2)
    assert counts(found, NOON, 1) == (3, 1)


def test_weights_multiply_and_copies_count_once(tmp_path):
    rows = [
        {"timestamp": NOON, "request_id": "a", "status": 500, "weight": 2.5},
        {"timestamp": NOON, "request_id": "a", "status": 500, "weight": 2.5},
        {"timestamp": NOON, "request_id": None, "status": 200, "weight": None},
        {"timestamp": NOON, "request_id": None, "status": 200, "weight": 4.0},
    ]
    assert counts(oracle(tmp_path, rows, promise("availability")), NOON) == (7.5, 2.5)


def test_a_label_counts_from_the_bucket_it_became_known_in(tmp_path):
    rows = [
        {"timestamp": NOON, "request_id": "a", "prediction": 1, "label": 0, "label_timestamp": minutes(12)},
        {"timestamp": NOON, "request_id": "b", "prediction": 1, "label": 1, "label_timestamp": None},
        {"timestamp": NOON, "request_id": "c", "prediction": 1, "label": None, "label_timestamp": None},
    ]
    labels = [
        {"request_id": "c", "label": 0, "label_timestamp": minutes(20)},
        {"request_id": "c", "label": 1, "label_timestamp": minutes(40)},
        {"request_id": "x", "label": 1, "label_timestamp": minutes(0)},
    ]
    found = oracle(tmp_path, rows, promise("accuracy"), labels=labels)
    assert counts(found, minutes(9.99)) == (1, 0)
    assert counts(found, minutes(10)) == (2, 1)  # 12:12 lies in the bucket of 12:10
    assert counts(found, minutes(20)) == (3, 2)
    assert counts(found, minutes(40)) == (3, 1)  # c was corrected


def test_failed_requests_leave_the_model_track_but_not_the_composite(tmp_path):
    rows = [
        {"timestamp": NOON, "status": status, "prediction": 1, "label": label, "confidence": confidence}
        for status, label, confidence in [
            (500, 0, 0.9),  # failed: bad for quality, not valid elsewhere
            (200, 1, 0.9),  # good in both
            (200, 0, 0.9),  # wrong
            (200, 1, 0.79),  # unsure
            (200, None, 0.9),  # unknown
            (200, 1, 1.5),  # impossible confidence
        ]
    ]
    found = oracle(
        tmp_path,
        rows,
        promise("accuracy"),
        promise("confidence", threshold=Fraction(8, 10)),
        promise("quality", members=("accuracy", "confidence")),
    )
    assert counts(found, NOON, 0) == (4, 1)
    assert counts(found, NOON, 1) == (4, 1)
    assert counts(found, NOON, 2) == (4, 3)


def test_freshness_completeness_canary_and_custom(tmp_path):
    rows = [
        {
            "timestamp": NOON,
            "status": status,
            "feature_timestamp": NOON - timedelta(seconds=age),
            "f_a": a,
            "f_b": b,
            "canary": canary,
            "prediction": "x",
            "label": "x" if a else "y",
            "b_revenue": revenue,
        }
        for status, age, a, b, canary, revenue in [
            (200, 300, 1.0, float("nan"), True, 5.0),
            (200, 300.000001, None, None, True, None),
            (500, 999, None, None, True, 1.0),
            (200, 0, 1.0, None, False, 0.0),
        ]
    ]
    found = oracle(
        tmp_path,
        rows,
        promise("freshness", threshold=Fraction(300)),
        promise("completeness"),
        promise("completeness", features=("f_b", "f_z")),
        promise("canary"),
        promise(
            "custom",
            good=lambda r: None if r["b_revenue"] is None else r["b_revenue"] > 0,
            valid=lambda r: None if r["status"] is None else r["status"] < 500,
        ),
    )
    assert counts(found, NOON, 0) == (3, 1)
    assert counts(found, NOON, 1) == (6, 3)  # of 3 x 2 cells: a in one, b in two
    assert counts(found, NOON, 2) == (6, 5)  # f_z is nowhere
    assert counts(found, NOON, 3) == (2, 1)
    assert counts(found, NOON, 4) == (2, 1)


def test_throughput_counts_empty_slices_from_the_first_request_to_the_newest(tmp_path):
    # Slices at 0, 5, 10, 15 min hold 3, 0, 2, 3 requests; 0.01/s asks for 3 in 300 s.
    rows = [{"timestamp": minutes(m)} for m in (0, 1, 4.9, 10, 11, 15, 16, 17)]
    found = oracle(tmp_path, rows, promise("throughput", threshold=Fraction(1, 100)))
    assert counts(found, minutes(17)) == (4, 2)
    assert counts(found, minutes(60)) == (4, 2)
    assert counts(found, minutes(9)) == (2, 1)


def test_saturation_judges_the_mean_of_a_slice(tmp_path):
    metrics = [
        {"timestamp": minutes(m), "cpu_percent": cpu}
        for m, cpu in [(0, 80.0), (1, 100.0), (5, 90.5), (6, None), (15, 90.0)]
    ]
    rows = [{"timestamp": NOON}]
    found = oracle(
        tmp_path,
        rows,
        promise("saturation", metric="cpu_percent", threshold=Fraction(90)),
        metrics=metrics,
    )
    assert counts(found, minutes(20)) == (3, 1)


def test_rmse_needs_enough_labelled_rows_in_its_hour(tmp_path):
    # Hour 12: errors 0.1, 0.2 -> sqrt(0.05 / 2) = 0.158 > 0.15. Hour 13: 0.1, 0.1 -> 0.1.
    # Hour 14: one row only.
    rows = [
        {"timestamp": minutes(m), "prediction": 0.5, "label": 0.5 + error}
        for m, error in [(0, 0.1), (59, -0.2), (60, 0.1), (119, 0.1), (120, 9.0)]
    ]
    found = oracle(tmp_path, rows, promise("rmse", threshold=Fraction(15, 100), min_rows=2))
    assert counts(found, minutes(130)) == (2, 1)
    assert counts(found, minutes(30)) == (None, None)


def test_an_hour_belongs_to_the_window_of_its_first_bucket(tmp_path):
    rows = [{"timestamp": minutes(m), "prediction": 0.0, "label": 1.0} for m in (0, 30)]
    short = promise("rmse", threshold=Fraction(1, 2), min_rows=1, window=Rolling(60))
    found = oracle(tmp_path, rows, short)
    assert counts(found, minutes(59)) == (1, 1)
    assert counts(found, minutes(60)) == (None, None)


def test_ndcg_of_two_queries(tmp_path):
    # q1 by score: relevances 0, 1 -> DCG = 1 / log2(3) = 0.6309 of an ideal 1.
    # q2: relevances 3, 2 in that order -> 1. q3 has nothing relevant and is left out.
    # Mean (0.6309 + 1) / 2 = 0.8155.
    rows = [
        {"timestamp": NOON, "query_id": query, "score": score, "relevance": relevance}
        for query, score, relevance in [
            ("q1", 0.9, 0), ("q1", 0.1, 1), ("q2", 0.2, 2), ("q2", 0.7, 3), ("q3", 0.5, 0),
        ]
    ]  # fmt: skip
    for threshold, bad in ((Fraction(815, 1000), 0), (Fraction(816, 1000), 1)):
        found = oracle(tmp_path, rows, promise("ndcg", threshold=threshold, min_rows=5))
        assert counts(found, NOON) == (1, bad)
    assert counts(oracle(tmp_path, rows, promise("ndcg", threshold=Fraction(1), min_rows=6)), NOON) == (
        None,
        None,
    )


def test_the_cut_of_ndcg(tmp_path):
    # NDCG@1: the first item has no gain.
    rows = [
        {"timestamp": NOON, "query_id": "q", "rank": rank, "relevance": relevance}
        for rank, relevance in [(2, 1), (1, 0)]
    ]
    found = oracle(tmp_path, rows, promise("ndcg", threshold=Fraction(1, 100), min_rows=1, cut=1))
    assert counts(found, NOON) == (1, 1)


def test_slices_of_events(tmp_path):
    # Slices of ten minutes: 1 of 2 bad, 1 of 4 bad.
    rows = [{"timestamp": minutes(m), "status": s} for m, s in [(0, 500), (9, 200), (10, 500)]]
    rows += [{"timestamp": minutes(15), "status": 200}] * 3
    timeslices = promise("availability", budgeting="Timeslices", slice_buckets=2, slice_target=Fraction(3, 4))
    ratio = promise("availability", budgeting="RatioTimeslices", slice_buckets=2)
    found = oracle(tmp_path, rows, timeslices, ratio)
    assert counts(found, minutes(20)) == (2, 1)
    assert counts(found, minutes(20), 1) == (2, 0.75)


@pytest.mark.parametrize(
    ("window", "total"),
    [
        (Rolling(60), 1),  # (23:30, 00:30] holds 00:00 only; 23:30 itself is out
        (Rolling(61), 2),
        (Periods(1, "d", "UTC"), 1),
        (Periods(1, "d", "Europe/Zurich"), 3),  # Zurich's 2 October begins at 22:00 UTC
        (Periods(1, "M", "UTC"), 5),
        (Periods(1, "M", "America/New_York"), 4),  # New York's October begins at 04:00 UTC
        (Periods(1, "w", "UTC"), 5),  # 1 January and 1 October 2026 are Thursdays
    ],
)
def test_windows(tmp_path, window, total):
    at = datetime(2026, 10, 2, 0, 30, tzinfo=UTC)
    times = [
        datetime(2026, 10, 1, 3, 59, tzinfo=UTC),
        datetime(2026, 10, 1, 4, tzinfo=UTC),
        datetime(2026, 10, 1, 22, tzinfo=UTC),
        datetime(2026, 10, 1, 23, 30, tzinfo=UTC),
        datetime(2026, 10, 2, tzinfo=UTC),
        datetime(2026, 10, 2, 0, 35, tzinfo=UTC),
    ]
    rows = [{"timestamp": time, "status": 200} for time in times]
    found = oracle(tmp_path, rows, promise("availability", window=window))
    assert counts(found, at)[0] == total


def test_burn_rates_states_and_verdict(tmp_path):
    # 100 requests three days ago, then 10 now of which 5 failed: 10 % may fail, so 0.5 / 0.1 = 5.
    rows = [{"timestamp": NOON - timedelta(days=4), "status": 200, "prediction": 1, "label": 1}] * 100
    rows += [{"timestamp": NOON, "status": s, "prediction": 1, "label": 1} for s in [200, 500] * 5]
    found = oracle(tmp_path, rows, promise("availability"), promise("accuracy")).status("m", NOON)
    up = found["slos"][0]
    assert up["burn_rates"] == dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), 5.0)
    # 5 of 110 with 11 allowed: 6 / 11 left. The ticket pair (threshold 1) fires.
    assert up["budget_remaining"] == pytest.approx(6 / 11)
    assert up["state"] == "burning"
    assert (found["state"], found["verdict"], found["decision"]) == ("burning", "infrastructure", "caution")
    assert found["tracks"]["model"] == {
        "state": "healthy",
        "budget_remaining": 1.0,
        "binding_slo": "accuracy",
    }


def test_values_of_different_types_are_compared_by_meaning():
    assert same(1, 1.0)
    assert same("1", 1)
    assert same(True, 1)
    assert same("true", True)
    assert not same("yes", 1)
    assert not same("A", "a")
    assert not same(1, None)
