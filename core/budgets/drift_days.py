"""Days of a model and how far its features had moved: the slices of the SLI drift.

A day is known when it is over; the last one of the logs when its last hour has begun. Nothing can be said before the
baseline is complete: what was known of earlier days is known from then on.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.measures import Slices
from burnline.rollups.moved import moved_by_day
from burnline.rollups.reads import HOUR, Snapshot


def drift_days(snapshot: Snapshot, first: int, last: int, newest: int, *, model: str | None = None) -> pl.DataFrame:
    """Every day that begins in the buckets ``first`` to ``last`` and is known by ``last``.

    ``newest`` is the last bucket of the logs. Returns model, t (first bucket of the day), known (the bucket in which
    it was), rows and moved (the threshold that its most moved feature reaches), ordered by model and t.
    """
    days = moved_by_day(snapshot, -(-first // BUCKETS_PER_DAY), last // BUCKETS_PER_DAY, model=model)
    complete = {name: entry.end_hour * HOUR - 1 for name, entry in snapshot.ledger.baselines.items()}
    t = days["day"].to_numpy() * BUCKETS_PER_DAY
    over = t + BUCKETS_PER_DAY - 1
    known = np.where((newest >= over - HOUR + 1) & (newest < over), newest, over)
    since = np.array([complete.get(name, last + 1) for name in days["model"]], dtype=np.int64)
    found = days.select("model", "rows", "moved", t=pl.Series(t, dtype=pl.Int64)).with_columns(
        known=pl.Series(np.maximum(known, since), dtype=pl.Int64)
    )
    return found.filter(pl.col("known") <= last).select("model", "t", "known", "rows", "moved").sort("model", "t")


def judged_days(days: pl.DataFrame, slices: Slices) -> pl.DataFrame:
    """Days with enough rows: t, known, value (how far the features had moved), bad (0 or 1)."""
    return days.filter(pl.col("rows") >= slices.min_rows).select(
        "t", "known", value="moved", bad=(pl.col("moved") >= slices.threshold).cast(pl.Float64)
    )
