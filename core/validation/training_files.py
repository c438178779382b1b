"""Reads training logs and tensor schemas from the files that ``spec.training`` of a workspace names.

Both kinds lie in the same sources and are told apart by their columns: runs have ``timestamp, model, run, step`` and
numbers, schemas ``tensor, dtype, shape``. They are small beside request logs, so they are read when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, expand, shape
from burnline.logs.engine import connect, frame, literal_scan, sentence
from burnline.logs.files import literal_pattern
from burnline.logs.relation import describe, microseconds
from burnline.spec import WorkspaceSpec
from burnline.spec.quoting import quote_identifier

KEYS = ("timestamp", "model", "run", "step")
TENSOR_KEYS = ("tensor", "dtype", "shape")
TENSOR_TEXTS = (*TENSOR_KEYS, "model", "side", "run")
_ALSO = {"side": ("side", "stage"), "run": ("run", "version")}
_TIME = pl.Datetime("us", "UTC")
_ALWAYS = ("timestamp", "run", "step", "rows", "counted")

# The newest runs that are read, and the rows up to which a run is read as it is.
RUNS = 20
WHOLE = 20_000
_BLOCKS = 10_000


@dataclass(frozen=True)
class TrainingLogs:
    """What the training files of a workspace say of one model.

    ``runs`` as ``read_training`` returns it; ``tensors`` has ``tensor, dtype, shape, model, side, run`` (text, null =
    unknown), ``timestamp`` and ``file``; ``problems`` is a sentence for everything that could not be used.
    """

    runs: pl.DataFrame
    tensors: pl.DataFrame
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Group:
    """Training files with the same columns and types; ``numbers`` are the columns that are read."""

    paths: tuple[str, ...]
    shape: Shape
    numbers: tuple[str, ...]


def read_training(spec: WorkspaceSpec, model: str, *, until: datetime | None = None) -> pl.DataFrame:
    """Rows of the newest 20 training runs of a model, known by ``until``.

    Columns: ``timestamp`` (UTC), ``run``, ``step`` (float), ``rows`` and every numeric column, NaN and infinities kept,
    null = not logged. A run of up to 20,000 rows is as logged (``rows`` = 1). A longer one has up to 10,000 rows, one
    for each span of equal steps: the last step and time, medians of the finite values, and in ``rows`` how many logged
    rows it stands for. The first value of a column that is not finite has a row of its own then, with ``counted`` false
    (it is in another row already) and the number of such values in ``rows``. Memory is that of one column.
    """
    return read_training_logs(spec, model, until=until).runs


def read_training_logs(spec: WorkspaceSpec, model: str, *, until: datetime | None = None) -> TrainingLogs:
    """Training runs and tensor schemas of one model, and what could not be read."""
    problems: list[str] = []
    shapes: list[Shape] = []
    tensors: list[pl.DataFrame] = []
    with connect(threads=2) as con:
        for file, mapping in _files(spec, problems).items():
            try:
                raw = describe(con, file.path)
                if set(TENSOR_KEYS) <= {*raw, *mapping}:
                    tensors.append(_tensors(con, file.path, raw, mapping))
                else:
                    shapes.append(shape(con, file.path, mapping, KEYS))
            except BurnlineError as error:
                problems.append(str(error))
            except duckdb.Error as error:
                problems.append(f"{file.path}: cannot be read ({sentence(error)}); write it again or remove it")
        runs = _runs(con, _groups(con, shapes, problems), model, until, problems)
    return TrainingLogs(runs, _of_model(tensors, model, until), tuple(problems))


def _files(spec: WorkspaceSpec, problems: list[str]) -> dict[RawFile, Mapping[str, str]]:
    """Every file with the mapping of its first source."""
    found: dict[str, tuple[RawFile, Mapping[str, str]]] = {}
    for source in spec.training:
        try:
            files = expand(spec.resolve(source.path))
        except BurnlineError as error:
            problems.append(str(error))
            continue
        if not files:
            problems.append(f"{source.path}: no file of this name; correct the path in spec.training")
        for file in files:
            found.setdefault(file.path, (file, source.mapping))
    return dict(found.values())


def _groups(con: duckdb.DuckDBPyConnection, shapes: Sequence[Shape], problems: list[str]) -> list[_Group]:
    alike: dict[object, tuple[list[str], Shape]] = {}
    for found in shapes:
        problems.extend(f"{found.path}: {problem}" for problem in found.problems)
        key = (*((n, c.raw, c.type) for n, c in found.columns.items()), *sorted(found.epoch_units.items()))
        alike.setdefault(key, ([], found))[0].append(found.path)
    groups = []
    for paths, found in alike.values():
        numbers = [n for n, c in found.columns.items() if n not in KEYS and c.kind == "number"]
        texts = [n for n, c in found.columns.items() if n not in KEYS and c.kind == "text"]
        numbers += _parsed(con, paths, found, texts, problems)
        groups.append(_Group(tuple(paths), found, tuple(numbers)))
    return groups


def _parsed(
    con: duckdb.DuckDBPyConnection, paths: Sequence[str], found: Shape, texts: Sequence[str], problems: list[str]
) -> list[str]:
    """Text columns that hold numbers; text among the numbers is told."""
    if not texts:
        return []
    sums = ", ".join(f"count(try_cast({found.columns[n].sql} as double)), count({found.columns[n].sql})" for n in texts)
    counts = con.execute(
        f"select {sums} from read_parquet($paths, hive_partitioning = true)",
        {"paths": [literal_pattern(path) for path in paths]},
    ).fetchall()[0]
    numbers = []
    for name, parsed, held in zip(texts, counts[::2], counts[1::2], strict=True):
        if parsed:
            numbers.append(name)
            if parsed < held:
                problems.append(
                    f"{paths[0]}: {held - parsed:,} of {held:,} values of {name} are text that is no number; "
                    "they count as not logged"
                )
    return numbers


def _union(groups: Sequence[_Group], only: Sequence[str] | None = None) -> tuple[str, dict[str, object]]:
    """All rows as us, model, run, step and numbers; parameters are the paths."""
    parameters: dict[str, object] = {}
    branches = []
    for index, group in enumerate(groups):
        columns = group.shape.columns
        parameters[f"paths{index}"] = [literal_pattern(path) for path in group.paths]
        parts = [
            f"{microseconds('timestamp', group.shape)} as us",
            f"cast({columns['model'].sql} as varchar) as model",
            f"cast({columns['run'].sql} as varchar) as run",
            f"try_cast({columns['step'].sql} as double) as step",
        ]
        chosen = [n for n in group.numbers if only is None or n in only]
        parts += [f"try_cast({columns[n].sql} as double) as {quote_identifier(n)}" for n in chosen]
        branches.append(f"select {', '.join(parts)} from read_parquet($paths{index}, hive_partitioning = true)")
    return "\nunion all by name\n".join(branches), parameters


_SPANS = """
    select run, count(*) as n, min(step) as low, max(step) as high, max(us) as last
    from every where model = $model and run is not null and isfinite(step) and us <= $until
    group by run order by last desc, run desc"""

_LEFT_OUT = """
    select count(*) from every
    where model = $model and (run is null or step is null or not isfinite(step) or us is null)"""

_AS_LOGGED = """
    select * exclude (model) from every
    where model = $model and run in (select unnest($runs)) and isfinite(step) and us <= $until
    order by run, step, us"""

_OF_RUN = "model = $model and run = $run and isfinite(step) and us <= $until"
_BLOCK = "cast(least(floor((step - $low) / ($high - $low) * $blocks), $blocks - 1) as integer)"


def _runs(
    con: duckdb.DuckDBPyConnection,
    groups: Sequence[_Group],
    model: str,
    until: datetime | None,
    problems: list[str],
) -> pl.DataFrame:
    empty = pl.DataFrame(schema=dict(zip(_ALWAYS, (_TIME, pl.String, pl.Float64, pl.Int64, pl.Boolean), strict=True)))
    if not groups:
        return empty
    every, parameters = _union(groups, only=())
    limit = 2**62 if until is None else int(until.timestamp() * 1e6)
    asked = {**parameters, "model": model}
    left_out = con.execute(f"with every as ({every}) {_LEFT_OUT}", asked).fetchall()[0][0]
    if left_out:
        problems.append(f"{left_out:,} rows of training runs of {model} have no time, run or step; they are left out")
    asked["until"] = limit
    spans = con.execute(f"with every as ({every}) {_SPANS}", asked).fetchall()
    if len(spans) > RUNS:
        problems.append(f"{model} has {len(spans):,} training runs; the newest {RUNS} are looked at")
    newest = spans[:RUNS]
    long = [span for span in newest if span[1] > WHOLE and span[3] > span[2]]
    short = [span[0] for span in newest if span not in long]
    parts = [_long(con, groups, {"model": model, "until": limit}, span) for span in long]
    if short:
        every, parameters = _union(groups)
        asked = {**parameters, "model": model, "until": limit, "runs": short}
        rows = frame(con, f"with every as ({every}) {_AS_LOGGED}", asked)
        parts.append(rows.with_columns(rows=pl.lit(1, pl.Int64), counted=pl.lit(True)))
    if not parts:
        return empty
    joined = pl.concat(parts, how="diagonal")
    logged = [n for n in joined.columns if n not in ("us", *_ALWAYS) and joined[n].null_count() < joined.height]
    return joined.with_columns(timestamp=pl.col("us").cast(_TIME)).select([*_ALWAYS, *logged])


def _long(
    con: duckdb.DuckDBPyConnection, groups: Sequence[_Group], asked: Mapping[str, object], span: tuple[Any, ...]
) -> pl.DataFrame:
    """A run of many rows, a column at a time, so that only one is ever held."""
    run, _, low, high, _ = span
    every, paths = _union(groups, only=())
    own: dict[str, object] = {**asked, "run": run}
    bounds: dict[str, object] = {"low": low, "high": high, "blocks": _BLOCKS}
    query = f"""
        with every as ({every})
        select {_BLOCK} as block, max(step) as step, arg_max(us, step) as us, count(*) as rows
        from every where {_OF_RUN} group by block order by block"""
    merged = frame(con, query, {**paths, **own, **bounds}).with_columns(counted=pl.lit(True))
    odd = []
    for name in dict.fromkeys(n for group in groups for n in group.numbers):
        holders = [group for group in groups if name in group.numbers]
        every, paths = _union(holders, only=(name,))
        value = quote_identifier(name)
        query = f"""
            with every as ({every})
            select {_BLOCK} as block, median({value}) as {value}
            from every where {_OF_RUN} and isfinite({value}) group by block"""
        merged = merged.join(frame(con, query, {**paths, **own, **bounds}), on="block", how="left")
        query = f"""
            with every as ({every})
            select min(step) as step, arg_min(us, step) as us, count(*) as rows, arg_min({value}, step) as {value}
            from every where {_OF_RUN} and not isfinite({value}) having count(*) > 0"""
        odd.append(frame(con, query, {**paths, **own}))
    whole = pl.concat([merged.drop("block"), *odd], how="diagonal")
    return whole.with_columns(pl.col("counted").fill_null(value=False), run=pl.lit(run)).sort("step", "us")


def _tensors(
    con: duckdb.DuckDBPyConnection, path: str, raw: Mapping[str, str], mapping: Mapping[str, str]
) -> pl.DataFrame:
    """The rows of one schema file as text; lists become text such as ``[NULL, 128]``."""

    def source(name: str) -> str | None:
        names = (mapping.get(name), *_ALSO.get(name, (name,)))
        return next((n for n in names if n and n in raw), None)

    texts = {name: source(name) for name in TENSOR_TEXTS}
    parts = [
        f"cast({quote_identifier(column)} as varchar) as {name}" if column else f"null::varchar as {name}"
        for name, column in texts.items()
    ]
    time = source("timestamp")
    if time and raw[time].startswith(("TIMESTAMP", "DATE")):
        parts.append(f"epoch_us(cast({quote_identifier(time)} as timestamptz)) as us")
    else:
        parts.append("null::bigint as us")
    query = f"select {', '.join(parts)} from {literal_scan(row_numbers=True)} order by file_row_number"
    return frame(con, query, {"path": literal_pattern(path)}).with_columns(file=pl.lit(path))


def _of_model(tensors: Sequence[pl.DataFrame], model: str, until: datetime | None) -> pl.DataFrame:
    schema = pl.Schema({**{name: pl.String() for name in TENSOR_TEXTS}, "timestamp": _TIME, "file": pl.String()})
    if not tensors:
        return pl.DataFrame(schema=schema)
    rows = pl.concat(tensors).with_columns(timestamp=pl.col("us").cast(_TIME)).drop("us")
    rows = rows.filter(pl.col("model").is_null() | (pl.col("model") == model))
    if until is not None:
        rows = rows.filter(pl.col("timestamp").is_null() | (pl.col("timestamp") <= until))
    return rows.select(list(schema)).cast(schema)
