"""The data under validation: parquet files as one relation of canonical columns, whatever their types are.

Unlike the relation that rollups read, this one hides nothing: infinities, negative latencies and text among numbers
are still there. Numbers are doubles, times microseconds since the epoch, everything else is text. Beside the columns
there are ``_us`` (time of the request), ``_ok`` (it did not fail), ``_row`` (place in its file) and, for number
columns that some file holds as text, the text under ``_text <column>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, shape
from burnline.logs.engine import first_row, frame
from burnline.logs.files import literal_pattern
from burnline.logs.relation import Column, Kind, describe, microseconds
from burnline.spec.columns import column_type
from burnline.spec.quoting import quote_identifier

T = TypeVar("T")

TIMES = ("timestamp", "label_timestamp", "feature_timestamp")
_NAMED = re.compile(r'("(?:[^"]|"")*")|\$([a-z]\w*)')


@dataclass(frozen=True)
class Condition:
    """SQL over the relation that is true or false for a row, with its values as parameters ``$name``."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def named(self, prefix: str) -> tuple[str, dict[str, object]]:
        """The text and the values with every parameter renamed, so that several can stand in one statement."""
        text = _NAMED.sub(lambda m: m[1] or f"${prefix}_{m[2]}", self.text)
        return text, {f"{prefix}_{name}": value for name, value in self.values.items()}


ALWAYS = Condition("true")


@dataclass(frozen=True)
class Group:
    """Files with the same columns and types."""

    paths: tuple[str, ...]
    shape: Shape


@dataclass(frozen=True)
class Data:
    """Readable files of one kind of data, and the part of them that is judged.

    ``span`` is [from, to) in microseconds or ``None`` for all; ``model`` limits the rows to one model where a file
    names models. ``targets`` says per canonical column what it is read as: number, text or time. ``unreadable`` are
    files that could not be opened, with the reason; ``empty`` those without rows.
    """

    con: duckdb.DuckDBPyConnection
    groups: tuple[Group, ...]
    targets: Mapping[str, Kind]
    model: str
    span: tuple[int, int] | None = None
    count_429: bool = True
    unreadable: Mapping[str, str] = field(default_factory=dict)
    empty: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """How many files could be read."""
        return sum(len(group.paths) for group in self.groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every canonical column of some file, in the order of the files."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group.shape.columns))

    def kinds(self, name: str) -> dict[Kind, list[Group]]:
        """The families of types that a column has, and the files of each."""
        found: dict[Kind, list[Group]] = {}
        for group in self.groups:
            if name in group.shape.columns:
                found.setdefault(group.shape.columns[name].kind, []).append(group)
        return found

    def has(self, *names: str) -> bool:
        """Whether some file has each of these columns."""
        return all(any(name in group.shape.columns for group in self.groups) for name in names)

    def rows(
        self, query: str, conditions: Sequence[Condition] = (), *, all_rows: bool = False
    ) -> list[tuple[Any, ...]]:
        """The rows of a query over ``log``; parameters of ``conditions`` are named ``c<index>_…``."""
        text, parameters = self._statement(query, conditions, all_rows=all_rows)
        return self.con.execute(text, parameters).fetchall()

    def row(self, query: str, conditions: Sequence[Condition] = (), *, all_rows: bool = False) -> tuple[Any, ...]:
        """The one row of an aggregate over ``log``."""
        text, parameters = self._statement(query, conditions, all_rows=all_rows)
        return first_row(self.con, text, parameters)

    def frame(self, query: str) -> Any:
        """A polars frame of a query over ``log``."""
        text, parameters = self._statement(query, (), all_rows=False)
        return frame(self.con, text, parameters)

    def _statement(
        self, query: str, conditions: Sequence[Condition], *, all_rows: bool
    ) -> tuple[str, dict[str, object]]:
        parameters: dict[str, object] = {
            f"paths{i}": [*map(literal_pattern, g.paths)] for i, g in enumerate(self.groups)
        }
        used = {match[2] for match in _NAMED.finditer(query)}
        for i, condition in enumerate(conditions):
            parameters |= {k: v for k, v in condition.named(f"c{i}")[1].items() if k in used}
        where = []
        if not all_rows and any("model" in g.shape.columns for g in self.groups):
            where.append('("model" = $model or _nameless)')
            parameters["model"] = self.model
        if not all_rows and self.span is not None:
            where.append("_us >= $from and _us < $to")
            parameters |= {"from": self.span[0], "to": self.span[1]}
        limits = f"where {' and '.join(where)}" if where else ""
        union = "\nunion all\n".join(self._select(i, g, query) for i, g in enumerate(self.groups))
        return f"with every as ({union}),\nlog as (select * from every {limits})\n{query}", parameters

    def _select(self, index: int, group: Group, query: str) -> str:
        """One group as canonical columns, only those that the query speaks of."""
        found = group.shape
        names = [n for n in self.targets if n == "model" or quote_identifier(n) in query or f"_text {n}" in query]
        status = self._number("status", found.columns.get("status"))
        failed = f"{status} >= 500" + (f" or {status} = 429" if self.count_429 else "")
        parts = [
            f"{self._time('timestamp', found)} as _us",
            f"not coalesce({failed}, false) as _ok",
            "file_row_number as _row",
            f"{'false' if 'model' in found.columns else 'true'} as _nameless",
        ]
        parts += [f"{self._value(n, found)} as {quote_identifier(n)}" for n in names]
        parts += [
            f"{_raw_text(found.columns.get(n))} as {quote_identifier(f'_text {n}')}"
            for n in names
            if f"_text {n}" in query
        ]
        scan = f"read_parquet($paths{index}, hive_partitioning = true, file_row_number = true)"
        return f"select {', '.join(parts)} from {scan}"

    def _value(self, name: str, found: Shape) -> str:
        column, target = found.columns.get(name), self.targets[name]
        if target == "time":
            return self._time(name, found)
        if target == "number":
            return self._number(name, column)
        if column is None:
            return "null::varchar"
        return column.sql if column.type == "VARCHAR" else f"cast({column.sql} as varchar)"

    def _number(self, name: str, column: Column | None) -> str:
        if column is None or column.kind in ("other", "time"):
            return "null::double"
        if column.type == "DOUBLE":
            return column.sql
        return f"{'try_cast' if column.kind == 'text' else 'cast'}({column.sql} as double)"

    def _time(self, name: str, found: Shape) -> str:
        column = found.columns.get(name)
        if column is None or column.kind not in ("time", "number", "text"):
            return "null::bigint"
        return microseconds(name, found) if name in TIMES else _other_time(column)


def _other_time(column: Column) -> str:
    """A time column beyond the canonical three, in microseconds; only real times and text are read."""
    if column.kind == "number":
        return "null::bigint"
    return f"epoch_us(try_cast({column.sql} as timestamptz))"


def _raw_text(column: Column | None) -> str:
    return column.sql if column is not None and column.kind == "text" else "null::varchar"


def open_data(
    con: duckdb.DuckDBPyConnection,
    files: Mapping[RawFile, Mapping[str, str]],
    model: str,
    *,
    count_429: bool,
    span: tuple[int, int] | None = None,
    wanted: Mapping[str, Kind] | None = None,
) -> Data:
    """Look at the columns of every file (path with its mapping canonical -> raw) and put like beside like.

    ``wanted`` says what columns are read as; others by their name, else by the type that most files give them.
    """
    groups: dict[object, tuple[list[str], Shape]] = {}
    unreadable: dict[str, str] = {}
    empty: list[str] = []
    for file, mapping in files.items():
        try:
            found = _shape(con, file.path, mapping)
            if not _row_count(con, file.path):
                empty.append(file.path)
        except BurnlineError as error:
            unreadable[file.path] = str(error).removeprefix(f"{file.path}: ")
            continue
        except duckdb.Error as error:
            unreadable[file.path] = f"cannot be read as parquet ({str(error).splitlines()[0]})"
            continue
        key = (*((n, c.raw, c.type) for n, c in found.columns.items()), *sorted(found.epoch_units.items()))
        groups.setdefault(key, ([], found))[0].append(file.path)
    alike = tuple(Group(tuple(paths), found) for paths, found in groups.values())
    return Data(con, alike, _targets(alike, wanted or {}), model, span, count_429, unreadable, tuple(empty))


def _shape(con: duckdb.DuckDBPyConnection, path: str, mapping: Mapping[str, str]) -> Shape:
    """As ``shape``, but columns of a wrong type are kept: that they are wrong is for the checks to say."""
    found = shape(con, path, mapping, ())
    raw = describe(con, path)
    taken = set(mapping.values())
    kept = {name: Column(source, raw[source]) for name, source in mapping.items() if source in raw}
    kept |= {name: Column(name, type_) for name, type_ in raw.items() if name not in taken and name not in kept}
    return replace(found, columns=kept)


def _row_count(con: duckdb.DuckDBPyConnection, path: str) -> int:
    query = "select num_rows from parquet_file_metadata($path)"
    return int(first_row(con, query, {"path": literal_pattern(path)})[0])


def _targets(groups: Iterable[Group], wanted: Mapping[str, Kind]) -> dict[str, Kind]:
    votes: dict[str, dict[Kind, int]] = {}
    for group in groups:
        for name, column in group.shape.columns.items():
            ballot = votes.setdefault(name, {})
            ballot[column.kind] = ballot.get(column.kind, 0) + len(group.paths)
    targets: dict[str, Kind] = dict(wanted)
    for name, ballot in votes.items():
        if name not in targets:
            targets[name] = _target(name, max(ballot, key=lambda kind: ballot[kind]))
    return targets


def _target(name: str, kind: Kind) -> Kind:
    by_name = column_type(name)
    if name in TIMES:
        return "time"
    if name == "canary":
        return "text"
    if by_name == "number":
        return "number"
    if by_name == "text":
        return "text"
    return kind if kind in ("number", "time") else "text"


def chunks(items: Sequence[T], size: int) -> list[list[T]]:
    """The items in lists of at most ``size``."""
    return [list(items[i : i + size]) for i in range(0, len(items), size)]
