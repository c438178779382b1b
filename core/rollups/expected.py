"""What is expected without labels, as it is kept and read, and how well that did where labels came in.

An expectation is the answer of the reference period to the requests of now. It cannot see that the relation between
inputs and labels has changed: that is what the gap between expected and realised is for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from burnline.logs.engine import connect, frame
from burnline.rollups.ledger import SurrogateEntry
from burnline.rollups.reads import HOUR, Snapshot, hourly
from burnline.rollups.reference import DAY
from burnline.rollups.store import Store
from burnline.rollups.surrogate import Floats, Kind

DAYS_PER_PART = 32
_LEAST_LABELS = 30

SCHEMA = pl.Schema(
    {
        "model": pl.String, "kind": pl.String, "log": pl.String, "t": pl.Int64, "n": pl.Float64,
        "sampled": pl.Int64, "expected": pl.Float64, "square": pl.Float64,
    }
)  # fmt: skip


def by_hour(rows: pl.DataFrame, expected: Floats, hours: pl.DataFrame) -> pl.DataFrame:
    """Rows to keep of one model: means over the judged rows of an hour, times its events.

    ``rows`` are sampled requests with what is ``expected`` of each, ``hours`` model, log, t and n. Returns these with
    sampled (rows), expected and square (n times the mean of the expectation and of its square).
    """
    judged = rows.select(
        "_judged", "_events", log="_log", t=pl.col("_t") - pl.col("_t") % HOUR, e=pl.Series(expected, dtype=pl.Float64)
    ).filter("_judged", pl.col("_events") > 0)
    weight, e = pl.col("_events"), pl.col("e")
    means = judged.group_by("log", "t").agg(
        sampled=pl.len().cast(pl.Int64),
        mean=(weight * e).sum() / weight.sum(),
        mean_square=(weight * e * e).sum() / weight.sum(),
    )
    return (
        hours.filter(pl.col("n") > 0)
        .join(means, on=["log", "t"], how="left")
        .with_columns(
            pl.col("sampled").fill_null(0),
            expected=pl.col("n") * pl.col("mean"),
            square=pl.col("n") * pl.col("mean_square"),
        )
    )


def merged(
    store: Store,
    before: Mapping[int, str],
    entries: Mapping[str, SurrogateEntry],
    dropped: Sequence[str],
    fresh: pl.DataFrame,
) -> dict[int, str]:
    """Objects by span of days, with the rows of ``fresh`` and those of ``before`` that still count.

    Rows of ``dropped`` models and of logs that are not of an entry count no more. Parts that stay the same keep
    their object.
    """
    kept = pl.DataFrame(
        [(m, log) for m, e in entries.items() for log in e.logs],
        schema={"model": pl.String, "log": pl.String},
        orient="row",
    )
    old = pl.concat([SCHEMA.to_frame(), *(pl.read_parquet(store.path(name)) for name in before.values())])
    old = old.filter(~pl.col("model").is_in(dropped)).join(kept, on=["model", "log"], how="semi")
    rows = pl.concat([old, fresh]).sort("model", "kind", "t", "log")
    number = pl.col("t") // (DAY * DAYS_PER_PART)
    parts = {}
    for one in rows.select(number.unique().sort()).to_series():
        part = rows.filter(number == one).to_arrow()
        name = f"expected-{one}-{_digest(part)}"
        parts[int(one)] = name if name in before.values() else store.put(name, part)
    return parts


def _digest(content: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, content.schema) as writer:
        writer.write_table(content.combine_chunks())
    return hashlib.sha1(sink.getvalue(), usedforsecurity=False).hexdigest()[:20]


@dataclass(frozen=True)
class SurrogateInfo:
    """What stands for the labels of a model.

    ``reason`` says why nothing does. ``features`` are the inputs it looks at, empty when every request is expected
    to be as bad as ``base`` (the mean badness of the reference); ``rows`` and ``bad`` what it was learnt from, of
    the buckets ``reference`` (first, last); ``valid_from`` the bucket from which on it may be asked. ``relative_error``
    is the standard error of the level of all its expectations, as a fraction. ``backtest_error`` is the mean absolute
    difference of expected and realised over ``backtest_days`` later days whose labels are in: of the share of wrong
    answers, or of the root mean square error.
    """

    model: str
    kind: Kind
    reason: str | None
    features: tuple[str, ...]
    rows: int
    bad: float
    base: float
    relative_error: float
    reference: tuple[int, int]
    valid_from: int
    backtest_error: float | None
    backtest_days: int


def expected(snapshot: Snapshot, first: int, last: int, *, model: str | None = None) -> pl.DataFrame:
    """Expected badness per hour of the requests in buckets ``first`` to ``last``, as of ``last``.

    Returns model, kind, t (first bucket of the hour), n (requests that did not fail), expected (of these: how many
    are wrong, or the sum of squared errors), sd (standard error of ``expected``, as only a sample is judged) and
    noise (standard deviation of the number of wrong answers around it by chance; null for squared errors). Both add
    up over hours as squares; the error of the level (``SurrogateInfo.relative_error``) is common to all hours.
    Hours that are not over, or that ``first`` cuts, are left out, as are models whose surrogate holds only later.
    An hour of which no request was judged counts as the day until then.
    """
    entries = snapshot.ledger.expected.models
    models = [
        name
        for name, entry in entries.items()
        if entry.object is not None and entry.valid_from <= last and model in (None, name)
    ]
    parts = snapshot.ledger.expected.parts
    numbers = range(first // (DAY * DAYS_PER_PART), last // (DAY * DAYS_PER_PART) + 1)
    paths = snapshot.store.paths(parts[n] for n in numbers if n in parts)
    if not models or not paths:
        return _EMPTY
    parameters = {"paths": paths, "models": models, "first": first, "last": last - HOUR + 1}
    with connect(threads=2) as con:
        return frame(con, _HOURS, parameters).cast(_EMPTY.schema)


_EMPTY = pl.DataFrame(
    schema={
        "model": pl.String, "kind": pl.String, "t": pl.Int64, "n": pl.Float64, "expected": pl.Float64,
        "sd": pl.Float64, "noise": pl.Float64,
    }
)  # fmt: skip

# Sums of a log and hour: n events of which `sampled` rows were judged; expected and square are n times a mean. A
# sample of all events has no sampling error, hence (1 - sampled / n).
_HOURS = f"""
    with logs as (select model, kind, t, n, sampled, expected, square,
                         greatest(square / n - (expected / n) ** 2, 0) as variance
                  from read_parquet($paths)
                  where t >= $first and t <= $last and model in (select unnest($models::varchar[]))),
         hours as (select model, kind, t, sum(n) as n, sum(n) filter (sampled > 0) as judged,
                          sum(expected) as expected, sum(square) as square,
                          sum(n * n * variance / sampled * greatest(1 - sampled / n, 0)) filter (sampled > 0) as error
                   from logs group by all),
         days as (select *, sum(expected) over day as day_expected, sum(square) over day as day_square,
                         sum(judged) over day as day_judged
                  from hours window day as (partition by model, kind, t // {DAY} order by t)),
         filled as (select model, kind, t, n,
                           case when judged > 0 then expected / judged else day_expected / day_judged end as mean,
                           case when judged > 0 then square / judged else day_square / day_judged end as mean_square,
                           error
                    from days)
    select model, kind, t, n, n * mean as expected,
           sqrt(coalesce(error, n * n * greatest(mean_square - mean * mean, 0))) as sd,
           case when kind = 'accuracy' then sqrt(n * greatest(mean - mean_square, 0)) end as noise
    from filled where mean is not null order by model, kind, t"""


def relative_errors(snapshot: Snapshot) -> dict[str, float]:
    """How far the level of each model's surrogate may be off, as a share of it: standard errors by model."""
    return {name: entry.relative_error for name, entry in snapshot.ledger.expected.models.items()}


def surrogate_info(snapshot: Snapshot, model: str, last: int) -> SurrogateInfo | None:
    """The surrogate of a model as of bucket ``last``; ``None`` when the model has no SLO that asks for one."""
    entry = snapshot.ledger.expected.models.get(model)
    if entry is None:
        return None
    early = entry.object is not None and entry.valid_from > last
    error, days = (None, 0) if entry.object is None or early else _backtest(snapshot, model, entry, last)
    return SurrogateInfo(
        model=model,
        kind=entry.kind,
        reason="the labels of its reference period were not in yet" if early else entry.reason,
        features=entry.features,
        rows=entry.rows,
        bad=entry.bad,
        base=entry.base,
        relative_error=entry.relative_error,
        reference=(entry.first, entry.end - 1),
        valid_from=entry.valid_from,
        backtest_error=error,
        backtest_days=days,
    )


def _backtest(snapshot: Snapshot, model: str, entry: SurrogateEntry, last: int) -> tuple[float | None, int]:
    """Mean absolute error over the days after the reference that have had as long for their labels as it had."""
    until = (last + 1 - (entry.valid_from - entry.end)) // DAY * DAY
    if until <= entry.end:
        return None, 0
    day = pl.col("t") // DAY
    guessed = expected(snapshot, entry.end, last, model=model).filter(pl.col("t") < until)
    known = hourly(snapshot, entry.end, last, model=model, measures=[entry.kind]).filter(pl.col("t") < until)
    outcome = ("bad", "valid") if entry.kind == "accuracy" else ("amount", "rows")
    days = (
        guessed.group_by(day.alias("day"))
        .agg(rate=pl.col("expected").sum() / pl.col("n").sum())
        .join(known.group_by(day.alias("day")).agg(pl.col(*outcome).sum()), on="day")
        .filter(pl.col(outcome[1]) >= _LEAST_LABELS)
    )
    if not days.height:
        return None, 0
    found = (days[outcome[0]] / days[outcome[1]]).to_numpy(), days["rate"].to_numpy()
    realised, guess = found if entry.kind == "accuracy" else (np.sqrt(found[0]), np.sqrt(found[1]))
    return float(np.abs(realised - guess).mean()), days.height
