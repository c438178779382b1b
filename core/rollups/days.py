"""Summaries of a day over all files and segments: what status and pages read.

=========  ===========================================================================
buckets    t, model, measure, valid, bad, rows, amount: sums and five-minute slices
hours      the same by hour (t is the hour's first bucket)
late       t, known, model, measure, valid, bad, rows, amount: for questions about the past
segments   model, measure, dimension, value, valid, bad: sums of the day per segment value
histograms model, kind, hour, bin, n
gauges     t, model, metric, n, total (millionths), highest (millionths)
=========  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from burnline.logs import SCALE
from burnline.logs.engine import first_row, table
from burnline.rollups.ledger import Day, Ledger
from burnline.rollups.measures import REQUESTS, Measure
from burnline.rollups.store import Store, fingerprint
from burnline.spec.quoting import quote_identifier

BUCKETS_PER_DAY = 288
TABLES = ("buckets", "hours", "late", "segments", "histograms", "gauges")


def inputs(ledger: Ledger, day: int, plan: str) -> str:
    """Fingerprint of everything the summaries of a day are made from."""
    names = sorted(
        n for f in ledger.logs.values() if day in f.days for n in (f.counts, f.histograms, f.late)
        if n is not None
    )  # fmt: skip
    gauges = sorted(f.object for f in ledger.metrics.values() if day in f.days)
    return fingerprint("day", day, plan, *names, "|", *gauges)


def stale(ledger: Ledger, plan: str) -> tuple[list[int], set[int]]:
    """Days whose summaries are missing or were made from something else, and all days with data."""
    wanted = {d for f in ledger.logs.values() for d in f.days}
    wanted |= {d for f in ledger.metrics.values() for d in f.days}
    old = (d for d in wanted if d not in ledger.days or ledger.days[d].inputs != inputs(ledger, d, plan))
    return sorted(old), wanted


def summarise(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    ledger: Ledger,
    day: int,
    plan: str,
    slices: Mapping[str, Sequence[Measure]],
    segments: Sequence[str],
) -> Day:
    """Put the summaries of one day and say where they are.

    ``slices`` are the five-minute slice measures of each model (rates and gauges).
    """
    made_from = inputs(ledger, day, plan)
    files = [f for f in ledger.logs.values() if day in f.days]
    first, last = day * BUCKETS_PER_DAY, (day + 1) * BUCKETS_PER_DAY
    bounds = {"first": first, "last": last}
    _load(con, "counts", store.paths(f.counts for f in files), bounds, segments)
    _load(con, "late", store.paths(f.late for f in files if f.late), bounds, segments)
    _load_gauges(con, store.paths(f.object for f in ledger.metrics.values() if day in f.days), bounds)
    tables = {
        "late": table(con, _LATE),
        "segments": _segments(con, segments),
        "gauges": table(con, "select * from gauges order by model, metric, t"),
    }
    con.execute(_BUCKETS)
    _slices(con, slices)
    tables["buckets"] = table(con, "select * from buckets order by model, measure, t")
    tables["hours"] = table(con, _HOURS)
    tables["histograms"] = _histograms(con, store.paths(f.histograms for f in files), day)
    known = first_row(con, "select coalesce(max(known), -1) from late")[0]
    names = {
        kind: store.put(f"day-{kind}-{made_from}", content) for kind, content in tables.items() if content.num_rows
    }
    return Day(inputs=made_from, objects=names, known=int(known))


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


_LATE = """
    select t, known, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from late group by all order by model, measure, t, known"""

_BUCKETS = """
    create or replace temp table buckets as
    select t, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from (select t, model, measure, valid, bad, 0 as rows, 0::decimal(38,0) as amount from counts
          union all
          select t, model, measure, valid, bad, rows, amount from late)
    group by all"""

_HOURS = """
    select t - t % 12 as t, model, measure, sum(valid)::bigint as valid, sum(bad)::bigint as bad,
           sum(rows)::bigint as rows, sum(amount)::decimal(38,0) as amount
    from buckets group by all order by model, measure, t"""


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


def _segments(con: duckdb.DuckDBPyConnection, segments: Sequence[str]) -> pa.Table:
    tables = []
    for name in segments:
        column = quote_identifier(name)
        tables.append(
            table(
                con,
                f"""select model, measure, $name as dimension, {column} as value,
                           sum(valid)::bigint as valid, sum(bad)::bigint as bad
                    from (select model, measure, {column}, valid, bad from counts
                          union all select model, measure, {column}, valid, bad from late)
                    where {column} is not null group by all
                    order by model, measure, value""",
                {"name": name},
            )
        )
    return pa.concat_tables(tables) if tables else pa.table({"model": pa.array([], pa.string())})


def _histograms(con: duckdb.DuckDBPyConnection, paths: Iterable[str], day: int) -> pa.Table:
    names = list(paths)
    if not names:
        return pa.table({"model": pa.array([], pa.string())})
    return table(
        con,
        """select model, kind, hour, bin, sum(n)::bigint as n
           from read_parquet($paths, union_by_name = true)
           where hour >= $first and hour < $last group by all order by model, kind, hour, bin""",
        {"paths": names, "first": day * 24, "last": (day + 1) * 24},
    )
