"""Errors are held against those expected in the order in which labels came in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.concept import concept_drift
from burnline.budgets.delays import cohorts, delay_curves
from burnline.drift.course import PROVEN, Course
from burnline.drift.evidence import count_path, overdispersion, span, square_path
from burnline.drift.expectation import Expectation
from burnline.rollups.surrogate import Kind

HOUR, DAY = 12, 288
DAYS, REFERENCE = 21, 14
AT = DAYS * DAY - 1


def expectation(rate: np.ndarray) -> Expectation:
    hours = np.arange(len(rate))
    rates = pl.DataFrame({"t": hours * HOUR, "rate": rate, "sd": 0.0 * rate})
    return Expectation(rates, "features", 0, REFERENCE * DAY, 10_000.0, float(rate[:24].mean()), 0.01)


def course(n: np.ndarray, bad: np.ndarray, rate: np.ndarray, kind: Kind = "accuracy", late: int = 0) -> Course:
    """Labels of every hour that come ``late`` hours after their requests; the window is the last week."""
    hours = np.arange(len(n))
    labels = pl.DataFrame({"t": hours * HOUR, "known": (hours + late) * HOUR, "n": n * 1.0, "bad": bad * 1.0})
    return Course(
        kind=kind, labels=labels.filter(pl.col("known") <= AT), expectation=expectation(rate), curves=None,
        begin=0, first=(DAYS - 7) * DAY, last=AT, at=AT,
    )  # fmt: skip


HOURS = np.arange(DAYS * 24)
N = np.full(DAYS * 24, 100)
RATE = np.full(DAYS * 24, 0.05)
SINCE = (DAYS - 5) * 24


def drawn(p: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).binomial(N, p)


def test_evidence_is_that_of_the_e_detector_of_late_labels() -> None:
    rng = np.random.default_rng(1)
    for seed_rate in (0.05, 0.06, 0.08):
        wrong, due = rng.binomial(100, seed_rate, 48).astype(float), np.full(48, 5.0)
        # The table there is known so well that its margin is the least: a tenth.
        other = concept_drift(wrong[None], due[None], reference_bad=1e9)
        assert (count_path(wrong, due * 1.1).max() >= PROVEN) == bool(other[0])


def test_one_step_of_evidence_is_the_mean_over_the_factors() -> None:
    # m = (0 + 1/1) * exp(ln(g) * 2 - (g - 1) * 1) for g = 1.25, 1.5, 2, 3, 5
    gains = [1.25**2 * np.exp(-0.25), 1.5**2 * np.exp(-0.5), 4 * np.exp(-1), 9 * np.exp(-2), 25 * np.exp(-4)]
    assert count_path(np.array([2.0]), np.array([1.0]))[0] == pytest.approx(np.mean(gains))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_squares_that_are_due_prove_nothing_and_nothing_due_is_passed_over(values: list[float]) -> None:
    amount = np.array(values)
    assert square_path(amount, amount).max() <= 1 + 1e-9
    assert square_path(amount, 0 * amount).max() <= 1 + 1e-9


def test_bets_on_squares_keep_their_promise_under_heavy_tails() -> None:
    # Log-normal errors with a mean of 1: at most one of a hundred courses may ever reach 100.
    rng = np.random.default_rng(2)
    false = [square_path(rng.lognormal(-1.125, 1.5, 200), np.ones(200)).max() >= PROVEN for _ in range(300)]
    assert np.mean(false) <= 0.01


def test_independent_counts_are_not_overdispersed_and_bursts_are() -> None:
    rng = np.random.default_rng(3)
    n = np.full(24 * 14, 200.0)
    assert overdispersion(rng.poisson(10, len(n)).astype(float), n * 0.05, n) < 1.4
    daily = rng.gamma(4, 0.25, 14).repeat(24)
    assert overdispersion(rng.poisson(10 * daily).astype(float), n * 0.05, n) > 5


def test_a_rise_is_proven_and_its_onset_found() -> None:
    one = course(N, drawn(np.where(HOURS >= SINCE, 0.12, 0.05)), RATE)
    assert one.path().max() >= PROVEN
    assert abs(one.period()[0] // HOUR - SINCE) <= 3
    assert one.period()[1] == AT
    lane = one.days(one.period())
    assert [day.drifted for day in lane] == [False, False, True, True, True, True, True]
    assert all(day.interval[0] <= day.realised <= day.interval[1] for day in lane)


def test_an_onset_before_the_window_is_found_too() -> None:
    before = (REFERENCE + 0.5) * 24
    late = replace(course(N, drawn(np.where(before <= HOURS, 0.12, 0.05)), RATE), first=(DAYS - 3) * DAY)
    assert abs(late.period()[0] // HOUR - before) <= 3


def test_errors_that_the_inputs_explain_are_no_drift() -> None:
    rate = np.where(HOURS >= SINCE, 0.12, 0.05)
    one = course(N, drawn(rate), rate)
    assert one.path().max() < PROVEN
    assert one.marginal()


def test_the_gap_is_estimated_less_realised() -> None:
    one = course(N, np.where(HOURS >= (DAYS - 7) * 24, 8, 5), RATE)
    found = one.gap()
    # 95 % good expected, 92 % realised; 16,800 labels, 1,344 of them wrong.
    assert (found.estimated, found.realised, found.gap) == pytest.approx((0.95, 0.92, 0.03))
    half = 1.96 * np.sqrt(1_344 * 0.92 + (840 * 0.01) ** 2) / 16_800
    assert found.interval == pytest.approx((0.03 - half, 0.03 + half))


def test_squared_errors_are_told_as_their_root() -> None:
    one = course(N, np.full(len(N), 400.0), np.full(len(N), 1.0), kind="rmse")
    found = one.gap()
    assert (found.estimated, found.realised, found.gap) == pytest.approx((1.0, 2.0, -1.0))
    assert one.path().max() >= PROVEN
    assert one.days()[0].realised == pytest.approx(2.0)


def test_evidence_comes_with_the_labels_not_with_the_requests() -> None:
    bad = drawn(np.where(HOURS >= SINCE, 0.2, 0.05))
    at_once, late = course(N, bad, RATE), course(N, bad, RATE, late=24)
    proven = [int((one.path() >= PROVEN).argmax()) for one in (at_once, late)]
    assert proven[1] == proven[0] + 24


def test_only_a_part_of_what_was_realised_and_expected_can_be_kept() -> None:
    one = course(N, drawn(np.where(HOURS >= SINCE, 0.12, 0.05)), RATE)
    # Of 12 % wrong 7 points sit elsewhere, on a tenth of the expectation.
    assert one.path(5 / 12, 0.9, SINCE * HOUR).max() < PROVEN


def _delayed(bad_hours: float, good_hours: float, concept: float = 1.0) -> Course:
    """Labels of wrong answers come after a mean of ``bad_hours``, those of right ones after ``good_hours``."""
    rng = np.random.default_rng(5)
    rows = []
    bad = drawn(np.where(HOURS >= SINCE, 0.05 * concept, 0.05), 6)
    for count, hours, wrong in ((bad, bad_hours, 1.0), (N - bad, good_hours, 0.0)):
        t = HOURS.repeat(count)
        known = t + rng.exponential(hours, len(t)).astype(int)
        one = pl.DataFrame({"t": t * HOUR, "known": known * HOUR}).group_by("t", "known").len("n")
        rows.append(one.select("t", "known", n=pl.col("n").cast(pl.Float64), bad=pl.col("n") * wrong))
    labels = pl.concat(rows).group_by("t", "known").agg(pl.col("n", "bad").sum()).filter(pl.col("known") <= AT)
    past = pl.col("t") < (DAYS - 7) * DAY
    found = labels.filter(past).select(row=pl.lit(0, pl.Int64), t="t", known="known", valid="n", bad="bad")
    events = pl.DataFrame({"row": 0, "t": HOURS * HOUR, "events": N * 1.0}).filter(past)
    curves = delay_curves(found, cohorts(found, events, AT), at=AT, count=1)
    return replace(course(N, bad, RATE), labels=labels, curves=curves)


def test_wrong_answers_that_are_labelled_first_look_like_no_concept_drift() -> None:
    one = _delayed(12, 60)
    assert one.marginal()
    assert one.path().max() < PROVEN
    assert one.selective
    assert one.days()[-1].provisional


def test_concept_drift_is_seen_through_such_a_selection() -> None:
    assert _delayed(12, 60, concept=2.5).path().max() >= PROVEN


def test_the_span_of_an_excess_that_is_over_ends_where_it_did() -> None:
    realised = np.full(100, 5.0)
    realised[40:60] = 15.0
    assert span(realised, np.full(100, 5.0), 50) == (40, 59)


def test_few_labels_are_not_enough_to_say_no() -> None:
    few = course(np.full(len(N), 2), np.zeros(len(N)), RATE)
    # 168 hours of 2 labels at 5 %: 16.8 expected.
    assert not few.enough()
    assert course(N, drawn(RATE), RATE).enough()
