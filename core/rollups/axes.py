"""Long counts of a column as matrices whose columns lie side by side: what distances are computed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.distances import Axis, Bins, Categories
from burnline.rollups.grids import OUTSIDE, Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """Counts of one column, one row per block of time: ``values`` (rows × places of the axis), ``nulls`` (rows)."""

    values: Floats
    nulls: Floats

    @property
    def rows(self) -> Floats:
        """Events of each block, with those whose value is missing."""
        total: Floats = self.values.sum(axis=1) + self.nulls
        return total

    def pooled(self) -> Side:
        """All blocks as one."""
        return Side(self.values.sum(axis=0, keepdims=True), self.nulls.sum(keepdims=True))


@dataclass(frozen=True)
class Column:
    """A column of a model on one axis, on several sides (baseline, window)."""

    axis: Axis
    sides: tuple[Side, ...]


def column(sides: Sequence[tuple[pl.DataFrame, int]], grid: Grid | None) -> Column:
    """Counts of one column put on one axis.

    Each side is a frame with ``row`` (its block, from 0), bin, category and n, and the number of its blocks. A column
    is numeric when it has a ``grid`` and most of its values are in bins; values of the other kind are then missing
    values to it.
    """
    frames = [frame for frame, _ in sides]
    # Both may be null: that is a missing value.
    numbers = sum(float(f.filter(pl.col("bin").is_not_null())["n"].sum()) for f in frames)
    texts = sum(float(f.filter(pl.col("category").is_not_null())["n"].sum()) for f in frames)
    numeric = grid is not None and numbers >= texts
    name = "bin" if numeric else "category"
    known = pl.concat([f.select(name) for f in frames])[name].drop_nulls().unique().sort()
    axis = bins(known.to_numpy(), grid) if numeric and grid is not None else Categories(tuple(known.to_list()))
    return Column(axis, tuple(_side(frame, name, known, blocks) for frame, blocks in sides))


def bins(places: Ints, grid: Grid) -> Bins:
    """The edges of the bins at these (sorted) places of a grid; the outermost reach to infinity."""
    edges = []
    for place in places:
        low, high = grid.edges(int(place))
        edges.append((-np.inf if place <= -OUTSIDE else low, np.inf if place >= OUTSIDE else high))
    return Bins([low for low, _ in edges], [high for _, high in edges])


def _side(frame: pl.DataFrame, name: str, known: pl.Series, blocks: int) -> Side:
    row, n = frame["row"].to_numpy(), frame["n"].to_numpy()
    missing = frame[name].is_null().to_numpy()
    nulls = np.bincount(row[missing], n[missing], minlength=blocks).astype(np.float64)
    values = np.zeros((blocks, len(known)))
    place = known.search_sorted(frame[name].filter(~pl.Series(missing))).to_numpy()
    np.add.at(values, (row[~missing], place), n[~missing])
    return Side(values, nulls)
