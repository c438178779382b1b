"""PSI by hand, and what chance does to it."""

from __future__ import annotations

import numpy as np
import pytest
from making_counts import counts, grid
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm

from burnline.distances import Bins, Categories, compare


def test_psi_by_hand():
    # Two cells; half a row more in each: 60.5 / 101 and 40.5 / 101 against 50.5 / 101 and 50.5 / 101.
    # (60.5 - 50.5) / 101 ln(60.5 / 50.5) + (40.5 - 50.5) / 101 ln(40.5 / 50.5)
    #   = 0.0990099 (0.1806665 + 0.2206661) = 0.0397359; chance adds (2 - 1)(1/100 + 1/100) = 0.02.
    found = compare(Categories(("no", "yes")), [50, 50], [60, 40])
    assert found.psi[0] == pytest.approx(0.0397359 - 0.02, abs=1e-6)
    # Plain: 0.1 ln(0.6 / 0.5) - 0.1 ln(0.4 / 0.5) = 0.1 (0.1823216 + 0.2231436).
    assert found.psi_textbook[0] == pytest.approx(0.04054652, abs=1e-8)


def test_textbook_psi_fills_an_empty_cell_with_a_ten_thousandth():
    found = compare(Categories(("no", "yes")), [50, 50], [100, 0])
    # 0.5 ln 2 + (0.0001 - 0.5) ln(0.0001 / 0.5)
    assert found.psi_textbook[0] == pytest.approx(0.5 * np.log(2) + (0.0001 - 0.5) * np.log(0.0002))


def test_psi_of_numbers_is_over_tenths_of_the_reference():
    axis = Bins(np.arange(20.0), np.arange(1.0, 21.0))
    reference = np.full(20, 50.0)
    current = np.r_[np.full(10, 60.0), np.full(10, 40.0)]
    # Ten groups of 100: five of 120 and five of 80, half a row more in each.
    before, after = np.full(10, 100.5 / 1005), np.r_[np.full(5, 120.5), np.full(5, 80.5)] / 1005
    expected = ((after - before) * np.log(after / before)).sum() - 9 * (1 / 1000 + 1 / 1000)
    assert compare(axis, reference, current).psi[0] == pytest.approx(expected)
    plain = 0.1 * 5 * (0.2 * np.log(1.2) - 0.2 * np.log(0.8))
    assert compare(axis, reference, current).psi_textbook[0] == pytest.approx(plain)


def test_missing_values_and_those_beyond_the_reference_are_cells_of_psi():
    axis = Bins(np.arange(4.0), np.arange(1.0, 5.0))
    same = compare(axis, [0, 50, 50, 0], [0, 50, 50, 0]).psi[0]
    assert same == 0
    found = compare(axis, [0, 50, 50, 0], [[0, 35, 35, 30], [30, 35, 35, 0], [0, 35, 35, 0]], current_nulls=[0, 0, 30])
    # Three cells each: 0.5, 30.5 of 101.5 and twice 50.5, 35.5 of 101.5; less 2 (1/100 + 1/100).
    q, p = np.array([0.5, 50.5, 50.5]) / 101.5, np.array([30.5, 35.5, 35.5]) / 101.5
    assert found.psi == pytest.approx([((p - q) * np.log(p / q)).sum() - 0.04] * 3)


def test_without_the_correction_chance_alone_would_be_drift():
    # Ten values alike and no drift: the mean of the plain sum is (10 - 1)(1/n + 1/m).
    rng = np.random.default_rng(11)
    for n, m in ((1000, 100), (300, 300), (5000, 1000)):
        reference = rng.multinomial(n, np.full(10, 0.1), size=4000)
        current = rng.multinomial(m, np.full(10, 0.1), size=4000)
        found = compare(Categories(tuple("abcdefghij")), reference, current)
        chance = 9 * (1 / n + 1 / m)
        # Standard error of the mean of 4000 draws of chance / 9 times a chi-square(9), which scatters by sqrt(18).
        error = chance / 9 * np.sqrt(18 / 4000)
        assert found.psi_textbook.mean() == pytest.approx(chance, abs=5 * error + 0.06 * chance)
        assert np.median(found.psi) < 0.01 * chance


def test_bias_corrected_psi_of_an_unchanged_column_seldom_reaches_a_tenth():
    rng = np.random.default_rng(12)
    axis = grid(-6, 6, 128)
    reference = counts(axis, rng.normal(0, 1, 700))
    current = np.stack([counts(axis, rng.normal(0, 1, 100)) for _ in range(400)])
    found = compare(axis, reference, current)
    assert (found.psi_textbook > 0.1).mean() > 0.3
    assert (found.psi > 0.1).mean() < 0.05


@pytest.mark.parametrize(("shift", "psi", "ks"), [(0.1, 0.009, 0.042), (0.3, 0.087, 0.121), (0.5, 0.235, 0.199)])
def test_the_scale_of_psi_and_ks(shift, psi, ks):
    axis = grid(-7, 7, 512)
    edges = np.append(axis.low, axis.high[-1])
    reference, current = 1e9 * np.diff(norm.cdf(edges)), 1e9 * np.diff(norm.cdf(edges - shift))
    found = compare(axis, reference, current)
    assert found.psi[0] == pytest.approx(psi, abs=0.004)
    assert found.ks[0] == pytest.approx(ks, abs=0.003)


def test_jensen_shannon_is_that_of_scipy_over_the_cells():
    rng = np.random.default_rng(2)
    reference, current = rng.integers(50, 200, 8), rng.integers(50, 200, 8)
    found = compare(Categories(tuple("abcdefgh")), reference, current, reference_nulls=30, current_nulls=90)
    expected = jensenshannon(np.append(reference, 30), np.append(current, 90), base=2)
    assert found.js[0] == pytest.approx(expected)
    apart = compare(Bins([0, 5], [1, 6]), [100, 0], [0, 100])
    assert apart.js[0] == pytest.approx(1.0)
