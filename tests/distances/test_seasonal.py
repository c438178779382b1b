"""A baseline reweighted to the hours of the week of what it is compared with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.distances.seasonal import HOURS, seasonal


def _weights(*hours: tuple[int, float]) -> np.ndarray:
    found = np.zeros((1, HOURS))
    for hour, n in hours:
        found[0, hour] = n
    return found


def test_a_window_of_one_hour_is_held_against_that_hour_alone() -> None:
    values = np.zeros((HOURS, 2))
    values[5], values[6] = (30, 10), (0, 400)
    same = seasonal(values, np.zeros(HOURS), _weights((5, 7)))
    assert same.values[0] == pytest.approx([30, 10])


def test_two_hours_are_mixed_as_the_window_mixes_them_and_count_as_kish_says() -> None:
    values = np.zeros((HOURS, 2))
    values[0], values[1] = (100, 0), (0, 300)
    # Three quarters of the window lie in hour 0: shares .75 and .25. Rows' worth: 1 / (.75^2 / 100 + .25^2 / 300)
    # = 1 / (.005625 + .000208333) = 171.43.
    same = seasonal(values, np.zeros(HOURS), _weights((0, 3), (1, 1)))
    assert same.values[0].sum() == pytest.approx(171.43, abs=0.01)
    assert same.values[0] / same.values[0].sum() == pytest.approx([0.75, 0.25])


def test_missing_values_are_a_share_of_their_hour() -> None:
    values, nulls = np.zeros((HOURS, 1)), np.zeros(HOURS)
    values[3], nulls[3] = 60, 40
    same = seasonal(values, nulls, _weights((3, 5)))
    assert (same.values[0, 0], same.nulls[0]) == pytest.approx((60, 40))


def test_a_window_with_more_than_a_tenth_of_its_rows_in_hours_without_a_baseline_is_not_covered() -> None:
    values = np.zeros((HOURS, 1))
    values[0] = 10
    assert np.isfinite(seasonal(values, np.zeros(HOURS), _weights((0, 9), (1, 1))).nulls[0])
    assert np.isnan(seasonal(values, np.zeros(HOURS), _weights((0, 8), (1, 2))).nulls[0])
    assert np.isnan(seasonal(values, np.zeros(HOURS), np.zeros((1, HOURS))).nulls[0])


@given(st.lists(st.integers(1, 50), min_size=HOURS, max_size=HOURS))
def test_the_mix_of_the_baseline_itself_gives_the_baseline_back(rows: list[int]) -> None:
    values = np.column_stack([np.array(rows, dtype=float), np.arange(HOURS) % 3])
    weights = values.sum(axis=1)[None, :]
    same = seasonal(values, np.zeros(HOURS), weights)
    assert same.values[0] == pytest.approx(values.sum(axis=0))
