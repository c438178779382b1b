"""`burnline validate`: exit codes, JSON, the schema file, and sentences for wrong calls."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from making_validation import healthy, workspace

from burnline.dashboard.cli import main
from burnline.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ingested workspace: a clock that is wrong for all of its rows is the clock's fault."""
    folder = workspace(tmp_path_factory.mktemp("cli"), healthy(9))
    Workspace.open(folder).ingest()
    healthy(1, first=8).write_parquet(folder / "good.parquet")
    healthy(1, first=8).with_columns(f_amount=pl.lit(None, pl.Float64)).write_parquet(folder / "bad.parquet")
    return folder


def run(*args: object) -> int:
    return main([str(a) for a in args])


def test_data_that_pass_exit_0_and_data_that_fail_exit_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", "-w", folder, "m", folder / "good.parquet") == 0
    assert "ingestion: passed" in capsys.readouterr().out
    assert run("validate", "-w", folder, "m", folder / "bad.parquet") == 1
    out = capsys.readouterr().out
    assert "features: failed" in out
    assert "error vanished  f_amount: the feature has no value any more" in out


def test_json_is_the_one_document_of_the_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", "-w", folder, "m", folder / "bad.parquet", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["model"], answer["passed"]) == ("m", False)
    assert [s["stage"] for s in answer["stages"]] == ["ingestion", "transformation", "features", "serving"]
    (bad,) = [c for s in answer["stages"] for c in s["checks"] if c["check"] == "nulls" and c["column"] == "f_amount"]
    assert {"check", "column", "passed", "failed_rows", "example", "sentence"} <= set(bad)
    assert (bad["passed"], bad["failed_rows"], bad["rows"]) == (False, 960, 960)


def test_without_a_path_the_logs_are_judged_training_included_and_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", "-w", folder, "m", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert [s["stage"] for s in answer["stages"]][-1] == "training"
    assert answer["path"] is None
    assert Workspace.open(folder).records().validations("m")[-1].passed


def test_a_stage_and_a_span_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2026-10-12", "--to", "2026-10-12T12:00:00Z")
    assert run("validate", "-w", folder, "m", "--stage", "features", *span, "--json") == 0
    (stage,) = json.loads(capsys.readouterr().out)["stages"]
    assert (stage["stage"], stage["rows"]) == ("features", 480)
    assert run("validate", "-w", folder, "m", "--last", "2h", "--stage", "features", "--json") == 0
    assert json.loads(capsys.readouterr().out)["stages"][0]["rows"] == 80


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("x",), "there is no model 'x'"),
        (("m", "nothing.parquet"), "there is no such parquet file or folder"),
        (("m", "--stage", "deployment"), "deployment"),
        (("m", "--last", "soon"), "--last: 'soon' is not a time"),
        (("m", "--last", "0s"), "--last: must be above zero"),
        (("m", "--force"), "--force replaces a schema: give it with --write-schema"),
        (("m", "a.parquet", "--write-schema"), "--write-schema learns from the reference"),
        (("m", "--from", "2026-10-12", "--to", "2026-10-11"), "give --from before --to"),
    ],
)
def test_a_wrong_call_exits_2_with_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], sentence: str
) -> None:
    assert run("validate", "-w", folder, *args) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""


def test_an_unreadable_file_is_a_failed_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cut.parquet").write_bytes(b"PAR1 cut off")
    assert run("validate", "-w", folder, "m", folder / "cut.parquet", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    (check,) = answer["stages"][0]["checks"]
    assert (check["check"], check["passed"]) == ("readable", False)


def test_the_schema_is_written_once_and_then_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace(tmp_path)
    assert run("validate", "-w", folder, "m", "--write-schema") == 0
    path = folder / "models" / "m.schema.yaml"
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert run("validate", "-w", folder, "m", "--write-schema") == 2
    assert run("validate", "-w", folder, "m", "--write-schema", "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"model": "m", "schema": str(path)}
    path.write_text(path.read_text().replace("type: integer", "type: intger"))
    assert run("validate", "-w", folder, "m") == 2
    assert "unknown value 'intger'; did you mean 'integer'?" in capsys.readouterr().err
