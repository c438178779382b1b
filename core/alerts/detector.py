"""Evidence that a budget burns: an e-detector on five-minute counts.

Method: Shin, Ramdas, Rinaldo, "E-detectors" (New England Journal of Statistics in Data Science,
2024), as a restart mixture with spending weights. With p0 = 1 - objective, bad outcomes b_t and
good ones n_t - b_t of bucket t, and a burn rate r:

    g_t = exp( (b_t ln r + (n_t - b_t) ln((1 - r p0) / (1 - p0))) / phi )
    m_t = (m_{t-1} + w) g_t,  m = 0 after a reset        M_t = mean of m_t over the burn rates

While the bad outcomes come at p0 or less, P(M ever reaches 1/alpha within 30 days) <= alpha
(Ville's inequality: the weights w of 30 days of starts add up to 1). Dividing by the over-dispersion
phi (``tempered``) allows for counts that scatter more than independent events would.

Everything is kept as logarithms: with L_t the sum of ln g up to t,
ln m_t = ln w + L_t + ln sum_{s<=t} exp(-L_{s-1}), which cannot overflow and is one accumulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from burnline.budgets.arrivals import Arrivals, Floats

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

    def sums(self, valid: Floats, bad: Floats) -> Floats:
        """L, the sums of ln g, by burn rate after each bucket.

        A corrected label may leave negative counts. Bad outcomes taken back take their evidence
        back; good ones taken back add none: to a start after they were counted, that would be
        evidence out of nothing.
        """
        bad_so_far, good_so_far = np.cumsum(bad), np.cumsum(np.maximum(valid - bad, 0.0))
        sums: Floats = np.outer(self.per_bad, bad_so_far) + np.outer(self.per_good, good_so_far)
        return sums

    def run(self, valid: Floats, bad: Floats, state: Floats | None = None) -> tuple[Floats, Floats]:
        """ln M after every bucket, and the state (ln m by burn rate) to go on from.

        ``state`` is that of an earlier run: two runs over the parts of a series equal one over it.
        """
        before = self.fresh if state is None else state
        if not len(valid):
            return np.empty(0), before
        sums = self.sums(valid, bad)
        starts = np.empty_like(sums)
        starts[:, 1:] = -sums[:, :-1]
        starts[:, 0] = np.logaddexp(0.0, before - np.log(WEIGHT))
        log_m = np.log(WEIGHT) + sums + np.logaddexp.accumulate(starts, axis=1)
        top = log_m.max(axis=0)
        return top + np.log(np.exp(log_m - top).mean(axis=0)), log_m[:, -1].copy()

    def bound(self, valid: Floats, bad: Floats) -> Floats:
        """What ln M can be at most after every bucket, whenever it was reset: cheaper than ``run``.

        Of the starts so far, each with weight w, none sees more than the largest likelihood ratio.
        """
        sums = self.sums(valid, bad)
        lowest = np.zeros_like(sums)
        np.minimum.accumulate(sums[:, :-1], axis=1, out=lowest[:, 1:])
        ratio: Floats = (sums - np.minimum(lowest, 0.0)).max(axis=0)
        starts: Floats = np.log(WEIGHT * np.arange(1, len(ratio) + 1))
        return ratio + starts

    def last(self, valid: Floats, bad: Floats) -> float:
        """ln M after the last bucket, from a fresh start: cheaper than ``run``."""
        if not len(valid):
            return NOTHING
        tails = self.sums(valid[::-1], bad[::-1])
        top = tails.max()
        # What is 60 below the largest adds nothing that a float could hold.
        return float(top + np.log(WEIGHT * np.exp(tails[tails > top - 60] - top).sum() / len(self.burns)))

    def onset(self, valid: Floats, bad: Floats) -> int:
        """The bucket from which on the counts, up to the last, are most unlike the budget.

        The start and burn rate of the largest likelihood ratio; of equal starts the latest.
        """
        return len(valid) - 1 - int(np.argmax(self.sums(valid[::-1], bad[::-1]).max(axis=0)))


def detector(objective: Decimal, burns: Sequence[float] = BURNS) -> Detector:
    """The detector of an objective.

    Burn rates that would fail 95 % of the events and more are left out; an objective too low for
    all of them keeps one, half way between the budget and a total outage.
    """
    p0 = float(1 - objective)
    rates = np.array([r for r in burns if r * p0 < 0.95] or [(1 + 1 / p0) / 2])
    return Detector(rates, np.log(rates), np.log((1 - rates * p0) / (1 - p0)))


def tempered(arrivals: Arrivals, phi: float | Floats) -> Arrivals:
    """The counts over their over-dispersion, one number or one per bucket (below 1 counts as 1).

    ln g is linear in the counts: dividing them by phi divides it.
    """
    scatter = np.maximum(phi, 1.0)
    return Arrivals(arrivals.first, arrivals.valid / scatter, arrivals.bad / scatter)
