"""Ingest: incremental by file, idempotent, atomic, and clear about what it left out."""

from __future__ import annotations

import fcntl
import shutil
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only, requests, write

from burnline.errors import BurnlineError
from burnline.rollups import ingest as ingest_module
from burnline.workspace import Workspace

AVAILABILITY = {"m": model_yaml("m", "availability: {objective: 90%}")}
ACCURACY = {"m": model_yaml("m", "accuracy: {objective: 90%}")}


def failing(count: int, bad: int, **options: object) -> pl.DataFrame:
    status = [503] * bad + [200] * (count - bad)
    return requests(count, **options).with_columns(status=pl.Series(status))  # type: ignore[arg-type]


def test_a_second_ingest_reads_nothing_and_changes_nothing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(100, 3)}, AVAILABILITY)
    first = workspace.ingest()
    before = workspace.store.read()
    second = workspace.ingest()
    assert (first.files_read, first.files_skipped, first.rows) == (1, 0, 100)
    assert (second.files_read, second.files_skipped, second.rows) == (0, 1, 0)
    assert workspace.store.read() == before


def test_only_new_files_are_read(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(100, 3)}, AVAILABILITY)
    workspace.ingest()
    write(tmp_path / "logs/b.parquet", failing(50, 2, start=START + timedelta(days=1)))
    report = workspace.ingest()
    assert (report.files_read, report.files_skipped, report.rows) == (1, 1, 50)
    assert (only(workspace, "availability").total, only(workspace, "availability").bad) == (150, 5)


def test_a_replaced_file_replaces_its_counts(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(100, 3)}, AVAILABILITY)
    workspace.ingest()
    write(tmp_path / "logs/a.parquet", failing(120, 7))
    workspace.ingest()
    assert (only(workspace, "availability").total, only(workspace, "availability").bad) == (120, 7)


def test_rollups_outlive_the_logs_they_were_made_from(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(100, 3)}, AVAILABILITY)
    workspace.ingest()
    (tmp_path / "logs/a.parquet").unlink()
    workspace.ingest()
    assert only(workspace, "availability").total == 100


@pytest.mark.parametrize("moved", [False, True])
def test_the_files_of_a_workspace_move_with_it(tmp_path: Path, moved: bool) -> None:
    log = predicted(40)
    labels = labelled(log, timedelta(), wrong=4)
    old = make_workspace(tmp_path / "old", {"logs/a.parquet": log, "labels/a.parquet": labels}, ACCURACY)
    old.ingest()
    assert accuracy(old) == (40, 4)
    if moved:
        (tmp_path / "old").rename(tmp_path / "new")
    else:
        shutil.copytree(tmp_path / "old", tmp_path / "new")
    new = Workspace.open(tmp_path / "new")
    new.ingest()
    assert accuracy(new) == (40, 4)
    assert new.ingest().files_read == 0
    if not moved:
        assert old.ingest().files_read == 0


def test_a_request_logged_twice_in_one_file_counts_once(tmp_path: Path) -> None:
    log = failing(100, 3)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": pl.concat([log, log.head(10)])}, AVAILABILITY)
    report = workspace.ingest()
    assert report.duplicates == 10
    assert (only(workspace, "availability").total, only(workspace, "availability").bad) == (100, 3)


def test_a_request_delivered_again_in_a_later_file_counts_once(tmp_path: Path) -> None:
    log = failing(100, 3)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, AVAILABILITY)
    workspace.ingest()
    again = pl.concat([log.tail(20), failing(30, 1, start=START + timedelta(minutes=200))])
    write(tmp_path / "logs/b.parquet", again)
    assert workspace.ingest().duplicates == 20
    # 100 + 30 requests; 3 + 1 of them failed.
    assert (only(workspace, "availability").total, only(workspace, "availability").bad) == (130, 4)


def test_two_models_may_use_the_same_request_ids(tmp_path: Path) -> None:
    log = failing(10, 1)
    both = pl.concat([log, log.with_columns(model=pl.lit("other"))])
    workspace = make_workspace(tmp_path, {"logs/a.parquet": both}, AVAILABILITY)
    assert workspace.ingest().duplicates == 0
    assert only(workspace, "availability").total == 10


def test_unreadable_files_are_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/good.parquet": failing(100, 3)}, AVAILABILITY)
    good = (tmp_path / "logs/good.parquet").read_bytes()
    (tmp_path / "logs/cut.parquet").write_bytes(good[: len(good) // 2])
    (tmp_path / "logs/text.parquet").write_text("hello, this is no parquet at all")
    (tmp_path / "logs/empty.parquet").write_bytes(b"")
    write(tmp_path / "logs/untimed.parquet", failing(5, 0).drop("timestamp"))
    write(tmp_path / "logs/nested.parquet", failing(5, 0).with_columns(timestamp=pl.struct("timestamp")))
    report = workspace.ingest()
    reasons = {Path(q.path).name: q.reason for q in report.files_quarantined}
    assert reasons.keys() == {"cut.parquet", "text.parquet", "empty.parquet", "untimed.parquet", "nested.parquet"}
    assert "not a parquet file" in reasons["cut.parquet"]
    assert "not a parquet file" in reasons["text.parquet"]
    assert "not a parquet file" in reasons["empty.parquet"]
    assert "it has no column timestamp" in reasons["untimed.parquet"]
    assert "not a time" in reasons["nested.parquet"]
    assert only(workspace, "availability").total == 100
    assert {q.path for q in workspace.ingest().files_quarantined} == {q.path for q in report.files_quarantined}


def test_a_mended_file_leaves_quarantine(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(100, 3)}, AVAILABILITY)
    (tmp_path / "logs/b.parquet").write_text("broken")
    assert len(workspace.ingest().files_quarantined) == 1
    write(tmp_path / "logs/b.parquet", failing(10, 0, start=START + timedelta(days=1)))
    report = workspace.ingest()
    assert (report.files_quarantined, report.files_read) == ((), 1)


def test_a_file_without_rows_adds_nothing_and_is_no_error(tmp_path: Path) -> None:
    files = {"logs/a.parquet": failing(100, 3), "logs/none.parquet": failing(1, 0).clear()}
    workspace = make_workspace(tmp_path, files, AVAILABILITY)
    report = workspace.ingest()
    assert (report.files_read, report.files_quarantined) == (2, ())
    assert only(workspace, "availability").total == 100


def test_impossible_values_are_named_and_count_as_unknown(tmp_path: Path) -> None:
    log = requests(10).with_columns(
        latency_ms=pl.Series([-5.0, 10.0, float("nan"), 20.0, 500.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        confidence=pl.Series([1.5, -0.1, 0.9, 0.9, 0.2, 0.9, 0.9, 0.9, 0.9, 0.9]),
    )
    slos = "latency: {threshold: 100ms, objective: 50%}\nconfidence: {threshold: 0.8, objective: 50%}"
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, {"m": model_yaml("m", slos)})
    text = " ".join(workspace.ingest().problems)
    assert "1 of 10 rows have a negative latency" in text
    assert "2 of 10 rows have a confidence outside 0..1" in text
    latency, confidence = only(workspace, "latency"), only(workspace, "confidence")
    assert (latency.total, latency.bad, latency.coverage) == (8, 1, 0.8)
    assert (confidence.total, confidence.bad, confidence.coverage) == (8, 1, 0.8)


def test_rows_in_the_future_do_not_move_the_moment_of_the_question(tmp_path: Path) -> None:
    log = failing(100, 3)
    late = failing(1, 0, start=START.replace(year=2126)).with_columns(request_id=pl.lit("future"))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": pl.concat([log, late])}, AVAILABILITY)
    report = workspace.ingest()
    assert any("1 of 101 rows lie in the future" in p for p in report.problems)
    assert workspace.now() == START + timedelta(minutes=99)


def test_an_interrupted_ingest_shows_nothing_and_is_taken_up_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"logs/{d}.parquet": failing(50, 1, start=START + timedelta(days=d)) for d in range(4)}
    workspace = make_workspace(tmp_path, files, AVAILABILITY)
    monkeypatch.setattr(ingest_module, "_FILES_PER_NOTE", 1)
    real = ingest_module.counts
    calls = iter(range(100))

    def dies(*args: object) -> object:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest_module, "_cores", lambda: 1)
    monkeypatch.setattr(ingest_module, "counts", dies)
    with pytest.raises(KeyboardInterrupt):
        workspace.ingest()
    assert only(workspace, "availability").total is None
    monkeypatch.setattr(ingest_module, "counts", real)
    report = workspace.ingest()
    assert (report.files_read, report.files_skipped) == (2, 2)
    assert (only(workspace, "availability").total, only(workspace, "availability").bad) == (200, 4)


def test_a_second_ingest_at_the_same_time_is_refused(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(10, 0)}, AVAILABILITY)
    workspace.ingest()
    with (workspace.store.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BurnlineError, match="another ingest is running"):
            workspace.ingest()
    assert workspace.ingest().files_skipped == 1


def test_a_damaged_ledger_says_what_to_do(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(10, 0)}, AVAILABILITY)
    workspace.ingest()
    workspace.store.ledger_path.write_text("{")
    with pytest.raises(BurnlineError, match="run `burnline ingest` to build it again"):
        workspace.status()


def test_a_path_that_names_no_file_is_an_error(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"logs/a.parquet": failing(10, 0)}, AVAILABILITY)
    with pytest.raises(BurnlineError, match="there is no such parquet file or folder"):
        workspace.ingest([str(tmp_path / "nowhere")])


def test_only_the_named_paths_are_ingested(tmp_path: Path) -> None:
    files = {f"logs/{d}.parquet": failing(50, 1, start=START + timedelta(days=d)) for d in range(2)}
    workspace = make_workspace(tmp_path, files, AVAILABILITY)
    report = workspace.ingest([str(tmp_path / "logs/0.parquet")])
    assert (report.files_read, report.rows) == (1, 50)


def test_a_changed_threshold_rolls_the_logs_again(tmp_path: Path) -> None:
    log = requests(100).with_columns(latency_ms=pl.Series([float(i) for i in range(100)]))
    slow = "latency: {{threshold: {}ms, objective: 50%}}"
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, {"m": model_yaml("m", slow.format(89))})
    workspace.ingest()
    assert only(workspace, "latency").bad == 10
    changed = make_workspace(tmp_path, {}, {"m": model_yaml("m", slow.format(49))})
    reason = only(changed, "latency").reason
    assert reason is not None
    assert "newer than the rollups" in reason
    assert changed.ingest().files_read == 1
    assert only(changed, "latency").bad == 50


def labelled(rows: pl.DataFrame, known: timedelta, *, wrong: int) -> pl.DataFrame:
    """Labels for requests that predicted 1: the first ``wrong`` are 0."""
    return rows.select("request_id", label_timestamp=pl.col("timestamp") + known).with_columns(
        label=pl.Series([0] * wrong + [1] * (rows.height - wrong))
    )


def predicted(count: int, **options: object) -> pl.DataFrame:
    return requests(count, **options).with_columns(prediction=pl.lit(1))  # type: ignore[arg-type]


def accuracy(workspace: Workspace) -> tuple[float | None, float | None]:
    status = only(workspace, "accuracy")
    return status.total, status.bad


def test_labels_in_their_own_file_join_their_requests(tmp_path: Path) -> None:
    log = predicted(100)
    files = {"logs/a.parquet": log, "labels/a.parquet": labelled(log.head(60), timedelta(minutes=1), wrong=6)}
    workspace = make_workspace(tmp_path, files, ACCURACY)
    report = workspace.ingest()
    assert (report.labels_joined, report.labels_unmatched) == (60, 0)
    assert accuracy(workspace) == (60, 6)
    assert only(workspace, "accuracy").coverage == 0.6


def test_labels_that_come_before_their_log_are_kept_and_joined_later(tmp_path: Path) -> None:
    log = predicted(100)
    labels = labelled(log, timedelta(minutes=0), wrong=7)
    workspace = make_workspace(tmp_path, {"labels/a.parquet": labels}, ACCURACY)
    assert workspace.ingest().labels_unmatched == 100
    write(tmp_path / "logs/a.parquet", log)
    report = workspace.ingest()
    assert (report.labels_joined, report.labels_unmatched) == (100, 0)
    assert accuracy(workspace) == (100, 7)


def test_labels_for_unknown_requests_are_counted_and_change_nothing(tmp_path: Path) -> None:
    log = predicted(100)
    strangers = labelled(predicted(5, model="x"), timedelta(0), wrong=5)
    labels = pl.concat([labelled(log, timedelta(0), wrong=7), strangers])
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log, "labels/a.parquet": labels}, ACCURACY)
    assert workspace.ingest().labels_unmatched == 5
    assert accuracy(workspace) == (100, 7)


def test_a_corrected_label_counts_from_its_own_moment_on(tmp_path: Path) -> None:
    log = predicted(2, minutes=24 * 60.0)
    first = labelled(log.head(1), timedelta(hours=1), wrong=1)
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log, "labels/a.parquet": first}, ACCURACY)
    workspace.ingest()
    assert accuracy(workspace) == (1, 1)
    write(tmp_path / "labels/b.parquet", labelled(log.head(1), timedelta(hours=10), wrong=0))
    workspace.ingest()
    before = only(workspace, "accuracy", at=START + timedelta(hours=9))
    after = only(workspace, "accuracy", at=START + timedelta(hours=10))
    assert (before.total, before.bad) == (1, 1)
    assert (after.total, after.bad) == (1, 0)


def test_labels_survive_a_change_of_definition(tmp_path: Path) -> None:
    log = predicted(100).with_columns(latency_ms=pl.lit(5.0))
    files = {"logs/a.parquet": log, "labels/a.parquet": labelled(log, timedelta(0), wrong=7)}
    workspace = make_workspace(tmp_path, files, ACCURACY)
    workspace.ingest()
    both = "accuracy: {objective: 90%}\nlatency: {threshold: 9ms, objective: 50%}"
    changed = make_workspace(tmp_path, {}, {"m": model_yaml("m", both)})
    changed.ingest()
    assert accuracy(changed) == (100, 7)
    assert only(changed, "latency").total == 100


def test_duplicates_stay_out_when_the_log_they_repeat_is_gone_and_labels_come(tmp_path: Path) -> None:
    log = predicted(100)
    again = pl.concat([log.tail(20), predicted(30, start=START + timedelta(minutes=200))])
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log, "logs/b.parquet": again}, ACCURACY)
    assert workspace.ingest().duplicates == 20
    (tmp_path / "logs/a.parquet").unlink()
    write(tmp_path / "labels/a.parquet", labelled(again, timedelta(0), wrong=25))
    workspace.ingest()
    # The labels name the 20 repeated requests and 30 of their own: the first 25 are wrong, 5 of them its own.
    assert accuracy(workspace) == (30, 5)


def test_logs_rolled_by_an_older_version_are_rolled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = failing(20, 1).with_columns(prediction=pl.lit("a"), label=pl.lit("a"))
    workspace = make_workspace(tmp_path, {"logs/a.parquet": log}, ACCURACY)
    monkeypatch.setattr("burnline.rollups.plan._ROLLUP_FORMAT", 1)
    workspace.ingest()
    monkeypatch.undo()
    assert (workspace.ingest().files_read, workspace.ingest().files_read) == (1, 0)
    # The failed request has no accuracy.
    assert only(workspace, "accuracy").total == 19
