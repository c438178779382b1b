"""From sums by label to estimates: every method gets what it needs and nothing from the future."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from burnline.budgets.calibration import bins
from burnline.budgets.late_labels import label_estimates
from burnline.results import Estimate

DAY = 288
DAYS = 80
AT = DAYS * DAY - 1
FIRST = np.array([(DAYS - 30) * DAY])


def log(
    seed: int = 0, *, late: float = 3.0, worse: float = 1.0, shift: float = 1.0, labelled: float = 1.0
) -> pl.DataFrame:
    """One row per request: t, confidence, wrong, known. From the window on errors are ``worse`` times as many at the
    same confidence, and (1 - confidence) is ``shift`` times as large."""
    rng = np.random.default_rng(seed)
    n = 800 * DAYS
    t = np.sort(rng.integers(0, DAYS * DAY, n))
    now = t >= FIRST[0]
    doubt = rng.beta(0.5, 9.5, n) * np.where(now, shift, 1.0)
    wrong = rng.random(n) < np.minimum(doubt * np.where(now, worse, 1.0), 1.0)
    known = t + (rng.exponential(np.where(wrong, late, 3.0)) * DAY).astype(np.int64)
    known = np.where(rng.random(n) < labelled, known, 10**9)
    return pl.DataFrame({"t": t, "confidence": 1 - np.minimum(doubt, 1.0), "wrong": wrong, "known": known})


def frames(rows: pl.DataFrame, row: int = 0) -> dict[str, Any]:
    """What the assembly is given, labels of all times included."""
    every = rows.with_columns(
        row=pl.lit(row, pl.Int64),
        hour=pl.col("t") // 12 * 12,
        day=pl.col("t") // DAY,
        bin=pl.Series(bins(rows["confidence"].to_numpy())),
        wrong=pl.col("wrong").cast(pl.Float64),
    )
    seen = every.filter(pl.col("known") < 10**9)
    return {
        "labels": seen.group_by("row", "known", t="hour").agg(
            valid=pl.len().cast(pl.Float64), bad=pl.col("wrong").sum()
        ),
        "events": every.group_by("row", t="hour").agg(events=pl.len().cast(pl.Float64)),
        "outcomes": seen.group_by("row", "day", "known", "bin").agg(
            labelled=pl.len().cast(pl.Float64), wrong=pl.col("wrong").sum()
        ),
        "confidences": every.group_by("row", "day", "bin").agg(events=pl.len().cast(pl.Float64)),
    }


def only(found: tuple[Estimate | None, ...]) -> Estimate:
    (one,) = found
    assert one is not None
    return one


def truth(rows: pl.DataFrame) -> float:
    return float(rows.filter(pl.col("t") >= FIRST[0])["wrong"].sum())


def test_late_wrong_labels_are_corrected_and_named():
    rows = log(late=8.0)
    one = only(label_estimates(**frames(rows), first=FIRST, at=AT))
    assert one.method == "nowcast"
    assert one.delay_bias
    assert one.bad_interval[0] < truth(rows) < one.bad_interval[1]
    assert one.backtest_error is not None
    assert one.backtest_error < 0.01
    # The labels that came first are good; the concept did not move.
    assert one.concept_drift is False
    assert one.gap_interval is not None
    assert one.gap_interval[0] < 0 < one.gap_interval[1]
    assert [p.hours for p in one.delays][:4] == [1.0, 6.0, 24.0, 72.0]


def test_nothing_known_later_changes_the_answer():
    given = frames(log(late=8.0))
    past = {
        "labels": given["labels"].filter((pl.col("known") <= AT - 500) & (pl.col("t") <= AT - 500)),
        "events": given["events"].filter(pl.col("t") <= AT - 500),
        "outcomes": given["outcomes"].filter(pl.col("known") <= AT - 500),
        "confidences": given["confidences"],
    }
    everything = only(label_estimates(**given, first=FIRST - 500, at=AT - 500))
    assert only(label_estimates(**past, first=FIRST - 500, at=AT - 500)) == everything


def test_a_changed_concept_is_told_from_a_changed_input():
    moved = only(label_estimates(**frames(log(1, worse=1.6)), first=FIRST, at=AT))
    assert moved.concept_drift is True
    assert moved.gap_interval is not None
    assert moved.gap_interval[1] < 0
    shifted_rows = log(1, shift=1.6)
    shifted = only(label_estimates(**frames(shifted_rows), first=FIRST, at=AT))
    assert shifted.concept_drift is False
    assert shifted.calibration == pytest.approx(1 - truth(shifted_rows) / (800 * 30), abs=0.006)


def test_without_confidence_the_past_rate_is_expected():
    given = frames(log(2))
    one = only(label_estimates(given["labels"], given["events"], first=FIRST, at=AT))
    assert one.method == "nowcast"
    assert (one.calibration, one.gap, one.concept_drift) == (None, None, None)
    silent = given["labels"].filter(pl.col("t") < FIRST[0])
    past = only(label_estimates(silent, given["events"], first=FIRST, at=AT))
    assert past.method == "reference"
    assert past.value == pytest.approx(0.95, abs=0.005)
    assert past.labelled == 0.0


def test_without_a_label_in_the_window_confidence_answers():
    rows = log(3, shift=1.5)
    given = frames(rows)
    for name, day in (("labels", "t"), ("outcomes", "day")):
        limit = FIRST[0] if day == "t" else FIRST[0] // DAY
        given[name] = given[name].filter(pl.col(day) < limit)
    one = only(label_estimates(**given, first=FIRST, at=AT))
    assert one.method == "calibration"
    assert one.bad_interval[0] < truth(rows) < one.bad_interval[1]
    assert one.realised is None


def test_the_surrogate_answers_where_it_was_nearer_the_truth():
    # Errors that confidence cannot see: the surrogate knows every day's rate.
    rows = log(4, worse=2.0)
    given = frames(rows)
    daily = rows.group_by(day=pl.col("t") // DAY).agg(rate=pl.col("wrong").mean())
    surrogate = daily.select(pl.lit(0, pl.Int64).alias("row"), "day", "rate", sd=pl.lit(0.001))
    for name, day in (("labels", "t"), ("outcomes", "day")):
        limit = FIRST[0] if day == "t" else FIRST[0] // DAY
        given[name] = given[name].filter(pl.col(day) < limit)
    one = only(label_estimates(**given, surrogate=surrogate, first=FIRST, at=AT))
    assert one.method == "surrogate"
    assert one.bad == pytest.approx(truth(rows), rel=0.01)
    assert one.surrogate == pytest.approx(1 - truth(rows) / 24_000, abs=0.001)
    assert one.disagree


def test_nothing_at_all_is_no_estimate():
    given = frames(log(5))
    assert label_estimates(given["labels"].clear(), given["events"], first=FIRST, at=AT) == (None,)
    assert label_estimates(given["labels"], given["events"].clear(), first=FIRST, at=AT) == (None,)


def test_slos_do_not_touch_each_other():
    one, two = log(6, late=8.0), log(7, labelled=0.4)
    both = {
        name: pl.concat([frames(one)[name], frames(two, 1)[name]])
        for name in ("labels", "events", "outcomes", "confidences")
    }
    together = label_estimates(**both, first=np.repeat(FIRST, 2), at=AT)
    for i, rows in enumerate((one, two)):
        alone = only(label_estimates(**frames(rows), first=FIRST, at=AT))
        shared = together[i]
        assert shared is not None
        assert shared.bad == pytest.approx(alone.bad)
        assert shared.bad_interval == pytest.approx(alone.bad_interval)
        assert shared.gap == pytest.approx(alone.gap)
