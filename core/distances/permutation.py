"""Are these days unlike those? Whole days change sides, so that rows of one day need not be independent.

Rows of a day share its weather: with a day effect of a twentieth of a standard deviation, tests that take rows as
independent find drift on 15 % of healthy days at a level of 1 %; relabelling days does not (Good, Permutation,
Parametric and Bootstrap Tests, 3.7: exchangeable units).
"""

from __future__ import annotations

from itertools import combinations, islice
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from burnline.distances.axes import Axis, Bins, Categories, Floats
from burnline.distances.cells import GROUPS

_MOST_CATEGORIES = 200


def block_permutation(
    axis: Axis,
    reference_days: ArrayLike,
    current_days: ArrayLike,
    *,
    reference_nulls: ArrayLike = 0.0,
    current_nulls: ArrayLike = 0.0,
    statistic: Literal["psi", "ks"] = "psi",
    permutations: int = 199,
    seed: int = 0,
) -> float:
    """p-value of "the current days are like the reference days", from counts (Dr, B) and (Dc, B) by day.

    The statistic of the true sides is compared with those of days dealt at random, or of all deals where these are no
    more than ``permutations`` + 1 (then the p-value is exact). The smallest p-value that can come out is 1 / deals: 8
    days leave 8 deals of one against seven. Days without rows are left out. NaN where a side has no day left. ``ks``
    needs numbers; PSI is taken over tenths of all days together, so that the deal does not choose its own groups.
    Raises ``ValueError`` for ``ks`` of categories.
    """
    before, missing_before = _days(axis, reference_days, reference_nulls)
    after, missing_after = _days(axis, current_days, current_nulls)
    sizes = len(before), len(after)
    if not all(sizes):
        return float("nan")
    counts = np.vstack([before, after])
    missing = np.concatenate([missing_before, missing_after])
    deals = _deals(*sizes, permutations, seed)
    if statistic == "ks":
        if isinstance(axis, Categories):
            raise ValueError("Kolmogorov-Smirnov needs an order: compare categories by psi")
        values = _ks(counts, deals)
    else:
        values = _psi(np.hstack([_grouped(axis, counts), missing[:, None]]), deals)
    reached = values >= values[0] * (1 - 1e-12)
    return float(reached.sum() / len(deals))


def _days(axis: Axis, counts: ArrayLike, nulls: ArrayLike) -> tuple[Floats, Floats]:
    table = np.maximum(np.atleast_2d(np.asarray(counts, dtype=np.float64)), 0.0)
    if table.shape[1] != len(axis):
        raise ValueError(f"counts of shape {table.shape} do not fit an axis of {len(axis)}")
    missing = np.maximum(np.broadcast_to(np.asarray(nulls, dtype=np.float64), len(table)), 0.0)
    some = table.sum(axis=1) + missing > 0
    return table[some], missing[some]


def _deals(reference: int, current: int, permutations: int, seed: int) -> Floats:
    """Rows of 0 and 1 over all days: which are dealt to the current side; the true sides come first."""
    days = reference + current
    true = np.arange(days) >= reference
    if comb(days, current) <= permutations + 1:
        deals = np.zeros((comb(days, current), days))
        # Counting from the end, the last days come first.
        for row, chosen in enumerate(islice(combinations(range(days - 1, -1, -1), current), len(deals))):
            deals[row, list(chosen)] = 1.0
        return deals
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.tile(true, (permutations, 1)), axis=1)
    return np.vstack([true, shuffled]).astype(np.float64)


def _grouped(axis: Axis, counts: Floats) -> Floats:
    """Counts by tenth of all days together, or by the most frequent categories and the rest."""
    total = counts.sum(axis=0)
    if isinstance(axis, Bins):
        whole = total.sum()
        share = (np.cumsum(total) - total / 2) / (whole if whole > 0 else 1.0)
        group = np.minimum((share * GROUPS).astype(np.int64), GROUPS - 1)
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        return np.add.reduceat(counts, starts, axis=1)
    if total.size <= _MOST_CATEGORIES:
        return counts
    most = np.argpartition(total, -_MOST_CATEGORIES)[-_MOST_CATEGORIES:]
    rest = counts.sum(axis=1) - counts[:, most].sum(axis=1)
    return np.hstack([counts[:, most], rest[:, None]])


def _psi(cells: Floats, deals: Floats) -> Floats:
    cells = cells[:, cells.sum(axis=0) > 0]
    after = deals @ cells + 0.5
    before = cells.sum(axis=0) + 1.0 - after
    p = after / after.sum(axis=1, keepdims=True)
    q = before / before.sum(axis=1, keepdims=True)
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=1), dtype=np.float64)


def _ks(counts: Floats, deals: Floats) -> Floats:
    steps = np.cumsum(counts, axis=1)
    after = deals @ steps
    before = steps.sum(axis=0) - after
    n, m = before[:, -1:], after[:, -1:]
    apart = np.abs(after / np.where(m > 0, m, 1.0) - before / np.where(n > 0, n, 1.0))
    return np.where((n > 0) & (m > 0), apart.max(axis=1, keepdims=True), 0.0)[:, 0]
