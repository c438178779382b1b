"""One column then and now, in few enough bins to be looked at."""

from __future__ import annotations

import numpy as np
import polars as pl

from burnline.distances import OTHER, Bins
from burnline.distances.seasonal import HOURS
from burnline.drift.asked import Asked, baseline_counts, window_rows
from burnline.errors import BurnlineError
from burnline.results.drift import Distribution
from burnline.rollups.axes import Column, Floats, column
from burnline.rollups.compared import grid_of, role_of
from burnline.rollups.distributions import grids
from burnline.rollups.grids import Grid

BARS = 30
_CATEGORIES = 15
_END = 0.001


def distribution(asked: Asked, feature: str) -> Distribution:
    """The distribution of a column in the baseline and in the window, as shares of its values.

    Neighbouring bins are joined so that ``BARS`` remain where the baseline has nearly all its values; the outermost
    hold what lies far off. Of categories the most frequent are shown. Raises ``BurnlineError`` for a
    column that neither side has.
    """
    then, now = baseline_counts(asked, [feature]), window_rows(asked, [feature])
    if then.is_empty() and now.is_empty():
        raise BurnlineError(
            f"{asked.model} has no column '{feature}' in this window; `burnline drift` lists what it has"
        )
    placed = then.with_columns(pl.col("row").fill_null(0).cast(pl.Int64))
    grid = grid_of(feature, grids(asked.fleet.snapshot, asked.model))
    found = column([(placed, HOURS), (now, len(asked.days))], grid)
    sides = [side.pooled() for side in found.sides]
    rows = [float(side.rows[0]) for side in sides]
    counts = [side.values[0] for side in sides]
    shown = (
        _bars(found, counts, grid)
        if isinstance(found.axis, Bins) and grid is not None
        else _bars_of_categories(found, counts)
    )
    return Distribution(
        feature=feature,
        role=role_of(feature),
        kind="numeric" if isinstance(found.axis, Bins) else "categorical",
        nulls=(_ratio(float(sides[0].nulls[0]), rows[0]), _ratio(float(sides[1].nulls[0]), rows[1])),
        n_baseline=rows[0],
        n=rows[1],
        **shown,
    )


def _bars(found: Column, counts: list[Floats], grid: Grid) -> dict[str, tuple[float, ...]]:
    """Bars as wide as a thirtieth of what the baseline spans, as far again to both sides, and the rest beyond."""
    axis = found.axis
    assert isinstance(axis, Bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.log(axis.middle) if grid.log else axis.middle
    # In bins of the grid, so that every bar holds as many.
    at = np.floor(np.nan_to_num((at - grid.low) * grid.per_unit, neginf=-1e300))
    side = counts[0] if counts[0].sum() else counts[1]
    running = np.cumsum(side) / max(side.sum(), 1.0)
    inner = np.flatnonzero((running > _END) & (running - side / max(side.sum(), 1.0) < 1 - _END))
    first, last = (at[inner[0]], at[inner[-1]]) if len(inner) else (at[0], at[-1])
    width = max(1.0, np.ceil((last - first + 1) / BARS))
    bar = np.clip(np.floor((at - first) / width), -BARS - 1, 2 * BARS + 1)
    starts = np.flatnonzero(np.diff(bar, prepend=-np.inf))
    ends = np.append(starts[1:], len(axis)) - 1
    return {
        "low": tuple(float(x) for x in axis.low[starts]),
        "high": tuple(float(x) for x in axis.high[ends]),
        "baseline": _shares(np.add.reduceat(counts[0], starts)),
        "window": _shares(np.add.reduceat(counts[1], starts)),
    }


def _bars_of_categories(found: Column, counts: list[Floats]) -> dict[str, tuple[float, ...] | tuple[str, ...]]:
    axis = found.axis
    assert not isinstance(axis, Bins)
    shares = [np.array(_shares(side)) for side in counts]
    order = np.argsort(-np.maximum(*shares), kind="stable")
    shown = [i for i in order[:_CATEGORIES] if axis.values[i] != OTHER]
    rest = [side.sum() - side[shown].sum() for side in shares]
    some = max(rest) > 1e-9
    return {
        "values": (*(axis.values[i] for i in shown), *((OTHER,) if some else ())),
        "baseline": (*(float(shares[0][i]) for i in shown), *((float(rest[0]),) if some else ())),
        "window": (*(float(shares[1][i]) for i in shown), *((float(rest[1]),) if some else ())),
    }


def _shares(counts: Floats) -> tuple[float, ...]:
    total = float(counts.sum())
    return tuple(float(n) / total if total else 0.0 for n in counts)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
