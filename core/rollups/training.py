"""Training files as a reference: which ones a workspace names for a model, and the counts of their columns.

A training file holds features under the names they have in the logs (the same mapping applies). It needs no model
column, and time, prediction, confidence, label and weight are optional.
"""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, expand, shape
from burnline.logs.engine import first_row, literal_scan, sentence
from burnline.logs.files import literal_pattern
from burnline.logs.relation import microseconds, select
from burnline.rollups.features import FORMAT, Source, chunks, count
from burnline.rollups.grids import Columns, Grids, freeze, label_grid, numeric, tracked
from burnline.rollups.store import fingerprint

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Training:
    """The training files of a model: ``path`` as the workspace names it, the ``shapes`` of those that can be read and
    the fingerprint ``inputs`` of all of them; ``problems`` says what is wrong with others."""

    model: str
    path: str
    inputs: str
    shapes: tuple[Shape, ...]
    segments: tuple[str, ...]
    problems: tuple[str, ...]


def find_training(
    con: duckdb.DuckDBPyConnection,
    pattern: str,
    named: str,
    models: Mapping[str, Mapping[str, str]],
    segments: Sequence[str],
) -> dict[str, Training]:
    """The training files of ``models`` (name -> mapping of its logs): ``pattern`` with ``{model}`` replaced.

    ``named`` is the pattern as the workspace writes it.
    """
    found = {}
    for model, mapping in models.items():
        path = named.replace("{model}", model)
        problems: list[str] = []
        try:
            files = expand(pattern.replace("{model}", glob.escape(model)))
        except BurnlineError as error:
            files, problems = (), [f"{error}; the first days of the log are taken instead"]
        if not files and not problems:
            problems = [f"{path}: there is no such file; the first days of the log are taken instead"]
        # Files may move with their workspace.
        states = [(Path(file.path).name, file.size, file.modified_ns) for file in files]
        inputs = fingerprint(FORMAT, "training", model, path, states, sorted(mapping.items()), segments)
        shapes = []
        for file in files:
            try:
                shapes.append(_shape(con, file, mapping, own="{model}" in named))
            except (BurnlineError, duckdb.Error) as error:
                text = sentence(error) if isinstance(error, duckdb.Error) else str(error)
                problems.append(f"{text}; it is no part of the baseline")
        problems += [f"{path}: {text}" for one in shapes for text in one.problems]
        found[model] = Training(model, path, inputs, tuple(shapes), tuple(segments), tuple(problems))
    return found


def _shape(con: duckdb.DuckDBPyConnection, file: RawFile, mapping: Mapping[str, str], *, own: bool) -> Shape:
    """The shape of a training file; one of the model's ``own`` is all of it, whatever its column model says."""
    found = shape(con, file.path, mapping, ())
    columns = {name: column for name, column in found.columns.items() if not (own and name == "model")}
    return replace(found, columns=columns)


def freeze_training(
    con: duckdb.DuckDBPyConnection, training: Mapping[str, Training], known: Columns, count_429: bool
) -> Columns:
    """The known bins with those of columns that only the training files know of so far."""

    def relation(found: Shape, names: Collection[str]) -> str:
        return _relation(found, names, count_429, "(select unnest($models::varchar[]))")

    for model, file in training.items():
        files = [(one, (model,)) for one in file.shapes]
        known = freeze(con, files, known, file.segments, count_429, relation=relation)
    return known


def _relation(found: Shape, names: Collection[str], count_429: bool, model: str = "$model") -> str:
    """The canonical relation of a training file for one model; rows of other models are left out."""
    columns = select(found, count_429=count_429, only={*names, "model", "version"}, absent=("model", "version"))
    own = f" where model = {model}" if found.has("model") else ""
    return f"select * exclude (model), {model} as model from ({columns}){own}"


@dataclass(frozen=True)
class CountedFile:
    """``parts`` are rows of the table ``features`` (hour null without a time), to be read once; ``rows`` the rows of
    the files and the hours they span."""

    parts: Iterator[pl.DataFrame]
    rows: int
    first_hour: int | None
    end_hour: int | None
    problems: list[str]


def count_training(con: duckdb.DuckDBPyConnection, file: Training, grids: Grids, count_429: bool) -> CountedFile:
    """The counts of every column of a training file. ``problems`` grows while the parts are read."""
    problems: list[str] = []
    spans = [span for one in file.shapes if (span := _span(con, file.model, one)).rows]
    timed = all(span.timed for span in spans)
    rows = sum(span.rows for span in spans)
    if not rows:
        raise BurnlineError(f"it holds no row of model {file.model}")
    if not timed and any(one.has("timestamp") for one in file.shapes):
        problems.append(f"{file.path}: some rows have no time, so the hours of the week cannot be told apart")
    first = min(span.first_us for span in spans) // _HOUR_US if timed else None
    end = max(span.last_us for span in spans) // _HOUR_US + 1 if timed else None
    parts = (
        part for one in file.shapes for part in _count(con, file, one, grids, count_429, timed=timed, said=problems)
    )
    return CountedFile(parts, rows, first, end, problems)


@dataclass(frozen=True)
class _Span:
    rows: int
    timed: bool
    first_us: int
    last_us: int


def _span(con: duckdb.DuckDBPyConnection, model: str, found: Shape) -> _Span:
    time = microseconds("timestamp", found) if found.has("timestamp") else "null::bigint"
    own = f"where cast({found.columns['model'].sql} as varchar) = $model" if found.has("model") else ""
    query = f"select count(*), count({time}), min({time}), max({time}) from {literal_scan()} {own}"
    parameters: dict[str, object] = {"path": literal_pattern(found.path)}
    rows, times, first, last = first_row(con, query, {**parameters, "model": model} if own else parameters)
    return _Span(rows, times == rows, first or 0, last or 0)


def _count(
    con: duckdb.DuckDBPyConnection,
    file: Training,
    found: Shape,
    grids: Grids,
    count_429: bool,
    *,
    timed: bool,
    said: list[str],
) -> Iterator[pl.DataFrame]:
    known = dict(grids)
    grid = label_grid(file.model, grids)
    if grid is not None:
        known[file.model, "label"] = grid
    untimed = {name: column for name, column in found.columns.items() if name != "timestamp"}
    read = found if timed else replace(found, columns=untimed)
    kinds = {name: numeric(name, read, file.segments) for name in tracked(read, file.segments)}
    if read.has("label"):
        kinds["label"] = read.columns["label"].kind == "number"
    for names in chunks(kinds):
        relation = _relation(read, names, count_429)
        source = Source(
            path=read.path,
            columns={name: kinds[name] for name in names},
            relation=relation,
            weighted=read.has("weight"),
            parameters={"model": file.model},
        )
        for counted in count(con, source, known):
            said += [f"{file.path}: {text}" for text in counted.problems]
            rows = pl.DataFrame(counted.rows)
            known_only = pl.col("bin").is_not_null() | pl.col("category").is_not_null()
            yield rows.filter(known_only) if counted.name == "label" else rows
