"""Where the reference of a model is: its first days in the logs, or a file of its own; figures of it are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import RawFile, expand, is_remote
from burnline.logs.relation import describe
from burnline.rollups.reads import Snapshot
from burnline.rollups.scan import named_files
from burnline.rollups.store import fingerprint
from burnline.spec import WorkspaceSpec
from burnline.validation.figures import Profile
from burnline.validation.profile import profile
from burnline.validation.rules import stamp, when
from burnline.validation.source import open_data
from burnline.validation.sums import Tell

_FORMAT = 2


@dataclass(frozen=True)
class LogSpan:
    """A log that holds rows of the model: its mapping and the first and last of those rows in microseconds."""

    mapping: Mapping[str, str]
    first_us: int
    last_us: int


@dataclass(frozen=True)
class Reference:
    """The files of the reference and the span of them, ``None`` for files of their own."""

    model: str
    files: Mapping[RawFile, Mapping[str, str]]
    span: tuple[int, int] | None
    said: str

    def overlaps(self, start_us: int, end_us: int) -> bool:
        """Whether the span of the reference shares time with [start, end)."""
        return self.span is not None and start_us < self.span[1] and end_us > self.span[0]


@dataclass(frozen=True)
class Logs:
    """The logs of the workspace that hold rows of a model, and the newest time in any log."""

    files: Mapping[RawFile, LogSpan]
    newest_us: int | None


def find_logs(con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, model: str, snapshot: Snapshot) -> Logs:
    """Where the rows of a model are; files that are not ingested are looked into.

    Files that cannot be read are left out: an ingest says so.
    """
    found: dict[RawFile, LogSpan] = {}
    newest = snapshot.ledger.newest_us()
    for file, mapping in named_files(spec).logs.items():
        entry = snapshot.ledger.logs.get(file.path)
        if entry is not None and entry.id == file.id:
            span = entry.models.get(model)
            if span is not None:
                found[file] = LogSpan(mapping, span.first_us, span.last_us)
            continue
        try:
            data = open_data(con, {file: mapping}, model, count_429=spec.count_429)
            if not data.groups:
                continue
            low, high = data.row("select min(_us), max(_us) from log")
            last = data.row("select max(_us) from log", all_rows=True)[0]
        except (BurnlineError, duckdb.Error):
            continue
        newest = max((us for us in (newest, last) if us is not None), default=None)
        if low is not None:
            found[file] = LogSpan(mapping, low, high)
    return Logs(found, newest)


def find_reference(
    con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, model: str, logs: Mapping[RawFile, LogSpan]
) -> tuple[Reference | None, str | None]:
    """The reference that the workspace sets for a model with these logs, or a sentence that says why there is none."""
    if spec.reference.path is not None:
        pattern = spec.resolve(spec.reference.path.replace("{model}", model))
        files = expand(pattern) if not is_remote(pattern) else ()
        if not files:
            return None, f"{pattern}: the reference of {model} is not there; checks that compare are left out"
        mapping = fitting_mapping(con, spec, files[0])
        return Reference(model, dict.fromkeys(files, mapping), None, f"the file {pattern}"), None
    if not logs:
        return None, f"the logs have no row of {model}, so there is no reference; checks that compare are left out"
    first = min(s.first_us for s in logs.values())
    length = spec.reference.first
    end = first + round(length.fixed.total_seconds() * 1e6) if length is not None else first
    inside = {f: s.mapping for f, s in logs.items() if s.first_us < end}
    said = f"the first {length} of the logs, from {stamp(when(first))} to {stamp(when(end))}"
    return Reference(model, inside, (first, end), said), None


def fitting_mapping(con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, file: RawFile) -> Mapping[str, str]:
    """The mapping (canonical -> raw) of the first source of logs whose raw columns a file has; empty without one."""
    mappings = [source.mapping for source in spec.logs if source.mapping]
    if not mappings:
        return {}
    try:
        raw = describe(con, file.path)
    except BurnlineError:
        return {}
    return next((m for m in mappings if set(m.values()) <= set(raw)), {})


def kept_profile(
    con: duckdb.DuckDBPyConnection, reference: Reference, spec: WorkspaceSpec, store: Path, tell: Tell | None
) -> Profile:
    """The figures of a reference, worked out once: kept in the store under the fingerprint of their inputs.

    A store that cannot be written keeps nothing. Raises ``BurnlineError`` when no file of the reference can be read.
    """
    inputs = [f"{f.id} {sorted(m.items())}" for f, m in sorted(reference.files.items(), key=lambda item: item[0].path)]
    key = fingerprint(_FORMAT, reference.model, reference.span, spec.count_429, *inputs)
    path = store / "validation" / f"{key}.json"
    try:
        return Profile.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        pass
    data = open_data(con, reference.files, reference.model, count_429=spec.count_429, span=reference.span)
    if not data.groups:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in data.unreadable.items())
        raise BurnlineError(f"the reference of {reference.model} cannot be read: {reasons}")
    found = profile(data, reference.said, tell=tell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(found.model_dump_json())
        temporary.replace(path)
    except OSError:
        pass
    return found
