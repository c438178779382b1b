"""Histogram bins by guarded, portable arithmetic.

Positive values fall into logarithmic bins of ratio exp(1/25), so a bin's middle is within 2 %
of every value in it (the idea of DDSketch, Masson et al. 2019); fractions into hundredths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_PER_E = 25
_LEAST = -(10**6)


@dataclass(frozen=True)
class LogBins:
    """Logarithmic bins; values at or below ``floor`` share one bin."""

    floor: float

    def sql(self, value: str) -> str:
        """SQL for the bin of a value."""
        return (
            f"(case when {value} > {self.floor} and {value} < 1e15"
            f" then cast(floor(ln({value}) * {_PER_E}) as integer)"
            f" when {value} <= {self.floor} then {_LEAST} else {_PER_E * 35} end)"
        )

    def edges(self, bin_: int) -> tuple[float, float]:
        """Lower and upper edge of a bin."""
        if bin_ == _LEAST:
            return (0.0, self.floor)
        return (math.exp(bin_ / _PER_E), math.exp((bin_ + 1) / _PER_E))

    def middle(self, bin_: int) -> float:
        """The value within 2 % of everything in the bin."""
        return 0.0 if bin_ == _LEAST else math.exp((bin_ + 0.5) / _PER_E)


@dataclass(frozen=True)
class HundredthBins:
    """Bins [k/100, (k+1)/100) of a fraction."""

    def sql(self, value: str) -> str:
        """SQL for the bin of a value. The tiny shift keeps 0.29 (28.999… in binary) in bin 29."""
        return f"cast(floor({value} * 100 + 1e-9) as integer)"

    def edges(self, bin_: int) -> tuple[float, float]:
        """Lower and upper edge of a bin."""
        return (bin_ / 100, (bin_ + 1) / 100)

    def middle(self, bin_: int) -> float:
        """The centre of the bin."""
        return min(1.0, (bin_ + 0.5) / 100)


LATENCY = LogBins(floor=1e-6)
CONFIDENCE = HundredthBins()
AGE = LogBins(floor=1e-6)
