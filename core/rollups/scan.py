"""Which files a workspace names now, and what a new log holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from burnline.logs import RawFile, Shape, expand, profile, shape
from burnline.logs.profile import FileProfile
from burnline.spec import Source, WorkspaceSpec
from burnline.spec.workspace import Reference

Mapped = Mapping[RawFile, Mapping[str, str]]


@dataclass(frozen=True)
class Request:
    """What to ingest: files by kind, each with the mapping (canonical -> raw) of its source.

    ``reference`` is what drift is measured against, with a path as the workspace writes it; ``training`` is that path
    as seen from here.
    """

    logs: Mapped
    labels: Mapped
    metrics: Mapped
    events: Mapped
    reference: Reference
    training: str | None = None

    @property
    def paths(self) -> set[str]:
        """Every path that is asked for."""
        return {f.path for kind in (self.logs, self.labels, self.metrics, self.events) for f in kind}


def named_files(spec: WorkspaceSpec) -> Request:
    """Every file that the sources of a workspace name now; a file belongs to its first source."""

    def of(sources: Sequence[Source]) -> dict[RawFile, Mapping[str, str]]:
        found: dict[str, tuple[RawFile, Mapping[str, str]]] = {}
        for source in sources:
            for file in expand(spec.resolve(source.path)):
                found.setdefault(file.path, (file, source.mapping))
        return dict(found.values())

    path = spec.reference.path
    return Request(
        of(spec.logs),
        of(spec.labels),
        of(spec.metrics),
        of(spec.events),
        reference=spec.reference,
        training=spec.resolve(path) if path is not None else None,
    )


@dataclass(frozen=True)
class NewLog:
    """A log to be rolled: the file, its shape and its profile."""

    file: RawFile
    shape: Shape
    profile: FileProfile

    @property
    def first_us(self) -> int:
        """Time of the first row, in microseconds."""
        return min((s.first_us for s in self.profile.models.values()), default=0)

    @property
    def last_us(self) -> int:
        """Time of the last row, in microseconds."""
        return max((s.last_us for s in self.profile.models.values()), default=0)


def look(con: duckdb.DuckDBPyConnection, file: RawFile, mapping: Mapping[str, str], now: datetime) -> NewLog:
    """Shape and profile of a log. Raises ``BurnlineError`` when it cannot be one."""
    found = shape(con, file.path, mapping, ("timestamp", "model"))
    return NewLog(file, found, profile(con, found, now=now))
