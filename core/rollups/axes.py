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
    counts = [frame["n"].to_numpy() for frame, _ in sides]
    places = [frame["bin"].cast(pl.Float64).to_numpy() for frame, _ in sides]
    numbers = sum(float(n[np.isfinite(at)].sum()) for n, at in zip(counts, places, strict=True))
    texts = sum(
        float(n[frame["category"].is_not_null().to_numpy()].sum()) for n, (frame, _) in zip(counts, sides, strict=True)
    )
    axis: Axis
    if grid is not None and numbers >= texts:
        known = np.unique(np.concatenate([at[np.isfinite(at)] for at in places])).astype(np.int64)
        axis = bins(known, grid)
        # What is missing, or no number, comes after the last bin.
        codes = [np.where(np.isfinite(at), np.searchsorted(known, np.nan_to_num(at)), len(known)) for at in places]
    else:
        values = pl.concat([frame["category"] for frame, _ in sides]).drop_nulls().unique().sort()
        axis = Categories(tuple(values.to_list()))
        codes = [
            np.where(
                frame["category"].is_null().to_numpy(),
                len(values),
                values.search_sorted(frame["category"].fill_null("")).to_numpy(),
            )
            for frame, _ in sides
        ]
    return Column(
        axis,
        tuple(
            _side(frame["row"].to_numpy(), code, n, len(axis), blocks)
            for code, n, (frame, blocks) in zip(codes, counts, sides, strict=True)
        ),
    )


def bins(places: Ints, grid: Grid) -> Bins:
    """The edges of the bins at these (sorted) places of a grid; the outermost reach to infinity."""
    edges = []
    for place in places:
        low, high = grid.edges(int(place))
        edges.append((-np.inf if place <= -OUTSIDE else low, np.inf if place >= OUTSIDE else high))
    return Bins([low for low, _ in edges], [high for _, high in edges])


def _side(row: Ints, code: Ints, n: Floats, size: int, blocks: int) -> Side:
    flat = np.bincount(row * (size + 1) + code, n, minlength=blocks * (size + 1)).astype(np.float64)
    table = flat.reshape(blocks, size + 1)
    return Side(np.ascontiguousarray(table[:, :-1]), table[:, -1].copy())
