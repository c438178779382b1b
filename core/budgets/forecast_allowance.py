"""How many bad events a budget still allows by each moment ahead.

As a rolling window moves on, what it holds leaves it: day by day as history knows it, the day it
cuts pro rata. Its budget follows the valid events it holds. The budget of a calendar window is that
of the whole period: the valid events so far and those expected until its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from burnline.budgets.forecast_model import Floats, Ints, Rates
from burnline.budgets.forecast_paths import Traffic

_FIRST_HOURS = 0.25
_LEAST_HOURS = 1 / 12
_DAILY = 31
_TRAFFIC_JUMP = 4.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Past:
    """What happened on the days before a moment: arrays (S, D), oldest first, of S SLOs and D days.

    A day is 24 hours; the last one ends at the moment. ``valid`` and ``bad`` count events or
    slices, NaN or 0 valid where there was no data; ``weekday`` (D) numbers the days 0..6.
    ``latest`` is the valid and bad (S) of the last six hours or so: whether a bad last day is over.
    """

    valid: Floats
    bad: Floats
    weekday: Ints
    latest: tuple[Floats, Floats] | None = None


@dataclass(frozen=True)
class Horizon:
    """The window of one SLO as of the moment.

    ``length`` is its days, ``left`` the days until its period ends (rolling: ``length``); ``valid``
    and ``bad`` are what it holds so far.
    """

    kind: Literal["rolling", "calendar"]
    length: float
    left: float
    valid: float
    bad: float


@dataclass(frozen=True)
class Recent:
    """What happened since the onset of a burn that still lasts: arrays (S), NaN where nothing burns.

    ``hours`` is how long it has lasted.
    """

    valid: Floats
    bad: Floats
    hours: Floats


@dataclass(frozen=True)
class Allowance:
    """What S SLOs are expected to serve and may lose at H + 1 moments ahead, the first of them now.

    ``times`` (S, H + 1) are the moments in days, none beyond the horizon of its SLO. ``room`` is the
    number of bad events that may come until then, negative when overspent, and ``budget`` the
    size of the budget then. ``traffic`` is what is expected in between. ``whole`` (S) marks SLOs whose
    bad events were whole numbers so far: simulated ones are rounded.
    """

    times: Floats
    room: Floats
    budget: Floats
    traffic: Traffic
    whole: NDArray[np.bool_]

    @property
    def limit(self) -> Floats:
        """The unrounded number of bad events beyond which the budget is exhausted (S, H + 1)."""
        return np.where(self.whole[:, None], np.floor(self.room + _ROUNDING) + 0.5, self.room)

    @property
    def overspent(self) -> NDArray[np.bool_]:
        """Whose budget is exhausted now."""
        return self.room[:, 0] < -_ROUNDING * np.maximum(self.budget[:, 0], 1.0)

    def remaining(self, rows: Ints, spent: Floats, moment: int = -1) -> Floats:
        """The budget (rows, Q) that these SLOs have left at a moment when ``spent`` more events are bad."""
        budget = np.broadcast_to(self.budget[rows, moment, None], spent.shape)
        spent = np.where(self.whole[rows, None], np.rint(spent), spent)
        return np.divide(self.room[rows, moment, None] - spent, budget, out=np.ones(spent.shape), where=budget > 0)

    def take(self, rows: Ints) -> Allowance:
        """These SLOs only, to the last moment that any of them needs."""
        steps = max(1, int(np.searchsorted(self.traffic.edges, self.times[rows, -1].max())))
        traffic = Traffic(
            self.traffic.edges[: steps + 1], self.traffic.valid[rows, :steps], self.traffic.exposure[rows, :steps]
        )
        return replace(
            self,
            times=self.times[rows, : steps + 1],
            room=self.room[rows, : steps + 1],
            budget=self.budget[rows, : steps + 1],
            traffic=traffic,
            whole=self.whole[rows],
        )


def edges(horizon: float) -> Floats:
    """The moments ahead in days: now, six hours, daily for a month, then weekly, past the horizon."""
    daily = np.arange(1.0, min(_DAILY, np.ceil(horizon)) + 1)
    weekly = np.arange(_DAILY + 7.0, max(horizon, 1.0) + 7, 7.0)
    return np.concatenate([[0.0, _FIRST_HOURS], daily, weekly])


def allowance(
    past: Past, horizons: Sequence[Horizon], objectives: Floats, rates: Rates, recent: Recent | None
) -> Allowance:
    """What is allowed at each moment, with traffic as on the same weekdays before.

    While a burn lasts, the first six hours see the traffic since its onset; with no other data it
    goes on for good.
    """
    length, left, held_valid, held_bad = (
        np.array([getattr(h, name) for h in horizons], dtype=np.float64) for name in ("length", "left", "valid", "bad")
    )
    rolling = np.array([h.kind == "rolling" for h in horizons])[:, None]
    grid = edges(float(left.max()))
    times = np.minimum(grid, left[:, None])
    order = (past.weekday[-1] + 1 + np.arange(7)) % 7
    days, profile = rates.traffic[:, order], rates.profile[:, order]
    pace = None if recent is None else 24 * recent.valid / np.maximum(recent.hours, _LEAST_HOURS)
    if pace is not None:
        days = np.where((np.isfinite(pace) & (rates.days == 0))[:, None], np.nan_to_num(pace)[:, None], days)
    valid, exposure = (np.diff(_by(times, each), axis=1) for each in (days, days * profile))
    if pace is not None:
        _surge(valid, exposure, days[:, 0], pace, left)
    come = np.concatenate([np.zeros((len(horizons), 1)), valid.cumsum(axis=1)], axis=1)
    stay_valid, stay_bad = (
        _staying(counts, total, length, times) for counts, total in ((past.valid, held_valid), (past.bad, held_bad))
    )
    share = (1 - objectives)[:, None]
    budget = share * np.where(rolling, stay_valid + come, (held_valid + come[:, -1])[:, None])
    room = budget - np.where(rolling, stay_bad, held_bad[:, None])
    whole = (np.nan_to_num(past.bad) % 1 == 0).all(axis=1)
    return Allowance(times, room, budget, Traffic(grid, valid, exposure), whole)


def _by(times: Floats, days: Floats) -> Floats:
    """What has come by each time (S, E) when a week brings ``days`` (S, 7), steadily within a day."""
    weeks, rest = np.divmod(times, 7.0)
    whole = np.minimum(rest.astype(np.int64), 6)
    summed = np.concatenate([np.zeros((len(days), 1)), days.cumsum(axis=1)], axis=1)
    today = np.take_along_axis(days, whole, axis=1) * (rest - whole)
    come: Floats = weeks * summed[:, -1:] + np.take_along_axis(summed, whole, axis=1) + today
    return come


def _surge(valid: Floats, exposure: Floats, day: Floats, pace: Floats, left: Floats) -> None:
    """Give the first six hours the traffic of a burn that lasts, and the rest of the day what remains."""
    share = np.minimum(left, _FIRST_HOURS)
    usual = np.maximum(day, 1e-12)
    first = np.clip(np.nan_to_num(pace, nan=0.0), usual / _TRAFFIC_JUMP, usual * _TRAFFIC_JUMP) * share
    first = np.where(np.isfinite(pace) & (day > 0), first, valid[:, 0])
    rest = np.maximum(valid[:, 0] + valid[:, 1] - first, 0.0)
    for step, new in ((0, first), (1, np.where(valid[:, 1] > 0, rest, 0.0))):
        exposure[:, step] *= np.divide(new, valid[:, step], out=np.ones_like(new), where=valid[:, step] > 0)
        valid[:, step] = new


def _staying(counts: Floats, total: Floats, length: Floats, times: Floats) -> Floats:
    """What of the ``total`` in a rolling window of ``length`` days is still in it at each time (S, E).

    History says how old it is, scaled to the exact total; what lies before history, or is
    unknown to it, is spread evenly.
    """
    age = np.nan_to_num(counts)[:, ::-1]
    n, days = age.shape
    summed = np.concatenate([np.zeros((n, 1)), age.cumsum(axis=1)], axis=1)

    def younger(ages: Floats) -> Floats:
        clipped = np.clip(ages, 0, days)
        whole = np.minimum(clipped.astype(np.int64), days - 1)
        part = np.take_along_axis(age, whole, axis=1) * (clipped - whole)
        found: Floats = np.take_along_axis(summed, whole, axis=1) + part
        return found

    known = younger(length[:, None])[:, 0]
    factor = np.divide(total, known, out=np.zeros_like(known), where=known > 0)
    factor = np.where(length > days, np.minimum(factor, 1.0), factor)
    unknown = np.maximum(total - factor * known, 0.0)
    since = np.where(length > days, float(days), 0.0)
    even = np.clip((length[:, None] - times - since[:, None]) / (length - since)[:, None], 0, 1)
    staying: Floats = factor[:, None] * younger(length[:, None] - times) + unknown[:, None] * even
    return staying
