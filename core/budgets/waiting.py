"""What the events that wait for a label hold, cohort by cohort: the arithmetic of ``burnline.budgets.nowcast``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.delays import DelayCurves, positions
from burnline.budgets.levels import levels

Floats = NDArray[np.float64]

_HOURLY = 72
_DAY = 24
#: Deviations are believed by half at the root of this many standard deviations.
_NOISE = 16.0
_ROUNDS = 3
_SMALL = 0.002
_HALVINGS = 12
_LEAST_SHARE = 1e-3
#: Relative standard deviation of a level before labels are seen: of an expectation never tested, and its bounds.
_UNTESTED = 0.5
_LEAST_DOUBT = 0.1
_MOST_DOUBT = 2.0
#: Standard deviation of a normal error over its mean absolute value.
_SD_PER_MAE = 1.2533


@dataclass(frozen=True)
class Cells:
    """Sums of cohorts (S, C), oldest first, with the age (S, C) in hours and the days between cells (C)."""

    events: Floats
    labelled: Floats
    bad: Floats
    expected: Floats
    expected_waiting: Floats
    age: Floats
    gaps: Floats


def sums(index: NDArray[np.int64], of: NDArray[np.float64], size: int) -> Floats:
    """Sums of ``of`` (N) by ``index`` (N), for 0..size - 1."""
    return np.bincount(index, of.astype(np.float64), size).astype(np.float64)


def cells_of(cohorts: pl.DataFrame, at: int, size: int) -> Cells:
    """Hours of the last three days as they are, older ones summed into days."""
    row = cohorts["row"].to_numpy().astype(np.int64)
    age = (at - cohorts["t"].to_numpy() + 1) / 12
    hour = np.floor(age - 1 / 12).astype(np.int64)
    cell = np.where(hour < _HOURLY, hour, _HOURLY + (hour - _HOURLY) // _DAY)
    many = max(int(cell.max(initial=0)) + 1, 1)
    index = row * many + cell

    def total(of: NDArray[np.float64]) -> Floats:
        return sums(index, of, size * many).reshape(size, many)[:, ::-1]

    events, labelled, bad = (cohorts[name].to_numpy().astype(np.float64) for name in ("events", "labelled", "bad"))
    names = ("expected", "expected_waiting")
    if all(name in cohorts.columns for name in names):
        expected, still = (cohorts[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names)
    else:
        expected = still = np.full(len(row), np.nan)
    # What is not known beforehand is as bad as the labels say, with half an error in one more event for none at all.
    rate = (sums(row, bad, size) + 0.5) / (sums(row, labelled, size) + 1)
    unknown = np.isnan(expected) | np.isnan(still)
    expected = np.where(unknown, events * rate[row], np.minimum(expected, events))
    still = np.where(unknown, (events - labelled) * rate[row], np.minimum(still, expected))
    counts = total(events)
    middle = np.concatenate([np.arange(min(many, _HOURLY)) + 0.5, _HOURLY + _DAY * (np.arange(many - _HOURLY) + 0.5)])
    ages = np.divide(
        total(events * age), counts, out=np.broadcast_to(middle[::-1], counts.shape).copy(), where=counts > 0
    )
    gaps = np.abs(np.diff(middle[::-1], prepend=middle[-1])) / _DAY
    return Cells(counts, total(labelled), total(bad), total(expected), total(still), ages, gaps)


def waiting_bad(
    cells: Cells, curves: DelayCurves, scatter: Floats, tested: Floats, guess: Floats | None = None
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
    trust = curves.trust[:, None]
    rounds = _ROUNDS if guess is None else 1
    guess = np.ones_like(n) if guess is None else guess
    doubt = np.full(len(n), _UNTESTED)
    rate = cells.expected.sum(axis=1) / np.maximum(n.sum(axis=1), 1e-9)
    known = ~np.isnan(tested) & (rate > 0)
    doubt[known] = np.clip(_SD_PER_MAE * tested[known] / rate[known], _LEAST_DOUBT, _MOST_DOUBT)
    oldest = positions(cells.age)
    begun = (n > 0).argmax(axis=1)
    for _ in range(rounds):
        now = _odds(np.clip(guess * share, 0.0, 1.0))
        bad, good = curves.shares(_position(cells, curves, now / (1 + now), oldest))
        later = [
            np.exp(trust * np.log(np.maximum(x, _LEAST_SHARE) / np.maximum(y, _LEAST_SHARE)) + (1 - trust) * np.log(s))
            for x, y, s in ((bad, good, scores[0]), (1 - bad, 1 - good, scores[1]))
        ]
        among = now * later[0]
        expected = labelled * among / (1 + among) / np.maximum(guess, 1e-9)
        found = levels(cells.bad, expected, cells.gaps, begun=begun, scatter=scatter, doubt=doubt**2)
        guess = np.minimum(found.best, 1 / np.maximum(share, 1e-9))
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


def _position(cells: Cells, curves: DelayCurves, share: Floats, oldest: Floats) -> Floats:
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
