"""How far the values of a column reach, and which value is the commonest.

Extremes are extrapolated from the tail beyond the 1 % quantile by a generalised Pareto law fitted with moments
(Hosking and Wallis 1987): the level that one row in a million exceeds, not the largest value that happened to be seen.
"""

from __future__ import annotations

import numpy as np

from burnline.validation.figures import Tails

RARE = 1e-6
OUTLIER = 0.0005
_LEAST_XI, _MOST_XI = -0.1, 0.5


def mode_of(values: np.ndarray) -> tuple[float | None, float]:
    """The commonest of some sorted values and its share."""
    if not len(values):
        return None, 0.0
    ends = np.flatnonzero(np.diff(values) != 0)
    bounds = np.concatenate(([-1], ends, [len(values) - 1]))
    lengths = np.diff(bounds)
    longest = int(np.argmax(lengths))
    return float(values[bounds[longest + 1]]), float(lengths[longest] / len(values))


def tails_of(values: np.ndarray) -> Tails | None:
    """Quartiles and tail levels of sorted finite values; ``None`` for fewer than 20.

    With fewer than 1,000 values the levels keep a whole range's distance from the extremes instead.
    """
    n = len(values)
    if n < 20:
        return None
    q25, q50, q75 = (float(x) for x in np.quantile(values, (0.25, 0.5, 0.75)))
    low, high = float(values[0]), float(values[-1])
    if n < 1_000:
        width = high - low
        rare_low, rare_high = low - width, high + width
        outlier_low, outlier_high = low - width / 2, high + width / 2
    else:
        rare_low, rare_high = -_level(-values[::-1], RARE), _level(values, RARE)
        outlier_low, outlier_high = -_level(-values[::-1], OUTLIER), _level(values, OUTLIER)
    return Tails(
        q25=q25, q50=q50, q75=q75,
        outlier_low=outlier_low, outlier_high=outlier_high, rare_low=rare_low, rare_high=rare_high,
    )  # fmt: skip


def _level(values: np.ndarray, chance: float) -> float:
    """The value that a share ``chance`` of rows exceeds: a generalised Pareto tail above the 99 % quantile.

    xi = (1 - m² / s²) / 2 and sigma = m (m² / s² + 1) / 2 with mean and variance of the excess; xi is kept within
    -0.1 (about that of a normal tail here) and 0.5, so that a bounded tail leaves some room.
    """
    start = int(np.ceil(0.99 * len(values))) - 1
    threshold = float(values[start])
    excess = values[values > threshold] - threshold
    if len(excess) < 5:
        return float(values[-1])
    share = len(excess) / len(values)
    if chance >= share:
        return threshold
    mean, variance = float(excess.mean()), float(excess.var(ddof=1))
    ratio = mean * mean / variance if variance > 0 else 1.0
    xi = min(max((1 - ratio) / 2, _LEAST_XI), _MOST_XI)
    sigma = mean * (1 - xi)
    growth = np.log(share / chance) if abs(xi) < 1e-6 else ((share / chance) ** xi - 1) / xi
    return max(float(threshold + sigma * growth), float(values[-1]) if chance <= RARE else -np.inf)
