"""One logged quantity of a training run as a curve, and robust statistics of it: levels, noise, trends.

Levels are medians of blocks, so single odd steps do not move them. Trends are those of Theil and Sen (the median slope
of all pairs), proven by the test of Mann and Kendall, which asks only whether later values tend to be larger.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, theilslopes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BLOCKS = 60
_FEWEST_BLOCKS = 10
_ROWS_A_BLOCK = 4
_MAD = 1.4826


@dataclass(frozen=True)
class Curve:
    """Finite values of one column of one run in the order of the steps; ``micros`` are times since the epoch."""

    steps: Floats
    micros: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.steps)

    def part(self, chosen: Bools | slice) -> Curve:
        """Some of the steps."""
        return Curve(self.steps[chosen], self.micros[chosen], self.values[chosen])


@dataclass(frozen=True)
class Blocks:
    """Medians of consecutive steps. ``ends`` are positions in the curve: a block is ``values[ends[i-1]:ends[i]]``."""

    levels: Floats
    ends: Ints

    def __len__(self) -> int:
        return len(self.levels)

    def first(self, block: int) -> int:
        """Where a block begins in the curve."""
        return int(self.ends[block - 1]) if block else 0


def blocks(values: Floats, most: int = BLOCKS) -> Blocks:
    """At most ``most`` blocks of about equal size: at least ten, of four values or more where there are enough."""
    wanted = min(most, max(len(values) // _ROWS_A_BLOCK, _FEWEST_BLOCKS), len(values))
    ends = np.linspace(0, len(values), wanted + 1).round().astype(np.int64)
    begins, sizes = ends[:-1], np.diff(ends)
    within = values[np.lexsort((values, np.repeat(np.arange(wanted), sizes)))]
    levels = (within[begins + (sizes - 1) // 2] + within[begins + sizes // 2]) / 2
    return Blocks(levels, ends[1:])


def noise(levels: Floats) -> float:
    """Standard deviation of levels around a smooth course, from their second differences.

    1.4826 x the median of |x[i-1] - 2 x[i] + x[i+1]| over the square root of 6: a trend, even a bent one, adds nothing,
    and an occasional jump hardly any. 0 for fewer than four levels.
    """
    if len(levels) < 4:
        return 0.0
    return float(_MAD * np.median(np.abs(np.diff(levels, 2))) / np.sqrt(6))


@dataclass(frozen=True)
class Trend:
    """Slope per level (Theil-Sen) and the one-sided p-values of Mann and Kendall for rising and for falling."""

    slope: float
    p_rising: float
    p_falling: float


def trend(levels: Floats) -> Trend:
    """Trend of equally spaced levels; without any proof for fewer than four or when all are equal."""
    if len(levels) < 4 or np.ptp(levels) == 0:
        return Trend(0.0, 1.0, 1.0)
    x = np.arange(len(levels))
    slope = float(theilslopes(levels, x).slope)
    rising = float(kendalltau(x, levels, alternative="greater").pvalue)
    falling = float(kendalltau(x, levels, alternative="less").pvalue)
    return Trend(slope, rising, falling)


def running_median(values: Floats, width: int) -> Floats:
    """Median of the ``width`` values before each one; at the start as if the first five had gone on before."""
    padded = np.concatenate([np.repeat(np.median(values[:5]), width), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[: len(values)]
    return np.asarray(np.median(windows, axis=1), dtype=np.float64)


def medians_before(values: Floats) -> Floats:
    """Median of all values before each one; before the first it is the first value."""
    held: list[float] = []
    found = [float(values[0])]
    for value in values[:-1].tolist():
        insort(held, value)
        found.append((held[(len(held) - 1) // 2] + held[len(held) // 2]) / 2)
    return np.array(found)


def stays(condition: Bools) -> int | None:
    """The first position from which the condition holds to the end; ``None`` when it does not hold at the end."""
    if not len(condition) or not condition[-1]:
        return None
    broken = np.flatnonzero(~condition)
    return int(broken[-1] + 1) if len(broken) else 0
