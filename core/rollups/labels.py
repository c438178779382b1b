"""Late labels: which label files touch which logs, and the labels of one log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from burnline.logs.engine import first_row, literal_scan
from burnline.logs.files import literal_pattern
from burnline.logs.relation import BUCKET_US, Kind, Shape, microseconds
from burnline.spec.quoting import quote_identifier

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
    """The labels of one file as request_id, label, us and known (bucket; both -1 without a time) and file number."""
    shape = labels.shape
    parameters[f"path{index}"] = literal_pattern(shape.path)
    us = microseconds("label_timestamp", shape) if shape.has("label_timestamp") else "cast(null as bigint)"
    label = shape.columns["label"].sql
    request = shape.columns["request_id"].sql
    scan = literal_scan().replace("$path", f"$path{index}")
    return f"""
        select cast({request} as varchar) as request_id,
               {f"cast({label} as varchar)" if text else label} as label,
               coalesce({us}, -1) as us, case when us >= 0 then us // {BUCKET_US} else -1 end as known,
               {index} as file
        from {scan} where {request} is not null and {label} is not null"""


def _union(labels: Sequence[Labels], *, text: bool) -> tuple[str, dict[str, object]]:
    parameters: dict[str, object] = {}
    branches = [_rows(one, i, parameters, text=text) for i, one in enumerate(labels)]
    return " union all ".join(branches), parameters


def common_kind(labels: Iterable[Labels]) -> Kind:
    """The family that holds the labels of several files: theirs if they agree, else text."""
    kinds = {one.kind for one in labels}
    return kinds.pop() if len(kinds) == 1 else "text"


@dataclass(frozen=True)
class Summary:
    """What a label file holds: how many requests it names, its last time in microseconds, and a
    sentence for everything that is wrong in it."""

    requests: int
    last_us: int
    problems: tuple[str, ...]


def summary(con: duckdb.DuckDBPyConnection, labels: Labels, now: datetime) -> Summary:
    """The summary of a label file; ``now`` is the wall clock."""
    rows, parameters = _union([labels], text=False)
    query = f"""
        select count(distinct request_id), coalesce(max(known), -1), coalesce(sum(n) filter (us > $now), 0),
               count(distinct request_id) filter (low <> high)
        from (select request_id, us, any_value(known) as known, count(*) as n, min(label) as low, max(label) as high
              from ({rows}) group by request_id, us)"""
    requests, last, future, torn = first_row(con, query, {**parameters, "now": int(now.timestamp() * 1e6)})
    faults = (
        *_left_out(con, labels),
        (future, f"{_counted(future, 'label')} with a time in the future: counted from then on; check the clock"),
        (torn, f"{_counted(torn, 'request')} with different labels of the same time: the largest value counts"),
    )
    return Summary(int(requests), (int(last) + 1) * BUCKET_US, tuple(text for count, text in faults if count))


def _counted(count: int, what: str) -> str:
    """A count with its noun: 1 label, 2 labels."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _left_out(con: duckdb.DuckDBPyConnection, labels: Labels) -> tuple[tuple[int, str], ...]:
    """Rows that name no request, hold no label or have a time that cannot be read: count and sentence."""
    shape = labels.shape
    request, label = (shape.columns[name].sql for name in ("request_id", "label"))
    untimed = "false"
    if shape.has("label_timestamp"):
        time = shape.columns["label_timestamp"].sql
        untimed = f"{time} is not null and {label} is not null and {microseconds('label_timestamp', shape)} is null"
    query = f"""
        select count(*), count_if({request} is null), count_if({request} is not null and {label} is null),
               count_if({untimed})
        from {literal_scan()}"""
    rows, nameless, unlabelled, odd = first_row(con, query, {"path": literal_pattern(shape.path)})
    return (
        (nameless, f"{nameless:,} of {rows:,} rows have no request_id; left out"),
        (unlabelled, f"{unlabelled:,} of {rows:,} rows have no label; left out"),
        (odd, f"{odd:,} of {rows:,} rows have a label_timestamp that is no time; their labels count from the request"),
    )


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


def load(con: duckdb.DuckDBPyConnection, log: Requests, labels: Sequence[Labels], among: str | None = None) -> Kind:
    """Fill the table ``labels(request_id, label, known, torn, early)`` with the labels of one log.

    A label without a time is known from its request on. Of labels that became known in the same
    five minutes the later counts, of those of the same time the largest value. ``torn``: files
    contradict each other at one time; ``early``: known before the request. ``among`` is a table
    with the only requests that are wanted. Returns the family of the values.
    """
    kind = common_kind(labels)
    rows, parameters = _union(labels, text=len({one.kind for one in labels}) > 1)
    request = log.shape.columns["request_id"].sql
    asked = f"{microseconds('timestamp', log.shape)} // {BUCKET_US}"
    requests = f"select cast({request} as varchar) as request_id, {asked} as t from {literal_scan()}"
    if among is not None:
        requests = f"select request_id, null::bigint as t from {quote_identifier(among)}"
    query = f"""
        create or replace temp table labels as
        with ids as (select request_id, min(t) as t from ({requests}) group by request_id),
             moments as (
                 select request_id, us, any_value(known) as known, max(label) as label,
                        min(label) <> max(label) and min(file) <> max(file) as torn
                 from ({rows}) semi join ids using (request_id) group by request_id, us)
        select request_id, known, arg_max(label, us) as label, bool_or(torn) as torn,
               any_value(coalesce(known >= 0 and known < t, false)) as early
        from moments join ids using (request_id) group by request_id, known"""
    if among is None:
        parameters["path"] = literal_pattern(log.path)
    con.execute(query, parameters)
    return kind


def faults(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """A sentence for everything that is wrong with the labels that were loaded last."""
    query = "select count(distinct request_id) filter (torn), count_if(early) from labels"
    torn, early = first_row(con, query)
    found = (
        (
            torn,
            f"{_counted(torn, 'request')} with different labels of the same time in several files: "
            "the largest value counts",
        ),
        (
            early,
            f"{_counted(early, 'label')} with a time before the request: counted from the request; "
            "check the clock and the time zone of label_timestamp",
        ),
    )
    return tuple(text for count, text in found if count)
