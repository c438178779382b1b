"""Columns are cut into few cells by their baseline, and put back to it with as little movement as possible."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.drift.cells import cells, shares
from burnline.drift.swap import put_back

BASE = pl.DataFrame(
    {
        "x": np.arange(81.0),
        "one": [3.0] * 81,
        "flag": [0.0] * 60 + [1.0] * 21,
        "text": ["a"] * 50 + ["b"] * 30 + [None],
    }
)


def codes(name: str, values: list[object], dtype: pl.DataType | None = None) -> list[int]:
    return cells(name, BASE).codes(pl.DataFrame({name: pl.Series(values, dtype=dtype)})).tolist()


def test_numbers_fall_below_into_the_bins_above_or_are_missing() -> None:
    # Octiles of 0..80 are 0, 10, .. 80; 80 itself is in the last bin, 8.
    asked = [-1.0, 0.0, 9.9, 10.0, 80.0, 80.1, None, float("inf"), float("nan")]
    assert codes("x", asked) == [0, 1, 1, 2, 8, 9, 10, 10, 10]


def test_a_constant_column_has_one_value_and_what_lies_beside_it() -> None:
    assert codes("one", [2.0, 3.0, 4.0, None]) == [0, 1, 2, 3]


def test_two_values_are_two_cells() -> None:
    assert codes("flag", [0.0, 1.0]) == [1, 2]


def test_categories_the_baseline_had_not_are_a_cell_of_their_own() -> None:
    # a, b, other known values, new ones, null.
    assert codes("text", ["a", "b", "c", None]) == [0, 1, 3, 4]


def test_more_than_twelve_categories_share_a_cell_and_stay_known() -> None:
    many = pl.DataFrame({"c": [f"v{i % 20}" for i in range(400)] + ["v0"] * 5})
    found = cells("c", many)
    assert found.codes(pl.DataFrame({"c": ["v0", "v99"]})).tolist() == [0, 13]
    assert (found.codes(many) == 12).sum() == 8 * 20


def test_a_column_that_is_gone_or_all_null_is_missing_everywhere() -> None:
    assert cells("x", BASE).codes(pl.DataFrame({"y": [1, 2]})).tolist() == [10, 10]
    empty = pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Float64)})
    assert cells("x", empty).codes(pl.DataFrame({"x": [1.0, None]})).tolist() == [0, 1]


def test_a_column_that_turned_into_text_counts_as_missing_where_it_is_no_number() -> None:
    assert codes("x", ["5", "five"]) == [1, 10]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({8, 9}, "at or above 70"),
        ({9}, "above 80"),
        ({0, 1}, "below 10"),
        ({2, 3, 10}, "from 10 to 30 or missing"),
        ({0, 9}, "below 0 or above 80"),
    ],
)
def test_cells_are_named_by_their_bounds(chosen: set[int], words: str) -> None:
    assert cells("x", BASE).words(frozenset(chosen)) == words


def test_values_are_named_as_they_are() -> None:
    assert cells("one", BASE).words(frozenset({1})) == "3"
    assert cells("text", BASE).words(frozenset({1, 3, 4})) == "b or a value never seen before or missing"


def test_shares_are_weighted_and_add_up_to_one() -> None:
    assert shares(np.array([0, 2, 2]), np.array([1.0, 1.0, 2.0]), 3).tolist() == [0.25, 0.0, 0.75]


def test_a_change_of_unit_is_taken_back() -> None:
    base = pl.Series("x", np.arange(101.0))
    assert put_back(base, base * 1000).to_list() == pytest.approx(base.to_list())


def test_only_the_surplus_of_a_category_moves() -> None:
    base = pl.Series("c", ["a"] * 500 + ["b"] * 500)
    now = pl.Series("c", ["a"] * 200 + ["b"] * 500 + ["new"] * 300)
    back = put_back(base, now)
    assert (back[:700] == now[:700]).all()
    assert back[700:].to_list() == ["a"] * 300


def test_nulls_beyond_those_of_the_baseline_are_filled_from_it() -> None:
    base = pl.Series("x", [None] * 10 + [1.0, 2.0] * 45, dtype=pl.Float64)
    now = pl.Series("x", [None] * 60 + [1.0, 2.0] * 20, dtype=pl.Float64)
    back = put_back(base, now)
    assert back.null_count() == 10
    assert set(back.drop_nulls()) <= {1.0, 2.0}


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=60), st.lists(st.floats(-1e9, 1e9), min_size=5, max_size=60))
def test_what_is_put_back_lies_within_the_baseline_and_keeps_its_order(base: list[float], now: list[float]) -> None:
    window = pl.Series("x", now)
    back = put_back(pl.Series("x", base), window)
    assert back.min() >= min(base)  # type: ignore[operator]
    assert back.max() <= max(base)  # type: ignore[operator]
    usual = window.is_between(min(base), max(base))
    if usual.all() or not usual.any():
        order = window.arg_sort()
        assert back[order].is_sorted()
