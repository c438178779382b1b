"""Evidence that answers fail more often than expected, step by step in the order in which labels came in.

Wrong answers are counts: the e-detector of ``burnline.budgets.concept`` (Shin, Ramdas and Rinaldo 2024). Squared errors
have no bound and no known law; there the evidence is a bet on their ratio to what was expected (Waudby-Smith and Ramdas
2024), which needs nothing but its mean. Either reaches 1 / alpha with a probability of at most alpha while errors are
those expected, however often one looks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnline.budgets.concept import GROWTHS

Floats = NDArray[np.float64]

#: Parts of the stake that are bet on squared errors being too large.
STAKES: Floats = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
_LEAST_MARGIN = 0.1
# A large factor finds a slow onset late.
_ONSETS = (1.25, 1.5)
_LARGEST = 1e200
_BLOCKS = (1, 6, 24)
_LEAST_BLOCKS = 12
_LEAST_DUE = 3.0


def margin(reference_bad: float) -> float:
    """What an expectation that was learnt from so many bad events is multiplied by, to cover its own error."""
    return 1 + max(_LEAST_MARGIN, 2 / float(np.sqrt(max(reference_bad, 1.0))))


def count_path(wrong: Floats, due: Floats, scatter: float = 1.0) -> Floats:
    """(T) evidence after each step that counts ``wrong`` (T) exceed ``due`` (T), margin included."""
    gain = np.log(GROWTHS)[:, None] * wrong - (GROWTHS - 1)[:, None] * due
    return _path(gain / scatter)


def square_path(amount: Floats, due: Floats) -> Floats:
    """(T) evidence after each step that sums of squared errors exceed ``due`` (T), margin included; steps without
    anything due are passed over."""
    ratio = np.divide(amount, due, out=np.ones_like(amount), where=due > 0)
    return _path(np.log1p(STAKES[:, None] * (ratio - 1)))


def _path(gain: Floats) -> Floats:
    steps = gain.shape[1]
    state, path = np.zeros(len(gain)), np.zeros(steps)
    for step in range(steps):
        state = np.minimum((state + 1 / steps) * np.exp(np.minimum(gain[:, step], np.log(_LARGEST) / 2)), _LARGEST)
        path[step] = state.mean()
    return path


def span(realised: Floats, due: Floats, first: int) -> tuple[int, int]:
    """The steps (from, to) of ``realised`` (T) in which it exceeds ``due`` most, reaching step ``first`` or later.

    The segment with the largest sum of log-likelihood gains (Kadane); both in units of counts.
    """
    best, found = -np.inf, (first, len(realised) - 1)
    for growth in _ONSETS:
        gain = np.log(growth) * realised - (growth - 1) * due
        total, start = 0.0, 0
        for step, one in enumerate(gain):
            if total <= 0:
                total, start = 0.0, step
            total += one
            if step >= first and total > best:
                best, found = total, (start, step)
    return found


def overdispersion(wrong: Floats, due: Floats, labelled: Floats) -> float:
    """How many times more hourly counts (T) scatter around what was expected than independent events would.

    The largest mean squared Pearson residual over blocks of an hour, six hours and a day, where chance does not
    explain that it exceeds 1; at least 1.
    """
    from scipy.stats import chi2

    worst = 1.0
    for size in _BLOCKS:
        length = len(wrong) // size * size
        w, d, n = (values[:length].reshape(-1, size).sum(axis=1) for values in (wrong, due, labelled))
        kept = d >= _LEAST_DUE
        if kept.sum() < _LEAST_BLOCKS:
            continue
        w, d, n = w[kept], d[kept], n[kept]
        # The level of the reference is the surrogate's own: only the scatter around it counts.
        d = d * w.sum() / d.sum()
        squares = (w - d) ** 2 / (d * np.maximum(1 - d / n, 0.05))
        if squares.sum() > chi2.ppf(0.95, len(squares) - 1):
            worst = max(worst, float(squares.sum() / (len(squares) - 1)))
    return worst
