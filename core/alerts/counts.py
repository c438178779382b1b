"""Sums of arrivals over windows, and the budget of a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from burnline.budgets.arrivals import Arrivals, Floats
from burnline.spec.windows import BUCKET

Ints = NDArray[np.int64]
_MILLION = 1_000_000


class Sums:
    """Sums over windows of buckets, exact: counts are multiples of a millionth."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._valid = _cumulated(arrivals.valid)
        self._bad = _cumulated(arrivals.bad)

    def windows(self, buckets: int) -> tuple[Ints, Ints]:
        """Valid and bad of the window of so many buckets that ends with each bucket, in millionths.

        Bad is cut to between 0 and valid: a label that is corrected may count before its event.
        """
        valid, bad = _window(self._valid, buckets), _window(self._bad, buckets)
        return valid, np.clip(bad, 0, np.maximum(valid, 0))

    def between(self, start: int, stop: int) -> tuple[float, float]:
        """Valid and bad of the positions in [start, stop), neither below 0."""
        top = len(self._valid) - 1
        low, high = min(max(start, 0), top), min(max(stop, 0), top)
        valid, bad = (int(c[max(high, low)] - c[low]) for c in (self._valid, self._bad))
        return max(valid, 0) / _MILLION, max(bad, 0) / _MILLION


@dataclass(frozen=True)
class Counts:
    """What the budget figures of one SLO are computed from: its arrivals and its terms."""

    arrivals: Arrivals
    objective: Decimal
    length: timedelta

    @cached_property
    def sums(self) -> Sums:
        """The sums of the arrivals."""
        return Sums(self.arrivals)

    def budget(self, stop: int) -> float:
        """(1 - objective) x the valid events of one window length up to position ``stop``.

        A history shorter than the window is taken to have had the same traffic before.
        """
        size = self.length // BUCKET
        seen = min(size, stop)
        valid, _ = self.sums.between(stop - size, stop)
        return float(1 - self.objective) * valid * size / seen if seen > 0 else 0.0

    def spent(self, start: int, stop: int) -> float:
        """Bad of the positions in [start, stop) over the budget there: burn x elapsed / P."""
        budget = self.budget(stop)
        return self.sums.between(start, stop)[1] / budget if budget > 0 else 0.0


def _cumulated(counts: Floats) -> Ints:
    return np.concatenate([[0], np.cumsum(np.rint(counts * _MILLION).astype(np.int64))])


def _window(cumulated: Ints, buckets: int) -> Ints:
    window = cumulated[1:].copy()
    window[buckets:] -= cumulated[1:-buckets]
    return window
