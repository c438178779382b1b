"""What the history holds: alerts under the law of their time with what people said, incidents, replays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from burnline.alerts.counts import Counts
from burnline.alerts.course import NO_COURSE, course
from burnline.alerts.figures import figures, true_burns
from burnline.alerts.grouping import APART, grouped
from burnline.alerts.incidents import incidents
from burnline.alerts.replay import Episode
from burnline.alerts.rule_sets import parse_rules
from burnline.alerts.under_laws import alerts_under_laws
from burnline.alerts.warnings import warnings
from burnline.alerts.watch import Watch, Watched, counts_of
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question, key_of
from burnline.budgets.reference import reference_counts
from burnline.budgets.what_if import recount
from burnline.budgets.windows import begin
from burnline.errors import BurnlineError
from burnline.records.entries import Definition
from burnline.records.records import Records
from burnline.results import Alert, AlertGroup, Incident, Note, Replay
from burnline.rollups.reads import HOUR
from burnline.spec.units import UnitError, parse_objective

Key = tuple[str, str]
_SETTINGS = ("objective", "threshold", "alpha", "rules")


@dataclass(frozen=True)
class Findings:
    """What the counts of a fleet say up to its moment, before anybody says anything. Each is worked out once."""

    fleet: Fleet
    laws: tuple[Definition, ...]

    @cached_property
    def grouped(self) -> tuple[tuple[Alert, ...], tuple[AlertGroup, ...]]:
        """Every alert, oldest first, and the groups by start."""
        return grouped(alerts_under_laws(self.fleet, self.laws))

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident, newest first."""
        found = incidents(self.grouped[0], self.counts)
        return tuple(sorted(found, key=lambda i: i.started_at, reverse=True))

    @cached_property
    def on_burns(self) -> frozenset[str]:
        """The ids of the alerts on a true burn, judged in hindsight by the promises of now."""
        mine: defaultdict[Key, list[Alert]] = defaultdict(list)
        for alert in self.grouped[0]:
            mine[alert.model, alert.slo].append(alert)
        found: set[str] = set()
        for one in self._watch.watched:
            spans = [
                (begin(burn.first), begin(burn.last + 1) + APART)
                for burn in true_burns(
                    one.arrivals,
                    objective=one.question.slo.objective,
                    length=self.fleet.spans[one.key].length,
                    phi=float(one.phi[-1]),
                )
            ]
            found |= {
                alert.id
                for alert in mine[one.key]
                if any(
                    alert.started_at <= last and (alert.resolved_at is None or alert.resolved_at > first)
                    for first, last in spans
                )
            }
        return frozenset(found)

    @cached_property
    def counts(self) -> dict[Key, Counts]:
        """What became known of each SLO that ever alerted."""
        return counts_of(self._watch)

    @cached_property
    def _watch(self) -> Watch:
        """The SLOs that ever alerted."""
        keys = {(a.model, a.slo) for a in self.grouped[0]}
        return Watch(self.fleet, tuple(q for q in self.fleet.questions if key_of(q) in keys))


@dataclass(frozen=True)
class Alerting:
    """The alerts of a fleet up to its moment, and what people said about them."""

    found: Findings
    records: Records

    @property
    def fleet(self) -> Fleet:
        """The fleet whose alerts they are."""
        return self.found.fleet

    def told(self, records: Records) -> Alerting:
        """The same with what people say by now; only a changed law has everything worked out anew."""
        same = records.definitions == self.found.laws
        return Alerting(self.found if same else Findings(self.fleet, records.definitions), records)

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert, oldest first."""
        return tuple(said(alert, self.records, self.fleet.at) for alert in self.found.grouped[0])

    @property
    def groups(self) -> tuple[AlertGroup, ...]:
        """The alerts of one model that belong together, by start."""
        return self.found.grouped[1]

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident, newest first, with what people wrote down."""
        return tuple(self._told(incident) for incident in self.found.incidents)

    @property
    def on_burns(self) -> frozenset[str]:
        """The ids of the alerts on a true burn: those that were worth sending."""
        return self.found.on_burns

    def course(self, model: str, slo: str, *, start: datetime, end: datetime, step: timedelta) -> pl.DataFrame:
        """What became known in [start, end) of an SLO that alerted: time (start of the step), valid, bad, burn.

        Nothing for an SLO that is promised no more. See ``burnline.alerts.course``.
        """
        counts = self.found.counts.get((model, slo))
        rows = NO_COURSE if counts is None else course(counts, start, end, step)
        return rows.with_columns(pl.col("time").dt.convert_time_zone(self.fleet.spec.timezone))

    def _told(self, incident: Incident) -> Incident:
        notes = tuple(Note(at=n.at, by=n.by, text=n.text, id=n.id) for n in self.records.notes(incident.id))
        return incident.model_copy(update={"status": self.records.incident_status(incident.id), "notes": notes})


def said(alert: Alert, records: Records, at: datetime) -> Alert:
    """The alert with what people said about it."""
    silence = records.silence(alert.model, alert.slo, alert.resolved_at or at)
    return alert.model_copy(
        update={
            "acknowledged_by": records.acknowledged_by(alert.id),
            "mark": records.marks.get(alert.id),
            "silenced": silence.reason if silence is not None else None,
        }
    )


def replayed(fleet: Fleet, question: Question, settings: Mapping[str, str]) -> Replay:
    """What alert rules would have done on the history of an SLO, without evidence and with it.

    ``settings`` try something else: objective (``99%``), threshold (in the unit of the SLO), alpha and rules
    (``page 14.4 1h/5m, ticket 1 3d/6h``). Another threshold is counted by the hour.

    Raises:
        BurnlineError: an unknown setting or value, or nothing to replay.
    """
    tried = _tried(fleet, question, settings)
    watch, one = _watched(tried, question, settings)
    raw, gated = watch.replay(one, gated=False), watch.replay(one)
    length, slo = tried.spans[one.key].length, one.question.slo
    phi = float(one.phi[-1])
    burns = true_burns(one.arrivals, objective=slo.objective, length=length, phi=phi)
    span = {"first": one.arrivals.first, "last": one.arrivals.last}
    return Replay(
        model=question.model,
        slo=slo.name,
        track=slo.track,
        objective=float(slo.objective),
        threshold=_threshold(question, settings),
        alpha=one.alpha,
        from_=_local(tried, one.arrivals.first),
        to=tried.at,
        overdispersion=phi,
        raw=figures(raw.episodes, burns, **span),
        gated=figures(gated.episodes, burns, **span),
        raw_alerts=_alerts(watch, one, raw.episodes),
        alerts=_alerts(watch, one, gated.episodes),
        burns=tuple((_local(tried, b.first), min(_local(tried, b.last + 1), tried.at)) for b in burns),
        warnings=definition_warnings(tried, one),
    )


def arrived(fleet: Fleet, question: Question, settings: Mapping[str, str]) -> pl.DataFrame:
    """What became known of an SLO hour by hour, as a replay with these settings counts it.

    Columns: time (start of the hour), valid, bad, burn (bad / valid / (1 - objective); null without events).
    Raises as ``replayed`` does.
    """
    tried = _tried(fleet, question, settings)
    _, one = _watched(tried, question, settings)
    lead = one.arrivals.first % HOUR
    hours = -(-(lead + len(one.arrivals.valid)) // HOUR)

    def hourly(counts: Floats) -> Floats:
        padded = np.zeros(hours * HOUR)
        padded[lead : lead + len(counts)] = counts
        sums: Floats = padded.reshape(hours, HOUR).sum(axis=1)
        return sums

    valid = np.maximum(hourly(one.arrivals.valid), 0.0)
    bad = np.clip(hourly(one.arrivals.bad), 0.0, valid)
    first = begin(one.arrivals.first - lead)
    times = pl.datetime_range(first, first + timedelta(hours=hours), "1h", closed="left", time_unit="us", eager=True)
    share = float(1 - one.question.slo.objective)
    return pl.DataFrame({"time": times, "valid": valid, "bad": bad}).with_columns(
        pl.col("time").dt.convert_time_zone(tried.spec.timezone),
        burn=pl.when(pl.col("valid") > 0).then(pl.col("bad") / pl.col("valid") / share),
    )


def _watched(tried: Fleet, question: Question, settings: Mapping[str, str]) -> tuple[Watch, Watched]:
    watch = Watch(tried, tuple(q for q in tried.questions if key_of(q) == key_of(question)))
    if not watch.watched:
        raise BurnlineError(f"{question.model}: {question.slo.name} has no history to replay")
    return watch, _with(watch.watched[0], tried, settings)


def definition_warnings(fleet: Fleet, one: Watched) -> tuple[str, ...]:
    """Sentences about alerts of an SLO that cannot work as one may expect."""
    valid = one.arrivals.valid
    hours = len(valid) / HOUR
    accepted, missed = reference_counts(fleet, [one.question]).get(one.key, (0.0, 0.0))
    return warnings(
        one.question.slo.objective,
        one.rules,
        length=fleet.spans[one.key].length,
        valid_per_hour=float(valid.sum()) / hours if hours else None,
        healthy_rate=missed / accepted if accepted and missed else None,
    )


def _alerts(watch: Watch, one: Watched, episodes: Iterable[Episode]) -> tuple[Alert, ...]:
    return tuple(watch.alert(one, episode) for episode in episodes)


def _tried(fleet: Fleet, question: Question, settings: Mapping[str, str]) -> Fleet:
    """The fleet with the objective that is tried."""
    unknown = sorted(set(settings) - set(_SETTINGS))
    if unknown:
        raise BurnlineError(f"--set {unknown[0]}: there is nothing of that name to try; use {', '.join(_SETTINGS)}")
    if "objective" not in settings:
        return fleet
    try:
        objective = parse_objective(settings["objective"])
    except UnitError as error:
        raise BurnlineError(f"--set objective={settings['objective']}: {error}") from None
    changed = question.slo.model_copy(update={"objective": objective})
    models = tuple(
        m.model_copy(update={"slos": tuple(changed if s.name == changed.name else s for s in m.slos)})
        if m.name == question.model
        else m
        for m in fleet.models
    )
    return replace(fleet, models=models)


def _with(one: Watched, fleet: Fleet, settings: Mapping[str, str]) -> Watched:
    """The SLO under other rules, another alpha or another threshold."""
    alpha = _alpha(settings["alpha"]) if "alpha" in settings else one.alpha
    rules = one.rules
    if "rules" in settings:
        rules = parse_rules(settings["rules"], fleet.spans[one.key].length)
    series = one.arrivals
    threshold = _threshold(one.question, settings)
    if threshold is not None and threshold != one.question.slo.threshold:
        series = _recounted(fleet, one, threshold)
    return replace(one, alpha=alpha, rules=rules, arrivals=series)


def _recounted(fleet: Fleet, one: Watched, threshold: float) -> Arrivals:
    """The history under another threshold: hours, spread evenly over their buckets."""
    series = one.arrivals
    try:
        rows = recount(fleet, one.question, threshold, series.first)
    except ValueError as error:
        raise BurnlineError(f"--set threshold={threshold:g}: {error}") from None
    place = rows["t"].to_numpy() - (series.first - series.first % HOUR)

    def spread(name: str) -> Floats:
        counts = np.zeros(series.first % HOUR + len(series.valid) + HOUR)
        for offset in range(HOUR):
            np.add.at(counts, place + offset, rows[name].to_numpy() / HOUR)
        return counts[series.first % HOUR :][: len(series.valid)]

    return Arrivals(series.first, spread("valid"), spread("bad"))


def _threshold(question: Question, settings: Mapping[str, str]) -> float | None:
    read = question.sli.kind.parse_threshold
    if "threshold" not in settings:
        return question.slo.threshold
    if read is None:
        raise BurnlineError(f"--set threshold: the SLI {question.slo.sli} has no threshold")
    try:
        return read(settings["threshold"])
    except UnitError as error:
        raise BurnlineError(f"--set threshold={settings['threshold']}: {error}") from None


def _alpha(text: str) -> float:
    try:
        alpha = float(text)
    except ValueError:
        alpha = 0.0
    if not 0 < alpha < 1:
        raise BurnlineError(f"--set alpha={text}: write a probability between 0 and 1, for example 0.01")
    return alpha


def _local(fleet: Fleet, bucket: int) -> datetime:
    return begin(bucket).astimezone(fleet.at.tzinfo)
