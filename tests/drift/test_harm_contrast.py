"""What a move brings is told from rows of the same hours, other columns held, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from burnline.drift.contrast import Design, contrasts


def design(codes: list[list[int]], y: list[float], stratum: list[int], sizes: tuple[int, ...]) -> Design:
    return Design(np.array(codes), sizes, np.array(y), np.ones(len(y)), np.array(stratum), np.arange(len(y)) // 2)


def test_one_column_is_the_difference_of_means_within_hours() -> None:
    # Hour 0: cell 0 has 0, 0, cell 1 has 1, 1; hour 1 is worse by 5 for both: 5, 5 and 6, 6. The effect is 1, and a
    # move of half of the requests brings half of it.
    one = design([[0, 0, 1, 1, 0, 0, 1, 1]], [0, 0, 1, 1, 5, 5, 6, 6], [0, 0, 0, 0, 1, 1, 1, 1], (2,))
    found = contrasts(one, [np.array([-0.5, 0.5])])
    assert found.estimate[0] == pytest.approx(0.5, abs=1e-3)
    assert found.sd[0] == pytest.approx(0, abs=1e-2)


def test_agrees_with_least_squares_on_indicators() -> None:
    rng = np.random.default_rng(1)
    n = 400
    codes = np.stack([rng.integers(0, 3, n), rng.integers(0, 2, n)])
    stratum = rng.integers(0, 5, n)
    y = np.array([0.0, 1.0, 3.0])[codes[0]] + 2.0 * codes[1] + stratum + rng.normal(size=n)
    found = contrasts(Design(codes, (3, 2), y, np.ones(n), stratum, stratum), [np.array([-1.0, 0.4, 0.6, 0, 0])])
    x = np.column_stack([codes[0] == 1, codes[0] == 2, codes[1] == 1, *(stratum == s for s in range(5))]).astype(float)
    effects = np.linalg.lstsq(x, y, rcond=None)[0]
    assert found.estimate[0] == pytest.approx(0.4 * effects[0] + 0.6 * effects[1], abs=1e-3)


def test_a_column_that_merely_goes_with_a_guilty_one_gets_no_effect() -> None:
    rng = np.random.default_rng(2)
    n = 20_000
    guilty = rng.random(n) < 0.3
    echo = np.where(rng.random(n) < 0.8, guilty, rng.random(n) < 0.3)
    y = (rng.random(n) < np.where(guilty, 0.3, 0.05)).astype(float)
    move = np.array([-0.3, 0.3])
    found = contrasts(
        Design(np.stack([guilty, echo]).astype(int), (2, 2), y, np.ones(n), np.arange(n) // 500, np.arange(n) // 500),
        [np.concatenate([move, 0 * move]), np.concatenate([0 * move, move])],
    )
    assert found.estimate[0] == pytest.approx(0.3 * 0.25, abs=0.01)
    assert abs(found.estimate[1]) < 3 * found.sd[1] < 0.02


def test_two_columns_that_are_the_same_cannot_be_told_apart_but_their_sum_can() -> None:
    rng = np.random.default_rng(3)
    n = 1_000
    same = rng.integers(0, 2, n)
    y = same + rng.normal(size=n)
    both = Design(np.stack([same, same]), (2, 2), y, np.ones(n), np.zeros(n, int), np.arange(n) // 50)
    move = np.array([-1.0, 1.0])
    found = contrasts(both, [np.concatenate([move, 0 * move]), np.concatenate([move, move])])
    assert found.sd[0] > 10
    assert found.estimate[1] == pytest.approx(1.0, abs=0.3)
    assert found.sd[1] < 0.2


def test_a_cell_without_a_row_is_unknown() -> None:
    one = design([[0, 0, 1, 1] * 5], [0.0, 1, 0, 1] * 5, [0] * 20, (3,))
    assert contrasts(one, [np.array([-1.0, 0.0, 1.0])]).sd[0] > 10


def test_rows_that_fail_together_count_as_few() -> None:
    rng = np.random.default_rng(4)
    n, blocks = 2_000, 20
    block = np.arange(n) // (n // blocks)
    exposed = rng.random(blocks)[block] < 0.5
    y = rng.normal(size=blocks)[block] + 0.1 * rng.normal(size=n)
    one = Design(exposed[None].astype(int), (2,), y, np.ones(n), np.zeros(n, int), block)
    alone = replace(one, block=np.arange(n))
    move = [np.array([-1.0, 1.0])]
    assert contrasts(one, move).sd[0] > 3 * contrasts(alone, move).sd[0]
