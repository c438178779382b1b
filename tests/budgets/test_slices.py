"""Time slices: OpenSLO's Timeslices and RatioTimeslices."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.slices import slice_sums, width_buckets
from burnline.spec.windows import parse_duration

COLUMNS = ["t", "valid", "bad", "eligible"]


def frame(*rows: tuple[float, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row").with_columns(
        pl.col("t").cast(pl.Int64)
    )


# Two hours of twelve buckets: 90 of 100 good in the first (0 .. 11), 3 of 4 in the second (12 .. 23);
# in the third nothing is valid.
SUMS = frame((0, 60, 0, 60), (11, 40, 10, 40), (12, 3, 0, 3), (12, 1, 1, 1), (30, 0, 0, 5))


def test_a_slice_is_good_at_its_target():
    assert slice_sums(SUMS, 12, "Timeslices", Decimal("0.9")).rows() == [
        (0, 1.0, 0.0, 1.0),  # 90 / 100 = 0.9
        (12, 1.0, 1.0, 1.0),  # 3 / 4 < 0.9
        (24, 0.0, 0.0, 1.0),
    ]
    assert slice_sums(SUMS, 12, "Timeslices", Decimal("0.901"))["bad"].to_list() == [1.0, 1.0, 0.0]


def test_a_slice_is_bad_by_what_is_missing():
    assert slice_sums(SUMS, 12, "RatioTimeslices").rows() == [
        (0, 1.0, 0.1, 1.0),
        (12, 1.0, 0.25, 1.0),
        (24, 0.0, 0.0, 1.0),
    ]


def test_the_ratio_of_a_window_is_the_mean_of_the_slice_ratios_whatever_their_traffic():
    # (0.90 + 0.75) / 2 = 0.825, where counting events gives 93 / 104 = 0.894
    slices = slice_sums(SUMS, 12, "RatioTimeslices")
    assert 1 - slices["bad"].sum() / slices["valid"].sum() == pytest.approx(0.825, abs=1e-15)


def test_slices_are_aligned_to_the_epoch():
    found = slice_sums(frame((7, 1, 0, 1), (8, 1, 1, 1)), 4, "Timeslices", Decimal("0.5"))
    assert found["t"].to_list() == [4, 8]


@pytest.mark.parametrize("objective", ["0.07", "0.57", "0.93", "0.99", "0.999"])
def test_a_ratio_equal_to_the_target_is_good_whatever_the_float(objective):
    good = float(objective) * 1000
    sums = frame((0, 1000, 1000 - round(good), 1000))
    assert slice_sums(sums, 1, "Timeslices", Decimal(objective))["bad"].to_list() == [0.0]


def test_weighted_counts_have_no_speck():
    # 0.2 of 0.3 good; 0.3 - 0.1 is 0.19999999999999998 as a float, two thirds is not
    sums = frame((0, 0.3, 0.1, 0.3), (1, 0.4, 0.1, 0.4))
    assert slice_sums(sums, 1, "Timeslices", Decimal("0.75"))["bad"].to_list() == [1.0, 0.0]


def test_no_buckets_no_slices():
    found = slice_sums(frame(), 12, "RatioTimeslices")
    assert found.columns == COLUMNS
    assert found.is_empty()


def test_timeslices_need_a_target():
    with pytest.raises(ValueError, match="target"):
        slice_sums(SUMS, 12, "Timeslices")


def test_the_width_of_a_slice_is_whole_buckets():
    assert [width_buckets(parse_duration(text)) for text in ("5m", "1h", "1d")] == [1, 12, 288]
    for text in ("1m", "7m"):
        with pytest.raises(ValueError, match="five-minute"):
            width_buckets(parse_duration(text))


rows = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(0, 9), st.integers(0, 9)).map(
        lambda r: (r[0], r[1] + r[2], r[2], r[1] + r[2])
    ),
    max_size=30,
)


@given(rows, st.randoms(), st.sampled_from([1, 3, 12]))
def test_order_and_splitting_change_nothing(rows, random, width):
    shuffled = random.sample(rows, len(rows))
    for method, target in (("Timeslices", Decimal("0.5")), ("RatioTimeslices", None)):
        assert slice_sums(frame(*rows), width, method, target).equals(
            slice_sums(frame(*shuffled), width, method, target)
        )
