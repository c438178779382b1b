"""Evidence that a budget burns: an e-detector on five-minute counts.

Method: Shin, Ramdas, Rinaldo, "E-detectors" (New England Journal of Statistics in Data Science,
2024), as a restart mixture with spending weights. With p0 = 1 - objective, bad outcomes b_t and
good ones n_t - b_t of bucket t, and a burn rate r:

    g_t = exp( (b_t ln r + (n_t - b_t) ln((1 - r p0) / (1 - p0))) / phi )
    m_t = (m_{t-1} + w) g_t,  m = 0 after a reset        M_t = mean of m_t over the burn rates

While the bad outcomes come at p0 or less, P(M ever reaches 1/alpha within 30 days) <= alpha
(Ville's inequality: the weights w of 30 days of starts add up to 1). Dividing by the
over-dispersion phi tempers counts that scatter more than independent events would.

Everything is kept as logarithms: with L_t the sum of ln g up to t,
ln m_t = ln w + L_t + ln sum_{s<=t} exp(-L_{s-1}), which cannot overflow and is one accumulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import numpy as np

from burnline.budgets.arrivals import Floats

BURNS = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 14.0, 30.0, 100.0)
WEIGHT = 1 / 8640
NOTHING = -np.inf


@dataclass(frozen=True)
class Detector:
    """The increments of one objective: ln g = ``per_bad`` x bad + ``per_good`` x good, by burn rate."""

    burns: Floats
    per_bad: Floats
    per_good: Floats

    @property
    def fresh(self) -> Floats:
        """The state after a reset: ln m = ln 0 for every burn rate."""
        return np.full(len(self.burns), NOTHING)

    def increments(self, valid: Floats, bad: Floats) -> Floats:
        """ln g by burn rate and bucket.

        A corrected label may leave negative counts. Bad outcomes taken back take their evidence
        back; good ones taken back add none: to a start after they were counted, that would be
        evidence out of nothing.
        """
        good = np.maximum(valid - bad, 0.0)
        return self.per_bad[:, None] * bad + self.per_good[:, None] * good

    def run(self, valid: Floats, bad: Floats, state: Floats | None = None) -> tuple[Floats, Floats]:
        """ln M after every bucket, and the state (ln m by burn rate) to go on from.

        ``state`` is that of an earlier run: two runs over the parts of a series equal one over it.
        """
        before = self.fresh if state is None else state
        if not len(valid):
            return np.empty(0), before
        sums = np.cumsum(self.increments(valid, bad), axis=1)
        starts = np.zeros_like(sums)
        starts[:, 1:] = -sums[:, :-1]
        starts[:, 0] = np.logaddexp(0.0, before - np.log(WEIGHT))
        log_m = np.log(WEIGHT) + sums + np.logaddexp.accumulate(starts, axis=1)
        return _mean(log_m), log_m[:, -1].copy()

    def last(self, valid: Floats, bad: Floats) -> float:
        """ln M after the last bucket, from a fresh start: a few times faster than ``run``."""
        if not len(valid):
            return NOTHING
        # The start at s sees the increments from s to the end.
        tails = np.cumsum(self.increments(valid, bad)[:, ::-1], axis=1)
        top = tails.max()
        return float(top + np.log(WEIGHT * np.exp(tails - top).sum() / len(self.burns)))

    def onset(self, valid: Floats, bad: Floats) -> int:
        """The bucket from which on the counts, up to the last, are most unlike the budget.

        The start and burn rate of the largest likelihood ratio; of equal starts the latest.
        """
        tails = np.cumsum(self.increments(valid, bad)[:, ::-1], axis=1).max(axis=0)
        return len(valid) - 1 - int(np.argmax(tails))


def detector(objective: Decimal, phi: float, burns: Sequence[float] = BURNS) -> Detector:
    """The detector of an objective with over-dispersion ``phi`` (below 1 counts as 1).

    Burn rates that would fail 95 % of the events and more are left out; an objective too low for
    all of them keeps one, half way between the budget and a total outage.
    """
    p0 = float(1 - objective)
    rates = np.array([r for r in burns if r * p0 < 0.95] or [(1 + 1 / p0) / 2])
    scale = max(1.0, phi)
    return Detector(rates, np.log(rates) / scale, np.log((1 - rates * p0) / (1 - p0)) / scale)


def _mean(log_m: Floats) -> Floats:
    top = log_m.max(axis=0)
    return cast(Floats, top + np.log(np.exp(log_m - top).mean(axis=0)))
