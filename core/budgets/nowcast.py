"""The bad events of a window when labels are late or missing: counted ones plus what the waiting ones hold.

Every cohort has events whose badness p is expected beforehand (confidence, features or the past rate). The errors seen
among its labels, against those expected of them, say how many times worse than expected the cohort is: its level g,
smoothed over time (``burnline.budgets.levels``). Labels select: an event labelled early is more often good than its p
says when wrong outcomes are labelled later. The odds of being bad are therefore

    labelled by now     g P : (n - g P)  times  F1 : F0
    waiting             g P : (n - g P)  times  1 - F1 : 1 - F0

with P the sum of p and F1, F0 the shares of bad and good outcomes labelled by the age of the cohort (chain-ladder;
Chapelle 2014 for the use of delays by outcome). Where the curves do not differ beyond chance, the selection that the
p of labelled and of waiting events show is used instead; in between, both. The age is that at which the labels that
did arrive would have: labels that come in nightly batches or stop for a day make a cohort younger, not better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.stats import gamma

from burnline.budgets.delays import DelayCurves
from burnline.budgets.waiting import cells_of, sums, waiting_bad
from burnline.results import Estimate

Floats = NDArray[np.float64]

_QUANTILE = 0.975
_TOLERANCE = 1e-9
#: The noise and the pace of the levels are themselves estimated: measured by tests/bench/nowcast.py.
_LEFT_OUT = 1.25


@dataclass(frozen=True)
class Nowcast:
    """What is known and estimated of S SLOs over their windows, (S) each, in events.

    ``events`` = ``labelled`` + ``waiting`` + ``failed`` (known to be bad without a label). ``counted`` are bad events
    that are known, ``bad`` adds what is expected of the waiting ones, ``low`` and ``high`` are its 95 % interval.
    ``expected`` is what was expected among the labelled ones before they were seen, their selection by delay included.
    """

    events: Floats
    labelled: Floats
    waiting: Floats
    failed: Floats
    counted: Floats
    bad: Floats
    low: Floats
    high: Floats
    expected: Floats


def nowcast(
    cohorts: pl.DataFrame,
    curves: DelayCurves,
    *,
    at: int,
    overdispersion: ArrayLike = 1.0,
    error: ArrayLike | None = None,
) -> Nowcast:
    """Estimate the bad events of all SLOs of ``curves`` as of bucket ``at``.

    ``cohorts`` are those of the windows, as ``burnline.budgets.delays.cohorts`` returns them: row, t, events, labelled,
    bad; and where they are known expected, expected_waiting (sums of p over all events and over those without a label)
    and failed (events beside ``events`` that are known to be bad without a label). Without an expectation every event
    is expected as bad as the labelled ones. ``overdispersion`` multiplies the variance of counts, ``error`` is the mean
    absolute error beyond chance of the expectation on matured days (bad share, ``performance.beyond_chance``), (S) or
    one for all; ``None`` or NaN = not tested. It is the doubt in the levels that labels must overcome: without labels
    the interval is as wide as the method was wrong in the past.

    The interval takes in how well the levels are known, chance in the waiting outcomes and the uncertainty of the delay
    curve of bad outcomes. It is that of a gamma distribution with this mean and variance for the waiting events, and
    never leaves counted..counted + waiting; with nothing waiting it has no width.
    """
    size = len(curves.bad)
    scatter = np.broadcast_to(np.asarray(overdispersion, dtype=np.float64), size)
    tested = np.broadcast_to(np.asarray(np.nan if error is None else error, dtype=np.float64), size)
    cells = cells_of(cohorts, at, size)
    waiting, variance, expected, guess = waiting_bad(cells, curves, scatter, tested)
    # Few bad labels make an uncertain curve: what would it be one standard deviation away?
    moved = [np.clip(curves.bad + sign * curves.bad_error, 0.0, 1.0) for sign in (-1.0, 1.0)]
    sides = [waiting_bad(cells, replace(curves, bad=bad), scatter, tested, guess)[0] for bad in moved]
    variance = _LEFT_OUT * (variance + ((sides[0] - sides[1]) / 2) ** 2)
    left = (cells.events - cells.labelled).sum(axis=1)
    low, high = _interval(waiting, variance, left)
    row = cohorts["row"].to_numpy()
    failed = sums(row, cohorts["failed"].to_numpy(), size) if "failed" in cohorts.columns else np.zeros(size)
    counted = cells.bad.sum(axis=1) + failed
    return Nowcast(
        events=cells.events.sum(axis=1) + failed,
        labelled=cells.labelled.sum(axis=1),
        waiting=left,
        failed=failed,
        counted=counted,
        bad=counted + waiting,
        low=counted + low,
        high=counted + high,
        expected=expected,
    )


def _interval(mean: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of a gamma distribution, around its mean and within 0..most."""
    some = (mean > _TOLERANCE) & (variance > _TOLERANCE**2) & (most > 0)
    safe_mean, safe_variance = np.where(some, mean, 1.0), np.where(some, variance, 1.0)
    shape, scale = safe_mean**2 / safe_variance, safe_variance / safe_mean
    low = np.where(some, gamma.ppf(1 - _QUANTILE, shape, scale=scale), 0.0)
    high = np.where(some, gamma.ppf(_QUANTILE, shape, scale=scale), 0.0)
    return np.minimum(low, mean), np.minimum(np.maximum(high, mean), most)


Decision = Literal["breached", "met", "undecided"]


def estimates(found: Nowcast, curves: DelayCurves, sources: Sequence[str | None]) -> tuple[Estimate | None, ...]:
    """The result object of each SLO; ``None`` without events, and where neither labels nor an expectation exist.

    ``sources`` names where the expected badness came from (calibration, surrogate, reference): the method of an SLO
    without a single label; ``None`` = nothing was expected. Figures of the label-free methods and their gap are
    added by ``burnline.budgets.performance.with_performance``.
    """
    biased, gap = curves.delay_bias, curves.gap
    results: list[Estimate | None] = []
    for i, n in enumerate(found.events):
        source = "nowcast" if found.labelled[i] > 0 else sources[i]
        if n <= 0 or (source is None and found.waiting[i] > 0):
            results.append(None)
            continue
        results.append(
            Estimate(
                value=float(1 - found.bad[i] / n),
                interval=(float(1 - found.high[i] / n), float(1 - found.low[i] / n)),
                bad=float(found.bad[i]),
                bad_interval=(float(found.low[i]), float(found.high[i])),
                method=source or "nowcast",
                delay_bias=bool(biased[i]),
                labelled=float(found.labelled[i]),
                waiting=float(found.waiting[i]),
                delay_gap=None if np.isnan(gap[i]) else float(gap[i]),
                delays=curves.points(i),
            )
        )
    return tuple(results)


def decide(estimate: Estimate, objective: Decimal | float) -> Decision:
    """Whether the objective is met over all events, labelled or not, as far as the interval tells.

    Breached when even the fewest bad events of the interval exceed the budget, met when the most keep it (spending it
    to the last event keeps it), else undecided. With every label known this is the count itself.
    """
    target = float(objective)
    low, high = estimate.interval
    if high < target - _TOLERANCE:
        return "breached"
    return "met" if low >= target - _TOLERANCE else "undecided"
