"""What is known about the SLOs of a fleet beyond their counts: evidence, alerts, forecasts, what was spent on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from burnline.alerts.incidents import incidents
from burnline.alerts.suspects import LOOK_BACK_HOURS, may_fire
from burnline.alerts.watch import Watch, counts_of
from burnline.budgets import forecast as ahead
from burnline.budgets.arrivals import arrivals
from burnline.budgets.assess import Findings, assess
from burnline.budgets.burn_rules import rules
from burnline.budgets.dispersion import common_weight, overdispersions
from burnline.budgets.evidence import evidences
from burnline.budgets.fleet import Fleet
from burnline.budgets.history import outcomes
from burnline.budgets.nowcast import decide
from burnline.budgets.question import Question
from burnline.budgets.recent import Floats, Recent, eligible, recent
from burnline.budgets.reference import reference_counts
from burnline.budgets.spend import spend, spend_over_time
from burnline.budgets.state import Decided
from burnline.budgets.sums import Sums
from burnline.budgets.unjudged import unjudged, waits_for_hours
from burnline.budgets.unlabelled import unlabelled, waits_for_labels
from burnline.records.entries import Definition
from burnline.records.laws import changes
from burnline.results import Alert, Estimate, Evidence, Forecast, SloStatus, Spend
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import HOUR

Key = tuple[str, str]
_DAY = timedelta(days=1)
_LEAST_LABELLED = 0.2


@dataclass(frozen=True)
class Standing:
    """Everything that is known about some SLOs of a fleet as of its moment, each worked out once for all."""

    fleet: Fleet
    asked: tuple[Question, ...]
    laws: tuple[Definition, ...] = ()

    @cached_property
    def totals(self) -> Mapping[Key, Sums]:
        """The counts of each SLO over its window."""
        return {_key(q): self.fleet.sums(q, self.fleet.spans[_key(q)].first) for q in self.asked}

    @cached_property
    def known(self) -> tuple[Question, ...]:
        """The SLOs with data in their window."""
        return tuple(q for q in self.asked if self.totals[_key(q)].valid > 0)

    @cached_property
    def recent(self) -> Recent:
        """Their last six weeks by the hour."""
        return recent(self.fleet, self.known)

    @cached_property
    def phi(self) -> Mapping[Key, float]:
        """How many times more their counts scatter than independent events would."""
        shares = [float(1 - q.slo.objective) for q in self.known]
        found = overdispersions(self.recent.valid, self.recent.bad, shares)
        sampled = [row for row, q in enumerate(self.known) if q.model in self.fleet.weighted]
        counts = self.recent.valid[sampled], self.recent.bad[sampled]
        found[sampled] = np.maximum(found[sampled], common_weight(*counts)[:, -1])
        return dict(zip(map(_key, self.known), map(float, found), strict=True))

    @cached_property
    def evidence(self) -> Mapping[Key, Evidence | None]:
        """Whether their counts prove anything."""
        sums = [self.totals[_key(q)] for q in self.known]
        found = evidences(
            [q.slo.objective for q in self.known],
            [s.valid for s in sums],
            [min(s.bad, s.valid) for s in sums],
            [self.phi[_key(q)] for q in self.known],
        )
        return {_key(q): e for q, e in zip(self.known, found, strict=True)}

    @cached_property
    def spend(self) -> Mapping[Key, Spend]:
        """What the bad events of the model budgets are made of."""
        asked = [q for q in self.known if q.slo.track == "model"]
        accepted = reference_counts(self.fleet, asked)
        return {_key(q): self._spend(_key(q), q, *accepted.get(_key(q), (0.0, 0.0))) for q in asked}

    @cached_property
    def estimates(self) -> Mapping[Key, Estimate]:
        """What all their events hold, where some (or all) wait for their label."""
        waiting = [q for q in self.asked if q.model in self.fleet.seen and waits_for_labels(q) and self._waits(q)]
        found = unlabelled(self.fleet, waiting, self.phi)
        hours = [q for q in self.known if waits_for_hours(q) and self._waits(q)]
        found |= unjudged(self.fleet, hours, self.phi)
        return {key: estimate for key, estimate in found.items() if estimate is not None}

    def _waits(self, question: Question) -> bool:
        coverage = self.totals[_key(question)].coverage
        return coverage is not None and coverage < 1.0

    def _spend(self, key: Key, question: Question, reference_valid: float, reference_bad: float) -> Spend:
        sums = self.totals[key]
        share = float(1 - question.slo.objective)
        return spend(sums.valid, min(sums.bad, sums.valid), self.phi[key], reference_valid, reference_bad, share)

    @cached_property
    def suspects(self) -> tuple[Question, ...]:
        """The SLOs that could have an open alert, and those whose overspent budget the evidence leaves undecided."""
        waiting = [q for q in self.known if q.measure is not None and q.measure.labelled]
        first = self.recent.first + (self.recent.valid.shape[1] - LOOK_BACK_HOURS) * HOUR
        known = arrivals(self.fleet, waiting, first, excluded=self.fleet.excluded_ranges) if waiting else {}
        shares = np.array([float(1 - q.slo.objective) for q in self.known])
        valid, bad = (counts[:, -LOOK_BACK_HOURS:].copy() for counts in (self.recent.valid, self.recent.bad))
        lengths = [self.fleet.spans[_key(q)].length for q in self.known]
        for row, question in enumerate(self.known):
            if _key(question) in known:
                valid[row], bad[row] = known[_key(question)].by_hour(first, LOOK_BACK_HOURS)
        may = np.zeros(len(self.known), dtype=bool)
        for length in set(lengths):
            rows = np.array([i for i, own in enumerate(lengths) if own == length])
            may[rows] = may_fire(valid[rows], bad[rows], shares[rows], rules(length))
        return tuple(q for q, open_ in zip(self.known, may, strict=True) if open_ or self._doubtful(q))

    def _doubtful(self, question: Question) -> bool:
        evidence, sums = self.evidence[_key(question)], self.totals[_key(question)]
        over = sums.bad > float(1 - question.slo.objective) * sums.valid
        return over and evidence is not None and evidence.verdict == "undecided"

    @cached_property
    def watch(self) -> Watch:
        """The suspects under watch."""
        return Watch(self.fleet, self.suspects)

    @cached_property
    def alerts(self) -> Mapping[Key, tuple[Alert, ...]]:
        """The alerts that fire at the moment."""
        return self.watch.firing()

    @cached_property
    def forecasts(self) -> Mapping[Key, Forecast | None]:
        """When their budgets are exhausted if recent behaviour continues."""
        if not self.known:
            return {}
        past, horizons, burning = forecast_input(self)
        found = ahead.forecast(
            past, horizons, [float(q.slo.objective) for q in self.known], at=self.fleet.at, recent=burning
        )
        return {_key(q): f for q, f in zip(self.known, found, strict=True)}

    def status(self, question: Question) -> SloStatus:
        """The status of one SLO."""
        key = _key(question)
        total = self.totals[key]
        if not total.valid:
            reason = self.fleet.why_no_data(question)
            window, unit = self.fleet.spans[key], question.sli.kind.unit
            found = Findings(
                raw=self.fleet.raw(question), notes=self._notes(question), estimate=self.estimates.get(key)
            )
            return assess(question.slo, window, total, {}, reason, unit=unit, found=found)
        bursts = {name: self.fleet.sums(question, s.first) for name, s in self.fleet.bursts.items()}
        found = Findings(
            evidence=self._evidence(question),
            estimate=self.estimates.get(key),
            decided=self._decided(question),
            forecast=self.forecasts[key],
            alerts=self.alerts.get(key, ()),
            raw=self.fleet.raw(question),
            notes=self._notes(question),
        )
        return assess(
            question.slo,
            self.fleet.spans[key],
            total,
            {name: (s.valid, s.bad) for name, s in bursts.items()},
            unit=question.sli.kind.unit,
            found=found,
        )

    def _decided(self, question: Question) -> Decided | None:
        estimate = self.estimates.get(_key(question))
        return decide(estimate, question.slo.objective) if estimate is not None else None

    def _evidence(self, question: Question) -> Evidence | None:
        key = _key(question)
        evidence = self.evidence[key]
        if evidence is None:
            return None
        if key in self.estimates:
            evidence = with_waiting(evidence, self.estimates[key], float(question.slo.objective))
        proven = self._proven(question) if self._doubtful(question) else None
        return evidence.model_copy(update={"spend": self.spend.get(key), "confirmed_bad": proven})

    def _proven(self, question: Question) -> float:
        """Bad events of the window that came in burns which the evidence of an alert proved."""
        key = _key(question)
        mine = [alert for alert in self.watch.alerts if (alert.model, alert.slo) == key]
        burns = incidents(mine, counts_of(self.watch, key))
        return sum(
            burn.bad.get(question.slo.name, 0.0) for burn in burns if burn.started_at >= self.fleet.spans[key].from_
        )

    def _notes(self, question: Question) -> tuple[str, ...]:
        """What changed in the promise within its window."""
        model = next(m for m in self.fleet.models if m.name == question.model)
        window = self.fleet.spans[_key(question)]
        found = changes(
            self.laws,
            model,
            question.slo.name,
            *(int(at.timestamp() * 1_000_000) for at in (window.from_, window.to)),
            unit=question.sli.kind.unit,
            zone=ZoneInfo(self.fleet.spec.timezone),
        )
        return tuple(f"{text}; the whole window is judged by the definition in force now" for text in found)


def with_waiting(evidence: Evidence, estimate: Estimate, objective: float) -> Evidence:
    """Evidence from labelled events, kept only as far as the events that wait for a label leave it standing.

    Its interval takes in that of the estimate; a verdict that the wider interval does not bear is undecided.
    """
    low, high = (pick(evidence.interval[i], estimate.interval[i]) for i, pick in enumerate((min, max)))
    verdict = evidence.verdict if high < objective or low > objective else "undecided"
    return evidence.model_copy(update={"interval": (low, high), "verdict": verdict})


def _all_events(days: tuple[Floats, Floats, Floats], estimate: Estimate) -> tuple[Floats, Floats]:
    """Valid and bad by day with the events that wait for a label: as bad as the labelled ones of their day.

    All of it is scaled to what the estimate says. Days with labels for less than a fifth of their events are unknown.
    """
    valid, bad, eligible = days
    known = valid > _LEAST_LABELLED * eligible
    every = np.where(known, np.maximum(eligible, valid), np.nan)
    bad = np.where(known, bad * np.divide(every, valid, out=np.ones_like(valid), where=known), np.nan)
    counted = estimate.labelled * (1 - estimate.realised) if estimate.realised is not None else None
    scale = estimate.bad / (counted * (1 + estimate.waiting / estimate.labelled)) if counted else 1.0
    return every, np.minimum(bad * scale, every)


def forecast_input(standing: Standing) -> tuple[ahead.Past, list[ahead.Horizon], ahead.Recent]:
    """What the forecast goes by: days, windows, and what has happened since the onset of a burn that lasts."""
    fleet, hours = standing.fleet, standing.recent
    days = hours.valid.shape[1] // 24
    first_day = hours.first // BUCKETS_PER_DAY
    # 1 January 1970 was a Thursday; weekdays only need to be the same weekly.
    latest = (hours.valid[:, -6:].sum(axis=1), hours.bad[:, -6:].sum(axis=1))
    valid, bad = hours.daily(hours.valid), hours.daily(hours.bad)
    waiting = [q for q in standing.known if _key(q) in standing.estimates and waits_for_labels(q)]
    could_be = dict(zip(map(_key, waiting), hours.daily(eligible(fleet, waiting, hours)), strict=True))
    past = ahead.Past(valid, bad, (first_day + np.arange(days)) % 7, latest)
    horizons = []
    burning = np.full((3, len(standing.known)), np.nan)
    for row, question in enumerate(standing.known):
        key = _key(question)
        window, total = fleet.spans[key], standing.totals[key]
        left = window.length if window.kind == "rolling" else window.ends_at - window.to
        held = total.valid, total.bad
        if (estimate := standing.estimates.get(key)) is not None:
            if key in could_be:
                valid[row], bad[row] = _all_events((valid[row], bad[row], could_be[key]), estimate)
            held = estimate.bad / (1 - estimate.value) if estimate.value < 1 else held[0], estimate.bad
        horizons.append(ahead.Horizon(window.kind, window.length / _DAY, left / _DAY, *held))
        onsets = [a.onset for a in standing.alerts.get(key, ()) if a.onset is not None]
        if onsets:
            lasts = max(1, min(24, round((fleet.at - max(onsets)) / timedelta(hours=1))))
            if hours.valid[row, -lasts:].any():
                burning[:, row] = (hours.valid[row, -lasts:].sum(), hours.bad[row, -lasts:].sum(), lasts)
    return past, horizons, ahead.Recent(*burning)


def cone(standing: Standing) -> pl.DataFrame:
    """The 80 % band of the budget of one SLO from the moment to its horizon: time, low, middle, high.

    Fractions of the budget, below 0 overspent; no rows where there is nothing to go by.
    """
    if not standing.known:
        return pl.DataFrame(schema=_CONE)
    past, horizons, burning = forecast_input(standing)
    objective = float(standing.known[0].slo.objective)
    rows = ahead.band(past, horizons[0], objective, recent=burning)
    at = standing.fleet.at
    times = [at + timedelta(days=days) for days in rows["ahead"]]
    return rows.select(time=pl.Series(times, dtype=_CONE["time"]), low="low", middle="middle", high="high")


_CONE: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("low", "middle", "high"), pl.Float64()),
}


def spend_path(standing: Standing) -> pl.DataFrame:
    """What the budget of one SLO was spent on, hour by hour: t, irreducible, noise, confirmed, unexplained.

    ``t`` is the first bucket of the hour. The parts are what was known of the window so far, as fractions of the
    whole budget of the window; together they are what is spent. No rows without data.
    """
    if not standing.known:
        return pl.DataFrame(schema=_SPEND)
    question = standing.known[0]
    key = _key(question)
    share = float(1 - question.slo.objective)
    rows = outcomes(standing.fleet, standing.fleet.spans[key].first, [question]).sort("t")
    accepted = reference_counts(standing.fleet, [question]).get(key, (0.0, 0.0))
    valid, bad = (rows[name].to_numpy().cumsum() for name in ("valid", "bad"))
    path = spend_over_time(valid, np.minimum(bad, valid), standing.phi[key], *accepted, share)
    budget = share * valid[-1]
    parts = {name: getattr(path, name) / budget for name in ("irreducible", "noise", "confirmed", "unexplained")}
    return pl.DataFrame({"t": rows["t"], **parts})


_SPEND = {"t": pl.Int64(), **dict.fromkeys(("irreducible", "noise", "confirmed", "unexplained"), pl.Float64())}


def _key(question: Question) -> Key:
    return question.model, question.slo.name
