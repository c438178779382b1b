"""Rows against the same hours of the week: blocks by hand, and how often healthy traffic is blamed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from burnline.validation.season import HOUR_US, Block, blocks, crowded_blocks, empty_blocks, expected_hours
from burnline.validation.traffic import spread

# Hour 0 of the epoch was Thursday 00:00, which is hour 72 of the week.
MONDAY = 96 * HOUR_US


def test_hours_without_a_reference_take_that_hour_of_the_day_else_the_mean() -> None:
    hours = [(0, 0)] * 168
    hours[5], hours[29], hours[6] = (10, 1), (40, 2), (30, 1)
    mean, seen = expected_hours(hours)
    assert (mean[5], mean[29], seen[29]) == (10, 20, 2)
    # Wednesday 05:00: (10 + 40) / 3 hours. Monday 07:00: no such hour, (10 + 40 + 30) / 4.
    assert mean[53] == pytest.approx(50 / 3)
    assert mean[7] == 20


def test_quiet_hours_are_taken_together_until_thirty_rows_are_expected() -> None:
    hours = [(10, 1)] * 168
    found = blocks({96: 9, 97: 8, 98: 7, 99: 6, 100: 5, 101: 4}, MONDAY, MONDAY + 7 * HOUR_US, hours, 0.1)
    # 10 a block of three hours makes 30; what is left (one hour) joins the last.
    assert [(b.rows, b.expected) for b in found] == [(24, 30.0), (15, 40.0)]
    assert found[0].end_us == MONDAY + 3 * HOUR_US
    # mu + 2 phi mu² + the reference's own 30 (each hour was seen once).
    assert found[0].variance == pytest.approx(30 + 2 * 0.1 * 900 + 30)


def test_an_hour_that_the_span_cuts_counts_in_part() -> None:
    (block,) = blocks({96: 50}, MONDAY + HOUR_US // 2, MONDAY + HOUR_US, [(100, 1)] * 168, 0.1)
    assert block.expected == 50.0


def test_the_chance_of_so_few_rows_is_that_of_a_negative_binomial_variable() -> None:
    block = Block(0, HOUR_US, 40, 100.0, 400.0)
    # Size r and success p from the mean 100 and the variance 400 = r (1 - p) / p².
    size, p = 100**2 / 300, 100 / 400
    assert block.too_few == pytest.approx(float(np.sum(stats.nbinom.pmf(np.arange(41), size, p))))
    assert block.too_many == pytest.approx(1 - float(np.sum(stats.nbinom.pmf(np.arange(40), size, p))))


def test_a_block_is_empty_only_if_it_is_improbable_and_below_half() -> None:
    improbable_but_large = Block(0, 1, 600, 1_000.0, 1_100.0)
    small_but_probable = Block(0, 1, 14, 30.0, 300.0)
    empty = Block(0, 1, 100, 1_000.0, 2_000.0)
    crowded = Block(0, 1, 3_000, 1_000.0, 2_000.0)
    assert empty_blocks([improbable_but_large, small_but_probable, empty, crowded]) == [empty]
    assert crowded_blocks([improbable_but_large, small_but_probable, empty, crowded]) == [crowded]


def test_traffic_that_varies_as_in_its_reference_is_hardly_ever_blamed() -> None:
    rng = np.random.default_rng(2)
    shape = 60 * (1.2 + np.sin(np.arange(168) * 2 * np.pi / 24))
    wrong = 0
    for _ in range(200):
        # Two weeks whose hours vary by 30 % beyond chance.
        weeks = rng.poisson(shape * rng.gamma(1 / 0.09, 0.09, (2, 168)))
        hours = [(int(n), 1) for n in weeks[0]]
        phi = spread(weeks[0].astype(float), 96)
        day = {96 + h: int(weeks[1][h]) for h in range(24)}
        wrong += bool(empty_blocks(blocks(day, MONDAY, MONDAY + 24 * HOUR_US, hours, phi)))
    assert wrong <= 2


def test_spread_finds_the_variance_beyond_chance() -> None:
    rng = np.random.default_rng(3)
    estimates = [spread(rng.poisson(200 * rng.gamma(1 / 0.04, 0.04, 21 * 24)).astype(float), 96) for _ in range(20)]
    assert 0.03 < np.mean(estimates) < 0.06
    assert spread(rng.poisson(200, 14 * 24).astype(float), 96) == 0.02
