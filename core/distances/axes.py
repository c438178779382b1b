"""What the counts of a column stand for: sorted bins of numbers, or categories."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OTHER = "<other>"


@dataclass(frozen=True)
class Bins:
    """Sorted bins [low, high) of a numeric column, not necessarily adjoining; the outermost may be open (infinite).

    ``low`` and ``high`` are arrays of the B edges in the unit of the column.
    """

    low: Floats
    high: Floats

    def __init__(self, low: ArrayLike, high: ArrayLike) -> None:
        object.__setattr__(self, "low", np.atleast_1d(np.asarray(low, dtype=np.float64)))
        object.__setattr__(self, "high", np.atleast_1d(np.asarray(high, dtype=np.float64)))
        if self.low.shape != self.high.shape or self.low.ndim != 1:
            raise ValueError(f"bins need as many lower as upper edges, not {self.low.shape} and {self.high.shape}")
        if np.any(self.low > self.high) or np.any(np.diff(self.low) < 0):
            raise ValueError("bins must be sorted, each with its lower edge first")

    def __len__(self) -> int:
        return self.low.size

    @cached_property
    def middle(self) -> Floats:
        """The value that stands for a bin: its centre, the finite edge of an open one."""
        low = np.where(np.isfinite(self.low), self.low, self.high)
        high = np.where(np.isfinite(self.high), self.high, self.low)
        inner = low + (high - low) / 2
        return np.where(np.isfinite(inner), inner, 0.0)

    @cached_property
    def reach(self) -> Floats:
        """How far a value may lie from the middle of its bin; infinite in an open one."""
        return np.maximum(self.high - self.middle, self.middle - self.low)


@dataclass(frozen=True)
class Categories:
    """The B values of a categorical column, in any order; the value ``<other>`` stands for several rare ones."""

    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def other(self) -> int | None:
        """Where ``<other>`` stands, ``None`` if nowhere."""
        return self.values.index(OTHER) if OTHER in self.values else None


Axis = Bins | Categories
