"""The calibration table: error rates by confidence, from the past only."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnline.budgets.calibration import BINS, bins, calibrate, day_counts, left_out, matured, spread

DAY = 288


def test_bins_are_of_equal_width_and_closed_at_the_top():
    assert bins([0.0, 0.019, 0.02, 0.04, 0.06, 0.98, 1.0]).tolist() == [0, 0, 1, 2, 3, 49, 49]


def test_without_labels_the_error_rate_is_one_minus_confidence():
    # Two bins with middles 0.25 and 0.75.
    table = calibrate(np.zeros((1, 2)), np.zeros((1, 2)))
    assert table.rate.tolist() == [[0.75, 0.25]]


def test_a_bin_is_smoothed_by_one_event_of_its_neighbours():
    # Bin 0: (40 + p) / 101 with p = (0.5 x 2 + 0.75) / (0.5 x 50 + 1) = 1.75 / 26.
    # Bin 1: (2 + q) / 51 with q = (0.5 x 40 + 0.25) / (0.5 x 100 + 1) = 20.25 / 51.
    table = calibrate(np.array([[100.0, 50.0]]), np.array([[40.0, 2.0]]))
    assert table.rate[0] == pytest.approx([(40 + 1.75 / 26) / 101, (2 + 20.25 / 51) / 51])


def test_an_empty_bin_follows_its_neighbours_rather_than_its_confidence():
    labelled, wrong = np.zeros((1, BINS)), np.zeros((1, BINS))
    labelled[0, [20, 22]], wrong[0, [20, 22]] = 1000, 300
    # (0.5 x 300 x 2 + 0.57) / (0.5 x 1000 x 2 + 1)
    assert calibrate(labelled, wrong).rate[0, 21] == pytest.approx(300.57 / 1001)


def test_without_confidence_there_is_one_bin():
    assert calibrate(np.array([[99.0]]), np.array([[4.5]])).rate[0, 0] == pytest.approx(0.05)


def test_monotone_rates_pool_what_rises_with_confidence():
    # 10 % and 20 % of 100 each rise where they should fall; pooled with weights 101 each.
    plain = calibrate(np.array([[100.0, 100.0]]), np.array([[10.0, 20.0]]))
    pooled = calibrate(np.array([[100.0, 100.0]]), np.array([[10.0, 20.0]]), monotone=True)
    assert pooled.rate[0] == pytest.approx([plain.rate.mean()] * 2)


def test_the_expectation_of_a_day_and_its_deviation():
    table = calibrate(np.array([[99.0, 399.0]]), np.array([[10.0, 4.0]]))
    p = table.rate[0]
    n = np.array([[50.0, 1000.0]])
    expected, sd = table.expect(n)
    assert expected[0] == pytest.approx(50 * p[0] + 1000 * p[1])
    each = p * (1 - p)
    # Chance of the events, and the table: n^2 p (1 - p) / (weight + 1) with weights 99 and 399.
    assert sd[0] ** 2 == pytest.approx(50 * each[0] + 1000 * each[1] + 2500 * each[0] / 100 + 1_000_000 * each[1] / 400)
    days, _ = table.expect(np.stack([n, 2 * n], axis=1))
    assert days[0] == pytest.approx([expected[0], 2 * expected[0]])


def outcomes(*rows: tuple[int, int, int, float, float]) -> pl.DataFrame:
    """Rows of day, known, bin, labelled, wrong."""
    names = ("day", "known", "bin", "labelled", "wrong")
    return pl.DataFrame({"row": [0] * len(rows), **{n: [r[i] for r in rows] for i, n in enumerate(names)}})


def test_day_counts_are_as_of_a_moment():
    frame = outcomes(
        (10, 10 * DAY, 0, 5.0, 1.0), (10, 10 * DAY + 9, 0, 0.0, -1.0), (11, 11 * DAY, 1, 2.0, 2.0), (9, 0, 1, 7.0, 7.0)
    )
    labelled, wrong = day_counts(frame, at=11 * DAY - 1, days=(10, 11), count=1, size=2)
    assert labelled.tolist() == [[[5.0, 0.0], [0.0, 0.0]]]
    assert wrong.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]
    labelled, wrong = day_counts(frame, at=11 * DAY, days=(10, 11), count=1, size=2)
    assert labelled.tolist() == [[[5.0, 0.0], [0.0, 2.0]]]
    assert wrong.tolist() == [[[0.0, 0.0], [0.0, 2.0]]]


def test_a_day_is_mature_when_its_end_is_old_enough():
    # Day 0 ends with bucket 287: a day after that is bucket 575.
    assert matured((0, 1), np.array([24.0]), 2 * DAY - 1).tolist() == [[True, False]]
    assert matured((0, 1), np.array([24.0]), 2 * DAY - 2).tolist() == [[False, False]]


def test_a_day_does_not_teach_its_own_table():
    labelled = np.array([[[100.0], [100.0]]])
    wrong = np.array([[[0.0], [50.0]]])
    # Day 0 by day 1: (50 + 0.5) / 101 of 100; day 1 by day 0: 0.5 / 101 of 100.
    assert left_out(labelled, wrong)[0] == pytest.approx([50.0, 100 * 0.5 / 101])


def test_hours_share_the_expectation_of_their_day():
    cohorts = pl.DataFrame(
        {"row": [0, 0, 0], "t": [DAY, DAY + 12, 0], "events": [30.0, 10.0, 5.0], "labelled": [30.0, 4.0, 1.0]}
    )
    days = pl.DataFrame({"row": [0], "day": [1], "expected": [8.0], "expected_waiting": [3.0]})
    found = spread(cohorts, days)
    assert found.select("t", "expected", "expected_waiting").rows() == [
        (DAY, 6.0, 0.0),
        (DAY + 12, 2.0, 3.0),
        (0, None, None),
    ]
    assert found.columns == ["row", "t", "events", "labelled", "expected", "expected_waiting"]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=8),
    monotone=st.booleans(),
)
def test_rates_are_between_none_and_all(counts: list[tuple[int, int]], monotone: bool):
    labelled = np.array([[float(n) for n, _ in counts]])
    wrong = np.minimum(np.array([[float(w) for _, w in counts]]), labelled)
    table = calibrate(labelled, wrong, monotone=monotone)
    assert np.all((table.rate > 0) & (table.rate < 1))
    if monotone:
        assert np.all(np.diff(table.rate) <= 1e-12)
    expected, sd = table.expect(labelled)
    assert 0 <= expected[0] <= labelled.sum()
    assert sd[0] >= 0


def test_the_estimate_follows_a_shift_between_bins():
    rng = np.random.default_rng(4)
    confidence = rng.beta(8, 2, 40_000)
    wrong = rng.random(40_000) < (1 - confidence) ** 1.2
    place = bins(confidence)
    table = calibrate(
        np.bincount(place, minlength=BINS)[None].astype(float), np.bincount(place, wrong, minlength=BINS)[None]
    )
    moved = rng.beta(5, 4, 20_000)
    truth = ((1 - moved) ** 1.2).mean()
    expected, sd = table.expect(np.bincount(bins(moved), minlength=BINS)[None].astype(float))
    assert expected[0] / 20_000 == pytest.approx(truth, abs=4 * sd[0] / 20_000)
    assert wrong.mean() < 0.7 * truth
