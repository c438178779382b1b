"""How good a set of rules would have been: its alerts against the true burns of the history.

A true burn is judged in hindsight, with what came after it. The history is cut into calm stretches
and burning ones so that the likelihood is largest: a stretch that burns at one of the rates of the
e-detector counts with its log-likelihood ratio against the budget, tempered by the over-dispersion, less
a price of ln(n K / 0.05) for n buckets and K rates. By Ville's inequality and a union over starts and
rates a history that keeps its budget shows any such stretch with probability at most 5 %. Stretches at
most 60 minutes apart are one burn. It counts when it spent at least 1 % of the window's budget beyond
its pace: bad - (1 - objective) x valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import inf, log
from statistics import median
from typing import Any

import numpy as np

from burnline.alerts.counts import Counts
from burnline.alerts.detector import detector, tempered
from burnline.alerts.replay import Episode
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.results import ReplayFigures

APART = 12
"""Buckets between two burns, or between a burn and an alert on it: 60 minutes."""
MATTERS = 0.01
BY_CHANCE = 0.05
_WEEK = 2016
_SECONDS = 300
_NONE: Any = ()


@dataclass(frozen=True)
class Burn:
    """A stretch of buckets (both ends included) that overspent, and the share of the window's
    budget that it spent beyond its pace."""

    first: int
    last: int
    excess: float


def true_burns(
    arrivals: Arrivals, *, objective: Decimal, length: timedelta, phi: float | Floats = 1.0
) -> tuple[Burn, ...]:
    """The burns of a history, oldest first, by the definition above.

    ``phi`` is the over-dispersion of the counts, ``length`` that of the SLO's window.
    """
    if not len(arrivals.valid):
        return ()
    counts = Counts(arrivals, objective, length)
    known = tempered(arrivals, phi)
    sums = detector(objective).sums(known.valid, known.bad)
    increments = np.diff(sums, axis=1, prepend=0.0)
    found = []
    for start, last in _joined(_stretches(increments)):
        valid, bad = counts.sums.between(start, last + 1)
        budget = counts.budget(last + 1)
        excess = (bad - float(1 - objective) * valid) / budget if budget > 0 else 0.0
        if excess >= MATTERS:
            found.append(Burn(arrivals.first + start, arrivals.first + last, excess))
    return tuple(found)


def figures(episodes: Sequence[Episode], burns: Sequence[Burn], *, first: int, last: int) -> ReplayFigures:
    """What the alerts of a replay of the buckets ``first`` .. ``last`` were worth.

    An alert is on a burn when they overlap or it fires at most 60 minutes after. ``detection`` is the
    median of the seconds from the start of an alerted burn to the end of the bucket that fired, ``reset``
    from its end until the last alert on it resolved, ``budget_spent`` the median when alerts fired.
    """
    on = [[e for e in episodes if _on(e, burn)] for burn in burns]
    hits = [e for e in episodes if any(_on(e, burn) for burn in burns)]
    waits = [max(0, min(e.fired for e in es) + 1 - b.first) * _SECONDS for es, b in zip(on, burns, strict=True) if es]
    resets = [
        max(0, max(e.resolved for e in es if e.resolved is not None) - b.last) * _SECONDS
        for es, b in zip(on, burns, strict=True)
        if es and all(e.resolved is not None for e in es)
    ]
    size = last - first + 1
    return ReplayFigures(
        alerts=len(episodes),
        pages=sum(e.severity == "page" for e in episodes),
        tickets=sum(e.severity == "ticket" for e in episodes),
        alerts_per_week=len(episodes) * _WEEK / size if size > 0 else 0.0,
        precision=len(hits) / len(episodes) if episodes else None,
        recall=sum(map(bool, on)) / len(burns) if burns else None,
        detection=median(waits) if waits else None,
        reset=median(resets) if resets else None,
        budget_spent=median(e.budget_spent for e in episodes) if episodes else None,
        firing_share=_firing(episodes, last) / size if size > 0 else 0.0,
    )


def _stretches(increments: Floats) -> list[tuple[int, int]]:
    """First and last bucket of the burning stretches of the likeliest cut.

    Viterbi over a calm state and one per burn rate. Entering a burning state costs ``price``, leaving
    it nothing. Each state carries its stretches as a chain, so nothing is traced back.
    """
    rates, size = increments.shape
    price = log(size * rates / BY_CHANCE)
    calm, past = 0.0, _NONE
    value, start, chain = [-inf] * rates, [0] * rates, [_NONE] * rates
    for t, gains in enumerate(increments.T.tolist()):
        best, burning = calm, -1
        for k, gain in enumerate(gains):
            if value[k] < calm - price:
                value[k], start[k], chain[k] = calm - price, t, past
            value[k] += gain
            if value[k] > best:
                best, burning = value[k], k
        if burning >= 0:
            calm, past = best, (start[burning], t, chain[burning])
    found: list[tuple[int, int]] = []
    while past:
        found.append(past[:2])
        past = past[2]
    return found[::-1]


def _joined(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, last in stretches:
        if joined and start - joined[-1][1] <= APART:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((start, last))
    return joined


def _on(episode: Episode, burn: Burn) -> bool:
    return episode.fired <= burn.last + APART and (episode.resolved is None or episode.resolved >= burn.first)


def _firing(episodes: Sequence[Episode], last: int) -> int:
    """The number of buckets at whose end some alert fires."""
    total, covered = 0, -1
    for episode in sorted(episodes, key=lambda e: e.fired):
        stop = last + 1 if episode.resolved is None else episode.resolved
        begin = max(episode.fired, covered)
        total += max(0, stop - begin)
        covered = max(covered, stop)
    return total
