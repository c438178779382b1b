"""Schema files: what they say, what is refused, and that they are no Models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from burnline.spec import DefinitionError, SliKind, read_models
from burnline.spec.read_schema import load_schema, orphans
from burnline.spec.schema import ColumnRule, RowsRule, Schema

Write = Callable[[str, str], Path]
HEAD = "apiVersion: burnline/v1\nkind: Schema\nmetadata: {name: fraud}\nspec:\n"


@pytest.fixture
def load(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Schema]:
    """The Schema of the text under ``spec`` (line 5 on), read as a person in the workspace folder would."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> Schema:
        write("models/fraud.schema.yaml", HEAD + text)
        found = load_schema(".", "fraud")
        assert found is not None
        return found

    return load


Load = Callable[[str], Schema]
A = ":5: columns.f_a"


def test_a_model_without_a_schema_file_has_none(tmp_path: Path) -> None:
    assert load_schema(tmp_path, "fraud") is None


def test_every_key_is_read_in_the_unit_people_write(load: Load) -> None:
    schema = load(
        "  rows: {per_day: {min: 100, max: 1e5}, gap: 30m, lag: 2h, seasonal: false}\n"
        "  columns:\n"
        "    f_amount: {type: number, nulls: 1%, min: 0, max: 10000, outside: 0.1%}\n"
        "    f_country: {type: string, required: false, values: [CH, 'NO', 12], unseen: 0.005}\n"
        "    feature_timestamp: {type: timestamp, max_age: 5m, stale: 1%}\n"
        "    request_id: {type: string, unique: true}\n"
    )
    assert schema.rows == RowsRule(least_per_day=100, most_per_day=1e5, gap=1800, lag=7200, seasonal=False)
    assert schema.path == "models/fraud.schema.yaml"
    assert schema.columns == {
        "f_amount": ColumnRule(type="number", nulls=0.01, min=0, max=10_000, outside=0.001, line=7),
        "f_country": ColumnRule(type="string", required=False, values=("CH", "NO", "12"), unseen=0.005, line=8),
        "feature_timestamp": ColumnRule(type="timestamp", max_age=300, stale=0.01, line=9),
        "request_id": ColumnRule(type="string", unique=True, line=10),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  columns: {f_a: {type: numbr}}", f"{A}.type: unknown value 'numbr'; did you mean 'number'?"),
        ("  columns: {f_a: {nulls: 1%}}", ":5: 'type' is missing in columns.f_a; add type: number"),
        ("  columns: {f_a: {type: number, nul: 1%}}", ":5: unknown key 'nul' in columns.f_a; did you mean 'nulls'?"),
        ("  columns: {f_a: {type: number, nulls: 5}}", f"{A}.nulls: 5 is above 1; write 5% for a percentage"),
        ("  columns: {f_a: {type: number, min: 2, max: 1}}", f"{A}.min: is 2, above max, which is 1"),
        ("  columns: {f_a: {type: string, min: 2}}", f"{A}.min: has no meaning for a string; remove it"),
        (
            "  columns: {f_a: {type: number, values: [a]}}",
            f"{A}.values: 'a' is not a number, but the column is of type number",
        ),
        ("  columns: {f_a: {type: string, values: [a, a]}}", f"{A}.values: 'a' is listed twice"),
        ("  columns: {f_a: {type: string, values: []}}", f"{A}.values: must not be empty"),
        ("  columns:\n    f_a:", ":6: columns.f_a: is empty; write for example {type: number}"),
        ("  columns: {f_a: {type: timestamp, max_age: 5}}", f"{A}.max_age: 5 has no unit; write 5s or 5m"),
        ("  rows: {gap: 1h}", ":4: 'columns' is missing in spec; add columns: {f_amount: {type: number, nulls: 1%}}"),
        ("  rows: {gaps: 1h}\n  columns: {}", ":5: unknown key 'gaps' in rows; did you mean 'gap'?"),
        ("  rows: {per_day: {min: 3, max: 2}}\n  columns: {}", ":5: rows.per_day.min: is 3, above max, which is 2"),
        ("  column: {}", ":5: unknown key 'column' in spec; did you mean 'columns'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_file_line_and_the_nearest_key(
    load: Load, text: str, problem: str
) -> None:
    with pytest.raises(DefinitionError) as error:
        load(text)
    assert f"models/fraud.schema.yaml{problem}" in str(error.value).splitlines()


def test_a_schema_that_names_another_model_is_refused(load: Load, write: Write) -> None:
    write("models/fraud.schema.yaml", HEAD.replace("fraud", "churn") + "  columns: {}")
    with pytest.raises(DefinitionError, match="is 'churn', but by its file name this is the Schema of 'fraud'"):
        load_schema(".", "fraud")


def test_a_schema_beside_a_model_is_no_model(write: Write, kinds: Mapping[str, SliKind], tmp_path: Path) -> None:
    write("models/fraud.yaml", "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: fraud}\nspec: {type: ranking}\n")
    write("models/fraud.schema.yaml", HEAD + "  columns: {}")
    models, problems = read_models(tmp_path, kinds)
    assert ([m.name for m in models], problems) == (["fraud"], ())


def test_a_schema_without_a_model_is_told(write: Write, tmp_path: Path) -> None:
    write("models/frud.schema.yaml", HEAD + "  columns: {}")
    (problem,) = orphans(tmp_path, {"fraud"})
    assert problem.text == "there is no Model 'frud' that this Schema could belong to; rename or remove it"
