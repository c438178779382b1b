"""What an SLI declares about itself, so that definitions can be read without knowing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from burnline.results import Budgeting, Track

# Keys that every SLO takes in a Model file.
COMMON = (
    "sli",
    "track",
    "objective",
    "window",
    "budgeting",
    "timeSliceTarget",
    "timeSliceWindow",
)

# Keys that an SLI may take beside them; each is a field of ``Slo``.
PARAMETERS = frozenset({"threshold", "metric", "at", "features", "all", "good", "valid", "min_rows"})


@dataclass(frozen=True)
class SliKind:
    """One kind of SLI.

    ``parameters`` are the keys it takes in a Model file beside the common ones (all of them fields
    of ``Slo``), ``required`` those that must have a value, ``parse_threshold`` reads ``threshold``
    into ``unit``. ``columns`` are the canonical columns without which it has no data: ``f_*`` is
    any feature column, ``metrics:*`` an infrastructure metrics file.
    """

    name: str
    track: Track
    budgeting: Budgeting
    unit: str | None = None
    parameters: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    parse_threshold: Callable[[object], float] | None = None
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = self.parameters - PARAMETERS
        if unknown or not self.required <= self.parameters:
            raise ValueError(f"SLI {self.name}: {sorted(unknown or self.required)} not in parameters")
        if ("threshold" in self.parameters) != (self.parse_threshold is not None):
            raise ValueError(f"SLI {self.name}: a threshold needs parse_threshold, and only then")
