"""Many columns are many chances to be wrong: the Benjamini-Hochberg adjustment."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from burnline.distances.axes import Floats


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """p-values along the last axis adjusted for their number, in their order; NaN stay NaN and count as no test.

    Equals ``scipy.stats.false_discovery_control`` (Benjamini and Hochberg, Controlling the false discovery rate,
    1995): rejecting those at or below alpha keeps the expected share of false ones among them at alpha, also for
    columns that move together (Benjamini and Yekutieli 2001).
    """
    values = np.asarray(p, dtype=np.float64)
    if not values.size:
        return values.copy()
    order = np.argsort(values, axis=-1)
    tests = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    ranks = np.arange(1, values.shape[-1] + 1)
    scaled = np.take_along_axis(values, order, axis=-1) * tests / ranks
    filled = np.where(np.isnan(scaled), np.inf, scaled)
    running = np.minimum.accumulate(filled[..., ::-1], axis=-1)[..., ::-1]
    adjusted = np.empty_like(values)
    np.put_along_axis(adjusted, order, np.minimum(running, 1.0), axis=-1)
    return np.where(np.isnan(values), np.nan, adjusted)
