"""Alerts of the workspace made of arithmetic: its hourly counts, through the real rules and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import exp
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from burnline.alerts.counts import Counts
from burnline.alerts.figures import Burn, figures, true_burns
from burnline.alerts.grouping import APART, alert_id, grouped
from burnline.alerts.incidents import incidents
from burnline.alerts.policy import policy
from burnline.alerts.replay import Episode, replay
from burnline.alerts.rule_sets import parse_rules
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.budgets.burn_rules import rules
from burnline.budgets.windows import begin, bucket, span
from burnline.results import Alert, AlertGroup, Incident, Replay
from burnline.spec.model import Model, Slo

BUCKETS = 12


@dataclass(frozen=True)
class Watched:
    """One SLO, its hourly counts up to ``at``, and what is tried instead of its rules."""

    model: Model
    slo: Slo
    valid: Floats
    bad: Floats
    at: datetime
    zone: ZoneInfo
    alpha: float | None = None
    rules: str | None = None

    @cached_property
    def arrivals(self) -> Arrivals:
        """The counts, spread evenly over the buckets of their hour."""
        first = bucket(self.at) - BUCKETS * len(self.valid) + 1
        return Arrivals(first, np.repeat(self.valid / BUCKETS, BUCKETS), np.repeat(self.bad / BUCKETS, BUCKETS))

    @cached_property
    def counts(self) -> Counts:
        """What budget figures are computed from."""
        return Counts(self.arrivals, self.slo.objective, span(self.slo.window, self.at).length)

    def episodes(self, *, gated: bool = True) -> tuple[Episode, ...]:
        """What the rules do on the counts."""
        applied = policy(self.model.tier, 100)
        tried = parse_rules(self.rules, self.counts.length) if self.rules else applied.apply(rules(self.counts.length))
        return replay(
            self.arrivals,
            objective=self.slo.objective,
            rules=tried,
            alpha=self.alpha or applied.alpha,
            phi=1.0,
            length=self.counts.length,
            gated=gated,
        )

    def burns(self) -> tuple[Burn, ...]:
        """The true burns of the counts."""
        return true_burns(self.arrivals, objective=self.slo.objective, length=self.counts.length)

    def alerts(self, *, gated: bool = True) -> tuple[Alert, ...]:
        """The episodes as alerts."""
        return tuple(self._alert(episode) for episode in self.episodes(gated=gated))

    def local(self, bucket: int) -> datetime:
        """When a bucket begins."""
        return min(begin(bucket).astimezone(self.zone), self.at.astimezone(self.zone))

    def _alert(self, episode: Episode) -> Alert:
        return Alert(
            id=alert_id(self.model.name, self.slo.name, episode.severity, begin(episode.fired + 1)),
            model=self.model.name,
            slo=self.slo.name,
            track=self.slo.track,
            tier=self.model.tier,
            severity=episode.severity,
            rule=episode.rule,
            onset=self.local(episode.onset),
            started_at=self.local(episode.fired + 1),
            resolved_at=None if episode.resolved is None else self.local(episode.resolved + 1),
            burn_long=episode.burn_long,
            burn_short=episode.burn_short,
            budget_spent=episode.budget_spent,
            confirmed=True,
            fleet_discovery=True,
            e_value=exp(min(episode.log_e, 690.0)),
        )

    def replayed(self) -> Replay:
        """The rules alone beside the rules with evidence."""
        bounds: Any = {"first": self.arrivals.first, "last": self.arrivals.last}
        burns = self.burns()
        return Replay(
            model=self.model.name,
            slo=self.slo.name,
            track=self.slo.track,
            objective=float(self.slo.objective),
            threshold=self.slo.threshold,
            alpha=self.alpha or policy(self.model.tier, 100).alpha,
            from_=self.local(self.arrivals.first),
            to=self.at,
            overdispersion=1.0,
            raw=figures(self.episodes(gated=False), burns, **bounds),
            gated=figures(self.episodes(), burns, **bounds),
            raw_alerts=self.alerts(gated=False),
            alerts=self.alerts(),
            burns=tuple((self.local(b.first), self.local(b.last + 1)) for b in burns),
            warnings=(),
        )


@dataclass(frozen=True)
class FakeFindings:
    """Stands for ``burnline.alerting.Findings``: ``fleet`` knows the moment, as that of the real ones does."""

    fleet: Any
    watched: tuple[Watched, ...]
    laws: tuple[Any, ...] = ()

    @cached_property
    def grouped(self) -> tuple[tuple[Alert, ...], tuple[AlertGroup, ...]]:
        """Alerts and groups."""
        return grouped(alert for one in self.watched for alert in one.alerts())

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """Incidents, newest first."""
        return incidents(self.grouped[0], self.counts)[::-1]

    @cached_property
    def counts(self) -> dict[tuple[str, str], Counts]:
        """The counts of each SLO."""
        return {(one.model.name, one.slo.name): one.counts for one in self.watched}

    @cached_property
    def on_burns(self) -> frozenset[str]:
        """The alerts on a true burn."""
        spans = [
            (one.model.name, one.slo.name, one.local(b.first), one.local(b.last + 1) + APART)
            for one in self.watched
            for b in one.burns()
        ]
        return frozenset(
            a.id
            for a in self.grouped[0]
            for model, slo, first, last in spans
            if (model, slo) == (a.model, a.slo)
            and a.started_at <= last
            and (a.resolved_at is None or a.resolved_at > first)
        )
