"""From one raw file to its rollups: a handful of plain ``GROUP BY`` statements.

One statement per table, one file at a time, on a single-threaded connection: measured fastest
against grouping sets, unpivots and shared scans. Every sum is an integer in millionths of an
event, so that rollups of parts add up to the rollup of the whole.

==========  =======================================================================================
counts      t, model, segments…, measure, valid, bad
late        t, known, model, segments…, measure, valid, bad, rows, amount (units of 1e-12)
histograms  hour, model, segments…, kind (latency | confidence | age), bin, n
features    day, model, version, feature, bin, category, n
==========  =======================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from burnline.logs import SCALE, Shape
from burnline.logs.engine import table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import Kind, error, select, wrong
from burnline.rollups.bins import AGE, CONFIDENCE, LATENCY
from burnline.rollups.measures import Measure, Pair, Sql
from burnline.spec.quoting import quote_identifier

AMOUNT_SCALE = 10**12

# In files with more rows the moment a label became known is kept by the hour (by the day for
# labels older than two days) and counts from the last label of its group, never earlier.
LATE_ROWS = 500_000


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

    def log(self, *only: str) -> str:
        """The canonical relation, with the columns that measures may miss.

        ``only`` limits it to these columns, model and segments.
        """
        absent = {name for m in self.distinct for name in m.optional} | set(self.segments)
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


def _plan(con: duckdb.DuckDBPyConnection, job: Job, measures: Sequence[Measure]) -> None:
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
    _plan(con, job, measures)
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


def late(con: duckdb.DuckDBPyConnection, job: Job, labels: Kind | None = None) -> pa.Table:
    """Sums that wait for labels, per five minutes of the request and of the label.

    ``labels`` is the kind of the labels in the table ``labels(request_id, label, known)`` when
    label files touch this log; without it only the log's own label column counts. A label that
    is corrected later adds the difference at the moment of the correction.
    """
    measures = [m for m in job.distinct if m.late is not None]
    tables = []
    if measures and (labels is not None or job.shape.has("label")):
        tables.append(_late_labels(con, job, measures, labels))
    tables.extend(_late_queries(con, job, m) for m in job.distinct if m.ranking is not None)
    return pa.concat_tables(tables) if tables else late_schema(job.segments).empty_table()


def late_schema(segments: Sequence[str]) -> pa.Schema:
    """Columns and types of the table ``late``."""
    return pa.schema(
        [("t", pa.int64()), ("known", pa.int64()), ("model", pa.string())]
        + [(name, pa.string()) for name in segments]
        + [("measure", pa.string()), ("valid", pa.int64()), ("bad", pa.int64())]
        + [("rows", pa.int64()), ("amount", pa.decimal128(38, 0))]
    )


def _late_labels(
    con: duckdb.DuckDBPyConnection, job: Job, measures: Sequence[Measure], labels: Kind | None
) -> pa.Table:
    """Each label of a request is one step; a step counts what it changes against the one before."""
    prediction = job.shape.columns["prediction"].kind if job.shape.has("prediction") else "other"
    own = job.shape.columns["label"].kind if job.shape.has("label") else None
    kind, cast = _common(own, labels)
    compare = wrong(prediction, kind) if prediction != "other" else "null::boolean"
    numbers = {"number", "text"}
    difference = error(prediction, kind) if {prediction, kind} <= numbers else "null::double"
    steps = _label_steps(own, labels, cast)
    parameters: dict[str, object] = {"path": literal_pattern(job.shape.path)}
    values, sums, steps_of, rows = [], [], [], []
    for index, measure in enumerate(measures):
        assert measure.late is not None
        columns, own_parameters = _late_values(measure.late, index)
        parameters |= {**own_parameters, f"id{index}": measure.id}
        values += [f"{sql} as {name}" for name, sql in columns.items()]
        steps_of += list(columns)
        sums += [f"sum({name if labels is None else f'{name} - p{name}'}) as {name}" for name in columns]
        own_rows = f"r{index}::bigint" if f"r{index}" in columns else "0::bigint"
        own_amount = f"a{index}::decimal(38,0)" if f"a{index}" in columns else "0::decimal(38,0)"
        rows.append(
            f"{{'measure': $id{index}, 'valid': v{index}::bigint, 'bad': b{index}::bigint,"
            f" 'rows': {own_rows}, 'amount': {own_amount}}}"
        )
    # Rows without a request_id have no label but their own: nothing comes before it.
    before = "case when request_id is null then 0 else lag({0}, 1, 0) over step end as p{0}"
    previous = "".join(f", {before.format(name)}" for name in steps_of)
    chain = "" if labels is None else (
        f"chained as (select *{previous} from valued"
        " window step as (partition by model, request_id order by _known, _order)),"
    )  # fmt: skip
    _plan(con, job, measures)
    query = f"""
        with log as ({job.log()}),
             labelled as ({steps}),
             compared as (select *, {compare} as _wrong, {difference} as _error from labelled),
             valued as (select *, {", ".join(values)} from compared),
             {chain}
             wide as (select _t as t, max(_known) as known, model{job.keys}, {", ".join(sums)}
                      from {"valued" if labels is None else "chained"}
                      group by _t, model{job.keys}, {_moment(job)}),
             long as (select t, known, model{job.keys},
                             unnest([{", ".join(rows)}], recursive := true) from wide)
        select long.* from long semi join plan using (model, measure)
        where valid <> 0 or bad <> 0 or rows <> 0 or amount <> 0
        order by model, measure, t, known"""
    return table(con, query, parameters).cast(late_schema(job.segments))


def _late_values(pair: Pair, index: int) -> tuple[dict[str, str], dict[str, object]]:
    """What one row adds: v(alid), b(ad) and, where values are averaged, r(ows) and a(mount)."""
    valid, bad = pair.valid.renamed(f"m{index}v_"), pair.bad.renamed(f"m{index}b_")
    parameters = {**valid.parameters, **bad.parameters}
    columns = {
        f"v{index}": f"(case when {valid.text} then _w else 0 end)",
        f"b{index}": f"(case when ({valid.text}) and ({bad.text}) then _w else 0 end)",
    }
    if pair.amount is not None:
        amount = pair.amount.renamed(f"m{index}a_")
        parameters |= amount.parameters
        scaled = f"cast(floor(({amount.text}) * {AMOUNT_SCALE} * (_w / {SCALE}) + 0.5) as hugeint)"
        columns[f"r{index}"] = f"(case when {valid.text} then 1 else 0 end)"
        columns[f"a{index}"] = f"(case when {valid.text} then {scaled} else 0 end)"
    return columns, parameters


def _moment(job: Job) -> str:
    """SQL for the groups in which the time of knowledge is kept: exact, or coarse for large files."""
    if job.rows <= LATE_ROWS:
        return "_known"
    return "case when _known - _t < 576 then _known // 12 else -(_known // 288) end"


def _common(own: Kind | None, labels: Kind | None) -> tuple[Kind, str | None]:
    """The family of labels from the log and from label files together, and the type to cast to."""
    if own is None or labels is None or own == labels:
        return own or labels or "other", None
    return ("number", "double") if {own, labels} == {"number", "bool"} else ("text", "varchar")


def _label_steps(own: Kind | None, labels: Kind | None, cast: str | None) -> str:
    if labels is None:
        return "select * from log where label is not null"

    def value(column: str) -> str:
        return f"cast({column} as {cast})" if cast else column

    joined = f"""
        select log.* {"exclude (label, _known)" if own else "exclude (_known)"},
               {value("labels.label")} as label, greatest(labels.known, log._t) as _known, 1 as _order
        from log join labels using (request_id)"""
    if own is None:
        return joined
    inline = f"""
        select log.* exclude (label, _known), {value("label")} as label, _known, 0 as _order
        from log where label is not null"""
    return f"{inline} union all by name {joined}"


def _late_queries(con: duckdb.DuckDBPyConnection, job: Job, measure: Measure) -> pa.Table:
    """NDCG@k of each query, known when the last of its items is labelled.

    Gains are 2^relevance - 1, discounts log2(position + 1) (Burges et al. 2005); positions
    follow ``rank``, else descending ``score``. A query without a relevant item has no ideal
    order: it adds its labelled rows but no value.
    """
    if not (job.shape.has("query_id", "relevance") and _ordering(job)):
        return late_schema(job.segments).empty_table()
    keys = "".join(f", any_value({quote_identifier(s)}) as {quote_identifier(s)}" for s in job.segments)
    models = [model for model, wanted in job.measures.items() if measure in wanted]
    query = f"""
        with log as ({job.log()}),
             items as (select *, 2 ** relevance - 1 as gain,
                  row_number() over (partition by model, query_id order by {_ordering(job)}) as p,
                  row_number() over (partition by model, query_id
                                     order by relevance desc nulls last) as ideal
               from log where _ok and query_id is not null and model in (select unnest($models))),
             queries as (select model, query_id, min(_t) as t,
                  max(_known) filter (relevance is not null) as known, max(_w) as w{keys},
                  count(relevance) as labelled,
                  coalesce(sum(gain / log2(p + 1)) filter (p <= $k), 0) as dcg,
                  sum(gain / log2(ideal + 1)) filter (ideal <= $k) as best
               from items group by model, query_id)
        select t, known, model{job.keys}, $id as measure,
               coalesce(sum(w) filter (best > 0), 0)::bigint as valid, 0::bigint as bad,
               sum(labelled)::bigint as rows,
               coalesce(sum(cast(floor(dcg / nullif(best, 0) * {AMOUNT_SCALE} * (w / {SCALE}) + 0.5) as hugeint))
                 filter (best > 0), 0)::decimal(38,0) as amount
        from queries where labelled > 0 group by all order by model, t, known"""
    parameters = {
        "path": literal_pattern(job.shape.path),
        "models": models,
        "k": measure.ranking,
        "id": measure.id,
    }
    return table(con, query, parameters).cast(late_schema(job.segments))


def _ordering(job: Job) -> str | None:
    if job.shape.has("rank"):
        return "rank, score desc" if job.shape.has("score") else "rank"
    return "score desc" if job.shape.has("score") else None


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
