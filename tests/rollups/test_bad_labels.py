"""Labels that cannot be right: each is named once, with what was done, and counts by a fixed rule."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only, requests, write

from burnline.workspace import Workspace

MODEL = {"m": model_yaml("m", "accuracy: {objective: 50%}")}


def labels(*rows: tuple[int | None, str | None, datetime | float | None]) -> pl.DataFrame:
    """Labels (request number, value, time or minutes after the start)."""
    return pl.DataFrame(
        {
            "request_id": [None if r[0] is None else f"m-{START:%y%m%d%H%M}-{r[0]}" for r in rows],
            "label": [r[1] for r in rows],
            "label_timestamp": [
                START + timedelta(minutes=r[2]) if isinstance(r[2], int | float) else r[2] for r in rows
            ],
        },
        schema={"request_id": pl.String, "label": pl.String, "label_timestamp": pl.Datetime("us", "UTC")},
    )


def made(folder: Path, *files: pl.DataFrame, log: pl.DataFrame | None = None) -> Workspace:
    """Twenty requests, one a minute, all predicted "a", and label files."""
    rows = requests(20).with_columns(prediction=pl.lit("a")) if log is None else log
    named = {f"labels/{i}.parquet": file for i, file in enumerate(files)}
    return make_workspace(folder, {"logs/a.parquet": rows, **named}, MODEL)


def said(folder: Path, workspace: Workspace) -> list[str]:
    return [p.removeprefix(f"{folder}/") for p in workspace.ingest().problems]


def counted(workspace: Workspace, minutes: float) -> tuple[float | None, float | None]:
    found = only(workspace, "accuracy", at=START + timedelta(minutes=minutes))
    return found.total, found.bad


def test_labels_known_before_their_request_count_from_the_request(tmp_path: Path) -> None:
    workspace = made(tmp_path, labels((10, "b", 0), (11, "a", 4), (12, "a", 12), (13, "a", None)))
    assert said(tmp_path, workspace) == [
        "logs/a.parquet: 2 labels with a time before the request: counted from the request; "
        "check the clock and the time zone of label_timestamp"
    ]
    assert counted(workspace, 9) == (None, None)
    assert counted(workspace, 12) == (4.0, 1.0)
    assert said(tmp_path, workspace) == []
    assert workspace.store.read().logs[str(tmp_path / "logs/a.parquet")].label_problems != ()


def test_own_labels_known_before_their_request_are_named_as_well(tmp_path: Path) -> None:
    log = requests(20).with_columns(
        prediction=pl.lit("a"),
        label=pl.Series(["a", "b", None] + ["a"] * 17),
        label_timestamp=START - timedelta(hours=1),
    )
    workspace = made(tmp_path, log=log)
    assert said(tmp_path, workspace) == [
        "logs/a.parquet: 19 of 20 rows have a label known before their request; it counts from the request"
    ]
    assert counted(workspace, 0) == (4.0, 1.0)


def test_two_labels_before_the_request_are_taken_in_the_order_of_their_times(tmp_path: Path) -> None:
    for name, times in (("later", (-20, -10)), ("earlier", (-10, -20))):
        workspace = made(tmp_path / name, labels((3, "a", times[0])), labels((3, "b", times[1])))
        workspace.ingest()
        assert counted(workspace, 30) == (1.0, 1.0 if name == "later" else 0.0)


@pytest.mark.parametrize("order", list(itertools.permutations(("a", "b", "c"))))
def test_of_labels_that_contradict_the_largest_counts(tmp_path: Path, order: tuple[str, str, str]) -> None:
    workspace = made(tmp_path, labels(*((3, value, 30) for value in order), (4, "a", 30), (4, "a", 30)))
    assert said(tmp_path, workspace) == [
        "labels/0.parquet: 1 request with different labels of the same time: the largest value counts"
    ]
    assert counted(workspace, 30) == (2.0, 1.0)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_files_that_contradict_each_other_are_named_and_the_largest_label_counts(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    files = [labels((3, value, 30), (5, "a", 30)) for value in order]
    workspace = made(tmp_path, *files)
    assert said(tmp_path, workspace) == [
        "logs/a.parquet: 1 request with different labels of the same time in several files: the largest value counts"
    ]
    assert counted(workspace, 30) == (2.0, 1.0)


@pytest.mark.parametrize(("first", "second", "bad"), [("b", "a", 0.0), ("a", "b", 1.0)])
def test_a_correction_within_five_minutes_is_no_contradiction(
    tmp_path: Path, first: str, second: str, bad: float
) -> None:
    workspace = made(tmp_path, labels((3, second, 31.5), (3, first, 31)))
    assert said(tmp_path, workspace) == []
    assert counted(workspace, 30) == (1.0, bad)


def test_labels_of_the_future_are_named_and_wait(tmp_path: Path) -> None:
    future = START.replace(year=2126)
    log = requests(20).with_columns(
        prediction=pl.lit("a"), label=pl.Series(["b"] + [None] * 19, dtype=pl.String), label_timestamp=future
    )
    workspace = made(tmp_path, labels((3, "b", future), (4, "a", 30)), log=log)
    assert sorted(said(tmp_path, workspace)) == [
        "labels/0.parquet: 1 label with a time in the future: counted from then on; check the clock",
        "logs/a.parquet: 1 of 20 rows have a label known in the future; it counts from then on",
    ]
    assert counted(workspace, 60) == (1.0, 0.0)


def test_rows_that_name_no_request_or_hold_no_label_are_left_out(tmp_path: Path) -> None:
    workspace = made(tmp_path, labels((None, "a", 30), (None, None, 30), (3, None, 30), (4, "b", 30)))
    assert said(tmp_path, workspace) == [
        "labels/0.parquet: 2 of 4 rows have no request_id; left out",
        "labels/0.parquet: 1 of 4 rows have no label; left out",
    ]
    assert counted(workspace, 30) == (1.0, 1.0)


def test_label_times_that_cannot_be_read_count_from_the_request(tmp_path: Path) -> None:
    text = labels((3, "b", 30), (4, "a", 30)).with_columns(
        label_timestamp=pl.Series(["yesterday", "2026-10-05 00:30Z"])
    )
    log = requests(20).with_columns(
        prediction=pl.lit("a"),
        label=pl.Series(["b"] + [None] * 19, dtype=pl.String),
        label_timestamp=pl.lit("soon"),
    )
    workspace = made(tmp_path, text, log=log)
    assert sorted(said(tmp_path, workspace)) == [
        "labels/0.parquet: 1 of 2 rows have a label_timestamp that is no time; their labels count from the request",
        "logs/a.parquet: 1 of 20 rows have a label_timestamp that is no time; the label counts from the request",
    ]
    assert counted(workspace, 5) == (2.0, 2.0)
    assert counted(workspace, 30) == (3.0, 2.0)


def test_a_label_file_that_comes_later_names_only_what_is_new(tmp_path: Path) -> None:
    workspace = made(tmp_path, labels((3, "b", 30), (3, "a", 30)))
    assert len(said(tmp_path, workspace)) == 1
    write(tmp_path / "labels/z.parquet", labels((4, "b", 30)))
    assert said(tmp_path, workspace) == []
    assert counted(workspace, 30) == (2.0, 2.0)
