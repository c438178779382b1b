"""Benjamini-Hochberg as scipy has it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from burnline.distances import benjamini_hochberg


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_it_equals_scipy(values):
    np.testing.assert_allclose(benjamini_hochberg(values), false_discovery_control(values), rtol=1e-12)


@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=20))
def test_what_is_undefined_is_no_test(values):
    p = np.array(values)
    adjusted = benjamini_hochberg(p)
    assert (np.isnan(adjusted) == np.isnan(p)).all()
    known = p[~np.isnan(p)]
    if known.size:
        np.testing.assert_allclose(adjusted[~np.isnan(p)], false_discovery_control(known), rtol=1e-12)


def test_each_row_is_a_family_of_its_own():
    p = np.random.default_rng(1).uniform(size=(5, 3, 7))
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p, axis=-1))
    assert benjamini_hochberg(np.empty((4, 0))).shape == (4, 0)
