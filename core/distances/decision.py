"""When a distance is drift: large enough to matter, proven, and more than days differ anyway."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from burnline.distances.axes import Axis, Categories, Flags, Floats
from burnline.distances.cells import decile_cells, pooled_cells
from burnline.distances.stability import chance, unclipped

ALPHA = 0.001
_LEAST_DAYS = 4
# PSI of a shift by s standard deviations is about s^2. Where days shift by chance (normal), s^2 has its median at
# 0.455 and one day in a thousand beyond 10.83 of the variance of the days.
_MEDIAN, _FAR = 0.45494, 10.828


def usual(
    axis: Axis,
    days: ArrayLike,
    nulls: ArrayLike = 0.0,
    *,
    groups: ArrayLike | None = None,
    effective: ArrayLike = 1.0,
) -> float:
    """The PSI that one day in a thousand goes beyond if days differ as those of the reference do; 0 if not proven.

    ``days`` are counts (D, B), compared each with the others of its group.

    ``groups`` (D,) keep the season apart (weekdays 0, weekend 1). The variance of the days is read from the median of
    their PSI, which one or two odd days do not move, less two standard errors of what chance does to it. With fewer
    than four days nothing is proven. Raises ``ValueError`` for counts that do not fit the axis.
    """
    counts = np.maximum(np.atleast_2d(np.asarray(days, dtype=np.float64)), 0.0)
    if counts.shape[1] != len(axis):
        raise ValueError(f"counts of shape {counts.shape} do not fit an axis of {len(axis)}")
    size = len(counts)
    factor = np.broadcast_to(np.asarray(effective, dtype=np.float64), size)
    counts = counts * factor[:, None]
    missing = np.maximum(np.broadcast_to(np.asarray(nulls, dtype=np.float64), size), 0.0) * factor
    of_group = np.zeros(size, dtype=np.int64) if groups is None else np.asarray(groups)
    figures, noise = np.full(size, np.nan), np.full(size, np.nan)
    for group in np.unique(of_group):
        here = np.flatnonzero(of_group == group)
        others = counts[here].sum(axis=0) - counts[here], missing[here].sum() - missing[here]
        if isinstance(axis, Categories):
            cells = pooled_cells(axis, others[0], counts[here], others[1], missing[here])
        else:
            cells = decile_cells(others[0], counts[here], others[1], missing[here])
        figures[here] = unclipped(cells)
        spare = chance(cells)
        # A multiple of a chi-square with K - 1 degrees of freedom and this mean.
        noise[here] = spare * np.sqrt(2 / np.maximum(cells.used.sum(axis=1) - 1, 1))
    known = np.isfinite(figures) & np.isfinite(noise)
    if known.sum() < _LEAST_DAYS:
        return 0.0
    error = 1.2533 * float(np.sqrt(np.mean(noise[known] ** 2) / known.sum()))
    middle = float(np.median(figures[known])) - 2 * error
    return max(middle, 0.0) / _MEDIAN * _FAR


def moved(
    psi: ArrayLike,
    seasonal: ArrayLike,
    p_adjusted: ArrayLike,
    usual: ArrayLike = 0.0,
    *,
    alpha: float = ALPHA,
) -> Floats:
    """The threshold that a column reaches, elementwise; so any threshold can be asked of what is kept.

    It is the lesser of ``psi`` against the baseline and ``seasonal``, that against the same hours of the week (where
    not NaN), and 0 if it is not proven (``p_adjusted`` above ``alpha``) or no more than ``usual``. NaN where ``psi``
    is undefined.
    """
    far = np.asarray(psi, dtype=np.float64)
    reached = np.fmin(far, np.asarray(seasonal, dtype=np.float64))
    proven = (np.asarray(p_adjusted, dtype=np.float64) <= alpha) & (reached > np.asarray(usual, dtype=np.float64))
    return np.where(np.isnan(far), np.nan, np.where(proven, reached, 0.0))


def drifted(
    psi: ArrayLike,
    seasonal: ArrayLike,
    p_adjusted: ArrayLike,
    threshold: ArrayLike,
    usual: ArrayLike = 0.0,
    *,
    alpha: float = ALPHA,
) -> Flags:
    """Whether a column is at its PSI ``threshold`` or beyond, elementwise, as ``moved`` has it. NaN is not drift."""
    reached = moved(psi, seasonal, p_adjusted, usual, alpha=alpha)
    return np.greater_equal(reached, np.asarray(threshold, dtype=np.float64))
