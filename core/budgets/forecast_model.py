"""What recent days say about the rate of bad events: a weighted mixture of discounted models.

Dynamic model averaging (Raftery, Karny and Ettler 2010) over gamma-Poisson models with power
discounting (West and Harrison 1997): each forgets the past at its own pace and assumes its own daily
growth; how well it predicted each day decides its weight. A weekday profile and the scatter
beyond that of independent events are taken out first. Everything is vectorised over SLOs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from burnline.budgets.forecast_incidents import Incidents, incidents

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Share of the past that a model keeps from day to day, and the daily growth that it assumes.
DISCOUNTS = (0.4, 0.6, 0.75, 0.87, 0.94, 0.98)
GROWTHS = (0.9, 0.95, 1.0, 1.05, 1.1, 1.15)

_PACES = np.repeat(np.array(DISCOUNTS), len(GROWTHS))
_TRENDS = np.tile(np.array(GROWTHS), len(DISCOUNTS))
_TREND_PRIOR = 0.02
_FORGET = 0.98
_WARM_UP = 5
_PROFILE_DAYS = 14
_PROFILE_PRIOR = 20.0
_RECENT_DAYS = 28
_LEAST_SHAPE = 0.5
_LEAST_SCATTER = 0.05


@dataclass(frozen=True)
class Rates:
    """The rate of bad among valid events of S SLOs after the last day, as mixtures of K gammas.

    ``shape`` and ``rate`` are the parameters of the gamma distributions and ``weight`` those of the
    mixture, (S, K) each, where model k keeps ``pace[k]`` of the past a day and grows by
    ``trend[k]`` a day. ``dispersion`` (S) is the variance of a day's bad events over that of
    independent ones, at least 1. ``profile`` (S, 7) is the rate of a weekday over the mean rate,
    ``traffic`` (S, 7) the valid events expected on it. ``days`` (S) counts the days with data.
    ``incidents`` are what comes on top of the rate.
    """

    pace: Floats
    trend: Floats
    shape: Floats
    rate: Floats
    weight: Floats
    dispersion: Floats
    profile: Floats
    traffic: Floats
    days: Ints
    incidents: Incidents

    def take(self, rows: Ints) -> Rates:
        """These SLOs only."""
        own = ("shape", "rate", "weight", "dispersion", "profile", "traffic", "days")
        found = Incidents(self.incidents.days[rows], self.incidents.chance[rows], self.incidents.excess[rows])
        return replace(self, incidents=found, **{name: getattr(self, name)[rows] for name in own})


def rates(valid: Floats, bad: Floats, weekday: Ints, latest: tuple[Floats, Floats] | None = None) -> Rates:
    """Learn from daily counts (S, D), oldest first, with the weekday (0..6) of each day (D).

    Days without data have NaN or 0 valid events; ``bad`` may be fractional and is cut to 0..valid.
    ``latest`` is the valid and bad (S) of the last hours, see ``forecast_incidents``.
    """
    present = np.nan_to_num(valid) > 0
    valid = np.where(present, valid, 0.0)
    bad = np.clip(np.where(present, np.nan_to_num(bad), 0.0), 0.0, valid)
    traffic, days = _traffic(valid, weekday, present), present.sum(axis=1)
    found = incidents(valid, bad, latest)
    present = present & ~found.days
    valid, bad = (np.where(present, counts, 0.0) for counts in (valid, bad))
    total = valid.sum(axis=1)
    ratio = (bad.sum(axis=1) + 0.5) / (total + 1.0)
    profile = _profile(valid, bad, weekday, present)
    exposure = valid * profile[:, weekday]
    dispersion = _dispersion(valid, bad, exposure)
    scatter = dispersion * np.maximum(1 - ratio, _LEAST_SCATTER)
    shape, rate, weight = _filter(exposure / scatter[:, None], bad / scatter[:, None], present, ratio)
    # A model that has seen next to nothing bad is not certain of never seeing it.
    mean = np.maximum(shape / rate, (_LEAST_SHAPE / np.maximum(total, 1.0))[:, None])
    shape = np.maximum(shape, _LEAST_SHAPE)
    return Rates(
        _PACES,
        _TRENDS,
        shape,
        shape / mean,
        weight,
        dispersion,
        profile,
        traffic,
        days,
        found,
    )


def _filter(exposure: Floats, bad: Floats, present: NDArray[np.bool_], ratio: Floats) -> tuple[Floats, Floats, Floats]:
    """Shape, rate and weight (S, K) after the last day.

    A day is scored by its negative binomial predictive density. Shapes depend on the pace alone,
    and logarithms of rates are carried along, so a day costs one logarithm per model.
    """
    n, paces, trends = len(ratio), np.array(DISCOUNTS), np.log(GROWTHS)
    shape = np.ones((n, len(paces)))
    log_rate = np.broadcast_to(-np.log(ratio)[:, None, None], (n, len(paces), len(trends))).copy()
    score = np.broadcast_to(-np.abs(trends) / _TREND_PRIOR, log_rate.shape).copy()
    seen = np.zeros(n, dtype=np.int64)
    for day in range(exposure.shape[1]):
        seen += present[:, day]
        begun = seen > 0
        if not begun.any():
            continue
        x, y = exposure[:, day, None], bad[:, day, None]
        shape = np.where(begun[:, None], shape * paces, shape)
        log_rate += np.where(begun[:, None, None], np.log(paces)[:, None] - trends, 0.0)
        gain = np.log1p(x[:, :, None] * np.exp(-log_rate))
        log_rate += gain
        density = (
            (gammaln(shape + y) - gammaln(shape))[:, :, None] - shape[:, :, None] * gain - y[:, :, None] * log_rate
        )
        counted = (seen > _WARM_UP) & present[:, day]
        score = np.where(counted[:, None, None], _FORGET * score + density, score)
        shape = shape + y
    score = score.reshape(n, -1)
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return np.repeat(shape, len(trends), axis=1), np.exp(log_rate).reshape(n, -1), weight


def _week(counts: Floats) -> Floats:
    """Sums over the seven days around each day (S, D), fewer at the ends."""
    days = counts.shape[1]
    summed = np.concatenate([np.zeros((len(counts), 1)), counts.cumsum(axis=1)], axis=1)
    at = np.arange(days)
    found: Floats = summed[:, np.minimum(at + 4, days)] - summed[:, np.maximum(at - 3, 0)]
    return found


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _by_weekday(counts: Floats, weekday: Ints) -> Floats:
    """Sums (S, 7) by weekday."""
    return np.stack([counts[:, weekday == day].sum(axis=1) for day in range(7)], axis=1)


def _profile(valid: Floats, bad: Floats, weekday: Ints, present: NDArray[np.bool_]) -> Floats:
    """The rate of each weekday over the rate of its weeks (S, 7), 1 with too few days."""
    expected = _by_weekday(valid * _ratio(_week(bad), _week(valid)), weekday)
    profile = (_by_weekday(bad, weekday) + _PROFILE_PRIOR) / (expected + _PROFILE_PRIOR)
    weight = _by_weekday(valid, weekday)
    profile = profile / np.maximum(_ratio((profile * weight).sum(axis=1), weight.sum(axis=1)), 1e-12)[:, None]
    return np.where((present.sum(axis=1) >= _PROFILE_DAYS)[:, None], profile, 1.0)


def _dispersion(valid: Floats, bad: Floats, exposure: Floats) -> Floats:
    """Pearson dispersion of days around their weeks (S); 7/6 since a day is in its own week."""
    mean = np.minimum(exposure * _ratio(_week(bad), _week(exposure)), valid)
    variance = mean * np.maximum(1 - _ratio(mean, valid), _LEAST_SCATTER)
    counted = mean > 0
    squares = _ratio((bad - mean) ** 2, variance)
    found: Floats = np.maximum(1.0, 7 / 6 * squares.sum(axis=1) / np.maximum(counted.sum(axis=1), 1))
    return found


def _traffic(valid: Floats, weekday: Ints, present: NDArray[np.bool_]) -> Floats:
    """Valid events expected on each weekday (S, 7): its mean over the last four weeks.

    A weekday that mostly has no data is one without traffic; one that was not reached yet gets the
    mean of all days.
    """
    valid, weekday, present = valid[:, -_RECENT_DAYS:], weekday[-_RECENT_DAYS:], present[:, -_RECENT_DAYS:]
    begun = np.maximum.accumulate(present, axis=1).astype(np.float64)
    asked, found = _by_weekday(begun, weekday), _by_weekday(present.astype(np.float64), weekday)
    mean = _ratio(_by_weekday(valid, weekday), found)
    overall = _ratio(valid.sum(axis=1), present.sum(axis=1).astype(np.float64))[:, None]
    unknown = (asked == 0) | ((asked == 1) & (found == 0))
    return np.where(unknown, overall, np.where(2 * found >= asked, mean, 0.0))
