"""How far each column of a model has moved, over a window and block by block, from counts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    shifted,
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
class Held:
    """One column over some blocks, held against its baseline (``far``) and against the same hours of the week.

    ``psi`` and ``ks`` are the distances from the latter (NaN = the baseline does not cover them), ``psi_by_chance``
    and ``ks_by_chance`` what so few rows make of none. ``p_adjusted`` is filled in once all columns are known.
    """

    far: Distances
    psi: Floats
    ks: Floats
    psi_by_chance: Floats
    ks_by_chance: Floats
    p_adjusted: Floats

    def moved(self, usual: float) -> Floats:
        """The PSI threshold that each block reaches; 0 while that is not proven or usual, NaN without rows."""
        far = self.far
        return moved(far.psi, self.psi, self.p_adjusted, usual, far.psi_provable, self.psi_by_chance)

    def shifted(self, usual: float) -> Flags:
        """Whether numbers moved as a whole, which PSI may be too coarse for."""
        far = self.far
        return shifted(far.ks, self.ks, self.p_adjusted, usual, far.ks_provable, self.ks_by_chance)

    def drifted(self, threshold: float, usual: float) -> Flags:
        """Whether each block is beyond a PSI threshold, or its numbers moved as a whole."""
        return np.asarray(np.greater_equal(self.moved(usual), threshold) | self.shifted(usual))


@dataclass(frozen=True)
class Compared:
    """One column: its counts, its distances over the window (one block) and by block, and what is usual.

    ``p_block`` is the p-value of whole days dealt anew, NaN where there are too few.
    """

    name: str
    role: Role
    column: Column
    whole: Held
    by_block: Held
    usual: float
    p_block: float

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return isinstance(self.column.axis, Bins)

    @property
    def moved(self) -> float:
        """The PSI threshold that the window reaches; 0 while that is not proven or usual."""
        return float(self.whole.moved(self.usual)[0])

    def drifted(self, threshold: float) -> bool:
        """Whether the window as a whole has drifted."""
        return bool(self.whole.drifted(threshold, self.usual)[0])

    def drifted_by_block(self, threshold: float) -> Flags:
        """Whether each block has drifted."""
        return self.by_block.drifted(threshold, self.usual)


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
    sides = [_with_missing(rows, baseline) for rows in (baseline, window)]
    sides[0] = sides[0].with_columns(pl.col("row").fill_null(0).cast(pl.Int64), timed=pl.col("row").is_not_null())
    then, now = (rows.partition_by("feature", as_dict=True) for rows in sides)
    names = sorted(str(key[0]) for key in then.keys() & now.keys())
    found = [_compared(name, then[name,], now[name,], grid_of(name, grids), blocks) for name in names]
    order: Sequence[Role] = ("feature", "prediction", "confidence", "label", "segment")
    # Labels come later than what is known of a day: what is said of the other columns must not wait for them.
    early, late = ([one for one in found if (one.role == "label") is labels] for labels in (False, True))
    judged = [*_judged_together(early), *_judged_together(late)]
    return tuple(sorted(judged, key=lambda one: (order.index(one.role), one.name)))


def _judged_together(found: Sequence[Compared]) -> list[Compared]:
    """With p-values for all columns at once, and with at least the unrest of the middle column of the model."""
    if not found:
        return []
    whole, by_block = (
        benjamini_hochberg(np.array([held.far.p for held in side]).T).T
        for side in ([one.whole for one in found], [one.by_block for one in found])
    )
    ordinary = together([one.usual for one in found])
    return [
        replace(
            one,
            whole=replace(one.whole, p_adjusted=np.where(np.isfinite(whole[i]), whole[i], 1.0)),
            by_block=replace(one.by_block, p_adjusted=by_block[i]),
            usual=float(ordinary[i]),
        )
        for i, one in enumerate(found)
    ]


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


def _compared(name: str, baseline: pl.DataFrame, window: pl.DataFrame, grid: Grid | None, blocks: Blocks) -> Compared:
    timed = bool(baseline["timed"].all())
    found = column([(baseline, HOURS), (window, len(blocks.weights))], grid)
    by_hour, now = found.sides
    weights = _weights(name, blocks.weights)
    whole_week = weights.sum(axis=0, keepdims=True)
    weekdays = _weekdays(by_hour) if timed else None
    held = [
        _held(found, by_hour, side, mix if timed else None, blocks.share, exact=exact)
        for side, mix, exact in ((now.pooled(), whole_week, True), (now, weights, False))
    ]
    return Compared(
        name=name,
        role=role_of(name),
        column=found,
        whole=held[0],
        by_block=held[1],
        usual=_usual(found, weekdays, blocks.share) if weekdays is not None else 0.0,
        p_block=_permuted(found, weekdays, now) if weekdays is not None and blocks.permute else float("nan"),
    )


def _held(found: Column, by_hour: Side, now: Side, weights: Floats | None, share: float, *, exact: bool) -> Held:
    """``weights`` (blocks, 168) are rows by hour of the week; without them there is no season to go by."""
    far = _compare(found, by_hour.pooled(), now, share, exact=exact)
    figures = np.full((4, len(now.values)), np.nan)
    if weights is not None:
        same = seasonal(by_hour.values, by_hour.nulls, weights)
        known = np.isfinite(same.nulls)
        if known.any():
            then, seen = (Side(of.values[known], of.nulls[known]) for of in (same, now))
            season = _compare(found, then, seen, share)
            figures[:, known] = season.psi, season.ks, season.psi_by_chance, season.ks_by_chance
    return Held(far, figures[0], figures[1], figures[2], figures[3], p_adjusted=far.p)


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
