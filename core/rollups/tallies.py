"""Counting the columns of one scan in arrays, batch by batch: rows per hour, model, version and bin or value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from burnline.logs import SCALE
from burnline.rollups.categories import CATEGORIES, OTHER, capped
from burnline.rollups.grids import BINS, OUTSIDE, Grid
from burnline.spec.quoting import quote_identifier

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A batch keeps more values than a day does in the end, so that what is frequent in all of it is not lost.
_VALUES_AT_ONCE = 50_000
_DENSE = 4_000_000


def feature_schema() -> pa.Schema:
    """Columns and types of the table ``features``."""
    return pa.schema(
        {
            "hour": pa.int64(), "model": pa.string(), "version": pa.string(), "feature": pa.string(),
            "bin": pa.int32(), "category": pa.string(), "n": pa.int64(),
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """The rows of one column, and a sentence for everything odd in it."""

    name: str
    rows: pa.Table
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Places:
    """Hour, model and version of each row of a batch as one number below ``size``, and the rows' weights."""

    of_row: Ints
    size: int
    first_hour: int | None
    hours: int
    models: pa.StringArray
    versions: pa.StringArray
    model_of_row: Ints
    weights: Ints | None

    @staticmethod
    def of(batch: pa.RecordBatch, weights: Ints | None) -> Places:
        models, model = _codes(batch["model"])
        versions, version = _codes(batch["version"])
        first, hours, hour = None, 1, np.zeros(batch.num_rows, dtype=np.int64)
        if not batch["hour"].null_count:
            hour = batch["hour"].to_numpy()
            first = int(hour.min())
            hour = hour - first
            hours = int(hour.max()) + 1
        of_row = (model * len(versions) + version) * hours + hour
        return Places(of_row, len(models) * len(versions) * hours, first, hours, models, versions, model, weights)

    def table(self, name: str, place: Ints, n: Ints, bins: pa.Array, categories: pa.Array) -> pa.Table:
        """Counted cells as rows of the table ``features``."""
        pair, hour = np.divmod(place, self.hours)
        model, version = np.divmod(pair, len(self.versions))
        first = self.first_hour
        return pa.Table.from_arrays(
            [
                pa.array(hour + first) if first is not None else pa.nulls(len(n), pa.int64()),
                self.models.take(pa.array(model)),
                self.versions.take(pa.array(version)),
                pa.repeat(pa.scalar(name, pa.string()), len(n)),
                bins,
                categories,
                pa.array(n),
            ],
            schema=feature_schema(),
        )


def _codes(column: pa.Array) -> tuple[pa.StringArray, Ints]:
    """The different values of a column of text in order (a null last), and the place of each row among them."""
    found = column.dictionary_encode(null_encoding="encode")
    order = pc.sort_indices(found.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return found.dictionary.take(pa.array(order)).cast(pa.string()), rank[found.indices.to_numpy()]


def _cells(keys: Ints, size: int, weights: Ints | None) -> tuple[Ints, Ints]:
    """The keys (below ``size``) that occur, in order, and the sum of their rows' weights in millionths."""
    if size > max(_DENSE, 4 * len(keys)):
        used, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
        if weights is None:
            return used, counts.astype(np.int64) * SCALE
        keys, size = which, len(used)
    else:
        counts = np.bincount(keys, minlength=1)
        used = np.flatnonzero(counts)
        if weights is None:
            return used, counts[used].astype(np.int64) * SCALE
    # bincount would add floats; sums of weights are whole.
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, keys, weights)
    return used, sums[used] if size != len(used) else sums


class Tally:
    """The cells of one column, batch by batch. ``place`` numbers the column in the scan."""

    def __init__(self, name: str, place: int) -> None:
        self.name, self.place = name, place
        self.parts: list[pa.Table] = []

    def rows(self) -> pa.Table:
        """The sum of all batches."""
        if len(self.parts) < 2:
            return self.parts[0] if self.parts else feature_schema().empty_table()
        together = pa.concat_tables(self.parts)
        keys = feature_schema().names[:-1]
        summed = together.group_by(keys, use_threads=False).aggregate([("n", "sum")])
        found = summed.rename_columns([*keys, "n"]).select(feature_schema().names)
        return found.sort_by([(key, "ascending") for key in ("model", "version", "hour", "bin", "category")])


class Valued(Tally):
    """A column that is counted by its values."""

    different = 0

    def sql(self) -> list[str]:
        return [f"cast({quote_identifier(self.name)} as varchar) as v{self.place}"]

    def add(self, batch: pa.RecordBatch, places: Places) -> None:
        values, codes = _codes(batch[f"v{self.place}"])
        self.different = max(self.different, len(values) - values.null_count)
        if len(values) > _VALUES_AT_ONCE:
            values, codes = _frequent(values, codes)
        used, n = _cells(places.of_row * len(values) + codes, places.size * len(values), places.weights)
        place, code = np.divmod(used, len(values))
        nulls = pa.nulls(len(n), pa.int32())
        self.parts.append(places.table(self.name, place, n, nulls, values.take(pa.array(code))))

    def counted(self) -> Counted:
        rows = self.rows()
        different = max(self.different, pc.count_distinct(rows["category"]).as_py())
        if different <= CATEGORIES:
            return Counted(self.name, rows)
        kept = capped(pl.DataFrame(rows).with_columns(day=pl.col("hour") // 24), ("model", "day"))
        if not kept["category"].eq(OTHER).any():
            return Counted(self.name, rows)
        ordered = kept.select(feature_schema().names).sort("model", "version", "hour", "category", nulls_last=True)
        problem = _many(self.name, different, int(pc.sum(rows["n"]).as_py()) // SCALE)
        return Counted(self.name, ordered.to_arrow().cast(feature_schema()), (problem,))


def _frequent(values: pa.StringArray, codes: Ints) -> tuple[pa.StringArray, Ints]:
    """The most frequent values of a batch, all others as one."""
    counts = np.bincount(codes, minlength=len(values))
    kept = np.sort(np.argsort(-counts, kind="stable")[:_VALUES_AT_ONCE])
    place = np.full(len(values), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return pa.concat_arrays([values.take(pa.array(kept)), pa.array([OTHER], pa.string())]), place[codes]


def _many(name: str, different: int, events: int) -> str:
    """A column in which every other row has a value of its own names things instead of describing them."""
    looks = ": it looks like an identifier" if different > min(10 * CATEGORIES, events // 2) else ""
    return (
        f"{name} holds {different:,} different values{looks}; all but the {CATEGORIES:,} most frequent of a day are "
        "counted together"
    )


_NULL = 2 * OUTSIDE
_MARGIN = 64
_SPAN = BINS + 2 * _MARGIN + 1
# What has no logarithm lies below every bin, and is not infinite.
_BELOW = -1e300
_WITHOUT = Grid(log=False, low=0.0, per_unit=float("inf"))


class Binned(Tally):
    """A column that is counted in the bins of each model's grid."""

    def __init__(self, name: str, place: int, grids: Mapping[str, Grid]) -> None:
        super().__init__(name, place)
        self.grids = grids
        logs = {grid.log for grid in grids.values()}
        self.linear, self.log = False in logs or not logs, True in logs
        self.infinite = self.nan = 0

    def sql(self) -> list[str]:
        value = f"cast({quote_identifier(self.name)} as double)"
        # NaN is larger than everything, and its logarithm is NaN.
        cases = {f"{value} > 0": f"ln({value})", f"isinf({value})": value, f"{value} <= 0": str(_BELOW)}
        logarithm = f"case {' '.join(f'when {test} then {result}' for test, result in cases.items())} end"
        found = [f"{value} as v{self.place}"] if self.linear else []
        return found + ([f"{logarithm} as l{self.place}"] if self.log else [])

    def add(self, batch: pa.RecordBatch, places: Places) -> None:
        bins = self._bins(batch, places)
        near = (bins >= -_MARGIN) & (bins < BINS + _MARGIN) | (bins == _NULL)
        weights = places.weights
        slots = np.where(bins == _NULL, _SPAN - 1, bins + _MARGIN)
        inside = slice(None) if near.all() else near
        used, n = _cells(
            places.of_row[inside] * _SPAN + slots[inside],
            places.size * _SPAN,
            weights[inside] if weights is not None else None,
        )
        place, slot = np.divmod(used, _SPAN)
        self._keep(places, place, np.where(slot == _SPAN - 1, _NULL, slot - _MARGIN), n)
        if not near.all():
            width = 2 * OUTSIDE + 1
            far = places.of_row[~near] * width + bins[~near] + OUTSIDE
            used, n = _cells(far, places.size * width, weights[~near] if weights is not None else None)
            place, slot = np.divmod(used, width)
            self._keep(places, place, slot - OUTSIDE, n)

    def _keep(self, places: Places, place: Ints, bins: Ints, n: Ints) -> None:
        in_bins = pa.array(bins.astype(np.int32), mask=bins == _NULL)
        self.parts.append(places.table(self.name, place, n, in_bins, pa.nulls(len(n), pa.string())))

    def _bins(self, batch: pa.RecordBatch, places: Places) -> Ints:
        """The bin of each row; rows of a model without a grid lie in the outermost one of their sign."""
        column = batch[f"v{self.place}" if self.linear else f"l{self.place}"]
        raw: Floats = column.to_numpy(zero_copy_only=False)
        missing = np.isnan(raw)
        self.nan += int(missing.sum()) - column.null_count
        low, per, log = self._parameters(places)
        if self.linear and self.log:
            raw = np.where(log, batch[f"l{self.place}"].to_numpy(zero_copy_only=False), raw)
        self.infinite += int(np.isinf(raw).sum())
        with np.errstate(over="ignore", invalid="ignore"):
            bins: Floats = np.floor((raw - low) * per)
        # Without a grid zero comes out as 0 * infinity.
        np.copyto(bins, OUTSIDE, where=np.isnan(bins))
        np.clip(bins, -OUTSIDE, OUTSIDE, out=bins)
        np.copyto(bins, _NULL, where=missing)
        return bins.astype(np.int64)

    def _parameters(self, places: Places) -> tuple[float | Floats, float | Floats, bool | Flags]:
        """low, per_unit and log of the grid of each row (or of all rows)."""
        each = [self.grids.get(model, _WITHOUT) for model in places.models.to_pylist()]
        if len(each) == 1:
            return each[0].low, each[0].per_unit, each[0].log
        of_row = places.model_of_row
        low, per = np.array([grid.low for grid in each]), np.array([grid.per_unit for grid in each])
        return low[of_row], per[of_row], np.array([grid.log for grid in each])[of_row]

    def counted(self) -> Counted:
        infinite = f"{self.name} holds {_numbered(self.infinite, 'infinite value')}: counted beyond the outermost bins"
        nan = f"{self.name} holds {_numbered(self.nan, 'value')} that {_are(self.nan)} NaN: counted as missing"
        found = ((self.infinite, infinite), (self.nan, nan))
        return Counted(self.name, self.rows(), tuple(text for number, text in found if number))


def _numbered(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
