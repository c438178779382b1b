from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from burnline.spec import WorkspaceSpec, load_workspace
from burnline.validation import training_files
from burnline.validation.training_files import read_training, read_training_logs
from burnline.validation.training_stage import training_stage

START = datetime(2026, 11, 1, tzinfo=UTC)


def workspace(root: Path, training: str = '[{path: "training/*.parquet"}]') -> WorkspaceSpec:
    text = f"apiVersion: burnline/v1\nkind: Workspace\nmetadata: {{name: w}}\nspec:\n  training: {training}\n"
    (root / "burnline.yaml").write_text(text)
    (root / "training").mkdir(exist_ok=True)
    return load_workspace(root)


def log(n: int = 30, run: str = "a", start: datetime = START, model: str = "m", **columns: object) -> pl.DataFrame:
    columns = columns or {"loss": 1 / np.arange(1.0, n + 1)}
    return pl.DataFrame(
        {
            "timestamp": [start + timedelta(minutes=i) for i in range(n)],
            "model": [model] * n,
            "run": [run] * n,
            "step": range(1, n + 1),
            **columns,
        }
    )


def write(root: Path, name: str, frame: pl.DataFrame) -> None:
    frame.write_parquet(root / "training" / f"{name}.parquet")


def test_rows_come_as_logged_with_nan_and_infinity_kept(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    write(tmp_path, "a", log(4, loss=[1.0, float("nan"), float("inf"), None], epoch=[0, 0, 1, 1]))
    found = read_training(spec, "m")
    assert found.columns == ["timestamp", "run", "step", "rows", "counted", "loss", "epoch"]
    assert found["loss"].to_list()[:1] == [1.0]
    assert np.isnan(found["loss"][1])
    assert found["loss"][2:].to_list() == [float("inf"), None]
    assert found["timestamp"].to_list() == [START + timedelta(minutes=i) for i in range(4)]
    assert found["rows"].sum() == 4
    assert read_training(spec, "other").height == 0


def test_mapping_names_raw_columns_and_files_of_other_types_go_together(tmp_path: Path) -> None:
    spec = workspace(tmp_path, '[{path: "training/*.parquet", mapping: {loss: train/loss, timestamp: when}}]')
    first = log(25).rename({"loss": "train/loss", "timestamp": "when"})
    later = log(25, "a", START + timedelta(hours=1)).rename({"loss": "train/loss", "timestamp": "when"})
    later = later.with_columns(
        pl.col("step") + 25, pl.col("train/loss").cast(pl.String), pl.col("run").cast(pl.Categorical)
    )
    write(tmp_path, "1", first)
    write(tmp_path, "2", later.with_columns(pl.col("when").dt.epoch("ms")))
    found = read_training(spec, "m")
    assert found["step"].to_list() == list(range(1, 51))
    assert found["loss"].to_list() == [*first["train/loss"], *first["train/loss"]]
    assert found["timestamp"][25] == START + timedelta(hours=1)


def test_nothing_after_the_moment_is_read(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    write(tmp_path, "a", pl.concat([log(10), log(10, "b", START + timedelta(hours=1))]))
    found = read_training(spec, "m", until=START + timedelta(minutes=4))
    assert (found.height, found["run"].unique().to_list()) == (5, ["a"])


def test_the_newest_runs_are_read_and_the_rest_is_counted(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    runs = [log(3, f"r{i:02}", START + timedelta(days=i)) for i in range(25)]
    write(tmp_path, "a", pl.concat(runs))
    logs = read_training_logs(spec, "m")
    assert sorted(logs.runs["run"].unique()) == [f"r{i:02}" for i in range(5, 25)]
    assert logs.problems == ("m has 25 training runs; the newest 20 are looked at",)


def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    spec = workspace(tmp_path, '[{path: "training/*.parquet"}, {path: "lost/*.parquet"}]')
    write(tmp_path, "a", log(5, loss=["1", "2", "n/a", "4", None]).with_columns(pl.lit("adam").alias("optimiser")))
    write(tmp_path, "b", log(3).drop("run"))
    write(tmp_path, "c", log(2, "c").with_columns(step=pl.Series([1, None])))
    (tmp_path / "training" / "d.parquet").write_bytes(b"PAR1 and no more")
    logs = read_training_logs(spec, "m")
    assert sorted(logs.runs["run"].unique()) == ["a", "c"]
    assert logs.runs["loss"].drop_nulls().to_list() == [1.0, 2.0, 4.0, 1.0]
    told = " | ".join(logs.problems)
    for part in (
        "lost/*.parquet: no file of this name; correct the path in spec.training",
        "a.parquet: 1 of 4 values of loss are text that is no number",
        "b.parquet: it has no column run",
        "d.parquet: not a parquet file",
        "1 rows of training runs of m have no time, run or step; they are left out",
    ):
        assert part in told
    assert len(logs.problems) == 5
    stage = training_stage(spec, "m")
    assert [c.sentence for c in stage.checks if c.check == "readable"] == [f"{p}." for p in logs.problems]
    assert all(c.severity == "warning" for c in stage.checks if c.check == "readable")


def test_a_long_run_is_read_as_medians_and_its_first_nan_to_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_files, "WHOLE", 500)
    monkeypatch.setattr(training_files, "_BLOCKS", 100)
    spec = workspace(tmp_path)
    rng = np.random.default_rng(3)
    loss = 1 / np.arange(1.0, 1001) + 0.01 * rng.random(1000)
    rare = np.where(np.arange(1000) % 100 == 0, 5.0, np.nan)
    loss[777:] = np.nan
    loss[500] = np.inf
    write(
        tmp_path,
        "a",
        pl.concat(
            [
                log(1000, loss=loss, rare=rare),
                log(10, "b", START - timedelta(days=1), loss=np.ones(10), rare=np.ones(10)),
            ]
        ),
    )
    frame = read_training(spec, "m").filter(pl.col("run") == "a")
    blocks, odd = frame.filter("counted"), frame.filter(~pl.col("counted"))
    # Steps 1..1000 in 100 spans of 9.99 steps; step 1000, the end itself, joins the last one.
    span = np.minimum(((np.arange(1, 1001) - 1) / 999 * 100).astype(int), 99)
    finite = np.isfinite(loss)
    expected = [float(np.median(loss[finite & (span == i)])) for i in range(100) if (finite & (span == i)).any()]
    assert blocks.height == 100
    assert blocks["rows"].sum() == 1000
    assert blocks["loss"].drop_nulls().to_list() == pytest.approx(expected)
    first = odd.filter(pl.col("loss").is_not_null()).row(0, named=True)
    assert (first["step"], first["rows"], first["loss"]) == (501, 224, float("inf"))
    assert first["timestamp"] == START + timedelta(minutes=500)
    stage = training_stage(spec, "m")
    assert stage.rows == 1010
    check = next(c for c in stage.checks if c.check == "not_finite" and c.column == "loss" and not c.passed)
    assert (check.failed_rows, check.first_failed) == (224, START + timedelta(minutes=500))


def test_tensor_schemas_are_told_apart_by_their_columns(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    write(tmp_path, "runs", log(3))
    schema = pl.DataFrame(
        {
            "tensor": ["x", "y"],
            "dtype": ["float32", "int64"],
            "shape": [[None, 128], []],
            "stage": ["train", "serving"],
        },
        schema_overrides={"shape": pl.List(pl.Int64)},
    )
    write(tmp_path, "tensors", schema)
    write(tmp_path, "other", schema.with_columns(model=pl.lit("n"), version=pl.lit("2.0")))
    logs = read_training_logs(spec, "m")
    assert logs.runs.height == 3
    assert logs.tensors.drop("file").rows() == [
        ("x", "float32", "[NULL, 128]", None, "train", None, None),
        ("y", "int64", "[]", None, "serving", None, None),
    ]
    assert read_training_logs(spec, "n").tensors["run"].to_list() == ["2.0", "2.0", None, None]
    assert logs.problems == ()


def test_schemas_known_later_are_not_known_yet(tmp_path: Path) -> None:
    spec = workspace(tmp_path)
    rows = {"tensor": ["x"], "dtype": ["float32"], "shape": ["[1]"], "timestamp": [START]}
    write(tmp_path, "tensors", pl.DataFrame(rows))
    assert read_training_logs(spec, "m", until=START - timedelta(seconds=1)).tensors.height == 0
    assert read_training_logs(spec, "m", until=START).tensors.height == 1


def test_a_workspace_without_training_files_has_a_stage_with_a_reason(tmp_path: Path) -> None:
    stage = training_stage(workspace(tmp_path, "[]"), "m")
    assert (stage.rows, stage.checks, stage.passed) == (0, (), True)
    assert stage.reason is not None
