"""What was left of a budget at each moment.

Counts are summed, ratios never averaged. In the fixed view the budget is that of the whole window
and only ever goes down; in the rolling view each moment is judged by the window that ends there,
so it also recovers.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import polars as pl


def fixed_burndown(
    times: pl.Series,
    valid: pl.Series,
    bad: pl.Series,
    objective: Decimal,
    *,
    span_valid_total: float | None = None,
) -> pl.DataFrame:
    """Budget left of one window: 1 - bad so far / ((1 - objective) x valid events of the window).

    The series are sums per step of the window, ordered by time. ``span_valid_total`` replaces
    the sum of ``valid`` as size of the window (a projection of a period that still runs).

    Returns time, valid, bad, remaining (a fraction, below 0 when overspent; null throughout when
    the window has no valid events). ``remaining`` never rises; at the last step it is the
    budget of the window.
    """
    spent = bad.cast(pl.Float64).to_numpy().cumsum()
    total = float(valid.sum()) if span_valid_total is None else span_valid_total
    remaining = _remaining(spent, np.full(len(spent), total), objective)
    return _frame(times, valid, bad, remaining)


def rolling_burndown(
    times: pl.Series,
    valid: pl.Series,
    bad: pl.Series,
    objective: Decimal,
    *,
    length: timedelta,
) -> pl.DataFrame:
    """Budget left of the window that ends at each step: it holds the steps in (time - length, time].

    The series are sums per step, ordered by time, and should begin one ``length`` before the
    first time of interest: earlier rows see only part of their window.

    Returns time, valid, bad (of the step), remaining (null where the window has no valid events).
    """
    ends = np.arange(1, len(times) + 1)
    starts = times.search_sorted(times - length, side="right").to_numpy()
    trailing = []
    for counts in (bad, valid):
        summed = np.concatenate([[0.0], counts.cast(pl.Float64).to_numpy().cumsum()])
        trailing.append(summed[ends] - summed[starts])
    return _frame(times, valid, bad, _remaining(trailing[0], trailing[1], objective))


def _remaining(
    bad: np.ndarray[tuple[int], np.dtype[np.float64]],
    total: np.ndarray[tuple[int], np.dtype[np.float64]],
    objective: Decimal,
) -> pl.Series:
    allowed = float(1 - objective) * total
    left = 1 - np.divide(bad, allowed, out=np.full(len(bad), np.nan), where=allowed > 0)
    return pl.Series(left).fill_nan(None)


def _frame(times: pl.Series, valid: pl.Series, bad: pl.Series, remaining: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": times,
            "valid": valid.cast(pl.Float64),
            "bad": bad.cast(pl.Float64),
            "remaining": remaining,
        }
    )
