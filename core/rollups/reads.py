"""Reading rollups: sums over nested windows, series, histograms. Never a raw log.

Everything is asked "as of" a bucket ``last``: sums of late labels in the day summaries are taken
as they are where every label was known by then, and what became known later is taken back out.
Nested windows are summed once by ring (the smallest window that holds the row) over hourly sums,
with five-minute sums only at the hours that a window cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.ledger import Ledger
from burnline.rollups.roll import AMOUNT_SCALE
from burnline.rollups.store import Store

HOUR = 12


@dataclass(frozen=True)
class Snapshot:
    """A store as of one commit."""

    store: Store
    ledger: Ledger

    def paths(self, table: str, first: int, last: int) -> list[str]:
        """Objects of a day table for the days that hold these buckets."""
        days = range(first // BUCKETS_PER_DAY, last // BUCKETS_PER_DAY + 1)
        entries = (self.ledger.days[d] for d in days if d in self.ledger.days)
        return self.store.paths(day.objects[table] for day in entries if table in day.objects)

    def unsettled(self, first: int, last: int) -> list[str]:
        """``late`` objects of the days with labels that became known after ``last``."""
        days = range(first // BUCKETS_PER_DAY, last // BUCKETS_PER_DAY + 1)
        entries = (self.ledger.days[d] for d in days if d in self.ledger.days)
        return self.store.paths(d.objects["late"] for d in entries if d.known > last and "late" in d.objects)

    def learnt(self, first: int, last: int, since: int) -> list[str]:
        """``late`` objects of the days of these buckets in which a label became known from ``since`` on."""
        days = range(first // BUCKETS_PER_DAY, last // BUCKETS_PER_DAY + 1)
        entries = (self.ledger.days[d] for d in days if d in self.ledger.days)
        return self.store.paths(d.objects["late"] for d in entries if d.known >= since and "late" in d.objects)


def _cut_hours(firsts: Sequence[int], last: int) -> list[int]:
    """Hours (by first bucket) that a window boundary falls into, or that are not over yet."""
    cut = {first - first % HOUR for first in firsts if first % HOUR}
    if last % HOUR != HOUR - 1:
        cut.add(last - last % HOUR)
    return sorted(cut)


def window_sums(
    snapshot: Snapshot,
    firsts: Sequence[int],
    last: int,
    *,
    model: str | None = None,
) -> pl.DataFrame:
    """Sums of every measure over windows that all end at bucket ``last``.

    ``firsts`` are the first buckets of the windows. Returns model, measure, first, valid, bad
    (events), one row per window with data.
    """
    ordered = sorted(set(firsts))
    if not ordered or ordered[0] > last:
        return _EMPTY_SUMS
    parts, parameters = _parts(snapshot, ordered, last, model)
    if not parts:
        return _EMPTY_SUMS
    ring = "case " + " ".join(f"when t >= $ring{index} then {index}" for index in reversed(range(len(ordered))))
    parameters |= {f"ring{index}": first for index, first in enumerate(ordered)}
    query = f"""
        select model, measure, {ring} end as ring, sum(valid)::bigint as valid, sum(bad)::bigint as bad
        from ({" union all ".join(parts)}) group by all"""
    with connect(threads=2) as con:
        rings = frame(con, query, parameters)
    windows = [
        rings.filter(pl.col("ring") >= index)
        .group_by("model", "measure")
        .agg(pl.col("valid", "bad").sum())
        .pipe(divided, ("valid", "bad"), SCALE)
        .with_columns(pl.lit(first, pl.Int64).alias("first"))
        for index, first in enumerate(ordered)
    ]
    return pl.concat(windows).select(_EMPTY_SUMS.columns)


def divided(frame: pl.DataFrame, columns: Sequence[str], divisor: float) -> pl.DataFrame:
    """Columns divided correctly rounded (polars multiplies by the reciprocal of a constant)."""
    return frame.with_columns(pl.Series(name, frame[name].to_numpy() / divisor) for name in columns)


_EMPTY_SUMS = pl.DataFrame(
    schema={"model": pl.String, "measure": pl.String, "first": pl.Int64, "valid": pl.Float64, "bad": pl.Float64}
)


def _parts(
    snapshot: Snapshot, firsts: Sequence[int], last: int, model: str | None
) -> tuple[list[str], dict[str, object]]:
    """The selects whose union holds every row of [first, last], as of ``last``."""
    first = firsts[0]
    cut = _cut_hours(firsts, last)
    only = "and model = $model" if model is not None else ""
    columns = "model, measure, t, valid, bad, rows, amount"
    parameters: dict[str, object] = {"first": first, "last": last, "cut": cut}
    if model is not None:
        parameters["model"] = model
    parts = []
    hours = snapshot.paths("hours", first, last)
    if hours:
        parameters["hours"] = hours
        parts.append(
            f"select {columns} from read_parquet($hours) where t >= $first and t <= $last {only}"
            " and t not in (select unnest($cut::bigint[]))"
        )
    buckets = [path for hour in cut for path in snapshot.paths("buckets", hour, hour)]
    if buckets:
        parameters["buckets"] = sorted(set(buckets))
        parts.append(
            f"select {columns} from read_parquet($buckets) where t >= $first and t <= $last {only}"
            f" and t - t % {HOUR} in (select unnest($cut::bigint[]))"
        )
    later = snapshot.unsettled(first, last)
    if later:
        parameters["later"] = later
        parts.append(
            "select model, measure, t, -valid, -bad, -rows, -amount from read_parquet($later)"
            f" where t >= $first and t <= $last and known > $last {only}"
        )
    return parts, parameters


def hourly(
    snapshot: Snapshot, first: int, last: int, *, model: str | None = None, measures: Sequence[str] | None = None
) -> pl.DataFrame:
    """Sums per hour: model, measure, t (the hour's first bucket), valid, bad, rows, amount.

    The hour that ``first`` cuts holds what begins from ``first`` on; hours in which nothing is
    known as of ``last`` are left out.
    """
    parts, parameters = _parts(snapshot, [first], last, model)
    if not parts:
        return _EMPTY_HOURS
    only = ""
    if measures is not None:
        only = "where measure in (select unnest($measures::varchar[]))"
        parameters["measures"] = list(measures)
    query = f"""
        select model, measure, t - t % {HOUR} as t, sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad,
               sum(rows)::bigint as rows, sum(amount)::double / {AMOUNT_SCALE} as amount
        from ({" union all ".join(parts)}) {only} group by all
        having sum(valid) <> 0 or sum(bad) <> 0 order by model, measure, t"""
    with connect(threads=2) as con:
        return frame(con, query, parameters)


_EMPTY_HOURS = pl.DataFrame(
    schema={
        "model": pl.String, "measure": pl.String, "t": pl.Int64, "valid": pl.Float64, "bad": pl.Float64,
        "rows": pl.Int64, "amount": pl.Float64,
    }
)  # fmt: skip


def hourly_cells(
    snapshot: Snapshot,
    first: int,
    last: int,
    places: pl.DataFrame,
    *,
    model: str | None = None,
    until: int | None = None,
) -> pl.DataFrame:
    """Sums per hour of many measures at once, ready to be put into arrays: row, hour, valid, bad (events), unordered.

    ``places`` (model, measure, row) says which sums belong to which row; a measure may have several. Hours are counted
    from bucket ``first``, which begins one; ``until`` ends them before ``last``, up to which labels are known.
    """
    parts, parameters = _parts(snapshot, [first], last, model)
    if not parts or places.is_empty():
        return pl.DataFrame(schema=_CELLS)
    query = f"""
        select row, (t - $first) // {HOUR} as hour, sum(s.valid) / {SCALE} as valid, sum(s.bad) / {SCALE} as bad
        from ({" union all ".join(parts)}) s join places using (model, measure) where t < $until group by all"""
    parameters["until"] = last + 1 if until is None else until
    with connect(threads=2) as con:
        con.register("places", places.to_arrow())
        return frame(con, query, parameters).cast(_CELLS)


_CELLS = pl.Schema({"row": pl.Int64, "hour": pl.Int64, "valid": pl.Float64, "bad": pl.Float64})


def buckets(snapshot: Snapshot, first: int, last: int, *, model: str, measures: Sequence[str]) -> pl.DataFrame:
    """Sums per five minutes of one model: measure, t, valid, bad (events)."""
    paths = snapshot.paths("buckets", first, last)
    later = snapshot.unsettled(first, last)
    parts = []
    parameters: dict[str, object] = {
        "first": first,
        "last": last,
        "model": model,
        "measures": list(measures),
    }
    only = "t >= $first and t <= $last and model = $model and measure in (select unnest($measures::varchar[]))"
    if paths:
        parameters["buckets"] = paths
        parts.append(f"select measure, t, valid, bad from read_parquet($buckets) where {only}")
    if later:
        parameters["later"] = later
        parts.append(f"select measure, t, -valid, -bad from read_parquet($later) where {only} and known > $last")
    if not parts:
        return _EMPTY_HOURS.select("measure", "t", "valid", "bad")
    query = f"""
        select measure, t, sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad
        from ({" union all ".join(parts)}) group by all having sum(valid) <> 0 or sum(bad) <> 0 order by measure, t"""
    with connect() as con:
        return frame(con, query, parameters)


def histogram(snapshot: Snapshot, first: int, last: int, *, model: str, kind: str) -> pl.DataFrame:
    """An hourly histogram of one model: hour (its first bucket), bin, n (events)."""
    query = f"""
        select hour * {HOUR} as t, bin, sum(n) / {SCALE} as n from read_parquet($paths)
        where model = $model and kind = $kind and hour * {HOUR} >= $first and hour * {HOUR} <= $last
        group by all order by t, bin"""
    return _rows(
        snapshot.paths("histograms", first, last),
        query,
        {"model": model, "kind": kind, "first": first - first % HOUR, "last": last},
        {"t": pl.Int64, "bin": pl.Int32, "n": pl.Float64},
    )


def segment_sums(snapshot: Snapshot, first: int, last: int, *, model: str, measure: str) -> pl.DataFrame:
    """Sums of whole days per segment value: dimension, value, valid, bad (events)."""
    query = f"""
        select dimension, value, sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad
        from read_parquet($paths) where model = $model and measure = $measure
        group by all order by dimension, value"""
    return _rows(
        snapshot.paths("segments", first, last),
        query,
        {"model": model, "measure": measure},
        {"dimension": pl.String, "value": pl.String, "valid": pl.Float64, "bad": pl.Float64},
    )


def gauge(snapshot: Snapshot, first: int, last: int, *, model: str, metric: str) -> pl.DataFrame:
    """Mean and highest value of an infrastructure metric per five minutes: t, mean, highest."""
    query = f"""
        select t, sum(total) / sum(n) / {SCALE} as mean, max(highest) / {SCALE} as highest
        from read_parquet($paths)
        where model = $model and metric = $metric and t >= $first and t <= $last group by t order by t"""
    return _rows(
        snapshot.paths("gauges", first, last),
        query,
        {"model": model, "metric": metric, "first": first, "last": last},
        {"t": pl.Int64, "mean": pl.Float64, "highest": pl.Float64},
    )


def events(snapshot: Snapshot, first_us: int, last_us: int, *, model: str | None = None) -> pl.DataFrame:
    """Changes in a span of time: us, model, kind, version, note."""
    only = "and (model = $model or model is null)" if model is not None else ""
    parameters: dict[str, object] = {"first": first_us, "last": last_us}
    if model is not None:
        parameters["model"] = model
    files = [f for f in snapshot.ledger.events.values() if f.last_us >= first_us and f.first_us <= last_us]
    return _rows(
        snapshot.store.paths(f.object for f in files),
        f"""select us, model, kind, version, note from read_parquet($paths)
            where us >= $first and us <= $last {only} order by us, model""",
        parameters,
        {"us": pl.Int64, "model": pl.String, "kind": pl.String, "version": pl.String, "note": pl.String},
    )


def _rows(
    paths: list[str], query: str, parameters: dict[str, object], schema: dict[str, type[pl.DataType]]
) -> pl.DataFrame:
    if not paths:
        return pl.DataFrame(schema=schema)
    with connect() as con:
        return _cast(con, query, {**parameters, "paths": paths}, schema)


def _cast(
    con: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object], schema: dict[str, type[pl.DataType]]
) -> pl.DataFrame:
    return frame(con, query, parameters).cast(pl.Schema(schema))
