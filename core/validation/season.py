"""Whether there are as many rows as the same hours of the week of the reference lead one to expect.

Counts of an hour vary more than a Poisson variable: the variance is mu + phi mu² (negative binomial). What the
reference itself is unsure of is added, as its mean rests on a week or a few. Quiet hours are taken together until
thirty rows are expected. A block is too empty when so few rows have a chance below 1 in 1,000 over all blocks and it
holds less than half of what is expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CHANCE = 1e-3
HOUR_US = 3_600_000_000
ENOUGH = 30.0
LESS, MORE = 0.5, 2.0


@dataclass(frozen=True)
class Block:
    """Neighbouring hours from ``start_us`` to before ``end_us``: rows, and the rows expected with their variance."""

    start_us: int
    end_us: int
    rows: int
    expected: float
    variance: float

    @property
    def too_few(self) -> float:
        """The chance of so few rows."""
        return _tail(self, low=True)

    @property
    def too_many(self) -> float:
        """The chance of so many rows."""
        return _tail(self, low=False)


def _tail(block: Block, *, low: bool) -> float:
    mean, variance = block.expected, max(block.variance, block.expected * (1 + 1e-9))
    size = mean * mean / (variance - mean)
    law = stats.nbinom(size, size / (size + mean))
    return float(law.cdf(block.rows) if low else law.sf(block.rows - 1))


def expected_hours(hours: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean rows and number of observed hours for each hour of the week.

    An hour of the week that the reference lacks takes the mean of that hour of the day, else that of all hours.
    """
    sums = np.array([n for n, _ in hours], dtype=float)
    seen = np.array([k for _, k in hours], dtype=float)
    by_day_hour = sums.reshape(7, 24).sum(axis=0), seen.reshape(7, 24).sum(axis=0)
    mean = np.where(seen > 0, sums / np.maximum(seen, 1), np.nan)
    of_day = np.tile(np.where(by_day_hour[1] > 0, by_day_hour[0] / np.maximum(by_day_hour[1], 1), np.nan), 7)
    overall = sums.sum() / max(seen.sum(), 1)
    mean = np.where(np.isnan(mean), np.where(np.isnan(of_day), overall, of_day), mean)
    return mean, np.maximum(seen, 1)


def blocks(
    counts: Mapping[int, int],
    start_us: int,
    end_us: int,
    hours: Sequence[tuple[int, int]],
    spread: float,
    *,
    level: float = 1.0,
) -> list[Block]:
    """Rows per block of [start, end) against expectation; ``counts`` are rows by hour since the epoch.

    ``level`` scales the expectation. Hours that the span cuts count in part. The last block joins the one before when
    less than thirty rows are expected of it.
    """
    mean, seen = expected_hours(hours)
    found: list[Block] = []
    rows, expected, noise, begin = 0, 0.0, 0.0, start_us
    for hour in range(start_us // HOUR_US, -(-end_us // HOUR_US)):
        low, high = max(start_us, hour * HOUR_US), min(end_us, (hour + 1) * HOUR_US)
        if high <= low:
            continue
        place = (hour + 72) % 168
        part = mean[place] * level * (high - low) / HOUR_US
        rows, expected = rows + counts.get(hour, 0), expected + part
        noise += part * level / seen[place]
        if expected >= ENOUGH:
            found.append(Block(begin, high, rows, expected, _variance(expected, noise, spread)))
            rows, expected, noise, begin = 0, 0.0, 0.0, high
    if expected > 0 and found:
        last = found.pop()
        total = last.expected + expected
        found.append(
            Block(
                last.start_us, end_us, last.rows + rows, total, _variance(total, noise + last.expected * level, spread)
            )
        )
    elif expected > 0:
        found.append(Block(begin, end_us, rows, expected, _variance(expected, noise, spread)))
    return found


def _variance(expected: float, noise: float, spread: float) -> float:
    """Of the rows themselves, of the level that the reference happened to have, and of its own counting."""
    return expected + 2 * spread * expected * expected + noise


def empty_blocks(found: Sequence[Block]) -> list[Block]:
    """Blocks with too few rows."""
    return [b for b in found if b.rows < LESS * b.expected and b.too_few * len(found) < CHANCE]


def crowded_blocks(found: Sequence[Block]) -> list[Block]:
    """Blocks with too many rows."""
    return [b for b in found if b.rows > MORE * b.expected and b.too_many * len(found) < CHANCE]
