"""Onboarding: what is promised from logs alone, what is left out and why, and that nothing breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from burnline import onboarding
from burnline.errors import BurnlineError
from burnline.logs import ModelProfile, expand
from burnline.onboarding import infer_type, init
from burnline.slis import kinds
from burnline.spec import Model, load_models, load_workspace, template

START = datetime(2026, 1, 1)
Cell = Callable[[int], object]
CLASSES: Mapping[str, Cell] = {
    "status": lambda i: 200,
    "latency_ms": lambda i: 20.0 + i % 7,
    "prediction": lambda i: "cat" if i % 2 else "dog",
    "label": lambda i: "cat",
    "confidence": lambda i: 0.9,
    "feature_timestamp": lambda i: START,
    "f_age": lambda i: float(i),
    "f_land": lambda i: "ch",
}
NUMBERS: Mapping[str, Cell] = {"prediction": lambda i: i / 7, "label": lambda i: i / 7.1}
RANKS: Mapping[str, Cell] = {
    "query_id": lambda i: str(i // 5),
    "relevance": lambda i: i % 3,
    "rank": lambda i: i % 5 + 1,
}


def write(path: Path, model: str, columns: Mapping[str, Cell], rows: int = 600) -> None:
    """A log of one model: a request every 30 seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data: dict[str, list[object]] = {
        "timestamp": [START + timedelta(seconds=30 * i) for i in range(rows)],
        "model": [model] * rows,
        "request_id": [f"{model}-{i}" for i in range(rows)],
    }
    data |= {name: [cell(i) for i in range(rows)] for name, cell in columns.items()}
    pl.DataFrame(data).write_parquet(path)


def one_row(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({name: [value] for name, value in columns.items()}).write_parquet(path)


def loaded(folder: Path) -> dict[str, Model]:
    return {model.name: model for model in load_models(folder, kinds())}


def test_a_log_with_every_column_gets_the_whole_template(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a.parquet", "pets", CLASSES)
    report = init(tmp_path / "ws", [str(tmp_path / "logs")])
    (model,) = report.models
    expected = (*template("classification", 2, kinds()), "throughput")
    assert (model.model, model.type, model.tier, model.slos) == ("pets", "classification", 2, expected)
    assert [(item.sli, item.reason) for item in model.left_out] == [
        ("saturation", "no metrics file has this model"),
        ("canary", "no canary requests"),
    ]
    assert report.directory == str(tmp_path / "ws")
    assert report.files == (f"{tmp_path}/ws/burnline.yaml", f"{tmp_path}/ws/models/pets.yaml")
    assert model.file == report.files[1]
    assert report.problems == ()


def test_what_is_written_is_what_was_meant(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a.parquet", "pets", CLASSES)
    init(tmp_path / "ws", [str(tmp_path / "logs")], tier=1)
    model = loaded(tmp_path / "ws")["pets"]
    assert (model.type, model.tier, model.removed) == ("classification", 1, ())
    found = {slo.name: (slo.objective, slo.threshold, str(slo.window.duration)) for slo in model.slos}
    bare = tmp_path / "bare" / "models" / "m.yaml"
    bare.parent.mkdir(parents=True)
    bare.write_text(
        "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: m}\n"
        "spec: {type: classification, tier: 1, slos: {throughput: {threshold: 12/h}}}"
    )
    standard = {s.name: (s.objective, s.threshold, str(s.window.duration)) for s in loaded(tmp_path / "bare")["m"].slos}
    assert found == standard
    completeness = model.slo("completeness")
    assert completeness is not None
    assert completeness.features == ("f_age", "f_land")


def test_the_text_of_a_model_file(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "price", {**NUMBERS, "status": lambda i: 200})
    init(tmp_path / "ws", [str(tmp_path / "a.parquet")])
    text = (tmp_path / "ws" / "models" / "price.yaml").read_text("utf-8")
    assert text == (
        "# 600 requests from 2026-01-01 to 2026-01-01, as found by burnline init.\n"
        "apiVersion: burnline/v1\n"
        "kind: Model\n"
        "metadata: {name: price}\n"
        "spec:\n"
        "  type: regression  # classification, regression or ranking; inferred from the logs\n"
        "  tier: 2  # 1 critical, 2 normal, 3 tolerant, 4 best effort\n"
        "  # owner: team@example.com\n"
        "  slos:\n"
        "    availability: {objective: 99.9%, window: 30d}  # share of requests that did not fail\n"
        "    rmse: {threshold: 0.15, objective: 95%, min_rows: 30, window: 30d}"
        "  # share of hours with a root mean squared error up to the threshold\n"
        "    throughput: {threshold: 12/h, objective: 99%, window: 30d}"
        "  # share of 5-minute slices with at least this rate; a tenth of a quiet slice in these logs\n"
        "    # Not possible with these logs; delete a line once they are:\n"
        "    latency: false  # no column latency_ms\n"
        "    freshness: false  # no column feature_timestamp\n"
        "    completeness: false  # no feature columns (f_…)\n"
        "    drift: false  # no feature columns (f_…)\n"
        "    # Also not possible yet:\n"
        "    # saturation: no metrics file has this model\n"
        "    # canary: no canary requests\n"
    )


def test_the_text_of_the_workspace(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "a.parquet", "pets", CLASSES)
    init(tmp_path / "acme: eu", [str(tmp_path / "logs")])
    assert (tmp_path / "acme: eu" / "burnline.yaml").read_text("utf-8") == (
        "apiVersion: burnline/v1\n"
        "kind: Workspace\n"
        "metadata: {name: 'acme: eu'}\n"
        "spec:\n"
        "  timezone: UTC  # of calendar windows and reports, such as Europe/Zurich\n"
        "  logs:\n"
        "  - {path: ../logs/**/*.parquet}\n"
        "  reference: {window: first 7d}  # what drift is measured against\n"
        "  store: .burnline  # where burnline keeps what it has read\n"
    )


def test_the_bare_minimum(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "bare", {})
    report = init(tmp_path / "ws", [str(tmp_path / "a.parquet")])
    assert report.models[0].slos == ("throughput",)
    assert {item.sli: item.reason for item in report.models[0].left_out}["accuracy"] == "no columns prediction, label"
    assert [slo.name for slo in loaded(tmp_path / "ws")["bare"].slos] == ["throughput"]


def test_several_models_of_different_types_in_one_log(tmp_path: Path) -> None:
    for name, columns in (("pets", CLASSES), ("price", NUMBERS), ("search", RANKS)):
        write(tmp_path / "logs" / f"{name}.parquet", name, columns)
    report = init(tmp_path / "ws", [str(tmp_path / "logs")])
    assert [(m.model, m.type) for m in report.models] == [
        ("pets", "classification"),
        ("price", "regression"),
        ("search", "ranking"),
    ]
    assert "ndcg" in report.models[2].slos
    given = init(tmp_path / "ws2", [str(tmp_path / "logs")], type="regression", tier=4)
    assert {(m.type, m.tier) for m in given.models} == {("regression", 4)}
    assert {m.tier for m in loaded(tmp_path / "ws2").values()} == {4}


PROFILE = ModelProfile(
    model="m",
    rows=1,
    first=START.replace(tzinfo=UTC),
    last=START.replace(tzinfo=UTC),
    columns=frozenset({"prediction", "label"}),
    features=(),
    prediction_kind="number",
    label_kind="number",
    label_distinct=100,
    has_canary=False,
    requests_per_slice_p05=1.0,
    mapping={},
)


@pytest.mark.parametrize(
    ("changes", "type_"),
    [
        ({}, "regression"),
        ({"label_distinct": 5}, "classification"),
        ({"label_kind": "category"}, "classification"),
        ({"prediction_kind": "category"}, "classification"),
        ({"prediction_kind": None, "label_kind": None}, "classification"),
        ({"label_kind": None}, "regression"),
        ({"label_kind": None, "columns": frozenset({"prediction", "confidence"})}, "classification"),
        ({"columns": frozenset({"prediction", "label", "p_cat"})}, "classification"),
        ({"columns": frozenset({"query_id", "relevance", "score"})}, "ranking"),
        ({"columns": frozenset({"query_id", "relevance"})}, "regression"),
    ],
)
def test_the_type_is_inferred(changes: dict[str, object], type_: str) -> None:
    assert infer_type(replace(PROFILE, **changes)) == type_  # type: ignore[arg-type]


def test_a_ranking_without_an_order_has_no_ndcg(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "search", {k: v for k, v in RANKS.items() if k != "rank"})
    (model,) = init(tmp_path / "ws", [str(tmp_path / "a.parquet")], type="ranking").models
    assert {item.sli: item.reason for item in model.left_out}["ndcg"] == "no column rank or score"


def test_other_files_are_recognised_and_used(tmp_path: Path) -> None:
    unlabelled = {name: cell for name, cell in CLASSES.items() if name != "label"}
    write(tmp_path / "data" / "logs" / "day=1" / "a.parquet", "pets", {**unlabelled, "canary": lambda i: i % 9 == 0})
    write(tmp_path / "data" / "logs" / "day=2" / "a.parquet", "birds", unlabelled)
    one_row(tmp_path / "data" / "late" / "l.parquet", request_id="pets-1", label="cat", label_timestamp=START)
    one_row(tmp_path / "data" / "infra" / "m.parquet", timestamp=START, model="pets", gpu_percent=5.0, queue_depth=3)
    one_row(tmp_path / "data" / "changes" / "e.parquet", timestamp=START, model="pets", kind="deploy", version="2")
    one_row(tmp_path / "data" / "runs" / "t.parquet", timestamp=START, model="pets", run="a", step=1, loss=0.5)
    one_row(tmp_path / "data" / "other.parquet", colour="red")
    (tmp_path / "data" / "logs" / "broken.parquet").write_text("not parquet")
    report = init(tmp_path / "ws", [str(tmp_path / "data")])
    workspace = load_workspace(tmp_path / "ws")
    assert [source.path for source in workspace.logs] == ["../data/logs/**/*.parquet"]
    assert [source.path for source in workspace.labels] == ["../data/late/**/*.parquet"]
    assert [source.path for source in workspace.metrics] == ["../data/infra/**/*.parquet"]
    assert [source.path for source in workspace.events] == ["../data/changes/**/*.parquet"]
    assert [source.path for source in workspace.training] == ["../data/runs/**/*.parquet"]
    birds, pets = report.models
    assert {"accuracy", "canary", "saturation"} <= set(pets.slos)
    assert not {"canary", "saturation"} & set(birds.slos)
    saturation = loaded(tmp_path / "ws")["pets"].slo("saturation")
    assert saturation is not None
    assert (saturation.metric, saturation.threshold) == ("gpu_percent", 90.0)
    broken, other = report.problems
    assert broken.startswith(f"{tmp_path}/data/logs/broken.parquet: ")
    assert other == (f"{tmp_path}/data/other.parquet: neither a log nor labels, metrics, events or training; left out")


def test_files_of_different_kinds_side_by_side_are_named_one_by_one(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.parquet", "pets", CLASSES)
    one_row(tmp_path / "data" / "b.parquet", request_id="pets-1", label="cat", label_timestamp=START)
    write(tmp_path / "data" / "more" / "c.parquet", "pets", CLASSES)
    init(tmp_path / "ws", [str(tmp_path / "data")])
    workspace = load_workspace(tmp_path / "ws")
    assert [source.path for source in workspace.logs] == ["../data/a.parquet", "../data/more/**/*.parquet"]
    assert [source.path for source in workspace.labels] == ["../data/b.parquet"]
    init(tmp_path / "ws2", [str(tmp_path / "data" / "*.parquet"), str(tmp_path / "data" / "more")])
    again = load_workspace(tmp_path / "ws2")
    assert (again.logs, again.labels) == (workspace.logs, workspace.labels)


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("ws", "../logs/**/*.parquet"),
        ("logs", "**/*.parquet"),
        ("logs/ws", "../**/*.parquet"),
        (".", "logs/**/*.parquet"),
    ],
)
def test_the_workspace_may_lie_anywhere(
    folder: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "logs" / "a.parquet", "pets", CLASSES)
    init(folder, ["logs"])
    workspace = load_workspace(folder)
    assert [source.path for source in workspace.logs] == [path]
    assert [file.path for file in expand(workspace.resolve(path))] == [f"{tmp_path}/logs/a.parquet"]


def test_a_workspace_with_nothing_in_common_with_the_logs_names_them_in_full() -> None:
    assert onboarding._seen_from(Path("/home/me/ws"), "/data/logs/*.parquet") == "/data/logs/*.parquet"
    assert onboarding._seen_from(Path("/data/ws"), "/data/logs/*.parquet") == "../logs/*.parquet"


NASTY = [
    "yes",
    "1.0",
    "1e3",
    "09",
    "a: b",
    "ü'\"#x",
    "- x",
    "A/b",
    "A:b",
    "a-b",
    "../../etc",
    "null",
    "*x",
    "%",
    "a" * 300,
]


def test_any_model_name_survives(tmp_path: Path) -> None:
    for number, name in enumerate(NASTY):
        write(tmp_path / "logs" / f"{number}.parquet", name, CLASSES, rows=20)
    report = init(tmp_path / "ws", [str(tmp_path / "logs")])
    assert sorted(loaded(tmp_path / "ws")) == sorted(NASTY)
    files = [Path(model.file) for model in report.models]
    assert len({file.name.casefold() for file in files}) == len(NASTY)
    assert {file.parent for file in files} == {tmp_path / "ws" / "models"}
    assert {model.model: Path(model.file).name for model in report.models}.items() >= {
        ("A/b", "A-b.yaml"),
        ("A:b", "A-b-2.yaml"),
        ("a-b", "a-b-3.yaml"),
        ("../../etc", "etc.yaml"),
        ("%", "model.yaml"),
    }


@pytest.mark.parametrize("taken", ["burnline.yaml", "models/pets.yaml"])
def test_nothing_is_overwritten(taken: str, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "pets", CLASSES)
    path = tmp_path / "ws" / taken
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(BurnlineError) as caught:
        init(tmp_path / "ws", [str(tmp_path / "a.parquet")])
    assert str(caught.value) == f"{path} exists already; move it away or choose another folder"
    assert path.read_text() == "mine"
    assert [file for file in (tmp_path / "ws").rglob("*") if file.is_file()] == [path]


def test_a_failure_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.parquet", name, CLASSES)
    rename = onboarding.os.rename

    def fail(source: Path, target: Path) -> None:
        if target.name == "a.yaml":
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(onboarding.os, "rename", fail)
    with pytest.raises(BurnlineError, match=r"ws: cannot be written: No space left on device$"):
        init(tmp_path / "ws", [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")])
    assert [file for file in (tmp_path / "ws").rglob("*") if file.is_file()] == []


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "pets", CLASSES)
    with pytest.raises(BurnlineError, match=r"a\.parquet: cannot be written: "):
        init(tmp_path / "a.parquet", [str(tmp_path / "a.parquet")])


def test_input_that_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(BurnlineError, match=r"none/\*\.parquet: no such parquet file"):
        init(tmp_path / "ws", [str(tmp_path / "none" / "*.parquet")])
    one_row(tmp_path / "x.parquet", colour="red")
    with pytest.raises(BurnlineError, match=r"^no prediction log among 1 files: .*neither a log nor labels"):
        init(tmp_path / "ws", [str(tmp_path / "x.parquet")])
    one_row(tmp_path / "m.parquet", timestamp=START, model="pets", cpu_percent=5.0)
    with pytest.raises(BurnlineError, match=r"m\.parquet holds metrics"):
        init(tmp_path / "ws", [str(tmp_path / "m.parquet")])
    one_row(tmp_path / "n.parquet", timestamp=START, model=" ", status=200, prediction="a")
    with pytest.raises(BurnlineError, match="no model in 1 log files"):
        init(tmp_path / "ws", [str(tmp_path / "n.parquet")])
    assert not (tmp_path / "ws").exists()


def test_unknown_types_and_tiers(tmp_path: Path) -> None:
    with pytest.raises(BurnlineError, match="unknown type 'cluster'; types: classification, regression, ranking"):
        init(tmp_path, [], type="cluster")
    with pytest.raises(BurnlineError, match="unknown tier 0"):
        init(tmp_path, [], tier=0)


@pytest.mark.parametrize(
    ("per_second", "rate"),
    [
        (50.0, "50/s"),
        (12.34, "12/s"),
        (1234.0, "1200/s"),
        (0.25, "15/m"),
        (0.0033, "12/h"),
        (0.0001, "8.6/d"),
        (0.0, None),
    ],
)
def test_a_suggested_rate_has_two_digits(per_second: float, rate: str | None) -> None:
    assert onboarding._rate(per_second) == rate
