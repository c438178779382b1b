"""The alerts of a fleet: the counts of every SLO replayed in the order in which they became known."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import exp, log

import numpy as np

from burnline.alerts.counts import Counts
from burnline.alerts.discoveries import discoveries
from burnline.alerts.grouping import alert_id
from burnline.alerts.policy import policy
from burnline.alerts.replay import Episode, History, history
from burnline.budgets.arrivals import Arrivals, Floats, arrivals
from burnline.budgets.burn_rules import Rule, rules, ticket_rules
from burnline.budgets.dispersion import common_weight, overdispersions
from burnline.budgets.fleet import Fleet
from burnline.budgets.question import Question
from burnline.budgets.windows import begin
from burnline.results import Alert
from burnline.rollups.reads import HOUR

Key = tuple[str, str]
_WEEK = 7 * 288
_LARGEST = 690.0


@dataclass(frozen=True)
class Watched:
    """One SLO with everything its alerts are decided by.

    ``phi`` is the over-dispersion of each bucket of the arrivals, learnt from the time before it.
    """

    question: Question
    arrivals: Arrivals
    phi: Floats
    rules: tuple[Rule, ...]
    alpha: float

    @property
    def key(self) -> Key:
        """Model and SLO."""
        return self.question.model, self.question.slo.name


@dataclass(frozen=True)
class Watch:
    """Some SLOs of a fleet under the alert policy of their tiers."""

    fleet: Fleet
    chosen: tuple[Question, ...]

    @cached_property
    def _tiers(self) -> Mapping[str, int]:
        return {model.name: model.tier for model in self.fleet.models}

    @cached_property
    def _hypotheses(self) -> int:
        """How many SLOs of the whole workspace are watched at the same time."""
        return sum(len(model.slos) for model in self.fleet.models)

    @cached_property
    def watched(self) -> tuple[Watched, ...]:
        """Every SLO with data, in the order of the questions."""
        chosen = [q for q in self.chosen if not q.daily or q.model not in self._checked]
        found = arrivals(self.fleet, chosen, excluded=self.fleet.excluded_ranges)
        asked = [q for q in chosen if len(found[q.model, q.slo.name].valid)]
        phis = _overdispersions(asked, [found[q.model, q.slo.name] for q in asked], self.fleet.weighted)
        return tuple(self._watched(q, found[q.model, q.slo.name], phi) for q, phi in zip(asked, phis, strict=True))

    @cached_property
    def _checked(self) -> frozenset[str]:
        """Models whose answers labels check: there harm alerts by itself, and drift alone need not."""
        judging = {q.model for q in self.fleet.questions if q.measure is not None and q.measure.labelled}
        logs = self.fleet.snapshot.ledger.logs.values()
        return frozenset(m for log in logs if log.own_labels or log.joined for m in log.models if m in judging)

    def _watched(self, question: Question, series: Arrivals, phi: Floats) -> Watched:
        applied = policy(self._tiers[question.model], self._hypotheses)
        length = self.fleet.spans[question.model, question.slo.name].length
        pairs = applied.apply(ticket_rules(length) if question.daily else rules(length))
        return Watched(question, series, phi, pairs, applied.alpha)

    @cached_property
    def histories(self) -> Mapping[Key, History]:
        """The episodes of every SLO over its whole history."""
        return {one.key: self.replay(one) for one in self.watched}

    def replay(self, one: Watched, *, gated: bool = True) -> History:
        """The episodes of one SLO; ``gated=False`` leaves the evidence out."""
        slo = one.question.slo
        return history(
            one.arrivals,
            objective=slo.objective,
            rules=one.rules,
            alpha=one.alpha,
            phi=one.phi,
            length=self.fleet.spans[one.key].length,
            gated=gated,
        )

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert of the history, oldest first; pages before tickets of the same moment."""
        found = [(one, episode) for one in self.watched for episode in self.histories[one.key].episodes]
        discovered = _discovered([(one.key, episode) for one, episode in found], self._hypotheses)
        made = [
            self.alert(one, episode, discovered=seen) for (one, episode), seen in zip(found, discovered, strict=True)
        ]
        return tuple(sorted(made, key=lambda a: (a.started_at, a.severity, a.model, a.slo)))

    def firing(self) -> dict[Key, tuple[Alert, ...]]:
        """The alerts that fire at the moment, by model and SLO."""
        found: dict[Key, tuple[Alert, ...]] = {}
        for each in self.alerts:
            if each.resolved_at is None:
                found[each.model, each.slo] = (*found.get((each.model, each.slo), ()), each)
        return found

    def alert(self, one: Watched, episode: Episode, *, discovered: bool = False) -> Alert:
        """An episode as people see it, in the zone of the question. What happens in a bucket is known when it ends."""
        slo = one.question.slo
        # Named by the end of its bucket, which is the same whenever one asks.
        name = alert_id(one.question.model, slo.name, episode.severity, begin(episode.fired + 1))
        return Alert(
            id=name,
            model=one.question.model,
            slo=slo.name,
            track=slo.track,
            tier=self._tiers[one.question.model],
            severity=episode.severity,
            rule=episode.rule,
            onset=self._local(episode.onset),
            started_at=self._local(episode.fired + 1),
            resolved_at=None if episode.resolved is None else self._local(episode.resolved + 1),
            burn_long=episode.burn_long,
            burn_short=episode.burn_short,
            budget_spent=episode.budget_spent,
            confirmed=episode.log_e >= log(1 / one.alpha),
            fleet_discovery=discovered,
            e_value=exp(min(episode.log_e, _LARGEST)),
        )

    def _local(self, bucket: int) -> datetime:
        """When a bucket begins, in the zone of the question; not after the question."""
        return min(begin(bucket).astimezone(self.fleet.at.tzinfo), self.fleet.at)


def counts_of(watch: Watch, only: Key | None = None) -> dict[Key, Counts]:
    """What the budget figures of the watched SLOs (or of one) are computed from."""
    return {
        one.key: Counts(one.arrivals, one.question.slo.objective, watch.fleet.spans[one.key].length)
        for one in watch.watched
        if only in (None, one.key)
    }


def _overdispersions(asked: Sequence[Question], series: Sequence[Arrivals], weighted: Container[str]) -> list[Floats]:
    """The over-dispersion of each bucket, learnt anew every week from the six weeks before it.

    What an alert was decided by then does not change with what comes later. In logs of ``weighted`` models it is at
    least the weight that all events have in common, from the first bucket on.
    """
    phis = [np.ones(len(one.valid)) for one in series]
    if not series:
        return phis
    first = min(one.first for one in series)
    first -= first % HOUR
    last = max(one.last for one in series)
    hours = (last - first) // HOUR + 1
    valid, bad = (np.stack(counts) for counts in zip(*(one.by_hour(first, hours) for one in series), strict=True))
    shares = np.array([float(1 - q.slo.objective) for q in asked])
    for week in range(first - first % _WEEK + _WEEK, last + 1, _WEEK):
        before = slice(max(0, (week - 6 * _WEEK - first) // HOUR), (week - first) // HOUR)
        active = [i for i, one in enumerate(series) if one.first < week <= one.last]
        found = overdispersions(valid[active, before], bad[active, before], shares[active])
        for i, value in zip(active, found, strict=True):
            phis[i][week - series[i].first :] = value
    for i, (question, one) in enumerate(zip(asked, series, strict=True)):
        if question.model in weighted:
            phis[i] = np.maximum(phis[i], common_weight(one.valid, one.bad))
    return phis


def _discovered(found: Sequence[tuple[Key, Episode]], hypotheses: int) -> list[bool]:
    """Which episodes stand among all SLOs of the fleet: e-BH over the SLOs that burn when each ends.

    By their peak evidence; an SLO with a page and a ticket counts once.
    """
    seen = []
    for key, one in found:
        strongest: dict[Key, float] = {}
        for other_key, other in found:
            if other.fired <= _end(one) <= _end(other):
                strongest[other_key] = max(other.peak_log_e, strongest.get(other_key, -np.inf))
        seen.append(dict(zip(strongest, discoveries(list(strongest.values()), hypotheses), strict=True))[key])
    return seen


def _end(episode: Episode) -> float:
    return float("inf") if episode.resolved is None else episode.resolved
