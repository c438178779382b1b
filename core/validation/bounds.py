"""When a share of rows is too large, and how large it may be after what the reference shows."""

from __future__ import annotations

import math

from scipy import stats

CHANCE = 1e-3


def exceeds(failed: int, rows: int, limit: float) -> bool:
    """Whether ``failed`` of ``rows`` are beyond a tolerated share.

    True when the share is above ``limit`` and chance explains that with a probability below 1 in 1,000 (binomial).
    With a limit of zero a single row is enough.
    """
    if rows <= 0 or failed <= limit * rows:
        return False
    return limit <= 0 or bool(stats.binom.sf(failed - 1, rows, limit) < CHANCE)


def upper_share(failed: int, rows: int, confidence: float = 0.999) -> float:
    """The one-sided upper bound of a share (Clopper and Pearson 1934)."""
    if rows <= 0 or failed >= rows:
        return 1.0
    return float(stats.beta.ppf(confidence, failed + 1, rows - failed))


def tolerated(failed: int, rows: int, worst_day: float) -> float:
    """The share to tolerate from now on: twice the upper bound of the reference, and no less than 1.5 times its worst
    day; rounded up to a figure that a person would write."""
    share = max(2 * upper_share(failed, rows), 1.5 * worst_day)
    return min(1.0, round_up(share))


def round_up(share: float) -> float:
    """The next of 1, 2, 5 times a power of ten, above one half the next of 0.6, 0.7, …, 1."""
    if share <= 0:
        return 0.0
    if share > 0.5:
        return min(1.0, math.ceil(share * 10 - 1e-9) / 10)
    power = 10.0 ** math.floor(math.log10(share))
    # Decimal steps, so that 0.02 is written as 2 %.
    return next(float(f"{step * power:.1g}") for step in (1, 2, 5, 10) if step * power >= share * (1 - 1e-9))


def outward(value: float, *, up: bool) -> float:
    """``value`` with two significant digits, rounded away from the data."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    steps = math.ceil(value / unit - 1e-9) if up else math.floor(value / unit + 1e-9)
    return float(f"{steps * unit:.12g}")
