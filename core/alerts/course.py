"""The course of a burn: counts and burn rate of an SLO, step by step, as they became known."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from burnline.alerts.counts import Counts
from burnline.budgets.windows import begin, bucket
from burnline.spec.windows import BUCKET

_COUNTED = {"time": pl.Datetime("us", "UTC"), "valid": pl.Float64(), "bad": pl.Float64()}
NO_COURSE = pl.DataFrame(schema=_COUNTED | {"burn": pl.Float64()})


def course(counts: Counts, start: datetime, end: datetime, step: timedelta) -> pl.DataFrame:
    """What became known of an SLO in [start, end), as far as its history reaches.

    ``step`` is a whole number of five-minute buckets; steps begin at multiples of it (UTC), so the first
    one may begin before ``start`` and the last one may be shorter. Returns time (start of the step, UTC),
    valid, bad and burn: (bad / valid) / (1 - objective), null without valid events. Labels that were
    corrected take back what they counted, never below zero of a step.

    Raises:
        ValueError: a ``step`` that is no whole number of buckets.
    """
    width, rest = divmod(step, BUCKET)
    if width < 1 or rest:
        raise ValueError(f"a step of {step} is no whole number of {BUCKET}")
    first, history = counts.arrivals.first, len(counts.arrivals.valid)
    low = max(bucket(start), first) // width
    high = min(bucket(end - timedelta.resolution), first + history - 1) // width
    steps = range(low, high + 1)
    sums = [counts.sums.between(at * width - first, (at + 1) * width - first) for at in steps]
    rows = [(begin(at * width), valid, min(bad, valid)) for at, (valid, bad) in zip(steps, sums, strict=True)]
    return pl.DataFrame(rows, schema=_COUNTED, orient="row").with_columns(
        burn=pl.when(pl.col("valid") > 0).then(pl.col("bad") / pl.col("valid") / float(1 - counts.objective))
    )
