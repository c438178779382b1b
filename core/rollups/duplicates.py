"""Requests that were logged twice count once: the first copy stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from burnline.logs import Shape
from burnline.logs.engine import first_row, literal_scan, table
from burnline.logs.files import literal_pattern


@dataclass(frozen=True)
class Candidate:
    """A log that came before and overlaps in time."""

    path: str
    id: str
    shape: Shape


def drop_duplicates(con: duckdb.DuckDBPyConnection, shape: Shape, before: Sequence[Candidate]) -> int:
    """Fill the table ``dropped(row)`` with rows to leave out of a file, and count them.

    A duplicate has the model and request_id of an earlier row of the file or of a row of a file
    ``before`` it. In a ranking log the rows of one request are its items, so query, rank and
    score must agree as well. Rows without a request_id are never duplicates.
    """
    if not shape.has("request_id") or not (_repeats(con, shape) or before):
        return 0
    keys = _keys(shape)
    parameters: dict[str, object] = {"path": literal_pattern(shape.path)}
    branches = []
    for index, one in enumerate(before):
        parameters[f"path{index}"] = literal_pattern(one.path)
        scan = literal_scan().replace("$path", f"$path{index}")
        branches.append(f"select {_keys(one.shape, like=shape)} from {scan}")
    seen = " union all ".join(branches)
    earlier = f"or (model, keys) in (select (model, keys) from ({seen}))" if branches else ""
    con.execute(
        f"""
        create or replace temp table dropped as
        with rows as (select file_row_number as row, {keys}
                      from {literal_scan(row_numbers=True)}),
             placed as (select *, row_number() over (partition by model, keys order by row) as copy
                        from rows where keys is not null and model is not null)
        select row from placed where copy > 1 {earlier}""",
        parameters,
    )
    return int(first_row(con, "select count(*) from dropped")[0])


def dropped_rows(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The table ``dropped`` to keep with the rollups: the logs it was found with may go."""
    return table(con, "select row from dropped order by row")


def restore_dropped(con: duckdb.DuckDBPyConnection, path: str) -> None:
    """Fill the table ``dropped(row)`` from where it was kept."""
    con.execute("create or replace temp table dropped as select row from read_parquet($path)", {"path": path})


def _repeats(con: duckdb.DuckDBPyConnection, shape: Shape) -> bool:
    """Whether some key occurs twice; decided on 64-bit hashes, which is far cheaper."""
    query = f"""
        with rows as (select {_keys(shape)} from {literal_scan()})
        select count(keys) > count(distinct hash(model, keys)) filter (keys is not null) from rows"""
    return bool(first_row(con, query, {"path": literal_pattern(shape.path)})[0])


def _keys(shape: Shape, like: Shape | None = None) -> str:
    """The columns ``model`` and ``keys`` (null without a request_id)."""
    request = f"cast({shape.columns['request_id'].sql} as varchar)"
    parts = [request]
    if (like or shape).has("query_id"):
        parts += [
            f"cast({shape.columns[n].sql} as varchar)" if shape.has(n) else "null::varchar"
            for n in ("query_id", "rank", "score")
        ]
    key = parts[0] if len(parts) == 1 else f"case when {request} is not null then row({', '.join(parts)}) end"
    return f"cast({shape.columns['model'].sql} as varchar) as model, {key} as keys"
