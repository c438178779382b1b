"""How often a prediction of a given confidence is wrong: a table of 50 equal-width bins, learnt from matured labels.

Estimating performance from confidence alone (binned CBPE) means to sum, over the events of a day, the error rate that
their bins had. Equal-width bins follow scores that pile up at 0 and 1 where quantile bins lose the middle. It sees a
shift between the bins, not one within a bin, and no change of what is right (concept drift). Without confidence there
is one bin, and the table is the past error rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]

BINS = 50
_BUCKETS_PER_DAY = 288
_NEIGHBOUR = 0.5


def bins(confidence: ArrayLike, size: int = BINS) -> NDArray[np.int64]:
    """The equal-width bin of each confidence in 0..1; 1 lies in the last one.

    >>> bins([0.0, 0.019, 0.02, 0.999, 1.0]).tolist()
    [0, 0, 1, 49, 49]
    """
    scaled = np.asarray(confidence, dtype=np.float64) * size
    return np.clip(np.floor(scaled + 1e-9), 0, size - 1).astype(np.int64)


@dataclass(frozen=True)
class Calibration:
    """Error rates of B bins of S SLOs: ``rate`` (S, B), and ``weight`` (S, B), the labelled events they rest on."""

    rate: Floats
    weight: Floats

    def expect(self, events: Floats) -> tuple[Floats, Floats]:
        """Expected wrong events of counts (S, …, B) and their standard deviation, both (S, …).

        The variance is that of independent outcomes, sum n p (1 - p), and of the table itself, sum n^2 p (1 - p) /
        (weight + 1): the error of the table is common to all events of a bin.
        """
        axes = (slice(None), *(None,) * (events.ndim - 2))
        rate, weight = self.rate[axes], self.weight[axes]
        each = rate * (1 - rate)
        variance = (events * each).sum(axis=-1) + (events**2 * each / (weight + 1)).sum(axis=-1)
        return (events * rate).sum(axis=-1), np.sqrt(variance)


def calibrate(labelled: Floats, wrong: Floats, *, monotone: bool = False) -> Calibration:
    """Error rates from labelled and wrong events (S, B); bin b is confidence b/B to (b + 1)/B.

    Each rate is (wrong + prior) / (labelled + 1). The prior is the level of the neighbouring bins, weighted
    0.5^distance, which itself starts from one event of 1 - confidence: a bin without labels follows its neighbours, a
    table without any is 1 - confidence. ``monotone`` makes rates fall with confidence (pool adjacent violators,
    weighted by the labels).
    """
    labelled = np.maximum(np.asarray(labelled, dtype=np.float64), 0.0)
    wrong = np.clip(np.asarray(wrong, dtype=np.float64), 0.0, labelled)
    size = labelled.shape[-1]
    place = np.arange(size)
    near = _NEIGHBOUR ** np.abs(place[:, None] - place)
    np.fill_diagonal(near, 0.0)
    middle = 1 - (place + 0.5) / size
    prior = (wrong @ near + middle) / (labelled @ near + 1)
    rate = (wrong + prior) / (labelled + 1)
    if monotone:
        rate = np.array(
            [
                isotonic_regression(of, weights=by + 1, increasing=False).x
                for of, by in zip(rate.reshape(-1, size), labelled.reshape(-1, size), strict=True)
            ]
        ).reshape(rate.shape)
    return Calibration(rate, labelled)


def day_counts(
    outcomes: pl.DataFrame, *, at: int, days: tuple[int, int], count: int, size: int = BINS
) -> tuple[Floats, Floats]:
    """(labelled, wrong), each (S, D, B), of request days ``days`` (first, last; days since 1970), as of ``at``.

    ``outcomes`` has row (number of the SLO), day, known (bucket in which the labels became known), bin, labelled and
    wrong (changes of the sums: a correction may be negative). What became known after bucket ``at`` is left out.
    """
    first, last = days
    length = max(last - first + 1, 0)
    frame = outcomes.filter((pl.col("known") <= at) & pl.col("day").is_between(first, last))
    row, day, bucket = (frame[name].to_numpy().astype(np.int64) for name in ("row", "day", "bin"))
    index = (row * length + day - first) * size + bucket
    labelled, wrong = (
        np.bincount(index, frame[name].to_numpy().astype(np.float64), count * length * size)
        .astype(np.float64)
        .reshape(count, length, size)
        for name in ("labelled", "wrong")
    )
    labelled = np.maximum(labelled, 0.0)
    return labelled, np.clip(wrong, 0.0, labelled)


def matured(days: tuple[int, int], maturity: Floats, at: int) -> NDArray[np.bool_]:
    """(S, D) which request days are over for ``maturity`` (S) hours at bucket ``at``.

    Only those may teach a table when bad outcomes are labelled later than good ones: the labels that came first are
    the good ones.
    """
    ends = (np.arange(days[0], days[1] + 1) + 1) * _BUCKETS_PER_DAY
    over: NDArray[np.bool_] = (at + 1 - ends) / 12 >= maturity[:, None]
    return over


def left_out(labelled: Floats, wrong: Floats, monotone: bool = False) -> Floats:
    """Expected wrong events (S, D) among the labelled ones of each day, by tables learnt from all other days.

    ``labelled`` and ``wrong`` are (S, D, B). A day that taught its own table would be predicted too well.
    """
    rest = calibrate(
        labelled.sum(axis=1, keepdims=True) - labelled, wrong.sum(axis=1, keepdims=True) - wrong, monotone=monotone
    )
    expected: Floats = (labelled * rest.rate).sum(axis=-1)
    return expected


def spread(cohorts: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Give hourly cohorts the expected badness of their day: columns expected and expected_waiting are added.

    ``cohorts`` has row, t, events and labelled; ``days`` has row, day, expected (sum of p over all events of the day)
    and expected_waiting (over those without a label at the moment). An hour gets its share by events, and by events
    without a label. Null where the day is not among ``days``.
    """
    of_day = ["row", "day"]
    still = pl.col("events") - pl.col("labelled")
    shares = [
        (pl.col(name) * part / part.sum().over(of_day)).fill_nan(0.0).alias(name)
        for name, part in (("expected", pl.col("events")), ("expected_waiting", still))
    ]
    return (
        cohorts.drop("expected", "expected_waiting", strict=False)
        .with_columns(day=pl.col("t") // _BUCKETS_PER_DAY)
        .join(days.select(*of_day, "expected", "expected_waiting"), on=of_day, how="left", maintain_order="left")
        .with_columns(shares)
        .drop("day")
    )
