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

from burnline.drift.cells import RARE, cells, number, shares
from burnline.drift.contrast import Design, contrasts
from burnline.drift.swap import put_back
from burnline.rollups.surrogate import Kind, Surrogate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Part of the error budget that a drift must move to matter.
MATERIAL = 0.1
LEAST_ROWS = 200
LEAST_LABELS = 100
_ALPHA = 0.05
_Z = 1.96
_HOURS = 72  # six hours in buckets
_DAY = 288
_SWAPPED = 4_000
_BASELINE_WEIGHT = 0.25
_CUT = 50.0


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


@dataclass(frozen=True)
class _Moved:
    """Estimates for each column: what the move adds, its standard error, and what they rest on."""

    estimate: Floats
    sd: Floats


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

    *Harmful*: the move adds at least that, beyond chance (Benjamini-Hochberg over the columns, 5 %). *Harmless*: the
    upper limit of what it adds lies below that. Everything else is unknown.
    """
    found: dict[str, Harm] = {}
    inputs = [c for c in columns if not c.outcome]
    groups = [inputs] if inputs else []
    groups += [[c] for c in columns if c.outcome]
    for group in groups:
        present = [c for c in group if c.feature in window.columns or c.feature in baseline.columns]
        found |= {c.feature: _unknown("the sample of requests has no such column") for c in group if c not in present}
        if present:
            found |= _Group(baseline, window, [c.feature for c in present], kind, budget, surrogate).judge()
    return {c.feature: found[c.feature] for c in columns}


def _unknown(reason: str) -> Harm:
    return Harm(None, None, None, f"Not known: {reason}.")


class _Group:
    """Columns that are judged together."""

    def __init__(
        self,
        baseline: pl.DataFrame,
        window: pl.DataFrame,
        names: Sequence[str],
        kind: Kind,
        budget: float,
        surrogate: Surrogate | None,
    ) -> None:
        self.baseline, self.window, self.names, self.kind = baseline, window, names, kind
        self.material = MATERIAL * budget
        self.surrogate = surrogate if surrogate is not None and surrogate.trees is not None else None
        self.cells = [cells(name, baseline) for name in names]
        self.before, self.now = ([c.codes(rows) for c in self.cells] for rows in (baseline, window))
        self.base_weight, self.weight = (rows["_events"].to_numpy().astype(np.float64) for rows in (baseline, window))
        self.shifts = [
            (shares(a, self.base_weight, c.size), shares(b, self.weight, c.size))
            for a, b, c in zip(self.before, self.now, self.cells, strict=True)
        ]
        known = baseline["_bad"].drop_nulls()
        self.usual = float(known.mean()) if len(known) else None  # type: ignore[arg-type]
        self.labelled = window["_bad"].count()

    def judge(self) -> dict[str, Harm]:
        """The answer for each column."""
        if min(self.window.height, self.baseline.height) < LEAST_ROWS:
            reason = f"{min(self.window.height, self.baseline.height):,} requests are too few to compare"
            return dict.fromkeys(self.names, _unknown(reason))
        moves = self._moves()
        expected = self._expected()
        answers: dict[str, Harm] = {}
        if self.labelled >= LEAST_LABELS:
            design = self._design(with_window=True)
            answers = self._with_labels(design, moves, expected)
        without = self._without_labels(moves, expected)
        if not answers:
            return without
        return {name: self._either(answers[name], without[name]) for name in self.names}

    def _either(self, with_labels: Harm, without: Harm) -> Harm:
        """Labels decide; where they leave it open, what is expected does, unless they point the other way."""
        if with_labels.harmful is not None or without.harmful is None or with_labels.badness_moved is None:
            return with_labels
        assert with_labels.badness_interval is not None
        low, high = with_labels.badness_interval
        up = with_labels.badness_moved / max((high - low) / (2 * _Z), 1e-300)
        contradicts = up > 1 if without.harmful is False else up < -1
        return with_labels if contradicts else without

    def _moves(self) -> list[Floats]:
        """The change of the shares of all cells, for each column apart."""
        sizes = [c.size for c in self.cells]
        starts = np.cumsum([0, *sizes])
        result = []
        for place, (before, now) in enumerate(self.shifts):
            move = np.zeros(int(starts[-1]))
            move[starts[place] : starts[place + 1]] = now - before
            result.append(move)
        return result

    def _expected(self) -> _Moved:
        """What each move adds to what the surrogate expects."""
        size = len(self.names)
        if self.surrogate is None:
            return _Moved(np.zeros(size), np.zeros(size))
        rows = self.window
        if rows.height > _SWAPPED:
            rows = rows[np.linspace(0, rows.height - 1, _SWAPPED).astype(np.int64)]
        as_is = self.surrogate.expected(rows)
        mean, sd = np.zeros(size), np.zeros(size)
        used = {*self.surrogate.numbers, *self.surrogate.categories}
        for place, name in enumerate(self.names):
            if name not in used or name not in rows.columns or name not in self.baseline.columns:
                continue
            back = rows.with_columns(put_back(self.baseline[name], rows[name]).alias(name))
            change = as_is - self.surrogate.expected(back)
            weight = rows["_events"].to_numpy() / rows["_events"].sum()
            mean[place] = float((weight * change).sum())
            sd[place] = float(np.sqrt((weight**2 * (change - mean[place]) ** 2).sum()))
        return _Moved(mean, np.hypot(sd, self.surrogate.relative_error * np.abs(mean)))

    def _design(self, *, with_window: bool) -> Design:
        """Labelled rows of the baseline, and of the window (then the baseline only helps out)."""
        parts = [(self.baseline, self.before, self.base_weight, _BASELINE_WEIGHT if with_window else 1.0, 0)]
        if with_window:
            parts.append((self.window, self.now, self.weight, 1.0, 1))
        pieces: list[list[NDArray[np.generic]]] = [[], [], [], [], []]
        for rows, codes, weight, share, _ in parts:
            kept = rows["_bad"].is_not_null().to_numpy() & (weight > 0)
            own = weight[kept] / weight[kept].mean() if kept.any() else weight[kept]
            y = self._badness(rows)[kept]
            t = rows["_t"].to_numpy().astype(np.int64)[kept]
            piece = (np.array(codes)[:, kept], y, own * share, t // _HOURS, t // _HOURS)
            for place, one in enumerate(piece):
                pieces[place].append(one)
        joined = [np.concatenate(p, axis=-1) for p in pieces]
        return Design(joined[0], tuple(c.size for c in self.cells), *joined[1:])

    def _badness(self, rows: pl.DataFrame) -> Floats:
        bad = rows["_bad"].to_numpy().astype(np.float64)
        if self.kind == "rmse":
            bad = np.minimum(bad, _CUT * (self.usual or np.inf))
        guess = rows["_expected"].to_numpy().astype(np.float64)
        return bad - np.nan_to_num(guess) if self.surrogate is not None else bad

    def _with_labels(self, design: Design, moves: Sequence[Floats], expected: _Moved) -> dict[str, Harm]:
        found = contrasts(design, moves)
        estimate, sd = found.estimate + expected.estimate, np.hypot(found.sd, expected.sd)
        open_ = sd * _Z > 5 * max(self.material, 1e-300)
        shared = open_ & np.array([self._moved_entirely(place) for place in range(len(self.names))])
        together: Harm | None = None
        if shared.any():
            flat = np.zeros_like(design.stratum)
            across = replace(design, stratum=flat, block=design.block * _HOURS // _DAY)
            again = contrasts(across, [*moves, np.sum([m for m, s in zip(moves, shared, strict=True) if s], axis=0)])
            estimate[shared] = (again.estimate[:-1] + expected.estimate)[shared]
            sd[shared] = np.hypot(again.sd[:-1], expected.sd)[shared]
            if shared.sum() > 1:
                total = float(again.estimate[-1] + expected.estimate[shared].sum())
                together = self._together(total, float(np.hypot(again.sd[-1], expected.sd[shared].max())))
        significant = _discoveries(estimate, sd)
        answers = {}
        for place, name in enumerate(self.names):
            if together is not None and shared[place] and sd[place] * _Z > 5 * self.material:
                answers[name] = together
                continue
            harm = self._judged(float(estimate[place]), float(sd[place]), bool(significant[place]))
            answers[name] = replace(harm, reason=self._labelled_reason(place, harm, bool(shared[place])))
        return answers

    def _together(self, total: float, sd: float) -> Harm:
        """Of columns that moved for every request at the same time: their sum is all that can be known."""
        interval = (total - _Z * sd, total + _Z * sd)
        if interval[1] < self.material:
            return Harm(
                False, total, interval, f"Harmless: every request moved, and {self._size(interval[1])} at most."
            )
        return Harm(
            None, total, interval,
            "Not known: several columns moved for every request at the same time and cannot be told apart; together "
            f"with them the badness changed by {self._amount(total)}.",
        )  # fmt: skip

    def _moved_entirely(self, place: int) -> bool:
        before, now = self.shifts[place]
        return float(np.minimum(before, now).sum()) < 0.1

    def _without_labels(self, moves: Sequence[Floats], expected: _Moved) -> dict[str, Harm]:
        if self.baseline["_bad"].count() < LEAST_LABELS:
            return dict.fromkeys(self.names, _unknown("no labels tell"))
        design = self._design(with_window=False)
        seen = []
        for place, move in enumerate(moves):
            # What no row of the baseline can tell is bounded below, not estimated.
            start = sum(c.size for c in self.cells[:place])
            fresh = self._fresh(place)
            known = move.copy()
            known[[start + cell for cell in fresh]] = 0.0
            grown = -known[start : start + self.cells[place].size].sum()
            base = self.shifts[place][0]
            known[start : start + self.cells[place].size] += grown * base / max(base.sum(), 1e-300)
            seen.append(known)
        found = contrasts(design, seen)
        estimate, sd = found.estimate + expected.estimate, np.hypot(found.sd, expected.sd)
        significant = _discoveries(estimate, sd)
        answers = {}
        for place, name in enumerate(self.names):
            unseen = float(sum(self.shifts[place][1][cell] for cell in self._fresh(place)))
            worst = unseen * (1.0 if self.kind == "accuracy" else np.inf) if unseen > 0 else 0.0
            harm = self._judged(float(estimate[place]), float(sd[place]), bool(significant[place]))
            if harm.harmful is False and harm.badness_interval is not None:
                worst += harm.badness_interval[1]
                if worst >= self.material:
                    harm = replace(harm, harmful=None)
            answers[name] = replace(harm, reason=self._expected_reason(place, harm, unseen))
        return answers

    def _fresh(self, place: int) -> list[int]:
        """Cells of a column that the baseline (all but) lacks: unseen values, and nulls where there were none."""
        before, now = self.shifts[place]
        column = self.cells[place]
        return [cell for cell in (*column.unseen, column.null) if before[cell] < RARE and now[cell] > 0]

    def _judged(self, estimate: float, sd: float, significant: bool) -> Harm:
        interval = (estimate - _Z * sd, estimate + _Z * sd)
        if significant and estimate >= self.material:
            harmful: bool | None = True
        else:
            harmful = False if interval[1] < self.material else None
        return Harm(harmful, estimate, interval, "")

    # Words

    def _labelled_reason(self, place: int, harm: Harm, shared: bool) -> str:
        assert harm.badness_moved is not None
        assert harm.badness_interval is not None
        said = self._exposed(place)
        if harm.harmful:
            how = "the answers got worse when every request moved" if shared else said
            return f"Harmful: {how}; the move adds {self._amount(harm.badness_moved)}{self._span(harm)}."
        if harm.harmful is False:
            how = "answers are no worse than before every request moved" if shared else said
            return f"Harmless: {how}; {self._size(harm.badness_interval[1])} at most."
        return (
            f"Not known: the labels are too few to tell ({said}): {self._amount(harm.badness_moved)}{self._span(harm)}."
        )

    def _expected_reason(self, place: int, harm: Harm, unseen: float) -> str:
        assert harm.badness_moved is not None
        assert harm.badness_interval is not None
        by = "its features" if self.surrogate is not None else "the labels of the baseline"
        if harm.harmful:
            return f"Harmful by {by}, before labels come: it adds {self._amount(harm.badness_moved)}{self._span(harm)}."
        if harm.harmful is False:
            return f"Harmless by {by}, before labels come: {self._size(harm.badness_interval[1])} at most."
        if unseen * (1.0 if self.kind == "accuracy" else np.inf) >= self.material:
            return f"Not known: {unseen:.1%} of the requests hold values never seen before, and no labels tell."
        return f"Not known by {by} alone: {self._amount(harm.badness_moved)}{self._span(harm)}."

    def _exposed(self, place: int) -> str:
        """How the values that grew do, beside the others of the window."""
        before, now = self.shifts[place]
        grown = np.flatnonzero(now > before + 0.25 * max(np.abs(now - before).max(), 1e-12))
        inside = np.isin(self.now[place], grown)
        known = self.window["_bad"].is_not_null().to_numpy()
        bad = np.nan_to_num(self.window["_bad"].to_numpy().astype(np.float64))
        words = self.cells[place].words(frozenset(map(int, grown)))
        rates = [float(np.average(bad[k], weights=self.weight[k])) if k.any() else None for k in
                 (known & inside, known & ~inside)]  # fmt: skip
        if rates[0] is None:
            return f"no labels of {words} ({now[grown].sum():.0%} of the requests, {before[grown].sum():.0%} before)"
        told = [self._rate(rate) for rate in rates if rate is not None]
        aside = f", {told[1]} of the others" if len(told) > 1 else ""
        return f"{words} ({now[grown].sum():.0%} of the requests, {before[grown].sum():.0%} before): {told[0]}{aside}"

    def _rate(self, rate: float) -> str:
        return f"{rate:.1%} wrong" if self.kind == "accuracy" else f"RMSE {number(float(np.sqrt(max(rate, 0.0))))}"

    def _amount(self, moved: float) -> str:
        if self.kind == "accuracy":
            return f"{moved * 100:+.2f} points of wrong answers"
        return f"{moved:+.3g} to the mean squared error"

    def _size(self, high: float) -> str:
        return f"it adds {self._amount(max(high, 0.0))}"

    def _span(self, harm: Harm) -> str:
        assert harm.badness_interval is not None
        low, high = harm.badness_interval
        if self.kind == "accuracy":
            low, high = max(low, -1.0), min(high, 1.0)
            return f" ({low * 100:+.2f} to {high * 100:+.2f})"
        return f" ({low:+.3g} to {high:+.3g})"


def _discoveries(estimate: Floats, sd: Floats) -> NDArray[np.bool_]:
    """Which moves add something beyond chance (one-sided, Benjamini-Hochberg)."""
    p = stats.norm.sf(np.divide(estimate, sd, out=np.zeros_like(estimate), where=sd > 0))
    adjusted = stats.false_discovery_control(p, method="bh")
    result: NDArray[np.bool_] = (adjusted <= _ALPHA / 2) & (estimate > 0)
    return result
