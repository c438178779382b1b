"""The words for what a drift costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from burnline.drift.cells import number
from burnline.drift.movement import Exposed
from burnline.rollups.surrogate import Kind


@dataclass(frozen=True)
class Words:
    """Sentences about the badness of one ``kind``; ``features`` = a surrogate says what is expected."""

    kind: Kind
    features: bool

    def by_labels(
        self, harmful: bool | None, moved: float, interval: tuple[float, float], of: Exposed, *, shared: bool
    ) -> str:
        """A verdict that labels gave; ``shared`` = every request moved, so before and after were compared."""
        if harmful:
            how = "answers got worse when every request moved" if shared else self._exposed(of)
            return f"Harmful: {how}; the move adds {self.amount(moved)}{self._span(interval)}."
        if harmful is False:
            how = "answers are no worse than before every request moved" if shared else self._exposed(of)
            return f"Harmless: {how}; {self.at_most(interval)}."
        said = self._exposed(of)
        return f"Not known: the labels are too few to tell ({said}): {self.amount(moved)}{self._span(interval)}."

    def by_expectation(
        self, harmful: bool | None, moved: float, interval: tuple[float, float], *, unseen: float | None
    ) -> str:
        """A verdict without labels; ``unseen`` is the share of values never seen before where it is the obstacle."""
        by = "its features" if self.features else "the labels of the baseline"
        if harmful:
            return f"Harmful by {by}, before labels come: it adds {self.amount(moved)}{self._span(interval)}."
        if harmful is False:
            return f"Harmless by {by}, before labels come: {self.at_most(interval)}."
        if unseen is not None:
            return f"Not known: {unseen:.1%} of the requests hold values never seen before, and no labels tell."
        return f"Not known by {by} alone: {self.amount(moved)}{self._span(interval)}."

    def together(self, harmful: bool | None, moved: float, interval: tuple[float, float]) -> str:
        """A verdict on columns that moved for every request at the same moment."""
        if harmful is False:
            return f"Harmless: every request moved, and answers are no worse than before; {self.at_most(interval)}."
        return (
            "Not known: several columns moved for every request at the same time and cannot be told apart; together "
            f"with them came {self.amount(moved)}{self._span(interval)}."
        )

    def no_worse(self, high: float) -> str:
        """A verdict by the SLI alone."""
        risen = self.amount(max(high, 0.0))
        return f"Harmless: what it did is too little to tell, but answers are no worse than before ({risen} at most)."

    def amount(self, moved: float) -> str:
        """An addition to the badness."""
        if self.kind == "accuracy":
            return f"{moved * 100:+.2f} points of wrong answers"
        return f"{moved:+.3g} to the mean squared error"

    def at_most(self, interval: tuple[float, float]) -> str:
        """The upper limit of an addition."""
        return f"it adds {self.amount(max(interval[1], 0.0))} at most"

    def _exposed(self, of: Exposed) -> str:
        told = f"{of.words} ({of.now:.0%} of the requests, {of.before:.0%} before)"
        if of.bad is None:
            return f"{told}, none of them with a label"
        aside = f", {self._rate(of.others)} elsewhere" if of.others is not None else ""
        unit = ("", " wrong") if self.kind == "accuracy" else ("RMSE ", "")
        return f"{told}: {unit[0]}{self._rate(of.bad)}{unit[1]}{aside}"

    def _rate(self, rate: float) -> str:
        return f"{rate:.1%}" if self.kind == "accuracy" else number(float(np.sqrt(max(rate, 0.0))))

    def _span(self, interval: tuple[float, float]) -> str:
        low, high = interval
        if self.kind == "accuracy":
            return f" ({max(low, -1.0) * 100:+.2f} to {min(high, 1.0) * 100:+.2f})"
        return f" ({low:+.3g} to {high:+.3g})"
