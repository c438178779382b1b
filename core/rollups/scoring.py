"""Keep what is expected of every model with features: surrogates are learnt, and judge a sample of all requests.

At most about a thousand requests per model and day are judged, whatever the traffic; sums over an hour are the mean
expectation times its events. A surrogate is learnt again only when its reference changes, and otherwise judges only
logs it has not seen. Whatever goes wrong here leaves a reason, never a failed ingest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from burnline.errors import BurnlineError
from burnline.logs import SCALE, Shape, shape
from burnline.logs.engine import frame
from burnline.rollups.duplicates import restore_dropped
from burnline.rollups.expected import SCHEMA, by_hour, merged
from burnline.rollups.labels import Labels
from burnline.rollups.ledger import Expected, Ledger, LogFile, SurrogateEntry
from burnline.rollups.measures import REQUESTS
from burnline.rollups.plan import Plan
from burnline.rollups.reference import DAY, Period, labels_known, period
from burnline.rollups.sampled import Family, Share, association, families, sample
from burnline.rollups.store import Store, fingerprint
from burnline.rollups.surrogate import Kind, Surrogate, learn

T = TypeVar("T")
R = TypeVar("R")

JUDGED = 1_000
LEARNT = 14_000
MOST_INPUTS = 200
_FORMAT = 1
_HOUR = 12
# More are taken only to find enough labelled ones.
_MOST_PER_JUDGED = 5
_CELLS_AT_ONCE = 60_000_000
_USUAL_INPUTS = 40
# Rows that inputs are chosen by when there are too many of them, so many inputs at a time.
_SCREENED = 5_000
_INPUTS_AT_ONCE = 100
_KINDS: tuple[Kind, ...] = ("accuracy", "rmse")


class Each(Protocol):
    """Runs independent pieces of work, each with a connection of its own, and yields their results in order."""

    def __call__(
        self, work: Callable[[duckdb.DuckDBPyConnection, T], R], items: Sequence[T], what: str, /
    ) -> Iterator[R]: ...


@dataclass(frozen=True)
class Logs:
    """How the logs can be read: their mappings (a log without one cannot), shapes that are known already, and the
    label files by id."""

    mappings: Mapping[str, Mapping[str, str]]
    shapes: Mapping[str, Shape]
    labels: Mapping[str, Labels]

    def shape(self, con: duckdb.DuckDBPyConnection, path: str) -> Shape:
        """The shape of a log."""
        return self.shapes.get(path) or shape(con, path, self.mappings[path], ("timestamp", "model"))


def expect(each: Each, store: Store, draft: Ledger, plan: Plan, logs: Logs) -> Expected:
    """What ``draft`` expects once every log in it is judged; the same object when nothing is new."""
    stage = _Stage(store, draft, plan, logs)
    groups = [group for group in stage.groups() if stage.stale(group)]
    gone = draft.expected.models.keys() - stage.kinds.keys()
    if not groups and not gone:
        return draft.expected
    outcomes = [one for found in each(stage.judge, groups, "judging by features") for one in found]
    entries = {m: e for m, e in draft.expected.models.items() if m not in gone}
    entries |= {one.model: one.entry for one in outcomes}
    dropped = [*gone, *(one.model for one in outcomes if one.replaced)]
    fresh = pl.concat([SCHEMA.to_frame(), *(one.rows for one in outcomes)])
    return Expected(models=entries, parts=merged(store, draft.expected.parts, entries, dropped, fresh))


@dataclass(frozen=True)
class _Outcome:
    """A model's new entry and rows; ``replaced`` when the rows it had count no more."""

    model: str
    entry: SurrogateEntry
    rows: pl.DataFrame
    replaced: bool


@dataclass(frozen=True)
class _Task:
    """What is to be done for a model: read ``paths``, learn from those of the ``reference`` (none when ``entry`` and
    ``surrogate`` go on), whose days have so many ``labelled`` requests."""

    model: str
    period: Period
    key: str
    entry: SurrogateEntry | None
    surrogate: Surrogate | None
    paths: tuple[str, ...]
    reference: frozenset[str]
    labelled: Mapping[int, float]


def identity(log: LogFile) -> str:
    """Changes when the rows of a log that count do."""
    return log.id if log.dropped is None else fingerprint(log.id, log.dropped)


class _Stage:
    def __init__(self, store: Store, draft: Ledger, plan: Plan, logs: Logs) -> None:
        self.store, self.draft, self.plan, self.logs = store, draft, plan, logs
        self.of: dict[str, dict[str, LogFile]] = {}
        for path, entry in sorted(draft.logs.items()):
            for model in entry.models:
                self.of.setdefault(model, {})[path] = entry
        self.kinds: dict[str, Kind] = {}
        for model in sorted(self.of):
            ids = {m.id for m in plan.measures.get(model, ())}
            kind = next((k for k in _KINDS if k in ids), None)
            if kind is not None:
                self.kinds[model] = kind
        newest = draft.newest_us()
        self.now = newest // 300_000_000 if newest is not None else 0

    def groups(self) -> list[list[str]]:
        """Models that share logs, together, as long as their samples fit into memory."""
        by_log: dict[str, list[str]] = {}
        for model in self.kinds:
            for path in self.of[model]:
                by_log.setdefault(path, []).append(model)
        found, seen = [], set[str]()
        for model in self.kinds:
            if model in seen:
                continue
            component, reach = [], [model]
            seen.add(model)
            while reach:
                one = reach.pop()
                component.append(one)
                for path in self.of[one]:
                    fresh = [m for m in by_log.pop(path, ()) if m not in seen]
                    seen.update(fresh)
                    reach.extend(fresh)
            component.sort()
            logs = {path for m in component for path in self.of[m]}
            days = len({day for path in logs for day in self.draft.logs[path].days})
            inputs = max(_USUAL_INPUTS, *(self._columns(model) for model in component))
            size = max(1, _CELLS_AT_ONCE // (JUDGED * max(days, 1) * min(inputs, MOST_INPUTS)))
            found += [component[start : start + size] for start in range(0, len(component), size)]
        return found

    def _columns(self, model: str) -> int:
        """How many columns of a model are known to be counted."""
        baseline = self.draft.baselines.get(model)
        return len(baseline.numbers) + len(baseline.values) if baseline is not None else 0

    def stale(self, group: Sequence[str]) -> bool:
        """Whether something that concerns these models is new."""
        entries = self.draft.expected.models
        return any(m not in entries or entries[m].inputs != self._inputs(m) for m in group)

    def _inputs(self, model: str) -> str:
        logs = [(path, identity(e), e.late, path in self.logs.mappings) for path, e in self.of[model].items()]
        return fingerprint(_FORMAT, self.kinds[model], self.plan.segments, self.plan.count_429, self.now // DAY, logs)

    def judge(self, con: duckdb.DuckDBPyConnection, group: Sequence[str]) -> list[_Outcome]:
        """Learn and judge some models; one that cannot be judged gets a reason."""
        try:
            return self._judge(con, group)
        except Exception as error:  # An estimate is an extra: nothing in it may stop an ingest.
            if len(group) > 1:
                return [one for model in group for one in self.judge(con, [model])]
            text = str(error).strip().split("\n")[0] or type(error).__name__
            return [self._without(group[0], text)]

    def _without(self, model: str, reason: str) -> _Outcome:
        entry = SurrogateEntry(kind=self.kinds[model], inputs=self._inputs(model), reason=reason)
        return _Outcome(model, entry, SCHEMA.to_frame(), replaced=True)

    def _judge(self, con: duckdb.DuckDBPyConnection, group: Sequence[str]) -> list[_Outcome]:
        late = sorted({log.late for m in group for log in self.of[m].values() if log.late is not None})
        labels = labels_known(con, self.store.paths(late), {m: self.kinds[m] for m in group})
        tasks, outcomes = [], []
        for model in group:
            task = self._task(model, labels.filter(pl.col("model") == model))
            if isinstance(task, str):
                outcomes.append(self._without(model, task))
            else:
                tasks.append(task)
        if not tasks:
            return outcomes
        shapes = self._shapes(con, sorted({p for t in tasks for p in t.paths}))
        tasks = [replace(t, paths=tuple(p for p in t.paths if p in shapes)) for t in tasks]
        for task in tasks:
            if task.surrogate is None and not any(shapes[p].features for p in task.paths if p in task.reference):
                outcomes.append(
                    self._without(task.model, "the logs of its reference period have no feature column (f_…)")
                )
        done = {one.model for one in outcomes}
        tasks = [t for t in tasks if t.model not in done]
        shapes = {path: found for path, found in shapes.items() if any(path in t.paths for t in tasks)}
        hours = self._hours(con, list(shapes), [t.model for t in tasks])
        inputs, note = self._inputs_of(con, shapes, tasks, hours)
        samples = [self._sample(con, path, found, inputs, tasks, hours) for path, found in shapes.items()]
        rows = pl.concat(samples) if samples else None
        return outcomes + [self._outcome(task, rows, hours, note) for task in tasks]

    def _inputs_of(
        self, con: duckdb.DuckDBPyConnection, shapes: Mapping[str, Shape], tasks: Sequence[_Task], hours: pl.DataFrame
    ) -> tuple[dict[str, Family], str | None]:
        """The inputs to look at, and a sentence when those to be learnt from are not all that there are."""
        reference = {path: found for path, found in shapes.items() if any(path in t.reference for t in tasks)}
        offered = families(list(reference.values()), self.plan.segments)
        chosen, note = offered, None
        if len(offered) > MOST_INPUTS:
            scores: dict[str, float] = {}
            names = sorted(offered)
            for start in range(0, len(names), _INPUTS_AT_ONCE):
                some = {name: offered[name] for name in names[start : start + _INPUTS_AT_ONCE]}
                parts = [
                    self._sample(con, path, found, some, tasks, hours, thinner=_SCREENED / LEARNT)
                    for path, found in reference.items()
                ]
                scores |= association(self._with_badness(pl.concat(parts)), tuple(some))
            kept = sorted(scores, key=lambda name: (-scores[name], name))[:MOST_INPUTS]
            chosen = {name: offered[name] for name in offered if name in kept}
            note = f"it looks at the {MOST_INPUTS} of {len(offered):,} inputs that tell most about failures"
        for task in tasks:
            if task.surrogate is not None:
                chosen |= dict.fromkeys(task.surrogate.numbers, "number")
                chosen |= dict.fromkeys(task.surrogate.categories, "text")
        # Some input there must be, even for a surrogate that looks at none.
        return chosen or dict(list(families(list(shapes.values()), self.plan.segments).items())[:1]), note

    def _with_badness(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows to learn from with their badness, in standard deviations of their model."""
        accuracy = [model for model, kind in self.kinds.items() if kind == "accuracy"]
        bad = pl.when(pl.col("_model").is_in(accuracy)).then(pl.col("_wrong")).otherwise(pl.col("_error").abs())
        taught = rows.filter(pl.col("_learnt").is_not_null()).with_columns(_bad=bad)
        spread = pl.col("_bad").std().over("_model")
        level = (pl.col("_bad") - pl.col("_bad").mean().over("_model")) / spread
        return taught.with_columns(_bad=pl.when(spread > 0).then(level))

    def _shapes(self, con: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> dict[str, Shape]:
        """The shapes of logs; one that cannot be read (any more) is left out."""
        found = {}
        for path in paths:
            with suppress(BurnlineError, duckdb.Error, OSError):
                found[path] = self.logs.shape(con, path)
        return found

    def _task(self, model: str, labels: pl.DataFrame) -> _Task | str:
        """What is to be done for a model, or why nothing can be."""
        first = min(log.models[model].first_us for log in self.of[model].values()) // 300_000_000
        chosen = period(labels, first, self.now)
        if chosen is None:
            return "fewer than 300 labels are known of its first days"
        inside = labels.filter(pl.col("hour") * _HOUR < chosen.end, pl.col("known") * _HOUR < chosen.valid_from)
        days = inside.group_by(day=pl.col("hour") // 24).agg(pl.col("n", "bad").sum()).sort("day")
        # Sums of fractions differ in their last digits from run to run.
        known = [(day, f"{n:.9g}", f"{bad:.9g}") for day, n, bad in days.iter_rows()]
        reference = {
            p: e for p, e in self.of[model].items() if chosen.holds(e.first_us // 300_000_000, e.last_us // 300_000_000)
        }
        key = fingerprint(
            _FORMAT, self.kinds[model], self.plan.segments, self.plan.count_429, chosen.first, chosen.end,
            chosen.valid_from, chosen.complete, [identity(e) for e in reference.values()], known,
        )  # fmt: skip
        before = self.draft.expected.models.get(model)
        readable = self.logs.mappings.keys()
        if before is not None and before.object is not None and (before.key == key or not reference.keys() <= readable):
            table = pq.read_table(self.store.path(before.object))
            surrogate = Surrogate.model_validate_json(table["surrogate"][0].as_py())
            paths = [p for p, e in self.of[model].items() if identity(e) not in before.logs and p in readable]
            return _Task(model, chosen, before.key, before, surrogate, tuple(paths), frozenset(), {})
        if not reference.keys() & readable:
            return "the logs of its reference period are not there any more"
        labelled = dict(zip(days["day"].to_list(), days["n"].to_list(), strict=True))
        paths = [p for p in self.of[model] if p in readable]
        return _Task(model, chosen, key, None, None, tuple(paths), frozenset(reference), labelled)

    def _sample(
        self,
        con: duckdb.DuckDBPyConnection,
        path: str,
        found: Shape,
        inputs: Mapping[str, Family],
        tasks: Sequence[_Task],
        hours: pl.DataFrame,
        thinner: float | None = None,
    ) -> pl.DataFrame:
        """The sample of one log; a ``thinner`` one (times this) holds only rows to learn from."""
        log = self.draft.logs[path]
        asked = [t for t in tasks if path in t.paths]
        own = hours.filter(pl.col("log") == identity(log))
        requests = dict(own.group_by("model").agg(pl.col("requests").sum()).iter_rows())
        shares = [share for t in asked for share in self._shares(t, path, log, requests.get(t.model, 0.0))]
        if thinner is not None:
            shares = [replace(one, judged=0.0, learnt=one.learnt * thinner) for one in shares]
        labels = [self.logs.labels[i] for i in log.joined if i in self.logs.labels]
        if not any(path in t.reference for t in asked):
            labels = []
        if log.dropped is not None:
            restore_dropped(con, self.store.path(log.dropped))
        rows = sample(
            con, found, inputs, shares, count_429=self.plan.count_429, drop_rows=log.dropped is not None, labels=labels
        )
        return rows.with_columns(pl.lit(identity(log)).alias("_log"))

    def _shares(self, task: _Task, path: str, log: LogFile, requests: float) -> list[Share]:
        """Fractions of one log such that all logs of a day together give the sample of that day.

        ``requests`` are what its rows stand for: more than there are rows where the log is itself a sample.
        """
        span = log.models[task.model]
        weight = max(requests, 1.0) / max(span.rows, 1)
        own = _per_day(log, task.model)
        result = []
        for day in range(span.first_us // 86_400_000_000, span.last_us // 86_400_000_000 + 1):
            rows = sum(_per_day(e, task.model) for e in self.of[task.model].values() if day in e.days)
            judged = min(1.0, JUDGED / max(rows, own, 1.0))
            learnt = 0.0
            if path in task.reference and day in task.labelled:
                wanted = LEARNT / max(1, len(task.labelled))
                learnt = min(1.0, wanted * weight / max(task.labelled[day], 1.0), _MOST_PER_JUDGED * judged)
            result.append(Share(task.model, day, judged, learnt, task.period.valid_from))
        return result

    def _hours(self, con: duckdb.DuckDBPyConnection, paths: Sequence[str], models: Sequence[str]) -> pl.DataFrame:
        """Requests by hour, and those that did not fail: model, log, t, requests, n."""
        frames = []
        for path in paths:
            query = f"""
                select model, $log as "log", t - t % {_HOUR} as t, sum(valid) / {SCALE} as requests,
                       sum(valid - bad) / {SCALE} as n
                from read_parquet($path) where measure = $measure and model in (select unnest($models::varchar[]))
                group by all"""
            log = self.draft.logs[path]
            parameters = {"path": self.store.path(log.counts), "log": identity(log), "measure": REQUESTS}
            frames.append(frame(con, query, {**parameters, "models": list(models)}))
        empty = pl.DataFrame(
            schema={"model": pl.String, "log": pl.String, "t": pl.Int64, "requests": pl.Float64, "n": pl.Float64}
        )
        return pl.concat([empty, *(f.cast(empty.schema) for f in frames)])

    def _outcome(self, task: _Task, rows: pl.DataFrame | None, hours: pl.DataFrame, note: str | None) -> _Outcome:
        kind = self.kinds[task.model]
        known = {identity(e) for e in self.of[task.model].values()}
        read = tuple(sorted(identity(self.of[task.model][p]) for p in task.paths))
        if rows is None:
            assert task.entry is not None
            kept = tuple(sorted(known & set(task.entry.logs)))
            entry = task.entry.model_copy(update={"inputs": self._inputs(task.model), "logs": kept})
            return _Outcome(task.model, entry, SCHEMA.to_frame(), replaced=False)
        own = rows.filter(pl.col("_model") == task.model)
        columns = [n for n in own.columns if not n.startswith("_")]
        if task.entry is None:
            found = self._learn(task, own, columns, kind)
            if isinstance(found, str):
                return self._without(task.model, found)
            entry, surrogate, expected = found
            entry = entry.model_copy(update={"note": note})
        else:
            assert task.surrogate is not None
            entry, surrogate = task.entry, task.surrogate
            expected = surrogate.expected(own.select(columns))
        kept = tuple(sorted(known & {*entry.logs, *read}))
        entry = entry.model_copy(update={"inputs": self._inputs(task.model), "logs": kept})
        logs = pl.col("model") == task.model, pl.col("log").is_in(read)
        judged = by_hour(own, expected, hours.filter(*logs)).with_columns(kind=pl.lit(kind))
        return _Outcome(task.model, entry, judged.select(SCHEMA.names()), replaced=task.entry is None)

    def _learn(
        self, task: _Task, own: pl.DataFrame, columns: list[str], kind: Kind
    ) -> tuple[SurrogateEntry, Surrogate, np.ndarray] | str:
        """The entry, the surrogate and what it expects of every row, out of fold where it has learnt from it."""
        badness = pl.col("_wrong") if kind == "accuracy" else pl.col("_error") ** 2
        numbered = own.with_row_index("_place").with_columns(badness.alias("_bad"))
        taught = numbered.filter(pl.col("_learnt").is_not_null(), pl.col("_bad").is_not_null(), pl.col("_events") > 0)
        if taught.height > LEARNT:
            taught = taught[np.linspace(0, taught.height - 1, LEARNT).astype(np.int64)]
        if not taught.height:
            return "no request of its reference period has a label and a prediction that can be compared"
        weights = (taught["_events"] / taught["_learnt"]).to_numpy()
        events = task.period.labelled / float(taught["_events"].mean())  # type: ignore[arg-type]
        found = learn(
            taught.select(columns),
            taught["_bad"].to_numpy(),
            kind,
            weights=weights,
            population=(min(task.period.mean, 1.0), max(events, 1.0)) if kind == "accuracy" else None,
        )
        surrogate = found.surrogate
        text = surrogate.model_dump_json()
        name = f"surrogate-{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]}"
        self.store.put(name, pa.table({"surrogate": [text]}))
        expected = np.full(own.height, np.nan)
        expected[taught["_place"].to_numpy()] = found.out_of_fold
        others = own["_judged"].to_numpy() & np.isnan(expected)
        expected[others] = surrogate.expected(own.filter(others).select(columns))
        entry = SurrogateEntry(
            kind=kind,
            inputs="",
            key=task.key,
            object=name,
            features=(*surrogate.numbers, *surrogate.categories) if surrogate.trees is not None else (),
            rows=found.rows,
            bad=found.bad,
            base=surrogate.base,
            relative_error=surrogate.relative_error,
            first=task.period.first,
            end=task.period.end,
            valid_from=task.period.valid_from,
            complete=task.period.complete,
        )
        return entry, surrogate, expected


def _per_day(log: LogFile, model: str) -> float:
    """Rows of a model in a log per day it covers."""
    span = log.models.get(model)
    return span.rows / max(1, len(log.days)) if span is not None else 0.0
