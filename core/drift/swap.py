"""What requests would be expected to cost if one column had not moved: its values are put back to the baseline's.

Numbers keep their rank and take the value the baseline has there (the monotone rearrangement, which moves as little as
possible); surplus nulls, numbers beyond the baseline's range and the surplus of a category take values at random from
what the baseline has more of. Everything else about the requests stays.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.drift.cells import numbers

Floats = NDArray[np.float64]

_MOSTLY = 0.5


def put_back(baseline: pl.Series, window: pl.Series, seed: int = 1) -> pl.Series:
    """The values of ``window`` as they would be with the distribution of ``baseline``; the same every time."""
    rng = np.random.default_rng(seed)
    if baseline.dtype == pl.String:
        return _categories(baseline, window, rng)
    return _numbers(numbers(baseline), numbers(window), rng).alias(window.name)


def _numbers(before: Floats, now: Floats, rng: np.random.Generator) -> pl.Series:
    usual = np.sort(before[~np.isnan(before)])
    if not len(usual) or not len(now):
        return pl.Series(now).fill_nan(None)
    result = now.copy()
    null = np.isnan(now)
    beyond = ~null & ((now < usual[0]) | (now > usual[-1]))
    if beyond.sum() > _MOSTLY * (~null).sum():
        beyond[:] = False
    ranked = np.flatnonzero(~null & ~beyond)
    if len(ranked):
        # Equal values share their middle rank, so they stay equal.
        _, inverse, counts = np.unique(now[ranked], return_inverse=True, return_counts=True)
        middle = (np.cumsum(counts) - (counts + 1) / 2) / max(len(ranked) - 1, 1)
        result[ranked] = np.quantile(usual, np.clip(middle, 0, 1)[inverse])
    result[beyond] = rng.choice(usual, beyond.sum())
    result = _nulls(result, null, float(np.isnan(before).mean()), usual, rng)
    return pl.Series(result).fill_nan(None)


def _nulls(result: Floats, null: NDArray[np.bool_], share: float, usual: Floats, rng: np.random.Generator) -> Floats:
    wanted = round(share * len(result))
    surplus = int(null.sum()) - wanted
    if surplus > 0:
        filled = rng.choice(np.flatnonzero(null), surplus, replace=False)
        result[filled] = rng.choice(usual, surplus)
    elif surplus < 0:
        result[rng.choice(np.flatnonzero(~null), -surplus, replace=False)] = np.nan
    return result


def _categories(baseline: pl.Series, window: pl.Series, rng: np.random.Generator) -> pl.Series:
    before, now = (column.cast(pl.String).to_frame("value") for column in (baseline, window))
    counted = (
        before.group_by("value")
        .len("before")
        .join(now.group_by("value").len("now"), on="value", how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("before", "now").fill_null(0))
        .sort("value")
    )
    share_before = counted["before"].to_numpy() / max(before.height, 1)
    share_now = counted["now"].to_numpy() / max(now.height, 1)
    lacking = np.maximum(share_before - share_now, 0.0)
    if not lacking.sum() or not now.height:
        return window
    leave = np.divide(
        np.maximum(share_now - share_before, 0.0), share_now, out=np.zeros_like(share_now), where=share_now > 0
    )
    chance = now.join(counted.with_columns(leave=pl.Series(leave)), on="value", how="left", nulls_equal=True,
                      maintain_order="left")["leave"].to_numpy()  # fmt: skip
    moved = rng.random(now.height) < chance
    drawn = rng.choice(len(lacking), int(moved.sum()), p=lacking / lacking.sum())
    values = np.array(now["value"].to_list(), dtype=object)
    values[moved] = np.array(counted["value"].to_list(), dtype=object)[drawn]
    return pl.Series(window.name, values.tolist(), dtype=pl.String)
