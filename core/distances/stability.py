"""Population Stability Index and Jensen-Shannon distance of cells.

PSI = sum (p - q) ln(p / q) over the cells. By chance alone it is about (K - 1)(1/n + 1/m) in the mean and a multiple
of a chi-square (Yurdakul, Statistical properties of the population stability index, 2018); that mean is taken off, so
the figure does not depend on how many rows there are. Half a row is added to each cell that is used, so that an empty
one counts as far as the rows can tell, not as far as an arbitrary filling would have it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import rel_entr

from burnline.distances.axes import Floats
from burnline.distances.cells import Cells

FILL = 1e-4
_HALF = 0.5


def unclipped(cells: Cells) -> Floats:
    """PSI without the part of chance, which may fall below 0; NaN where a side has no row, (D,)."""
    used = cells.used
    before, after = ((side + _HALF) * used for side in (cells.reference, cells.current))
    q = before / before.sum(axis=1, keepdims=True).clip(min=_HALF)
    p = after / after.sum(axis=1, keepdims=True).clip(min=_HALF)
    total = ((p - q) * np.log(np.where(used, p, 1.0) / np.where(used, q, 1.0))).sum(axis=1)
    return _known(cells, total - cells.chance)


def psi(cells: Cells) -> Floats:
    """Bias-corrected PSI, at least 0, (D,)."""
    return np.maximum(unclipped(cells), 0.0)


def textbook(reference: Floats, current: Floats) -> Floats:
    """The plain sum, every empty cell filled with a share of 0.0001 as Evidently does; counts (R, K) and (D, K)."""
    n, m = reference.sum(axis=1, keepdims=True), current.sum(axis=1, keepdims=True)
    q, p = reference / np.where(n > 0, n, 1.0), current / np.where(m > 0, m, 1.0)
    used = (reference > 0) | (current > 0)
    q, p = np.where(q > 0, q, FILL), np.where(p > 0, p, FILL)
    total = ((p - q) * np.log(p / q) * used).sum(axis=1)
    return np.where((n > 0) & (m > 0), total[:, None], np.nan)[:, 0]


def jensen_shannon(cells: Cells) -> Floats:
    """Jensen-Shannon distance to base 2 (the square root of the divergence, 0 .. 1) of the cells, (D,)."""
    n, m = cells.rows
    q = cells.reference / np.where(n > 0, n, 1.0)[:, None]
    p = cells.current / np.where(m > 0, m, 1.0)[:, None]
    middle = (p + q) / 2
    divergence = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / 2 / np.log(2)
    return _known(cells, np.sqrt(np.clip(divergence, 0.0, 1.0)))


def _known(cells: Cells, figure: Floats) -> Floats:
    n, m = cells.rows
    return np.where((n > 0) & (m > 0), figure, np.nan)
