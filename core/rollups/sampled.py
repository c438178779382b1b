"""A bounded sample of the requests of a log, with what was known when they arrived and their labels.

A row of the file is in the sample when the fractional part of its number times the golden ratio falls below the
sampling fraction: such rows lie as evenly in the file as can be (Weyl 1916), they are the same each time, and a
smaller fraction takes a part of what a larger one takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import polars as pl
import pyarrow as pa

from burnline.logs import SCALE, Shape
from burnline.logs.engine import frame
from burnline.logs.files import literal_pattern
from burnline.logs.relation import error, select, wrong
from burnline.rollups.labels import Labels, Requests, load
from burnline.spec.quoting import quote_identifier

Family = Literal["number", "text"]
WHOLE = 2**32
# The odd number next to 2**32 / golden ratio.
_STEP = 2_654_435_769
_PLACE = f"({{row}} * {_STEP} & {WHOLE - 1})"


@dataclass(frozen=True)
class Share:
    """What to take of the rows of one model and day: the fraction to be judged, the fraction to learn from (0 for
    none) and the bucket before which a label must be known to be learnt from."""

    model: str
    day: int
    judged: float
    learnt: float
    known_before: int


def families(shapes: Sequence[Shape], segments: Sequence[str]) -> dict[str, Family]:
    """The inputs that logs offer: features, confidence, prediction and segments, as numbers or as text.

    A column that is text in one of the logs is text in all of them.
    """
    found: dict[str, Family] = {}
    for shape in shapes:
        for name in dict.fromkeys((*shape.features, "confidence", "prediction", *segments)):
            if not shape.has(name) or shape.columns[name].kind in ("time", "other"):
                continue
            number = name not in segments and (name == "confidence" or shape.columns[name].kind in ("number", "bool"))
            found[name] = "number" if number and found.get(name, "number") == "number" else "text"
    return found


def sample(
    con: duckdb.DuckDBPyConnection,
    shape: Shape,
    inputs: Mapping[str, Family],
    shares: Sequence[Share],
    *,
    count_429: bool,
    drop_rows: bool = False,
    labels: Sequence[Labels] = (),
    aged: bool = False,
) -> pl.DataFrame:
    """The sampled requests of one log that did not fail, in the order of the file.

    Returns _model, _t, _events (the row's weight), _judged (whether it is to be judged), _learnt (the fraction of the
    requests it stands for among those to learn from, null when it is none of them), _wrong and _error (null where no
    label was known in time) and every input. ``labels`` are the label files that touch the log; with ``drop_rows``
    the rows in the table ``dropped`` are left out. ``aged`` adds _age, the age of the features in minutes (null where
    unknown).
    """
    con.register("shares", _shares(shares))
    named = bool(labels) and shape.has("request_id")
    own = shape.has("label", "prediction")
    extra = [name for name, wanted in (("request_id", named), ("label", own)) if wanted]
    raw = {*inputs, *extra, "model", "prediction", *(("feature_timestamp",) if aged else ())}
    raw_place = _PLACE.format(row="file_row_number")
    relation = select(shape, count_429=count_429, drop_rows=drop_rows, only=raw, thinned=f"{raw_place} < $most")
    place = _PLACE.format(row="_row")
    columns = [f"{_input(name, family, shape)} as {quote_identifier(f'i_{name}')}" for name, family in inputs.items()]
    columns += [quote_identifier(name) for name in extra]
    columns += ["prediction"] if shape.has("prediction") else []
    if aged:
        known = shape.has("feature_timestamp")
        columns.append(f"{'(_us - feature_timestamp) / 60e6' if known else 'null'}::double as age")
    most = max(max(s.judged, s.learnt) for s in shares)
    con.execute(
        f"""
        create or replace temp table sampled as
        with log as ({relation}),
             whole as (select * from log where _ok)
        select model, _t, _row, _known, _w / {SCALE} as events, known_before,
               {place} < judged * {WHOLE} as judged, case when {place} < learnt * {WHOLE} then learnt end as learnt,
               {", ".join(columns)}
        from whole join shares on shares.of = model and shares.day = _t // 288
        where {place} < greatest(judged, learnt) * {WHOLE}""",
        {"path": literal_pattern(shape.path), "most": round(most * WHOLE)},
    )
    con.unregister("shares")
    steps = [_OWN.format(**_outcome(shape, shape.columns["label"].kind))] if own else []
    if named:
        kind = load(con, Requests(shape.path, shape, 0), labels, among="sampled")
        without = "* exclude (label)" if own else "*"
        steps += [_FILES.format(without=without, **_outcome(shape, kind))] if shape.has("prediction") else []
    kept = ", ".join(f"s.{quote_identifier(f'i_{name}')} as {quote_identifier(name)}" for name in inputs)
    age = ', s.age as "_age"' if aged else ""
    query = f"""
        with steps as ({" union all ".join(steps) or _NO_STEPS}),
             final as (select * from steps where known < known_before
                       qualify row_number() over (partition by _row order by known desc, step desc) = 1)
        select s.model as "_model", s._t, s.events as "_events", s.judged as "_judged", s.learnt as "_learnt",
               final.wrong as "_wrong", final.error as "_error"{age}{f", {kept}" if kept else ""}
        from sampled s left join final using (_row) order by s._row"""
    return frame(con, query)


_OWN = """
    select _row, ({wrong})::double as wrong, {error} as error, _known as known, known_before, 0 as step
    from sampled where label is not null"""

_FILES = """
    select _row, ({wrong})::double as wrong, {error} as error, greatest(labels.known, _t) as known, known_before,
           1 as step
    from (select {without} from sampled) join labels using (request_id)"""

_NO_STEPS = """
    select 0::bigint as _row, null::double as wrong, null::double as error, 0 as known, 0 as known_before, 0 as step
    where false"""


def _outcome(shape: Shape, label: str) -> dict[str, str]:
    """SQL for wrong and error of a labelled row."""
    prediction = shape.columns["prediction"].kind
    numbers = {"number", "text"}
    difference = error(prediction, label) if {prediction, label} <= numbers else "null::double"  # type: ignore[arg-type]
    return {"wrong": wrong(prediction, label), "error": difference}  # type: ignore[arg-type]


def _input(name: str, family: Family, shape: Shape) -> str:
    """SQL for an input as a finite number or as text; null where the log has no such column."""
    usable = shape.has(name) and shape.columns[name].kind not in ("time", "other")
    if family == "text":
        return f"cast({quote_identifier(name)} as varchar)" if usable else "cast(null as varchar)"
    if not usable:
        return "cast(null as double)"
    value = f"try_cast({quote_identifier(name)} as double)"
    return f"(case when isfinite({value}) then {value} end)"


def _shares(shares: Sequence[Share]) -> pa.Table:
    return pa.table(
        {
            "of": pa.array([s.model for s in shares], pa.string()),
            "day": pa.array([s.day for s in shares], pa.int64()),
            "judged": pa.array([s.judged for s in shares], pa.float64()),
            "learnt": pa.array([s.learnt for s in shares], pa.float64()),
            "known_before": pa.array([s.known_before for s in shares], pa.int64()),
        }
    )


def association(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """How much each input alone tells about failures: the share of their variance that lies between its values.

    ``rows`` are sampled requests with their badness in ``_bad``. Numbers are taken in tenths, values by themselves,
    missing ones as one more; what chance gives is subtracted (omega squared; Hays 1963). Screening by one input at a
    time: Fan and Lv (2008).
    """
    taught = rows.filter(pl.col("_bad").is_not_null())
    total = float(((taught["_bad"] - taught["_bad"].mean()) ** 2).sum()) if taught.height else 0.0
    return {name: _between(taught, name, total) if total > 0 else 0.0 for name in names}


def _between(rows: pl.DataFrame, name: str, total: float) -> float:
    value = rows[name]
    if value.dtype.is_numeric():
        filled = value.fill_nan(None)
        value = (filled.rank("average") * _TENTHS / max(1, filled.len() - filled.null_count())).ceil()
    groups = (
        pl.DataFrame({"value": value, "bad": rows["_bad"]}).group_by("value").agg(n=pl.len(), mean=pl.col("bad").mean())
    )
    overall = float(rows["_bad"].mean())  # type: ignore[arg-type]
    between = float((groups["n"] * (groups["mean"] - overall) ** 2).sum())
    within = (total - between) / max(1, rows.height - groups.height)
    return (between - (groups.height - 1) * within) / (total + within)


_TENTHS = 10
