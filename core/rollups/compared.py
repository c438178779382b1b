"""How far each column of a model has moved, over a window and block by block, from counts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.distances import (
    Bins,
    Categories,
    Distances,
    benjamini_hochberg,
    block_permutation,
    compare,
    moved,
    together,
    usual,
)
from burnline.distances.seasonal import HOURS, seasonal
from burnline.results.drift import Role
from burnline.rollups.axes import Column, Floats, Side, column
from burnline.rollups.grids import Grid

Flags = NDArray[np.bool_]
_OTHERS: Mapping[str, Role] = {"prediction": "prediction", "confidence": "confidence", "label": "label"}
_LEAST_DAYS = 3


@dataclass(frozen=True)
class Blocks:
    """Columns held against their baseline: over ``blocks`` days or hours, and over the whole window.

    ``weights`` (blocks, 168) are the requests of each block by hour of the week, ``share`` the rows behind one event.
    """

    weights: Floats
    share: float = 1.0
    permute: bool = False


@dataclass(frozen=True)
class Compared:
    """One column: its counts, its distances over the window (one row) and by block, and what is usual.

    ``seasonal`` and ``seasonal_by_block`` are the PSI against the same hours of the week (NaN = not covered),
    ``by_chance`` and ``by_chance_by_block`` what so few rows make of none;
    ``p_adjusted`` are filled in once all columns of a model are known.
    """

    name: str
    role: Role
    column: Column
    whole: Distances
    by_block: Distances
    seasonal: float
    seasonal_by_block: Floats
    by_chance: float
    by_chance_by_block: Floats
    usual: float
    p_block: float
    p_adjusted: float = 1.0
    p_adjusted_by_block: Floats | None = None

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return isinstance(self.column.axis, Bins)

    @property
    def moved(self) -> float:
        """The threshold that the window reaches; 0 while that is not proven or usual."""
        provable = self.whole.psi_provable
        return float(moved(self.whole.psi, self.seasonal, self.p_adjusted, self.usual, provable, self.by_chance)[0])

    @property
    def moved_by_block(self) -> Floats:
        """The threshold that each block reaches, NaN without rows."""
        adjusted = self.p_adjusted_by_block if self.p_adjusted_by_block is not None else self.by_block.p
        far, chance = self.by_block, self.by_chance_by_block
        return moved(far.psi, self.seasonal_by_block, adjusted, self.usual, far.psi_provable, chance)


def role_of(name: str) -> Role:
    """What a column is to its model."""
    return "feature" if name.startswith("f_") else _OTHERS.get(name, "segment")


def compared(
    baseline: pl.DataFrame, window: pl.DataFrame, grids: Mapping[str, Grid], blocks: Blocks
) -> tuple[Compared, ...]:
    """Every column that both sides have, by role and name.

    ``baseline`` has row (hour of the week, null without time), feature, bin, category and n; ``window`` the same with
    its block as row.
    """
    then, now = (_with_missing(rows, baseline).partition_by("feature", as_dict=True) for rows in (baseline, window))
    names = sorted(str(key[0]) for key in then.keys() & now.keys())
    found = [_compared(name, then[name,], now[name,], grid_of(name, grids), blocks) for name in names]
    if not found:
        return ()
    whole = benjamini_hochberg(np.array([one.whole.p[0] for one in found]))
    by_block = benjamini_hochberg(np.array([one.by_block.p for one in found]).T).T
    order: Sequence[Role] = ("feature", "prediction", "confidence", "label", "segment")
    ordinary = together([one.usual for one in found])
    done = [_with(one, float(whole[i]), by_block[i], float(ordinary[i])) for i, one in enumerate(found)]
    return tuple(sorted(done, key=lambda one: (order.index(one.role), one.name)))


def _with_missing(rows: pl.DataFrame, baseline: pl.DataFrame) -> pl.DataFrame:
    """With features counted as missing in rows whose file lacks them.

    A block has as many rows as its fullest input.
    """
    inputs = rows.filter(~pl.col("feature").is_in(list(_OTHERS)))
    counted = inputs.group_by("row", "feature").agg(pl.col("n").sum())
    blocks = counted.group_by("row").agg(total=pl.col("n").max())
    features = baseline.filter(pl.col("feature").str.starts_with("f_")).select(pl.col("feature").unique())
    lacking = (
        blocks.join(features, how="cross")
        .join(counted, on=["row", "feature"], how="left", nulls_equal=True)
        .with_columns(n=pl.col("total") - pl.col("n").fill_null(0.0))
        .filter(pl.col("n") > 0.5)
    )
    kept = ["row", "feature", "bin", "category", "n"]
    empty = lacking.with_columns(bin=pl.lit(None, rows.schema["bin"]), category=pl.lit(None, pl.String))
    return pl.concat([rows.select(kept), empty.select(kept)])


def grid_of(name: str, grids: Mapping[str, Grid]) -> Grid | None:
    """The bins a column is counted in; a label has those of what predicts it unless it has its own."""
    return grids.get(name) or (grids.get("prediction") if name == "label" else None)


def _with(one: Compared, p: float, by_block: Floats, ordinary: float) -> Compared:
    known = {
        **vars(one),
        "p_adjusted": p if np.isfinite(p) else 1.0,
        "p_adjusted_by_block": by_block,
        "usual": ordinary,
    }
    return Compared(**known)


def _compared(name: str, baseline: pl.DataFrame, window: pl.DataFrame, grid: Grid | None, blocks: Blocks) -> Compared:
    timed = baseline["row"].null_count() == 0
    placed = baseline.with_columns(pl.col("row").fill_null(0).cast(pl.Int64))
    found = column([(placed, HOURS), (window, len(blocks.weights))], grid)
    by_hour, now = found.sides
    weights = _weights(name, blocks.weights)
    pooled, total = by_hour.pooled(), now.pooled()
    whole_week = weights.sum(axis=0, keepdims=True)
    season = _seasonal(found, by_hour, total, whole_week, blocks.share) if timed else _unknown(1)
    by_block = _seasonal(found, by_hour, now, weights, blocks.share) if timed else _unknown(len(weights))
    weekdays = _weekdays(by_hour) if timed else None
    ordinary = _usual(found, weekdays, blocks.share) if weekdays is not None else 0.0
    return Compared(
        name=name,
        role=role_of(name),
        column=found,
        whole=_compare(found, pooled, total, blocks.share, exact=True),
        by_block=_compare(found, pooled, now, blocks.share),
        seasonal=float(season[0][0]),
        seasonal_by_block=by_block[0],
        by_chance=float(season[1][0]),
        by_chance_by_block=by_block[1],
        usual=ordinary,
        p_block=_permuted(found, weekdays, now) if weekdays is not None and blocks.permute else float("nan"),
    )


def _unknown(blocks: int) -> tuple[Floats, Floats]:
    return np.full(blocks, np.nan), np.full(blocks, np.nan)


def _weights(name: str, weights: Floats) -> Floats:
    """Hours of the week as a column has them: labels are kept by day, at the first hour of it."""
    if name != "label":
        return weights
    days = np.zeros_like(weights)
    days[:, ::24] = weights.reshape(len(weights), 7, 24).sum(axis=2)
    return days


def _compare(found: Column, then: Side, now: Side, share: float, *, exact: bool = False) -> Distances:
    return compare(
        found.axis, then.values, now.values, reference_nulls=then.nulls, current_nulls=now.nulls,
        effective=share, reference_effective=share, exact=exact,
    )  # fmt: skip


def _seasonal(found: Column, by_hour: Side, now: Side, weights: Floats, share: float) -> tuple[Floats, Floats]:
    """PSI against the same hours of the week, and what so few rows make of none."""
    same = seasonal(by_hour.values, by_hour.nulls, weights)
    psi, chance = _unknown(len(weights))
    known = np.isfinite(same.nulls)
    if known.any():
        then, seen = (Side(of.values[known], of.nulls[known]) for of in (same, now))
        far = _compare(found, then, seen, share)
        psi[known], chance[known] = far.psi, far.psi_by_chance
    return psi, chance


def _weekdays(hours: Side) -> tuple[Side, Flags]:
    """The days of the week that have any rows, and which of them are weekend."""
    side = Side(hours.values.reshape(7, 24, -1).sum(axis=1), hours.nulls.reshape(7, 24).sum(axis=1))
    some = side.rows > 0
    return Side(side.values[some], side.nulls[some]), (np.arange(7) >= 5)[some]


def _usual(found: Column, weekdays: tuple[Side, Flags], share: float) -> float:
    days, weekend = weekdays
    return usual(found.axis, days.values, days.nulls, groups=weekend, effective=share)


def _permuted(found: Column, weekdays: tuple[Side, Flags], now: Side) -> float:
    days, _ = weekdays
    some = now.rows > 0
    if min(len(days.values), int(some.sum())) < _LEAST_DAYS:
        return float("nan")
    return block_permutation(
        found.axis, days.values, now.values[some], reference_nulls=days.nulls, current_nulls=now.nulls[some]
    )


def unseen(found: Column, most: int = 5) -> tuple[str, ...]:
    """The categories of the window that the baseline does not have, the most frequent first."""
    if not isinstance(found.axis, Categories):
        return ()
    then, now = (side.pooled().values[0] for side in found.sides)
    new = np.flatnonzero((then == 0) & (now > 0))
    return tuple(found.axis.values[i] for i in new[np.argsort(-now[new], kind="stable")][:most])


def rare(found: Column) -> float:
    """The share of the window's values that are counted together as the rest, because there are so many."""
    if not isinstance(found.axis, Categories) or found.axis.other is None:
        return 0.0
    values = found.sides[1].pooled().values[0]
    return float(values[found.axis.other] / values.sum()) if values.sum() else 0.0
