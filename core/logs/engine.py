"""The embedded query engine, as every part of Burnline opens it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from burnline.errors import BurnlineError

_NOISE = re.compile(r"\s*\n.*", re.DOTALL)


def connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """An in-memory connection in UTC that installs and loads nothing from outside."""
    con = duckdb.connect(
        config={
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
    )
    con.execute("set TimeZone = 'UTC'")
    return con


def first_row(
    con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> tuple[Any, ...]:
    """The one row of an aggregate. (A half-read result would block the connection.)"""
    rows = con.execute(query, dict(parameters or {})).fetchall()
    return tuple(rows[0])


def table(con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
    """The result of a query as an Arrow table."""
    return con.sql(query, params=dict(parameters or {})).to_arrow_table()


def frame(con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
    """The result of a query as a polars frame."""
    result: pl.DataFrame = con.sql(query, params=dict(parameters or {})).pl()
    return result


def literal_scan(*, row_numbers: bool = False) -> str:
    """A table function over the file named by the parameter ``$path``."""
    extra = ", file_row_number = true" if row_numbers else ""
    return f"read_parquet($path, hive_partitioning = true{extra})"


def sentence(error: duckdb.Error) -> str:
    """The first line of an engine error, without the position in our own query."""
    text = _NOISE.sub("", str(error))
    return re.sub(r"^[A-Z][A-Za-z /-]*Error: ", "", text)


def unreadable(path: str, error: duckdb.Error) -> BurnlineError:
    """Why a file cannot be read as parquet, as a sentence about the file."""
    text = sentence(error)
    if "No files found" in text:
        return BurnlineError(f"{path}: there is no such file; check the path")
    if "too small to be a Parquet" in text or "No magic bytes" in text:
        return BurnlineError(f"{path}: not a parquet file (or cut off before its end); write it again or remove it")
    return BurnlineError(f"{path}: cannot be read as parquet ({text}); write it again or remove it")
