"""What a set of alert rules does over a history, bucket by bucket, looking only back.

An episode (a page or a ticket) starts when a pair of its severity exceeds its threshold and the
evidence M of the e-detector reaches 1/alpha. It goes on while any pair of its severity holds and
resolves when none has for 30 minutes. When the last open episode of an SLO resolves, the evidence
starts again from nothing: an incident that is over must not vouch for the noise that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import log

import numpy as np

from burnline.alerts.conditions import Pair, pairs
from burnline.alerts.counts import Counts
from burnline.alerts.detector import NOTHING, Detector, detector, tempered
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.budgets.burn_rules import Rule
from burnline.results import Severity

RESOLVES_AFTER = 6
"""Buckets without a pair that holds: 30 minutes."""
_CHUNK = 576
_ROUNDING = 1e-6
_SEVERITIES: tuple[Severity, ...] = ("page", "ticket")


@dataclass(frozen=True)
class Episode:
    """One alert. Buckets are absolute; what happens at a bucket is known when it ends.

    ``rule`` fired first, ``rules`` held at some time; ``burn_long`` and ``burn_short`` are those of
    ``rule`` when it fired. ``budget_spent`` is bad since the ``onset`` over the budget of one window
    length, (1 - objective) x its valid events: the workbook's burn x elapsed / P. ``log_e`` is ln M when
    it fired and ``peak_log_e`` its highest since; ``peak_burn`` is the highest burn rate since over the
    long window of a pair of the severity. ``resolved`` is None while it lasts.
    """

    severity: Severity
    rule: str
    rules: tuple[str, ...]
    fired: int
    resolved: int | None
    onset: int
    burn_long: float
    burn_short: float
    budget_spent: float
    log_e: float
    peak_log_e: float
    peak_burn: float


@dataclass(frozen=True)
class History:
    """The episodes in the order they fired, and ln M of the e-detector after the last bucket."""

    episodes: tuple[Episode, ...]
    log_e: float

    @property
    def open(self) -> tuple[Episode, ...]:
        """The episodes that last beyond the last bucket."""
        return tuple(e for e in self.episodes if e.resolved is None)


def replay(
    arrivals: Arrivals,
    *,
    objective: Decimal,
    rules: Sequence[Rule],
    alpha: float,
    phi: float | Floats,
    length: timedelta,
    gated: bool = True,
) -> tuple[Episode, ...]:
    """The episodes of a history in the order they fired.

    ``phi`` is the over-dispersion of the counts, one number or one for each bucket, ``length`` is that
    of the SLO's window. ``gated=False`` replays the bare rules, without evidence.
    """
    past = history(arrivals, objective=objective, rules=rules, alpha=alpha, phi=phi, length=length, gated=gated)
    return past.episodes


def history(
    arrivals: Arrivals,
    *,
    objective: Decimal,
    rules: Sequence[Rule],
    alpha: float,
    phi: float | Floats,
    length: timedelta,
    gated: bool = True,
) -> History:
    """``replay``, and what stands at its end.

    A longer history changes nothing about what was known before: only ``resolved``, ``rules`` and the
    peaks of an episode that was open move on.
    """
    end = len(arrivals.valid)
    if not end:
        return History((), NOTHING)
    counts = Counts(arrivals, objective, length)
    watched = pairs(counts.sums, rules, objective)
    severities = [_Severity(s, watched) for s in _SEVERITIES if any(p.rule.severity == s for p in watched)]
    evidence, known = detector(objective), tempered(arrivals, phi)
    needed = log(1 / alpha) if gated else NOTHING
    if gated and any(len(severity.begins) for severity in severities):
        reachable = evidence.bound(known.valid, known.bad) > needed - _ROUNDING
        for severity in severities:
            severity.begins = severity.begins[reachable[severity.begins]]
    episodes: list[Episode] = []
    trace = _Trace(evidence, known, 0)
    while firings := _until_reset(trace, severities, needed, end):
        episodes += [_episode(trace, counts, firing) for firing in firings]
        reset = max(firing.stop for firing in firings) + 1
        if reset > end:
            return History(_ordered(episodes), float(trace.until(end)[-1]))
        trace = _Trace(evidence, known, reset)
    return History(_ordered(episodes), evidence.last(known.valid[trace.start :], known.bad[trace.start :]))


class _Severity:
    """Where the pairs of one severity begin and stop."""

    def __init__(self, severity: Severity, watched: Sequence[Pair]) -> None:
        self.name = severity
        self.pairs = [pair for pair in watched if pair.rule.severity == severity]
        self.begins = np.flatnonzero(np.logical_or.reduce([pair.exceeds for pair in self.pairs]))
        holds = np.logical_or.reduce([pair.holds for pair in self.pairs])
        at = np.arange(len(holds))
        self._quiet = np.flatnonzero(at - np.maximum.accumulate(np.where(holds, at, -1)) >= RESOLVES_AFTER)

    def first(self, trace: _Trace, start: int, stop: int, needed: float) -> int | None:
        """The first position in [start, stop) where a pair exceeds and the evidence suffices."""
        i, last = np.searchsorted(self.begins, [start, stop])
        while i < last:
            log_e = trace.until(int(self.begins[i]) + 1)
            j = min(int(np.searchsorted(self.begins, trace.start + len(log_e))), last)
            proven = np.flatnonzero(log_e[self.begins[i:j] - trace.start] >= needed)
            if len(proven):
                return int(self.begins[i + proven[0]])
            i = j
        return None

    def resolves(self, fired: int, end: int) -> int:
        """The first position after ``fired`` where no pair has held for 30 minutes; else ``end``."""
        i = np.searchsorted(self._quiet, fired)
        return int(self._quiet[i]) if i < len(self._quiet) else end


class _Trace:
    """ln M from a reset on, computed in chunks and only as far as it is asked for."""

    def __init__(self, evidence: Detector, arrivals: Arrivals, start: int) -> None:
        self.evidence, self.arrivals, self.start = evidence, arrivals, start
        self._log_e: Floats = np.empty(len(arrivals.valid) - start)
        self._known, self._state = 0, evidence.fresh

    def until(self, stop: int) -> Floats:
        """ln M of the positions from the reset up to ``stop`` (exclusive), and perhaps of more."""
        while self.start + self._known < stop:
            chunk = slice(self.start + self._known, self.start + self._known + _CHUNK)
            valid, bad = self.arrivals.valid[chunk], self.arrivals.bad[chunk]
            log_e, self._state = self.evidence.run(valid, bad, self._state)
            self._log_e[self._known : self._known + len(log_e)] = log_e
            self._known += len(log_e)
        return self._log_e[: self._known]


@dataclass(frozen=True)
class _Firing:
    """Positions: the episode starts at ``fired``, resolves at ``stop``; its onset is not before ``since``."""

    severity: _Severity
    fired: int
    stop: int
    since: int


def _until_reset(trace: _Trace, severities: Sequence[_Severity], needed: float, end: int) -> list[_Firing]:
    """The episodes up to the moment when all are resolved again; none if nothing fires any more."""
    horizon, fires = end, False
    for severity in severities:
        fired = severity.first(trace, trace.start, horizon, needed)
        if fired is not None:
            horizon, fires = fired + 1, True
    found: list[_Firing] = []
    free = {severity.name: trace.start for severity in severities}
    while fires:
        fires = False
        for severity in severities:
            since = free[severity.name]
            fired = severity.first(trace, since, min(horizon, end), needed)
            if fired is not None:
                stop = severity.resolves(fired, end)
                found.append(_Firing(severity, fired, stop, since))
                free[severity.name], horizon, fires = stop + 1, max(horizon, stop + 1), True
    return found


def _episode(trace: _Trace, counts: Counts, firing: _Firing) -> Episode:
    arrivals, fired, stop = trace.arrivals, firing.fired, firing.stop
    log_e = trace.until(min(stop + 1, len(arrivals.valid)))
    part = slice(firing.since, fired + 1)
    onset = firing.since + trace.evidence.onset(arrivals.valid[part], arrivals.bad[part])
    while_open = slice(fired, stop + 1)
    mine = firing.severity.pairs
    first = next(pair for pair in mine if pair.exceeds[fired])
    return Episode(
        severity=firing.severity.name,
        rule=first.rule.name,
        rules=tuple(pair.rule.name for pair in mine if pair.holds[while_open].any()),
        fired=arrivals.first + fired,
        resolved=arrivals.first + stop if stop < len(arrivals.valid) else None,
        onset=arrivals.first + onset,
        burn_long=float(first.burn_long[fired]),
        burn_short=float(first.burn_short[fired]),
        budget_spent=counts.spent(onset, fired + 1),
        log_e=float(log_e[fired - trace.start]),
        peak_log_e=float(log_e[fired - trace.start : stop + 1 - trace.start].max()),
        peak_burn=max(float(np.nanmax(pair.burn_long[while_open])) for pair in mine if not _unknown(pair, while_open)),
    )


def _unknown(pair: Pair, part: slice) -> bool:
    return bool(np.isnan(pair.burn_long[part]).all())


def _ordered(episodes: Sequence[Episode]) -> tuple[Episode, ...]:
    return tuple(sorted(episodes, key=lambda e: (e.fired, e.severity)))
