from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.validation.training_curves import blocks, medians_before, noise, running_median, stays, trend


def test_blocks_are_medians_of_equal_parts() -> None:
    # 40 values make 10 blocks of 4: the median of 0, 1, 2, 3 is 1.5, then 5.5, 9.5, ...
    cut = blocks(np.arange(40.0))
    assert cut.levels.tolist() == [1.5 + 4 * i for i in range(10)]
    assert cut.ends.tolist() == [4 * i for i in range(1, 11)]
    assert (cut.first(0), cut.first(3)) == (0, 12)


def test_blocks_never_exceed_their_limit_and_hold_every_value() -> None:
    for n in (1, 2, 9, 10, 11, 39, 241, 5000):
        cut = blocks(np.ones(n), 60)
        assert len(cut) == min(60, max(n // 4, 10), n)
        assert cut.ends[-1] == n
        assert np.all(np.diff(np.concatenate([[0], cut.ends])) >= 1)


def test_noise_of_a_parabola_is_its_bend_alone_and_a_jump_adds_nothing() -> None:
    # Second differences of x**2 are 2 throughout: 1.4826 * 2 / sqrt(6).
    assert noise(np.arange(20.0) ** 2) == pytest.approx(1.4826 * 2 / np.sqrt(6))
    assert noise(np.arange(20.0)) == 0
    assert noise(np.r_[np.zeros(10), np.ones(10)]) == 0
    assert noise(np.array([1.0, 5.0, 2.0])) == 0


def test_noise_is_the_standard_deviation_of_white_noise() -> None:
    levels = 3 * np.random.default_rng(1).standard_normal(20_000) + np.linspace(0, 500, 20_000)
    assert noise(levels) == pytest.approx(3, rel=0.03)


def test_trend_of_a_line_with_one_wild_level_is_the_line() -> None:
    levels = 2.0 * np.arange(12)
    levels[5] = 1000
    found = trend(levels)
    assert found.slope == pytest.approx(2, abs=0.3)
    assert found.p_rising < 0.001 < found.p_falling


def test_p_value_of_a_trend_is_that_of_all_orders() -> None:
    # Of the 5! = 120 orders of five levels exactly one rises throughout.
    assert trend(np.arange(5.0)).p_rising == pytest.approx(1 / 120)
    assert trend(-np.arange(5.0)).p_falling == pytest.approx(1 / 120)


@pytest.mark.parametrize("levels", [[], [1.0], [1.0, 2.0, 3.0], [4.0] * 10])
def test_too_little_proves_no_trend(levels: list[float]) -> None:
    assert trend(np.array(levels)).p_rising == 1
    assert trend(np.array(levels)).p_falling == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_medians_of_blocks_and_of_all_before_are_those_of_numpy(values: list[float]) -> None:
    cut = blocks(np.array(values), 7)
    parts = [values[cut.first(i) : end] for i, end in enumerate(cut.ends)]
    assert cut.levels == pytest.approx([float(np.median(part)) for part in parts])
    before = [float(np.median(values[: max(i, 1)])) for i in range(len(values))]
    assert medians_before(np.array(values)) == pytest.approx(before)


def test_running_median_looks_back_only() -> None:
    values = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 50.0, 1.0, 7.0])
    assert running_median(values, 3).tolist() == [1, 1, 1, 1, 1, 1, 1, 1]
    later = values.copy()
    later[6:] = 1e9
    assert running_median(values, 3)[:7].tolist() == running_median(later, 3)[:7].tolist()


@given(st.lists(st.booleans(), max_size=30))
def test_stays_is_the_start_of_the_last_unbroken_stretch(flags: list[bool]) -> None:
    brute = next((i for i in range(len(flags)) if all(flags[i:])), None)
    assert stays(np.array(flags, dtype=bool)) == brute
