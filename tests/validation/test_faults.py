"""Files with a planted fault before the model: the right check fails, in the right stage, and says where."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import making_validation as making
import polars as pl
import pytest
from making_validation import CLOCK, START, failed, healthy, judge

ROWS = 960
HALF = pl.int_range(pl.len()) >= ROWS // 2
ONE = pl.int_range(pl.len()) == 700
AGE = "feature_timestamp"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return making.workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def day() -> pl.DataFrame:
    return healthy(first=8)


def swap(column: str, value: object, where: pl.Expr = HALF) -> pl.Expr:
    """The column with another value in some rows."""
    return pl.when(where).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


def test_another_healthy_day_passes(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day)
    assert report.passed
    assert failed(report) == {}
    # The file is three weeks old on the wall clock, which only warns: it may be history.
    assert set(failed(report, warnings=True)) == {("ingestion", "freshness", None)}
    assert report.time_to_detection is None


def test_a_small_sample_of_a_healthy_day_passes_and_its_size_warns(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.sample(100, seed=1).sort("timestamp"))
    assert report.passed
    assert ("ingestion", "rows", None) in failed(report, warnings=True)


FAULTS = [
    ("nulls", swap("f_amount", None), "features", "nulls", "f_amount", 480),
    ("all null", pl.lit(None, pl.Float64).alias("f_amount"), "features", "vanished", "f_amount", 960),
    ("untyped null", pl.lit(None).alias("f_amount"), "features", "vanished", "f_amount", 960),
    ("infinity", swap("f_amount", float("inf"), ONE), "transformation", "finite", "f_amount", 1),
    ("NaN", swap("f_age", float("nan"), ONE), "transformation", "finite", "f_age", 1),
    ("one value", pl.lit(50.0).alias("f_amount"), "transformation", "constant", "f_amount", 960),
    ("one category", pl.lit("CH").alias("f_country"), "transformation", "constant", "f_country", 960),
    ("a default", swap("f_amount", 50.0), "transformation", "stuck", "f_amount", 480),
    ("another unit", (pl.col("f_amount") * 1000).alias("f_amount"), "transformation", "unit", "f_amount", 960),
    ("a smaller unit", (pl.col("f_amount") / 60).alias("f_amount"), "transformation", "unit", "f_amount", None),
    ("a lost sign", (-pl.col("f_amount")).alias("f_amount"), "transformation", "sign", "f_amount", 960),
    ("rounded", pl.col("f_amount").cast(pl.Int64), "transformation", "precision", "f_amount", 960),
    ("fractions", (pl.col("f_count") + 0.5).alias("f_count"), "transformation", "precision", "f_count", 960),
    ("another spelling", swap("f_country", "ch "), "transformation", "spelling", "f_country", 480),
    ("broken UTF-8", swap("f_country", "ZÃ¼rich"), "transformation", "spelling", "f_country", 480),
    ("out of range", swap("f_age", 999.0, ONE), "features", "range", "f_age", 1),
    ("a new category", swap("f_country", "XX"), "features", "unseen", "f_country", 480),
    ("identifiers", pl.col("request_id").alias("f_country"), "features", "unseen", "f_country", 960),
    ("old features", pl.col("feature_timestamp") - timedelta(hours=3), "features", "freshness", AGE, 960),
    ("leaked features", (pl.col("timestamp") + timedelta(hours=3)).alias(AGE), "features", "future", AGE, 960),
    ("a list", pl.concat_list("f_amount", "f_age").alias("f_amount"), "ingestion", "type", "f_amount", 960),
    ("numbers for booleans", pl.col("f_known").cast(pl.Int64), "ingestion", "type", "f_known", 960),
    ("tomorrow", pl.col("timestamp") + timedelta(days=90), "ingestion", "future", "timestamp", 960),
    ("no time", swap("timestamp", None), "ingestion", "timestamp", "timestamp", 480),
    ("unreadable time", pl.lit("yesterday").alias("timestamp"), "ingestion", "timestamp", "timestamp", 960),
    ("two models", swap("model", "other"), "ingestion", "model", "model", 480),
    ("another model", pl.lit("other").alias("model"), "ingestion", "model", "model", 960),
    ("an unknown class", swap("prediction", "maybe", ONE | HALF), "serving", "class", "prediction", None),
    ("no answer", pl.lit(None, pl.String).alias("prediction"), "serving", "nulls", "prediction", None),
    ("one answer", pl.lit("ok").alias("prediction"), "serving", "constant", "prediction", None),
    ("percent", (pl.col("confidence") * 100).alias("confidence"), "serving", "range", "confidence", 960),
    ("mixed confidence", pl.col("confidence").reverse(), "serving", "agreement", "confidence", None),
    ("no HTTP status", swap("status", 7, ONE), "serving", "status", "status", 1),
    ("negative latency", swap("latency_ms", -1.0, ONE), "serving", "latency", "latency_ms", 1),
    ("days of latency", swap("latency_ms", 1e9, ONE), "serving", "latency", "latency_ms", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "stage", "check", "column", "rows"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_fault_fails_its_check_and_names_column_rows_and_remedy(
    folder: Path, day: pl.DataFrame, change: pl.Expr, stage: str, check: str, column: str, rows: int | None
) -> None:
    report = judge(folder, day.with_columns(change))
    assert not report.passed
    found = failed(report)[stage, check, column]
    assert rows is None or found.failed_rows == rows
    assert found.sentence.startswith(f"{column}: ")
    assert "; " in found.sentence


def test_first_failed_is_the_first_failing_row_and_detected_the_end_of_its_hour(
    folder: Path, day: pl.DataFrame
) -> None:
    report = judge(folder, day.with_columns(swap("f_amount", float("inf"), ONE)))
    found = failed(report)["transformation", "finite", "f_amount"]
    # Row 700 of 960 a day (one in 90 s) arrives after 63,000 s = 17:30 of day 8.
    assert found.first_failed == START + timedelta(days=8, hours=17, minutes=30)
    assert found.detected_at == START + timedelta(days=8, hours=18)
    assert found.example == "inf"
    assert report.time_to_detection == 1800.0


def test_a_share_is_detected_only_once_a_prefix_is_beyond_its_limit(folder: Path, day: pl.DataFrame) -> None:
    # Two missing values an hour (of forty) from noon on, where 0.5 % are tolerated.
    place = pl.int_range(pl.len())
    report = judge(folder, day.with_columns(swap("f_amount", None, (place >= 480) & (place % 20 == 0))))
    found = failed(report)["features", "nulls", "f_amount"]
    assert found.failed_rows == 24
    assert found.first_failed == START + timedelta(days=8, hours=12)
    # 2 e of 480 + 40 e rows after e hours: P(binomial(680, 0.5 %) >= 10) = 0.0026, P(… 720 … >= 12) = 0.0004.
    assert found.detected_at == START + timedelta(days=8, hours=18)


def test_repeated_requests_and_requests_with_two_answers_are_told_apart(folder: Path, day: pl.DataFrame) -> None:
    copies = pl.concat([day, day.head(10)]).sort("timestamp")
    assert set(failed(judge(folder, copies))) == {("ingestion", "duplicates", "request_id")}
    assert failed(judge(folder, copies))["ingestion", "duplicates", "request_id"].failed_rows == 10
    other = pl.concat([day, day.head(10).with_columns(prediction=pl.lit("fraud"))])
    expected = day.head(10).filter(pl.col("status") < 500, pl.col("prediction") != "fraud").height
    assert failed(judge(folder, other))["serving", "conflict", "prediction"].failed_rows == expected


def test_without_request_ids_whole_rows_are_compared(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, pl.concat([day, day.head(7)]).drop("request_id"))
    assert failed(report)["ingestion", "duplicates", None].failed_rows == 7


def test_a_pause_fails_as_a_gap_and_as_missing_rows(folder: Path, day: pl.DataFrame) -> None:
    place = pl.int_range(pl.len())
    report = judge(folder, day.filter((place < 300) | (place >= 500)))
    found = failed(report)
    # 300 rows of 90 s last until 07:30; the next comes at 12:30.
    gap = found["ingestion", "gap", None]
    assert gap.first_failed == START + timedelta(days=8, hours=7, minutes=28)
    assert "5.0" in gap.sentence
    rows = found["ingestion", "rows", None]
    assert rows.first_failed == START + timedelta(days=8, hours=8)


def test_features_that_vanish_fail_and_those_that_appear_warn(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.rename({"f_amount": "f_amout"}))
    column = failed(report)["ingestion", "column", "f_amount"]
    assert "is it f_amout?" in column.sentence
    assert ("features", "vanished", "f_amount") in failed(report)
    assert ("features", "appeared", "f_amout") in failed(report, warnings=True)


def test_a_file_before_serving_has_no_serving_stage_and_passes(folder: Path, day: pl.DataFrame) -> None:
    inputs = day.drop("latency_ms", "status", "prediction", "confidence", "p_fraud", "p_ok")
    report = judge(folder, inputs)
    assert report.passed
    serving = report.stages[3]
    assert (serving.stage, serving.checks) == ("serving", ())
    assert serving.reason == "the data hold no answers: they have not reached the model"


def test_an_empty_file_fails_and_other_stages_say_why_they_have_no_checks(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.head(0))
    assert ("ingestion", "empty", None) in failed(report)
    assert [s.reason for s in report.stages[1:]] == ["there are no rows of m to look at"] * 3


def test_an_unreadable_file_fails_and_the_others_are_judged(folder: Path, day: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no parquet at all")
    day.write_parquet(tmp_path / "good.parquet")
    report = judge(folder, paths=(str(tmp_path),))
    found = failed(report)["ingestion", "readable", None]
    assert "bad.parquet: not a parquet file" in found.sentence
    assert len(failed(report)) == 1
    assert report.stages[0].rows == ROWS


def test_a_type_that_changes_between_files_names_the_file(folder: Path, day: pl.DataFrame, tmp_path: Path) -> None:
    day.head(480).write_parquet(tmp_path / "a.parquet")
    day.tail(480).with_columns(pl.col("f_amount").cast(pl.String)).write_parquet(tmp_path / "b.parquet")
    report = judge(folder, paths=(str(tmp_path),))
    found = failed(report)["ingestion", "type", "f_amount"]
    assert "VARCHAR in 1 of 2 files (first b.parquet)" in found.sentence
    assert found.failed_rows == 480
    # The values themselves read as numbers.
    assert set(failed(report)) == {("ingestion", "type", "f_amount")}


def test_text_among_numbers_is_an_error_of_the_transformation(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.with_columns(swap("f_amount", "n/a", ONE).cast(pl.String)))
    found = failed(report)["transformation", "text", "f_amount"]
    assert (found.failed_rows, found.example) == (1, "n/a")


def test_a_version_that_nobody_announced_only_warns(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.with_columns(version=pl.lit("2")))
    assert report.passed
    assert ("serving", "version", "version") in failed(report, warnings=True)


def test_order_that_is_lost_only_warns(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day.sample(fraction=1, shuffle=True, seed=1))
    assert report.passed
    assert ("ingestion", "order", "timestamp") in failed(report, warnings=True)


def test_with_a_moment_of_the_question_a_late_file_fails(folder: Path, day: pl.DataFrame) -> None:
    assert judge(folder, day, at=START + timedelta(days=9)).passed
    report = judge(folder, day, at=START + timedelta(days=9, hours=12))
    late = failed(report)["ingestion", "freshness", None]
    # The newest row is that of 23:58:30; an hour may pass.
    assert late.first_failed == START + timedelta(days=8, hours=23, minutes=58, seconds=30)
    assert late.detected_at == START + timedelta(days=9, minutes=58, seconds=30)


def test_only_the_stages_that_are_asked_for_are_run(folder: Path, day: pl.DataFrame) -> None:
    report = judge(folder, day, stages=("features",))
    assert [s.stage for s in report.stages] == ["features"]


def test_the_clock_of_the_tests_lies_after_their_data() -> None:
    assert START + timedelta(days=10) < CLOCK
