"""The number of bad events to come by its mean and variance, as a gamma distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincc, gammaincinv

from burnline.budgets.forecast_model import Floats

_TINY = 1e-12


def beyond(mean: Floats, variance: Floats, room: Floats) -> Floats:
    """The probability of more than ``room``; 1 where there is no room left."""
    mean, variance = np.maximum(mean, _TINY), np.maximum(variance, _TINY)
    return np.where(room < 0, 1.0, gammaincc(mean**2 / variance, np.maximum(room, 0.0) * mean / variance))


def quantiles(mean: Floats, variance: Floats, probabilities: Sequence[float]) -> Floats:
    """Quantiles (S, Q) of S distributions."""
    mean, variance = np.maximum(mean, _TINY), np.maximum(variance, _TINY)
    shape = (mean**2 / variance)[:, None]
    return np.asarray(gammaincinv(shape, np.asarray(probabilities)) * (variance / mean)[:, None])
