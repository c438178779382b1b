"""What holds of any counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from burnline.distances import Bins, Categories, compare

BINS = 12
AXIS = Bins(np.arange(float(BINS)), np.arange(1.0, BINS + 1))
NAMES = Categories(tuple(f"c{i}" for i in range(BINS)))
histograms = arrays(np.float64, BINS, elements=st.integers(0, 300).map(float))
nulls = st.integers(0, 50).map(float)
axes = st.sampled_from([AXIS, NAMES])


@settings(max_examples=40)
@given(axes, histograms, nulls)
def test_nothing_changed_is_no_distance(axis, counts, missing):
    found = compare(axis, counts, counts, reference_nulls=missing, current_nulls=missing)
    for name in ("psi", "js", "ks", "wasserstein", "effect", "psi_textbook", "chi2"):
        figure = found.columns()[name][0]
        assert np.isnan(figure) or figure == pytest.approx(0, abs=1e-7), name
    assert np.isnan(found.p[0]) or found.p[0] > 0.3


@settings(max_examples=40)
@given(axes, histograms, histograms, nulls, nulls)
def test_every_figure_is_in_its_range(axis, one, two, missing, missing_too):
    found = compare(axis, one, [two, one, np.zeros(BINS)], reference_nulls=missing, current_nulls=[missing_too] * 3)
    columns = found.columns()
    for name in (
        "js",
        "ks",
        "ks_p",
        "p",
        "null_share",
        "null_p",
        "outside_share",
        "unseen_share",
        "unseen_p",
        "chi2_p",
    ):
        figure = columns[name]
        assert ((figure >= 0) & (figure <= 1) | np.isnan(figure)).all(), name
    for name in ("psi", "psi_textbook", "wasserstein", "chi2", "ks_error"):
        assert ((columns[name] >= 0) | np.isnan(columns[name])).all(), name
    assert not any(np.isinf(figure).any() for figure in columns.values())


@settings(max_examples=40)
@given(histograms, histograms)
def test_ks_wasserstein_and_plain_sums_do_not_mind_which_is_first(one, two):
    forth, back = compare(AXIS, one, two), compare(AXIS, two, one)
    for name in ("ks", "ks_p", "wasserstein"):
        assert getattr(forth, name) == pytest.approx(getattr(back, name), abs=1e-9, nan_ok=True)
    forth, back = compare(NAMES, one, two), compare(NAMES, two, one)
    assert forth.psi_textbook == pytest.approx(back.psi_textbook, nan_ok=True)


@settings(max_examples=40)
@given(histograms, histograms, st.permutations(range(BINS)), nulls)
def test_the_order_of_categories_does_not_matter(one, two, order, missing):
    there = list(order)
    found = compare(NAMES, one, two, reference_nulls=missing)
    again = compare(
        Categories(tuple(NAMES.values[i] for i in there)), one[there], two[there], reference_nulls=missing
    )  # fmt: skip
    for name in ("psi", "psi_textbook", "js", "chi2", "dof", "effect", "unseen_share", "p"):
        assert getattr(found, name) == pytest.approx(getattr(again, name), rel=1e-6, abs=1e-7, nan_ok=True), name


@settings(max_examples=40)
@given(histograms, histograms, st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_the_unit_of_a_column_changes_wasserstein_alone(one, two, scale, offset):
    found = compare(AXIS, one, two)
    other = compare(Bins(AXIS.low * scale + offset * scale, AXIS.high * scale + offset * scale), one, two)
    for name, figure in found.columns().items():
        expected = figure * scale if name.startswith("wasserstein") else figure
        assert other.columns()[name] == pytest.approx(expected, rel=1e-4, abs=1e-6 * max(scale, 1), nan_ok=True), name


@settings(max_examples=40)
@given(axes, arrays(np.float64, (4, BINS), elements=st.integers(0, 90).map(float)), histograms)
def test_counts_of_parts_added_up_are_the_counts_of_the_whole(axis, parts, reference):
    # One day more that is the sum of the others: every row is worked out by itself.
    table = np.vstack([parts, parts.sum(axis=0)])
    found = compare(axis, reference, table)
    alone = compare(axis, reference, parts.sum(axis=0))
    for name, figure in found.columns().items():
        assert figure[-1] == pytest.approx(alone.columns()[name][0], nan_ok=True, rel=1e-9, abs=1e-12), name


@settings(max_examples=40)
@given(histograms, histograms)
def test_empty_bins_between_others_change_nothing(one, two):
    wide = Bins(np.arange(2.0 * BINS), np.arange(1, 2.0 * BINS + 1))
    spread = [np.zeros(2 * BINS), np.zeros(2 * BINS)]
    for target, source in zip(spread, (one, two), strict=True):
        target[::2] = source
    narrow = Bins(np.arange(0, 2.0 * BINS, 2), np.arange(1, 2.0 * BINS, 2))
    found, again = compare(narrow, one, two), compare(wide, *spread)
    for name, figure in found.columns().items():
        assert again.columns()[name] == pytest.approx(figure, rel=1e-9, abs=1e-9, nan_ok=True), name
