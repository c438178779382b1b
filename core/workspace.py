"""A workspace: promises and rollups together, and the answers they give."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from burnline.budgets.fleet import Fleet
from burnline.budgets.question import plan
from burnline.errors import BurnlineError
from burnline.logs import RawFile, classify, expand, moment
from burnline.results import FleetStatus, IngestReport
from burnline.rollups.ingest import Progress, Request, ingest, named_files
from burnline.rollups.reads import Snapshot
from burnline.rollups.store import Store, fingerprint
from burnline.slis import kinds
from burnline.spec import Model, WorkspaceSpec, load_models, load_workspace


@dataclass(frozen=True)
class Workspace:
    """An opened workspace. Definitions are read once; rollups are read anew for every answer."""

    spec: WorkspaceSpec
    models: tuple[Model, ...]

    @classmethod
    def open(cls, path: str | Path = ".") -> Workspace:
        """Read the definitions of a workspace folder.

        Raises ``BurnlineError`` naming file and line of what is wrong.
        """
        spec = load_workspace(path)
        return cls(spec, load_models(spec.path, kinds(), timezone=spec.timezone))

    @property
    def store(self) -> Store:
        """Where its rollups are."""
        return Store(Path(self.spec.resolve(self.spec.store)))

    def snapshot(self) -> Snapshot:
        """The rollups as committed last."""
        return Snapshot(self.store, self.store.read())

    def version(self) -> str:
        """Changes when rollups or definitions do."""
        return fingerprint(self.store.read().generation, self.spec, *self.models)

    def zone(self) -> ZoneInfo:
        """The time zone of its reports."""
        return ZoneInfo(self.spec.timezone)

    def now(self) -> datetime | None:
        """The newest time in the logs; ``None`` before the first ingest."""
        newest = self.store.read().newest_us()
        return moment(newest).astimezone(self.zone()) if newest is not None else None

    def ingest(self, paths: Sequence[str] = (), *, progress: Progress | None = None) -> IngestReport:
        """Bring rollups up to date with every file the workspace names, or with ``paths`` only.

        Raises ``BurnlineError`` when a path does not exist, the store cannot be written, or
        another ingest runs.
        """
        named = named_files(self.spec)
        request = _chosen(named, paths) if paths else named
        return ingest(self.store, plan(self.spec, self.models), request, progress=progress)

    def status(self, model: str | None = None, *, at: datetime | None = None) -> FleetStatus:
        """SLIs, both budgets, burn rates, verdict and gate of every model, or of one.

        ``at`` is the moment of the question (naive = the workspace's zone; default: the newest
        time in the logs); only what was known then counts. Raises ``BurnlineError`` for an
        unknown model.
        """
        fleet = self.fleet(model, at=at)
        return FleetStatus(
            at=fleet.at if at is not None or self.now() is not None else None,
            workspace=self.spec.name,
            timezone=self.spec.timezone,
            models=fleet.model_statuses(),
        )

    def fleet(self, model: str | None = None, *, at: datetime | None = None) -> Fleet:
        """The models as of ``at``, ready to be asked."""
        snapshot = self.snapshot()
        newest = snapshot.ledger.newest_us()
        moment_ = self.local(at) if at is not None else None
        if moment_ is None:
            moment_ = moment(newest).astimezone(self.zone()) if newest is not None else datetime.now(UTC)
        if model is not None:
            self._known(model, snapshot)
        return Fleet(self.spec, self.models, snapshot, moment_, model)

    def local(self, at: datetime) -> datetime:
        """A time with the workspace's zone where it names none."""
        return at.replace(tzinfo=self.zone()) if at.tzinfo is None else at.astimezone(self.zone())

    def model(self, name: str) -> Model:
        """The definition of a model. Raises ``BurnlineError`` when there is none."""
        found = next((m for m in self.models if m.name == name), None)
        if found is None:
            raise _unknown("model", name, [m.name for m in self.models])
        return found

    def _known(self, model: str, snapshot: Snapshot) -> None:
        names = {m.name for m in self.models} | set(snapshot.ledger.models())
        if model not in names:
            raise _unknown("model", model, sorted(names))


def _unknown(what: str, name: str, known: Sequence[str]) -> BurnlineError:
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
    return BurnlineError(f"there is no {what} '{name}'; {hint}")


def _chosen(named: Request, paths: Sequence[str]) -> Request:
    """The part of ``named`` below ``paths``; files that no source names are taken by their columns."""
    wanted: dict[str, RawFile] = {}
    for path in paths:
        found = expand(path)
        if not found:
            raise BurnlineError(f"{path}: there is no such parquet file or folder; check the path")
        wanted |= {file.path: file for file in found}
    parts = {
        kind: {file: mapping for file, mapping in getattr(named, kind).items() if file.path in wanted}
        for kind in ("logs", "labels", "metrics", "events")
    }
    known = {file.path for files in parts.values() for file in files}
    for path, file in wanted.items():
        if path not in known:
            kind = _kind(path)
            parts[kind][file] = {}
    return Request(**parts)


def _kind(path: str) -> str:
    """The kind of an unnamed file; one that cannot be read is left for ingest to set aside."""
    try:
        found = classify(path)
    except BurnlineError:
        return "logs"
    return found if found in ("logs", "labels", "metrics", "events") else "logs"
