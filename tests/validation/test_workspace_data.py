"""Validation of a workspace's own logs: spans, references, what is kept, what is missing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import making_validation as making
import polars as pl
import pytest
from making_validation import START, WORKSPACE, failed, healthy, judge, workspace

from burnline.errors import BurnlineError
from burnline.workspace import Workspace


def test_the_newest_day_of_the_logs_is_judged_unless_told_otherwise(tmp_path: Path) -> None:
    report = judge(workspace(tmp_path, healthy(10)))
    assert report.passed
    assert report.path is None
    assert report.stages[0].rows == 960
    assert "the logs from 2026-10-13 23:58 UTC to 2026-10-14 23:58 UTC" in report.sentence
    assert report.notes == ("reference: the first 7d of the logs, from 2026-10-05 00:00 UTC to 2026-10-12 00:00 UTC",)


def test_a_span_that_touches_the_reference_says_so(tmp_path: Path) -> None:
    report = judge(workspace(tmp_path), start=START + timedelta(days=6), end=START + timedelta(days=8))
    assert "the data judged are part of the reference themselves" in report.notes
    assert report.stages[0].rows == 2 * 960


def test_a_span_that_ends_before_it_begins_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(BurnlineError, match="give --from before --to"):
        judge(workspace(tmp_path), start=START + timedelta(days=3), end=START + timedelta(days=2))


def test_a_model_that_stopped_logging_fails(tmp_path: Path) -> None:
    other = healthy(2, first=8).with_columns(model=pl.lit("other"))
    report = judge(workspace(tmp_path, other=other))
    rows = failed(report)["ingestion", "rows", None]
    assert "there is no row of m from 2026-10-13" in rows.sentence
    assert "the newest lies at 2026-10-12 23:58 UTC" in rows.sentence


def test_requests_of_other_models_in_the_same_log_are_nobodys_fault(tmp_path: Path) -> None:
    other = healthy(9).with_columns(model=pl.lit("other"), f_amount=pl.lit(-1.0))
    both = pl.concat([healthy(9), other]).sort("timestamp")
    report = judge(workspace(tmp_path, both))
    assert report.passed
    assert report.stages[0].rows == 960


def test_missing_traffic_and_late_rows_fail(tmp_path: Path) -> None:
    new = healthy(1, first=8).filter(pl.int_range(pl.len()) < 480)
    report = judge(workspace(tmp_path, new=new), start=START + timedelta(days=8), end=START + timedelta(days=9))
    assert {("ingestion", "rows", None), ("ingestion", "freshness", None)} <= set(failed(report))


def test_a_column_that_changes_its_type_in_the_newest_log_fails(tmp_path: Path) -> None:
    new = healthy(1, first=8).with_columns(pl.col("f_amount").cast(pl.String))
    report = judge(workspace(tmp_path, new=new))
    assert set(failed(report)) == {("ingestion", "type", "f_amount")}


def test_a_reference_file_without_times_and_with_other_columns_still_compares(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "burnline.yaml").write_text(WORKSPACE + '  reference: {path: "reference/{model}.parquet"}\n')
    (folder / "reference").mkdir()
    reference = healthy(8).drop("timestamp", "request_id", "model", "f_count").with_columns(f_gone=pl.lit(1.5))
    reference.write_parquet(folder / "reference" / "m.parquet")
    report = judge(folder, healthy(1, first=8).with_columns(f_amount=-pl.col("f_amount")))
    found = failed(report)
    assert ("transformation", "sign", "f_amount") in found
    assert ("features", "vanished", "f_gone") in found
    assert ("features", "appeared", "f_count") in failed(report, warnings=True)
    assert ("ingestion", "rows", None) not in found


def test_without_a_reference_what_is_wrong_in_itself_is_found_and_it_is_said(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "burnline.yaml").write_text(WORKSPACE + '  reference: {path: "reference/{model}.parquet"}\n')
    report = judge(folder, healthy(1, first=8).with_columns(confidence=pl.lit(float("nan"))))
    assert any("the reference of m is not there" in note for note in report.notes)
    assert ("serving", "finite", "confidence") in failed(report)
    assert "against what is wrong in itself" in report.sentence


def test_an_unreadable_reference_is_named(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    (folder / "burnline.yaml").write_text(WORKSPACE + '  reference: {path: "bad.parquet"}\n')
    (folder / "bad.parquet").write_bytes(b"PAR1 no parquet at all")
    with pytest.raises(BurnlineError, match=r"the reference of m cannot be read: .*bad\.parquet: not a parquet file"):
        judge(folder)


def test_figures_of_the_reference_are_worked_out_once(tmp_path: Path) -> None:
    folder = workspace(tmp_path, healthy(9))
    judge(folder)
    (kept,) = (folder / ".burnline" / "validation").glob("*.json")
    before = kept.stat().st_mtime_ns
    judge(folder)
    assert kept.stat().st_mtime_ns == before
    assert len(list((folder / ".burnline" / "validation").iterdir())) == 1


def test_a_validation_of_the_logs_is_recorded_once_with_its_time_to_detection(tmp_path: Path) -> None:
    place = pl.int_range(pl.len())
    new = healthy(1, first=8).with_columns(
        pl.when(place >= 480).then(None).otherwise(pl.col("f_amount")).alias("f_amount")
    )
    folder = workspace(tmp_path, new=new)
    opened = Workspace.open(folder)
    for _ in range(2):
        assert not opened.validate("m", record=True).passed
    opened.validate("m", str(folder / "logs" / "new.parquet"), record=True)
    (kept,) = opened.records().validations("m")
    assert (kept.passed, kept.failed) == (False, ("features/nulls/f_amount",))
    assert kept.first_failed == START + timedelta(days=8, hours=12)
    assert kept.told == START + timedelta(days=8, hours=13)
    # Found with the last row of the day, at 23:58:30.
    assert kept.time_to_detection == 11 * 3600 + 58 * 60 + 30


def test_a_path_that_names_no_file_and_an_unknown_stage_are_wrong_calls(tmp_path: Path) -> None:
    opened = Workspace.open(workspace(tmp_path))
    with pytest.raises(BurnlineError, match="there is no such parquet file or folder"):
        opened.validate("m", str(tmp_path / "nothing.parquet"))
    with pytest.raises(BurnlineError, match="there is no stage 'feature'; known: ingestion"):
        opened.validate("m", stages=("feature",))


def test_mapped_columns_are_read_under_their_canonical_names(tmp_path: Path) -> None:
    folder = workspace(tmp_path, healthy(8).rename({"timestamp": "event_time"}))
    (folder / "burnline.yaml").write_text(
        WORKSPACE.replace('{path: "logs/*.parquet"}', '{path: "logs/*.parquet", mapping: {timestamp: event_time}}')
    )
    assert judge(folder, healthy(1, first=8).rename({"timestamp": "event_time"})).passed


def test_the_healthy_log_of_the_tests_is_healthy_on_other_days_too(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    for seed in range(3):
        assert judge(folder, making.healthy(1, first=9, seed=seed)).passed
