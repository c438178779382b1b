"""A baseline of the same hours of the week: what the reference looked like when the clock stood as it does now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HOURS = 168
_LEAST_COVERED = 0.9


@dataclass(frozen=True)
class Seasonal:
    """Counts of one column, one row per block: ``values`` (D, B) and ``nulls`` (D), NaN in blocks whose hours the
    baseline does not cover. They add up to the number of rows that carry as much information."""

    values: Floats
    nulls: Floats


def seasonal(values: Floats, nulls: Floats, weights: Floats) -> Seasonal:
    """The baseline with the hours of the week in the proportion of each block.

    ``values`` (168, B) and ``nulls`` (168) are counts by hour of the week, ``weights`` (D, 168) the rows of each
    block by hour of the week. A stratified sample of shares w with n rows per stratum knows as much as
    1 / sum(w^2 / n) rows of a plain one (Kish 1965, section 3.4). A block counts as covered when nine tenths of its
    rows lie in hours that the baseline has.
    """
    rows = values.sum(axis=1) + nulls
    known = rows > 0
    held = np.where(known, weights, 0.0)
    total, inside = weights.sum(axis=1), held.sum(axis=1)
    mix = np.divide(held, inside[:, None], out=np.zeros_like(held), where=inside[:, None] > 0)
    per_row = np.divide(1.0, rows, out=np.zeros_like(rows), where=known)
    spread = (mix**2) @ per_row
    size = np.divide(1.0, spread, out=np.full(len(mix), np.nan), where=spread > 0)
    size[inside < _LEAST_COVERED * total] = np.nan
    shares = values * per_row[:, None]
    return Seasonal((mix @ shares) * size[:, None], (mix @ (nulls * per_row)) * size)
