"""How many times more the counts of an SLO scatter than independent events would.

The over-dispersion phi is the variance of the bad events around the local level of their rate, over the binomial
variance (the dispersion of a quasi-binomial model: McCullagh and Nelder, Generalized Linear Models, 4.5). It is the
largest over sums of 1, 3, 6 and 24 consecutive hours, as failures that come in runs show in long sums only. The sums
overlap: that of 24 hours is the estimator of Newey and West (1987) with 23 lags.

Signal is not noise. The level is that of the surrounding seven days, so slow changes count as level; hours of clear
incidents are cut out, and sums that lie more than three to four standard deviations (at the phi found) from the level
are left out, with the factor that makes the rest unbiased for independent events. About a third of the sums may be
astray.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from burnline.logs import SCALE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CAP = 2000.0

_DAY = 24
_LEVEL_DAYS = 7
_LEAST_HOURS = 72
_LEAST_SUMS = 20
_LEAST_EXPECTED = 1.0
# Hours and the step between sums of that many.
_SUMS = ((1, 1), (3, 1), (6, 2), (24, 4))
# Hours and the burn rate over them that is an incident, if it is also this many times the usual rate.
_INCIDENTS = ((1, 14.4), (6, 6.0), (24, 3.0))
_UNUSUAL = 3.0
# Squared standard deviations beyond which a sum is astray at phi 1 and, as over-dispersed counts have heavier tails,
# at phi 3 and more.
_ASTRAY, _ASTRAY_AT_3 = 9.0, 16.0
# Mean of a squared standard normal that is at most _ASTRAY, and its median over all.
_KEPT_MEAN = 0.97349
_MEDIAN = 0.45494
# Arrays of this many SLOs stay in the cache of the processor.
_AT_ONCE = 64


def overdispersions(valid: Floats, bad: Floats, share: ArrayLike) -> Floats:
    """Over-dispersion of each SLO, 1 .. 2000, from up to six weeks: SLOs x consecutive hours, the newest last.

    ``share`` is the bad share that each objective allows. Hours in which nothing is have 0; what an hour takes back
    (a count below 0, bad beyond valid) is left out. Weighted counts are measured as they are, so phi contains the
    weight. Fewer than three days of history have phi 1.
    """
    phi = np.ones(len(valid))
    if valid.shape[1] < _LEAST_HOURS:
        return phi
    allowed = np.broadcast_to(np.asarray(share, dtype=np.float64), len(valid))
    # Whole days, counted back from the newest hour.
    front = -valid.shape[1] % _DAY
    for start in range(0, len(valid), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        events, missed = (np.pad(counts[some], ((0, 0), (front, 0))) for counts in (valid, bad))
        events = np.maximum(events, 0.0)
        phi[some] = _phi(events, np.clip(missed, 0.0, events), allowed[some])
    return phi


def common_weight(valid: Floats, bad: Floats) -> Floats:
    """The weight that all events of a sampled log so far have in common, at least 1; one value per count.

    It is the largest number of which all counts up to there (along the last axis) are multiples. A weight is an
    over-dispersion that need not be learnt: until there is history, and where bad events are too rare to scatter,
    ten bad events of a sample of 1 in 20 would otherwise prove as much as 200. Only for logs with weights: what
    100 requests in every five minutes have in common is not a weight.
    """
    of, out = (np.rint(np.abs(counts) * SCALE).astype(np.int64) for counts in (valid, bad))
    common: Floats = np.gcd.accumulate(np.gcd(of, out), axis=-1) / SCALE
    return np.clip(common, 1.0, CAP)


def _phi(valid: Floats, bad: Floats, share: Floats) -> Floats:
    unit = _unit(valid, bad)
    if (unit > 1).any():
        valid, bad = valid / unit[:, None], bad / unit[:, None]
    incident = _incidents(valid, bad, share)
    if incident.any():
        valid, bad = np.where(incident, 0.0, valid), np.where(incident, 0.0, bad)
    rate = np.repeat(_level(valid, bad), _DAY, axis=1)
    expected = valid * rate
    residual, variance = _running(bad - expected), _running(expected - expected * rate)
    own = 1 / min(_LEVEL_DAYS, valid.shape[1] // _DAY) / _DAY
    phi = np.ones(len(valid))
    for hours, step in _SUMS:
        squares = (residual[:, hours::step] - residual[:, :-hours:step]) ** 2
        # The level contains the hours themselves, which takes this much from the variance around it.
        expects = (variance[:, hours::step] - variance[:, :-hours:step]) * (1 - hours * own)
        phi = np.maximum(phi, _ratio(squares, expects, hours / step))
    present = valid > 0
    history = present.shape[1] - present.argmax(axis=1) - present[:, ::-1].argmax(axis=1)
    return np.where(present.any(axis=1) & (history >= _LEAST_HOURS), np.minimum(phi * unit, CAP), 1.0)


def _unit(valid: Floats, bad: Floats) -> Floats:
    """The weight of one event where every hour holds a multiple of it, else 1.

    Sampled logs in which bad events are rare have too little in each hour to show their weight as scatter. Hours with
    nothing but bad events say nothing about it.
    """
    least = np.where((bad > 0) & (bad < valid), bad, np.inf).min(axis=1)
    days = (bad.reshape(len(bad), -1, _DAY) > 0).any(axis=2).sum(axis=1)
    found = np.flatnonzero((days >= 3) & (least > 1) & np.isfinite(least))
    weight = np.ones(len(bad))
    for counts in (bad, valid):
        events = counts[found] / least[found, None]
        found = found[(np.abs(events - np.rint(events)) < 1e-3).all(axis=1)]
    weight[found] = least[found]
    return weight


def _incidents(valid: Floats, bad: Floats, share: Floats) -> Flags:
    """Hours of trailing windows whose burn rate is that of an incident, beyond chance and beyond the usual rate.

    The usual rate is the median over spans of six hours: a model that always burns is not one incident.
    """
    shape = (len(valid), -1, 6)
    of, out = valid.reshape(shape).sum(axis=2), bad.reshape(shape).sum(axis=2)
    usual = _median(np.divide(out, of, out=np.full(of.shape, np.inf), where=of > 0))
    n, b = _running(valid), _running(bad)
    incident = np.zeros(valid.shape, dtype=np.bool_)
    for hours, burn in _INCIDENTS:
        window, missed = n[:, hours:] - n[:, :-hours], b[:, hours:] - b[:, :-hours]
        chance = usual[:, None] * window
        over = missed > np.maximum(burn * share, _UNUSUAL * usual)[:, None] * window
        over &= missed > chance + 4 * np.sqrt(chance) + 3
        for row in np.flatnonzero(over.any(axis=1)):
            # The window and one hour on either side: incidents do not begin on the hour.
            around = np.convolve(over[row], np.ones(hours + 2)) > 0
            incident[row] |= around[1 : valid.shape[1] + 1]
    return incident


def _level(valid: Floats, bad: Floats) -> Floats:
    """Bad share per day: that of the seven days around it (at the ends the nearest seven), less those astray.

    Days are astray when they lie 3.5 standard deviations from the median day, at the spread that days usually have.
    """
    shape = (len(valid), -1, _DAY)
    n, b = valid.reshape(shape).sum(axis=2), bad.reshape(shape).sum(axis=2)
    days = n.shape[1]
    width = min(_LEVEL_DAYS, days)
    window = np.clip(np.arange(days) - width // 2, 0, days - width)[:, None] + np.arange(width)
    middle = _median(np.divide(b, n, out=np.full(n.shape, np.inf), where=n > 0)[:, window])
    off = np.where(n > 0, (b - middle * n) ** 2 / (middle * n + 1), np.inf)
    spread = np.maximum(_median(off) / _MEDIAN, 1.0)
    near_n, near_b = n[:, window], b[:, window]
    expected = middle[..., None] * near_n
    near = np.abs(near_b - expected) <= 3.5 * np.sqrt(spread[:, None, None] * expected) + 3
    of = (near_n * near).sum(axis=2)
    level: Floats = np.divide((near_b * near).sum(axis=2), of, out=np.zeros(of.shape), where=of > 0)
    return level


def _ratio(squares: Floats, expects: Floats, overlap: float) -> Floats:
    """Sum of squares over the sum of variances of the sums that are not astray; 1 where there is too little."""
    some = expects > 1e-9
    typical = np.where(some, expects, 0.0).sum(axis=1) / np.maximum(some.sum(axis=1), 1)
    some = expects > typical[:, None] / 4 + 1e-9
    scores = np.divide(squares, expects, out=np.full(squares.shape, np.inf), where=some)
    phi = np.maximum(_median(scores.astype(np.float32)) / _MEDIAN, 1.0)
    for _ in range(10):
        astray = np.minimum(_ASTRAY + (_ASTRAY_AT_3 - _ASTRAY) / 2 * (phi - 1), _ASTRAY_AT_3)
        kept = scores <= (astray * phi)[:, None]
        total = np.einsum("ij,ij->i", expects, kept)
        before, phi = phi, np.einsum("ij,ij->i", squares, kept) / np.where(total > 0, total, 1.0) / _KEPT_MEAN
        phi = np.maximum(phi, 1.0)
        if np.all(np.abs(phi - before) <= 0.01 * before):
            break
    enough = (some.sum(axis=1) >= _LEAST_SUMS * overlap) & (typical >= _LEAST_EXPECTED)
    return np.where(enough, phi, 1.0)


def _median(values: NDArray[np.floating]) -> Floats:
    """The lower median of the finite values of the last axis, 0 without any."""
    ordered = np.sort(values, axis=-1)
    middle = np.maximum(np.isfinite(ordered).sum(axis=-1) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(found), found, 0.0).astype(np.float64)


def _running(values: Floats) -> Floats:
    """Sums of the first 0, 1, 2, … values of each row."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
