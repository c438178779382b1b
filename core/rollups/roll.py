"""From one raw file to its rollups: a handful of plain ``GROUP BY`` statements.

One statement per table, one file at a time, on a single-threaded connection: measured fastest
against grouping sets, unpivots and shared scans. Every sum is an integer in millionths of an
event, so that rollups of parts add up to the rollup of the whole.

==========  =======================================================================================
counts      t, model, segments…, measure, valid, bad
histograms  hour, model, segments…, kind (latency | confidence | age), bin, n
features    hour, model, version, feature, bin, category, n (burnline.rollups.features)
==========  =======================================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from burnline.logs import SCALE, Shape
from burnline.logs.engine import table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import select
from burnline.rollups.bins import AGE, CONFIDENCE, LATENCY
from burnline.rollups.measures import Measure, Pair, Sql
from burnline.spec.quoting import quote_identifier

AMOUNT_SCALE = 10**12


@dataclass(frozen=True)
class Job:
    """A file of so many rows to roll: its shape, the measures per model, the segments to keep."""

    shape: Shape
    measures: Mapping[str, tuple[Measure, ...]]
    segments: tuple[str, ...]
    count_429: bool = True
    drop_rows: bool = False
    rows: int = 0

    @property
    def distinct(self) -> tuple[Measure, ...]:
        """Every measure that some model wants, once."""
        by_id = {m.id: m for wanted in self.measures.values() for m in wanted}
        return tuple(by_id[key] for key in sorted(by_id))

    def log(self, *only: str, absent: Collection[str] = ()) -> str:
        """The canonical relation, with the columns that measures may miss and those in ``absent``.

        ``only`` limits it to these columns, model and segments.
        """
        absent = {name for m in self.distinct for name in m.optional} | {*self.segments, *absent}
        kept = {*only, *self.segments, "model"}
        return select(
            self.shape,
            count_429=self.count_429,
            drop_rows=self.drop_rows,
            absent=sorted(absent & kept if only else absent),
            only=kept if only else None,
        )

    @property
    def keys(self) -> str:
        """The segment columns as a list of names, each preceded by a comma."""
        return "".join(f", {quote_identifier(name)}" for name in self.segments)


def register_plan(con: duckdb.DuckDBPyConnection, job: Job, measures: Sequence[Measure]) -> None:
    """The table ``plan(model, measure)``: which of these measures each model wants."""
    wanted = {m.id for m in measures}
    pairs = [(model, m.id) for model, ms in job.measures.items() for m in ms if m.id in wanted]
    table = pa.table(
        {"model": [p[0] for p in pairs], "measure": [p[1] for p in pairs]},
        schema=pa.schema([("model", pa.string()), ("measure", pa.string())]),
    )
    con.register("plan", table)


def _sums(pair: Pair, prefix: str, weighted: bool) -> tuple[Sql, Sql]:
    valid, bad = pair.valid.renamed(f"{prefix}v_"), pair.bad.renamed(f"{prefix}b_")
    parameters = {**valid.parameters, **bad.parameters}
    if pair.numbers:
        weight = "_w" if weighted else str(SCALE)
        return (
            Sql(f"coalesce(sum(({valid.text}) * {weight}), 0)::bigint", valid.parameters),
            Sql(f"coalesce(sum(({bad.text}) * {weight}), 0)::bigint", bad.parameters),
        )
    both = f"({valid.text}) and ({bad.text})"
    if weighted:
        return (
            Sql(f"coalesce(sum(_w) filter ({valid.text}), 0)::bigint", valid.parameters),
            Sql(f"coalesce(sum(_w) filter ({both}), 0)::bigint", parameters),
        )
    return (
        Sql(f"count_if({valid.text})::bigint * {SCALE}", valid.parameters),
        Sql(f"count_if({both})::bigint * {SCALE}", parameters),
    )


def counts(con: duckdb.DuckDBPyConnection, job: Job) -> pa.Table:
    """Sums known at the time of the request, per five minutes, model, segment and measure."""
    measures = [m for m in job.distinct if m.now is not None]
    if not measures:
        return counts_schema(job.segments).empty_table()
    weighted = job.shape.has("weight")
    parameters: dict[str, object] = {"path": literal_pattern(job.shape.path)}
    columns, rows = [], []
    for index, measure in enumerate(measures):
        assert measure.now is not None
        valid, bad = _sums(measure.now, f"m{index}", weighted)
        parameters |= {**valid.parameters, **bad.parameters, f"id{index}": measure.id}
        columns += [f"{valid.text} as v{index}", f"{bad.text} as b{index}"]
        rows.append(f"{{'measure': $id{index}, 'valid': v{index}, 'bad': b{index}}}")
    register_plan(con, job, measures)
    query = f"""
        with log as ({job.log()}),
             wide as (select _t as t, model{job.keys}, {", ".join(columns)} from log group by all),
             long as (select t, model{job.keys}, unnest([{", ".join(rows)}], recursive := true)
                      from wide)
        select long.* from long semi join plan using (model, measure)
        where valid > 0 order by model, measure, t"""
    return table(con, query, parameters).cast(counts_schema(job.segments))


def counts_schema(segments: Sequence[str]) -> pa.Schema:
    """Columns and types of the table ``counts``."""
    return pa.schema(
        [("t", pa.int64()), ("model", pa.string())]
        + [(name, pa.string()) for name in segments]
        + [("measure", pa.string()), ("valid", pa.int64()), ("bad", pa.int64())]
    )


def histograms(con: duckdb.DuckDBPyConnection, job: Job) -> pa.Table:
    """Hourly histograms of latency, confidence and feature age of requests that did not fail."""
    weight = "sum(_w)::bigint" if job.shape.has("weight") else f"count(*)::bigint * {SCALE}"
    tables = []
    for kind, column, bins in (
        ("latency", "latency_ms", LATENCY),
        ("confidence", "confidence", CONFIDENCE),
        ("age", "feature_timestamp", AGE),
    ):
        if job.shape.has(column):
            value = f"(_us - {column}) / 1e6" if kind == "age" else column
            query = f"""
                with log as ({job.log(column)})
                select _t // 12 as hour, model{job.keys}, $kind as kind, {bins.sql(value)} as bin, {weight} as n
                from log where _ok and {column} is not null group by all"""
            parameters = {"path": literal_pattern(job.shape.path), "kind": kind}
            tables.append(table(con, query, parameters).cast(histogram_schema(job.segments)))
    if not tables:
        return histogram_schema(job.segments).empty_table()
    return pa.concat_tables(tables).sort_by([(n, "ascending") for n in ("model", "kind", "hour", "bin")])


def histogram_schema(segments: Sequence[str]) -> pa.Schema:
    """Columns and types of the table ``histograms``."""
    return pa.schema(
        [("hour", pa.int64()), ("model", pa.string())]
        + [(name, pa.string()) for name in segments]
        + [("kind", pa.string()), ("bin", pa.int32()), ("n", pa.int64())]
    )
