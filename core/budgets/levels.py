"""How the level of errors moves over time when it is seen through counts: a local level model.

The level g of each cohort multiplies its expected errors: O ~ Poisson(g E), and g moves as a random walk. The
Kalman filter and the Rauch-Tung-Striebel smoother give its mean, an augmented state the variance of any weighted sum
of levels. How fast the level moves is not known; each pace is weighted by how well it predicted the counts
(empirical Bayes over ``PACES``). Vectorised over SLOs and paces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Relative change of the level in a day (sd), and what is believed of it beforehand.
PACES: Floats = np.array([0.02, 0.1, 0.25, 0.6])
_BELIEF: Floats = np.array([0.1, 0.2, 0.4, 0.3])
_LEAST = 1e-9


@dataclass(frozen=True)
class Levels:
    """Levels of C cohorts of S SLOs, oldest first, for each of K paces.

    ``mean`` (K, S, C) are smoothed levels, ``weight`` (K, S) the belief in each pace. ``noise`` (S, C) is the variance
    of a count over its expectation squared, infinite where nothing is expected; ``drift`` (K, S, C) the variance that
    the level gains up to the cohort.
    """

    mean: Floats
    weight: Floats
    noise: Floats
    drift: Floats
    start: Floats

    @property
    def best(self) -> Floats:
        """(S, C) levels averaged over the paces."""
        average: Floats = (self.weight[:, :, None] * self.mean).sum(axis=0)
        return average

    def variance(self, gradient: Floats) -> Floats:
        """(K, S) variance of the sum of ``gradient`` (K, S, C) times the levels, given all counts."""
        level = np.broadcast_to(self.start, self.weight.shape).copy()
        both, total = np.zeros_like(level), np.zeros_like(level)
        for c in range(self.noise.shape[1]):
            level = level + self.drift[:, :, c]
            spread = level + self.noise[:, c]
            total = total - both**2 / spread
            both = both - both * level / spread
            level = level - level**2 / spread
            slope = gradient[:, :, c]
            total = total + 2 * slope * both + slope**2 * level
            both = both + slope * level
        return np.maximum(total, 0.0)


def levels(seen: Floats, expected: Floats, gaps: Floats, *, begun: Ints, scatter: Floats, doubt: Floats) -> Levels:
    """Levels from counts ``seen`` (S, C) against ``expected`` (S, C), oldest cohort first.

    ``gaps`` (C) are the days from the cohort before to each, ``begun`` (S) is the first
    cohort that exists: levels begin there. ``scatter`` (S) multiplies the variance of the
    counts. Levels begin at 1 with variance ``doubt`` (S).
    """
    known = expected > _LEAST
    value = np.divide(seen, expected, out=np.zeros_like(seen), where=known)
    # The variance is that of the overall level: one of each cohort's own would trust those with few errors more.
    scale = (seen.sum(axis=1) + 1) / (expected.sum(axis=1) + 1)
    noise = np.where(known, (scatter * scale)[:, None] / np.maximum(expected, _LEAST), 1e30)
    passed = np.where(np.arange(len(gaps)) > begun[:, None], gaps, 0.0)
    drift = (PACES[:, None, None] * scale[:, None]) ** 2 * passed
    paces, many, length = drift.shape
    mean, spread = np.ones((paces, many)), np.broadcast_to(doubt, (paces, many)).copy()
    start = spread.copy()
    log_weight = np.repeat(np.log(_BELIEF)[:, None], many, axis=1)
    means, spreads, ahead = (np.empty((length, paces, many)) for _ in range(3))
    for c in range(length):
        ahead[c] = spread = spread + drift[:, :, c]
        total = spread + noise[:, c]
        error = value[:, c] - mean
        log_weight = log_weight - np.where(known[:, c], 0.5 * (np.log(total) + error**2 / total), 0.0)
        gain = spread / total
        means[c] = mean = mean + gain * error
        spreads[c] = spread = spread * (1 - gain)
    smooth = np.empty((paces, many, length))
    for c in range(length - 1, -1, -1):
        if c < length - 1:
            # The prediction for the next cohort is the level filtered here: a random walk stands still in the mean.
            mean = means[c] + spreads[c] / np.maximum(ahead[c + 1], 1e-300) * (mean - means[c])
        smooth[:, :, c] = mean
    smooth = np.maximum(smooth, _LEAST)
    weight = np.exp(log_weight - log_weight.max(axis=0))
    weight = weight / weight.sum(axis=0)
    # Where the level has risen, counts scatter more.
    best = (weight[:, :, None] * smooth).sum(axis=0)
    noise = noise * np.maximum(best / scale[:, None], 1.0)
    return Levels(smooth, weight, noise, drift, start)
