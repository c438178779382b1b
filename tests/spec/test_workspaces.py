"""burnline.yaml: what is filled in, how paths resolve, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from burnline.spec import DefinitionError, Duration, Reference, WorkspaceSpec, load_workspace

Write = Callable[[str, str], Path]
HEAD = "apiVersion: burnline/v1\nkind: Workspace\nmetadata: {name: acme}\nspec:\n"


@pytest.fixture
def load(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], WorkspaceSpec]:
    """Load burnline.yaml from its text under ``spec:`` (line 5 on)."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> WorkspaceSpec:
        write("burnline.yaml", HEAD + text)
        return load_workspace(".")

    return load


Load = Callable[[str], WorkspaceSpec]


def test_what_is_left_out(load: Load) -> None:
    spec = load("  logs: [{path: a.parquet}]")
    assert (spec.timezone, spec.store, spec.engine, spec.segments, spec.count_429) == (
        "UTC",
        ".burnline",
        "duckdb",
        ("version", "region"),
        True,
    )
    assert spec.reference == Reference(first=Duration(count=7, unit="d"))
    assert spec.labels == ()


def test_what_is_set(load: Load) -> None:
    spec = load('  {count_429: no, segments: [d_plan, tenant], reference: {path: "ref/{model}.parquet"}}')
    assert (spec.count_429, spec.segments) == (False, ("d_plan", "tenant"))
    assert spec.reference == Reference(path="ref/{model}.parquet")
    assert load("  segments: []").segments == ()


def test_paths_resolve_against_the_workspace(write: Write, tmp_path: Path) -> None:
    spec = load_workspace(write("burnline.yaml", HEAD + "  store: x"))
    assert spec.resolve("logs/**/*.parquet") == f"{tmp_path}/logs/**/*.parquet"
    assert spec.resolve("../logs/a.parquet") == f"{tmp_path.parent}/logs/a.parquet"
    for path in ("/var/log/a.parquet", "s3://bucket/*.parquet", "gs://b/a.parquet", "https://host/a.parquet"):
        assert spec.resolve(path) == path


def test_mappings_of_any_name_where_columns_are_free(load: Load) -> None:
    spec = load("  metrics: [{path: a, mapping: {cpu_percent: cpu}}]\n  logs: [{path: b, mapping: {f_age: Age}}]")
    assert spec.metrics[0].mapping == {"cpu_percent": "cpu"}
    assert spec.logs[0].mapping == {"f_age": "Age"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  time_zone: UTC", "5: unknown key 'time_zone' in spec; did you mean 'timezone'?"),
        ("  timezone: Europe/Zurch", "5: timezone: 'Europe/Zurch' is not a time zone; did you mean 'Europe/Zurich'?"),
        ("  logs: logs/*.parquet", "5: logs: must be a list, not 'logs/*.parquet'"),
        ("  logs: [a.parquet]", "5: logs[0]: must be a mapping, not 'a.parquet'"),
        ("  logs:\n  - {path: a}\n  - {pth: b}", "7: unknown key 'pth' in logs[1]; did you mean 'path'?"),
        ("  logs: [{format: auto}]", "5: 'path' is missing in logs[0]; add path: \"logs/*.parquet\""),
        ("  logs: [{path: 5}]", '5: logs[0].path: must be text, not 5; write "5"'),
        (
            "  logs: [{path: a, mapping: {timestmp: t}}]",
            "5: logs[0].mapping: unknown canonical column 'timestmp'; did you mean 'timestamp'?",
        ),
        (
            "  labels: [{path: a, mapping: {request: r}}]",
            "5: labels[0].mapping: unknown canonical column 'request'; did you mean 'request_id'?",
        ),
        ("  logs: [{path: a, mapping: {model: 1}}]", '5: logs[0].mapping.model: must be text, not 1; write "1"'),
        ("  reference: {}", "5: reference: needs either window: first 7d or path:"),
        ("  reference: {window: last 7d}", "5: reference.window: 'last 7d' is not a reference window; write first 7d"),
        ("  reference: {window: first 1M}", "5: reference.window: 1M has no fixed length; write it in days or weeks"),
        ("  reference: {window: first 7d, path: a}", "5: reference: needs either window: first 7d or path:"),
        ("  engine: ducdb", "5: engine: unknown value 'ducdb'; did you mean 'duckdb'?"),
        ("  segments: [regio]", "5: segments: 'regio' is not a segment column; did you mean 'region'?"),
        (
            "  segments: [request_id]",
            "5: segments: 'request_id' is not a segment column; write version, region, tenant",
        ),
        ("  count_429: maybe", "5: count_429: must be true or false, not 'maybe'"),
        ("  store: ''", "5: store: must not be empty"),
        ("  store: x\n---\na: 1", "7: holds several documents; a workspace is one"),
        ("", "4: 'spec' is missing; add spec: {logs: [{path: \"logs/*.parquet\"}]}"),
    ],
)
def test_a_wrong_workspace(load: Load, text: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(text)
    assert str(caught.value).startswith(f"burnline.yaml:{message}")
    assert "\n" not in str(caught.value)


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_workspace(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/burnline.yaml: no workspace here: burnline.yaml is missing;")


def test_a_model_is_no_workspace(write: Write) -> None:
    path = write("burnline.yaml", HEAD.replace("Workspace", "Model") + "  store: x")
    with pytest.raises(DefinitionError, match=r":2: kind: unknown value 'Model'; write Workspace$"):
        load_workspace(path)


def test_engines_are_what_the_caller_has(write: Write) -> None:
    path = write("burnline.yaml", HEAD + "  engine: spark")
    assert load_workspace(path, engines=("duckdb", "spark")).engine == "spark"
