"""Which columns stand in which row of the drift map, and what every cell holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from burnline.dashboard.drift_words import HARMS, Step, harm, strength
from burnline.results.drift import DriftBucket, FeatureDrift, Role

GROUPS: dict[str, tuple[Role, ...]] = {
    "Features": ("feature",),
    "Predictions": ("prediction", "confidence"),
    "Labels": ("label",),
    "Segments": ("segment",),
}
_LENGTHS: dict[Step, timedelta] = {"1d": timedelta(days=1), "1h": timedelta(hours=1)}
_ATTENTION = tuple(HARMS)


@dataclass(frozen=True)
class Row:
    """A row of the map: a column of the log, or the name of the group that begins here."""

    title: str | None = None
    column: FeatureDrift | None = None


@dataclass(frozen=True)
class Grid:
    """The map: rows from above to below, buckets from left to right; ``cells`` by row, ``None`` = nothing known."""

    rows: tuple[Row, ...]
    times: tuple[datetime, ...]
    step: Step
    cells: tuple[tuple[DriftBucket | None, ...], ...]

    def row_of(self, feature: str) -> int | None:
        """Where a column stands."""
        found = (i for i, r in enumerate(self.rows) if r.column is not None and r.column.feature == feature)
        return next(found, None)

    def index(self, at: datetime) -> float:
        """Where a moment lies on the axis: bucket 0 is centred at 0."""
        return (at - self.times[0]) / _LENGTHS[self.step] - 0.5

    def judged(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The PSI every cell is judged by; NaN where there is none."""
        values = np.full((len(self.rows), len(self.times)), np.nan)
        for row, cells in enumerate(self.cells):
            for place, bucket in enumerate(cells):
                if bucket is not None and bucket.n and (value := strength(bucket.psi, bucket.psi_seasonal)) is not None:
                    values[row, place] = value
        return values


def ranked(columns: Iterable[FeatureDrift]) -> list[FeatureDrift]:
    """What drifted and hurts first, then what drifted, then by how far it moved."""

    def attention(column: FeatureDrift) -> tuple[int, float, str]:
        far = strength(column.psi, column.psi_seasonal)
        return _ATTENTION.index(harm(column)), -(far if far is not None else 0.0), column.feature

    return sorted(columns, key=attention)


def grid(
    columns: Sequence[FeatureDrift],
    buckets: Iterable[DriftBucket],
    step: Step,
    *,
    most: int | None = None,
    others: int = 8,
) -> Grid:
    """The map of ``columns`` over ``buckets``: at most ``most`` features and ``others`` of each other group."""
    rows: list[Row] = []
    for title, roles in GROUPS.items():
        # Labels are kept by the day.
        members = [] if step == "1h" and title == "Labels" else ranked(c for c in columns if c.role in roles)
        shown = members[: most if title == "Features" else others]
        if shown:
            rows += [*([Row(title=title)] if rows or title != "Features" else []), *(Row(column=c) for c in shown)]
    by_cell = {(b.feature, begin(b, step)): b for b in buckets}
    times = _axis({at for _, at in by_cell}, step)
    cells = tuple(
        tuple(by_cell.get((row.column.feature, at)) if row.column is not None else None for at in times) for row in rows
    )
    return Grid(tuple(rows), times, step, cells)


def begin(bucket: DriftBucket, step: Step) -> datetime:
    """Where its day (UTC) or hour begins: a bucket at the edge of the window begins with the window."""
    whole = bucket.from_.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if step == "1d" else whole


def _axis(present: set[datetime], step: Step) -> tuple[datetime, ...]:
    """Every bucket from the first to the last, silent ones too."""
    if not present:
        return ()
    first, length = min(present), _LENGTHS[step]
    return tuple(first + length * i for i in range(round((max(present) - first) / length) + 1))
