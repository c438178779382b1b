"""When an error budget is exhausted if recent behaviour continues.

Daily counts teach a rate (``forecast_model``), futures are simulated (``forecast_paths``), and each
is held against what the budget allows by then (``forecast_allowance``). See docs/forecast.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.forecast_allowance import Allowance, Horizon, Past, Recent, allowance
from burnline.budgets.forecast_model import Floats, Ints, Rates, rates
from burnline.budgets.forecast_paths import Draws, Onset, Singles, draws, moments, spend
from burnline.budgets.forecast_tail import beyond, quantiles
from burnline.results import Forecast

__all__ = ["PATHS", "SEED", "Horizon", "Past", "Recent", "band", "forecast"]

PATHS = 400
SEED = 20_261_102

_LEAST_DAYS = 3
_NOWHERE_NEAR = 1e-3
_CHUNK = 128
_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9
_BAND = dict.fromkeys(("ahead", "low", "middle", "high"), pl.Float64)


def forecast(
    past: Past,
    horizons: Sequence[Horizon],
    objectives: Sequence[float] | Floats,
    *,
    at: datetime,
    recent: Recent | None = None,
    seed: int = SEED,
    paths: int = PATHS,
) -> tuple[Forecast | None, ...]:
    """When each of S budgets is exhausted, and the probability that it is before its window ends.

    ``exhausts_at`` is the median moment over all paths, ``interval_80`` its 10 and 90 % quantiles; None
    where they lie beyond the horizon. A budget that is overspent already was exhausted ``at``
    the moment, with probability 1. A burn that still lasts (``recent``) has its rate for the next
    day. None for an SLO with nothing to go by: fewer than three days with data and no burn
    that lasts, or no valid events in its window and none expected.

    The answer for an SLO depends on its own counts, the seed and the number of paths only. Where
    the moments of the mixture say that exhaustion is nowhere near (probability below a
    thousandth), they are the answer and nothing is simulated.
    """
    if not horizons:
        return ()
    ahead = _ahead(past, horizons, objectives, recent)
    mean, variance = moments(ahead.rates, ahead.allowed.traffic)
    chance = beyond(mean, variance, ahead.allowed.limit[:, 1:]).max(axis=1)
    near = ahead.known & (ahead.allowed.overspent | ahead.burning | (chance >= _NOWHERE_NEAR))
    ends = [at + timedelta(days=h.left) for h in horizons]
    answers: list[Forecast | None] = [None] * len(horizons)
    far = np.flatnonzero(ahead.known & ~near)
    spent = quantiles(mean[far, -1], variance[far, -1], (_HIGH, _LOW))
    for i, left in zip(far, ahead.allowed.remaining(far, spent), strict=True):
        answers[i] = Forecast(
            exhausts_at=None,
            interval_80=None,
            probability=float(chance[i]),
            horizon=ends[i],
            remaining_80=(float(left[0]), float(left[1])),
        )
    numbers = draws(paths, len(ahead.allowed.traffic.edges) - 1, seed)
    # Horizons of like length together: a chunk is simulated to its furthest horizon.
    ordered = np.flatnonzero(near)
    ordered = ordered[np.argsort(ahead.allowed.times[ordered, -1], kind="stable")]
    for part in (ordered[k : k + _CHUNK] for k in range(0, len(ordered), _CHUNK)):
        times, left = _exhaustion(ahead.take(part), numbers)
        for i, moment, rest in zip(part, times, left, strict=True):
            answers[i] = _answer(moment, rest, at, ends[i], float(chance[i]))
    return tuple(answers)


def band(
    past: Past,
    horizon: Horizon,
    objective: float,
    *,
    recent: Recent | None = None,
    seed: int = SEED,
    paths: int = PATHS,
) -> pl.DataFrame:
    """The 80 % band of the budget that one SLO (S = 1) has left, from now to its horizon.

    Returns ahead (days from the moment), low, middle, high (10, 50 and 90 % quantiles of the
    remaining budget as a fraction of it, below 0 when overspent), ordered by ahead; no rows where
    ``forecast`` has no answer.
    """
    ahead = _ahead(past, [horizon], [objective], recent)
    if not ahead.known[0]:
        return pl.DataFrame(schema=_BAND)
    ahead = ahead.take(np.array([0]))
    allowed = ahead.allowed
    one, numbers = np.array([0]), draws(paths, allowed.times.shape[1] - 1, seed)
    spent: list[Singles] = [
        np.zeros((1, paths), dtype=np.float32),
        *spend(ahead.rates, allowed.traffic, ahead.onset, numbers),
    ]
    ranks = [_rank(q, paths) for q in (_HIGH, _MIDDLE, _LOW)]
    bounds = np.sort(np.concatenate(spent).astype(np.float64), axis=1)[:, ranks]
    left = [allowed.remaining(one, bounds[[moment]], moment)[0] for moment in range(len(bounds))]
    rows = np.column_stack([allowed.times[0], np.array(left)])
    return pl.DataFrame(rows, schema=_BAND).unique("ahead", keep="first", maintain_order=True)


@dataclass(frozen=True)
class _Ahead:
    """All that the paths of S SLOs need: ``known`` marks those with something to go by."""

    rates: Rates
    allowed: Allowance
    onset: Onset
    known: NDArray[np.bool_]

    @property
    def burning(self) -> NDArray[np.bool_]:
        return np.isfinite(self.onset.valid)

    def take(self, rows: Ints) -> _Ahead:
        return _Ahead(self.rates.take(rows), self.allowed.take(rows), self.onset.take(rows), self.known[rows])


def _ahead(
    past: Past, horizons: Sequence[Horizon], objectives: Sequence[float] | Floats, recent: Recent | None
) -> _Ahead:
    learned = rates(past.valid, past.bad, past.weekday, past.latest)
    allowed = allowance(past, horizons, np.asarray(objectives, dtype=np.float64), learned, recent)
    few = learned.days < _LEAST_DAYS
    nothing = np.full(len(few), np.nan)
    onset = Onset(nothing, nothing, few) if recent is None else Onset(recent.valid, recent.bad, few)
    served = allowed.budget[:, 0] + allowed.budget[:, -1] > 0
    return _Ahead(learned, allowed, onset, served & (~few | np.isfinite(onset.valid)))


def _exhaustion(ahead: _Ahead, numbers: Draws) -> tuple[Floats, Floats]:
    """When each path (S, P) is exhausted, in days (inf: not before the horizon), ascending; what is left then.

    The second is the 80 % band (S, 2) of the budget at the horizon.
    """
    allowed = ahead.allowed
    gone, shape = allowed.overspent[:, None], (len(allowed.room), len(numbers.pick))
    limit = np.where(gone, allowed.room, allowed.limit).astype(np.float32)
    before = np.broadcast_to(-limit[:, :1], shape)
    times = np.broadcast_to(np.where(gone, 0.0, np.inf), shape).astype(np.float32)
    come = np.zeros_like(before)
    for step, come in enumerate(spend(ahead.rates, allowed.traffic, ahead.onset, numbers), 1):
        over = come - limit[:, step, None]
        crossed = (over > 0) & np.isinf(times)
        if crossed.any():
            begin, end = allowed.times[:, step - 1, None], allowed.times[:, step, None]
            share = np.clip(-before / np.where(crossed, over - before, 1), 0, 1)
            times = np.where(crossed, begin + share * (end - begin), times).astype(np.float32)
        before = over
    come = np.sort(come, axis=1)
    paths = come.shape[1]
    spent = come[:, [_rank(_HIGH, paths), _rank(_LOW, paths)]].astype(np.float64)
    return np.sort(times, axis=1).astype(np.float64), allowed.remaining(np.arange(len(come)), spent)


def _answer(times: Floats, left: Floats, at: datetime, end: datetime, chance: float) -> Forecast:
    """One answer from the ascending moments of its paths; ``chance`` where no path is exhausted."""
    paths = len(times)
    low, middle, high = (_moment(times[_rank(q, paths)], at) for q in (_LOW, _MIDDLE, _HIGH))
    share = np.isfinite(times).mean()
    return Forecast(
        exhausts_at=middle,
        interval_80=None if low is None else (low, high),
        probability=float(max(share, min(chance, 0.5 / paths))),
        horizon=end,
        remaining_80=(float(left[0]), float(left[1])),
    )


def _moment(days: float, at: datetime) -> datetime | None:
    return at + timedelta(days=float(days)) if np.isfinite(days) else None


def _rank(quantile: float, paths: int) -> int:
    """The place of a quantile among ascending paths: the first that this share does not exceed."""
    return max(int(np.ceil(quantile * paths)) - 1, 0)
