"""Whether the drift of a column hurts: what its move adds to the badness of a model's answers.

With labels the requests whose values became more frequent are compared with the others of the same hours, every drifted
column at once (``burnline.drift.contrast``); without, the answer is what a surrogate, or the labels of the baseline,
let one expect of values that were seen before. A drift that all requests share is compared with the time before it, and
two of those at the same moment cannot be told apart. Values never seen before are unknown until labels come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from burnline.drift.contrast import Contrast, contrasts
from burnline.drift.harm_words import Words
from burnline.drift.movement import CUT, Floats, Movement
from burnline.rollups.surrogate import Kind, Surrogate

#: Part of the error budget that a drift must move to matter.
MATERIAL = 0.1
LEAST_ROWS = 200
LEAST_LABELS = 100
_ALPHA = 0.025
_Z = 1.96
_BLOCKS_PER_DAY = 4
_OPEN = 5.0


@dataclass(frozen=True)
class Drifted:
    """A column that drifted. ``outcome`` marks what the model itself answers (prediction, confidence): a consequence,
    that explains nothing away."""

    feature: str
    outcome: bool = False


@dataclass(frozen=True)
class Harm:
    """Whether a drift hurts (``None`` = not known): what it adds to the badness, with a 95 % interval, and why."""

    harmful: bool | None
    badness_moved: float | None
    badness_interval: tuple[float, float] | None
    reason: str


def harms(
    baseline: pl.DataFrame,
    window: pl.DataFrame,
    columns: Sequence[Drifted],
    *,
    kind: Kind,
    budget: float,
    surrogate: Surrogate | None = None,
) -> dict[str, Harm]:
    """Whether each drifted column is harmful.

    ``baseline`` and ``window`` are rows of ``burnline.drift.sample.labelled_sample`` of the two times. ``budget`` is
    how bad answers may be: 1 - objective of accuracy, or the square of the threshold of RMSE; a move counts from a
    tenth of it. ``surrogate`` is that of the model.

    *Harmful*: the move adds at least that, beyond chance (one-sided, Benjamini-Hochberg over the columns, 2.5 %).
    *Harmless*: the upper limit of the 95 % interval lies below that. Everything else is unknown.
    """
    found: dict[str, Harm] = {}
    groups = [[c for c in columns if not c.outcome], *([c] for c in columns if c.outcome)]
    for group in groups:
        present = [c.feature for c in group if c.feature in window.columns or c.feature in baseline.columns]
        found |= {c.feature: _unknown("the sample of requests has no such column") for c in group}
        fewest = min(window.height, baseline.height)
        if fewest < LEAST_ROWS:
            found |= dict.fromkeys(present, _unknown(f"{fewest:,} requests are too few to compare"))
        elif present:
            found |= _Judge(Movement(baseline, window, present, kind, surrogate), MATERIAL * budget).verdicts()
    return {c.feature: found[c.feature] for c in columns}


def _unknown(reason: str) -> Harm:
    return Harm(None, None, None, f"Not known: {reason}.")


class _Judge:
    """Verdicts on columns that are judged together; a move counts from ``material`` on."""

    def __init__(self, of: Movement, material: float) -> None:
        self.of, self.material = of, material
        self.words = Words(of.kind, of.surrogate is not None)
        self.expected, self.expected_inside = of.by_surrogate()

    def verdicts(self) -> dict[str, Harm]:
        """The answer for each column."""
        without = self._without_labels()
        if self.of.window["_bad"].count() < LEAST_LABELS:
            return without
        found = {name: _either(harm, without[name]) for name, harm in self._with_labels().items()}
        rise = self.of.rise()
        if rise is None or rise[0] + _Z * rise[1] >= self.material:
            return found
        # Whatever a column did, answers are no worse than before: what is left open is no harm.
        reason = self.words.no_worse(rise[0] + _Z * rise[1])
        return {
            name: harm if harm.harmful is not None else replace(harm, harmful=False, reason=reason)
            for name, harm in found.items()
        }

    def _with_labels(self) -> dict[str, Harm]:
        design, moves = self.of.design(with_window=True), self.of.moves()
        found = _sum(contrasts(design, moves), self.expected)
        columns = range(len(moves))
        # What moved for every request has no contrast within the window: before and after are compared.
        shared = [self._open(found.sd[place]) and self.of.entirely(place) for place in columns]
        told_apart = [True for _ in columns]
        together: Harm | None = None
        if any(shared):
            flat = np.zeros_like(design.stratum)
            total = np.sum([move for move, all_ in zip(moves, shared, strict=True) if all_], axis=0)
            across = contrasts(replace(design, stratum=flat, block=design.block // _BLOCKS_PER_DAY), [*moves, total])
            again = _sum(Contrast(across.estimate[:-1], across.sd[:-1]), self.expected)
            found = Contrast(np.where(shared, again.estimate, found.estimate), np.where(shared, again.sd, found.sd))
            if sum(shared) > 1:
                told_apart = [not (all_ and self._open(sd)) for all_, sd in zip(shared, found.sd, strict=True)]
                together = self._together(float(across.estimate[-1]), float(across.sd[-1]), np.array(shared))
        answers = {}
        for place, harm in enumerate(self._judged(found)):
            if together is not None and not told_apart[place]:
                harm = together
            else:
                assert harm.badness_moved is not None
                assert harm.badness_interval is not None
                reason = self.words.by_labels(
                    harm.harmful,
                    harm.badness_moved,
                    harm.badness_interval,
                    self.of.exposed(place),
                    shared=shared[place],
                )
                harm = replace(harm, reason=reason)
            answers[self.of.names[place]] = harm
        return answers

    def _together(self, estimate: float, sd: float, shared: NDArray[np.bool_]) -> Harm:
        """Of columns that moved for every request at the same moment their sum is all that can be known."""
        moved = estimate + float(self.expected.estimate[shared].sum())
        off = float(np.hypot(sd, self.expected.sd[shared].max()))
        interval = (moved - _Z * off, moved + _Z * off)
        harmful = False if interval[1] < self.material else None
        return Harm(harmful, moved, interval, self.words.together(harmful, moved, interval))

    def _without_labels(self) -> dict[str, Harm]:
        names = self.of.names
        if self.of.baseline["_bad"].count() < LEAST_LABELS:
            return dict.fromkeys(names, _unknown("no labels tell"))
        # What no request of the baseline can tell is bounded, not estimated.
        found = _sum(contrasts(self.of.design(with_window=False), self.of.moves_inside()), self.expected_inside)
        answers = {}
        for place, harm in enumerate(self._judged(found)):
            assert harm.badness_moved is not None
            assert harm.badness_interval is not None
            unseen = self.of.unseen(place)
            worst = unseen * (1.0 if self.of.kind == "accuracy" else CUT * self.of.usual) if unseen else 0.0
            blocked = harm.harmful is not True and worst + max(harm.badness_interval[1], 0.0) >= self.material
            harmful = None if blocked else harm.harmful
            reason = self.words.by_expectation(
                harmful,
                harm.badness_moved,
                harm.badness_interval,
                unseen=unseen if blocked and worst > max(harm.badness_interval[1], 0.0) else None,
            )
            answers[names[place]] = replace(harm, harmful=harmful, reason=reason)
        return answers

    def _open(self, sd: float) -> bool:
        """Whether next to nothing is known of an effect."""
        return bool(sd * _Z > _OPEN * self.material)

    def _judged(self, found: Contrast) -> list[Harm]:
        verdicts = []
        for estimate, sd, proven in zip(found.estimate, found.sd, _discoveries(found), strict=True):
            interval = (float(estimate - _Z * sd), float(estimate + _Z * sd))
            harmful: bool | None = True if proven and estimate >= self.material else None
            if harmful is None and interval[1] < self.material:
                harmful = False
            verdicts.append(Harm(harmful, float(estimate), interval, ""))
        return verdicts


def _sum(found: Contrast, expected: Contrast) -> Contrast:
    """A contrast of what the surrogate does not explain, with what it does."""
    return Contrast(found.estimate + expected.estimate, np.hypot(found.sd, expected.sd))


def _either(with_labels: Harm, without: Harm) -> Harm:
    """Labels decide; where they leave it open, what is expected does, unless they point the other way."""
    if with_labels.harmful is not None or without.harmful is None:
        return with_labels
    assert with_labels.badness_moved is not None
    assert with_labels.badness_interval is not None
    low, high = with_labels.badness_interval
    up = with_labels.badness_moved / max((high - low) / (2 * _Z), 1e-300)
    contradicts = up < -1 if without.harmful else up > 1
    return with_labels if contradicts else without


def _discoveries(found: Contrast) -> Floats:
    """1 for moves that add something beyond chance (one-sided, Benjamini-Hochberg), else 0."""
    z = np.divide(found.estimate, found.sd, out=np.zeros_like(found.estimate), where=found.sd > 0)
    adjusted = stats.false_discovery_control(stats.norm.sf(z), method="bh")
    return np.asarray(((adjusted <= _ALPHA) & (found.estimate > 0)).astype(np.float64))
