"""Where every model of a workspace stands as of a moment: from counts to verdict and gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np

from burnline.alerts.suspects import LOOK_BACK_HOURS, by_hour, may_fire
from burnline.alerts.watch import Watch
from burnline.budgets import forecast as ahead
from burnline.budgets.arrivals import arrivals
from burnline.budgets.assess import Findings, assess
from burnline.budgets.burn_rules import rules
from burnline.budgets.dispersion import overdispersions
from burnline.budgets.evidence import evidences
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.budgets.recent import Recent, recent
from burnline.budgets.state import judge
from burnline.budgets.sums import Sums
from burnline.results import Alert, Evidence, Forecast, ModelStatus, SloStatus
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import HOUR
from burnline.spec import Model

Key = tuple[str, str]
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """Everything that is known about some SLOs of a fleet as of its moment, each worked out once for all."""

    fleet: Fleet
    asked: tuple[Question, ...]

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
                valid[row], bad[row] = by_hour(known[_key(question)], first, LOOK_BACK_HOURS)
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
            return assess(question.slo, self.fleet.spans[key], total, {}, reason, unit=question.sli.kind.unit)
        bursts = {name: self.fleet.sums(question, s.first) for name, s in self.fleet.bursts.items()}
        found = Findings(
            evidence=self.evidence[key],
            forecast=self.forecasts[key],
            alerts=self.alerts.get(key, ()),
        )
        return assess(
            question.slo,
            self.fleet.spans[key],
            total,
            {name: (s.valid, s.bad) for name, s in bursts.items()},
            unit=question.sli.kind.unit,
            found=found,
        )


def forecast_input(standing: Standing) -> tuple[ahead.Past, list[ahead.Horizon], ahead.Recent]:
    """What the forecast goes by: days, windows, and what has happened since the onset of a burn that lasts."""
    fleet, hours = standing.fleet, standing.recent
    days = hours.valid.shape[1] // 24
    first_day = hours.first // BUCKETS_PER_DAY
    # 1 January 1970 was a Thursday; weekdays only need to be the same weekly.
    past = ahead.Past(hours.daily(hours.valid), hours.daily(hours.bad), (first_day + np.arange(days)) % 7)
    horizons = []
    burning = np.full((3, len(standing.known)), np.nan)
    for row, question in enumerate(standing.known):
        key = _key(question)
        window, total = fleet.spans[key], standing.totals[key]
        left = window.length if window.kind == "rolling" else window.ends_at - window.to
        horizons.append(ahead.Horizon(window.kind, window.length / _DAY, left / _DAY, total.valid, total.bad))
        onsets = [a.onset for a in standing.alerts.get(key, ()) if a.onset is not None]
        if onsets:
            lasts = max(1, min(24, round((fleet.at - max(onsets)) / timedelta(hours=1))))
            burning[:, row] = (hours.valid[row, -lasts:].sum(), hours.bad[row, -lasts:].sum(), lasts)
    return past, horizons, ahead.Recent(*burning)


def slo_status(fleet: Fleet, question: Question) -> SloStatus:
    """The status of one SLO."""
    return Standing(fleet, (question,)).status(question)


def model_statuses(fleet: Fleet) -> tuple[ModelStatus, ...]:
    """Every defined model, then every model that is only in the logs, by name."""
    slos: dict[str, list[SloStatus]] = {m.name: [] for m in fleet.models if fleet.only in (None, m.name)}
    standing = Standing(fleet, fleet.questions)
    for question in fleet.questions:
        slos[question.model].append(standing.status(question))
    defined = [_defined(fleet, m, slos[m.name]) for m in fleet.models if m.name in slos]
    names = {m.name for m in fleet.models}
    strangers = [n for n in sorted(fleet.seen) if n not in names and fleet.only in (None, n)]
    return (*defined, *(_undefined(fleet, name) for name in strangers))


def _key(question: Question) -> Key:
    return question.model, question.slo.name


def _defined(fleet: Fleet, model: Model, slos: Sequence[SloStatus]) -> ModelStatus:
    judged = judge(slos, tier=model.tier)
    return ModelStatus(
        model=model.name,
        type=model.type,
        tier=model.tier,
        owner=model.owner,
        labels=model.labels,
        state=judged.state,
        verdict=judged.verdict,
        gate=judged.gate,
        tracks=judged.tracks,
        slos=tuple(slos),
        requests=fleet.requests(model.name),
        last_seen=fleet.last_seen(model.name),
        notes=() if model.name in fleet.seen else ("the logs hold no request of this model",),
    )


def _undefined(fleet: Fleet, name: str) -> ModelStatus:
    judged = judge(())
    return ModelStatus(
        model=name,
        type=None,
        tier=None,
        defined=False,
        state=judged.state,
        verdict=judged.verdict,
        gate=judged.gate,
        tracks=judged.tracks,
        slos=(),
        requests=fleet.requests(name),
        last_seen=fleet.last_seen(name),
        notes=(f"no SLO is defined; write models/{name}.yaml",),
    )
