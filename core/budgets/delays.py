"""How long labels take, for good and for bad outcomes apart, and how many never come.

Labels that have not arrived yet cannot be seen, so young cohorts show short delays only. The curves come from the
reverse-time product-limit estimator for right-truncated delays (Lagakos, Barraj and De Gruttola 1988; the chain-ladder
of actuaries): each factor compares labels of one delay with those up to it, in cohorts old enough to show both. It
needs no cohort to be complete and does not move when traffic or the level of errors does.

Ages are hours from the first bucket of the hour of the request, for labels and for cohorts alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from burnline.results import DelayPoint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Longest delay that is followed; a label that takes longer counts as never arriving.
LONGEST_HOURS = 100 * 24.0
#: Longest time that is waited before a cohort counts as complete enough to learn from.
MATURE_HOURS = 35 * 24.0
#: The ages of the curves in hours: fine at first, then growing by a tenth.
HOURS: Floats = np.concatenate(
    [[0.0, 1 / 12, 0.25, 0.5], np.arange(1.0, 25.0), np.geomspace(24.0, LONGEST_HOURS, 49)[1:]]
)
#: Difference of the curves from which labelled outcomes misrepresent all of them.
NOTABLE_GAP = 0.1
_KS = 1.63  # two-sample Kolmogorov-Smirnov at 1 %
_MATURE = 0.99
_LEAST_LABELS = 20.0
_PRIOR_LABELS = 5.0
_SHOWN = (1.0, 6.0, 24.0, 72.0, 168.0, 336.0, 720.0)
_BUCKETS_PER_HOUR = 12


@dataclass(frozen=True)
class DelayCurves:
    """Label delays of S SLOs on the ages ``HOURS`` (A of them).

    ``bad`` and ``good`` (S, A) are the shares of bad and of good outcomes that are labelled by an age; what is missing
    to 1 at the end never gets a label. ``bad_error`` (S, A) is the standard deviation of ``bad``. ``bad_labels`` and
    ``good_labels`` (S) are the labels they rest on, ``span`` (S) the age in hours up to which delays could be seen (0 =
    no curve), ``maturity`` (S) the age by which 99 % of what ever arrives has arrived, for the slower outcome; at most
    35 days.
    """

    bad: Floats
    good: Floats
    bad_error: Floats
    bad_labels: Floats
    good_labels: Floats
    span: Floats
    maturity: Floats

    def shares(self, position: Floats, rows: Ints | None = None) -> tuple[Floats, Floats]:
        """(bad, good) labelled at places of the age axis (``positions``): (S, C), or (N) of the SLOs ``rows`` (N)."""
        below = np.minimum(position.astype(np.int64), len(HOURS) - 2)
        part = position - below
        first = (np.arange(len(self.bad))[:, None] if rows is None else rows) * len(HOURS) + below
        bad, good = (
            (1 - part) * curve.ravel().take(first) + part * curve.ravel().take(first + 1)
            for curve in (self.bad, self.good)
        )
        return bad, good

    def by_age(self, hours: ArrayLike) -> tuple[Floats, Floats]:
        """(bad, good) labelled by ages in hours, (S, C), or (C) for all SLOs alike."""
        ages = np.atleast_1d(np.asarray(hours, dtype=np.float64))
        return self.shares(positions(np.broadcast_to(ages, (len(self.bad), ages.shape[-1]))))

    @property
    def gap(self) -> Floats:
        """(S) the largest difference between the two curves; NaN without a curve."""
        return np.where(self.span > 0, np.abs(self.bad - self.good).max(axis=1), np.nan)

    @property
    def doubt(self) -> Floats:
        """(S) the difference that chance alone exceeds once in a hundred times."""
        fewest = 1 / np.maximum(self.bad_labels, 1e-9) + 1 / np.maximum(self.good_labels, 1e-9)
        return _KS * np.sqrt(fewest)

    @property
    def trust(self) -> Floats:
        """(S) how far the difference of the curves is believed, 0..1: fully where chance does not explain it."""
        known = self.span > 0
        return np.clip(np.divide(np.nan_to_num(self.gap), self.doubt, out=np.zeros(len(known)), where=known), 0.0, 1.0)

    @property
    def delay_bias(self) -> NDArray[np.bool_]:
        """(S) whether bad outcomes are labelled notably later or earlier than good ones, beyond chance."""
        gap = np.nan_to_num(self.gap)
        return (gap > NOTABLE_GAP) & (gap > self.doubt)

    def points(self, row: int) -> tuple[DelayPoint, ...]:
        """The curves of one SLO at an hour, a quarter of a day, 1, 3, 7, 14 and 30 days, as far as they reach."""
        shown = np.array([hours for hours in _SHOWN if hours <= self.span[row]])
        if not len(shown):
            return ()
        bad, good = (np.interp(shown, HOURS, curve[row]) for curve in (self.bad, self.good))
        return tuple(DelayPoint(hours=h, good=g, bad=b) for h, g, b in zip(shown, good, bad, strict=True))

    def arrival_odds(self, rows: Ints, hours: Floats) -> Floats:
        """How many times more likely a bad outcome is labelled at an age than a good one, (N) for rows and ages (N).

        The ratio of the shares that arrive around the age: over it and the steps next to it. 1 where neither does.
        """
        at = np.clip(np.searchsorted(HOURS, hours), 1, len(HOURS) - 1)
        low, high = np.maximum(at - 2, 0), np.minimum(at + 1, len(HOURS) - 1)
        bad, good = (curve[rows, high] - curve[rows, low] for curve in (self.bad, self.good))
        known = (bad + good > 1e-6) & (self.span[rows] > 0)
        smooth = 1e-3
        return np.where(known, (bad + smooth) / (good + smooth), 1.0)


def positions(hours: Floats) -> Floats:
    """Where ages in hours lie on the axis ``HOURS``: 2.5 is half-way from its third to its fourth value."""
    return np.interp(hours, HOURS, np.arange(len(HOURS), dtype=np.float64))


def cohorts(labels: pl.DataFrame, events: pl.DataFrame, at: int) -> pl.DataFrame:
    """Hourly cohorts as of bucket ``at``.

    ``labels`` has row (number of the SLO), t (first bucket of the hour of the request), known (bucket in which the
    labels became known), valid and bad (changes of the sums: a correction may be negative); ``events`` has row, t,
    events (those that wait or waited for a label) and any further column, which is kept.

    Returns the rows of ``events`` with labelled and bad: what was known at ``at``, cut to 0..events.
    """
    seen = (
        labels.filter((pl.col("known") <= at) & (pl.col("t") <= at))
        .group_by("row", "t")
        .agg(labelled=pl.col("valid").sum().cast(pl.Float64), bad=pl.col("bad").sum().cast(pl.Float64))
    )
    return (
        events.filter(pl.col("t") <= at)
        .join(seen, on=["row", "t"], how="left", maintain_order="left")
        .with_columns(pl.col("labelled", "bad").fill_null(0.0))
        .with_columns(labelled=pl.min_horizontal(pl.col("labelled").clip(0.0), "events"))
        .with_columns(bad=pl.min_horizontal(pl.col("bad").clip(0.0), "labelled"))
    )


def delay_curves(labels: pl.DataFrame, past: pl.DataFrame, *, at: int, count: int) -> DelayCurves:
    """Curves of ``count`` SLOs from everything known at bucket ``at``.

    ``labels`` as in ``cohorts``; ``past`` as it returns them, with expected and expected_waiting where the badness of
    events is known beforehand: its sum over all events of the cohort and over those without a label. Events never
    labelled are split between good and bad by it; where it is missing or null, as the labelled ones are.

    A cohort says something about an age only when it has reached it. Delays are followed up to the age where at least
    20 labels can be seen, at most 100 days; while nothing is mature the share that ever arrives is projected.
    """
    ages = len(HOURS)
    frame = labels.filter((pl.col("known") <= at) & (pl.col("t") <= at))
    row = frame["row"].to_numpy().astype(np.int64)
    oldest = _reached((at - frame["t"].to_numpy() + 1) / _BUCKETS_PER_HOUR)
    delay = np.searchsorted(HOURS, _hours(frame["known"].to_numpy() - frame["t"].to_numpy() + 1) - 1e-9)
    within = delay <= oldest
    valid, wrong = (frame[name].to_numpy().astype(np.float64) for name in ("valid", "bad"))
    tables = []
    for amount in (valid, wrong):
        index, kept = (row * (ages + 1))[within], amount[within]
        arrived = np.bincount(index + delay[within], kept, count * (ages + 1))
        left = np.bincount(index + oldest[within] + 1, kept, count * (ages + 1))
        arrived, left = arrived.reshape(count, -1), left.reshape(count, -1)
        tables.append((arrived[:, :ages], np.cumsum(arrived - left, axis=1)[:, :ages]))
    (all_new, all_risk), (bad_new, bad_risk) = tables
    enough = all_risk >= _LEAST_LABELS
    top = np.where(enough.any(axis=1), ages - 1 - enough[:, ::-1].argmax(axis=1), 0)
    # Beyond the span nothing is known to arrive.
    inside = np.arange(ages) <= top[:, None]
    overall = _backwards(np.where(inside, all_new, 0.0), np.where(inside, all_risk, 1.0), 1.0)
    prior = _PRIOR_LABELS * overall
    step = np.diff(prior, axis=1, prepend=0.0)
    by_outcome = [
        (np.where(inside, new + step, 0.0), np.where(inside, risk + prior, 1.0))
        for new, risk in ((bad_new, bad_risk), (all_new - bad_new, all_risk - bad_risk))
    ]
    bad, good = (_backwards(new, risk, 0.0) for new, risk in by_outcome)
    reach = np.maximum((bad >= _MATURE).argmax(axis=1), (good >= _MATURE).argmax(axis=1))
    maturity = np.minimum(HOURS[np.minimum(reach, top)], MATURE_HOURS)
    ever_bad, ever_good = _ever(past, overall, bad, good, maturity, at)
    span = np.where(enough.any(axis=1), HOURS[top], 0.0)
    labelled = [np.maximum(of[within], 0.0) for of in (wrong, valid - wrong)]
    numbers = [_sums(row[within], of, count) for of in labelled]
    ever = ever_bad[:, None]
    chance = ever * (1 - ever) / np.maximum(numbers[0], 1.0)[:, None]
    return DelayCurves(
        bad=ever * bad,
        good=ever_good[:, None] * good,
        bad_error=np.where(span[:, None] > 0, bad * np.sqrt(ever**2 * _greenwood(*by_outcome[0]) + chance), 0.0),
        bad_labels=numbers[0],
        good_labels=numbers[1],
        span=span,
        maturity=np.where(span > 0, maturity, MATURE_HOURS),
    )


def _hours(buckets: NDArray[np.int64]) -> Floats:
    """Ages in hours; a label dated before its request counts as known at once."""
    return np.maximum(buckets, 1) / _BUCKETS_PER_HOUR


def _reached(hours: Floats) -> Ints:
    """The largest age of the axis that a cohort has reached."""
    return np.searchsorted(HOURS, hours + 1e-9, side="right") - 1


def _backwards(new: Floats, risk: Floats, prior: float) -> Floats:
    """Shares that arrived by each age of what arrives at all: products of 1 - new / risk from the end."""
    factors = np.clip(1 - new / np.maximum(risk + prior, 1e-9), 0.0, 1.0)
    products = np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
    return np.concatenate([products, np.ones((len(new), 1))], axis=1)


def _greenwood(new: Floats, risk: Floats) -> Floats:
    """Relative variance of the products of ``_backwards`` (Greenwood's formula)."""
    rest = np.maximum(risk - new, 0.0)
    terms = np.maximum(new, 0.0) / np.maximum(np.maximum(risk, 1e-9) * np.maximum(rest, 0.5), 1e-9)
    sums = np.cumsum(terms[:, :0:-1], axis=1)[:, ::-1]
    return np.concatenate([sums, np.zeros((len(new), 1))], axis=1)


def _ever(
    past: pl.DataFrame, overall: Floats, bad_curve: Floats, good_curve: Floats, maturity: Floats, at: int
) -> tuple[Floats, Floats]:
    """Shares of bad and of good outcomes that ever get a label, from mature cohorts if they hold enough."""
    row = past["row"].to_numpy().astype(np.int64)
    age = (at - past["t"].to_numpy() + 1) / _BUCKETS_PER_HOUR
    mature = age >= maturity[row]
    place = _reached(age)
    size = len(overall)

    def share(of: Floats, due: Floats) -> Floats:
        return np.clip(of / np.maximum(due, 1e-9), 0.0, 1.0)

    events, labelled = (past[name].to_numpy().astype(np.float64) for name in ("events", "labelled"))
    every = share(_sums(row, labelled, size), _sums(row, events * overall[row, place], size))
    row, place, events, labelled = (of[mature] for of in (row, place, events, labelled))
    seen = _sums(row, labelled, size)
    enough = seen >= _LEAST_LABELS
    both = np.where(enough, share(seen, _sums(row, events * overall[row, place], size)), every)
    if "expected" not in past.columns:
        return both, both
    bad = past["bad"].to_numpy().astype(np.float64)[mature]
    prior, waiting = (
        past[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[mature] for name in ("expected", "expected_waiting")
    )
    expected, reached = _sums(row, prior, size), _sums(row, prior - waiting, size)
    known = enough & (expected > 0) & (reached > 0)
    level = (_sums(row, bad, size) + 1) / np.where(known, reached + 1, 1.0)
    level = np.minimum(level, _sums(row, events, size) / np.where(known, expected, 1.0))
    bad_due = _sums(row, prior * bad_curve[row, place], size)
    good_due = _sums(row, (events - level[row] * prior) * good_curve[row, place], size)
    return (
        np.where(known, share(reached, bad_due), both),
        np.where(known, share(seen - level * reached, good_due), both),
    )


def _sums(row: Ints, of: Floats, size: int) -> Floats:
    return np.bincount(row, of, size).astype(np.float64)
