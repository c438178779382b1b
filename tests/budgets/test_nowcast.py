"""The estimate of all bad events: counts what is known, corrects for what is late, decides by its interval."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnline.budgets.delays import HOURS, DelayCurves
from burnline.budgets.nowcast import Nowcast, decide, estimates, nowcast
from burnline.results import Estimate

DAY = 288
AT = 30 * DAY - 1


def curves(bad_days: float = 3.0, good_days: float = 3.0, *, ever: float = 1.0, count: int = 1) -> DelayCurves:
    """Exponential delays that rest on very many labels."""
    bad, good = (ever * (1 - np.exp(-HOURS / 24 / days)) for days in (bad_days, good_days))
    many = np.full(count, 1e9)
    bads, goods = (np.tile(of, (count, 1)) for of in (bad, good))
    return DelayCurves(bads, goods, 0 * bads, many, many, many, np.full(count, 500.0))


NO_CURVES = DelayCurves(*(np.zeros((1, len(HOURS))),) * 3, *(np.zeros(1),) * 3, np.full(1, 840.0))


def frame(*rows: tuple[float, ...], expected: bool = True) -> pl.DataFrame:
    """Daily cohorts, oldest first and the last one ending at AT: events, labelled, bad, expected, expected_waiting."""
    names = ("events", "labelled", "bad", "expected", "expected_waiting")[: 5 if expected else 3]
    days = np.arange(30 - len(rows), 30)
    of = {name: [float(row[i]) for row in rows] for i, name in enumerate(names)}
    return pl.DataFrame({"row": np.zeros(len(rows), dtype=np.int64), "t": days * DAY, **of})


def bounds(found: Nowcast) -> tuple[float, float, float]:
    return found.low[0], found.bad[0], found.high[0]


@pytest.mark.parametrize("made", [curves(), curves(8.0), NO_CURVES])
def test_with_every_label_known_the_estimate_is_the_count(made: DelayCurves):
    found = nowcast(frame((100, 100, 7, 5, 0), (50, 50, 0, 2, 0)), made, at=AT)
    assert bounds(found) == (7.0, 7.0, 7.0)
    assert (found.events[0], found.labelled[0], found.waiting[0]) == (150.0, 150.0, 0.0)
    (one,) = estimates(found, made, ["calibration"])
    assert one is not None
    assert one.value == 1 - 7 / 150
    assert one.interval == (1 - 7 / 150, 1 - 7 / 150)


def test_without_curves_the_waiting_are_as_bad_as_their_own_expectation_at_the_level_of_the_labelled():
    # 30 days of 1000 events, 500 labelled, expected 50: 20 among the labelled, 30 among the waiting. 30 bad ones seen
    # where 20 were expected: level 1.5, so 45 wait each day. 30 x (30 + 45) = 2250.
    found = nowcast(frame(*[(1000, 500, 30, 50, 30)] * 30), NO_CURVES, at=AT)
    assert found.bad[0] == pytest.approx(2250, rel=0.01)
    assert found.expected[0] == pytest.approx(600, rel=1e-6)
    assert found.counted[0] == 900


def test_without_any_expectation_the_waiting_are_as_bad_as_the_labelled():
    found = nowcast(frame(*[(1000, 400, 20)] * 30, expected=False), NO_CURVES, at=AT)
    assert found.bad[0] == pytest.approx(1500, rel=0.005)


def test_bad_outcomes_that_are_labelled_later_are_added():
    # Bad ones take 8 days, good ones 3. Each day 50 of 1000 are bad; what is labelled follows the curves exactly.
    made = curves(8.0)
    rows = []
    for day in range(30):
        bad, good = made.by_age([24.0 * (30 - day)])
        seen = 50 * bad[0, 0]
        rows.append((1000, seen + 950 * good[0, 0], seen, 50, 50 * (1 - bad[0, 0])))
    found = nowcast(frame(*rows), made, at=AT)
    labelled_only = 30_000 * found.counted[0] / found.labelled[0]
    assert labelled_only < 1280
    assert found.bad[0] == pytest.approx(1500, rel=0.01)
    assert found.low[0] < 1500 < found.high[0]
    # Of those labelled so many were expected: the selection is no gain.
    assert found.expected[0] == pytest.approx(found.counted[0], rel=0.01)


def test_a_pause_of_the_labels_is_no_improvement():
    # Nothing was labelled in the last 3 days though half should be: 50 bad a day before, and no reason for fewer now.
    made = curves(1.0, 1.0)
    days = [(1000.0, 1000.0, 50.0, 50.0, 0.0)] * 27 + [(1000.0, 0.0, 0.0, 50.0, 50.0)] * 3
    found = nowcast(frame(*days), made, at=AT)
    assert found.bad[0] == pytest.approx(1500, rel=0.01)


def test_a_rise_of_errors_reaches_the_days_without_labels():
    days = [(1000.0, 1000.0, 50.0, 50.0, 0.0)] * 20 + [(1000.0, 500.0, 50.0, 50.0, 25.0)] * 7
    days += [(1000.0, 0.0, 0.0, 50.0, 50.0)] * 3
    # Twice as bad for 10 days: 20 x 50 + 10 x 100 = 2000.
    found = nowcast(frame(*days), NO_CURVES, at=AT)
    assert found.bad[0] == pytest.approx(2000, rel=0.06)
    assert found.low[0] < 2000 < found.high[0]


def test_requests_never_labelled_neither_bias_nor_widen():
    # 60 % never labelled; 1200 bad labels in all: chance alone is 1.5 x sqrt(1200 + 1800) / 3000 = 2.7 % x 2 a side.
    ever = curves(3.0, ever=0.4)
    found = nowcast(frame(*[(5000, 2000, 100, 250, 150)] * 12), ever, at=AT)
    assert found.bad[0] == pytest.approx(3000, rel=0.01)
    assert (found.high[0] - found.low[0]) / 3000 < 0.25


def test_without_labels_the_expectation_stands_and_its_past_error_is_the_width():
    rows = frame(*[(1000, 0, 0, 50, 50)] * 30)
    untested, tested = nowcast(rows, NO_CURVES, at=AT), nowcast(rows, NO_CURVES, at=AT, error=0.005)
    assert untested.bad[0] == pytest.approx(1500)
    assert tested.bad[0] == pytest.approx(1500)
    # 1.2533 x 0.005 / 0.05 = 12.5 % = 188; chance sqrt(1500 x 0.95) = 38: sd 192, a quarter of variance more: 214.
    # 2 x 1.96 x 214 = 841.
    assert tested.high[0] - tested.low[0] == pytest.approx(841, rel=0.02)
    # Never tested: half of it.
    assert untested.high[0] - untested.low[0] == pytest.approx(2 * 1.96 * 750 * 1.25**0.5, rel=0.1)
    (one,) = estimates(tested, NO_CURVES, ["calibration"])
    assert one is not None
    assert one.method == "calibration"
    assert one.delay_gap is None


def test_nothing_known_and_nothing_expected_is_no_estimate():
    found = nowcast(frame((100, 0, 0), expected=False), NO_CURVES, at=AT)
    assert estimates(found, NO_CURVES, [None]) == (None,)
    empty = nowcast(frame((0, 0, 0, 0, 0)), NO_CURVES, at=AT)
    assert estimates(empty, NO_CURVES, ["reference"]) == (None,)


def test_events_that_failed_at_once_are_bad_and_settled():
    rows = frame((900, 900, 9, 9, 0)).with_columns(failed=pl.lit(100.0))
    found = nowcast(rows, NO_CURVES, at=AT)
    assert bounds(found) == (109.0, 109.0, 109.0)
    assert found.events[0] == 1000.0


@pytest.mark.parametrize("made", [curves(), curves(8.0), NO_CURVES])
@pytest.mark.parametrize("bad", [0.0, 50.0])
def test_all_bad_and_none_bad_stay_within_what_is_possible(made: DelayCurves, bad: float):
    found = nowcast(frame(*[(100, 50, bad)] * 20, expected=False), made, at=AT)
    low, middle, high = bounds(found)
    assert found.counted[0] <= low <= middle <= high <= found.counted[0] + found.waiting[0]
    # Of 1000 labelled all or none: of 1000 more next to all or none.
    assert abs(middle - 40 * bad) < 15
    assert abs(low - 40 * bad) < 80
    assert abs(high - 40 * bad) < 80


def test_one_young_cohort_alone_is_undecided():
    rows = pl.DataFrame(
        {"row": [0], "t": [AT - 11], "events": [1000.0], "labelled": [10.0], "bad": [0.0]},
        schema_overrides={"row": pl.Int64, "t": pl.Int64},
    )
    (one,) = estimates(nowcast(rows, curves(), at=AT), curves(), [None])
    assert one is not None
    assert one.method == "nowcast"
    assert decide(one, 0.99) == "undecided"


def test_over_dispersion_widens():
    rows = frame(*[(1000, 500, 30, 50, 30)] * 30)
    calm, wild = nowcast(rows, NO_CURVES, at=AT), nowcast(rows, NO_CURVES, at=AT, overdispersion=4.0)
    assert wild.high[0] - wild.low[0] > 1.5 * (calm.high[0] - calm.low[0])


def test_few_bad_labels_behind_the_curve_widen():
    rows = frame(*[(1000, 500, 20, 50, 30)] * 30)
    sure = curves(8.0)
    unsure = replace(sure, bad_error=np.sqrt(sure.bad * (1 - sure.bad) / 20))
    wide, narrow = nowcast(rows, unsure, at=AT), nowcast(rows, sure, at=AT)
    assert wide.high[0] - wide.low[0] > 1.3 * (narrow.high[0] - narrow.low[0])


def estimate(low: float, high: float) -> Estimate:
    return Estimate(
        value=(low + high) / 2, interval=(low, high), bad=0, bad_interval=(0, 0), method="nowcast", delay_bias=False
    )


def test_the_interval_decides():
    assert decide(estimate(0.97, 0.989), Decimal("0.99")) == "breached"
    assert decide(estimate(0.98, 0.995), Decimal("0.99")) == "undecided"
    assert decide(estimate(0.992, 0.995), Decimal("0.99")) == "met"
    # A budget spent to the last event is kept.
    assert decide(estimate(1 - 10 / 1000, 1 - 10 / 1000), Decimal("0.99")) == "met"
    assert decide(estimate(1 - 11 / 1000, 1 - 11 / 1000), Decimal("0.99")) == "breached"
    assert decide(estimate(0.98, 0.99), Decimal("0.99")) == "undecided"


@st.composite
def cohort_rows(draw: st.DrawFn) -> pl.DataFrame:
    rows = []
    for slo in range(3):
        for age in draw(st.lists(st.integers(0, 800), min_size=1, max_size=12, unique=True)):
            events = draw(st.integers(0, 500))
            labelled = draw(st.integers(0, events))
            bad = draw(st.integers(0, labelled))
            expected = draw(st.floats(0, 1)) * events
            rows.append(
                {
                    "row": slo, "t": AT - 11 - 12 * age, "events": float(events), "labelled": float(labelled),
                    "bad": float(bad), "expected": expected, "expected_waiting": expected * draw(st.floats(0, 1)),
                }
            )  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"row": pl.Int64, "t": pl.Int64})


@settings(max_examples=30, deadline=None)
@given(rows=cohort_rows(), seed=st.integers(0, 99), late=st.sampled_from([1.0, 3.0, 9.0]))
def test_the_interval_holds_the_estimate_and_order_and_other_slos_do_not_matter(
    rows: pl.DataFrame, seed: int, late: float
):
    made = curves(late, count=3)
    found = nowcast(rows, made, at=AT)
    for name in ("bad", "low", "high", "expected"):
        assert np.all(np.isfinite(getattr(found, name)))
    assert np.all(found.counted <= found.low + 1e-9)
    assert np.all((found.low <= found.bad) & (found.bad <= found.high))
    assert np.all(found.high <= found.counted + found.waiting + 1e-9)
    done = found.waiting == 0
    assert np.all(found.low[done] == found.high[done])
    shuffled = nowcast(rows.sample(fraction=1, shuffle=True, seed=seed), made, at=AT)
    assert shuffled.bad == pytest.approx(found.bad)
    assert shuffled.high == pytest.approx(found.high)
    alone = nowcast(rows.filter(pl.col("row") == 0), curves(late), at=AT)
    assert alone.bad[0] == pytest.approx(found.bad[0], rel=1e-6)
    assert alone.high[0] == pytest.approx(found.high[0], rel=1e-6)
