"""What the columns of a model are compared with: counts by hour of the week, made once and kept.

=========  ======================================================================================
baseline   model, feature, how, bin, category, n
=========  ======================================================================================

The baseline of a model is the first days of its log, or a file of its own (``spec.reference``). ``how`` is the hour of
the week, 0 = Monday 00:00 UTC, null where no time is known. A baseline is made anew only when what it was made from
changes: a log of its days arrives late, or the file is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

import duckdb
import polars as pl
import pyarrow as pa

from burnline.errors import BurnlineError
from burnline.logs import SCALE
from burnline.logs.engine import frame, sentence
from burnline.rollups.features import capped
from burnline.rollups.grids import Grids
from burnline.rollups.ledger import BaselineEntry, Ledger, LogFile
from burnline.rollups.measures import REQUESTS
from burnline.rollups.store import Store, fingerprint
from burnline.rollups.training import Training, count_training
from burnline.spec.workspace import Reference

T = TypeVar("T")
R = TypeVar("R")

HOURS_PER_WEEK = 168
# The epoch began on a Thursday.
_EPOCH = 72
_FORMAT = 1
_USUAL = timedelta(days=7)
_HOUR_US = 3_600_000_000
_ROWS_TOGETHER = 300_000
_MODELS_TOGETHER = 100
_COLUMNS_AT_ONCE = 100

SCHEMA = pa.schema(
    {
        "model": pa.string(), "feature": pa.string(), "how": pa.int32(), "bin": pa.int32(), "category": pa.string(),
        "n": pa.int64(),
    }
)  # fmt: skip
_ORDER = ("model", "feature", "how", "bin", "category")


class Each(Protocol):
    """Runs independent pieces of work, each with a connection of its own, and yields their results in order."""

    def __call__(
        self, work: Callable[[duckdb.DuckDBPyConnection, T], R], items: Sequence[T], what: str, /
    ) -> Iterator[R]: ...


def hour_of_week(hour: str) -> str:
    """SQL for the hour of the week of an hour since the epoch."""
    return f"({hour} + {_EPOCH}) % {HOURS_PER_WEEK}"


def bring_up_to_date(
    each: Each,
    store: Store,
    draft: Ledger,
    reference: Reference,
    training: Mapping[str, Training],
    grids: Grids,
    count_429: bool,
) -> dict[str, BaselineEntry]:
    """The baselines of every model in the logs; those whose inputs are as before are kept as they are.

    ``training`` are the files that the workspace names for models, ``grids`` the frozen bins.
    """
    newest = draft.newest_us()
    now = newest // _HOUR_US if newest is not None else 0
    logs: dict[str, dict[str, LogFile]] = {}
    for path, log in sorted(draft.logs.items()):
        for model in log.models:
            logs.setdefault(model, {})[path] = log
    kept: dict[str, BaselineEntry] = {}
    wanted: list[_Window] = []
    files: list[tuple[str, Training, str]] = []
    for model in sorted(logs):
        before = draft.baselines.get(model)
        file = training.get(model)
        if file is not None and file.readable:
            inputs = file.fingerprint(grids)
            if before is not None and before.inputs == inputs:
                kept[model] = before
            else:
                files.append((model, file, inputs))
            continue
        if before is not None and before.kind == "training" and before.path == reference.path:
            gone = f"{reference.path}: the file is not there any more; the baseline that was made from it stays"
            kept[model] = before.model_copy(update={"problems": _with(before.problems, gone)})
            continue
        window = _window(model, logs[model], reference, now, file.problems if file is not None else ())
        if before is not None and before.inputs == window.inputs:
            update = {"complete": window.complete, "problems": window.problems}
            kept[model] = before.model_copy(update=update)
        else:
            wanted.append(window)
    made = each(lambda con, group: _from_logs(con, store, draft, group), _groups(wanted), "keeping baselines")
    found = kept | {model: entry for entries in made for model, entry in entries.items()}

    def from_file(con: duckdb.DuckDBPyConnection, item: tuple[str, Training, str]) -> tuple[str, BaselineEntry]:
        model, file, inputs = item
        window = _window(model, logs[model], replace_path(reference), now, ())
        return model, _from_file(con, store, draft, window, file, inputs, grids, count_429)

    return found | dict(each(from_file, files, "reading training files"))


def replace_path(reference: Reference) -> Reference:
    """The reference of a model whose file cannot be read: the first days of its log."""
    return reference.model_copy(update={"path": None})


def _with(problems: tuple[str, ...], one: str) -> tuple[str, ...]:
    return problems if one in problems else (*problems, one)


# From the first days of the log


@dataclass(frozen=True)
class _Window:
    """The reference days of a model: the hours from ``first`` to before ``end``, and the logs that hold them."""

    model: str
    first: int
    end: int
    complete: bool
    logs: Mapping[str, LogFile]
    rows: int
    inputs: str
    problems: tuple[str, ...]


def _window(
    model: str, logs: Mapping[str, LogFile], reference: Reference, now: int, problems: tuple[str, ...]
) -> _Window:
    length = reference.first.fixed if reference.first is not None else _USUAL
    days = max(1, -(-length // timedelta(days=1)))
    first = min(log.models[model].first_us for log in logs.values()) // (24 * _HOUR_US) * 24
    end = first + 24 * days
    inside = {
        path: log
        for path, log in logs.items()
        if log.models[model].first_us < end * _HOUR_US and log.models[model].last_us >= first * _HOUR_US
    }
    inputs = fingerprint(_FORMAT, "reference", first, end, sorted((e.features, e.hourly) for e in inside.values()))
    return _Window(
        model, first, end, now >= end, inside, sum(e.models[model].rows for e in inside.values()), inputs, problems
    )


def _groups(windows: Sequence[_Window]) -> list[list[_Window]]:
    """Windows to be read together: small ones, which may lie in the same logs; a large one on its own."""
    groups: list[list[_Window]] = []
    rows = 0
    for window in windows:
        rows += window.rows
        if not groups or rows > _ROWS_TOGETHER or len(groups[-1]) >= _MODELS_TOGETHER:
            groups.append([])
            rows = window.rows
        groups[-1].append(window)
    return groups


def _from_logs(
    con: duckdb.DuckDBPyConnection, store: Store, draft: Ledger, group: Sequence[_Window]
) -> dict[str, BaselineEntry]:
    logs = {path: log for window in group for path, log in window.logs.items()}
    hourly = store.paths(sorted({log.features for log in logs.values() if log.hourly}))
    daily = store.paths(sorted({log.features for log in logs.values() if not log.hourly}))
    con.register("windows", _window_table(group))
    try:
        names = _names(con, [*hourly, *daily])
        if len(group) > 1:
            rows = _read(con, hourly, daily, names)
            parts = {w.model: rows.filter(pl.col("model") == w.model) for w in group}
            return {w.model: _put(store, draft, w, iter([parts[w.model]])) for w in group}
        starts = range(0, len(names), _COLUMNS_AT_ONCE)
        chunks = (_read(con, hourly, daily, names[start : start + _COLUMNS_AT_ONCE]) for start in starts)
        return {group[0].model: _put(store, draft, group[0], chunks)}
    finally:
        con.unregister("windows")


def _window_table(group: Sequence[_Window]) -> pa.Table:
    return pa.table(
        {
            "model": pa.array([w.model for w in group], pa.string()),
            "first": pa.array([w.first for w in group], pa.int64()),
            "before": pa.array([w.end for w in group], pa.int64()),
        }
    )


def _names(con: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    query = """
        select distinct feature from read_parquet($paths, union_by_name = true) semi join windows using (model)
        order by feature"""
    return [name for (name,) in con.execute(query, {"paths": list(paths)}).fetchall()]


_READ = """
    select model, feature, {how}::integer as how, bin, category, sum(n)::bigint as n
    from read_parquet($paths) join windows using (model)
    where {when} >= first and {when} < before and feature in (select unnest($names::varchar[])) group by all"""


def _read(
    con: duckdb.DuckDBPyConnection, hourly: Sequence[str], daily: Sequence[str], names: Sequence[str]
) -> pl.DataFrame:
    """Counts of some columns by hour of the week; those that were kept by the day have no hour."""
    parts = [_empty()]
    for paths, how, when in ((hourly, hour_of_week("hour"), "hour"), (daily, "null", "day * 24")):
        if paths:
            query = _READ.format(how=how, when=when)
            parts.append(frame(con, query, {"paths": list(paths), "names": list(names)}).cast(_empty().schema))
    return capped(pl.concat(parts), ("model", "feature")).sort(_ORDER, nulls_last=False)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "model": pl.String, "feature": pl.String, "how": pl.Int32, "bin": pl.Int32, "category": pl.String,
            "n": pl.Int64,
        }
    )  # fmt: skip


def _put(store: Store, draft: Ledger, window: _Window, chunks: Iterator[pl.DataFrame]) -> BaselineEntry:
    name = f"baseline-{fingerprint(window.model, window.inputs)}"
    events = _Events()
    store.put_parts(name, SCHEMA, events.counted(chunks))
    return BaselineEntry(
        kind="reference",
        object=name if events.total else None,
        first_hour=window.first,
        end_hour=window.end,
        rows=round(events.total * _rows_per_event(store, window)),
        events=events.total,
        complete=window.complete,
        inputs=window.inputs,
        problems=window.problems,
    )


@dataclass
class _Events:
    """How many events the rows stand for: those of the column that counts most of them."""

    total: float = 0.0

    def counted(self, chunks: Iterator[pl.DataFrame]) -> Iterator[pa.Table]:
        """The chunks as they pass."""
        for rows in chunks:
            if rows.height:
                most = rows.group_by("feature").agg(pl.col("n").sum())["n"].max()
                self.total = max(self.total, float(most) / SCALE)  # type: ignore[arg-type]
                yield rows.to_arrow().cast(SCHEMA)


def _rows_per_event(store: Store, window: _Window) -> float:
    """Rows that an event of the window was logged with: fewer than one where the logs are samples."""
    if not any(log.weighted for log in window.logs.values()):
        return 1.0
    counts = pl.scan_parquet(store.paths(sorted({log.counts for log in window.logs.values()})))
    own = counts.filter(pl.col("model") == window.model, pl.col("measure") == REQUESTS)
    events = own.select(pl.col("valid").sum()).collect().item() / SCALE
    return window.rows / events if events else 1.0


# From a training file


def _from_file(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    draft: Ledger,
    window: _Window,
    file: Training,
    inputs: str,
    grids: Grids,
    count_429: bool,
) -> BaselineEntry:
    """The baseline of a model from its file; from the first days of its log when the file cannot be counted."""
    name = f"baseline-{fingerprint(file.model, inputs)}"
    try:
        counted = count_training(con, file, grids, count_429)
        events = _Events()
        store.put_parts(name, SCHEMA, events.counted(_by_week(rows) for rows in counted.parts))
    except (BurnlineError, duckdb.Error) as error:
        text = sentence(error) if isinstance(error, duckdb.Error) else str(error)
        said = f"{file.path}: {text}; the first days of the log are taken instead"
        entry = _from_logs(con, store, draft, [replace(window, problems=(*file.problems, said))])[file.model]
        return entry.model_copy(update={"inputs": inputs, "path": file.path})
    return BaselineEntry(
        kind="training",
        object=name if events.total else None,
        first_hour=counted.first_hour or 0,
        end_hour=counted.end_hour or 0,
        rows=counted.rows,
        events=events.total,
        complete=True,
        path=file.path,
        inputs=inputs,
        problems=(*file.problems, *counted.problems),
    )


def _by_week(rows: pl.DataFrame) -> pl.DataFrame:
    """Hourly counts of a file as counts by hour of the week."""
    how = ((pl.col("hour") + _EPOCH) % HOURS_PER_WEEK).cast(pl.Int32)
    summed = rows.group_by("model", "feature", "bin", "category", how=how).agg(pl.col("n").sum())
    return capped(summed.select(SCHEMA.names), ("model", "feature")).sort(_ORDER, nulls_last=False)
