"""Late labels: which label files touch which logs, and the labels of one log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from burnline.logs.engine import first_row, literal_scan
from burnline.logs.files import literal_pattern
from burnline.logs.relation import BUCKET_US, Kind, Shape, microseconds

_PROBE_FILES = 64


@dataclass(frozen=True)
class Labels:
    """A label file and its shape."""

    id: str
    shape: Shape

    @property
    def kind(self) -> Kind:
        """The family of its label values."""
        return self.shape.columns["label"].kind


@dataclass(frozen=True)
class Requests:
    """A log whose requests may find their labels in other files."""

    path: str
    shape: Shape
    first_us: int


def _rows(labels: Labels, index: int, parameters: dict[str, object], *, text: bool) -> str:
    """The labels of one file as request_id, label, known (bucket) and file number."""
    shape = labels.shape
    parameters[f"path{index}"] = literal_pattern(shape.path)
    known = (
        f"{microseconds('label_timestamp', shape)} // {BUCKET_US}"
        if shape.has("label_timestamp")
        else "cast(null as bigint)"
    )
    label = shape.columns["label"].sql
    request = shape.columns["request_id"].sql
    scan = literal_scan().replace("$path", f"$path{index}")
    return f"""
        select cast({request} as varchar) as request_id,
               {f"cast({label} as varchar)" if text else label} as label,
               coalesce({known}, -1) as known, {index} as file
        from {scan} where {request} is not null and {label} is not null"""


def _union(labels: Sequence[Labels], *, text: bool) -> tuple[str, dict[str, object]]:
    parameters: dict[str, object] = {}
    branches = [_rows(one, i, parameters, text=text) for i, one in enumerate(labels)]
    return " union all ".join(branches), parameters


def common_kind(labels: Iterable[Labels]) -> Kind:
    """The family that holds the labels of several files: theirs if they agree, else text."""
    kinds = {one.kind for one in labels}
    return kinds.pop() if len(kinds) == 1 else "text"


def summary(con: duckdb.DuckDBPyConnection, labels: Labels) -> tuple[int, int]:
    """How many requests a label file names, and its last time in microseconds."""
    rows, parameters = _union([labels], text=True)
    query = f"select count(distinct request_id), coalesce(max(known), -1) from ({rows})"
    rows_named, last = first_row(con, query, parameters)
    return int(rows_named), (int(last) + 1) * BUCKET_US


def probe(
    con: duckdb.DuckDBPyConnection, labels: Sequence[Labels], logs: Sequence[Requests]
) -> Mapping[str, Mapping[str, int]]:
    """Requests of each log that find a label in each label file: path -> label file id -> count.

    Logs are searched from the newest backwards and the search ends when every label has found
    its request.
    """
    found: dict[str, dict[str, int]] = {}
    if not labels or not logs:
        return found
    rows, parameters = _union(labels, text=True)
    con.execute(
        f"create or replace temp table wanted as select distinct request_id, file from ({rows})",
        parameters,
    )
    open_labels = first_row(con, "select count(*) from wanted")[0]
    ordered = sorted(logs, key=lambda log: (-log.first_us, log.path))
    for start in range(0, len(ordered), _PROBE_FILES):
        if open_labels <= 0:
            break
        for path, file, count in _probe_some(con, ordered[start : start + _PROBE_FILES]):
            found.setdefault(path, {})[labels[file].id] = count
            open_labels -= count
    con.execute("drop table wanted")
    return found


def _probe_some(con: duckdb.DuckDBPyConnection, logs: Sequence[Requests]) -> list[tuple[str, int, int]]:
    matches: list[tuple[str, int, int]] = []
    by_column: dict[str, list[Requests]] = {}
    for log in logs:
        by_column.setdefault(log.shape.columns["request_id"].sql, []).append(log)
    for column, group in by_column.items():
        patterns = {literal_pattern(log.path): log.path for log in group}
        query = f"""
            select r.path, file, count(distinct request_id)
            from (select filename as path, cast({column} as varchar) as request_id
                  from read_parquet($paths, filename = true, union_by_name = true)) r
            join wanted using (request_id) group by all"""
        known = {log.path for log in group}
        for path, file, count in con.execute(query, {"paths": list(patterns)}).fetchall():
            assert path in known, path
            matches.append((path, file, count))
    return matches


def load(con: duckdb.DuckDBPyConnection, log: Requests, labels: Sequence[Labels]) -> Kind:
    """Fill the table ``labels(request_id, label, known)`` with the labels of one log.

    A label without a time is known from its request on. Returns the family of the values.
    """
    kind = common_kind(labels)
    rows, parameters = _union(labels, text=len({one.kind for one in labels}) > 1)
    request = log.shape.columns["request_id"].sql
    query = f"""
        create or replace temp table labels as
        with ids as (select distinct cast({request} as varchar) as request_id
                     from {literal_scan()})
        select request_id, known, max(label) as label
        from ({rows}) semi join ids using (request_id) group by request_id, known"""
    con.execute(query, {**parameters, "path": literal_pattern(log.path)})
    return kind
