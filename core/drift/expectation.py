"""What labels showed of a model's requests, hour by hour, and what their inputs lead one to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.calibration import BINS, calibrate
from burnline.budgets.corrections import outside
from burnline.budgets.delays import DelayCurves, cohorts, delay_curves
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.expected import expected
from burnline.rollups.label_reads import calibration
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import HOUR, hourly
from burnline.rollups.roll import AMOUNT_SCALE

Floats = NDArray[np.float64]
Source = Literal["features", "confidence"]

_LEAST_TAUGHT = 200.0
_TAUGHT_DAYS = 14

_LABELS = f"""
    select t - t % {HOUR} as t, known - known % {HOUR} as known, sum(n)::double as n, sum(bad)::double as bad
    from (select t, known, case when rows = 0 and amount = 0 then valid / {SCALE} else rows end as n,
                 case when rows = 0 and amount = 0 then bad / {SCALE} else amount::double / {AMOUNT_SCALE} end as bad
          from read_parquet($paths, union_by_name = true)
          where model = $model and measure = $measure and t >= $first and t <= $last and known <= $at)
    group by all having sum(n) <> 0 or sum(bad) <> 0 order by t, known"""


def labels(fleet: Fleet, question: Question, first: int, last: int) -> pl.DataFrame:
    """Labels of the requests in buckets ``first`` to ``last`` as of the fleet's moment, by the hour.

    Returns t (first bucket of the request's hour), known (of the label's), n (labelled events) and bad (wrong ones, or
    the sum of squared errors); a corrected label is a difference. What corrections drop is left out.
    """
    schema = {"t": pl.Int64, "known": pl.Int64, "n": pl.Float64, "bad": pl.Float64}
    paths = fleet.snapshot.paths("late", first, last)
    if not paths or question.measure is None:
        return pl.DataFrame(schema=schema)
    bounds = {"paths": paths, "first": first, "last": last, "at": fleet.last}
    with connect(threads=2) as con:
        found = frame(con, _LABELS, {**bounds, "model": question.model, "measure": question.measure.id})
    return outside(found.cast(pl.Schema(schema)), fleet.excluded(question))


@dataclass(frozen=True)
class Expectation:
    """What is expected of the requests of each hour.

    ``rates`` has t, rate (mean badness of a request) and sd (of the rate, as only a sample is judged). It was learnt
    from ``bad`` bad events of the buckets ``first`` to before ``end``; ``relative_error`` is that of its level,
    ``base`` the mean badness it was learnt from. ``source`` says what it looks at.
    """

    rates: pl.DataFrame
    source: Source
    first: int
    end: int
    bad: float
    base: float
    relative_error: float


def by_features(fleet: Fleet, question: Question, last: int) -> Expectation | None:
    """The expectation of the surrogate from its reference on; ``None`` where none holds yet."""
    entry = fleet.snapshot.ledger.expected.models.get(question.model)
    if entry is None or entry.object is None or not entry.features or entry.valid_from > fleet.last:
        return None
    found = expected(fleet.snapshot, entry.first, last, model=question.model).filter(pl.col("n") > 0)
    rates = found.select("t", rate=pl.col("expected") / pl.col("n"), sd=pl.col("sd") / pl.col("n"))
    bad = 1 / max(entry.relative_error, 1e-3) ** 2
    return Expectation(rates, "features", entry.first, entry.end, bad, entry.base, entry.relative_error)


def by_confidence(fleet: Fleet, question: Question, last: int) -> Expectation | None:
    """What a table of error rates by confidence expects, learnt from the first fortnight of labels."""
    begun = fleet.seen[question.model].first_us // 300_000_000
    first = begun - begun % BUCKETS_PER_DAY
    days = calibration(fleet.snapshot, first, fleet.last, models=[question.model]).drop_nulls("bin")
    start = first // BUCKETS_PER_DAY
    taught = days.filter(pl.col("day") < start + _TAUGHT_DAYS)
    if taught["valid"].sum() < _LEAST_TAUGHT or taught["day"].n_unique() < 2:
        return None
    counts = [np.bincount(taught["bin"].to_numpy(), taught[name].to_numpy(), BINS) for name in ("valid", "bad")]
    table = calibrate(*(one[None, :].astype(np.float64) for one in counts))
    rate = table.rate[0]
    later = days.with_columns(due=pl.col("valid") * pl.Series(rate[days["bin"].to_numpy()], dtype=pl.Float64))
    by_day = (
        later.group_by("day").agg(pl.col("due", "valid").sum()).filter(pl.col("valid") > 0, pl.col("day") * 288 <= last)
    )
    hours = by_day.select("day", rate=pl.col("due") / pl.col("valid")).join(
        pl.DataFrame({"hour": range(24)}, schema={"hour": pl.Int64}), how="cross"
    )
    rates = hours.select(t=pl.col("day") * BUCKETS_PER_DAY + pl.col("hour") * HOUR, rate="rate", sd=pl.lit(0.0))
    bad, valid = float(taught["bad"].sum()), float(taught["valid"].sum())
    error = 1 / float(np.sqrt(max(bad, 1.0)))
    end = (start + _TAUGHT_DAYS) * BUCKETS_PER_DAY
    return Expectation(rates.sort("t"), "confidence", first, end, bad, (bad + 0.5) / (valid + 1), error)


def curves(fleet: Fleet, question: Question, found: pl.DataFrame, first: int, last: int) -> DelayCurves | None:
    """How long labels take, for wrong and right answers apart, from the requests of buckets ``first`` to ``last``.

    ``found`` is ``labels`` of (at least) these; ``None`` without any.
    """
    early = found.filter(pl.col("t").is_between(first, last))
    if not early.height:
        return None
    requests = hourly(fleet.snapshot, first, fleet.last, model=question.model, measures=[REQUESTS])
    events = requests.select(row=pl.lit(0, pl.Int64), t="t", events=pl.col("valid") - pl.col("bad"))
    rows = early.select(row=pl.lit(0, pl.Int64), t="t", known="known", valid="n", bad="bad")
    past = cohorts(rows, events.filter(pl.col("events") > 0, pl.col("t") <= last), fleet.last)
    return delay_curves(rows, past, at=fleet.last, count=1)
