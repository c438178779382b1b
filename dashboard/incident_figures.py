"""Figures of many incidents: how fast they are noticed and over, what they cost by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from burnline.dashboard.incident_case import cost, detected_after, elapsed
from burnline.results import Incident

_WEEK = timedelta(days=7)
_LEAST_WEEKS = 12


@dataclass(frozen=True)
class Figures:
    """Of the incidents that began in a period: medians with how many they rest on, and sums by week.

    ``detect`` is from onset to the first alert, ``recover`` from onset to the end of those that are over.
    ``count`` incidents began in so many ``weeks``, and ``cost`` is the sum of the largest share of a budget that
    each spent. ``begun`` and ``spent`` are the same by the week of their onset, oldest first, over twelve weeks at
    least; the last week ends now.
    """

    detect: timedelta | None
    count: int
    recover: timedelta | None
    recovered: int
    weeks: float
    cost: float
    begun: tuple[int, ...]
    spent: tuple[float, ...]


def figures(incidents: Sequence[Incident], at: datetime, period: timedelta | None) -> Figures:
    """The figures of the incidents that began in the period up to ``at`` (None: ever)."""
    first = min((i.started_at for i in incidents), default=at)
    length = elapsed(first, at) if period is None else period
    mine = [i for i in incidents if elapsed(i.started_at, at) <= length]
    over = [elapsed(i.started_at, i.ended_at) for i in mine if i.ended_at is not None]
    weeks = max(_LEAST_WEEKS, -(-length // _WEEK))
    begun, spent = [0] * weeks, [0.0] * weeks
    for incident in incidents:
        ago = elapsed(incident.started_at, at) // _WEEK
        if ago < weeks:
            begun[weeks - 1 - ago] += 1
            spent[weeks - 1 - ago] += cost(incident)
    return Figures(
        detect=_median([detected_after(i) for i in mine]),
        count=len(mine),
        recover=_median(over),
        recovered=len(over),
        weeks=max(length / _WEEK, 1.0),
        cost=sum(map(cost, mine)),
        begun=tuple(begun),
        spent=tuple(spent),
    )


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(s.total_seconds() for s in spans)) if spans else None
