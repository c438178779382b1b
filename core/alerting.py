"""What the history holds: alerts under the law of their time with what people said, incidents, replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from burnline.alerts.counts import Counts
from burnline.alerts.figures import figures, true_burns
from burnline.alerts.grouping import grouped
from burnline.alerts.incidents import incidents
from burnline.alerts.replay import Episode
from burnline.alerts.rule_sets import parse_rules
from burnline.alerts.under_laws import alerts_under_laws
from burnline.alerts.warnings import warnings
from burnline.alerts.watch import Watch, Watched
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question, key_of
from burnline.budgets.what_if import recount
from burnline.budgets.windows import begin
from burnline.errors import BurnlineError
from burnline.records.records import Records
from burnline.results import Alert, AlertGroup, Incident, Note, Replay
from burnline.rollups.reads import HOUR
from burnline.spec.units import UnitError, parse_objective

Key = tuple[str, str]
_SETTINGS = ("objective", "threshold", "alpha", "rules")


@dataclass(frozen=True)
class Alerting:
    """The alerts of a fleet up to its moment, and what people said about them."""

    fleet: Fleet
    records: Records

    @cached_property
    def _grouped(self) -> tuple[tuple[Alert, ...], tuple[AlertGroup, ...]]:
        return grouped(alerts_under_laws(self.fleet, self.records.definitions))

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert, oldest first."""
        return tuple(said(alert, self.records, self.fleet.at) for alert in self._grouped[0])

    @property
    def groups(self) -> tuple[AlertGroup, ...]:
        """The alerts of one model that belong together, by start."""
        return self._grouped[1]

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident, newest first, with what people wrote down."""
        keys = {(a.model, a.slo) for a in self.alerts}
        watch = Watch(self.fleet, tuple(q for q in self.fleet.questions if key_of(q) in keys))
        found = incidents(self.alerts, counts_of(watch))
        return tuple(self._told(incident) for incident in sorted(found, key=lambda i: i.started_at, reverse=True))

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


def counts_of(watch: Watch) -> dict[Key, Counts]:
    """What the budget figures of the watched SLOs are computed from."""
    return {
        one.key: Counts(one.arrivals, one.question.slo.objective, watch.fleet.spans[one.key].length)
        for one in watch.watched
    }


def replayed(fleet: Fleet, question: Question, settings: Mapping[str, str]) -> Replay:
    """What alert rules would have done on the history of an SLO, without evidence and with it.

    ``settings`` try something else: objective (``99%``), threshold (in the unit of the SLO), alpha and rules
    (``page 14.4 1h/5m, ticket 1 3d/6h``). Another threshold is counted by the hour.

    Raises:
        BurnlineError: an unknown setting or value, or nothing to replay.
    """
    tried = _tried(fleet, question, settings)
    watch = Watch(tried, tuple(q for q in tried.questions if key_of(q) == key_of(question)))
    if not watch.watched:
        raise BurnlineError(f"{question.model}: {question.slo.name} has no history to replay")
    one = _with(watch.watched[0], tried, settings)
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


def definition_warnings(fleet: Fleet, one: Watched) -> tuple[str, ...]:
    """Sentences about alerts of an SLO that cannot work as one may expect."""
    valid, bad = one.arrivals.valid, one.arrivals.bad
    hours = len(valid) / HOUR
    healthy = _healthy_rate(one)
    return warnings(
        one.question.slo.objective,
        one.rules,
        length=fleet.spans[one.key].length,
        valid_per_hour=float(valid.sum()) / hours if hours else None,
        healthy_rate=healthy if float(bad.sum()) else None,
    )


def _healthy_rate(one: Watched) -> float | None:
    """The median of the daily bad shares: what is usual, whatever went wrong on some days."""
    days = len(one.arrivals.valid) // 288
    if not days:
        return None
    valid, bad = (
        counts[-days * 288 :].reshape(days, 288).sum(axis=1) for counts in (one.arrivals.valid, one.arrivals.bad)
    )
    known = valid > 0
    return float(np.median(np.clip(bad[known], 0, None) / valid[known])) if known.any() else None


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
