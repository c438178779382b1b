"""A workspace: promises and rollups together, and the answers they give."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from burnline.alerting import Alerting, Findings, arrived, definition_warnings, replayed
from burnline.alerts.watch import Watch
from burnline.budgets.assess import assess
from burnline.budgets.burndown import fixed_burndown, rolling_burndown
from burnline.budgets.corrections import bucket_ranges, clipped
from burnline.budgets.fleet import Fleet
from burnline.budgets.gate import Change, gate
from burnline.budgets.history import outcomes
from burnline.budgets.question import Question, ask, plan
from burnline.budgets.sums import Sums
from burnline.budgets.what_if import quantiles, range_of, recount
from burnline.budgets.windows import bucket, burn_spans
from burnline.checking import check
from burnline.drift.asked import Asked, BaselineChoice
from burnline.drift.asked import ask as ask_drift
from burnline.drift.buckets import Step
from burnline.drift.checks import drift_checks
from burnline.drift.distribution import distribution
from burnline.drift.report import drift_course, drift_report
from burnline.errors import BurnlineError
from burnline.logs import RawFile, classify, expand, moment
from burnline.records import actions
from burnline.records.entries import IncidentStatus
from burnline.records.laws import boundaries, in_force, past_models, record_laws
from burnline.records.records import Records
from burnline.records.records import read as read_records
from burnline.results import (
    AlertGroup,
    Alerts,
    CheckReport,
    FleetStatus,
    GateAnswer,
    Incidents,
    IngestReport,
    Replay,
    SloStatus,
)
from burnline.results.drift import Distribution, DriftCourse, DriftReport
from burnline.results.validation import Check, Stage, ValidationReport
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.expected import SurrogateInfo, surrogate_info
from burnline.rollups.ingest import Progress, ingest
from burnline.rollups.plan import Plan
from burnline.rollups.reads import HOUR, Snapshot, histogram, segment_sums
from burnline.rollups.reads import events as read_events
from burnline.rollups.scan import Request, named_files
from burnline.rollups.store import Store, fingerprint
from burnline.slis import kinds
from burnline.spec import Model, Slo, WorkspaceSpec, check_correction_names, load_models, load_workspace
from burnline.spec.schema import schema_path
from burnline.standing import Standing, cone, spend_path
from burnline.status import model_statuses, slo_status
from burnline.validation.asked import wanted
from burnline.validation.run import record_validation, validate
from burnline.validation.standard import inferred
from burnline.validation.write import schema_text, write_schema


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
        models = load_models(spec.path, kinds(), timezone=spec.timezone)
        check_correction_names(spec, models)
        return cls(spec, models)

    @property
    def store(self) -> Store:
        """Where its rollups are."""
        return Store(Path(self.spec.resolve(self.spec.store)))

    def snapshot(self) -> Snapshot:
        """The rollups as committed last."""
        return Snapshot(self.store, self.store.read())

    def version(self) -> str:
        """Changes when rollups or definitions do; what people say is read anew each time (``Alerting.told``)."""
        return fingerprint(self.store.read().generation, self._definitions)

    @cached_property
    def _definitions(self) -> str:
        return fingerprint(self.spec, *self.models)

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
        record_laws(self.records_root, self.models, self.store.read().newest_us())
        root = str(Path(self.spec.path).absolute())
        return ingest(self.store, self.kept(), request, root=root, progress=progress)

    def kept(self) -> Plan:
        """What rollups hold: enough for every promise that is or ever was in force."""
        return plan(self.spec, (*self.models, *past_models(self.records().definitions, self.models)))

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
            models=model_statuses(fleet, self.records().definitions),
        )

    def check(self, paths: Sequence[str]) -> tuple[CheckReport, ...]:
        """What these files are, seen through the mappings of the workspace."""
        named = named_files(self.spec)
        mappings = {f.path: m for kind in (named.logs, named.labels) for f, m in kind.items()}

        def mapping(path: str) -> Mapping[str, str]:
            return next((mappings[f.path] for f in expand(path) if f.path in mappings), {})

        return tuple(report for path in paths for report in check([path], mapping=mapping(path)))

    def validate(
        self,
        model: str,
        path: str | Sequence[str] | None = None,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        last: timedelta = timedelta(days=1),
        stages: Sequence[str] = (),
        record: bool = False,
        progress: Progress | None = None,
    ) -> ValidationReport:
        """Whether data are as they must be: files before the model, else its newest ``last`` in the logs.

        ``record`` keeps what was found in the logs, and with it the time to detection. Raises ``BurnlineError`` for an
        unknown model, a path that names no file and a schema that cannot be read.
        """
        snapshot = self.snapshot()
        self._known(model, snapshot)
        now, since, until = (self.local(t) if t is not None else None for t in (at, start, end))
        asked = wanted(path, stages, start=since, end=until, last=last, at=now)
        more: dict[Stage, tuple[Check, ...]] = {}
        if not asked.paths:
            # A window that cannot be asked about is told by the validation itself.
            with suppress(BurnlineError):
                window = ask_drift(self.fleet(model, at=at), model, start=since, end=until, days=last.days or 1)
                more["features"] = drift_checks(window)
        report = validate(self.spec, model, snapshot, asked, more=more, progress=progress)
        if record and not asked.paths:
            record_validation(self.records_root, report)
        return report

    def write_schema(self, model: str, *, force: bool = False, progress: Progress | None = None) -> Path:
        """Write the schema that the reference of a model suggests beside the Model; returns its path."""
        self._known(model, self.snapshot())
        return write_schema(
            self.spec.path, *inferred(self.spec, model, self.snapshot(), progress=progress), force=force
        )

    def schema(self, model: str) -> str:
        """What the data of a model must look like, as YAML: the file beside it, else what its reference suggests.

        Raises ``BurnlineError`` when there is neither.
        """
        snapshot = self.snapshot()
        self._known(model, snapshot)
        path = schema_path(self.spec.path, model)
        if path.is_file():
            return path.read_text(encoding="utf-8")
        return schema_text(*inferred(self.spec, model, snapshot))

    def drift(
        self,
        model: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        baseline: BaselineChoice = "reference",
        step: Step = "1d",
        raw: bool = True,
    ) -> DriftReport:
        """What changed in the inputs and outputs of a model over a window (default: the last seven days), and harm.

        Without ``raw`` no single request is looked at, which is faster: whether a drift hurts stays unknown.

        Raises ``BurnlineError`` for an unknown model or a window without hours.
        """
        return drift_report(self._drift_of(model, at, start, end, baseline), step=step, raw=raw)

    def drift_course(
        self,
        model: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        baseline: BaselineChoice = "reference",
        step: Step = "1d",
    ) -> DriftCourse:
        """The buckets of every column over a window and the days of concept drift, from rollups alone."""
        return drift_course(self._drift_of(model, at, start, end, baseline), step=step)

    def distribution(
        self,
        model: str,
        feature: str,
        *,
        start: datetime,
        end: datetime,
        at: datetime | None = None,
        baseline: BaselineChoice = "reference",
    ) -> Distribution:
        """One column of a model in its baseline and in a window. Raises ``BurnlineError`` for an unknown column."""
        return distribution(self._drift_of(model, at, start, end, baseline), feature)

    def _drift_of(
        self,
        model: str,
        at: datetime | None,
        start: datetime | None,
        end: datetime | None,
        baseline: BaselineChoice,
    ) -> Asked:
        since, until = (self.local(one) if one is not None else None for one in (start, end))
        return ask_drift(self.fleet(model, at=at), model, start=since, end=until, baseline=baseline)

    def gate(
        self,
        model: str,
        *,
        at: datetime | None = None,
        change: Change = "feature",
        reason: str | None = None,
        by: str = "unknown",
    ) -> GateAnswer:
        """May this model be deployed? A reliability or security fix passes with a reason, which is recorded.

        Raises ``BurnlineError`` for an unknown model and for a fix without a reason.
        """
        status = self.status(model, at=at).models[0]
        answer = status.gate
        if change != "feature":
            answer = gate(status.slos, tier=status.tier, change=change, reason=reason)
            actions.override(
                self.records_root, model, change=change, reason=reason or "", decision=status.gate.decision, by=by
            )
        return GateAnswer(model=model, decision=answer.decision, reasons=answer.reasons)

    def alerts(self, model: str | None = None, *, at: datetime | None = None) -> Alerts:
        """Firing and past alerts over the whole history up to ``at``, oldest first.

        Each is judged under the definition in force at its time, with what was known then.
        """
        return Alerts(self.alerting(model, at=at).alerts)

    def alert_groups(self, model: str | None = None, *, at: datetime | None = None) -> tuple[AlertGroup, ...]:
        """The alerts of one model that belong together, over all its SLOs and both tracks."""
        return self.alerting(model, at=at).groups

    def incidents(self, model: str | None = None, *, at: datetime | None = None) -> Incidents:
        """Incidents of the history, newest first: contiguous burn that the evidence confirmed."""
        return Incidents(self.alerting(model, at=at).incidents)

    def alerting(self, model: str | None = None, *, at: datetime | None = None) -> Alerting:
        """Alerts, groups and incidents in one; each is worked out once."""
        records = self.records()
        return Alerting(Findings(self.fleet(model, at=at), records.definitions), records)

    def replay(
        self, model: str, slo: str, *, at: datetime | None = None, settings: Mapping[str, str] | None = None
    ) -> Replay:
        """What the alert rules would have done on the history, without evidence and with it.

        ``settings`` try another objective, threshold, alpha or set of rules, as text.
        """
        fleet, question = self._ask(model, slo, at)
        return replayed(fleet, question, settings or {})

    def arrived(
        self, model: str, slo: str, *, at: datetime | None = None, settings: Mapping[str, str] | None = None
    ) -> pl.DataFrame:
        """What a replay with these settings counts, hour by hour: time, valid, bad, burn.

        Outcomes count when they became known: a label in the hour in which it arrived.
        """
        fleet, question = self._ask(model, slo, at)
        return arrived(fleet, question, settings or {})

    # What people say

    @property
    def records_root(self) -> Path:
        """Where records are kept."""
        return self.store.root / "records"

    def records(self) -> Records:
        """What people and Burnline itself wrote down, as of now."""
        return read_records(self.records_root)

    def acknowledge(self, alert: str, *, by: str, undo: bool = False) -> None:
        """Somebody works on an alert. Raises ``BurnlineError`` for an unknown one."""
        self._known_alert(alert)
        actions.acknowledge(self.records_root, alert, by=by, undo=undo)

    def mark(self, alert: str, value: Literal["useful", "noise"] | None, *, by: str) -> None:
        """An alert was useful or noise. Raises ``BurnlineError`` for an unknown one."""
        self._known_alert(alert)
        actions.mark(self.records_root, alert, value, by=by)

    def silence(
        self,
        *,
        until: datetime,
        reason: str,
        by: str,
        model: str | None = None,
        slo: str | None = None,
        start: datetime | None = None,
    ) -> str:
        """Send nothing about a model or an SLO until a moment of log time; returns the id of the silence."""
        if model is not None:
            definition = self.model(model)
            if slo is not None and definition.slo(slo) is None:
                raise _unknown("SLO", slo, [s.name for s in definition.slos])
        begins = self.local(start) if start is not None else self.now() or datetime.now(UTC)
        return actions.silence(
            self.records_root, start=begins, until=self.local(until), reason=reason, by=by, model=model, slo=slo
        )

    def unsilence(self, silence: str, *, by: str) -> None:
        """End a silence now. Raises ``BurnlineError`` for an unknown one."""
        actions.unsilence(self.records_root, silence, by=by, ended=self.now())

    def note(self, incident: str, text: str, *, by: str) -> str:
        """Write a note on an incident; returns its id. Raises ``BurnlineError`` for an unknown incident."""
        self._known_incident(incident)
        return actions.note(self.records_root, incident, text, by=by)

    def delete_note(self, note: str, *, by: str) -> None:
        """Take a note back."""
        actions.delete_note(self.records_root, note, by=by)

    def set_incident_status(self, incident: str, status: IncidentStatus, *, by: str) -> None:
        """Say where an incident stands. Raises ``BurnlineError`` for an unknown incident."""
        self._known_incident(incident)
        actions.set_incident_status(self.records_root, incident, status, by=by)

    def _known_alert(self, alert: str) -> None:
        names = [a.id for a in self.alerts()]
        if alert not in names:
            raise BurnlineError(f"there is no alert '{alert}'; `burnline alerts` lists them with their ids")

    def _known_incident(self, incident: str) -> None:
        if incident not in [i.id for i in self.incidents()]:
            raise BurnlineError(f"there is no incident '{incident}'; `burnline incidents` lists them with their ids")

    # Over time

    def daily(self, *, at: datetime | None = None, days: int = 30) -> pl.DataFrame:
        """Counts per model, SLO and local day, today included: model, slo, track, day, valid, bad, burn.

        ``burn`` is the burn rate of the day (1 = exactly the pace that spends the budget).
        """
        fleet = self.fleet(at=at)
        midnight = fleet.at.replace(hour=0, minute=0, second=0, microsecond=0)
        first = bucket((midnight - timedelta(days=days - 1)).astimezone(UTC))
        slos = pl.DataFrame(
            [
                {"model": q.model, "slo": q.slo.name, "track": q.slo.track, "share": float(1 - q.slo.objective)}
                for q in fleet.questions
            ],
            schema={"model": pl.String, "slo": pl.String, "track": pl.String, "share": pl.Float64},
        )
        day = self._time(pl.col("t")).dt.date().alias("day")
        return (
            outcomes(fleet, first)
            .group_by("model", "slo", day)
            .agg(pl.col("valid", "bad").sum())
            .join(slos, on=["model", "slo"])
            .with_columns(burn=pl.col("bad") / pl.col("valid") / pl.col("share"))
            .select("model", "slo", "track", "day", "valid", "bad", "burn")
            .sort("model", "slo", "day")
        )

    def series(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        step: str = "1h",
    ) -> pl.DataFrame:
        """Counts of one SLO over time: time (start of the step), valid, bad, eligible.

        ``start`` defaults to the start of its window, ``end`` (which takes the place of ``at``)
        to the moment of the question; ``step`` is a whole number of hours or days.
        """
        fleet, question = self._ask(model, slo, end or at)
        first = bucket(self.local(start)) if start is not None else fleet.spans[model, slo].first
        rows = outcomes(fleet, first, [question]).select(
            time=self._time(pl.col("t")), valid="valid", bad="bad", eligible="eligible"
        )
        return rows.group_by_dynamic("time", every=step).agg(pl.col("valid", "bad", "eligible").sum())

    def burndown(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        objective: float | None = None,
        threshold: float | None = None,
        view: Literal["fixed", "rolling"] = "fixed",
        corrected: bool = True,
    ) -> pl.DataFrame:
        """What was left of a budget hour by hour: time (end of the hour), valid, bad, remaining.

        ``fixed`` takes the window of ``at`` and its whole budget; ``rolling`` judges every hour
        by the window that ends there. ``objective`` and ``threshold`` try other promises; not
        ``corrected`` is what was measured, nothing dropped.
        """
        fleet, question = self._ask(model, slo, at)
        fleet = fleet if corrected else fleet.without_corrections()
        window = fleet.spans[model, slo]
        goal = _objective(objective, question)
        first = window.first if view == "fixed" else 2 * window.first - window.last - 1
        rows = self._counts(fleet, question, threshold, first).sort("t")
        ends = rows.select(time=self._time(pl.min_horizontal(pl.col("t") + HOUR, fleet.last + 1)))["time"]
        if view == "fixed":
            return fixed_burndown(ends, rows["valid"], rows["bad"], goal)
        burned = rolling_burndown(ends, rows["valid"], rows["bad"], goal, length=window.length)
        return burned.filter(pl.col("time") > window.from_.astimezone(self.zone()))

    def corrections(self, model: str, slo: str, *, at: datetime | None = None) -> pl.DataFrame:
        """What corrections take out of the window of an SLO, oldest first: from, to, reason, category, approver."""
        fleet, question = self._ask(model, slo, at)
        window = fleet.spans[model, slo]
        rows = [
            (first, last + 1, correction.reason, correction.category, correction.approver)
            for correction in fleet.corrections(question)
            for first, last in clipped(bucket_ranges(correction, fleet.last), window.first, window.last)
        ]
        schema = {"from": pl.Int64, "to": pl.Int64} | dict.fromkeys(("reason", "category", "approver"), pl.String)
        found = pl.DataFrame(rows, schema=schema, orient="row").sort("from")
        return found.with_columns(self._time(pl.col(name)).alias(name) for name in ("from", "to"))

    def redefinitions(self, model: str, *, at: datetime | None = None) -> tuple[datetime, ...]:
        """When the promises of a model changed within the longest of their windows."""
        fleet = self.fleet(model, at=at)
        first = min((s.from_ for s in fleet.spans.values()), default=fleet.at)
        found = boundaries(self.records().definitions, model, _us(first), _us(fleet.at))
        return tuple(moment(us).astimezone(self.zone()) for us in found)

    def warnings(self, model: str, slo: str, *, at: datetime | None = None) -> tuple[str, ...]:
        """Sentences about alerts of an SLO that cannot work as one may expect; none when all is well."""
        fleet, question = self._ask(model, slo, at)
        watched = Watch(fleet, (question,)).watched
        return definition_warnings(fleet, watched[0]) if watched else ()

    def surrogate(self, model: str, *, at: datetime | None = None) -> SurrogateInfo | None:
        """What judges requests of a model by their features while labels are missing, or why nothing does."""
        fleet = self.fleet(model, at=at)
        return surrogate_info(fleet.snapshot, model, fleet.last)

    def cone(self, model: str, slo: str, *, at: datetime | None = None) -> pl.DataFrame:
        """The 80 % band of what is left of a budget, from ``at`` to its horizon: time, low, middle, high.

        Fractions of the budget, if recent behaviour continues; no rows where there is nothing to go by.
        """
        fleet, question = self._ask(model, slo, at)
        return cone(Standing(fleet, (question,))).with_columns(pl.col("time").dt.convert_time_zone(self.spec.timezone))

    def spend(self, model: str, slo: str, *, at: datetime | None = None) -> pl.DataFrame:
        """What a budget was spent on by each hour's end: time, irreducible, noise, confirmed, unexplained.

        Fractions of the whole budget of the window, as known of the window so far.
        """
        fleet, question = self._ask(model, slo, at)
        rows = spend_path(Standing(fleet, (question,)))
        return rows.select(
            self._time(pl.min_horizontal(pl.col("t") + HOUR, fleet.last + 1)).alias("time"), pl.exclude("t")
        )

    def what_if(
        self,
        model: str,
        slo: str,
        *,
        objective: float | None = None,
        threshold: float | None = None,
        at: datetime | None = None,
    ) -> SloStatus:
        """The status of an SLO under another objective or threshold, recomputed from rollups.

        Under another threshold, burn rates of windows shorter than an hour are unknown.
        """
        fleet, question = self._ask(model, slo, at)
        goal = _objective(objective, question)
        changed = question.slo.model_copy(update={"objective": goal})
        if threshold is None or threshold == question.slo.threshold:
            tried = replace(fleet, models=_with_slo(self.models, model, changed))
            return slo_status(tried, replace(question, slo=changed))
        window = fleet.spans[model, slo]
        longest = min(window.first, fleet.last - 3 * 288 + 1)
        rows = recount(fleet, question, threshold, longest)
        sums = {name: _sums(rows, s.first) for name, s in burn_spans(fleet.at).items() if s.last - s.first >= HOUR - 1}
        return assess(
            changed.model_copy(update={"threshold": threshold}),
            window,
            _sums(rows, window.first),
            {name: (s.valid, s.bad) for name, s in sums.items()},
            unit=question.sli.kind.unit,
        )

    def thresholds(self, model: str, slo: str, *, at: datetime | None = None) -> tuple[float, float] | None:
        """The range in which ``what_if`` can move the threshold; ``None`` when it cannot."""
        fleet, question = self._ask(model, slo, at)
        return range_of(fleet, question, fleet.spans[model, slo].first)

    def percentiles(self, model: str, *, at: datetime | None = None, days: int = 30, step: str = "1d") -> pl.DataFrame:
        """Latency of requests that did not fail, over time: time, n, p50, p90, p95, p99 (ms, within 2 %)."""
        fleet = self.fleet(model, at=at)
        first = fleet.last - days * BUCKETS_PER_DAY + 1
        rows = histogram(fleet.snapshot, first, fleet.last, model=model, kind="latency")
        steps = rows.with_columns(time=self._time(pl.col("t")).dt.truncate(step))
        return pl.DataFrame(
            [
                {"time": key[0], "n": float(part["n"].sum())}
                | dict(
                    zip(("p50", "p90", "p95", "p99"), quantiles(part, "latency", (0.5, 0.9, 0.95, 0.99)), strict=True)
                )
                for key, part in steps.partition_by("time", as_dict=True, maintain_order=True).items()
            ],
            schema={"time": pl.Datetime("us", self.spec.timezone)}
            | dict.fromkeys(("n", "p50", "p90", "p95", "p99"), pl.Float64),
        )

    def segments(
        self,
        model: str,
        slo: str,
        *,
        at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pl.DataFrame:
        """Who spent the budget: dimension, value, valid, bad, rate, share_of_bad, share_of_valid.

        Sums of the whole UTC days that the window touches, or [start, end); empty for SLIs of time slices.
        """
        fleet, question = self._ask(model, slo, end or at)
        measure = question.measure
        window = fleet.spans[model, slo]
        name = measure.id if measure is not None and measure.slices is None else ""
        first = bucket(self.local(start)) if start is not None else window.first
        rows = segment_sums(fleet.snapshot, first, window.last, model=model, measure=name)
        return rows.with_columns(
            rate=pl.col("bad") / pl.col("valid"),
            share_of_bad=pl.col("bad") / pl.col("bad").sum().over("dimension"),
            share_of_valid=pl.col("valid") / pl.col("valid").sum().over("dimension"),
        ).sort("dimension", "bad", descending=[False, True])

    def events(
        self, model: str | None = None, *, start: datetime | None = None, end: datetime | None = None
    ) -> pl.DataFrame:
        """Changes: time, model, kind, version, note, oldest first."""
        low = int(self.local(start).timestamp() * 1e6) if start is not None else 0
        high = int(self.local(end).timestamp() * 1e6) if end is not None else _FOR_EVER_US
        rows = read_events(self.snapshot(), low, high, model=model)
        return rows.select(
            self._zoned(pl.from_epoch("us", time_unit="us")).alias("time"), "model", "kind", "version", "note"
        )

    def _counts(self, fleet: Fleet, question: Question, threshold: float | None, first: int) -> pl.DataFrame:
        if threshold is None or threshold == question.slo.threshold:
            return outcomes(fleet, first, [question])
        return recount(fleet, question, threshold, first)

    def _ask(self, model: str, slo: str, at: datetime | None) -> tuple[Fleet, Question]:
        """The fleet of one model and the question of one SLO."""
        definition = self.model(model)
        found = definition.slo(slo)
        if found is None:
            raise _unknown("SLO", slo, [s.name for s in definition.slos])
        return self.fleet(model, at=at), ask(definition, found)

    def _time(self, buckets: pl.Expr) -> pl.Expr:
        """Buckets as times in the workspace's zone."""
        return self._zoned(pl.from_epoch(buckets * 300, time_unit="s").dt.cast_time_unit("us"))

    def _zoned(self, utc: pl.Expr) -> pl.Expr:
        return utc.dt.replace_time_zone("UTC").dt.convert_time_zone(self.spec.timezone)

    def fleet(self, model: str | None = None, *, at: datetime | None = None) -> Fleet:
        """The models as of ``at``, ready to be asked."""
        snapshot = self.snapshot()
        newest = snapshot.ledger.newest_us()
        moment_ = self.local(at) if at is not None else None
        if moment_ is None:
            moment_ = moment(newest).astimezone(self.zone()) if newest is not None else datetime.now(UTC)
        if model is not None:
            self._known(model, snapshot)
        models = self.models if at is None else in_force(self.records().definitions, self.models, _us(moment_))
        return Fleet(self.spec, models, snapshot, moment_, model, kept=self.kept())

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


_FOR_EVER_US = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _us(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _objective(objective: float | None, question: Question) -> Decimal:
    """The objective to try. Raises ``BurnlineError`` unless it lies between 0 and 1."""
    if objective is None:
        return question.slo.objective
    if not 0 < objective < 1:
        raise BurnlineError(f"an objective of {objective} is impossible; choose one between 0 and 1")
    return Decimal(repr(objective))


def _with_slo(models: tuple[Model, ...], name: str, slo: Slo) -> tuple[Model, ...]:
    def changed(model: Model) -> Model:
        return model.model_copy(update={"slos": tuple(slo if s.name == slo.name else s for s in model.slos)})

    return tuple(changed(m) if m.name == name else m for m in models)


def _sums(rows: pl.DataFrame, first: int) -> Sums:
    inside = rows.filter(pl.col("t") >= first - first % HOUR)
    return Sums(*(float(inside[name].sum()) for name in ("valid", "bad", "eligible")))


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
    parts: dict[str, dict[RawFile, Mapping[str, str]]] = {
        kind: {file: mapping for file, mapping in getattr(named, kind).items() if file.path in wanted}
        for kind in ("logs", "labels", "metrics", "events")
    }
    known = {file.path for files in parts.values() for file in files}
    for path, file in wanted.items():
        if path not in known:
            kind = _kind(path)
            parts[kind][file] = {}
    return replace(named, logs=parts["logs"], labels=parts["labels"], metrics=parts["metrics"], events=parts["events"])


def _kind(path: str) -> str:
    """The kind of an unnamed file; one that cannot be read is left for ingest to set aside."""
    try:
        found = classify(path)
    except BurnlineError:
        return "logs"
    return found if found in ("logs", "labels", "metrics", "events") else "logs"
