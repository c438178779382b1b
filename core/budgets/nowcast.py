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

from burnline.budgets.delays import DelayCurves, positions
from burnline.budgets.levels import levels
from burnline.results import Estimate

Floats = NDArray[np.float64]

_HOURLY = 72
_DAY = 24
#: Deviations are believed by half at the root of this many standard deviations.
_NOISE = 16.0
_ROUNDS = 3
_SMALL = 0.002
_HALVINGS = 12
_LEAST_SHARE = 1e-3
_UNTESTED = 0.5
#: Standard deviation of a normal error over its mean absolute value.
_SD_PER_MAE = 1.2533
_QUANTILE = 0.975
_TOLERANCE = 1e-9


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


@dataclass(frozen=True)
class _Cells:
    """Sums of cohorts (S, C), oldest first, with the age (S, C) in hours and the days between cells (C)."""

    events: Floats
    labelled: Floats
    bad: Floats
    expected: Floats
    expected_waiting: Floats
    age: Floats
    gaps: Floats


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
    absolute error of the expectation on matured days (bad share), (S) or one for all; ``None`` or NaN = not tested.

    The interval takes in how well the levels are known, chance in the waiting outcomes, the uncertainty of the delay
    curve of bad outcomes and the back-tested error. It is a gamma distribution of that mean and variance for the
    waiting events, so it never leaves counted..counted + waiting; with nothing waiting it has no width.
    """
    size = len(curves.bad)
    scatter = np.broadcast_to(np.asarray(overdispersion, dtype=np.float64), size)
    tested = np.broadcast_to(np.asarray(np.nan if error is None else error, dtype=np.float64), size)
    cells = _cells(cohorts, at, size)
    waiting, variance, expected, guess = _waiting(cells, curves, scatter, tested)
    # Few bad labels make an uncertain curve: what would it be one standard deviation away?
    shares = curves.bad * (1 - curves.bad) / np.maximum(curves.bad_labels, 1.0)[:, None]
    shift = np.sqrt(shares) * (curves.span > 0)[:, None]
    sides = [
        _waiting(cells, replace(curves, bad=np.clip(curves.bad + sign * shift, 0.0, 1.0)), scatter, tested, guess)[0]
        for sign in (-1.0, 1.0)
    ]
    variance = variance + ((sides[0] - sides[1]) / 2) ** 2
    left = (cells.events - cells.labelled).sum(axis=1)
    variance = variance + (_SD_PER_MAE * np.nan_to_num(tested) * left) ** 2
    low, high = _interval(waiting, variance, left)
    row = cohorts["row"].to_numpy()
    failed = _sums(row, cohorts["failed"].to_numpy(), size) if "failed" in cohorts.columns else np.zeros(size)
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


def _sums(index: NDArray[np.int64], of: NDArray[np.float64], size: int) -> Floats:
    return np.bincount(index, of.astype(np.float64), size).astype(np.float64)


def _cells(cohorts: pl.DataFrame, at: int, size: int) -> _Cells:
    """Hours of the last three days as they are, older ones summed into days."""
    row = cohorts["row"].to_numpy().astype(np.int64)
    age = (at - cohorts["t"].to_numpy() + 1) / 12
    hour = np.floor(age - 1 / 12).astype(np.int64)
    cell = np.where(hour < _HOURLY, hour, _HOURLY + (hour - _HOURLY) // _DAY)
    many = max(int(cell.max(initial=0)) + 1, 1)
    index = row * many + cell

    def total(of: NDArray[np.float64]) -> Floats:
        return _sums(index, of, size * many).reshape(size, many)[:, ::-1]

    events, labelled, bad = (cohorts[name].to_numpy().astype(np.float64) for name in ("events", "labelled", "bad"))
    names = ("expected", "expected_waiting")
    if all(name in cohorts.columns for name in names):
        expected, still = (cohorts[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names)
    else:
        expected = still = np.full(len(row), np.nan)
    # What is not known beforehand is as bad as the labels say, with half an error in one more event for none at all.
    rate = (_sums(row, bad, size) + 0.5) / (_sums(row, labelled, size) + 1)
    unknown = np.isnan(expected) | np.isnan(still)
    expected = np.where(unknown, events * rate[row], np.minimum(expected, events))
    still = np.where(unknown, (events - labelled) * rate[row], np.minimum(still, expected))
    counts = total(events)
    middle = np.concatenate([np.arange(min(many, _HOURLY)) + 0.5, _HOURLY + _DAY * (np.arange(many - _HOURLY) + 0.5)])
    ages = np.divide(
        total(events * age), counts, out=np.broadcast_to(middle[::-1], counts.shape).copy(), where=counts > 0
    )
    gaps = np.abs(np.diff(middle[::-1], prepend=middle[-1])) / _DAY
    return _Cells(counts, total(labelled), total(bad), total(expected), total(still), ages, gaps)


def _waiting(
    cells: _Cells, curves: DelayCurves, scatter: Floats, tested: Floats, guess: Floats | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """(S) bad events among the waiting, their variance, what was expected among the labelled; and levels (S, C).

    The levels decide what selection by delay makes of an expectation, so they are found in rounds; one is enough from
    a good ``guess``.
    """
    n, labelled = cells.events, cells.labelled
    left = n - labelled
    share = np.divide(cells.expected, n, out=np.zeros_like(n), where=n > 0)
    odds = _odds(share)
    scores = _ratio(cells.expected - cells.expected_waiting, labelled, odds), _ratio(cells.expected_waiting, left, odds)
    trust = np.divide(np.nan_to_num(curves.gap), curves.doubt, out=np.zeros(len(n)), where=curves.span > 0)
    trust = np.clip(trust, 0.0, 1.0)[:, None]
    rounds = _ROUNDS if guess is None else 1
    guess = np.ones_like(n) if guess is None else guess
    doubt = np.full(len(n), _UNTESTED)
    rate = cells.expected.sum(axis=1) / np.maximum(n.sum(axis=1), 1e-9)
    known = ~np.isnan(tested) & (rate > 0)
    doubt[known] = np.clip(_SD_PER_MAE * tested[known] / rate[known], 0.1, _UNTESTED)
    oldest = positions(cells.age)
    for _ in range(rounds):
        now = _odds(np.clip(guess * share, 0.0, 1.0))
        bad, good = curves.shares(_position(cells, curves, now / (1 + now), oldest))
        later = [
            np.exp(trust * np.log(np.maximum(x, _LEAST_SHARE) / np.maximum(y, _LEAST_SHARE)) + (1 - trust) * np.log(s))
            for x, y, s in ((bad, good, scores[0]), (1 - bad, 1 - good, scores[1]))
        ]
        among = now * later[0]
        expected = labelled * among / (1 + among) / np.maximum(guess, 1e-9)
        found = levels(cells.bad, expected, cells.gaps, scatter=scatter, doubt=doubt**2)
        guess = np.minimum(found.best, np.divide(1.0, share, out=np.full_like(n, np.inf), where=share > 0))
        guess = np.where(np.isfinite(guess), guess, 1.0)
    first = odds * later[0]
    expected_labelled = (labelled * first / (1 + first)).sum(axis=1)
    # Without a label anywhere the levels are those believed beforehand, whatever pace they might move at.
    blind = labelled.sum(axis=1) == 0
    by_pace = np.where(blind[:, None], 1.0, found.mean)
    chance, slope = _badness(by_pace, share, later[1])
    amount = (left * chance).sum(axis=2)
    mean = (found.weight * amount).sum(axis=0)
    spread = found.variance(left * slope)
    spread[:, blind] = (doubt * amount)[:, blind] ** 2
    of_levels = (found.weight * (spread + (amount - mean) ** 2)).sum(axis=0)
    centre, _ = _badness(guess, share, later[1])
    by_chance = scatter * (left * centre * (1 - centre)).sum(axis=1)
    return mean, of_levels + by_chance, expected_labelled, guess


def _odds(share: Floats) -> Floats:
    return np.clip(share, 0.0, 1 - 1e-9) / (1 - np.clip(share, 0.0, 1 - 1e-9))


def _ratio(expected: Floats, events: Floats, odds: Floats) -> Floats:
    """How the odds of being bad of these events, by their own p, differ from those of the cohort; 1 for none."""
    own = _odds(np.divide(expected, events, out=np.zeros_like(events), where=events > 0))
    some = (events > 0) & (own > 0) & (odds > 0)
    return np.clip(np.divide(own, odds, out=np.ones_like(own), where=some), 1e-3, 1e3)


def _badness(level: Floats, share: Floats, selected: Floats) -> tuple[Floats, Floats]:
    """The chance that a waiting event is bad at a level, and its derivative by the level."""
    bad = np.clip(level * share, 0.0, 1 - 1e-9)
    below = 1 - bad + bad * selected
    return bad * selected / below, share * selected / below**2


def _position(cells: _Cells, curves: DelayCurves, share: Floats, oldest: Floats) -> Floats:
    """Where on the age axis the labels that did arrive put each cohort, never beyond its true age.

    A share labelled that deviates from that expected at the true age by chance only moves it next to nothing, one that
    deviates by many standard deviations fully.
    """

    bad, good = curves.shares(oldest)
    normal = share * bad + (1 - share) * good
    off = np.divide(cells.labelled, cells.events, out=normal.copy(), where=cells.events > 0) - normal
    chance = (normal * (1 - normal) + 1 / (cells.events + 1)) / (cells.events + 1)
    move = off**3 / (off**2 + _NOISE * chance)
    moved = (np.abs(move) > _SMALL) & (curves.span > 0)[:, None]
    row = np.nonzero(moved)[0]
    goal, part, high = (normal + move)[moved], share[moved], oldest[moved]
    low = np.zeros_like(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        bad, good = curves.shares(middle, row)
        short = part * bad + (1 - part) * good < goal
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    place = oldest.copy()
    place[moved] = high
    return place


def _interval(mean: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of a gamma distribution, around its mean and within 0..most."""
    some = (mean > 0) & (variance > 0) & (most > 0)
    safe_mean, safe_variance = np.where(some, mean, 1.0), np.where(some, variance, 1.0)
    shape, scale = safe_mean**2 / safe_variance, safe_variance / safe_mean
    low = np.where(some, gamma.ppf(1 - _QUANTILE, shape, scale=scale), 0.0)
    high = np.where(some, gamma.ppf(_QUANTILE, shape, scale=scale), 0.0)
    return np.minimum(low, mean), np.minimum(np.maximum(high, mean), most)


Decision = Literal["breached", "met", "undecided"]


def estimates(found: Nowcast, curves: DelayCurves, sources: Sequence[str]) -> tuple[Estimate | None, ...]:
    """The result object of each SLO; ``None`` without events.

    ``sources`` names where the expected badness came from (calibration, surrogate, reference): the method of an SLO
    without a single label. Figures of the label-free methods and their gap are added by
    ``burnline.budgets.performance.with_performance``.
    """
    biased, gap = curves.delay_bias, curves.gap
    results: list[Estimate | None] = []
    for i, n in enumerate(found.events):
        if n <= 0:
            results.append(None)
            continue
        results.append(
            Estimate(
                value=float(1 - found.bad[i] / n),
                interval=(float(1 - found.high[i] / n), float(1 - found.low[i] / n)),
                bad=float(found.bad[i]),
                bad_interval=(float(found.low[i]), float(found.high[i])),
                method="nowcast" if found.labelled[i] > 0 else sources[i],
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
