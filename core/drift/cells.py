"""The values of a column cut into few cells by its baseline, and how the cells of another time differ from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 8
LEVELS = 12
#: A value that fewer of the baseline have is as good as never seen: less than a leaf of the surrogate's trees.
RARE = 0.004
_SIGNIFICANT = 4


@dataclass(frozen=True)
class Cells:
    """Cells of one column: ``edges`` of the bins of numbers (with cells below and above), or ``levels`` of text.

    Codes of numbers: 0 below, 1 .. len(edges) - 1 the bins, len(edges) above; of text: 0 .. the levels, then other
    values that the baseline had, then values it had not. The last cell holds nulls. ``known`` are all values of the
    baseline (text).
    """

    name: str
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    numeric: bool = True

    @property
    def size(self) -> int:
        """How many cells there are."""
        return len(self.edges) + 2 if self.numeric else len(self.levels) + 3

    @property
    def unseen(self) -> tuple[int, ...]:
        """Cells of values that the baseline had not: beyond its range, or new categories."""
        return (0, len(self.edges)) if self.numeric else (len(self.levels) + 1,)

    @property
    def null(self) -> int:
        """The cell of nulls."""
        return self.size - 1

    def codes(self, rows: pl.DataFrame) -> Ints:
        """The cell of each row; a column that is not there is null."""
        if self.name not in rows.columns:
            return np.full(rows.height, self.null)
        if self.numeric:
            values = numbers(rows[self.name])
            edges = np.asarray(self.edges)
            code = np.searchsorted(edges, values, side="right")
            # The last bin is closed: the highest value of the baseline is no value beyond it.
            code = np.where(len(edges) and values == edges[-1:], max(len(edges) - 1, 1), code) if len(edges) else code
            return np.where(np.isnan(values), self.null, code).astype(np.int64)
        text = rows[self.name].cast(pl.String)
        place = text.replace_strict(
            pl.Series([*self.levels], dtype=pl.String), pl.Series(range(len(self.levels)), dtype=pl.Int64), default=None
        )
        other = text.is_in(sorted(self.known)).fill_null(False)
        coded = (
            pl.DataFrame({"place": place, "other": other, "null": text.is_null()})
            .select(
                pl.when("null")
                .then(self.null)
                .when(pl.col("place").is_not_null())
                .then("place")
                .when("other")
                .then(len(self.levels))
                .otherwise(len(self.levels) + 1)
            )
            .to_series()
        )
        result: Ints = coded.to_numpy().astype(np.int64)
        return result

    def words(self, cells: frozenset[int]) -> str:
        """What a set of cells holds, in words: "at or above 0.73 or missing"."""
        parts = self._ranges(cells) if self.numeric else self._values(cells)
        parts += ["missing"] if self.null in cells else []
        return " or ".join(parts)

    def _values(self, cells: frozenset[int]) -> list[str]:
        parts = [repr(level).strip("'") for place, level in enumerate(self.levels) if place in cells]
        parts += ["another of its values"] if len(self.levels) in cells else []
        return parts + (["a value never seen before"] if len(self.levels) + 1 in cells else [])

    def _ranges(self, cells: frozenset[int]) -> list[str]:
        inside = [cell for cell in sorted(cells) if cell != self.null]
        parts, start = [], None
        for place, cell in enumerate(inside):
            start = cell if start is None else start
            if place + 1 == len(inside) or inside[place + 1] != cell + 1:
                parts.append(self._range(start, cell))
                start = None
        return parts

    def _range(self, low: int, high: int) -> str:
        edges = [number(edge) for edge in self.edges]
        top = len(self.edges)
        if not edges or (low == 0 and high == top):
            return "any number"
        if low == 0:
            return f"below {edges[high]}"
        if high == low < top and edges[low - 1] == edges[high]:
            return edges[high]
        if high >= top - 1:
            return f"above {edges[-1]}" if low == top else f"at or above {edges[low - 1]}"
        return f"from {edges[low - 1]} to {edges[high]}"


def cells(name: str, baseline: pl.DataFrame, *, bins: int = BINS) -> Cells:
    """Cells of a column by its baseline: bins that hold the same share of it, or its most frequent values."""
    column = baseline[name] if name in baseline.columns else pl.Series(name, [], dtype=pl.Float64)
    if column.dtype != pl.String:
        values = numbers(column)
        values = values[~np.isnan(values)]
        edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1))) if len(values) else np.array([])
        # A highest value that many rows share (true, the only one) gets a bin of its own.
        if len(edges) == 1 or (len(edges) and (values == edges[-1]).mean() > 0.5 / bins):
            edges = np.append(edges, edges[-1])
        return Cells(name, edges=tuple(map(float, edges)))
    counted = column.drop_nulls().value_counts(name="n").sort(["n", name], descending=[True, False])
    levels = counted[name].to_list()
    return Cells(name, levels=tuple(levels[:LEVELS]), known=frozenset(levels), numeric=False)


def numbers(column: pl.Series) -> Floats:
    """A column as finite numbers, NaN for everything else."""
    values = column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def shares(codes: Ints, weights: Floats, size: int) -> Floats:
    """The share of each cell."""
    total = np.bincount(codes, weights, size).astype(np.float64)
    return np.asarray(total / max(float(total.sum()), 1e-300))


def number(value: float) -> str:
    """A number with four significant digits."""
    rounded = float(f"{value:.{_SIGNIFICANT}g}")
    return f"{rounded:,.0f}" if rounded == round(rounded) and abs(rounded) < 1e15 else f"{rounded:g}"
