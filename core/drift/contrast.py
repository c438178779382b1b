"""How much badness the move of a column brings, other columns held: a regression on cells within strata of time.

Badness (less what a surrogate expects) is regressed on indicators of the cells of every column at once. What the move
of one column brings is the difference of its shares, window less baseline, times the effects of its cells. Columns that
merely move at the same time, or with a guilty one, get no effect of their own (they are explained away), and rows are
compared within the same hours only, so what happens to all rows at one moment is no column's effect.

Its variance is the larger of that of equal scatter and of the sandwich with time blocks as clusters (Liang and Zeger
1986). A weak ridge makes the first grow beyond all bounds where the rows cannot tell: nothing is claimed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_RIDGE = 1e-3


@dataclass(frozen=True)
class Design:
    """Rows with the cells of every column: ``codes`` (columns, rows), ``sizes`` the number of cells of each column.

    ``y`` is the badness to be explained, ``weight`` what a row counts, ``stratum`` the hours it is compared within and
    ``block`` the time block whose rows may go wrong together.
    """

    codes: Ints
    sizes: tuple[int, ...]
    y: Floats
    weight: Floats
    stratum: Ints
    block: Ints


@dataclass(frozen=True)
class Contrast:
    """What moves bring, one per contrast: ``estimate`` and its standard error ``sd``."""

    estimate: Floats
    sd: Floats


def contrasts(design: Design, moves: Sequence[Floats]) -> Contrast:
    """Effects of ``moves``: each is a change of the shares of all cells of all columns, end to end, adding up to 0."""
    count = len(design.y)
    total = sum(design.sizes)
    starts = np.cumsum([0, *design.sizes[:-1]])
    places = design.codes + starts[:, None]
    weight = design.weight / design.weight.mean()
    _, stratum = np.unique(design.stratum, return_inverse=True)
    held = np.bincount(stratum, weight)

    def centred(values: Floats) -> Floats:
        return values - (np.bincount(stratum, weight * values) / held)[stratum]

    x = np.zeros((count, total), dtype=np.float64)
    for column in places:
        x[np.arange(count), column] = 1.0
    used = np.flatnonzero(x.any(axis=0))
    x = np.column_stack([centred(x[:, one]) for one in used])
    y = centred(design.y)
    gram = x.T @ (weight[:, None] * x) + _RIDGE * np.eye(len(used))
    effects = np.linalg.solve(gram, x.T @ (weight * y))
    left = y - x @ effects
    free = max(count - len(used) - len(held), 1)
    scatter = float((weight * left**2).sum()) / free
    _, block = np.unique(design.block, return_inverse=True)
    blocks = int(block.max()) + 1
    move = np.asarray(moves, dtype=np.float64)
    along = np.linalg.solve(gram, move[:, used].T)
    pull = (x @ along) * (weight * left)[:, None]
    by_block = np.stack([np.bincount(block, one, blocks) for one in pull.T])
    sandwich = (by_block**2).sum(axis=1) * blocks / max(blocks - 1, 1)
    plain = scatter * (move[:, used] * along.T).sum(axis=1)
    # A cell that no row is in has an effect nobody knows.
    missing = np.delete(move, used, axis=1)
    unknown = (missing**2).sum(axis=1) * scatter / _RIDGE
    return Contrast(move[:, used] @ effects, np.sqrt(np.maximum(plain, sandwich) + unknown))
