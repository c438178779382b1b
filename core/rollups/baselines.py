"""What the columns of a model are compared with: counts by hour of the week, made once and kept.

=========  ======================================================================================
baseline   model, feature, how, bin, category, n
=========  ======================================================================================

The baseline of a model is the first days of its log, or a file of its own (``spec.reference``). ``how`` is the hour of
the week, 0 = Monday 00:00 UTC, null where no time is known. A baseline is made anew only when what it was made from
changes: a log of its days arrives late, or the file is another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import duckdb
import polars as pl
import pyarrow as pa

from burnline.errors import BurnlineError
from burnline.logs import SCALE
from burnline.logs.engine import frame, sentence
from burnline.rollups import differences
from burnline.rollups.categories import capped
from burnline.rollups.grids import Grids
from burnline.rollups.ledger import BaselineEntry, Ledger, LogFile
from burnline.rollups.measures import REQUESTS
from burnline.rollups.scoring import Each
from burnline.rollups.store import Store, fingerprint
from burnline.rollups.training import Training, count_training
from burnline.spec.workspace import Reference

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


def hour_of_week(hour: str) -> str:
    """SQL for the hour of the week of an hour since the epoch."""
    return f"({hour} + {_EPOCH}) % {HOURS_PER_WEEK}"


def bring_up_to_date(
    each: Each,
    store: Store,
    draft: Ledger,
    before: Ledger,
    reference: Reference,
    training: Mapping[str, Training],
    grids: Grids,
    count_429: bool,
) -> dict[str, BaselineEntry]:
    """The baselines of every model in the logs of ``draft``; those whose inputs are as ``before`` are kept.

    ``training`` are the files that the workspace names for models, ``grids`` the frozen bins.
    """
    newest = draft.newest_us()
    now = newest // _HOUR_US if newest is not None else 0
    logs: dict[str, dict[str, LogFile]] = {}
    for path, log in sorted(draft.logs.items()):
        for model in log.models:
            logs.setdefault(model, {})[path] = log
    found: dict[str, BaselineEntry] = {}
    said: dict[str, tuple[str, ...]] = {}
    for model, entry, problems in each(
        lambda con, file: _from_file(con, store, draft.baselines.get(file.model), file, grids, count_429),
        [file for model, file in sorted(training.items()) if model in logs and file.shapes],
        "reading training files",
    ):
        said[model] = problems
        if entry is not None:
            found[model] = entry
    wanted: list[_Window] = []
    for model in sorted(logs.keys() - found.keys()):
        known, file = draft.baselines.get(model), training.get(model)
        differing = tuple(p for p in known.problems if differences.is_one(p)) if known is not None else ()
        if known is not None and known.kind == "training" and file is not None and known.path == file.path:
            gone = f"{file.path}: it cannot be read any more; the baseline that was made from it stays"
            found[model] = known.model_copy(update={"problems": (gone, *differing)})
            continue
        problems = said.get(model, file.problems if file is not None else ())
        window = _window(model, logs[model], reference, now, problems)
        if known is not None and known.inputs == window.inputs:
            update = {"complete": window.complete, "problems": (*problems, *differing)}
            found[model] = known.model_copy(update=update)
        else:
            wanted.append(window)
    for made in each(lambda con, group: _from_logs(con, store, group), _groups(wanted), "keeping baselines"):
        found |= made
    return differences.noted(store, draft, before, found)


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


def _from_logs(con: duckdb.DuckDBPyConnection, store: Store, group: Sequence[_Window]) -> dict[str, BaselineEntry]:
    logs = {path: log for window in group for path, log in window.logs.items()}
    hourly = store.paths(sorted({log.features for log in logs.values() if log.hourly}))
    daily = store.paths(sorted({log.features for log in logs.values() if not log.hourly}))
    con.register("windows", _window_table(group))
    try:
        names = _names(con, [*hourly, *daily])
        if len(group) > 1:
            rows = _read(con, hourly, daily, names)
            parts = {w.model: rows.filter(pl.col("model") == w.model) for w in group}
            return {w.model: _put(store, w, iter([parts[w.model]])) for w in group}
        starts = range(0, len(names), _COLUMNS_AT_ONCE)
        chunks = (_read(con, hourly, daily, names[start : start + _COLUMNS_AT_ONCE]) for start in starts)
        return {group[0].model: _put(store, group[0], chunks)}
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


def _put(store: Store, window: _Window, chunks: Iterator[pl.DataFrame]) -> BaselineEntry:
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
        numbers=tuple(sorted(events.numbers)),
        values=tuple(sorted(events.values)),
        problems=window.problems,
    )


@dataclass
class _Events:
    """How many events the rows stand for (those of the column that counts most of them), and the columns by how they
    are counted."""

    total: float = 0.0
    numbers: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)

    def counted(self, chunks: Iterable[pl.DataFrame]) -> Iterator[pa.Table]:
        """The chunks as they pass."""
        for rows in chunks:
            columns = rows.group_by("feature").agg(
                pl.col("n").sum(),
                number=pl.col("bin").is_not_null().any(),
                value=pl.col("category").is_not_null().any(),
            )
            for name, n, number, value in columns.iter_rows():
                self.total = max(self.total, n / SCALE)
                self.numbers |= {name} if number else set()
                # A column without any value is one all the same.
                self.values |= {name} if value or not number else set()
            if rows.height:
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
    known: BaselineEntry | None,
    file: Training,
    grids: Grids,
    count_429: bool,
) -> tuple[str, BaselineEntry | None, tuple[str, ...]]:
    """The model, its baseline (the known one when the file is the same) and what is odd; none when nothing counts."""
    if known is not None and known.inputs == file.inputs:
        return file.model, known, known.problems
    name = f"baseline-{file.inputs}"
    events = _Events()
    try:
        counted = count_training(con, file, grids, count_429)
        store.put_parts(name, SCHEMA, events.counted(_by_week(rows) for rows in counted.parts))
    except (BurnlineError, duckdb.Error) as error:
        text = sentence(error) if isinstance(error, duckdb.Error) else str(error)
        return file.model, None, (*file.problems, f"{file.path}: {text}; the first days of the log are taken instead")
    problems = (*file.problems, *counted.problems)
    entry = BaselineEntry(
        kind="training",
        object=name if events.total else None,
        first_hour=counted.first_hour or 0,
        end_hour=counted.end_hour or 0,
        rows=counted.rows,
        events=events.total,
        complete=True,
        path=file.path,
        inputs=file.inputs,
        numbers=tuple(sorted(events.numbers)),
        values=tuple(sorted(events.values)),
        problems=problems,
    )
    return file.model, entry, problems


def _by_week(rows: pl.DataFrame) -> pl.DataFrame:
    """Hourly counts of a file as counts by hour of the week."""
    how = ((pl.col("hour") + _EPOCH) % HOURS_PER_WEEK).cast(pl.Int32)
    summed = rows.group_by("model", "feature", "bin", "category", how=how).agg(pl.col("n").sum())
    return capped(summed.select(SCHEMA.names), ("model", "feature")).sort(_ORDER, nulls_last=False)
