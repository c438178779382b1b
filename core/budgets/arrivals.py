"""Counts of an SLO in the order in which they became known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Arrivals:
    """One value per five-minute bucket from ``first`` on: outcomes that became known in it.

    An outcome without a label is known in the bucket of its request, a labelled one in that of its
    label; ``valid`` and ``bad`` count events or slices. A label that is corrected takes back what it
    counted before, so a bucket may be negative.
    """

    first: int
    valid: Floats
    bad: Floats

    @property
    def last(self) -> int:
        """The last bucket; before ``first`` when there is none."""
        return self.first + len(self.valid) - 1
