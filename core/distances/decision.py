"""When a distance is drift: large enough to matter, proven, and more than days differ anyway.

At a million rows every difference is proven and at a hundred rows chance alone goes beyond any threshold, so a column
has drifted when all of these hold (docs/drift.md has what each is for, and the false alarms measured):

- its PSI is at the threshold or beyond, against the baseline and against the same hours of the week;
- "nothing changed" is rejected, at 0.001 after Benjamini-Hochberg over the columns of the model;
- it is beyond what so few rows make of a negligible PSI (``provable``), and against the same hours of the week beyond
  what they make of none (``by_chance``);
- it is beyond what the days of the baseline differ among themselves (``usual``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtr, chdtri, kolmogi, ndtr, ndtri

from burnline.distances.axes import Axis, Bins, Flags, Floats
from burnline.distances.cells import Cells, decile_cells, pooled_cells
from burnline.distances.stability import unclipped

ALPHA = 0.001
SHIFT = 0.15
# PSI and KS of a shift by a fifth of a standard deviation, which is not worth a word.
NEGLIGIBLE, NEGLIGIBLE_KS = 0.04, 0.08
# A month of twenty columns asks 600 times: each may be wrong once in ten thousand.
_RARE = 1e-4
_LEAST_DAYS = 4


def provable(cells: Cells) -> Floats:
    """The PSI that a negligible one of 0.04 does not reach at these numbers of rows but once in ten thousand, (D,).

    PSI is a multiple of a non-central chi-square (Yurdakul 2018), whose quantile is that of Abdel-Aty (Approximate
    formulae for the percentage points and the probability integral of the non-central chi-square, 1954).
    """
    free = np.maximum(cells.used.sum(axis=1) - 1.0, 1.0)
    unit = np.where(cells.chance > 0, cells.chance / free, np.nan)
    centre = NEGLIGIBLE / unit
    total = free + centre
    spread = 2 * (1 + centre / total) / (9 * total)
    quantile = total * (1 - spread - ndtri(_RARE) * np.sqrt(spread)) ** 3
    return np.asarray((quantile - free) * unit, dtype=np.float64)


def by_chance(cells: Cells) -> Floats:
    """The PSI that no change at all reaches but once in ten thousand, (D,)."""
    free = np.maximum(cells.used.sum(axis=1) - 1.0, 1.0)
    figure: Floats = np.where(cells.chance > 0, (chdtri(free, _RARE) / free - 1) * cells.chance, np.nan)
    return figure


def provable_ks(n: Floats, m: Floats) -> Floats:
    """``provable`` for Kolmogorov-Smirnov, whose negligible value is 0.08; a share near a half has this error, (D,)."""
    return np.minimum(NEGLIGIBLE_KS - float(ndtri(_RARE)) * _error(n, m) / 2, 1.0)


def by_chance_ks(n: Floats, m: Floats) -> Floats:
    """``by_chance`` for Kolmogorov-Smirnov, from the limit of its distribution, (D,)."""
    return np.minimum(float(kolmogi(_RARE)) * _error(n, m), 1.0)


def _error(n: Floats, m: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        error: Floats = np.sqrt(1 / n + 1 / m)
    return error


def usual(
    axis: Axis,
    days: ArrayLike,
    nulls: ArrayLike = 0.0,
    *,
    groups: ArrayLike | None = None,
    effective: ArrayLike = 1.0,
) -> float:
    """The PSI that one day in ten thousand goes beyond if days differ as those of the baseline do; 0 if not proven.

    ``days`` are counts (D, B), each compared with the others of its group: ``groups`` (D,) keep the season apart
    (weekdays 0, weekend 1). The variance of the days is the mean of their PSI without the part of chance, the largest
    (of seven) left out as a baseline may have one odd day, less two standard errors of what chance does to it. With
    fewer than four days nothing is proven. Raises ``ValueError`` for counts that do not fit the axis.
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
        if isinstance(axis, Bins):
            cells = decile_cells(others[0], counts[here], others[1], missing[here])
        else:
            cells = pooled_cells(axis, others[0], counts[here], others[1], missing[here])
        figures[here] = unclipped(cells)
        noise[here] = cells.chance * np.sqrt(2 / np.maximum(cells.used.sum(axis=1) - 1, 1))
    known = np.isfinite(figures)
    count = int(known.sum())
    if count < _LEAST_DAYS:
        return 0.0
    kept = count - max(1, count // 7)
    # PSI of a shift by s standard deviations is about s^2, a multiple of a chi-square with one degree of freedom if
    # shifts are normal: the mean of its lower part.
    part = chdtr(3, chdtri(1, 1 - kept / count)) / (kept / count)
    mean = float(np.sort(figures[known])[:kept].mean())
    error = float(np.sqrt(np.mean(noise[known] ** 2) / kept))
    return max(mean - 2 * error, 0.0) / float(part) * float(chdtri(1, _RARE))


def together(usual: ArrayLike) -> Floats:
    """What is usual of the columns of a model, (F,): their own, but at least that of the middle one.

    Seven days tell little of one column, twenty columns tell what the days of the model are like. NaN stay NaN.
    """
    own = np.asarray(usual, dtype=np.float64)
    known = own[np.isfinite(own)]
    return np.maximum(own, float(np.median(known)) if known.size else 0.0)


def moved(
    psi: ArrayLike,
    seasonal: ArrayLike,
    p_adjusted: ArrayLike,
    usual: ArrayLike = 0.0,
    provable: ArrayLike = 0.0,
    by_chance: ArrayLike = np.nan,
    *,
    alpha: float = ALPHA,
) -> Floats:
    """The threshold that a column reaches, elementwise; so any threshold can be asked of what is kept.

    It is the lesser of ``psi`` against the baseline and ``seasonal``, that against the same hours of the week (where
    not NaN). It is 0 if it is not proven (``p_adjusted`` above ``alpha``, ``psi`` not beyond ``provable``,
    ``seasonal`` not beyond what is so ``by_chance``, both NaN where unknown) or not beyond what is ``usual``. NaN
    where ``psi`` is undefined. ``provable`` is ``Distances.psi_provable`` of the comparison with the baseline,
    ``by_chance`` is ``Distances.psi_by_chance`` of that with the same hours of the week.
    """
    far, season = np.asarray(psi, dtype=np.float64), np.asarray(seasonal, dtype=np.float64)
    reached = np.fmin(far, season)
    proven = (np.asarray(p_adjusted, dtype=np.float64) <= alpha) & (far > np.asarray(provable, dtype=np.float64))
    proven &= ~(season <= np.asarray(by_chance, dtype=np.float64))
    proven &= reached > np.asarray(usual, dtype=np.float64)
    return np.where(np.isnan(far), np.nan, np.where(proven, reached, 0.0))


def drifted(
    psi: ArrayLike,
    seasonal: ArrayLike,
    p_adjusted: ArrayLike,
    threshold: ArrayLike,
    usual: ArrayLike = 0.0,
    provable: ArrayLike = 0.0,
    by_chance: ArrayLike = np.nan,
    *,
    alpha: float = ALPHA,
) -> Flags:
    """Whether a column is at its PSI ``threshold`` or beyond, elementwise, as ``moved`` has it. NaN is not drift."""
    reached = moved(psi, seasonal, p_adjusted, usual, provable, by_chance, alpha=alpha)
    return np.greater_equal(reached, np.asarray(threshold, dtype=np.float64))


def shifted(
    ks: ArrayLike,
    seasonal: ArrayLike,
    p_adjusted: ArrayLike,
    usual: ArrayLike = 0.0,
    provable: ArrayLike = 0.0,
    by_chance: ArrayLike = np.nan,
    *,
    least: float = SHIFT,
    alpha: float = ALPHA,
) -> Flags:
    """Whether numbers moved as a whole, by Kolmogorov-Smirnov, elementwise: finds shifts that PSI is too coarse for.

    A shift by half a standard deviation has a PSI of 0.235, so the thresholds 0.2 and 0.25 are a matter of luck to it,
    and a KS of 0.2. The rule is that of ``moved`` with KS at ``least`` or beyond; ``provable`` and ``by_chance`` are
    those of KS, ``usual`` is a PSI and taken as that of normal values whose mean moves. NaN is no shift.
    """
    apart = np.sqrt(np.maximum(np.asarray(usual, dtype=np.float64), 0.0))
    days = 2 * ndtr(apart / 2) - 1
    return np.greater_equal(moved(ks, seasonal, p_adjusted, days, provable, by_chance, alpha=alpha), least)
