"""Bring rollups up to date: read what is new or changed, publish it in one step.

A run looks at every file the workspace names, profiles the new ones, rolls them in order of time
on one single-threaded connection per core, joins late labels and summarises the days it touched.
Rolled files are noted as it goes, so that an interrupted run is taken up where it stopped, but
readers see the new state only as a whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TypeVar

import duckdb
import pyarrow as pa

from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, shape
from burnline.logs.engine import connect, sentence
from burnline.logs.relation import Kind
from burnline.results import IngestReport, QuarantinedFile
from burnline.rollups import baselines, days
from burnline.rollups.calibration import calibration
from burnline.rollups.drifted import drifted
from burnline.rollups.duplicates import Candidate, drop_duplicates, dropped_rows, restore_dropped
from burnline.rollups.features import FORMAT as FEATURES_FORMAT
from burnline.rollups.features import columns, features
from burnline.rollups.grids import Columns, Grids, add, freeze, label_grid, thawed, tracked, type_problems
from burnline.rollups.label_values import find_label_grids, label_values
from burnline.rollups.labels import Labels, Requests, faults, load, probe, summary
from burnline.rollups.late import late
from burnline.rollups.ledger import Day, LabelFile, Ledger, LogFile, Quarantined, SideFile, Span
from burnline.rollups.measures import missing
from burnline.rollups.plan import Plan
from burnline.rollups.roll import Job, counts, histograms
from burnline.rollups.scan import NewLog, Request, look
from burnline.rollups.scoring import Logs, expect
from burnline.rollups.side import keep_events, keep_metrics
from burnline.rollups.store import Store, fingerprint
from burnline.rollups.tallies import feature_schema
from burnline.rollups.training import Training, find_training, freeze_training

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int, str], None]

_FILES_PER_NOTE = 48
_GLANCE_SECONDS = 0.25
_REQUIRED = ("timestamp", "model")


def ingest(
    store: Store,
    plan: Plan,
    request: Request,
    *,
    root: str | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> IngestReport:
    """Read the new and changed files of ``request`` into the store and report what was done.

    ``root`` is the folder of the workspace: where it is another one than at the last ingest, the files below it have
    moved with it.

    Raises ``BurnlineError`` when the store cannot be written or another ingest holds it. Files
    that cannot be read are set aside and named; the rest goes on.
    """
    started = time.monotonic()
    with store.writing():
        report = progress or (lambda done, total, what: None)
        run = _Run(store, plan, request, root, report, now or datetime.now(UTC))
        run.side_files()
        run.label_files()
        run.logs()
        run.late_labels()
        run.publish()
    return run.report(time.monotonic() - started)


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


class _Run:
    """One ingest: a draft of the next ledger that its steps fill and the last one publishes."""

    def __init__(
        self, store: Store, plan: Plan, request: Request, root: str | None, progress: Progress, now: datetime
    ) -> None:
        self.store, self.plan, self.request, self.progress, self.now = store, plan, request, progress, now
        before = store.read()
        self.before = before.moved_to(root) if root is not None else before
        self.entries: dict[str, LogFile] = {**self.before.logs, **self.before.rolled}
        self.labels = dict(self.before.labels)
        self.metrics = dict(self.before.metrics)
        self.events = dict(self.before.events)
        self.grids = self.before.grids
        self.texts = self.before.texts
        self.training: dict[str, Training] = {}
        self.mappings = {file.path: mapping for file, mapping in request.logs.items()}
        self.shapes: dict[str, Shape] = {}
        self.label_shapes: dict[str, Labels] = {}
        self.idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
        for _ in range(_cores()):
            self.idle.put(connect())
        self.tally = _Tally()
        self.stepped = 0
        asked = request.paths
        self.tally.quarantined = {p: q for p, q in self.before.quarantined.items() if p not in asked}

    def _fresh(self, files: Iterable[RawFile], known: Mapping[str, object]) -> Iterator[RawFile]:
        """Files that are not known as they are now and were not set aside before."""
        for file in files:
            entry, aside = known.get(file.path), self.before.quarantined.get(file.path)
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

    def _each(
        self,
        work: Callable[[duckdb.DuckDBPyConnection, T], R],
        items: Sequence[T],
        what: str,
        steps: Sequence[int] | None = None,
    ) -> Iterator[R]:
        """The results of independent pieces of work, one per core at a time, in order.

        ``steps`` says of how many steps each consists, which it counts in ``stepped``.
        """
        total = sum(steps) if steps is not None else len(items)
        self.stepped = 0

        def with_connection(item: T) -> R:
            con = self.idle.get()
            try:
                return work(con, item)
            finally:
                self.idle.put(con)

        with ThreadPoolExecutor(max_workers=_cores()) as pool:
            pieces = [pool.submit(with_connection, item) for item in items]
            try:
                for done, piece in enumerate(pieces, start=1):
                    while steps is not None and not wait([piece], timeout=_GLANCE_SECONDS).done:
                        self.progress(min(self.stepped, total - 1), total, what)
                    self.progress(sum(steps[:done]) if steps is not None else done, total, what)
                    yield piece.result()
            finally:
                for piece in pieces:
                    piece.cancel()

    # Metrics, events and labels

    def side_files(self) -> None:
        """Keep new metrics and events files."""
        for entries, keep, files in (
            (self.metrics, keep_metrics, self.request.metrics),
            (self.events, keep_events, self.request.events),
        ):
            fresh = list(self._fresh(files, entries))
            if fresh:
                with connect() as con:
                    for file in fresh:
                        self._keep(con, keep, file, files[file], entries)

    def _keep(
        self,
        con: duckdb.DuckDBPyConnection,
        keep: Callable[[duckdb.DuckDBPyConnection, Store, RawFile, Mapping[str, str]], SideFile],
        file: RawFile,
        mapping: Mapping[str, str],
        entries: dict[str, SideFile],
    ) -> None:
        try:
            entries[file.path] = keep(con, self.store, file, mapping)
            self.tally.read += 1
        except (BurnlineError, duckdb.Error) as error:
            self._set_aside(file, error)

    def label_files(self) -> None:
        """Count the labels of new label files, and know the shape of all of them."""
        fresh = {f.path for f in self._fresh(self.request.labels, self.labels)}
        wanted = {f: m for f, m in self.request.labels.items() if f.path in fresh or f.path in self.labels}
        if not wanted:
            return
        with connect() as con:
            for file, mapping in wanted.items():
                try:
                    labels = Labels(file.id, shape(con, file.path, mapping, ("request_id", "label")))
                    if file.path in fresh:
                        found = summary(con, labels, self.now)
                        problems = (*labels.shape.problems, *found.problems)
                        self.labels[file.path] = LabelFile(
                            id=file.id, rows=found.requests, last_us=found.last_us, problems=problems
                        )
                        self.tally.read += 1
                        self.tally.problems += [f"{file.path}: {p}" for p in problems]
                    self.label_shapes[file.id] = labels
                except (BurnlineError, duckdb.Error) as error:
                    self._set_aside(file, error)

    # Logs

    def logs(self) -> None:
        """Profile and roll new logs, and roll again those whose measures changed."""
        fresh = list(self._fresh(self.request.logs, self.entries))
        again = [f for f in self.request.logs if f not in fresh and self._outdated(f)]
        self.tally.skipped -= len(again)
        found = self._look_at(fresh + again)
        ordered = sorted(found, key=lambda one: (one.first_us, one.file.path))
        self.shapes |= {one.file.path: one.shape for one in ordered}
        with connect(_cores()) as con:
            self._find_training(con, ordered)
            logs = [(one.shape, list(one.profile.models)) for one in ordered]
            columns_in_all = sum(len(tracked(one.shape, self.plan.segments)) for one in ordered)
            segments, count_429 = self.plan.segments, self.plan.count_429
            frozen = freeze_training(con, self.training, Columns(self.grids, self.texts), count_429)
            frozen = freeze(con, logs, frozen, segments, count_429, progress=self._freezing(columns_in_all))
        self.grids = {model: dict(names) for model, names in frozen.grids.items()}
        self.texts = {model: tuple(names) for model, names in frozen.texts.items()}
        self._roll_all(ordered)

    def _freezing(self, total: int) -> Callable[[int], None]:
        return lambda done: self.progress(done, total, "finding bins")

    def _find_training(self, con: duckdb.DuckDBPyConnection, fresh: Sequence[NewLog]) -> None:
        """The training files of every model in the logs, under the mapping of its newest log."""
        if self.request.training is None or self.request.reference.path is None:
            return
        mappings: dict[str, Mapping[str, str]] = {}
        for path, entry in self.entries.items():
            mappings |= dict.fromkeys(entry.models, self.mappings.get(path, {}))
        for one in fresh:
            mappings |= dict.fromkeys(one.profile.models, self.mappings[one.file.path])
        self.training = find_training(
            con, self.request.training, self.request.reference.path, mappings, self.plan.segments
        )

    def _outdated(self, file: RawFile) -> bool:
        """Whether a log must be rolled again: other measures, or a log it leans on changed."""
        entry = self.entries.get(file.path)
        if entry is None or entry.id != file.id:
            return False
        now = {f.path: f.id for f in self.request.logs}
        moved = any(now.get(path, id_) != id_ for path, id_ in entry.behind.items())
        return moved or entry.plan != self.plan.of(entry.models)

    def _look_at(self, files: Sequence[RawFile]) -> list[NewLog]:
        def one(con: duckdb.DuckDBPyConnection, file: RawFile) -> NewLog | tuple[RawFile, Exception]:
            try:
                return look(con, file, self.request.logs[file], self.now)
            except (BurnlineError, duckdb.Error) as error:
                return file, error

        found = []
        for result in self._each(one, files, "looking at logs"):
            if isinstance(result, NewLog):
                found.append(result)
            else:
                self._set_aside(*result)
        return found

    def _roll_all(self, ordered: Sequence[NewLog]) -> None:
        grids = thawed(self.grids)
        candidates = self._candidates(ordered)

        def one(con: duckdb.DuckDBPyConnection, log: NewLog) -> LogFile | tuple[RawFile, Exception]:
            try:
                return self._roll(con, log, grids, candidates[log.file.path])
            except (BurnlineError, duckdb.Error) as error:
                return log.file, error

        steps = [1 + len(tracked(one.shape, self.plan.segments)) for one in ordered]
        rolled = self._each(one, ordered, "rolling up columns of logs", steps)
        for done, (log, result) in enumerate(zip(ordered, rolled, strict=True), start=1):
            if isinstance(result, LogFile):
                self.entries[log.file.path] = result
                self.tally.read += 1
                self.tally.rows += result.rows
                self.tally.duplicates += result.duplicates
                problems = (*result.problems, *result.column_problems)
                self.tally.problems += [f"{log.file.path}: {p}" for p in problems]
            else:
                self._set_aside(*result)
            if done % _FILES_PER_NOTE == 0:
                self._note()

    def _note(self) -> None:
        """Remember what is rolled, unseen by readers, for a run that takes over after a crash."""
        rolled = {p: e for p, e in self.entries.items() if self.before.logs.get(p) != e}
        noted = self.before.with_(rolled=rolled, grids=self.grids, texts=self.texts)
        self.before = self.store.commit(noted, since=self.before)

    def _candidates(self, ordered: Sequence[NewLog]) -> dict[str, list[Candidate]]:
        """Logs before each file that may hold the same requests: a common model, overlapping times."""
        rolling = {one.file.path for one in ordered}
        earlier = [
            (path, entry.id, set(entry.models), entry.first_us, entry.last_us)
            for path, entry in self.entries.items()
            if path not in rolling and entry.models
        ]
        result: dict[str, list[Candidate]] = {}
        for one in ordered:
            overlapping = [
                Candidate(path, id_, found)
                for path, id_, models, first, last in earlier
                if first <= one.last_us
                and last >= one.first_us
                and not models.isdisjoint(one.profile.models)
                and (found := self._requests_shape(path)) is not None
            ]
            result[one.file.path] = overlapping if one.shape.has("request_id") else []
            earlier.append((one.file.path, one.file.id, set(one.profile.models), one.first_us, one.last_us))
        return result

    def _requests_shape(self, path: str) -> Shape | None:
        """The shape of a log whose requests have names; ``None`` without, or when it is gone."""
        if path not in self.shapes:
            mapping = self.mappings.get(path)
            if mapping is None:
                return None
            try:
                with connect() as con:
                    self.shapes[path] = shape(con, path, mapping, _REQUIRED)
            except BurnlineError:
                return None
        found = self.shapes[path]
        return found if found.has("request_id") else None

    def _roll(
        self, con: duckdb.DuckDBPyConnection, log: NewLog, grids: Grids, candidates: Sequence[Candidate]
    ) -> LogFile:
        models = log.profile.models
        dropped = drop_duplicates(con, log.shape, candidates)
        job, lacking = self._job(log.shape, models, log.profile.rows, dropped > 0)
        plan = self.plan.of(models)
        key = fingerprint(log.file.id, plan, dropped, [c.id for c in candidates])
        previous = self.entries.get(log.file.path)
        known = previous if previous is not None and previous.id == log.file.id else None
        put = self.store.put
        rows = fingerprint(log.file.id, dropped, [c.id for c in candidates])
        counted = self._count_columns(con, job, grids, rows, known)
        return LogFile(
            id=log.file.id,
            rows=log.profile.rows,
            models={m: Span(rows=s.rows, first_us=s.first_us, last_us=s.last_us) for m, s in models.items()},
            last_past_us=log.profile.last_past_us,
            future_rows=log.profile.future_rows,
            problems=log.profile.problems,
            plan=plan,
            lacking=lacking,
            duplicates=dropped,
            dropped=put(f"dropped-{key}", dropped_rows(con)) if dropped else None,
            behind={c.path: c.id for c in candidates} if dropped else {},
            own_labels=log.shape.has("label"),
            weighted=log.shape.has("weight"),
            probed=known is not None and known.probed,
            labels=known.labels if known is not None else {},
            counts=put(f"counts-{key}", counts(con, job)),
            histograms=put(f"histograms-{key}", histograms(con, job)),
            features=counted[0],
            hourly=True,
            column_problems=counted[1],
            **self._waiting(con, job, None, key, grids),
        )

    def _count_columns(
        self, con: duckdb.DuckDBPyConnection, job: Job, grids: Grids, rows: str, known: LogFile | None
    ) -> tuple[str, tuple[str, ...]]:
        """The object with the distributions of a log, and what is odd in its columns; other measures change neither."""
        own = [(k, grids[k]) for k in sorted(grids) if k[0] in job.measures and k[1] in columns(job)]
        name = f"features-{fingerprint(FEATURES_FORMAT, rows, self.plan.segments, self.plan.count_429, own)}"
        if known is not None and known.features == name:
            return name, known.column_problems
        frozen = Columns(self.grids, self.texts)
        problems = list(type_problems(job.shape, job.measures.keys(), frozen, job.segments))

        def parts() -> Iterator[pa.Table]:
            for counted in features(con, job, grids):
                problems.extend(counted.problems)
                self.stepped += 1
                yield counted.rows

        return self.store.put_parts(name, feature_schema(), parts()), tuple(problems)

    def _waiting(
        self, con: duckdb.DuckDBPyConnection, job: Job, labels: Kind | None, key: str, grids: Grids
    ) -> dict[str, str | None]:
        """The objects of what waits for labels, by name in the entry of its log."""
        tables = {
            "late": late(con, job, labels),
            "calibration": calibration(con, job, labels),
            "label_values": label_values(con, job, grids, labels),
        }
        keys = dict.fromkeys(tables, key)
        keys["label_values"] = fingerprint(key, [(m, label_grid(m, grids)) for m in sorted(job.measures)])
        return {n: self.store.put(f"{n}-{keys[n]}", t) if t.num_rows else None for n, t in tables.items()}

    def _job(
        self, found: Shape, models: Iterable[str], rows: int, drop_rows: bool
    ) -> tuple[Job, dict[str, dict[str, str]]]:
        """The measures a file can feed, and per model why it cannot feed the others."""
        measures, lacking = {}, {}
        for model in models:
            wanted = self.plan.rolled(model)
            reasons = {m.id: reason for m in wanted if (reason := missing(m, found)) is not None}
            measures[model] = tuple(m for m in wanted if m.id not in reasons)
            if reasons:
                lacking[model] = reasons
        return Job(found, measures, self.plan.segments, self.plan.count_429, drop_rows, rows), lacking

    # Late labels

    def late_labels(self) -> None:
        """Search logs for new labels and new logs for all labels; join what was found."""
        if not self.label_shapes:
            return
        self._probe()
        current = {f.id for f in self.labels.values()}
        waiting = [
            path
            for path, entry in self.entries.items()
            if set(entry.labels) & current != set(entry.joined) and self._requests(path) is not None
        ]
        self._freeze_labels(waiting, current)
        grids = thawed(self.grids)
        joins = self._each(lambda con, path: self._join(con, path, current, grids), waiting, "joining labels")
        for path, entry in zip(waiting, joins, strict=True):
            self.entries[path] = entry
            self.tally.problems += [f"{path}: {p}" for p in entry.label_problems]

    def _matched(self) -> Mapping[str, int]:
        """Labels that found their request, by label file id."""
        found: dict[str, int] = {}
        for entry in self.entries.values():
            for name, count in entry.labels.items():
                found[name] = found.get(name, 0) + count
        return found

    def _probe(self) -> None:
        """Find which label files touch which logs, and note that the search was done."""
        matched = self._matched()
        files = [f for f in self.labels.values() if f.id in self.label_shapes]
        new = [self.label_shapes[f.id] for f in files if not f.probed]
        old = [self.label_shapes[f.id] for f in files if f.probed and matched.get(f.id, 0) < f.rows]
        unsearched = {path for path, entry in self.entries.items() if not entry.probed}
        if not new and not (old and unsearched):
            return
        logs = [r for path in self.entries if (new or path in unsearched) and (r := self._requests(path)) is not None]
        with connect(_cores()) as con:
            for hits in (probe(con, new, logs), probe(con, old, [r for r in logs if r.path in unsearched])):
                for path, found in hits.items():
                    labels = {**self.entries[path].labels, **found}
                    self.entries[path] = self.entries[path].model_copy(update={"labels": labels})
                    self.tally.joined += sum(found.values())
        for log in logs:
            self.entries[log.path] = self.entries[log.path].model_copy(update={"probed": True})
        for path, file in self.labels.items():
            if file.id in self.label_shapes:
                self.labels[path] = file.model_copy(update={"probed": True})

    def _requests(self, path: str) -> Requests | None:
        found = self._requests_shape(path)
        return Requests(path, found, self.entries[path].first_us) if found is not None else None

    def _freeze_labels(self, waiting: Sequence[str], current: set[str]) -> None:
        """Bins for numeric labels that come in files and have no prediction to lie beside, from the first of them."""
        if not waiting:
            return
        frozen = {model: dict(names) for model, names in self.grids.items()}
        with connect(_cores()) as con:
            for path in sorted(waiting, key=lambda p: (self.entries[p].first_us, p)):
                entry = self.entries[path]
                models = [m for m in entry.models if not {"label", "prediction"} & frozen.get(m, {}).keys()]
                touching = set(entry.labels) & current & self.label_shapes.keys()
                if models and any(self.label_shapes[i].kind == "number" for i in touching):
                    job, kind, _ = self._loaded(con, path, sorted(touching))
                    found = find_label_grids(con, job, kind, models) if kind is not None else {}
                    add(frozen, {(model, "label"): grid for model, grid in found.items()})
        self.grids = frozen

    def _loaded(
        self, con: duckdb.DuckDBPyConnection, path: str, touching: Sequence[str]
    ) -> tuple[Job, Kind | None, tuple[str, ...]]:
        """A log with the labels of some files in the table ``labels``: its job, their kind and what is wrong."""
        entry, requests = self.entries[path], self._requests(path)
        assert requests is not None
        if entry.dropped is not None:
            restore_dropped(con, self.store.path(entry.dropped))
        job, _ = self._job(requests.shape, entry.models, entry.rows, entry.dropped is not None)
        files = [self.label_shapes[i] for i in touching if i in self.label_shapes]
        kind = load(con, requests, files) if files else None
        return job, kind, faults(con) if files else ()

    def _join(self, con: duckdb.DuckDBPyConnection, path: str, current: set[str], grids: Grids) -> LogFile:
        """The entry of a log with the labels of every file that touches it."""
        entry = self.entries[path]
        touching = tuple(sorted(set(entry.labels) & current))
        job, kind, problems = self._loaded(con, path, touching)
        waiting = self._waiting(con, job, kind, fingerprint(entry.counts, *touching), grids)
        return entry.model_copy(update={"joined": touching, "label_problems": problems, **waiting})

    # Publishing

    def publish(self) -> None:
        """Summarise the days that changed and make everything visible in one commit.

        Drift and what is expected without labels follow in commits of their own: counts do not wait for them.
        """
        draft = self.before.with_(
            logs=self.entries,
            rolled={},
            labels=self.labels,
            metrics=self.metrics,
            events=self.events,
            grids=self.grids,
            texts=self.texts,
            quarantined=self.tally.quarantined,
        )
        found = days.sources(draft)
        groups = days.batches(days.stale(draft, found, self.plan.days), found)
        slices, segments = self.plan.slices(), self.plan.segments

        def one(con: duckdb.DuckDBPyConnection, group: list[int]) -> dict[int, Day]:
            return days.summarise(con, self.store, group, found, self.plan.days, slices, segments)

        kept = {day: entry for day, entry in draft.days.items() if day in found}
        for fresh in self._each(one, groups, "summarising days"):
            kept |= fresh
        draft = draft.with_(days=kept)
        made = baselines.bring_up_to_date(
            self._each,
            self.store,
            draft,
            self.before,
            self.request.reference,
            self.training,
            thawed(self.grids),
            self.plan.count_429,
        )
        self._commit(draft.with_(baselines=made))
        self._commit(self.before.with_(drift=drifted(self._each, self.store, self.before)))
        logs = Logs(self.mappings, self.shapes, self.label_shapes)
        expected = expect(self._each, self.store, self.before, self.plan, logs)
        for model, entry in expected.models.items():
            known = self.before.expected.models.get(model)
            if entry.note is not None and (known is None or known.object != entry.object):
                self.tally.problems.append(f"{model}: what stands for its labels is bounded: {entry.note}")
        self._commit(self.before.with_(expected=expected))

    def _commit(self, draft: Ledger) -> None:
        if draft != self.before:
            self.before = self.store.commit(draft, since=self.before)
            self.store.sweep(draft.objects)

    def report(self, seconds: float) -> IngestReport:
        """What was done, for a person."""
        matched = self._matched()
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
            labels_unmatched=sum(max(0, f.rows - matched.get(f.id, 0)) for f in self.labels.values()),
            seconds=round(seconds, 3),
            problems=tuple(self.tally.problems),
            models=tuple(sorted(self.before.models())),
        )
