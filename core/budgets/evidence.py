"""Whether the data prove that an objective is missed or met, at whatever moment one looks.

Mixture martingale for bounded events (Howard, Ramdas, McAuliffe, Sekhon: Time-uniform, nonparametric,
nonasymptotic confidence sequences, Annals of Statistics 2021). For each lambda the product of
exp(lambda x_i) / (1 + p (exp(lambda) - 1)) over the events does not grow in the mean as long as the running mean of
their bad probabilities is at most p, so the mixture over a grid of lambdas exceeds 1/alpha with probability alpha at
most, ever (Ville). It depends on the sums of valid and bad alone: parts merge by addition, badness may be any number
in 0..1 and events need not be independent of their past rates.

Counts that scatter more than independent events would are tempered: every increment is divided by the over-dispersion
``phi`` (quasi-likelihood; approximate, not a theorem). A weight of w multiplies the variance of a count by w, so
``phi`` of a log sampled 1 in w must contain the factor w. ``burnline.budgets.dispersion`` does, as it is measured on
the weighted counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from burnline.results import Evidence, EvidenceVerdict

Floats = NDArray[np.float64]

ALPHA = 0.05
LAMBDAS: Floats = np.geomspace(0.005, 5.0, 24)
_LARGEST = 1e300
_STEPS = 100


def log_evidence(valid: ArrayLike, bad: ArrayLike, share: ArrayLike, phi: ArrayLike = 1.0) -> Floats:
    """Log e-value against "the bad share of the valid events is at most ``share``", element by element.

    log mean over lambda of exp((lambda bad - valid ln(1 + share (e^lambda - 1))) / phi). 0 says nothing either way;
    ln 20 is passed with probability 1/20 at most while the share is kept. Arrays broadcast against each other.
    """
    valid, bad, share, phi = _floats(valid, bad, share, phi)
    return _mixture(valid, bad, share, phi, 1.0)[0]


def limits(valid: ArrayLike, bad: ArrayLike, phi: ArrayLike = 1.0, alpha: float = ALPHA) -> tuple[Floats, Floats]:
    """Confidence sequence of the bad share, element by element: (low, high).

    The shares against which neither "more" nor "less" has evidence of 2/alpha. With probability 1 - alpha it holds the
    truth at every moment at once, so it may be looked at as often as one likes. bad / valid always lies inside.
    (0, 1) without valid events.
    """
    valid, bad, phi = _floats(valid, bad, phi)
    # Counts are millionths at least; divisions by less would overflow.
    some = np.maximum(valid, 1e-9)
    threshold = float(np.log(2 / alpha))
    low = _limit(some, bad, phi, threshold, 1.0)
    high = _limit(some, bad, phi, threshold, -1.0)
    return np.where(valid > 0, low, 0.0), np.where(valid > 0, high, 1.0)


def events_to_decide(
    valid: ArrayLike, bad: ArrayLike, share: ArrayLike, phi: ArrayLike = 1.0, alpha: float = ALPHA
) -> Floats:
    """About how many more valid events decide on which side of ``share`` the bad share lies, element by element.

    The events after which the interval of ``limits`` leaves ``share`` when the present rate continues exactly, less
    those seen; at least 1. About 6 times phi / KL(bad / valid, share) in all. Infinite when the rate lies so
    close to ``share`` (within 0.25 %) that the grid of lambdas cannot tell them apart, and without valid events.
    """
    valid, bad, share, phi = _floats(valid, bad, share, phi)
    rate = np.divide(bad, valid, out=share.copy(), where=valid > 0)
    rates = np.where(rate > share, 1.0, -1.0)[..., None] * LAMBDAS
    gain = (rates * rate[..., None] - np.log1p(share[..., None] * np.expm1(rates))) / phi[..., None]
    best = gain.max(axis=-1)
    reachable = best > 0
    threshold = np.log(2 / alpha) + np.log(len(LAMBDAS))
    needed = threshold / np.where(reachable, best, 1.0)
    gain = np.where(reachable[..., None], gain, 1.0)
    # The evidence is convex in the number of events: Newton's method from above cannot pass the root.
    for _ in range(_STEPS):
        total, weights = _log_sum(needed[..., None] * gain)
        step = (total - threshold) / (weights * gain).sum(axis=-1)
        needed -= step
        if np.all(np.abs(step) <= 1e-9 * needed):
            break
    return np.where(reachable, np.maximum(needed - valid, 1.0), np.inf)


def evidences(
    objectives: Sequence[Decimal], valid: ArrayLike, bad: ArrayLike, phi: ArrayLike = 1.0
) -> tuple[Evidence | None, ...]:
    """Evidence of many SLOs over their windows; ``None`` where there are no valid events.

    ``objectives`` are good shares in (0, 1), ``valid`` and ``bad`` sums of events or slices (weighted or fractional
    ones too), ``phi`` over-dispersions. The interval is that of good / valid. The verdict, the interval and the
    e-value never contradict: a breach is confirmed when the whole interval lies below the objective, which is when
    the e-value reaches 2/0.05 = 40.

    Raises:
        ValueError: more bad than valid events, a negative count, or an objective outside (0, 1).
    """
    target = np.array([float(o) for o in objectives])
    valid, bad, phi, share = _floats(valid, bad, phi, [float(1 - o) for o in objectives])
    if not np.all((target > 0) & (target < 1)):
        raise ValueError("an objective is not between 0 and 1")
    # Weights that are sums of fractions may differ in their last digits.
    if not np.all((bad >= 0) & (bad <= valid * (1 + 1e-9))):
        raise ValueError("bad events must be between 0 and the valid ones")
    bad = np.minimum(bad, valid)
    log_e = _mixture(valid, bad, share, phi, 1.0)[0]
    missed = log_e >= np.log(2 / ALPHA)
    met = _mixture(valid, bad, share, phi, -1.0)[0] >= np.log(2 / ALPHA)
    low, high = limits(valid, bad, phi)
    # The limits are found to the last digits only, which must not turn the verdict.
    upper = np.where(missed, np.minimum(1 - low, np.nextafter(target, 0)), np.maximum(1 - low, target))
    lower = np.where(met, np.maximum(1 - high, np.nextafter(target, 1)), np.minimum(1 - high, target))
    more = np.where(missed | met, np.inf, events_to_decide(valid, bad, share, phi))
    e_value = np.minimum(np.exp(np.minimum(log_e, 700.0)), _LARGEST)
    return tuple(
        Evidence(
            verdict=_verdict(missed[i], met[i]),
            interval=(float(lower[i]), float(upper[i])),
            e_value=float(e_value[i]),
            overdispersion=float(phi[i]),
            events_to_decide=float(more[i]) if np.isfinite(more[i]) else None,
        )
        if valid[i] > 0
        else None
        for i in range(len(target))
    )


def evidence(objective: Decimal, valid: float, bad: float, phi: float = 1.0) -> Evidence | None:
    """Evidence of one SLO; see ``evidences``."""
    return evidences([objective], [valid], [bad], [phi])[0]


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.array(a) for a in np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values)))


def _verdict(missed: bool, met: bool) -> EvidenceVerdict:
    return "confirmed_breach" if missed else "confirmed_ok" if met else "undecided"


def _mixture(valid: Floats, bad: Floats, share: Floats, phi: Floats, sign: float) -> tuple[Floats, Floats]:
    """Log evidence against "at most share" (sign +1) or "at least share" (sign -1), and its slope in the share."""
    rates = sign * LAMBDAS
    growth = np.expm1(rates)
    terms = (rates * bad[..., None] - valid[..., None] * np.log1p(share[..., None] * growth)) / phi[..., None]
    total, weights = _log_sum(terms)
    slope = -(weights * growth / (1 + share[..., None] * growth)).sum(axis=-1) * valid / phi
    return total - np.log(len(LAMBDAS)), slope


def _log_sum(terms: Floats) -> tuple[Floats, Floats]:
    """Log of the sum of exponentials over the last axis, and the share of each in it."""
    top = terms.max(axis=-1, keepdims=True)
    weights = np.exp(terms - top)
    sums = weights.sum(axis=-1, keepdims=True)
    return (top + np.log(sums))[..., 0], weights / sums


def _limit(valid: Floats, bad: Floats, phi: Floats, threshold: float, sign: float) -> Floats:
    """The share at which the evidence against "at most" (sign +1) or "at least" (sign -1) it is ``threshold``.

    The evidence is convex in the share. Newton's method from a share with more evidence approaches the root from that
    side and never passes it. Such a share is the best of those that one lambda alone rejects.
    """
    rates = sign * LAMBDAS
    cost = phi * (threshold + np.log(len(LAMBDAS)))
    alone = np.expm1((rates * bad[..., None] - cost[..., None]) / valid[..., None]) / np.expm1(rates)
    share: Floats = np.clip(alone.max(axis=-1) if sign > 0 else alone.min(axis=-1), 0.0, 1.0)
    for _ in range(_STEPS):
        total, slope = _mixture(valid, bad, share, phi, sign)
        # Less evidence than wanted is left only at the ends 0 and 1, or by rounding at the root.
        step = np.maximum(total - threshold, 0.0) / slope
        share = np.clip(share - step, 0.0, 1.0)
        if np.all(np.abs(step) <= 4e-16 * share):
            break
    return share
