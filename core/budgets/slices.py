"""Time slices: counting stretches of time instead of events (OpenSLO v1 spec, budgetingMethod).

A slice is ``width`` consecutive buckets, aligned to multiples of ``width`` since the epoch, and
carries the index of its first bucket: it belongs to a window when that bucket does. A slice
without valid events is not valid.

- Timeslices: a slice is good when its ratio good / valid is at least ``time_slice_target``; the
  SLI is good slices / slices.
- RatioTimeslices: the SLI is the mean of the slice ratios, so a slice is bad by 1 - ratio.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import polars as pl

from burnline.spec.windows import BUCKET, Duration

# Counts are multiples of a millionth; in that unit they are whole and add up without error.
_SCALE = 1_000_000


def width_buckets(window: Duration) -> int:
    """How many buckets a slice holds. Raises ``ValueError`` unless it is a whole number of them."""
    width, rest = divmod(window.fixed, BUCKET)
    if rest or width < 1:
        raise ValueError(f"a time slice of {window} is not a whole number of five-minute buckets")
    return width


def slice_sums(
    sums: pl.DataFrame,
    width: int,
    method: Literal["Timeslices", "RatioTimeslices"],
    target: Decimal | None = None,
) -> pl.DataFrame:
    """Sums of events per bucket as sums of slices, by first bucket of the slice.

    ``sums`` has one row per bucket or several that add up: ``t`` (bucket), ``valid``, ``bad``,
    ``eligible``; nothing later than the moment of judgement may be in it. Returned are the same
    columns, ordered by ``t``: ``valid`` is 1 for a slice with valid events, ``eligible`` 1 for
    one with eligible events, ``bad`` between 0 and 1.

    Raises:
        ValueError: Timeslices without a target.
    """
    if method == "Timeslices" and target is None:
        raise ValueError("Timeslices need a time slice target")
    slices = (
        sums.group_by((pl.col("t") // width * width).alias("t"))
        .agg((pl.col("valid", "bad", "eligible") * _SCALE).round().sum())
        .sort("t")
    )
    ratio = (pl.col("valid") - pl.col("bad")) / pl.col("valid")
    if method == "Timeslices":
        badness = (ratio < float(target or 0)).cast(pl.Float64)
    else:
        badness = pl.col("bad") / pl.col("valid")
    has_events = pl.col("valid") > 0
    return slices.select(
        "t",
        has_events.cast(pl.Float64).alias("valid"),
        pl.when(has_events).then(badness).otherwise(0.0).alias("bad"),
        (pl.col("eligible") > 0).cast(pl.Float64).alias("eligible"),
    )
