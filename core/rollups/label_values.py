"""How the values of labels are distributed, as they came in.

============  =====================================================================================
label_values  model, day (of the request), known, bin or category, n: millionths of requests that succeeded
============  =====================================================================================

Numbers lie in the bins of the model's predictions, or in bins of their own. A corrected label takes the old value back
and adds the new one at the moment of the correction, as in the table ``late``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from burnline.logs.engine import frame
from burnline.logs.files import literal_pattern
from burnline.logs.relation import Kind
from burnline.rollups.categories import capped
from burnline.rollups.grids import OUTSIDE, Grid, Grids, label_grid
from burnline.rollups.late import label_kind, label_steps, moment_group
from burnline.rollups.roll import Job

_COLUMNS = ("request_id", "prediction", "label")

SCHEMA = pa.schema(
    {
        "model": pa.string(), "day": pa.int64(), "known": pa.int64(), "bin": pa.int32(), "category": pa.string(),
        "n": pa.int64(),
    }
)  # fmt: skip


def label_values(con: duckdb.DuckDBPyConnection, job: Job, grids: Grids, labels: Kind | None = None) -> pa.Table:
    """Labels per model, day of the request and moment of knowledge, by value.

    ``labels`` is the kind of the labels in the table ``labels`` when label files touch this log.
    """
    if labels is None and not job.shape.has("label"):
        return SCHEMA.empty_table()
    number = label_kind(job, labels) == "number"
    found = {model: grid for model in job.measures if (grid := label_grid(model, grids)) is not None} if number else {}
    con.register("label_grids", _grid_table(found))
    query = f"""
        with log as ({job.log(*_COLUMNS)}),
             compared as ({label_steps(job, labels)}),
             valued as (select _t, _known, model, _w, {"request_id, _order," if labels is not None else ""}
                               {_BIN if number else "null::integer"} as bin,
                               {"null::varchar" if number else "cast(label as varchar)"} as category
                        from compared left join label_grids using (model) where _ok),
             steps as (select _t, _known, model, bin, category, _w as n from valued {_taken_back(labels)}),
             summed as (select model, _t // 288 as day, {moment_group(job)} as moment, max(_known) as known,
                               bin, category, sum(n)::bigint as n
                        from steps group by model, day, moment, bin, category)
        select model, day, known, bin, category, n from summed where n <> 0"""
    rows = frame(con, query, {"path": literal_pattern(job.shape.path)})
    con.unregister("label_grids")
    kept = capped(rows, ("model", "day")).sort("model", "day", "known", "bin", "category", nulls_last=False)
    return kept.to_arrow().cast(SCHEMA)


def _taken_back(labels: Kind | None) -> str:
    """SQL for the value that a label of a request takes the place of; rows without a name have one label only."""
    if labels is None:
        return ""
    return """
        union all
        select _t, _known, model, old_bin, old_category, -old_w
        from (select _t, _known, model, lag(bin) over step as old_bin, lag(category) over step as old_category,
                     lag(_w) over step as old_w
              from valued where request_id is not null
              window step as (partition by model, request_id order by _known, _order))
        where old_w is not null"""


_VALUE = "cast(label as double)"
_RAW = f"(case when g_log then case when {_VALUE} > 0 then ln({_VALUE}) else -1e300 end else {_VALUE} end)"
_BIN = f"""
    case when label is null or isnan({_VALUE}) then null
         when g_per is null then {OUTSIDE}
         else cast(greatest(least(floor(({_RAW} - g_low) * g_per), {OUTSIDE}), -{OUTSIDE}) as integer) end"""


def _grid_table(grids: Mapping[str, Grid]) -> pa.Table:
    columns: Sequence[tuple[str, pa.DataType, list[object]]] = (
        ("model", pa.string(), list(grids)),
        ("g_log", pa.bool_(), [g.log for g in grids.values()]),
        ("g_low", pa.float64(), [g.low for g in grids.values()]),
        ("g_per", pa.float64(), [g.per_unit for g in grids.values()]),
    )
    return pa.table({name: pa.array(values, kind) for name, kind, values in columns})


def find_label_grids(con: duckdb.DuckDBPyConnection, job: Job, labels: Kind, models: Sequence[str]) -> dict[str, Grid]:
    """Bins for the numeric labels of models that have none, from the labels in the table ``labels``."""
    if label_kind(job, labels) != "number":
        return {}
    query = f"""
        with log as ({job.log("request_id", "prediction", "label")}),
             compared as ({label_steps(job, labels)})
        select model, quantile_cont({_VALUE}, [0.001, 0.5, 0.999])
        from compared where isfinite({_VALUE}) and model in (select unnest($models::varchar[])) group by model"""
    rows = con.execute(query, {"path": literal_pattern(job.shape.path), "models": list(models)}).fetchall()
    return {model: Grid.between(*ends) for model, ends in rows}


__all__ = ["SCHEMA", "find_label_grids", "label_values"]
