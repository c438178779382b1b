"""What a log file holds: models, times and the values that cannot be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import duckdb

from burnline.errors import BurnlineError
from burnline.logs.engine import connect, first_row, literal_scan
from burnline.logs.files import expand, literal_pattern
from burnline.logs.relation import (
    BUCKET_US,
    NUMERIC,
    Shape,
    canonical_columns,
    describe,
    microseconds,
    number,
    select,
    shape,
)
from burnline.spec.columns import COLUMNS
from burnline.spec.quoting import quote_identifier

FileKind = Literal["logs", "labels", "metrics", "events", "training", "unknown"]


@dataclass(frozen=True)
class ModelSpan:
    """Rows of one model in one file, and their first and last time in microseconds."""

    rows: int
    first_us: int
    last_us: int


@dataclass(frozen=True)
class FileProfile:
    """One pass over the cheap columns of a file."""

    rows: int
    models: Mapping[str, ModelSpan]
    future_rows: int
    last_past_us: int | None
    problems: tuple[str, ...]


def profile(con: duckdb.DuckDBPyConnection, found: Shape, *, now: datetime) -> FileProfile:
    """Rows, models, time range and impossible values of a log file.

    ``now`` is the wall clock: later rows are counted as being in the future.
    """
    checks = _impossible_values(found)
    sums = "".join(f", count_if(coalesce({condition}, false))" for condition, _ in checks)
    time, model = microseconds("timestamp", found), found.columns["model"].sql
    # One row per model.
    query = f"""
        select cast({model} as varchar), count(*), min({time}), max({time}),
               count_if({time} > $now), max(case when {time} <= $now then {time} end){sums}
        from {literal_scan()}
        where {time} is not null and {model} is not null
        group by 1 order by 1"""
    now_us = int(now.timestamp() * 1e6)
    rows = con.execute(query, {"path": literal_pattern(found.path), "now": now_us}).fetchall()
    total = _raw_rows(con, found.path)
    kept = sum(row[1] for row in rows)
    future = sum(row[4] for row in rows)
    problems = list(found.problems)
    if total > kept:
        problems.append(f"{total - kept:,} of {total:,} rows have no time or no model; left out")
    if future:
        problems.append(f"{future:,} of {total:,} rows lie in the future; check the writer's clock")
    for index, (_, what) in enumerate(checks):
        count = sum(row[6 + index] for row in rows)
        if count:
            problems.append(f"{count:,} of {total:,} rows have {what}")
    past = [row[5] for row in rows if row[5] is not None]
    return FileProfile(
        rows=total,
        models={row[0]: ModelSpan(row[1], row[2], row[3]) for row in rows},
        future_rows=future,
        last_past_us=max(past, default=None),
        problems=tuple(problems),
    )


def _raw_rows(con: duckdb.DuckDBPyConnection, path: str) -> int:
    query = "select num_rows from parquet_file_metadata($path)"
    return int(first_row(con, query, {"path": literal_pattern(path)})[0])


def _impossible_values(found: Shape) -> list[tuple[str, str]]:
    """Conditions on raw values that the canonical relation turns into unknown, in words."""
    checks = []
    if found.has("latency_ms"):
        value = number("latency_ms", found)
        checks.append((f"{value} < 0", "a negative latency; it counts as unknown"))
    if found.has("confidence"):
        value = number("confidence", found)
        outside = f"{value} not between 0 and 1"
        checks.append((outside, "a confidence outside 0..1; it counts as unknown"))
    if found.has("weight"):
        checks.append((f"{number('weight', found)} < 0", "a negative weight; it counts as 1"))
    for name in NUMERIC:
        if found.has(name) and found.columns[name].kind == "text":
            lost = f"{found.columns[name].sql} is not null and {number(name, found)} is null"
            checks.append((lost, f"text that is no number in {name}; it counts as unknown"))
    return [*checks, *_impossible_labels(found)]


def _impossible_labels(found: Shape) -> list[tuple[str, str]]:
    """Conditions on labels that cannot have been known when the row says so, in words."""
    if not found.has("label", "label_timestamp"):
        return []
    labelled = f"{found.columns['label'].sql} is not null"
    known, asked = microseconds("label_timestamp", found), microseconds("timestamp", found)
    early = f"{labelled} and {known} // {BUCKET_US} < {asked} // {BUCKET_US}"
    checks = [
        (early, "a label known before their request; it counts from the request"),
        (f"{labelled} and {known} > $now", "a label known in the future; it counts from then on"),
    ]
    if found.columns["label_timestamp"].kind == "text":
        lost = f"{labelled} and {found.columns['label_timestamp'].sql} is not null and {known} is null"
        checks.append((lost, "a label_timestamp that is no time; the label counts from the request"))
    return checks


LOG_COLUMNS = frozenset(COLUMNS) - {"timestamp", "model", "tenant"}


def classify(path: str, mapping: Mapping[str, str] | None = None) -> FileKind:
    """What a parquet file is, by its columns: logs, labels, metrics, events, training or unknown.

    Raises ``BurnlineError`` when the file cannot be read.
    """
    with connect() as con:
        columns, _ = canonical_columns(describe(con, path), mapping or {})
    names = set(columns)
    if not {"timestamp", "model"} <= names:
        return "labels" if {"request_id", "label"} <= names else "unknown"
    if "kind" in names and not names & (LOG_COLUMNS - {"version"}):
        return "events"
    if {"run", "step"} <= names:
        return "training"
    others = names - {"timestamp", "model"}
    prefixed = any(name.startswith(("f_", "p_", "b_", "d_")) for name in others)
    numeric = others and all(columns[name].kind == "number" for name in others)
    return "metrics" if numeric and not prefixed and not others & LOG_COLUMNS else "logs"


@dataclass(frozen=True)
class ModelProfile:
    """What the logs offer for one model; ``columns`` are those with at least one value.

    ``requests_per_slice_p05`` is what 95 % of its five minutes exceed, 0 when more than 5 % of
    them are silent.
    """

    model: str
    rows: int
    first: datetime
    last: datetime
    columns: frozenset[str]
    features: tuple[str, ...]
    prediction_kind: Literal["category", "number"] | None
    label_kind: Literal["category", "number"] | None
    label_distinct: int
    has_canary: bool
    requests_per_slice_p05: float
    mapping: Mapping[str, str]


_LOOK_AT_FILES = 3


@dataclass(frozen=True)
class _Look:
    """What one file shows of one model."""

    columns: frozenset[str]
    features: tuple[str, ...]
    kinds: Mapping[str, str]
    distinct_labels: int
    canaries: int
    fractional: Mapping[str, int]
    traffic: float


def profile_models(files: Iterable[str], mapping: Mapping[str, str] | None = None) -> tuple[ModelProfile, ...]:
    """Profiles of all models in these log files or patterns, ordered by name.

    Models and times come from every file; columns, kinds and the 5 % quantile of requests per
    five minutes from the first three files of each model. Unreadable files are passed over.
    """
    spans: dict[str, list[ModelSpan]] = {}
    looks: dict[str, list[_Look]] = {}
    with connect(threads=2) as con:
        for file in [f for pattern in files for f in expand(pattern)]:
            try:
                found = shape(con, file.path, mapping or {}, ("timestamp", "model"))
                content = profile(con, found, now=datetime.now(UTC))
            except (BurnlineError, duckdb.Error):
                continue
            wanted = [m for m in content.models if len(looks.get(m, ())) < _LOOK_AT_FILES]
            for model, span in content.models.items():
                spans.setdefault(model, []).append(span)
            for model, look in _look(con, found, wanted).items():
                looks.setdefault(model, []).append(look)
    return tuple(_merge(model, spans[model], looks[model], mapping or {}) for model in sorted(spans))


def _look(con: duckdb.DuckDBPyConnection, found: Shape, models: list[str]) -> dict[str, _Look]:
    if not models:
        return {}
    names = list(found.columns)
    counts = ", ".join(f"count({quote_identifier(n)})" for n in names)
    label = "approx_count_distinct(label)" if found.has("label") else "0"
    canary = "count_if(canary)" if found.has("canary") else "0"
    fractional = ", ".join(
        f"count_if(try_cast({n} as double) <> floor(try_cast({n} as double)))" if found.has(n) else "0"
        for n in ("prediction", "label")
    )
    query = f"""
        with log as ({select(found, count_429=True)})
        select model, {label}, {canary}, {fractional}, {counts}
        from log where model in (select unnest($models)) group by model"""
    parameters = {"path": literal_pattern(found.path), "models": models}
    traffic = f"""
        with log as ({select(found, count_429=True)}),
             slices as (select model, _t, count(*) as n from log group by all)
        select model, case when count(*) < 0.95 * (max(_t) - min(_t) + 1) then 0
                           else quantile_cont(n, 0.05) end
        from slices where model in (select unnest($models)) group by model"""
    lows = dict(con.execute(traffic, parameters).fetchall())
    looks = {}
    for model, distinct, canaries, predictions, labels, *filled in con.execute(query, parameters).fetchall():
        columns = frozenset(name for name, count in zip(names, filled, strict=True) if count)
        looks[model] = _Look(
            columns=columns,
            features=tuple(n for n in found.features if n in columns),
            kinds={n: found.columns[n].kind for n in ("prediction", "label") if n in columns},
            distinct_labels=distinct,
            canaries=canaries,
            fractional={"prediction": predictions, "label": labels},
            traffic=lows[model],
        )
    return looks


def _merge(model: str, spans: Sequence[ModelSpan], looks: Sequence[_Look], mapping: Mapping[str, str]) -> ModelProfile:
    return ModelProfile(
        model=model,
        rows=sum(span.rows for span in spans),
        first=moment(min(span.first_us for span in spans)),
        last=moment(max(span.last_us for span in spans)),
        columns=frozenset[str]().union(*(look.columns for look in looks)),
        features=tuple(dict.fromkeys(name for look in looks for name in look.features)),
        prediction_kind=_value_kind(looks, "prediction"),
        label_kind=_value_kind(looks, "label"),
        label_distinct=max(look.distinct_labels for look in looks),
        has_canary=any(look.canaries for look in looks),
        requests_per_slice_p05=min(look.traffic for look in looks),
        mapping=mapping,
    )


def _value_kind(looks: Sequence[_Look], name: str) -> Literal["category", "number"] | None:
    """Numbers with a fraction or many whole values are numbers; everything else is a category."""
    kinds = {look.kinds[name] for look in looks if name in look.kinds}
    if not kinds:
        return None
    if kinds != {"number"}:
        return "category"
    fractional = any(look.fractional[name] for look in looks)
    many = any(look.distinct_labels > _MANY for look in looks)
    return "number" if fractional or many else "category"


_MANY = 30


def moment(us: int) -> datetime:
    """Microseconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(us / 1e6, UTC)


__all__ = [
    "FileKind",
    "FileProfile",
    "ModelProfile",
    "ModelSpan",
    "classify",
    "moment",
    "profile",
    "profile_models",
]
