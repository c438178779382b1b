"""Every column day by day (or hour by hour): what a heatmap shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl

from burnline.drift.asked import (
    Asked,
    baseline_counts,
    hour_rows,
    hours_of_week,
    rows_per_event,
    threshold_of,
    window_rows,
)
from burnline.results.drift import DriftBucket
from burnline.rollups.axes import Floats
from burnline.rollups.compared import Blocks, Compared, Flags, compared
from burnline.rollups.distributions import grids
from burnline.rollups.moved import drift_table

Step = Literal["1d", "1h"]
_DAY = 24


def buckets(
    asked: Asked, columns: Sequence[Compared], baseline: pl.DataFrame, step: Step, threshold: float
) -> tuple[DriftBucket, ...]:
    """The buckets of a window; ``columns`` are its columns compared by day."""
    if step == "1d":
        return tuple(_of_columns(asked, columns, asked.days.start * _DAY, _DAY, threshold))
    if not columns:
        return ()
    blocks = Blocks(hours_of_week(asked, step=1), rows_per_event(asked))
    hours = compared(baseline, hour_rows(asked), grids(asked.fleet.snapshot, asked.model), blocks)
    return tuple(_of_columns(asked, hours, asked.first, 1, threshold))


def course(asked: Asked, step: Step) -> tuple[DriftBucket, ...]:
    """The buckets of a window alone. Whole days against the reference are read as they were kept.

    What is left is compared here: days that the window cuts, labels, hours, and other baselines.
    """
    kept = step == "1d" and asked.baseline == "reference" and not asked.provisional
    whole = range(-(-asked.first // _DAY), asked.end // _DAY) if kept else range(0)
    if not whole:
        return _fresh(asked, step)
    found = list(_kept(asked, whole))
    for first, end in ((asked.first, whole.start * _DAY), (whole.stop * _DAY, asked.end)):
        if first < end:
            found += [b for b in _fresh(replace(asked, first=first, end=end), step) if b.feature != "label"]
    return (*found, *_fresh(asked, step, ["label"]))


def _fresh(asked: Asked, step: Step, features: Sequence[str] | None = None) -> tuple[DriftBucket, ...]:
    baseline, rows = baseline_counts(asked, features), window_rows(asked, features)
    if baseline.is_empty():
        return ()
    blocks = Blocks(hours_of_week(asked, step=24), rows_per_event(asked))
    columns = compared(baseline, rows, grids(asked.fleet.snapshot, asked.model), blocks)
    return buckets(asked, columns, baseline, step, threshold_of(asked))


def _kept(asked: Asked, days: range) -> Iterator[DriftBucket]:
    threshold = threshold_of(asked)
    times = {day: (asked.time(day * _DAY), asked.time((day + 1) * _DAY)) for day in days}
    rows = drift_table(asked.fleet.snapshot, days.start, days.stop - 1, model=asked.model)
    chosen = rows.select("feature", "day", "n", "psi", "psi_seasonal", "ks", "moved", "shifted")
    for feature, day, n, *figures, moved, shifted in chosen.iter_rows():
        psi, season, ks = (known([figure]) if figure is not None else None for figure in figures)
        yield DriftBucket.model_construct(
            feature=feature,
            from_=times[day][0],
            to=times[day][1],
            n=n,
            psi=psi,
            psi_seasonal=season,
            ks=ks,
            drifted=moved >= threshold or shifted,
            provisional=False,
        )


def drifted_days(asked: Asked, one: Compared, threshold: float) -> Flags:
    """Whether a column had drifted on each day of the window.

    A day that the window cuts says nothing where the baseline does not hold its hours: mornings are no days.
    """
    found = one.drifted_by_block(threshold)
    cut = np.array([day * _DAY < asked.first or (day + 1) * _DAY > asked.end for day in asked.days])
    return np.asarray(found & ~(cut & np.isnan(one.by_block.psi)))


def _of_columns(
    asked: Asked, columns: Sequence[Compared], start: int, length: int, threshold: float
) -> Iterator[DriftBucket]:
    ends = [start + i * length for i in range(-(-(asked.end - start) // length) + 1)]
    times = [asked.time(min(max(hour, asked.first), asked.end)) for hour in ends]
    for one in columns:
        held = one.by_block
        drifted = drifted_days(asked, one, threshold) if length == _DAY else one.drifted_by_block(threshold)
        for i, n in enumerate(held.far.n):
            if n > 0:
                yield DriftBucket.model_construct(
                    feature=one.name,
                    from_=times[i],
                    to=times[i + 1],
                    n=float(n),
                    psi=known(held.far.psi[i : i + 1]),
                    psi_seasonal=known(held.psi[i : i + 1]),
                    ks=known(held.far.ks[i : i + 1]),
                    drifted=bool(drifted[i]),
                    provisional=asked.provisional or ends[i] < asked.first or ends[i + 1] > asked.end,
                )


def known(figures: Floats | Sequence[float]) -> float | None:
    """The first of some figures; ``None`` where it is undefined."""
    return float(figures[0]) if np.isfinite(figures[0]) else None
