"""Bring rollups up to date: read what is new or changed, commit in whole steps.

A run looks at every file the workspace names, profiles the new ones, rolls them in order of time
on one single-threaded connection per core, joins late labels and refreshes the summaries of the
days it touched. Each commit names files together with the summaries made from them, so it can be
interrupted anywhere and repeated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import duckdb

from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, expand, profile, shape
from burnline.logs.engine import connect, sentence
from burnline.logs.profile import FileProfile
from burnline.results import IngestReport, QuarantinedFile
from burnline.rollups import days
from burnline.rollups.duplicates import Candidate, drop_duplicates
from burnline.rollups.features import Grid, Grids, features, freeze
from burnline.rollups.labels import Labels, Requests, load, probe, summary
from burnline.rollups.ledger import Day, LabelFile, Ledger, LogFile, Quarantined, SideFile, Span
from burnline.rollups.measures import missing
from burnline.rollups.plan import Plan
from burnline.rollups.roll import Job, counts, histograms, late
from burnline.rollups.side import keep_events, keep_metrics
from burnline.rollups.store import Store, fingerprint
from burnline.spec import Source, WorkspaceSpec

Progress = Callable[[int, int, str], None]

_FILES_PER_COMMIT = 48
_DAY_US = 86_400_000_000


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Tally:
    """What the run has done so far."""

    read: int = 0
    skipped: int = 0
    rows: int = 0
    duplicates: int = 0
    joined: int = 0
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    """A new log: the file, its shape and its profile."""

    file: RawFile
    shape: Shape
    profile: FileProfile

    @property
    def first_us(self) -> int:
        return min((s.first_us for s in self.profile.models.values()), default=0)

    @property
    def last_us(self) -> int:
        return max((s.last_us for s in self.profile.models.values()), default=0)


@dataclass(frozen=True)
class Request:
    """What to ingest: the files by kind, each with the mapping of the source that names it."""

    logs: Mapping[RawFile, Mapping[str, str]]
    labels: Mapping[RawFile, Mapping[str, str]]
    metrics: Mapping[RawFile, Mapping[str, str]]
    events: Mapping[RawFile, Mapping[str, str]]


def named_files(spec: WorkspaceSpec) -> Request:
    """Every file that the sources of a workspace name now; a file belongs to its first source."""

    def of(sources: Sequence[Source]) -> dict[RawFile, Mapping[str, str]]:
        found: dict[str, tuple[RawFile, Mapping[str, str]]] = {}
        for source in sources:
            for file in expand(spec.resolve(source.path)):
                found.setdefault(file.path, (file, source.mapping))
        return dict(found.values())

    return Request(of(spec.logs), of(spec.labels), of(spec.metrics), of(spec.events))


def ingest(
    store: Store,
    plan: Plan,
    request: Request,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> IngestReport:
    """Read the new and changed files of ``request`` into the store and report what was done.

    Raises ``BurnlineError`` when the store cannot be written or another ingest holds it. Files
    that cannot be read are set aside and named; the rest goes on.
    """
    started = time.monotonic()
    with store.writing():
        run = _Run(store, plan, request, progress or (lambda done, total, what: None))
        run.clock = now or datetime.now(UTC)
        run.side_files()
        run.label_files()
        run.logs()
        run.late_labels()
        run.refresh_days()
        if run.changed:
            store.sweep(run.ledger.objects)
    return run.report(time.monotonic() - started)


class _Run:
    """One ingest. Holds the ledger as committed last; every step ends in a commit."""

    def __init__(self, store: Store, plan: Plan, request: Request, progress: Progress) -> None:
        self.store, self.plan, self.request, self.progress = store, plan, request, progress
        self.ledger = store.read()
        self.tally = _Tally()
        asked = {f.path for kind in vars(request).values() for f in kind}
        self.tally.quarantined = {path: aside for path, aside in self.ledger.quarantined.items() if path not in asked}
        self.clock = datetime.now(UTC)
        self.changed = False
        self.new_logs: dict[str, _Found] = {}
        self.label_shapes: dict[str, Labels] = {}

    def commit(self, **changes: object) -> None:
        """Make changes visible, with the summaries of every day they touch."""
        draft = self.ledger.with_(**changes)
        self.ledger = draft
        self.store.commit(draft)
        self.changed = True

    # -- what is new -------------------------------------------------------------------------

    def _fresh(self, files: Iterable[RawFile], known: Mapping[str, object]) -> Iterator[RawFile]:
        """Files that are not in the ledger as they are now and were not set aside before."""
        for file in files:
            entry, aside = known.get(file.path), self.ledger.quarantined.get(file.path)
            if entry is not None and getattr(entry, "id", None) == file.id:
                self.tally.skipped += 1
            elif aside is not None and aside.id == file.id:
                self.tally.quarantined[file.path] = aside
            else:
                yield file

    def _set_aside(self, file: RawFile, error: Exception) -> None:
        text = sentence(error) if isinstance(error, duckdb.Error) else str(error)
        reason = text.removeprefix(f"{file.path}: ")
        self.tally.quarantined[file.path] = Quarantined(id=file.id, reason=reason)

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=_cores())

    # -- metrics, events, labels -------------------------------------------------------------

    def side_files(self) -> None:
        """Keep new metrics and events files."""
        for name, keep, files in (
            ("metrics", keep_metrics, self.request.metrics),
            ("events", keep_events, self.request.events),
        ):
            entries: dict[str, SideFile] = dict(getattr(self.ledger, name))
            with connect() as con:
                for file in list(self._fresh(files, entries)):
                    try:
                        entries[file.path] = keep(con, self.store, file, dict(files[file]))
                        self.tally.read += 1
                    except (BurnlineError, duckdb.Error) as error:
                        self._set_aside(file, error)
            if entries != getattr(self.ledger, name):
                self.commit(**{name: entries})

    def label_files(self) -> None:
        """Read the shape of every label file and count the new ones."""
        entries = dict(self.ledger.labels)
        fresh = {f.path for f in self._fresh(self.request.labels, entries)}
        with connect() as con:
            for file, mapping in self.request.labels.items():
                entry = entries.get(file.path)
                if file.path not in fresh and entry is None:
                    continue
                try:
                    found = shape(con, file.path, mapping, ("request_id", "label"))
                    labels = Labels(file.id, found)
                    if file.path in fresh:
                        rows, last = summary(con, labels)
                        entries[file.path] = LabelFile(
                            id=file.id,
                            rows=rows,
                            last_us=last,
                            problems=found.problems,
                        )
                        self.tally.read += 1
                    self.label_shapes[file.id] = labels
                except (BurnlineError, duckdb.Error) as error:
                    self._set_aside(file, error)
        if entries != self.ledger.labels:
            self.commit(labels=entries)

    # -- logs --------------------------------------------------------------------------------

    def logs(self) -> None:
        """Profile and roll new logs, and roll again those whose measures changed."""
        fresh = list(self._fresh(self.request.logs, self.ledger.logs))
        again = [f for f in self.request.logs if self._outdated(f) and f not in fresh]
        found = self._profile_all(fresh + again)
        self.tally.skipped -= len(again)
        ordered = sorted(found, key=lambda one: (one.first_us, one.file.path))
        self._freeze_grids(ordered)
        self.new_logs = {one.file.path: one for one in ordered}
        for start in range(0, len(ordered), _FILES_PER_COMMIT):
            chunk = ordered[start : start + _FILES_PER_COMMIT]
            self._roll_chunk(chunk, start, len(ordered))

    def _outdated(self, file: RawFile) -> bool:
        """Whether a log must be rolled again: other measures, or a log it leans on changed."""
        entry = self.ledger.logs.get(file.path)
        if entry is None or entry.id != file.id:
            return False
        now = {f.path: f.id for f in self.request.logs}
        moved = any(now.get(path, id_) != id_ for path, id_ in entry.behind.items())
        return moved or entry.plan != self.plan.of(entry.models)

    def _profile_all(self, files: Sequence[RawFile]) -> list[_Found]:
        def look(file: RawFile) -> _Found | tuple[RawFile, Exception]:
            with connect() as con:
                try:
                    mapping = self.request.logs[file]
                    seen = shape(con, file.path, mapping, ("timestamp", "model"))
                    return _Found(file, seen, profile(con, seen, now=self.clock))
                except (BurnlineError, duckdb.Error) as error:
                    return file, error

        found = []
        with self._pool() as pool:
            for done, result in enumerate(pool.map(look, files), start=1):
                self.progress(done, len(files), "looking at logs")
                if isinstance(result, _Found):
                    found.append(result)
                else:
                    self._set_aside(*result)
        return found

    def _freeze_grids(self, ordered: Sequence[_Found]) -> None:
        logs = [(one.shape, list(one.profile.models)) for one in ordered]
        with connect(_cores()) as con:
            grids = freeze(con, logs, self.ledger.grids, self.plan.count_429)
        if grids != self.ledger.grids:
            self.commit(grids=grids)

    def _grids(self) -> Grids:
        return {
            (model, name): Grid(*values) for model, names in self.ledger.grids.items() for name, values in names.items()
        }

    def _roll_chunk(self, chunk: Sequence[_Found], start: int, total: int) -> None:
        grids = self._grids()
        candidates = self._candidates(chunk)

        def roll(one: _Found) -> LogFile | tuple[RawFile, Exception]:
            with connect() as con:
                try:
                    return self._roll(con, one, grids, candidates[one.file.path])
                except (BurnlineError, duckdb.Error, OSError) as error:
                    return one.file, error

        entries = dict(self.ledger.logs)
        with self._pool() as pool:
            for done, (one, result) in enumerate(zip(chunk, pool.map(roll, chunk), strict=True), start=start + 1):
                if isinstance(result, LogFile):
                    entries[one.file.path] = result
                    self.tally.read += 1
                    self.tally.rows += result.rows
                    self.tally.duplicates += result.duplicates
                    self.tally.problems += [f"{one.file.path}: {p}" for p in result.problems]
                else:
                    self._set_aside(*result)
                self.progress(done, total, "rolling up logs")
        self._commit_with_days(logs=entries)

    def _candidates(self, chunk: Sequence[_Found]) -> dict[str, list[Candidate]]:
        """Logs that come before each file and may hold the same requests: overlapping in time."""
        earlier = [
            (path, entry.id, entry.first_us, entry.last_us, self._shape_of(path))
            for path, entry in self.ledger.logs.items()
            if path not in {one.file.path for one in chunk} and entry.models
        ]
        result: dict[str, list[Candidate]] = {}
        for one in chunk:
            overlapping = [
                Candidate(path, id_, found)
                for path, id_, first, last, found in earlier
                if found is not None and found.has("request_id") and first <= one.last_us and last >= one.first_us
            ]
            result[one.file.path] = overlapping if one.shape.has("request_id") else []
            earlier.append((one.file.path, one.file.id, one.first_us, one.last_us, one.shape))
        return result

    def _shape_of(self, path: str) -> Shape | None:
        """The shape of a log rolled before, or ``None`` when it is no longer there."""
        if path in self.new_logs:
            return self.new_logs[path].shape
        mapping = next((m for f, m in self.request.logs.items() if f.path == path), None)
        if mapping is None:
            return None
        try:
            with connect() as con:
                return shape(con, path, mapping, ("timestamp", "model"))
        except BurnlineError:
            return None

    def _roll(
        self,
        con: duckdb.DuckDBPyConnection,
        one: _Found,
        grids: Grids,
        candidates: Sequence[Candidate],
    ) -> LogFile:
        models = one.profile.models
        dropped = drop_duplicates(con, one.shape, candidates)
        job, lacking = self._job(one.shape, models, dropped > 0)
        print_ = self.plan.of(models)
        key = fingerprint(one.file.id, print_, dropped, [c.path for c in candidates])
        put = self.store.put
        day = one.first_us // _DAY_US if one.first_us // _DAY_US == one.last_us // _DAY_US else None
        own_grids = [(k, grids[k]) for k in sorted(grids) if k[0] in models]
        inline = one.shape.has("label") or one.shape.has("relevance")
        pending = late(con, job) if inline else None
        before = self.ledger.logs.get(one.file.path)
        same = before is not None and before.id == one.file.id
        return LogFile(
            id=one.file.id,
            rows=one.profile.rows,
            models={m: Span(rows=s.rows, first_us=s.first_us, last_us=s.last_us) for m, s in models.items()},
            last_past_us=one.profile.last_past_us,
            future_rows=one.profile.future_rows,
            problems=one.profile.problems,
            plan=print_,
            lacking=lacking,
            duplicates=dropped,
            behind={c.path: c.id for c in candidates} if dropped else {},
            own_labels=one.shape.has("label"),
            probed=same and before is not None and before.probed,
            labels=before.labels if same and before is not None else {},
            counts=put(f"counts-{key}", counts(con, job)),
            histograms=put(f"histograms-{key}", histograms(con, job)),
            features=put(f"features-{fingerprint(key, own_grids)}", features(con, job, grids, day)),
            late=put(f"late-{key}", pending) if pending is not None and pending.num_rows else None,
        )

    def _job(self, found: Shape, models: Iterable[str], drop_rows: bool) -> tuple[Job, dict[str, dict[str, str]]]:
        measures, lacking = {}, {}
        for model in models:
            reasons = {m.id: reason for m in self.plan.rolled(model) if (reason := missing(m, found)) is not None}
            measures[model] = tuple(m for m in self.plan.rolled(model) if m.id not in reasons)
            if reasons:
                lacking[model] = reasons
        job = Job(found, measures, self.plan.segments, self.plan.count_429, drop_rows)
        return job, lacking

    # -- late labels -------------------------------------------------------------------------

    def late_labels(self) -> None:
        """Search logs for new labels and new logs for all labels; join what was found."""
        if not self.label_shapes:
            return
        self._probe()
        current = {f.id for f in self.ledger.labels.values()}
        waiting = [
            path
            for path, entry in self.ledger.logs.items()
            if set(entry.labels) & current != set(entry.joined) and self._requests(path) is not None
        ]
        for start in range(0, len(waiting), _FILES_PER_COMMIT):
            chunk = waiting[start : start + _FILES_PER_COMMIT]
            entries = dict(self.ledger.logs)
            with self._pool() as pool:
                joins = pool.map(lambda path: self._join(path, current), chunk)
                for done, (path, entry) in enumerate(zip(chunk, joins, strict=True), start + 1):
                    entries[path] = entry
                    self.progress(done, len(waiting), "joining labels")
            self._commit_with_days(logs=entries)

    def _probe(self) -> None:
        """Find which label files touch which logs, and note that the search was done."""
        logs = [r for p in self.ledger.logs if (r := self._requests(p)) is not None]
        unsearched = [log for log in logs if not self.ledger.logs[log.path].probed]
        matched = self.ledger.matched()
        files = [f for f in self.ledger.labels.values() if f.id in self.label_shapes]
        new = [self.label_shapes[f.id] for f in files if not f.probed]
        old = [self.label_shapes[f.id] for f in files if f.probed and matched.get(f.id, 0) < f.rows]
        if not new and not unsearched:
            return
        entries = dict(self.ledger.logs)
        with connect(_cores()) as con:
            for hits in (probe(con, new, logs), probe(con, old, unsearched)):
                for path, counts_by_file in hits.items():
                    labels = {**entries[path].labels, **counts_by_file}
                    entries[path] = entries[path].model_copy(update={"labels": labels})
                    self.tally.joined += sum(counts_by_file.values())
        for log in logs:
            entries[log.path] = entries[log.path].model_copy(update={"probed": True})
        label_entries = {
            path: f.model_copy(update={"probed": f.probed or f.id in self.label_shapes})
            for path, f in self.ledger.labels.items()
        }
        self.commit(logs=entries, labels=label_entries)

    def _requests(self, path: str) -> Requests | None:
        found = self._shape_of(path)
        if found is None or not found.has("request_id"):
            return None
        return Requests(path, found, self.ledger.logs[path].first_us)

    def _join(self, path: str, current: set[str]) -> LogFile:
        """The entry of a log with the labels of every file that touches it."""
        entry = self.ledger.logs[path]
        touching = tuple(sorted(set(entry.labels) & current))
        requests = self._requests(path)
        assert requests is not None
        shapes = ((p, id_, self._shape_of(p)) for p, id_ in entry.behind.items())
        before = [Candidate(p, id_, found) for p, id_, found in shapes if found is not None]
        with connect() as con:
            dropped = drop_duplicates(con, requests.shape, before)
            job, _ = self._job(requests.shape, entry.models, dropped > 0)
            files = [self.label_shapes[i] for i in touching if i in self.label_shapes]
            kind = load(con, requests, files) if files else None
            table = late(con, job, kind)
        key = fingerprint(entry.counts, *touching)
        name = self.store.put(f"late-{key}", table) if table.num_rows else None
        return entry.model_copy(update={"joined": touching, "late": name})

    # -- days --------------------------------------------------------------------------------

    def _commit_with_days(self, **changes: object) -> None:
        draft = self.ledger.with_(**changes)
        self.commit(**changes, days={**draft.days, **self._summaries(draft)})

    def refresh_days(self) -> None:
        """Summaries of days that something else touched (metrics, thresholds of slices)."""
        fresh = self._summaries(self.ledger)
        wanted = {d for f in self.ledger.logs.values() for d in f.days}
        wanted |= {d for f in self.ledger.metrics.values() for d in f.days}
        kept = {d: day for d, day in {**self.ledger.days, **fresh}.items() if d in wanted}
        if kept != self.ledger.days or self.tally.quarantined != self.ledger.quarantined:
            self.commit(days=kept, quarantined=dict(self.tally.quarantined))

    def _summaries(self, draft: Ledger) -> dict[int, Day]:
        stale = days.stale(draft, self.plan.days)
        slices, segments = self.plan.slices(), self.plan.segments

        def one(day: int) -> Day:
            with connect() as con:
                return days.summarise(con, self.store, draft, day, self.plan.days, slices, segments)

        with self._pool() as pool:
            return dict(zip(stale, pool.map(one, stale), strict=True))

    def report(self, seconds: float) -> IngestReport:
        """What was done, for a person."""
        matched = self.ledger.matched()
        unmatched = sum(max(0, f.rows - matched.get(f.id, 0)) for f in self.ledger.labels.values())
        return IngestReport(
            files_read=self.tally.read,
            files_skipped=self.tally.skipped,
            files_quarantined=tuple(
                QuarantinedFile(path=path, reason=aside.reason)
                for path, aside in sorted(self.tally.quarantined.items())
            ),
            rows=self.tally.rows,
            duplicates=self.tally.duplicates,
            labels_joined=self.tally.joined,
            labels_unmatched=unmatched,
            seconds=round(seconds, 3),
            problems=tuple(self.tally.problems),
            models=tuple(sorted(self.ledger.models())),
        )
