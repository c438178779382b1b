"""Incidents: contiguous burn that the evidence confirmed, of one track of a model.

Confirmed alerts of one model and track that overlap, or leave at most 60 minutes between them, are one
incident. It ends where the burn did, which is known once its alerts have resolved. The two tracks have
incidents of their own. An incident that spent more than 20 % of a
budget needs a postmortem (Site Reliability Workbook, example error budget policy).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from burnline.alerts.counts import Counts
from burnline.alerts.detector import detector
from burnline.alerts.grouping import last_end, stable_id, together, worst
from burnline.budgets.windows import begin, bucket
from burnline.results import Alert, Incident

POSTMORTEM = 0.20
_HOUR = 12


def incidents(alerts: Iterable[Alert], counts: Mapping[tuple[str, str], Counts]) -> tuple[Incident, ...]:
    """The incidents behind these alerts, by their start.

    ``counts`` are those of each (model, slo). Over the buckets from ``started_at`` to ``ended_at`` (to
    the last one while it lasts), ``bad`` is the bad events of each SLO, ``budget_spent`` those over
    (1 - objective) x the valid events of one window length up to the end, and ``peak_burn`` the highest
    burn rate over one hour. An SLO without counts has no figures.
    """
    runs = together((a for a in alerts if a.confirmed), by=lambda a: (a.model, a.track))
    return tuple(sorted((_incident(run, counts) for run in runs), key=lambda i: (i.started_at, i.model, i.track)))


def _incident(alerts: Sequence[Alert], counts: Mapping[tuple[str, str], Counts]) -> Incident:
    first = alerts[0]
    onset = min(a.onset or a.started_at for a in alerts)
    resolved = last_end(alerts)
    slos = tuple(dict.fromkeys(a.slo for a in alerts))
    known = {slo: counts[first.model, slo] for slo in slos if (first.model, slo) in counts}
    spans = {slo: _positions(mine, onset, resolved) for slo, mine in known.items()}
    end = resolved
    if resolved is not None and known:
        ends = [begin(mine.arrivals.first + _end(mine, *spans[slo])) for slo, mine in known.items()]
        end = min(resolved, max(first.started_at, *ends).astimezone(resolved.tzinfo))
        spans = {slo: _positions(mine, onset, end) for slo, mine in known.items()}
    spent = {slo: mine.spent(*spans[slo]) for slo, mine in known.items()}
    return Incident(
        id=stable_id("incident", first.model, first.track, first.started_at),
        model=first.model,
        track=first.track,
        slos=slos,
        started_at=onset,
        detected_at=first.started_at,
        ended_at=end,
        budget_spent=spent,
        severity=worst(alerts),
        state="open" if resolved is None else "resolved",
        postmortem_required=any(share > POSTMORTEM for share in spent.values()),
        bad={slo: mine.sums.between(*spans[slo])[1] for slo, mine in known.items()},
        peak_burn={slo: _peak(mine, *spans[slo]) for slo, mine in known.items()},
        alerts=tuple(a.id for a in alerts),
    )


def _positions(counts: Counts, start: datetime, end: datetime | None) -> tuple[int, int]:
    size = len(counts.arrivals.valid)
    first = counts.arrivals.first
    stop = size if end is None else min(size, bucket(end) - first)
    return max(0, bucket(start) - first), stop


def _end(counts: Counts, start: int, stop: int) -> int:
    """The position after the last bucket that belongs to the burn which began at ``start``.

    The end (and burn rate) of the largest likelihood ratio against the budget.
    """
    if stop <= start:
        return stop
    part = slice(start, stop)
    ratios = detector(counts.objective).sums(counts.arrivals.valid[part], counts.arrivals.bad[part]).max(axis=0)
    return start + int(np.argmax(ratios)) + 1


def _peak(counts: Counts, start: int, stop: int) -> float:
    valid, bad = (sums[start:stop] for sums in counts.sums.windows(_HOUR))
    rates = np.divide(bad, valid, out=np.zeros(len(valid)), where=valid > 0)
    return float(rates.max(initial=0.0)) / float(1 - counts.objective)
