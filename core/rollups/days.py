"""Summaries of a day over all files and segments: what status and pages read.

=========  ===========================================================================
buckets    t, model, measure, valid, bad, rows, amount: sums and five-minute slices
hours      the same by hour (t is the hour's first bucket)
late       t, known, model, measure, valid, bad, rows, amount: for questions about the past
segments   model, measure, dimension, value, valid, bad: sums of the day per segment value
histograms model, kind, hour, bin, n
gauges     t, model, metric, n, total (millionths), highest (millionths)
calibration model, known, bin, valid, bad: how often predictions of a confidence were wrong
features   model, feature, bin, category, n: how the values of each column are distributed
labels     model, known, bin, category, n: the same of labels, as they came in
=========  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import polars as pl
import pyarrow as pa

from burnline.logs import SCALE
from burnline.logs.engine import frame, table
from burnline.rollups import calibration, label_values
from burnline.rollups.categories import capped
from burnline.rollups.ledger import Day, Ledger
from burnline.rollups.measures import REQUESTS, Measure
from burnline.rollups.store import Store, fingerprint
from burnline.spec.quoting import quote_identifier

BUCKETS_PER_DAY = 288


@dataclass
class Sources:
    """Objects that the summaries of a day are made from."""

    counts: list[str] = field(default_factory=list)
    histograms: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    gauges: list[str] = field(default_factory=list)
    calibration: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    daily: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rows: int = 0

    def fingerprint(self, day: int, plan: str) -> str:
        """Changes when a source or the plan does."""
        waiting = (self.late, self.calibration, self.labels)
        objects = (self.counts, self.histograms, self.gauges, self.features, self.daily, *waiting)
        return fingerprint("day", day, plan, *map(sorted, objects))


def sources(ledger: Ledger) -> dict[int, Sources]:
    """Every day with data, and what its summaries are made from."""
    found: dict[int, Sources] = {}
    for log in ledger.logs.values():
        for day in log.days:
            one = found.setdefault(day, Sources())
            one.counts.append(log.counts)
            one.histograms.append(log.histograms)
            one.late += [log.late] if log.late else []
            one.calibration += [log.calibration] if log.calibration else []
            (one.features if log.hourly else one.daily).append(log.features)
            one.labels += [log.label_values] if log.label_values else []
            one.rows += log.rows // len(log.days)
    for side in ledger.metrics.values():
        for day in side.days:
            found.setdefault(day, Sources()).gauges.append(side.object)
    return found


def stale(ledger: Ledger, found: Mapping[int, Sources], plan: str) -> list[int]:
    """Days whose summaries are missing or were made from something else."""
    return sorted(
        day
        for day, one in found.items()
        if day not in ledger.days or ledger.days[day].inputs != one.fingerprint(day, plan)
    )


def batches(days: Sequence[int], found: Mapping[int, Sources]) -> list[list[int]]:
    """Days to be summarised together: neighbours, as long as there are not too many rows."""
    groups: list[list[int]] = []
    rows = 0
    for day in days:
        rows += found[day].rows
        together = _DAYS_AT_ONCE if rows else _EMPTY_DAYS_AT_ONCE
        if not groups or rows > _ROWS_AT_ONCE or day - groups[-1][0] >= together:
            groups.append([])
            rows = found[day].rows
        groups[-1].append(day)
    return groups


_ROWS_AT_ONCE = 1_500_000
_DAYS_AT_ONCE = 14
# One row with a wrong clock may stretch a log over a century.
_EMPTY_DAYS_AT_ONCE = 2_000


def summarise(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    days: Sequence[int],
    found: Mapping[int, Sources],
    plan: str,
    slices: Mapping[str, Sequence[Measure]],
    segments: Sequence[str],
) -> dict[int, Day]:
    """Put the summaries of some days and say where they are.

    ``slices`` are the five-minute slice measures of each model (rates and gauges).
    """
    bounds = {"first": days[0] * BUCKETS_PER_DAY, "last": (days[-1] + 1) * BUCKETS_PER_DAY}

    def paths(kind: str) -> list[str]:
        return store.paths(sorted({name for day in days for name in getattr(found[day], kind)}))

    _load(con, "counts", paths("counts"), bounds, segments)
    _load(con, "late", paths("late"), bounds, segments)
    _load_gauges(con, paths("gauges"), bounds)
    con.execute(_BUCKETS)
    _slices(con, slices)
    tables = {
        "buckets": table(con, _ALL_BUCKETS),
        "hours": table(con, _HOURS),
        "late": table(con, _LATE),
        "segments": _segments(con, segments),
        "gauges": table(con, _GAUGES),
        "histograms": _histograms(con, paths("histograms"), days),
        "calibration": _calibration(con, paths("calibration"), days),
        "features": _features(con, paths("features"), paths("daily"), days),
        "labels": _labels(con, paths("labels"), days),
    }
    known = dict(con.execute(_KNOWN).fetchall())
    result = {}
    for day in days:
        made_from = found[day].fingerprint(day, plan)
        parts = {kind: _of_day(content, day) for kind, content in tables.items()}
        names = {k: store.put(f"day-{k}-{made_from}", part) for k, part in parts.items() if part.num_rows}
        result[day] = Day(inputs=made_from, objects=names, known=known.get(day, -1))
    return result


def _of_day(content: pa.Table, day: int) -> pa.Table:
    """The rows of one day of a table that is ordered by its column ``day``."""
    days = content["day"].to_numpy()
    start, end = days.searchsorted([day, day + 1])
    return content.slice(start, end - start).drop_columns("day")


_COLUMNS = {
    "counts": "model varchar, measure varchar, t bigint, valid bigint, bad bigint",
    "late": "model varchar, measure varchar, t bigint, known bigint, valid bigint, bad bigint, "
    "rows bigint, amount decimal(38,0)",
}


def _load(
    con: duckdb.DuckDBPyConnection,
    name: str,
    paths: list[str],
    bounds: Mapping[str, int],
    segments: Sequence[str],
) -> None:
    """The rows of one day of several objects as a table (an empty one without objects)."""
    extra = "".join(f", {quote_identifier(s)} varchar" for s in segments)
    con.execute(f"create or replace temp table {name} ({_COLUMNS[name]}{extra})")
    if paths:
        con.execute(
            f"insert into {name} by name select * from read_parquet($paths, union_by_name = true)"
            " where t >= $first and t < $last",
            {"paths": paths, **bounds},
        )


_GAUGE_COLUMNS = "t bigint, model varchar, metric varchar, n bigint, total bigint, highest bigint"


def _load_gauges(con: duckdb.DuckDBPyConnection, paths: list[str], bounds: Mapping[str, int]) -> None:
    con.execute(f"create or replace temp table gauges ({_GAUGE_COLUMNS})")
    if paths:
        con.execute(
            """insert into gauges
               select t, model, metric, sum(n)::bigint, sum(total)::bigint, max(highest)::bigint
               from read_parquet($paths) where t >= $first and t < $last group by all""",
            {"paths": paths, **bounds},
        )


_DAY = f"t // {BUCKETS_PER_DAY} as day"

_LATE = f"""
    select {_DAY}, t, known, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from late group by all order by day, model, measure, t, known"""

_KNOWN = f"select {_DAY}, max(known) from late group by all"

_GAUGES = f"select {_DAY}, * from gauges order by day, model, metric, t"

_ALL_BUCKETS = f"select {_DAY}, * from buckets order by day, model, measure, t"

_BUCKETS = """
    create or replace temp table buckets as
    select t, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from (select t, model, measure, valid, bad, 0 as rows, 0::decimal(38,0) as amount from counts
          union all
          select t, model, measure, valid, bad, rows, amount from late)
    group by all"""

_HOURS = f"""
    select {_DAY}, t - t % 12 as t, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from buckets group by all order by day, model, measure, t"""


def _slices(con: duckdb.DuckDBPyConnection, slices: Mapping[str, Sequence[Measure]]) -> None:
    """Add the slices that hold data: one event each, bad when the threshold is missed."""
    wanted = [(model, m) for model, measures in slices.items() for m in measures if m.slices]
    con.register(
        "slice_plan",
        pa.table(
            {
                "model": [model for model, _ in wanted],
                "measure": [m.id for _, m in wanted],
                "kind": [m.slices.kind for _, m in wanted if m.slices],
                "metric": [m.slices.metric for _, m in wanted if m.slices],
                "threshold": [m.slices.threshold for _, m in wanted if m.slices],
            },
            schema=pa.schema(
                [(n, pa.string()) for n in ("model", "measure", "kind", "metric")] + [("threshold", pa.float64())]
            ),
        ),
    )
    con.execute(
        f"""
        insert into buckets
        select t, model, p.measure, {SCALE},
               case when valid / {SCALE} / 300 >= threshold then 0 else {SCALE} end, 0, 0
        from buckets join slice_plan p using (model)
        where p.kind = 'rate' and buckets.measure = $requests
        union all
        select t, model, measure, {SCALE},
               case when total / n / {SCALE} <= threshold then 0 else {SCALE} end, 0, 0
        from gauges join slice_plan p using (model, metric) where p.kind = 'gauge'""",
        {"requests": REQUESTS},
    )
    con.unregister("slice_plan")


_SEGMENT_SCHEMA = pa.schema(
    [("day", pa.int64())]
    + [(name, pa.string()) for name in ("model", "measure", "dimension", "value")]
    + [("valid", pa.int64()), ("bad", pa.int64())]
)


def _segments(con: duckdb.DuckDBPyConnection, segments: Sequence[str]) -> pa.Table:
    tables = [_SEGMENT_SCHEMA.empty_table()]
    for name in segments:
        column = quote_identifier(name)
        query = f"""
            select {_DAY}, model, measure, $name as dimension, {column} as value,
                   sum(valid)::bigint as valid, sum(bad)::bigint as bad
            from (select t, model, measure, {column}, valid, bad from counts
                  union all select t, model, measure, {column}, valid, bad from late)
            where {column} is not null group by all"""
        tables.append(table(con, query, {"name": name}).cast(_SEGMENT_SCHEMA))
    order = [(name, "ascending") for name in _SEGMENT_SCHEMA.names[:5]]
    return pa.concat_tables(tables).sort_by(order)


_HISTOGRAM_SCHEMA = pa.schema(
    {
        "day": pa.int64(),
        "model": pa.string(),
        "kind": pa.string(),
        "hour": pa.int64(),
        "bin": pa.int32(),
        "n": pa.int64(),
    }
)


def _histograms(con: duckdb.DuckDBPyConnection, paths: list[str], days: Sequence[int]) -> pa.Table:
    if not paths:
        return _HISTOGRAM_SCHEMA.empty_table()
    query = """
        select hour // 24 as day, model, kind, hour, bin, sum(n)::bigint as n
        from read_parquet($paths, union_by_name = true)
        where hour >= $first and hour < $last group by all order by day, model, kind, hour, bin"""
    bounds = {"first": days[0] * 24, "last": (days[-1] + 1) * 24}
    return table(con, query, {"paths": paths, **bounds}).cast(_HISTOGRAM_SCHEMA)


def _calibration(con: duckdb.DuckDBPyConnection, paths: list[str], days: Sequence[int]) -> pa.Table:
    if not paths:
        return calibration.SCHEMA.empty_table()
    query = """
        select day, model, known, bin, sum(valid)::bigint as valid, sum(bad)::bigint as bad
        from read_parquet($paths) where day >= $first and day <= $last
        group by all having valid <> 0 or bad <> 0 order by day, model, bin nulls first, known"""
    return table(con, query, {"paths": paths, "first": days[0], "last": days[-1]})


_FEATURES = pl.Schema(
    {
        "day": pl.Int64, "model": pl.String, "feature": pl.String, "bin": pl.Int32, "category": pl.String,
        "n": pl.Int64,
    }
)  # fmt: skip


def _features(con: duckdb.DuckDBPyConnection, hourly: list[str], daily: list[str], days: Sequence[int]) -> pa.Table:
    """``daily`` are objects of stores that kept no hours."""
    bounds = {"first": days[0], "last": days[-1]}
    parts = [_FEATURES.to_frame()]
    for key, paths in (("hour // 24", hourly), ("day", daily)):
        if paths:
            query = f"""
                select {key} as day, model, feature, bin, category, sum(n)::bigint as n
                from read_parquet($paths) where {key} >= $first and {key} <= $last group by all"""
            parts.append(frame(con, query, {"paths": paths, **bounds}).cast(_FEATURES))
    rows = pl.concat(parts)
    if not rows.height:
        return _FEATURE_SCHEMA.empty_table()
    if hourly and daily:
        rows = rows.group_by(_FEATURES.names()[:-1]).agg(pl.col("n").sum())
    order = ("day", "model", "feature", "bin", "category")
    found = capped(rows, order[:3]).sort(order, nulls_last=False).to_arrow()
    return found.cast(_FEATURE_SCHEMA)


_FEATURE_SCHEMA = pa.schema(
    {
        "day": pa.int64(), "model": pa.string(), "feature": pa.string(), "bin": pa.int32(), "category": pa.string(),
        "n": pa.int64(),
    }
)  # fmt: skip


def _labels(con: duckdb.DuckDBPyConnection, paths: list[str], days: Sequence[int]) -> pa.Table:
    if not paths:
        return label_values.SCHEMA.empty_table()
    query = """
        select model, day, known, bin, category, sum(n)::bigint as n
        from read_parquet($paths) where day >= $first and day <= $last group by all having sum(n) <> 0"""
    rows = frame(con, query, {"paths": paths, "first": days[0], "last": days[-1]})
    if not rows.height:
        return label_values.SCHEMA.empty_table()
    kept = capped(rows, ("model", "day")).sort("day", "model", "known", "bin", "category", nulls_last=False)
    return kept.to_arrow().cast(label_values.SCHEMA)
