"""Label delays by outcome: nothing young is mistaken for fast, nothing never labelled for slow."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from burnline.budgets.delays import HOURS, DelayCurves, cohorts, delay_curves, positions

DAY = 288


def labels(*rows: tuple[int, int, float, float], slo: int = 0) -> pl.DataFrame:
    """Rows of t, known, valid, bad."""
    names = ("t", "known", "valid", "bad")
    of = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return pl.DataFrame({"row": [slo] * len(rows), **of}).cast(
        {"row": pl.Int64, "t": pl.Int64, "known": pl.Int64, "valid": pl.Float64, "bad": pl.Float64}
    )


def events(*rows: tuple[int, float], slo: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": [slo] * len(rows), "t": [t for t, _ in rows], "events": [float(n) for _, n in rows]},
        schema={"row": pl.Int64, "t": pl.Int64, "events": pl.Float64},
    )


def simulated(seed: int, days: int, good_days: float, bad_days: float, never: float = 0.0) -> DelayCurves:
    rng = np.random.default_rng(seed)
    n = 400 * days
    t = rng.integers(0, days * 24, n) * 12
    wrong = rng.random(n) < 0.2
    known = t + (rng.exponential(np.where(wrong, bad_days, good_days)) * DAY).astype(np.int64)
    at = days * DAY - 1
    seen = (known <= at) & (rng.random(n) >= never)
    frame = pl.DataFrame({"row": 0, "t": t, "known": known, "valid": 1.0, "bad": wrong.astype(np.float64)})
    every = frame.group_by("row", "t").agg(events=pl.len().cast(pl.Float64))
    got = frame.filter(pl.Series(seen))
    return delay_curves(got, cohorts(got, every, at), at=at, count=1)


def test_cohorts_count_what_was_known_and_no_more():
    # Bucket 30 is before the bad label of bucket 40 arrives; the third label is taken back at bucket 20.
    seen = labels((0, 5, 2.0, 0.0), (0, 40, 1.0, 1.0), (0, 12, 1.0, 1.0), (0, 20, 0.0, -1.0), (36, 37, 1.0, 0.0))
    found = cohorts(seen, events((0, 10), (12, 4), (36, 9)), at=30)
    assert found.rows() == [(0, 0, 10.0, 3.0, 0.0), (0, 12, 4.0, 0.0, 0.0)]


def test_a_complete_past_gives_the_plain_shares():
    # 60 days ago: of 100 good outcomes 60 are labelled within the hour, 40 after two days; of 50 bad ones 10 and 40.
    # The 5 bad labels believed beforehand arrive as all do, in shares 70/150 and 80/150:
    # bad within the hour = 1 - (40 + 5 x 80/150) / (50 + 5) = 0.224.
    at = 60 * DAY
    seen = labels((0, 11, 70.0, 10.0), (0, 2 * DAY, 80.0, 40.0))
    curves = delay_curves(seen, cohorts(seen, events((0, 150)), at), at=at, count=1)
    bad, good = curves.by_age([1.0, 24.0, 72.0])
    assert bad[0] == pytest.approx([0.2242, 0.2242, 1.0], abs=0.002)
    assert good[0] == pytest.approx([0.6, 0.6, 1.0], abs=0.01)
    assert curves.gap[0] == pytest.approx(0.37, abs=0.01)
    assert curves.delay_bias[0]
    assert (curves.bad_labels[0], curves.good_labels[0]) == (50.0, 100.0)


def test_events_never_labelled_stay_out_of_both_curves():
    at = 60 * DAY
    seen = labels((0, 11, 60.0, 12.0))
    curves = delay_curves(seen, cohorts(seen, events((0, 100)), at), at=at, count=1)
    assert curves.bad[0, -1] == pytest.approx(0.6)
    assert curves.good[0, -1] == pytest.approx(0.6)
    assert not curves.delay_bias[0]


def test_expected_badness_splits_those_never_labelled():
    # Expected: 20 bad of 100, 8 of them among the 40 without a label -> 12 of 20 bad ones get a label. 12 bad labels
    # came as expected (level 13/13), so 48 of the other 80 good ones did.
    # With 16 of the 20 among the unlabelled only 4 of 20 bad ones get one; level (12 + 1) / (4 + 1) = 2.6 makes the
    # good ones 100 - 52 = 48 of which 60 - 10.4 = 49.6 are labelled: all of them.
    at = 60 * DAY
    seen = labels((0, 11, 60.0, 12.0))
    past = cohorts(seen, events((0, 100)), at)
    even = past.with_columns(expected=pl.lit(20.0), expected_waiting=pl.lit(8.0))
    curves = delay_curves(seen, even, at=at, count=1)
    assert (curves.bad[0, -1], curves.good[0, -1]) == (pytest.approx(0.6), pytest.approx(0.6))
    risky = past.with_columns(expected=pl.lit(20.0), expected_waiting=pl.lit(16.0))
    curves = delay_curves(seen, risky, at=at, count=1)
    assert (curves.bad[0, -1], curves.good[0, -1]) == (pytest.approx(0.2), pytest.approx(1.0))


def test_young_cohorts_do_not_look_fast():
    # Half of every day's labels take 5 days; the last five days can only show the quick half.
    rows = [(d * DAY, d * DAY + 11, 50.0, 5.0) for d in range(20)]
    rows += [(d * DAY, (d + 5) * DAY, 50.0, 5.0) for d in range(15)]
    at = 20 * DAY - 1
    seen = labels(*rows)
    curves = delay_curves(seen, cohorts(seen, events(*[(d * DAY, 100) for d in range(20)]), at), at=at, count=1)
    bad, good = curves.by_age([24.0])
    # Naively 1000 of 1750 labels = 0.57 came within a day.
    assert good[0, 0] == pytest.approx(0.5, abs=0.01)
    assert bad[0, 0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("days", "never"), [(20, 0.0), (90, 0.0), (90, 0.4)])
def test_curves_follow_the_delays_that_made_them(days: int, never: float):
    curves = simulated(1, days, 1.0, 4.0, never)
    ages = np.array([24.0, 72.0, 168.0])
    bad, good = curves.by_age(ages)
    ever = 1 - never
    assert good[0] == pytest.approx(ever * (1 - np.exp(-ages / 24)), abs=0.03)
    assert bad[0] == pytest.approx(ever * (1 - np.exp(-ages / 96)), abs=0.06)
    assert curves.delay_bias[0]


def test_equal_delays_are_no_bias():
    curves = simulated(2, 60, 3.0, 3.0)
    assert not curves.delay_bias[0]
    assert curves.gap[0] < 0.05


def test_a_difference_that_few_labels_show_is_no_bias():
    at = 60 * DAY
    seen = labels((0, 11, 30.0, 1.0), (0, 2 * DAY, 20.0, 4.0))
    curves = delay_curves(seen, cohorts(seen, events((0, 50)), at), at=at, count=1)
    assert curves.gap[0] > 0.1
    assert not curves.delay_bias[0]


def test_without_labels_there_is_no_curve():
    none = labels()
    curves = delay_curves(none, cohorts(none, events((0, 100)), DAY), at=DAY, count=2)
    assert np.isnan(curves.gap).all()
    assert not curves.delay_bias.any()
    assert curves.points(0) == ()
    assert curves.trust.tolist() == [0.0, 0.0]


def test_a_label_dated_before_its_request_counts_as_known_at_once():
    at = 60 * DAY
    seen = labels((DAY, DAY - 5, 100.0, 50.0))
    curves = delay_curves(seen, cohorts(seen, events((DAY, 100)), at), at=at, count=1)
    assert np.interp(0.1, HOURS, curves.good[0]) == pytest.approx(1.0)


def test_shown_points_reach_as_far_as_delays_could_be_seen():
    rows = [(d * DAY, d * DAY + 11, 50.0, 5.0) for d in range(5)]
    seen = labels(*rows)
    at = 5 * DAY - 1
    curves = delay_curves(seen, cohorts(seen, events(*[(d * DAY, 50) for d in range(5)]), at), at=at, count=1)
    assert [p.hours for p in curves.points(0)] == [1.0, 6.0, 24.0, 72.0]


def test_bad_labels_that_come_late_are_likelier_at_a_late_age():
    curves = simulated(3, 60, 1.0, 8.0)
    rows: NDArray[np.int64] = np.zeros(2, dtype=np.int64)
    # Densities: bad e^(-a/8)/8, good e^-a: 0.14 at half a day, 2.3 (5.3) at 3 (4) days.
    early, late = curves.arrival_odds(rows, np.array([12.0, 96.0]))
    assert early < 0.3
    assert 2.5 < late < 9


def test_positions_are_found_between_the_ages():
    assert positions(np.array([0.0, HOURS[3], (HOURS[3] + HOURS[4]) / 2])).tolist() == [0.0, 3.0, 3.5]


def test_the_stated_error_is_how_far_the_curve_of_bad_outcomes_lies_off():
    ages = np.array([48.0, 120.0])
    made = [simulated(seed, 40, 1.0, 4.0) for seed in range(40)]
    found = np.array([one.by_age(ages)[0][0] for one in made])
    stated = np.mean([[np.interp(a, HOURS, one.bad_error[0]) for a in ages] for one in made], axis=0)
    assert found.std(axis=0) == pytest.approx(stated, rel=0.35)


@st.composite
def logs(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 40), st.integers(0, 3000), st.integers(1, 30), st.integers(0, 30)),
            min_size=1,
            max_size=40,
        )
    )
    made = [(t * 12, t * 12 + delay, float(n), float(min(n, bad))) for t, delay, n, bad in rows]
    frame = labels(*made)
    every = frame.group_by("row", "t").agg(events=pl.col("valid").sum() + 3)
    return frame, every


@settings(max_examples=60, deadline=None)
@given(log=logs(), at=st.integers(0, 3500), seed=st.integers(0, 9))
def test_curves_are_shares_that_rise_whatever_the_order_and_what_comes_later(
    log: tuple[pl.DataFrame, pl.DataFrame], at: int, seed: int
):
    frame, every = log
    curves = delay_curves(frame, cohorts(frame, every, at), at=at, count=1)
    for curve in (curves.bad, curves.good):
        assert np.all((curve >= 0) & (curve <= 1))
        assert np.all(np.diff(curve, axis=1) >= -1e-12)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    known = shuffled.filter(pl.col("known") <= at)
    again = delay_curves(known, cohorts(known, every, at), at=at, count=1)
    assert again.bad == pytest.approx(curves.bad)
    assert again.good == pytest.approx(curves.good)


def test_slos_are_handled_apart():
    seen = pl.concat([labels((0, 11, 60.0, 12.0)), labels((0, 2 * DAY, 90.0, 30.0), slo=1)])
    every = pl.concat([events((0, 100)), events((0, 90), slo=1)])
    at = 60 * DAY
    both = delay_curves(seen, cohorts(seen, every, at), at=at, count=2)
    for i in range(2):
        mine = seen.filter(pl.col("row") == i).with_columns(row=pl.lit(0, pl.Int64))
        alone = every.filter(pl.col("row") == i).with_columns(row=pl.lit(0, pl.Int64))
        one = delay_curves(mine, cohorts(mine, alone, at), at=at, count=1)
        assert both.bad[i] == pytest.approx(one.bad[0])
        assert both.good[i] == pytest.approx(one.good[0])
