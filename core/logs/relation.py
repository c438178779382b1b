"""The canonical relation: one parquet log as Burnline's columns, whatever its own types are.

A relation is a ``select`` over one file. Beside the columns of the log it offers derived ones:

- ``_us``: the request's time in microseconds since the epoch; ``_t``: its five-minute bucket
- ``_known``: the bucket from which the label counts (label_timestamp, else the request's own)
- ``_ok``: the request did not fail;  ``_w``: its weight in millionths (1 / sampling fraction)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from burnline.errors import BurnlineError
from burnline.logs.engine import first_row, literal_scan, unreadable
from burnline.logs.files import literal_pattern
from burnline.spec.quoting import quote_identifier

Kind = Literal["number", "text", "bool", "time", "other"]

SCALE = 1_000_000
BUCKET_US = 300_000_000

_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM",
)  # fmt: skip

NUMERIC = ("latency_ms", "confidence", "weight", "relevance", "rank", "score", "status")
TEMPORAL = ("timestamp", "label_timestamp", "feature_timestamp")
TEXTUAL = ("model", "version", "region", "tenant", "request_id", "query_id")


def kind_of(engine_type: str) -> Kind:
    """The family of an engine type: number, text, bool, time or other (nested, binary, …).

    A column that is null throughout and has no type passes for text.
    """
    base = engine_type.split("(")[0].strip().upper()
    if engine_type.endswith("]"):
        return "other"
    if base in _NUMBERS:
        return "number"
    if base.strip('"') in ("VARCHAR", "ENUM", "UUID", "CHAR", "NULL"):
        return "text"
    if base == "BOOLEAN":
        return "bool"
    if base.startswith("TIMESTAMP") or base == "DATE":
        return "time"
    return "other"


@dataclass(frozen=True)
class Column:
    """A column as found: its raw name, the engine's type and the family of it."""

    raw: str
    type: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.type)

    @property
    def sql(self) -> str:
        return quote_identifier(self.raw)


@dataclass(frozen=True)
class Shape:
    """What a file offers: its canonical columns, and a sentence for each one left out."""

    path: str
    columns: Mapping[str, Column]
    problems: tuple[str, ...]
    epoch_units: Mapping[str, int] = field(default_factory=dict)
    never_null: frozenset[str] = frozenset()

    def has(self, *names: str) -> bool:
        """Whether the file has all of these canonical columns."""
        return all(name in self.columns for name in names)

    @property
    def features(self) -> tuple[str, ...]:
        """The feature columns, in the order of the file."""
        return tuple(name for name in self.columns if name.startswith("f_"))


def describe(con: duckdb.DuckDBPyConnection, path: str) -> dict[str, str]:
    """Raw column names and engine types of a parquet file, hive partition keys included.

    Raises ``BurnlineError`` when the file is missing, cut off or not parquet.
    """
    try:
        rows = con.execute(f"describe select * from {literal_scan()}", {"path": literal_pattern(path)}).fetchall()
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    return {name: engine_type for name, engine_type, *_ in rows}


def canonical_columns(raw: Mapping[str, str], mapping: Mapping[str, str]) -> tuple[dict[str, Column], list[str]]:
    """Raw columns under their canonical names, and a sentence for each that cannot be used.

    ``mapping`` goes from canonical to raw names; unmapped columns keep their own name.
    """
    taken = set(mapping.values())
    columns = {name: Column(source, raw[source]) for name, source in mapping.items() if source in raw}
    for name, engine_type in raw.items():
        if name not in taken and name not in columns:
            columns[name] = Column(name, engine_type)
    problems = []
    for name in list(columns):
        reason = _unusable(name, columns[name].kind)
        if reason:
            problems.append(f"column {name} is {columns[name].type}, {reason}; it is left out")
            del columns[name]
    return columns, problems


def _unusable(name: str, kind: Kind) -> str | None:
    if name in TEMPORAL:
        return None if kind in ("time", "number", "text") else "not a time"
    if name in NUMERIC or name.startswith(("p_", "b_")):
        return None if kind in ("number", "text", "bool") else "not a number"
    if name == "canary":
        return None if kind in ("bool", "number") else "neither true nor false"
    return "which is no single value" if kind == "other" else None


def shape(con: duckdb.DuckDBPyConnection, path: str, mapping: Mapping[str, str], required: tuple[str, ...]) -> Shape:
    """The shape of a file. Raises ``BurnlineError`` when a required column is missing."""
    raw = describe(con, path)
    columns, problems = canonical_columns(raw, mapping)
    for name in required:
        if name not in columns:
            source = mapping.get(name, name)
            wrong_type = next((p for p in problems if p.startswith(f"column {name} is ")), None)
            why = wrong_type or f"it has no column {source}"
            raise BurnlineError(
                f"{path}: {why}; every file of this kind needs {' and '.join(required)}: "
                "name the column in the mapping of the workspace, or leave the file out"
            )
    return Shape(path, columns, tuple(problems), _epoch_units(con, path, columns), _never_null(con, path, columns))


def _never_null(con: duckdb.DuckDBPyConnection, path: str, columns: Mapping[str, Column]) -> frozenset[str]:
    """Canonical columns of which the footer says that no row is null: they need not be looked at."""
    query = """
        select path_in_schema from parquet_metadata($path) group by path_in_schema
        having sum(stats_null_count) = 0 and count(*) = count(stats_null_count)"""
    full = {name for (name,) in con.execute(query, {"path": literal_pattern(path)}).fetchall()}
    return frozenset(name for name, column in columns.items() if column.raw in full)


def _epoch_units(con: duckdb.DuckDBPyConnection, path: str, columns: Mapping[str, Column]) -> dict[str, int]:
    """Units per second of time columns that hold numbers, judged by their largest value."""
    numeric = [n for n in TEMPORAL if n in columns and columns[n].kind == "number"]
    if not numeric:
        return {}
    tops = ", ".join(f"max({columns[n].sql})::double" for n in numeric)
    row = first_row(con, f"select {tops} from {literal_scan()}", {"path": literal_pattern(path)})
    return {name: _unit(abs(top or 0.0)) for name, top in zip(numeric, row, strict=True)}


def _unit(top: float) -> int:
    """Seconds, milli-, micro- or nanoseconds: which one puts ``top`` before the year 5000."""
    return next(10**digits for digits in (0, 3, 6, 9) if top < 10 ** (11 + digits) or digits == 9)


def microseconds(name: str, shape: Shape) -> str:
    """SQL for a time column in microseconds since the epoch; naive times are UTC."""
    column = shape.columns[name]
    if column.kind == "number":
        unit = shape.epoch_units[name]
        if unit <= 10**6:
            return f"cast(floor({column.sql}::double * {10**6 // unit}) as bigint)"
        return f"cast({column.sql} as bigint) // {unit // 10**6}"
    if column.kind == "text":
        return f"epoch_us(try_cast({column.sql} as timestamptz))"
    if column.type == "DATE":
        return f"epoch_us(cast({column.sql} as timestamp))"
    if column.type == "TIMESTAMPTZ_NS":
        return f"epoch_us(cast({column.sql} as timestamptz))"
    return f"epoch_us({column.sql})"


def number(name: str, shape: Shape, condition: str = "") -> str:
    """SQL for a column as a double; text that is no number and non-finite values are null.

    ``condition`` (on ``{}``) turns values that do not meet it into null as well.
    """
    column = shape.columns[name]
    whole = column.type in _INTEGERS
    plain = column.sql if column.type == "DOUBLE" else f"cast({column.sql} as double)"
    value = f"try_cast({column.sql} as double)" if column.kind == "text" else plain
    tests = [] if whole else [f"isfinite({value})"]
    tests += [condition.format(value)] if condition else []
    return f"(case when {' and '.join(tests)} then {value} end)" if tests else value


_INTEGERS = ("BOOLEAN", *(t for t in _NUMBERS if t.endswith(("INT", "INTEGER"))))


def select(
    shape: Shape,
    *,
    count_429: bool,
    drop_rows: bool = False,
    absent: Iterable[str] = (),
    only: Collection[str] | None = None,
    thinned: str | None = None,
) -> str:
    """The canonical relation of one file as a ``select``; the file is the parameter ``$path``.

    With ``drop_rows`` the rows listed in the table ``dropped(row)`` are left out. The columns in
    ``absent`` are null where the file lacks them. ``only`` limits the columns (derived ones
    aside), which spares planning the others. ``thinned`` is a condition on ``file_row_number``:
    only such rows are taken, and that number is in ``_row``.
    """
    nulls = [f"({shape.columns[n].sql} is null)::int" for n in shape.features if n not in shape.never_null]
    timed = shape.has("timestamp")
    parts = [
        f"{microseconds('timestamp', shape) if timed else 'cast(null as bigint)'} as _us",
        f"_us // {BUCKET_US} as _t",
        _known(shape),
        f"{_ok(shape, count_429)} as _ok",
        f"{_weight(shape)} as _w",
        f"{len(shape.features)} as _features",
        f"{' + '.join(nulls) or '0'} as _nulls",
    ]
    parts += ["file_row_number as _row"] if thinned is not None else []
    parts.extend(f"cast(null as varchar) as {quote_identifier(n)}" for n in absent if n not in shape.columns)
    parts.extend(
        f"{_value(name, column, shape)} as {quote_identifier(name)}"
        for name, column in shape.columns.items()
        if only is None or name in only
    )
    conditions = []
    if timed and ("timestamp" not in shape.never_null or shape.columns["timestamp"].kind == "text"):
        conditions.append(f"{microseconds('timestamp', shape)} is not null")
    if shape.has("model") and "model" not in shape.never_null:
        conditions.append(f"{shape.columns['model'].sql} is not null")
    if drop_rows:
        conditions.append("file_row_number not in (select row from dropped)")
    if thinned is not None:
        conditions.append(thinned)
    source = literal_scan(row_numbers=drop_rows or thinned is not None)
    where = f"\nwhere {' and '.join(conditions)}" if conditions else ""
    columns = ",\n  ".join(parts)
    return f"select\n  {columns}\nfrom {source}{where}"


def _value(name: str, column: Column, shape: Shape) -> str:
    if name in TEMPORAL:
        return microseconds(name, shape)
    if name == "latency_ms":
        return number(name, shape, "{} >= 0")
    if name == "confidence":
        return number(name, shape, "{} between 0 and 1")
    if name in NUMERIC or name.startswith(("p_", "b_")):
        return number(name, shape)
    if name in TEXTUAL or name.startswith("d_"):
        return column.sql if column.type == "VARCHAR" else f"cast({column.sql} as varchar)"
    if name == "canary":
        return f"coalesce(cast({column.sql} as boolean), false)"
    return column.sql


def _known(shape: Shape) -> str:
    if not shape.has("label_timestamp"):
        return "_t as _known"
    return f"greatest(coalesce({microseconds('label_timestamp', shape)} // {BUCKET_US}, _t), _t) as _known"


def _ok(shape: Shape, count_429: bool) -> str:
    if not shape.has("status"):
        return "true"
    column = shape.columns["status"]
    status = column.sql if column.type in _INTEGERS else number("status", shape)
    failed = f"{status} >= 500" + (f" or {status} = 429" if count_429 else "")
    sure = "status" in shape.never_null and column.type in _INTEGERS
    return f"not ({failed})" if sure else f"not coalesce({failed}, false)"


def _weight(shape: Shape) -> str:
    if not shape.has("weight"):
        return f"cast({SCALE} as bigint)"
    weight = number("weight", shape)
    return f"coalesce(case when {weight} >= 0 then cast(floor({weight} * {SCALE} + 0.5) as bigint) end, {SCALE})"


def wrong(prediction: Kind, label: Kind) -> str:
    """SQL that is true where the column ``label`` differs from the column ``prediction``."""
    return f"not {_equal('prediction', 'label', (prediction, label))}"


def error(prediction: Kind, label: Kind) -> str:
    """SQL for label - prediction, null where one of them is no finite number."""
    value = " - ".join(
        f"{'try_cast' if kind == 'text' else 'cast'}({name} as double)"
        for name, kind in (("label", label), ("prediction", prediction))
        if kind != "time"
    )
    return f"(case when isfinite({value}) then {value} end)"


def _equal(left: str, right: str, kinds: tuple[Kind, Kind]) -> str:
    if kinds[0] == kinds[1]:
        return f"({left} is not distinct from {right})"
    if set(kinds) <= {"number", "bool"}:
        return f"(cast({left} as double) is not distinct from cast({right} as double))"
    if "number" in kinds:
        text, other = (left, right) if kinds[0] == "text" else (right, left)
        return f"(try_cast({text} as double) is not distinct from cast({other} as double))"
    return f"(lower(cast({left} as varchar)) is not distinct from lower(cast({right} as varchar)))"
