"""Reading what labels showed: by confidence, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.calibration import fiftieth
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import HOUR, Snapshot

_CALIBRATION = f"""
    select model, day, bin, sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad
    from (select unnest($paths::varchar[]) as filename, unnest($days::bigint[]) as day)
    join read_parquet($paths, filename = true) using (filename)
    where known <= $last and model in (select unnest($models::varchar[]))
    group by all having sum(valid) <> 0 or sum(bad) <> 0 order by model, day, bin nulls first"""

_CONFIDENCES = f"""
    select model, hour // 24 as day, {fiftieth("bin")} as bin, sum(n) / {SCALE} as n
    from read_parquet($histograms)
    where kind = 'confidence' and hour >= $first // {HOUR} and hour <= $last // {HOUR}
      and model in (select unnest($models::varchar[]))
    group by all"""

_SUCCEEDED = f"""
    select model, t // {BUCKETS_PER_DAY} as day, null::integer as bin, (sum(valid) - sum(bad)) / {SCALE} as n
    from read_parquet($hours)
    where measure = $requests and t >= $first and t <= $last and model in (select unnest($models::varchar[]))
    group by all"""

_COHORTS = f"""
    select model, measure, t - t % {HOUR} as t, known - known % {HOUR} as known,
           sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad
    from read_parquet($paths)
    where t >= $first and t <= $last and known <= $last
      and model in (select unnest($models::varchar[])) and measure in (select unnest($measures::varchar[]))
    group by all having sum(valid) <> 0 or sum(bad) <> 0 order by model, measure, t, known"""


def calibration(snapshot: Snapshot, first: int, last: int, *, models: Sequence[str]) -> pl.DataFrame:
    """Labelled and wrong requests per day and confidence, by what was known as of bucket ``last``.

    Days are whole days of the request (since the epoch), from that of bucket ``first`` on. Returns
    model, day, bin (fiftieths of the confidence, null without one), valid, bad (events), ordered.
    Only models with an SLO that compares labels with predictions have rows.
    """
    days = range(first // BUCKETS_PER_DAY, last // BUCKETS_PER_DAY + 1)
    entries = {day: snapshot.ledger.days[day].objects for day in days if day in snapshot.ledger.days}
    found = {day: objects["calibration"] for day, objects in entries.items() if "calibration" in objects}
    if not found:
        return pl.DataFrame(schema=_BINS | {"valid": pl.Float64, "bad": pl.Float64})
    parameters = {"paths": snapshot.store.paths(found.values()), "days": list(found), "last": last}
    with connect(threads=2) as con:
        return frame(con, _CALIBRATION, {**parameters, "models": list(models)})


def confidence_bins(snapshot: Snapshot, first: int, last: int, *, models: Sequence[str]) -> pl.DataFrame:
    """All requests that succeeded per day in the bins of ``calibration``: model, day, bin, n (events).

    From the day of bucket ``first`` to the hour of bucket ``last``, both whole. Requests without a
    confidence have bin null.
    """
    start = first - first % BUCKETS_PER_DAY
    bounds = {"first": start, "last": last, "models": list(models)}
    parts = []
    with connect(threads=2) as con:
        if histograms := snapshot.paths("histograms", start, last):
            parts.append(frame(con, _CONFIDENCES, {**bounds, "histograms": histograms}))
        if hours := snapshot.paths("hours", start, last):
            parts.append(frame(con, _SUCCEEDED, {**bounds, "hours": hours, "requests": REQUESTS}))
    counted = pl.concat([pl.DataFrame(schema=_BINS | {"n": pl.Float64}), *parts])
    # Those without a confidence are what is left of all that succeeded; in millionths that is exact.
    share = pl.when(pl.col("bin").is_null()).then(pl.col("n")).otherwise(-pl.col("n"))
    left = counted.group_by("model", "day").agg(n=(share * SCALE).round().sum() / SCALE)
    with_one = counted.filter(pl.col("bin").is_not_null())
    return pl.concat([with_one, left], how="diagonal").filter(pl.col("n") > 0).sort("model", "day", "bin")


_BINS = {"model": pl.String, "day": pl.Int64, "bin": pl.Int32}


def cohorts(
    snapshot: Snapshot, first: int, last: int, *, models: Sequence[str], measures: Sequence[str]
) -> pl.DataFrame:
    """When the labels of each hour's requests came in, by what was known as of bucket ``last``.

    Returns model, measure, t (first bucket of the request's hour), known (of the label's hour),
    valid and bad (labelled and wrong events), ordered. Requests are those of the buckets ``first``
    to ``last``; a corrected label is a difference in the hour of the correction.
    """
    paths = snapshot.paths("late", first, last)
    if not paths:
        return pl.DataFrame(
            schema={"model": pl.String, "measure": pl.String, "t": pl.Int64, "known": pl.Int64}
            | {"valid": pl.Float64, "bad": pl.Float64}
        )
    parameters = {"paths": paths, "first": first, "last": last, "models": list(models), "measures": list(measures)}
    with connect(threads=2) as con:
        return frame(con, _COHORTS, parameters)
