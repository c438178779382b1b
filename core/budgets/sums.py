"""The counts an SLO is judged by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sums:
    """Events (weighted) or slices of a span.

    ``valid`` have a known outcome, ``bad`` of them missed the promise, ``eligible`` could have
    been valid.
    """

    valid: float = 0.0
    bad: float = 0.0
    eligible: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        """The sums of both parts together."""
        return Sums(self.valid + other.valid, self.bad + other.bad, self.eligible + other.eligible)

    @property
    def coverage(self) -> float | None:
        """The share of eligible events whose outcome is known, at most 1; None without any."""
        # Eligible may be a difference of counts; in millionths it has no rounding error.
        eligible = round(self.eligible, 6)
        return min(self.valid / eligible, 1.0) if eligible > 0 else None
