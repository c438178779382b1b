"""Everything one incident is told by, gathered: its alerts, the changes around it, incidents like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from burnline.budgets.burn_rules import rules
from burnline.dashboard.wording import unit_of
from burnline.results import Alert, FleetStatus, Incident

_LEAST = timedelta(hours=12)
_MOST_STEPS = 300
_STEPS = tuple(timedelta(minutes=m) for m in (5, 10, 15, 30, 60, 120, 360))
_SIMILAR = 6


@dataclass(frozen=True)
class Case:
    """One incident as of ``at``.

    ``changes`` has time, model, kind, version and note of everything that changed within ``span``, the
    stretch of time that is shown; ``units`` says what each SLO counts; ``thresholds`` are the burn rates of
    the pairs that fired, by SLO and pair.
    """

    incident: Incident
    at: datetime
    zone: ZoneInfo
    alerts: tuple[Alert, ...]
    similar: tuple[Incident, ...]
    changes: pl.DataFrame
    units: Mapping[str, str]
    thresholds: Mapping[str, Mapping[str, float]]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The stretch of time that is shown."""
        return around(self.incident, self.at)

    @property
    def preceding(self) -> dict[str, object] | None:
        """The last change before the burn began, if one is within the span."""
        earlier = [c for c in self.changes.iter_rows(named=True) if c["time"] <= self.incident.started_at]
        return max(earlier, key=lambda change: change["time"], default=None)


def gather(
    incident: Incident,
    alerts: Iterable[Alert],
    incidents: Iterable[Incident],
    changes: pl.DataFrame,
    status: FleetStatus,
    at: datetime,
) -> Case:
    """The case of an incident among all alerts and incidents."""
    mine = [a for a in alerts if a.id in incident.alerts]
    slos = {slo.slo: slo for model in status.models if model.model == incident.model for slo in model.slos}
    return Case(
        incident=incident,
        at=at,
        zone=ZoneInfo(status.timezone),
        alerts=tuple(sorted(mine, key=lambda a: (a.started_at, a.slo))),
        similar=similar(incident, incidents),
        changes=changes,
        units={name: unit_of(slo) for name, slo in slos.items()},
        thresholds={
            slo: {
                rule.name: rule.threshold
                for rule in rules(slos[slo].window.ends_at - slos[slo].window.from_)
                if any(a.slo == slo and a.rule == rule.name for a in mine)
            }
            for slo in incident.slos
            if slo in slos
        },
    )


def around(incident: Incident, at: datetime) -> tuple[datetime, datetime]:
    """From before to after an incident by twice its length, half a day at least; not beyond ``at``."""
    start, end = incident.started_at.astimezone(UTC), (incident.ended_at or at).astimezone(UTC)
    margin = max(2 * (end - start), _LEAST)
    return start - margin, min(end + margin, at)


def step_of(span: tuple[datetime, datetime]) -> timedelta:
    """The shortest step that keeps a chart of a span readable."""
    length = span[1] - span[0]
    return next((step for step in _STEPS if length <= step * _MOST_STEPS), _STEPS[-1])


def similar(incident: Incident, incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Earlier incidents of the same model and track, then those of the same SLO of other models; newest first."""

    def likeness(other: Incident) -> int:
        if (other.model, other.track) == (incident.model, incident.track):
            return 2
        return 1 if set(other.slos) & set(incident.slos) else 0

    earlier = [o for o in incidents if o.started_at < incident.started_at and likeness(o)]
    return tuple(sorted(earlier, key=lambda o: (likeness(o), o.started_at), reverse=True)[:_SIMILAR])


def by_need(incidents: Iterable[Incident]) -> list[Incident]:
    """Open ones first, pages before tickets, the costliest at the head; then the resolved, newest first."""
    open_ = sorted(
        (i for i in incidents if i.state == "open"), key=lambda i: (i.severity != "page", -cost(i), i.started_at)
    )
    resolved = [i for i in incidents if i.state != "open"]
    return [*open_, *sorted(resolved, key=lambda i: i.started_at, reverse=True)]


def cost(incident: Incident) -> float:
    """The largest share of a budget that it spent."""
    return max(incident.budget_spent.values(), default=0.0)


def costliest(incident: Incident) -> str:
    """The SLO whose budget it spent most of."""
    return max(incident.budget_spent, key=lambda slo: incident.budget_spent[slo], default=incident.slos[0])


def slos_by_cost(incident: Incident) -> list[str]:
    """Its SLOs, the one that spent most at the head."""
    return sorted(incident.slos, key=lambda slo: -incident.budget_spent.get(slo, 0.0))


def lasted(incident: Incident, at: datetime) -> timedelta:
    """From onset to end; so far, while it lasts."""
    return elapsed(incident.started_at, incident.ended_at or at)


def detected_after(incident: Incident) -> timedelta:
    """From onset to the first alert."""
    return elapsed(incident.started_at, incident.detected_at)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """From one moment to another; Python would ignore a change of the clocks within one zone."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def within(incidents: Sequence[Incident], at: datetime, period: timedelta | None) -> list[Incident]:
    """Those that were going on in the period up to ``at``."""
    if period is None:
        return list(incidents)
    since = at.astimezone(UTC) - period
    return [i for i in incidents if (i.ended_at or at) >= since]
