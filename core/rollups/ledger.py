"""The ledger: the one file that says which rollups are visible.

Rollups are immutable files with names made from their inputs. They count once the ledger names
them, and the ledger is replaced in one atomic step, so a reader sees whole commits only and a
crash leaves the last good state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnline.errors import BurnlineError

FORMAT = 1


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Entry):
    """Rows of one model, and their first and last time in microseconds."""

    rows: int
    first_us: int
    last_us: int


class LogFile(_Entry):
    """A log that was rolled.

    ``plan`` fingerprints the measures it was rolled for; ``lacking`` says per model and measure
    why the file could not feed it; ``dropped`` holds the rows that repeat requests of the logs it
    comes ``behind`` (path -> id). ``weighted`` says that it has a column weight. ``labels`` counts its requests in
    each label file (by id) once it was ``probed``, and ``joined`` are the label files that ``late``, ``calibration``
    and ``label_values`` hold; ``label_problems`` says what was wrong with those labels. ``hourly`` says that
    ``features`` is kept by the hour (by the day in older stores), ``column_problems`` what is odd in those columns.
    """

    id: str
    rows: int
    models: dict[str, Span]
    last_past_us: int | None
    future_rows: int
    problems: tuple[str, ...] = ()
    plan: str
    lacking: dict[str, dict[str, str]] = Field(default_factory=dict)
    duplicates: int = 0
    dropped: str | None = None
    behind: dict[str, str] = Field(default_factory=dict)
    own_labels: bool = False
    weighted: bool = False
    probed: bool = False
    labels: dict[str, int] = Field(default_factory=dict)
    joined: tuple[str, ...] = ()
    counts: str
    histograms: str
    features: str
    hourly: bool = False
    column_problems: tuple[str, ...] = ()
    late: str | None = None
    calibration: str | None = None
    label_values: str | None = None
    label_problems: tuple[str, ...] = ()

    @cached_property
    def first_us(self) -> int:
        """Time of the first row."""
        return min((s.first_us for s in self.models.values()), default=0)

    @cached_property
    def last_us(self) -> int:
        """Time of the last row."""
        return max((s.last_us for s in self.models.values()), default=0)

    @property
    def days(self) -> range:
        """The days (since the epoch) its rows lie in; empty for an empty file."""
        if not self.models:
            return range(0)
        return range(self.first_us // _DAY_US, self.last_us // _DAY_US + 1)


_DAY_US = 86_400_000_000


class LabelFile(_Entry):
    """A file of labels: how many requests it names and when they end; ``probed`` once the logs
    were searched for them."""

    id: str
    rows: int
    last_us: int
    probed: bool = False
    problems: tuple[str, ...] = ()


class SideFile(_Entry):
    """A file of infrastructure metrics or of changes, kept as one rollup object."""

    id: str
    rows: int
    first_us: int
    last_us: int
    object: str
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def days(self) -> range:
        """The days (since the epoch) its rows lie in."""
        if not self.rows:
            return range(0)
        return range(self.first_us // _DAY_US, self.last_us // _DAY_US + 1)


class Quarantined(_Entry):
    """A file that was set aside."""

    id: str
    reason: str


class Day(_Entry):
    """The summaries of one day: object names by table, what they were made from, and the
    bucket of the last label that counts in them."""

    inputs: str
    objects: dict[str, str]
    known: int


class SurrogateEntry(_Entry):
    """What stands for the labels of a model that has features, or the ``reason`` why nothing does.

    ``inputs`` fingerprints all that was looked at, ``key`` what the surrogate was learnt from: labelled requests of
    the buckets from ``first`` to before ``end``, with labels known before ``valid_from``, from which on it may be
    asked. ``object`` holds it and ``logs`` are the logs it has judged. ``features`` is empty when every request is
    expected to be as bad as ``base``. ``note`` says what else is to be known of it.
    """

    kind: Literal["accuracy", "rmse"]
    inputs: str
    reason: str | None = None
    key: str = ""
    object: str | None = None
    logs: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    rows: int = 0
    bad: float = 0.0
    base: float = 0.0
    relative_error: float = 0.0
    first: int = 0
    end: int = 0
    valid_from: int = 0
    complete: bool = False
    note: str | None = None


class Expected(_Entry):
    """Expected badness: the surrogate of each model, and objects with what they expect by spans of days."""

    models: dict[str, SurrogateEntry] = Field(default_factory=dict)
    parts: dict[int, str] = Field(default_factory=dict)

    @property
    def objects(self) -> set[str]:
        """Names of the objects it needs."""
        return {*self.parts.values(), *(e.object for e in self.models.values() if e.object is not None)}


class BaselineEntry(_Entry):
    """What the columns of a model are compared with: counts in an ``object``, kept and never made again.

    ``reference`` are the first days of the log, the hours (since the epoch) from ``first_hour`` to before
    ``end_hour``; ``training`` is the file ``path``. It holds ``rows`` rows, or ``events`` where they are weighted.
    ``complete`` once the logs reach its end. ``inputs`` fingerprints what it was made from. ``numbers`` are the columns
    that are counted in bins, ``values`` the others. ``problems`` are sentences about what could not be taken from there
    and about columns that cannot be compared with the newest logs.
    """

    kind: Literal["reference", "training"]
    inputs: str
    object: str | None = None
    first_hour: int = 0
    end_hour: int = 0
    rows: int = 0
    events: float = 0.0
    complete: bool = False
    path: str | None = None
    numbers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class DriftPart(_Entry):
    """How far the columns had moved on one day, and what that was worked out from; no ``object`` when there is
    nothing to say."""

    inputs: str
    object: str | None = None


class Ledger(_Entry):
    """Everything that is visible, and the generation of this commit.

    ``root`` is the folder of the workspace when it was written: the files below it move with it.

    ``grids`` are the frozen bins of numeric columns by model, ``texts`` the columns that held text before any number.

    ``rolled`` are logs that an ingest under way (or one that was interrupted) has rolled; nobody
    sees them before they move to ``logs``, together with the summaries of their days.
    """

    format: int = FORMAT
    generation: int = 0
    root: str | None = None
    logs: dict[str, LogFile] = Field(default_factory=dict)
    rolled: dict[str, LogFile] = Field(default_factory=dict)
    labels: dict[str, LabelFile] = Field(default_factory=dict)
    metrics: dict[str, SideFile] = Field(default_factory=dict)
    events: dict[str, SideFile] = Field(default_factory=dict)
    quarantined: dict[str, Quarantined] = Field(default_factory=dict)
    days: dict[int, Day] = Field(default_factory=dict)
    grids: dict[str, dict[str, tuple[bool, float, float]]] = Field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    expected: Expected = Expected()
    baselines: dict[str, BaselineEntry] = Field(default_factory=dict)
    drift: dict[int, DriftPart] = Field(default_factory=dict)

    def with_(self, **changes: object) -> Ledger:
        """The same with some fields replaced."""
        return self.model_copy(update=changes)

    def moved_to(self, root: str) -> Ledger:
        """The same for a workspace that was moved or copied to the folder ``root``: its files are found there."""
        if self.root in (None, root):
            return self.with_(root=root)
        old = self.root.rstrip("/") + "/"

        def here(path: str) -> str:
            return f"{root.rstrip('/')}/{path.removeprefix(old)}" if path.startswith(old) else path

        def log(entry: LogFile) -> LogFile:
            return entry.model_copy(update={"behind": {here(path): id_ for path, id_ in entry.behind.items()}})

        return self.with_(
            root=root,
            logs={here(path): log(entry) for path, entry in self.logs.items()},
            rolled={here(path): log(entry) for path, entry in self.rolled.items()},
            **{
                kind: {here(path): entry for path, entry in getattr(self, kind).items()}
                for kind in ("labels", "metrics", "events", "quarantined")
            },
        )

    @property
    def objects(self) -> set[str]:
        """Names of every object that is visible."""
        logs = [*self.logs.values(), *self.rolled.values()]
        names = {n for f in logs for n in (f.counts, f.histograms, f.features)}
        names |= {n for f in logs for n in (f.late, f.calibration, f.label_values, f.dropped) if n is not None}
        names |= {f.object for side in (self.metrics, self.events) for f in side.values()}
        names |= {n for day in self.days.values() for n in day.objects.values()}
        names |= {e.object for e in self.baselines.values() if e.object is not None}
        names |= {e.object for e in self.drift.values() if e.object is not None}
        return names | self.expected.objects

    def models(self) -> Mapping[str, Span]:
        """Rows and time range of every model in the logs."""
        merged: dict[str, Span] = {}
        for file in self.logs.values():
            for model, span in file.models.items():
                before = merged.get(model)
                merged[model] = span if before is None else Span(
                    rows=before.rows + span.rows,
                    first_us=min(before.first_us, span.first_us),
                    last_us=max(before.last_us, span.last_us),
                )  # fmt: skip
        return merged

    def newest_us(self) -> int | None:
        """The newest time in the logs. Rows in the future of the clock that ingested them are
        left out unless they are the majority (then the clock is wrong, not the rows)."""
        rows = sum(f.rows for f in self.logs.values())
        future = sum(f.future_rows for f in self.logs.values())
        if future * 2 > rows:
            return max((f.last_us for f in self.logs.values() if f.models), default=None)
        past = [f.last_past_us for f in self.logs.values() if f.last_past_us is not None]
        return max(past, default=None)


def read(path: Path) -> Ledger:
    """The ledger at ``path``; an empty one where there is none yet.

    A ledger is never changed in place, so the last few are kept parsed. Raises ``BurnlineError``
    when it was written by another version or is damaged.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return Ledger()
    return _parse(path, state.st_ino, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _parse(path: Path, inode: int, modified_ns: int, size: int) -> Ledger:
    del inode, modified_ns, size
    text = path.read_bytes()
    try:
        content = json.loads(text)
        if content.get("format") != FORMAT:
            raise BurnlineError(
                f"{path}: written by another version of Burnline "
                f"(format {content.get('format')}, this one reads {FORMAT}); "
                "remove the folder and run `burnline ingest` to build it again from the logs"
            )
        return Ledger.model_validate(content)
    except (ValueError, ValidationError, AttributeError) as error:
        raise BurnlineError(
            f"{path}: damaged ({type(error).__name__}); remove the folder and run "
            "`burnline ingest` to build it again from the logs"
        ) from None


def write(path: Path, ledger: Ledger) -> None:
    """Replace the ledger in one atomic, durable step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(ledger.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
