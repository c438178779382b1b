"""Bad days that are over: told apart from the rate, and expected to come again as often as before.

A day whose ratio of bad events towers over that of the days before and after it, and of the same
weekday a week before or after, was an incident. It says nothing about the rate of the others, so the
models do not learn from it; simulated futures have incidents as often and as large as history had
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: How far the ratio of an incident exceeds that of the days around it, and by how many deviations.
TIMES = 4.0
DEVIATIONS = 6.0
_LEAST_EXCESS = 5.0
_AROUND = 7
_KEPT = 8
_LONGEST = 3


@dataclass(frozen=True)
class Incidents:
    """Incidents of S SLOs: ``days`` (S, D) marks theirs, ``chance`` (S) is that of one on a day ahead.

    ``excess`` (S, 8) holds their ratios of bad events beyond the usual, the largest eight, repeated
    to fill the row; 0 where there was none.
    """

    days: Flags
    chance: Floats
    excess: Floats


def incidents(valid: Floats, bad: Floats, latest: tuple[Floats, Floats] | None = None) -> Incidents:
    """Find the incidents in daily counts (S, D), oldest first; days without data have 0 valid events.

    ``latest`` is the valid and bad (S) of the last few hours of the last day, which say whether its
    badness is over; without it the last day is never an incident.
    """
    served, failed = np.zeros((2, len(valid))) if latest is None else np.asarray(latest, dtype=np.float64)
    # One event more than was bad: few hours do not prove that all is well.
    now = _ratio(np.minimum(failed + 1, served), served)
    ratio = _ratio(bad, valid)
    found = np.zeros(valid.shape, dtype=bool)
    excess = np.zeros(valid.shape)
    overall = np.nan_to_num(_median(np.where(valid > 0, ratio, np.nan)))
    rows = np.flatnonzero((np.nan_to_num(ratio).max(axis=1, initial=0) > TIMES * overall) & (bad.max(axis=1) > 0))
    seasonal = _a_week_away(ratio[rows])
    for _ in range(_LONGEST):
        # From the second time on, days are seen without the other days of the same incident.
        level = _level(np.where(found[rows], np.nan, ratio[rows]), now[rows])
        beyond = np.nan_to_num(bad[rows] - level * valid[rows])
        spread = np.sqrt(np.nan_to_num(level * valid[rows]) + 1)
        usual = np.fmax(np.nan_to_num(level, nan=np.inf), seasonal)
        towers = np.nan_to_num(ratio[rows]) > TIMES * usual
        found[rows] = towers & (beyond > DEVIATIONS * spread) & (beyond > _LEAST_EXCESS)
        excess[rows] = np.where(found[rows], np.nan_to_num(beyond / np.maximum(valid[rows], 1e-12)), 0.0)
    count = found.sum(axis=1)
    largest = np.sort(excess, axis=1)[:, ::-1][:, :_KEPT]
    places = np.arange(_KEPT) % np.clip(count, 1, _KEPT)[:, None]
    places = np.minimum(places, largest.shape[1] - 1)
    chance = count / np.maximum((valid > 0).sum(axis=1), 1)
    return Incidents(found, chance, np.take_along_axis(largest, places, axis=1))


def _level(ratio: Floats, now: Floats) -> Floats:
    """The larger of the median ratios of the week before and after each day (S, D), NaN without an after."""
    n, days = ratio.shape
    gap = np.full((n, _AROUND), np.nan)
    wide = np.concatenate([gap, ratio, now[:, None], gap], axis=1)
    around = np.lib.stride_tricks.sliding_window_view(wide, _AROUND, axis=1)
    before, after = _median(around[:, :days]), _median(around[:, _AROUND + 1 : _AROUND + 1 + days])
    return np.where(np.isnan(before), after, np.maximum(before, after))


def _a_week_away(ratio: Floats) -> Floats:
    """The smaller ratio of the same weekday in the week before and after (S, D), NaN where there is neither."""
    gap = np.full((len(ratio), 7), np.nan)
    wide = np.concatenate([gap, ratio, gap], axis=1)
    days = ratio.shape[1]
    found: Floats = np.fmin(wide[:, :days], wide[:, 14 : 14 + days])
    return found


def _median(values: Floats) -> Floats:
    """Medians along the last axis of what is there, the upper of two; NaN of nothing."""
    ordered = np.sort(values, axis=-1)
    middle = (~np.isnan(values)).sum(axis=-1) // 2
    found: Floats = np.take_along_axis(ordered, middle[..., None], axis=-1)[..., 0]
    return found


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)
