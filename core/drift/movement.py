"""How columns moved between a baseline and a window, and the labelled requests that tell what the moves cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.drift.cells import RARE, Cells, cells, shares
from burnline.drift.contrast import Contrast, Design
from burnline.drift.swap import put_back
from burnline.rollups.surrogate import Kind, Surrogate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Squared errors count up to so many times their usual mean: one absurd value does not decide.
CUT = 50.0
_BLOCK = 72  # six hours in buckets
_SWAPPED = 4_000
_BASELINE_WEIGHT = 0.25
_MOST_ENTRIES = 8_000_000
_ENTIRELY = 0.3
_GREW = 0.25
_COMPLETE = 0.8


@dataclass(frozen=True)
class Exposed:
    """The values of a column that grew, in words: their share of the requests before and now, and the mean badness of
    labelled requests with and without them (``None`` without labels)."""

    words: str
    before: float
    now: float
    bad: float | None
    others: float | None


class Movement:
    """Columns that moved between two samples of requests (rows of ``burnline.drift.sample.labelled_sample``)."""

    def __init__(
        self,
        baseline: pl.DataFrame,
        window: pl.DataFrame,
        names: Sequence[str],
        kind: Kind,
        surrogate: Surrogate | None,
    ) -> None:
        self.baseline, self.window, self.names, self.kind = baseline, window, tuple(names), kind
        self.surrogate = surrogate if surrogate is not None and surrogate.trees is not None else None
        self.cells: list[Cells] = [cells(name, baseline) for name in names]
        self._codes = [[c.codes(rows) for c in self.cells] for rows in (baseline, window)]
        self._weights = [rows["_events"].to_numpy().astype(np.float64) for rows in (baseline, window)]
        sizes = [c.size for c in self.cells]
        self._starts = np.cumsum([0, *sizes])
        self.shares = [
            [shares(codes, weight, size) for codes, size in zip(of, sizes, strict=True)]
            for of, weight in zip(self._codes, self._weights, strict=True)
        ]

    @cached_property
    def usual(self) -> float:
        """The mean badness of the baseline's labelled requests; infinite without any."""
        known = self.baseline["_bad"].drop_nulls().to_numpy()
        return float(known.mean()) if len(known) else float("inf")

    def moves(self) -> list[Floats]:
        """The change of the shares of all cells, end to end, for each column apart."""
        found = []
        for place, (before, now) in enumerate(zip(*self.shares, strict=True)):
            move = np.zeros(int(self._starts[-1]))
            move[self._starts[place] : self._starts[place + 1]] = now - before
            found.append(move)
        return found

    def moves_inside(self) -> list[Floats]:
        """The same as far as values are concerned that the baseline had."""
        found = self.moves()
        for place, move in enumerate(found):
            own = slice(int(self._starts[place]), int(self._starts[place + 1]))
            move[own][self.fresh(place)] = 0.0
            base = self.shares[0][place]
            move[own] -= move[own].sum() * base / max(base.sum(), 1e-300)
        return found

    def fresh(self, place: int) -> list[int]:
        """Cells of a column that the baseline (all but) lacks: unseen values, and nulls where there were none."""
        before, now = self.shares[0][place], self.shares[1][place]
        column = self.cells[place]
        return [cell for cell in (*column.unseen, column.null) if before[cell] < RARE and now[cell] > 0]

    def unseen(self, place: int) -> float:
        """The share of the window's requests in such cells."""
        return float(self.shares[1][place][self.fresh(place)].sum())

    def entirely(self, place: int) -> bool:
        """Whether (nearly) every request moved: what it was and what it is hardly overlap."""
        return float(np.minimum(self.shares[0][place], self.shares[1][place]).sum()) < _ENTIRELY

    def exposed(self, place: int) -> Exposed:
        """The values that grew, beside the others of the window."""
        before, now = self.shares[0][place], self.shares[1][place]
        grown = np.flatnonzero(now > before + _GREW * max(float(np.abs(now - before).max()), 1e-12))
        inside = np.isin(self._codes[1][place], grown)
        bad = self.window["_bad"].to_numpy().astype(np.float64)
        known = ~np.isnan(bad) & (self._weights[1] > 0)
        rates = [
            float(np.average(bad[part], weights=self._weights[1][part])) if part.any() else None
            for part in (known & inside, known & ~inside)
        ]
        words = self.cells[place].words(frozenset(map(int, grown)))
        return Exposed(words, float(before[grown].sum()), float(now[grown].sum()), *rates)

    def rise(self) -> tuple[float, float] | None:
        """How much worse labelled requests of the window are than those of the baseline, with its standard error by
        days; ``None`` where labels of the window are far from complete (the first to come may not be like the rest)."""
        means, variance, complete = [], 0.0, []
        for rows, weight in zip((self.baseline, self.window), self._weights, strict=True):
            bad = rows["_bad"].to_numpy().astype(np.float64)
            if self.kind == "rmse":
                bad = np.minimum(bad, CUT * self.usual)
            known = ~np.isnan(bad) & (weight > 0)
            if not known.any():
                return None
            complete.append(float(weight[known].sum() / weight.sum()))
            mean = float(np.average(bad[known], weights=weight[known]))
            day = rows["_t"].to_numpy().astype(np.int64)[known] // (_BLOCK * 4)
            _, day = np.unique(day, return_inverse=True)
            left = np.bincount(day, weight[known] * (bad[known] - mean))
            plain = float((weight[known] ** 2 * (bad[known] - mean) ** 2).sum())
            days = len(left)
            spread = max(float((left**2).sum()) * days / max(days - 1, 1), plain)
            variance += spread / float(weight[known].sum()) ** 2
            means.append(mean)
        if complete[1] < _COMPLETE * complete[0]:
            return None
        return means[1] - means[0], float(np.sqrt(variance))

    def by_surrogate(self) -> tuple[Contrast, Contrast]:
        """What each move adds to what the surrogate expects, and the part of it at values that the baseline had.

        The column's values are put back, one column at a time.
        """
        found = [Contrast(np.zeros(len(self.names)), np.zeros(len(self.names))) for _ in range(2)]
        if self.surrogate is None:
            return found[0], found[1]
        rows = _thinned(self.window, _SWAPPED)
        weight = rows["_events"].to_numpy() / rows["_events"].sum()
        as_is = self.surrogate.expected(rows)
        used = {*self.surrogate.numbers, *self.surrogate.categories}
        for place, name in enumerate(self.names):
            if name in used and name in rows.columns and name in self.baseline.columns:
                back = rows.with_columns(put_back(self.baseline[name], rows[name]).alias(name))
                change = as_is - self.surrogate.expected(back)
                usual = ~np.isin(self.cells[place].codes(rows), self.fresh(place))
                for one, values in zip(found, (change, change * usual), strict=True):
                    mean = float((weight * values).sum())
                    chance = float(np.sqrt((weight**2 * (values - mean) ** 2).sum()))
                    one.estimate[place] = mean
                    one.sd[place] = np.hypot(chance, self.surrogate.relative_error * abs(mean))
        return found[0], found[1]

    def design(self, *, with_window: bool) -> Design:
        """Labelled rows of the baseline, and of the window, beside which the baseline only helps out."""
        most = max(_MOST_ENTRIES // int(self._starts[-1]), 1_000)
        pieces = []
        for which, rows in enumerate((self.baseline, self.window)[: 1 + with_window]):
            weight = self._weights[which]
            kept = np.flatnonzero(rows["_bad"].is_not_null().to_numpy() & (weight > 0))
            if not len(kept):
                continue
            kept = kept[_places(len(kept), most // 2 if with_window else most)]
            own = weight[kept] / weight[kept].mean()
            if with_window and which == 0:
                own = own * _BASELINE_WEIGHT
            block = rows["_t"].to_numpy().astype(np.int64)[kept] // _BLOCK
            codes = np.stack([one[kept] for one in self._codes[which]])
            pieces.append((codes, self._badness(rows)[kept], own, block))
        codes, y, weight, block = (np.concatenate(parts, axis=-1) for parts in zip(*pieces, strict=True))
        return Design(codes, tuple(c.size for c in self.cells), y, weight, block, block)

    def _badness(self, rows: pl.DataFrame) -> Floats:
        """Badness (less what the surrogate expects)."""
        bad = rows["_bad"].to_numpy().astype(np.float64)
        if self.kind == "rmse":
            bad = np.minimum(bad, CUT * self.usual)
        if self.surrogate is None:
            return bad
        return np.asarray(bad - np.nan_to_num(rows["_expected"].to_numpy().astype(np.float64)))


def _places(count: int, most: int) -> Ints:
    """At most ``most`` of so many places, evenly."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).astype(np.int64)


def _thinned(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    return rows[_places(rows.height, most)]
