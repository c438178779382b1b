"""The schema that a reference suggests, as a file: written, read back, edited, and kept from harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making_validation import failed, healthy, judge, workspace

from burnline.errors import BurnlineError
from burnline.spec.read_schema import load_schema
from burnline.spec.schema import Schema
from burnline.validation.tails import mode_of, tails_of
from burnline.workspace import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return workspace(tmp_path)


def written(folder: Path) -> Schema:
    """The schema that is inferred, written and read back."""
    Workspace.open(folder).write_schema("m")
    found = load_schema(folder, "m")
    assert found is not None
    return found


def test_types_ranges_categories_and_limits_are_inferred_with_room(folder: Path) -> None:
    columns = written(folder).columns
    assert {
        n: c.type for n, c in columns.items() if n in ("timestamp", "f_amount", "f_count", "f_country", "f_known")
    } == {
        "timestamp": "timestamp",
        "f_amount": "number",
        "f_count": "integer",
        "f_country": "string",
        "f_known": "boolean",
    }
    assert columns["request_id"].unique
    assert columns["f_country"].values == ("CH", "DE", "FR")
    age = columns["f_age"]
    # Ages have mean 40 and standard deviation 8: one in a million lies beyond 40 ± 38, and half as much again is room.
    # None in a million is below zero, so that none may be.
    assert age.min == 0
    assert 85 < (age.max or 0) < 110
    # Amounts are skewed: never below zero, and a long tail may reach farther once in 10,000.
    assert (columns["f_amount"].min, columns["f_amount"].outside) == (0, 0.0001)
    # 0.2 % of the ages are missing: twice the bound of that share, and no less than 1.5 times the worst day.
    assert 0.005 <= (age.nulls or 0) <= 0.02
    # None of 6,720 amounts: the bound is 6.9 / 6,720 = 0.10 %, twice that 0.21 %, written as 0.5 %.
    assert columns["f_amount"].nulls == 0.005
    # Features are up to a minute old: three times that.
    assert columns["feature_timestamp"].max_age == 180
    assert (columns["confidence"].min, columns["confidence"].max) == (0, 1)
    assert not columns["region"].required
    assert columns["f_amount"].required


def test_a_written_schema_judges_as_the_inferred_one(folder: Path) -> None:
    day = healthy(1, first=8)
    bad = day.with_columns(
        pl.when(pl.int_range(pl.len()) > 500).then(-5.0).otherwise(pl.col("f_amount")).alias("f_amount")
    )
    before = [judge(folder, frame) for frame in (day, bad)]
    written(folder)
    after = [judge(folder, frame) for frame in (day, bad)]
    assert [set(failed(r)) for r in before] == [set(failed(r)) for r in after]
    assert (before[0].schema_path, after[0].schema_path) == (None, str(folder / "models" / "m.schema.yaml"))


def test_the_file_is_commented_and_opens_as_a_workspace(folder: Path) -> None:
    written(folder)
    text = (folder / "models" / "m.schema.yaml").read_text()
    assert "# What the data of m must look like" in text
    assert "# seen: 3 different values" in text
    assert [m.name for m in Workspace.open(folder).models] == ["m"]


def test_an_edited_limit_is_the_one_that_counts(folder: Path) -> None:
    written(folder)
    path = folder / "models" / "m.schema.yaml"
    lines = path.read_text().splitlines()
    edited = ["    f_age: {type: number, nulls: 0%, min: 0, max: 50}" if "f_age:" in line else line for line in lines]
    path.write_text("\n".join(edited))
    found = failed(judge(folder, healthy(1, first=8)))
    assert set(found) == {("features", "range", "f_age"), ("features", "nulls", "f_age")}
    assert str(path) in found["features", "range", "f_age"].sentence


def test_rows_of_a_day_can_be_limited(folder: Path) -> None:
    written(folder)
    path = folder / "models" / "m.schema.yaml"
    path.write_text(path.read_text().replace("rows: {", "rows: {per_day: {min: 2000}, "))
    found = failed(judge(folder, healthy(1, first=8)))["ingestion", "rows_per_day", None]
    assert "rows a day are fewer than 2,000" in found.sentence


def test_a_file_that_is_there_is_only_replaced_by_force(folder: Path) -> None:
    written(folder)
    path = folder / "models" / "m.schema.yaml"
    path.write_text("edited")
    with pytest.raises(BurnlineError, match="is there already; edit it, or give --force to write it anew"):
        Workspace.open(folder).write_schema("m")
    assert path.read_text() == "edited"
    Workspace.open(folder).write_schema("m", force=True)
    assert path.read_text() != "edited"


def test_names_and_categories_with_odd_characters_survive_the_file(tmp_path: Path) -> None:
    odd = healthy(8).with_columns(
        pl.when(pl.col("f_country") == "CH").then(pl.lit('a: "b" #1')).otherwise(pl.lit("0012")).alias("f_country")
    )
    folder = workspace(tmp_path, odd.with_columns(pl.col("f_age").alias('f_x "y": $c0_z')))
    schema = written(folder)
    assert schema.columns["f_country"].values == ("0012", 'a: "b" #1')
    assert schema.columns['f_x "y": $c0_z'].type == "number"
    assert judge(folder, odd.head(960).with_columns(pl.lit(1e9).alias('f_x "y": $c0_z'))).passed is False


def test_a_feature_of_a_hundred_thousand_categories_is_not_held_to_a_list(tmp_path: Path) -> None:
    many = healthy(8).with_columns(f_country=pl.col("request_id"))
    folder = workspace(tmp_path, many)
    rule = written(folder).columns["f_country"]
    assert (rule.type, rule.values, rule.unseen) == ("string", None, None)
    assert judge(folder, healthy(1, first=8).with_columns(f_country=pl.col("request_id"))).passed


def test_features_that_are_constant_or_empty_in_the_reference_are_no_fault(tmp_path: Path) -> None:
    flat = {"f_flat": pl.lit(7.0), "f_none": pl.lit(None, pl.Float64), "f_one": pl.lit("x")}
    folder = workspace(tmp_path, healthy(8).with_columns(**flat))
    assert judge(folder, healthy(1, first=8).with_columns(**flat)).passed


def test_a_rate_that_changes_once_a_day_is_not_stuck(tmp_path: Path) -> None:
    daily = (pl.col("timestamp").dt.ordinal_day() * 0.01 + 1).alias("f_rate")
    folder = workspace(tmp_path, healthy(8).with_columns(daily))
    assert judge(folder, healthy(1, first=8).with_columns(daily)).passed


def test_tail_levels_agree_with_the_laws_the_values_come_from() -> None:
    rng = np.random.default_rng(5)
    # Exponential: P(X > x) = exp(-x), so one in a million lies beyond ln(1e6) = 13.8 and one in 2,000 beyond 7.6.
    tails = tails_of(np.sort(rng.exponential(size=200_000)))
    assert tails is not None
    assert tails.rare_high == pytest.approx(13.8, rel=0.15)
    assert tails.outlier_high == pytest.approx(7.6, rel=0.05)
    # Standard normal: 4.75 and 3.29.
    tails = tails_of(np.sort(rng.standard_normal(200_000)))
    assert tails is not None
    assert 4.2 < tails.rare_high < 5.5
    assert tails.outlier_high == pytest.approx(3.29, rel=0.08)
    assert -5.5 < tails.rare_low < -4.2
    assert tails_of(np.arange(19.0)) is None


def test_the_mode_is_the_longest_run_of_sorted_values() -> None:
    assert mode_of(np.array([1.0, 2.0, 2.0, 2.0, 3.0])) == (2.0, 0.6)
    assert mode_of(np.array([])) == (None, 0.0)
    assert mode_of(np.array([4.0])) == (4.0, 1.0)
