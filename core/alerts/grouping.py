"""Alerts by name, and the alerts of one model that belong together.

Alerts of a model that overlap in time, or leave at most 60 minutes between them, are one group, over
all its SLOs and both tracks. A group is named after its first alert: later ones join it or begin
another, so a group keeps its name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from burnline.results import Alert, AlertGroup, Severity

APART = timedelta(minutes=60)


def stable_id(*parts: str | datetime) -> str:
    """Twelve characters that name these parts, the same on every machine and day."""
    texts = [part.astimezone(UTC).isoformat() if isinstance(part, datetime) else part for part in parts]
    return blake2b("\0".join(texts).encode(), digest_size=6).hexdigest()


def alert_id(model: str, slo: str, severity: str, started_at: datetime) -> str:
    """The name of an alert."""
    return stable_id(model, slo, severity, started_at)


def grouped(alerts: Iterable[Alert]) -> tuple[tuple[Alert, ...], tuple[AlertGroup, ...]]:
    """The alerts with the names of their groups, and the groups, both by start."""
    members = together(alerts, by=lambda a: a.model)
    groups = tuple(sorted((_group(each) for each in members), key=lambda g: (g.started_at, g.model)))
    names = {name: group.id for group in groups for name in group.alerts}
    named = (a.model_copy(update={"group": names[a.id]}) for each in members for a in each)
    return tuple(sorted(named, key=_order)), groups


def together(alerts: Iterable[Alert], by: Callable[[Alert], Hashable]) -> list[tuple[Alert, ...]]:
    """Runs of alerts that share ``by`` and leave at most 60 minutes between them, each by start."""
    apart: defaultdict[Hashable, list[Alert]] = defaultdict(list)
    for each in sorted(alerts, key=_order):
        apart[by(each)].append(each)
    return [run for mine in apart.values() for run in _runs(mine)]


def last_end(alerts: Sequence[Alert]) -> datetime | None:
    """When the last of them resolved; None while one is open."""
    ends = [a.resolved_at for a in alerts if a.resolved_at is not None]
    return max(ends) if len(ends) == len(alerts) else None


def worst(alerts: Iterable[Alert]) -> Severity:
    """``page`` when one of them pages."""
    return "page" if any(a.severity == "page" for a in alerts) else "ticket"


def _runs(alerts: Sequence[Alert]) -> list[tuple[Alert, ...]]:
    runs: list[list[Alert]] = []
    for each in alerts:
        end = last_end(runs[-1]) if runs else each.started_at
        if runs and (end is None or each.started_at <= end + APART):
            runs[-1].append(each)
        else:
            runs.append([each])
    return [tuple(run) for run in runs]


def _group(alerts: Sequence[Alert]) -> AlertGroup:
    first = alerts[0]
    return AlertGroup(
        id=stable_id("group", first.model, first.started_at),
        model=first.model,
        severity=worst(alerts),
        started_at=first.started_at,
        resolved_at=last_end(alerts),
        tracks=tuple(sorted({a.track for a in alerts})),
        slos=tuple(dict.fromkeys(a.slo for a in alerts)),
        alerts=tuple(a.id for a in alerts),
    )


def _order(alert: Alert) -> tuple[datetime, str, str, str]:
    return alert.started_at, alert.model, alert.slo, alert.severity
