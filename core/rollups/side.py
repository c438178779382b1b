"""Infrastructure metrics and change events: small files, kept whole in five-minute form."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from burnline.errors import BurnlineError
from burnline.logs import SCALE, RawFile, Shape, shape
from burnline.logs.engine import first_row, literal_scan, table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import BUCKET_US, microseconds, number
from burnline.rollups.ledger import SideFile
from burnline.rollups.store import Store, fingerprint

EVENT_KINDS = ("deploy", "retrain", "config", "feature", "incident")


def keep_metrics(con: duckdb.DuckDBPyConnection, store: Store, file: RawFile, mapping: Mapping[str, str]) -> SideFile:
    """Sums of every numeric column per five minutes and model: n, total and highest in millionths."""
    found = shape(con, file.path, mapping, ("timestamp", "model"))
    names = [n for n, c in found.columns.items() if c.kind == "number" and n not in ("timestamp", "model")]
    if not names:
        raise BurnlineError(f"{file.path}: a metrics file without a numeric column; add one such as cpu_percent")
    tables = [_metric(con, found, name) for name in names]
    merged = pa.concat_tables(tables).sort_by([(n, "ascending") for n in ("model", "metric", "t")])
    return _keep(con, store, file, found, merged, tuple(names))


def _metric(con: duckdb.DuckDBPyConnection, found: Shape, name: str) -> pa.Table:
    value = number(name, found)
    query = f"""
        select {microseconds("timestamp", found)} // {BUCKET_US} as t,
               cast({found.columns["model"].sql} as varchar) as model, $name as metric,
               count(*) as n, sum(cast(floor({value} * {SCALE} + 0.5) as bigint))::bigint as total,
               max(cast(floor({value} * {SCALE} + 0.5) as bigint)) as highest
        from {literal_scan()}
        where {value} is not null and {microseconds("timestamp", found)} is not null
        group by all"""
    return table(con, query, {"path": literal_pattern(found.path), "name": name})


def keep_events(con: duckdb.DuckDBPyConnection, store: Store, file: RawFile, mapping: Mapping[str, str]) -> SideFile:
    """Changes as they are: us, model, kind, version, note."""
    found = shape(con, file.path, mapping, ("timestamp", "model", "kind"))

    def text(name: str) -> str:
        sql = f"cast({found.columns[name].sql} as varchar)" if found.has(name) else "null::varchar"
        return f"{sql} as {name}"

    time = microseconds("timestamp", found)
    query = f"""
        select {time} as us, {", ".join(text(n) for n in ("model", "kind", "version", "note"))}
        from {literal_scan()} where {time} is not null order by us, model"""
    changes = table(con, query, {"path": literal_pattern(found.path)})
    kinds = tuple(sorted({k for k in changes["kind"].to_pylist() if k is not None}))
    return _keep(con, store, file, found, changes, kinds)


def _keep(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    file: RawFile,
    found: Shape,
    content: pa.Table,
    names: tuple[str, ...],
) -> SideFile:
    time = microseconds("timestamp", found)
    query = f"select count({time}), min({time}), max({time}) from {literal_scan()}"
    rows, first, last = first_row(con, query, {"path": literal_pattern(file.path)})
    name = store.put(f"side-{fingerprint(file.id, *names, *found.columns)}", content)
    return SideFile(
        id=file.id,
        rows=rows,
        first_us=first or 0,
        last_us=last or 0,
        object=name,
        names=names,
        problems=found.problems,
    )
