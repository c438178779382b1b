"""What to roll for each model, and a fingerprint that changes when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from burnline.rollups.measures import BASE, Measure
from burnline.rollups.store import fingerprint

_ROLLUP_FORMAT = 3


@dataclass(frozen=True)
class Plan:
    """Measures by model. Models without a definition get the base measure only."""

    measures: Mapping[str, tuple[Measure, ...]]
    segments: tuple[str, ...]
    count_429: bool = True

    def rolled(self, model: str) -> tuple[Measure, ...]:
        """Measures of a model that are summed from raw rows."""
        return (BASE, *(m for m in self.measures.get(model, ()) if m.rolled))

    def slices(self) -> Mapping[str, tuple[Measure, ...]]:
        """Five-minute slice measures by model."""
        return {
            model: found
            for model, measures in self.measures.items()
            if (found := tuple(m for m in measures if m.slices and not (m.slices.hourly or m.slices.daily)))
        }

    def of(self, models: Iterable[str]) -> str:
        """Fingerprint of what a file with these models is rolled for."""
        wanted = [(m, sorted(x.id for x in self.rolled(m))) for m in sorted(models)]
        return fingerprint(_ROLLUP_FORMAT, self.segments, self.count_429, wanted)

    @property
    def days(self) -> str:
        """Fingerprint of what the summaries of a day hold beside the rolled sums."""
        wanted = [(m, sorted(x.id for x in found)) for m, found in sorted(self.slices().items())]
        return fingerprint(_ROLLUP_FORMAT, self.segments, wanted)
