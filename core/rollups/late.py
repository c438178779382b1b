"""From one raw file to what waits for its labels.

==========  =======================================================================================
late        t, known, model, segments…, measure, valid, bad, rows, amount (units of 1e-12)
==========  =======================================================================================

A label counts in the five minutes in which it became known, never before its request. Each label of
a request is one step; a step counts what it changes against the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from burnline.logs import SCALE
from burnline.logs.engine import table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import Kind, error, wrong
from burnline.rollups.measures import Measure, Pair
from burnline.rollups.roll import AMOUNT_SCALE, Job, register_plan
from burnline.spec.quoting import quote_identifier

# In files with more rows the moment a label became known is kept by the hour (by the day for
# labels older than two days) and counts from the last label of its group, never earlier.
LATE_ROWS = 500_000


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
    register_plan(con, job, measures)
    query = f"""
        with log as ({job.log()}),
             compared as ({label_steps(job, labels)}),
             valued as (select *, {", ".join(values)} from compared),
             chained as ({chained("valued", steps_of, labels)}),
             wide as (select _t as t, max(_known) as known, model{job.keys}, {", ".join(sums)}
                      from chained group by _t, model{job.keys}, {moment_group(job)}),
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


def chained(values: str, columns: Sequence[str], labels: Kind | None) -> str:
    """SQL for the steps in ``values`` with each of ``columns`` as it was before the step, prefixed p.

    Without label files a request has one label, and there is nothing before it.
    """
    if labels is None:
        return f"select * from {values}"
    # Rows without a request_id have no label but their own.
    before = "case when request_id is null then 0 else lag({0}, 1, 0) over step end as p{0}"
    previous = "".join(f", {before.format(name)}" for name in columns)
    return f"select *{previous} from {values} window step as (partition by model, request_id order by _known, _order)"


def moment_group(job: Job) -> str:
    """SQL for the groups in which the time of knowledge is kept: exact, or coarse for large files."""
    if job.rows <= LATE_ROWS:
        return "_known"
    return "case when _known - _t < 576 then _known // 12 else -(_known // 288) end"


def _common(own: Kind | None, labels: Kind | None) -> tuple[Kind, str | None]:
    """The family of labels from the log and from label files together, and the type to cast to."""
    if own is None or labels is None or own == labels:
        return own or labels or "other", None
    return ("number", "double") if {own, labels} == {"number", "bool"} else ("text", "varchar")


def label_kind(job: Job, labels: Kind | None) -> Kind:
    """The family of the labels of a log, of its own and those of label files (of kind ``labels``) together."""
    return _common(job.shape.columns["label"].kind if job.shape.has("label") else None, labels)[0]


def label_steps(job: Job, labels: Kind | None) -> str:
    """SQL for each label of each request of the relation ``log``, with ``_wrong`` and ``_error``.

    With label files (their kind is ``labels``) ``_known`` and ``_order`` put the labels of a request
    in order: the log's own before those of files, of those the one with the later time last.
    """
    prediction = job.shape.columns["prediction"].kind if job.shape.has("prediction") else "other"
    own = job.shape.columns["label"].kind if job.shape.has("label") else None
    kind, cast = _common(own, labels)
    compare = wrong(prediction, kind) if prediction != "other" else "null::boolean"
    numbers = {"number", "text"}
    difference = error(prediction, kind) if {prediction, kind} <= numbers else "null::double"
    return f"select *, {compare} as _wrong, {difference} as _error from ({_all_labels(own, labels, cast)})"


def _all_labels(own: Kind | None, labels: Kind | None, cast: str | None) -> str:
    if labels is None:
        return "select * from log where label is not null"

    def value(column: str) -> str:
        return f"cast({column} as {cast})" if cast else column

    joined = f"""
        select log.* {"exclude (label, _known)" if own else "exclude (_known)"},
               {value("labels.label")} as label, greatest(labels.known, log._t) as _known, labels.known as _order
        from log join labels using (request_id)"""
    if own is None:
        return joined
    inline = f"""
        select log.* exclude (label, _known), {value("label")} as label, _known, -2 as _order
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
