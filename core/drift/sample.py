"""A bounded sample of the raw requests of a model with what was known of their labels at the moment of the question.

Drift is read from rollups; whether it hurts, and where errors sit, needs single requests. They are sampled evenly
(``burnline.rollups.sampled``), so the same question takes the same rows, and the cost does not grow with traffic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq

from burnline.budgets.fleet import Fleet
from burnline.errors import BurnlineError
from burnline.logs import Shape, shape
from burnline.logs.engine import connect
from burnline.rollups.duplicates import restore_dropped
from burnline.rollups.labels import Labels
from burnline.rollups.ledger import LogFile
from burnline.rollups.sampled import Family, Share, families, sample
from burnline.rollups.scan import Request, named_files
from burnline.rollups.surrogate import Kind, Surrogate

MOST = 20_000
_DAY_US = 86_400_000_000
_BUCKET_US = 300_000_000
_SEGMENTS = ("version", "region", "tenant")
_KINDS: Mapping[str, Kind] = {"classification": "accuracy", "regression": "rmse"}
_OWN = ("_t", "_version", "_bad", "_expected", "_events", "_age")


@dataclass(frozen=True)
class LabelledSample:
    """Sampled requests that did not fail, oldest log first.

    ``rows`` has every input (features, confidence, prediction, segments) and ``_t`` (bucket), ``_version``, ``_bad``
    (1 wrong, 0 right, or the squared error; null = no label known as of the fleet's moment), ``_expected`` (what the
    surrogate expects of it; null without one), ``_age`` (of its features in minutes; null where unknown) and
    ``_events`` (the requests it stands for). ``kind`` says what ``_bad`` is, ``features`` which inputs are features;
    ``notes`` name what could not be read, ``reason`` why there are no rows.
    """

    rows: pl.DataFrame
    kind: Kind
    features: tuple[str, ...]
    notes: tuple[str, ...] = ()
    reason: str | None = None


def labelled_sample(fleet: Fleet, model: str, *, first: int, last: int, most: int = MOST) -> LabelledSample:
    """At most ``most`` requests of a model in the buckets ``first`` to ``last``, with labels as of the fleet's moment.

    Logs that are gone, changed or unreadable are left out and named in ``notes``.
    """
    last = min(last, fleet.last)
    kind = quality_kind(fleet, model)
    if kind is None:
        return _nothing("accuracy", "its requests are judged by lists, not one by one")
    ledger = fleet.snapshot.ledger
    logs = {p: e for p, e in sorted(ledger.logs.items()) if model in e.models and _rows(e, model, first, last) > 0}
    if not logs:
        return _nothing(kind, "no log holds a request of it in this time")
    named = named_files(fleet.spec)
    mappings = {file.path: mapping for file, mapping in named.logs.items()}
    ids = {file.path: file.id for file in named.logs}
    found = surrogate_of(fleet, model)
    with connect() as con:
        shapes, notes = _shapes(con, logs, mappings, ids)
        if not shapes:
            return _nothing(kind, "the logs of this time are not there any more", notes)
        inputs = _inputs(list(shapes.values()), fleet.spec.segments, found)
        labels = _label_files(con, named, {i for path in shapes for i in logs[path].joined})
        fraction = min(1.0, most / max(sum(_rows(e, model, first, last) for e in logs.values()), 1.0))
        days = range(first // 288, last // 288 + 1)
        shares = [Share(model, day, fraction, 0.0, fleet.last + 1) for day in days]
        parts = []
        for path, one in shapes.items():
            dropped = logs[path].dropped
            if dropped is not None:
                restore_dropped(con, fleet.snapshot.store.path(dropped))
            joined = [labels[i] for i in logs[path].joined if i in labels]
            rows = sample(
                con, one, inputs, shares, count_429=fleet.spec.count_429, drop_rows=dropped is not None, labels=joined,
                aged=True,
            )  # fmt: skip
            parts.append(rows.filter(pl.col("_judged"), pl.col("_t").is_between(first, last)))
    rows = _bounded(pl.concat(parts), most, fraction)
    if not rows.height:
        return _nothing(kind, "no request of this time was answered", notes)
    bad = pl.col("_wrong") if kind == "accuracy" else pl.col("_error") ** 2
    guess = found.expected(rows) if found is not None else np.full(rows.height, np.nan)
    rows = rows.with_columns(
        bad.cast(pl.Float64).alias("_bad"),
        pl.Series("_expected", guess, dtype=pl.Float64).fill_nan(None),
        (pl.col("version") if "version" in inputs else pl.lit(None, pl.String)).alias("_version"),
    )
    features = tuple(name for name in inputs if name.startswith("f_"))
    return LabelledSample(rows.select(*inputs, *_OWN), kind, features, notes)


def quality_kind(fleet: Fleet, model: str) -> Kind | None:
    """How single requests of a model are judged: right or wrong, or by their squared error; ``None`` for lists."""
    for question in fleet.questions:
        if question.model == model and question.sli.kind.name in ("accuracy", "rmse"):
            return "accuracy" if question.sli.kind.name == "accuracy" else "rmse"
    return next((_KINDS.get(m.type) for m in fleet.models if m.name == model), None)


def surrogate_of(fleet: Fleet, model: str) -> Surrogate | None:
    """The surrogate of a model that holds as of the fleet's moment."""
    entry = fleet.snapshot.ledger.expected.models.get(model)
    if entry is None or entry.object is None or entry.valid_from > fleet.last:
        return None
    table = pq.read_table(fleet.snapshot.store.path(entry.object))
    return Surrogate.model_validate_json(table["surrogate"][0].as_py())


def _nothing(kind: Kind, reason: str, notes: tuple[str, ...] = ()) -> LabelledSample:
    schema = {"_t": pl.Int64, "_version": pl.String} | dict.fromkeys(
        ("_bad", "_expected", "_events", "_age"), pl.Float64
    )
    return LabelledSample(pl.DataFrame(schema=schema), kind, (), notes, reason)


def _rows(log: LogFile, model: str, first: int, last: int) -> float:
    """Rows of a model in a log between two buckets, as if they lay evenly in their span."""
    span = log.models[model]
    start, end = max(span.first_us, first * _BUCKET_US), min(span.last_us, (last + 1) * _BUCKET_US)
    if end < start:
        return 0.0
    return max(1.0, span.rows * (end - start + 1) / (span.last_us - span.first_us + 1))


def _shapes(
    con: duckdb.DuckDBPyConnection,
    logs: Mapping[str, LogFile],
    mappings: Mapping[str, Mapping[str, str]],
    ids: Mapping[str, str],
) -> tuple[dict[str, Shape], tuple[str, ...]]:
    """The shapes of the logs that are as they were ingested, and a note on the others."""
    found: dict[str, Shape] = {}
    gone, changed = 0, 0
    for path, entry in logs.items():
        if path not in mappings:
            gone += 1
        elif ids[path] != entry.id:
            changed += 1
        else:
            try:
                found[path] = shape(con, path, mappings[path], ("timestamp", "model"))
            except (BurnlineError, duckdb.Error, OSError):
                gone += 1
    said = [
        f"{count} of {len(logs)} logs of this time {what}"
        for count, what in (
            (gone, "cannot be read any more: the others stand for them"),
            (changed, "changed since they were ingested: run `burnline ingest`"),
        )
        if count
    ]
    return found, tuple(said)


def _inputs(shapes: Sequence[Shape], segments: Sequence[str], surrogate: Surrogate | None) -> dict[str, Family]:
    """The inputs of a row, as the surrogate reads them."""
    own = {name for one in shapes for name in one.columns if name.startswith("d_")}
    names = [n for n in dict.fromkeys((*segments, *_SEGMENTS, *sorted(own))) if any(s.has(n) for s in shapes)]
    inputs = families(shapes, names)
    if surrogate is not None:
        inputs |= dict.fromkeys(surrogate.numbers, "number")
        inputs |= dict.fromkeys(surrogate.categories, "text")
    return inputs


def _label_files(con: duckdb.DuckDBPyConnection, named: Request, wanted: set[str]) -> dict[str, Labels]:
    """The label files of these ids that can be read."""
    found = {}
    for file, mapping in named.labels.items():
        if file.id in wanted:
            with suppress(BurnlineError, duckdb.Error, OSError):
                found[file.id] = Labels(file.id, shape(con, file.path, mapping, ("request_id", "label")))
    return found


def _bounded(rows: pl.DataFrame, most: int, fraction: float) -> pl.DataFrame:
    """At most ``most`` rows, weighted up to the requests they stand for."""
    if rows.height > most:
        fraction *= most / rows.height
        rows = rows[np.linspace(0, rows.height - 1, most).astype(np.int64)]
    return rows.with_columns(pl.col("_events") / fraction)
