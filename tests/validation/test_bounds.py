"""When a share is too large: against binomial sums written out, and as properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.validation.bounds import exceeds, outward, round_up, tolerated, upper_share


def at_least(k: int, n: int, p: float) -> float:
    """P(binomial(n, p) >= k), term by term."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@pytest.mark.parametrize(("n", "p"), [(100, 0.01), (250, 0.02), (1_000, 0.001)])
def test_a_share_fails_from_the_count_that_chance_explains_with_less_than_one_in_a_thousand(n: int, p: float) -> None:
    first = next(k for k in range(n) if k > n * p and at_least(k, n, p) < 0.001)
    assert not exceeds(first - 1, n, p)
    assert exceeds(first, n, p)


def test_where_nothing_is_tolerated_one_row_is_enough() -> None:
    assert exceeds(1, 10**6, 0.0)
    assert not exceeds(0, 10**6, 0.0)
    assert not exceeds(0, 0, 0.0)


@given(st.integers(1, 10_000), st.floats(0, 1), st.integers(0, 10_000))
def test_a_share_within_its_limit_never_fails(rows: int, limit: float, failed: int) -> None:
    if failed <= limit * rows:
        assert not exceeds(min(failed, rows), rows, limit)


def test_the_upper_bound_is_the_share_at_which_so_few_failures_have_the_chance_left() -> None:
    # Clopper-Pearson: P(binomial(n, upper) <= k) = 1 - confidence.
    upper = upper_share(3, 200, 0.99)
    assert 1 - at_least(4, 200, upper) == pytest.approx(0.01)
    # The rule of three: none of n, 95 %.
    assert upper_share(0, 1_000, 0.95) == pytest.approx(3 / 1_000, rel=0.01)
    assert upper_share(5, 5) == 1.0


def test_what_is_tolerated_leaves_room_for_the_worst_day() -> None:
    # 10 of 10,000: the bound is 0.25 % at most, twice that 0.5 %; a day with 2 % needs 3 %, written as 5 %.
    assert tolerated(10, 10_000, 0.0) == 0.005
    assert tolerated(10, 10_000, 0.02) == 0.05
    assert tolerated(10_000, 10_000, 1.0) == 1.0


@given(st.floats(1e-9, 1))
def test_shares_are_rounded_up_to_figures_people_write_and_by_less_than_threefold(share: float) -> None:
    rounded = round_up(share)
    assert share * (1 - 1e-6) <= rounded <= max(2.5 * share * (1 + 1e-6), share + 0.1)
    assert len(f"{rounded:g}".replace("0", "").replace(".", "").split("e")[0]) == 1


@given(st.floats(-1e9, 1e9, allow_subnormal=False))
def test_outward_keeps_the_value_inside(value: float) -> None:
    slack = 1e-9 * abs(value)
    assert outward(value, up=False) - slack <= value <= outward(value, up=True) + slack
    assert abs(outward(value, up=True) - value) <= 0.11 * abs(value) + 1e-300


def test_healthy_shares_hardly_ever_exceed_what_their_reference_tolerates() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(300):
        share = rng.choice([0.0005, 0.002, 0.01, 0.1])
        limit = tolerated(int(rng.binomial(5_000, share)), 5_000, 0.0)
        wrong += exceeds(int(rng.binomial(1_000, share)), 1_000, limit)
    assert wrong == 0
