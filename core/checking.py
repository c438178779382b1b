"""What is this parquet: its format, which SLIs it can support, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from burnline.errors import BurnlineError
from burnline.logs import ModelProfile, RawFile, Shape, classify, expand, profile, profile_models, shape
from burnline.logs.engine import connect
from burnline.logs.relation import canonical_columns, describe
from burnline.results import CheckReport, Impossible
from burnline.slis import catalogue

_COMPOSED = ("quality", "custom")
_FORMATS = {
    "logs": "burnline",
    "labels": "burnline labels",
    "metrics": "burnline metrics",
    "events": "burnline events",
    "training": "burnline training",
}


def check(paths: Sequence[str], *, mapping: Mapping[str, str] | None = None) -> tuple[CheckReport, ...]:
    """One report per path (a file, a folder or a glob). Changes nothing.

    ``mapping`` goes from canonical to raw column names. Raises ``BurnlineError`` when a path
    names no file or its files are not parquet.
    """
    return tuple(_check(path, dict(mapping or {})) for path in paths)


def _check(path: str, mapping: dict[str, str]) -> CheckReport:
    files = expand(path)
    if not files:
        raise BurnlineError(f"{path}: there is no such parquet file or folder; check the path")
    kinds = {file.path: classify(file.path, mapping) for file in files}
    logs = [file for file in files if kinds[file.path] == "logs"]
    return _check_logs(path, logs, files, mapping) if logs else _check_others(path, files, kinds, mapping)


def _check_logs(path: str, logs: Sequence[RawFile], files: Sequence[RawFile], mapping: dict[str, str]) -> CheckReport:
    shapes, problems, rows = [], [], 0
    with connect(threads=2) as con:
        for file in logs:
            found = shape(con, file.path, mapping, ("timestamp", "model"))
            content = profile(con, found, now=datetime.now(UTC))
            shapes.append(found)
            rows += content.rows
            problems += [p if len(logs) == 1 else f"{file.path}: {p}" for p in content.problems]
    if len(logs) < len(files):
        problems.append(f"{len(files) - len(logs)} of {len(files)} files are not logs")
    problems += _changing_columns(shapes)
    models = profile_models([file.path for file in logs], mapping)
    if not rows:
        problems.append("the log has no rows")
    impossible = _impossible(models)
    return CheckReport(
        path=path,
        format=_FORMATS["logs"],
        confidence=1.0,
        mapping={name: column.raw for found in shapes for name, column in found.columns.items()},
        possible=tuple(n for n in catalogue() if n not in {i.sli for i in impossible} | set(_COMPOSED)),
        impossible=tuple(impossible),
        problems=tuple(problems),
        rows=rows,
        from_=min((m.first for m in models), default=None),
        to=max((m.last for m in models), default=None),
        models=tuple(m.model for m in models),
    )


def _changing_columns(shapes: Sequence[Shape]) -> list[str]:
    every = {name for found in shapes for name in found.columns}
    partial = sorted(n for n in every if not all(found.has(n) for found in shapes))
    return [
        f"column {name} is missing in {sum(not found.has(name) for found in shapes)} of {len(shapes)} files"
        for name in partial
    ]


def _impossible(models: Sequence[ModelProfile]) -> list[Impossible]:
    """SLIs for which no model has the columns, with the columns it lacks."""
    filled = frozenset().union(*(m.columns for m in models)) if models else frozenset()
    found = []
    for name, sli in catalogue().items():
        reason: str | None = None
        if "metrics:*" in sli.kind.columns:
            reason = "it needs a file of infrastructure metrics (timestamp, model, cpu_percent, …)"
        else:
            lacking = [c for c in sli.kind.columns if not _filled(c, filled)]
            reason = f"no values in column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}" if lacking else None
        if reason is None and name == "rmse" and not any(m.label_kind == "number" for m in models):
            reason = "prediction and label are categories, not numbers"
        if reason is not None:
            found.append(Impossible(sli=name, reason=reason))
    return found


def _filled(column: str, filled: frozenset[str]) -> bool:
    return any(c.startswith("f_") for c in filled) if column == "f_*" else column in filled


def _check_others(
    path: str, files: Sequence[RawFile], kinds: Mapping[str, str], mapping: dict[str, str]
) -> CheckReport:
    """Files that are no logs: labels, metrics, events, training runs, or not recognised."""
    kind = kinds[files[0].path]
    rows = 0
    columns: dict[str, str] = {}
    problems: list[str] = []
    with connect() as con:
        for file in files:
            raw = describe(con, file.path)
            found, wrong = canonical_columns(raw, mapping)
            columns |= {name: column.raw for name, column in found.items()}
            problems += wrong
            rows += con.execute("select num_rows from parquet_file_metadata($path)", {"path": file.path}).fetchall()[0][
                0
            ]
    if kind == "unknown":
        reasons = [_missing(name, columns) for name in ("timestamp", "model") if name not in columns]
        why = " and ".join(reasons)
        problems.append(f"{why}; every log needs both: name the columns in a mapping")
    else:
        why = f"this is a file of {kind}, not a log of requests"
    return CheckReport(
        path=path,
        format=_FORMATS.get(kind),
        confidence=1.0 if kind in _FORMATS else 0.0,
        mapping=columns,
        possible=(),
        impossible=tuple(Impossible(sli=n, reason=why) for n in catalogue() if n not in _COMPOSED),
        problems=tuple(problems),
        rows=rows,
        from_=None,
        to=None,
        models=(),
    )


def _missing(name: str, columns: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
    return f"no column {name}" + (f" (is it {near[0]}?)" if near else "")
