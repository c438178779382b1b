"""Nothing crashes and nothing is made up where there is nothing to compare."""

from __future__ import annotations

import numpy as np
import pytest

from burnline.distances import Bins, Categories, compare

AXIS = Bins([0, 1, 2], [1, 2, 3])
NAMES = Categories(("a", "b", "c"))


@pytest.mark.parametrize("axis", [AXIS, NAMES])
def test_an_empty_day_is_undefined(axis):
    found = compare(axis, [5, 5, 5], [[0, 0, 0], [5, 5, 5]])
    assert found.n.tolist() == [0, 15]
    for name in ("psi", "psi_textbook", "js", "effect", "p", "null_share"):
        assert np.isnan(found.columns()[name][0]), name
        assert not np.isnan(found.columns()[name][1]), name


@pytest.mark.parametrize("axis", [AXIS, NAMES])
def test_an_empty_reference_is_undefined(axis):
    found = compare(axis, [0, 0, 0], [5, 5, 5])
    for name, figure in found.columns().items():
        if name not in ("n", "n_reference", "null_share"):
            assert np.isnan(figure[0]), name


@pytest.mark.parametrize("axis", [AXIS, NAMES])
def test_a_column_without_any_value_differs_from_one_with_values_by_its_missing_ones(axis):
    found = compare(axis, [50, 50, 50], [0, 0, 0], current_nulls=100)
    assert found.psi[0] > 1
    assert found.p[0] < 1e-9
    assert np.isnan(found.ks[0])
    assert np.isnan(found.chi2[0])
    never = compare(axis, [0, 0, 0], [0, 0, 0], reference_nulls=100, current_nulls=50)
    assert never.psi[0] == 0
    assert never.p[0] == 1


@pytest.mark.parametrize("axis", [AXIS, NAMES])
def test_a_constant_column_is_itself_until_it_is_another(axis):
    found = compare(axis, [0, 90, 0], [[0, 30, 0], [0, 0, 30]])
    assert found.psi[0] == 0
    assert found.psi[1] > 1
    assert found.p[0] == 1
    assert found.p[1] < 1e-6


def test_no_bins_and_no_categories_at_all():
    for axis in (Bins([], []), Categories(())):
        found = compare(axis, np.zeros((1, 0)), np.zeros((2, 0)), reference_nulls=3, current_nulls=[4, 0])
        assert found.n.tolist() == [4, 0]
        assert found.psi[0] == 0
        assert np.isnan(found.psi[1])


def test_a_single_category():
    found = compare(Categories(("only",)), [70], [[10], [9]], current_nulls=[0, 1])
    assert found.psi[0] == 0
    assert found.p[0] == 1
    assert found.psi[1] >= 0


def test_counts_below_zero_are_none():
    found = compare(AXIS, [5, 5, 5], [5, 5, -1])
    assert found.n[0] == 10


def test_edges_must_be_sorted_and_paired():
    with pytest.raises(ValueError, match="sorted"):
        Bins([1, 0], [2, 1])
    with pytest.raises(ValueError, match="as many"):
        Bins([1, 2], [2])
