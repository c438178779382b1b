"""Histograms of raw values, for tests of distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnline.distances import Bins

Floats = NDArray[np.float64]


def grid(low: float, high: float, bins: int) -> Bins:
    """Equal bins."""
    edges = np.linspace(low, high, bins + 1)
    return Bins(edges[:-1], edges[1:])


def counts(axis: Bins, values: Floats) -> Floats:
    """How many values lie in each of adjoining bins."""
    edges = np.append(axis.low, axis.high[-1])
    found = np.histogram(values, edges)[0].astype(np.float64)
    assert found.sum() == values.size
    return found
