"""What data are held against: the schema of a model, and the figures of its reference."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from burnline.errors import BurnlineError
from burnline.logs.engine import connect
from burnline.logs.relation import Kind
from burnline.rollups.reads import Snapshot
from burnline.spec import WorkspaceSpec
from burnline.spec.errors import nearest
from burnline.spec.read_schema import load_schema, orphans
from burnline.spec.schema import Schema
from burnline.validation.figures import Profile
from burnline.validation.infer import infer
from burnline.validation.reference import Logs, Reference, find_logs, find_reference, kept_profile
from burnline.validation.sums import Tell

_MEMORY = "4GB"
_KINDS: Mapping[str, Kind] = {
    "number": "number",
    "integer": "number",
    "string": "text",
    "boolean": "text",
    "timestamp": "time",
}


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on all processors whose memory is bounded."""
    with connect(threads=os.cpu_count() or 1) as con:
        con.execute(f"set memory_limit = '{_MEMORY}'")
        yield con


@dataclass(frozen=True)
class Standard:
    """The schema (the file's, else inferred, else empty), the reference with its figures, and ``notes`` about both."""

    schema: Schema
    reference: Reference | None
    profile: Profile | None
    notes: tuple[str, ...] = ()

    def kinds(self) -> dict[str, Kind]:
        """What columns are read as: the schema's types, else those of the reference."""
        found: dict[str, Kind] = {}
        if self.profile is not None:
            found.update(dict.fromkeys(self.profile.numbers, "number"))
            found.update(dict.fromkeys(self.profile.texts, "text"))
        return found | {name: _KINDS[rule.type] for name, rule in self.schema.columns.items()}


def standard(
    con: duckdb.DuckDBPyConnection, spec: WorkspaceSpec, model: str, logs: Logs, store: Path, tell: Tell | None
) -> Standard:
    """What the data of a model are held against.

    Raises ``BurnlineError`` for a schema that is wrong and a reference that cannot be read.
    """
    schema = load_schema(spec.path, model)
    reference, problem = find_reference(con, spec, model, logs.files)
    profile = kept_profile(con, reference, spec, store, tell) if reference is not None else None
    notes = [f"reference: {profile.said}"] if profile is not None else [problem or ""]
    if profile is not None and not profile.rows.rows:
        notes = [f"the reference ({profile.said}) has no row of {model}; checks that compare are left out"]
        profile = None
    if schema is None:
        names = ((Path(p.path).name.rsplit(".schema.", 1)[0], str(p)) for p in orphans(spec.path, {model}))
        notes += [text for name, text in names if nearest(name, [model]) is not None]
        schema = infer(profile) if profile is not None else Schema(model=model)
    return Standard(schema, reference, profile, tuple(notes))


def inferred(
    spec: WorkspaceSpec, model: str, snapshot: Snapshot, *, progress: Tell | None = None
) -> tuple[Schema, Profile]:
    """The Schema that the reference of a model suggests, and the reference's figures.

    Raises:
        BurnlineError: there is no reference to learn from.
    """
    with engine() as con:
        logs = find_logs(con, spec, model, snapshot)
        reference, problem = find_reference(con, spec, model, logs.files)
        profile = kept_profile(con, reference, spec, snapshot.store.root, progress) if reference is not None else None
    if profile is None or not profile.rows.rows:
        raise BurnlineError(f"no schema can be inferred for {model}: {problem or 'its reference has no rows'}")
    return infer(profile), profile
