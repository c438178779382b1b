"""How often predictions of a given confidence were right, as labels came in.

==========  =======================================================================================
calibration model, day (of the request), known, bin (fiftieths of the confidence; null without),
            valid (labelled), bad (wrong): millionths of requests that succeeded
==========  =======================================================================================

A corrected label is a difference at the moment of the correction, as in the table ``late``.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from burnline.logs.engine import table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import Kind
from burnline.rollups.bins import CONFIDENCE
from burnline.rollups.late import chained, label_steps, moment_group
from burnline.rollups.measures import Measure
from burnline.rollups.roll import Job

_COLUMNS = ("request_id", "prediction", "label", "confidence")

SCHEMA = pa.schema(
    {
        "model": pa.string(),
        "day": pa.int64(),
        "known": pa.int64(),
        "bin": pa.int32(),
        "valid": pa.int64(),
        "bad": pa.int64(),
    }
)


def fiftieth(hundredth: str) -> str:
    """SQL for the calibration bin of a bin of the confidence histogram; 1.0 belongs to the last."""
    return f"least({hundredth} // 2, 49)"


def calibrates(measure: Measure) -> bool:
    """Whether a measure judges single requests by their label being the prediction."""
    return measure.late is not None and measure.late.amount is None and {"prediction", "label"} <= measure.columns


def calibration(con: duckdb.DuckDBPyConnection, job: Job, labels: Kind | None = None) -> pa.Table:
    """Labelled and wrong requests by confidence, of the models with an SLO that compares labels.

    ``labels`` is the kind of the labels in the table ``labels`` when label files touch this log.
    """
    models = sorted(model for model, wanted in job.measures.items() if any(calibrates(m) for m in wanted))
    if not models or (labels is None and not job.shape.has("label")) or not job.shape.has("prediction"):
        return SCHEMA.empty_table()
    bin_ = f"case when confidence is not null then {fiftieth(CONFIDENCE.sql('confidence'))} end"
    sums = ("v", "b") if labels is None else ("v - pv", "b - pb")
    query = f"""
        with log as ({job.log(*_COLUMNS)}),
             compared as ({label_steps(job, labels)}),
             valued as (select _t, _known, model, {"request_id, _order," if labels is not None else ""}
                               {bin_ if job.shape.has("confidence") else "null"} as bin,
                               _w as v, case when _wrong then _w else 0 end as b
                        from compared where _ok and model in (select unnest($models::varchar[]))),
             chained as ({chained("valued", ("v", "b"), labels)})
        select model, _t // 288 as day, max(_known) as known, bin, sum({sums[0]})::bigint as valid,
               sum({sums[1]})::bigint as bad
        from chained group by model, day, bin, {moment_group(job)}
        having valid <> 0 or bad <> 0 order by model, day, known, bin"""
    parameters = {"path": literal_pattern(job.shape.path), "models": models}
    return table(con, query, parameters).cast(SCHEMA)
