"""How the values of each column are distributed, hour by hour.

========  =======================================================================================
features  hour, model, version, feature, bin, category, n
========  =======================================================================================

Tracked are features, segments (version, region, tenant, ``d_…``), prediction and confidence, the last two of requests
that did not fail. Numbers are counted in frozen bins (``burnline.rollups.grids``), everything else by its value; both
are null where the value is missing, and NaN is missing. Of the values of a day all beyond the thousand most frequent
are counted together.

The engine reads, casts and takes logarithms; bins are counted in arrays, several columns a scan: measured twice as
fast as a ``GROUP BY`` per column once hours are part of the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from burnline.logs import SCALE
from burnline.logs.engine import frame
from burnline.logs.files import literal_pattern
from burnline.rollups.grids import BINS, Grid, Grids, numeric, tracked
from burnline.rollups.grids import OUTSIDE as OUTSIDE
from burnline.rollups.roll import Job
from burnline.spec.quoting import quote_identifier

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CATEGORIES = 1_000
OTHER = "<other>"
FORMAT = 1
_SUCCEEDED = ("confidence", "prediction")
_COLUMNS_AT_ONCE = 32
_ROWS_AT_ONCE = 500_000
_NULL = 2 * OUTSIDE
_MARGIN = 64
_DENSE = 4_000_000
# Values that no logarithm has: they lie below every bin, and are not infinite.
_BELOW = -1e300

SCHEMA = pl.Schema(
    {
        "hour": pl.Int64, "model": pl.String, "version": pl.String, "feature": pl.String, "bin": pl.Int32,
        "category": pl.String, "n": pl.Int64,
    }
)  # fmt: skip


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
    rows: pl.DataFrame
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What columns are counted from: ``relation`` yields ``_t``, ``_ok``, ``_w``, model, version and each of
    ``columns`` (name: whether it is counted in bins) of the file at ``path``; other ``parameters`` of it."""

    path: str
    columns: Mapping[str, bool]
    relation: str
    weighted: bool
    parameters: Mapping[str, object] = field(default_factory=dict)

    def asked(self) -> dict[str, object]:
        """The parameters of the relation."""
        return {"path": literal_pattern(self.path), **self.parameters}


def columns(job: Job) -> dict[str, bool]:
    """The tracked columns of a file, and whether they are counted in bins."""
    return {name: numeric(name, job.shape, job.segments) for name in tracked(job.shape, job.segments)}


def features(con: duckdb.DuckDBPyConnection, job: Job, grids: Grids) -> Iterator[Counted]:
    """The table ``features`` of a log, column by column: those in bins first, each group by name."""
    kinds = columns(job)
    for names in chunks(kinds):
        yield from count(
            con,
            Source(
                path=job.shape.path,
                columns={name: kinds[name] for name in names},
                relation=job.log(*names, "version", absent=("version",)),
                weighted=job.shape.has("weight"),
            ),
            grids,
        )


def chunks(kinds: Mapping[str, bool]) -> list[list[str]]:
    """Columns to be read together: numbers, outcomes and values are read apart, values one by one."""
    numbers = [n for n, binned in kinds.items() if binned and n not in _SUCCEEDED]
    outcomes = [n for n, binned in kinds.items() if binned and n in _SUCCEEDED]
    several = [numbers[start : start + _COLUMNS_AT_ONCE] for start in range(0, len(numbers), _COLUMNS_AT_ONCE)]
    return [*several, *([outcomes] if outcomes else []), *([n] for n, binned in kinds.items() if not binned)]


def count(con: duckdb.DuckDBPyConnection, source: Source, grids: Grids) -> Iterator[Counted]:
    """The counts of the columns of one chunk."""
    binned = [name for name, in_bins in source.columns.items() if in_bins]
    if binned:
        yield from _in_bins(con, source, binned, grids)
    for name, in_bins in source.columns.items():
        if not in_bins:
            yield _by_value(con, source, name)


def _where(names: Sequence[str]) -> str:
    return "where _ok" if set(names) & set(_SUCCEEDED) else ""


def _by_value(con: duckdb.DuckDBPyConnection, source: Source, name: str) -> Counted:
    weight = "sum(_w)::bigint" if source.weighted else f"count(*)::bigint * {SCALE}"
    query = f"""
        with log as ({source.relation})
        select _t // 12 as hour, model, version, $name as feature, null::integer as bin,
               cast({quote_identifier(name)} as varchar) as category, {weight} as n
        from log {_where([name])} group by all"""
    rows = frame(con, query, {**source.asked(), "name": name}).cast(SCHEMA)
    day = pl.col("hour") // 24
    kept = capped(rows.with_columns(day=day), ("model", "day")).drop("day")
    problems: tuple[str, ...] = ()
    if kept is not rows and kept["category"].eq(OTHER).any():
        different = rows["category"].n_unique() - int(rows["category"].has_nulls())
        problems = (_many(name, different, rows.height),)
    order = ("model", "hour", "category", "version")
    return Counted(name, kept.select(SCHEMA.names()).sort(order, nulls_last=False), problems)


def _many(name: str, different: int, cells: int) -> str:
    """A column in which nearly every row has a value of its own names things instead of describing them."""
    looks = ": it looks like an identifier" if different > max(10 * CATEGORIES, cells // 2) else ""
    return (
        f"{name} holds {different:,} different values{looks}; all but the {CATEGORIES:,} most frequent of a day are "
        "counted together"
    )


def capped(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The same counts with all but the thousand most frequent categories of each group of ``keys`` together.

    ``n`` may be negative (a label taken back); a category is as frequent as its counts are large.
    """
    if rows.height <= CATEGORIES:
        return rows
    named = pl.col("category").is_not_null() & (pl.col("category") != OTHER)
    totals = rows.filter(named).group_by(*keys, "category").agg(size=pl.col("n").abs().sum())
    rare = (
        totals.filter(pl.len().over(*keys) > CATEGORIES)
        .sort("size", "category", descending=[True, False])
        .filter(pl.int_range(pl.len()).over(*keys) >= CATEGORIES)
    )
    if not rare.height:
        return rows
    marked = rows.join(rare.with_columns(rare=True), on=[*keys, "category"], how="left")
    together = marked.with_columns(
        category=pl.when(pl.col("rare")).then(pl.lit(OTHER)).otherwise("category"),
    ).drop("rare", "size")
    others = [name for name in rows.columns if name != "n"]
    return together.group_by(others).agg(pl.col("n").sum()).select(rows.columns)


# Bins


@dataclass
class _Odd:
    """What is odd in a column: infinite values and NaN."""

    infinite: int = 0
    nan: int = 0

    def problems(self, name: str) -> tuple[str, ...]:
        infinite = f"{name} holds {_counted(self.infinite, 'infinite value')}: counted beyond the outermost bins"
        nan = f"{name} holds {_counted(self.nan, 'value')} that {_are(self.nan)} no number (NaN): counted as missing"
        return tuple(text for count, text in ((self.infinite, infinite), (self.nan, nan)) if count)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _in_bins(con: duckdb.DuckDBPyConnection, source: Source, names: Sequence[str], grids: Grids) -> Iterator[Counted]:
    """Bins of several columns, counted batch by batch of one scan."""
    chosen = {name: {model: grid for (model, n), grid in grids.items() if n == name} for name in names}
    values = []
    for index, name in enumerate(names):
        value = f"cast({quote_identifier(name)} as double)"
        logs = {grid.log for grid in chosen[name].values()}
        values += [f"{value} as v{index}"] if False in logs or not logs else []
        # NaN is larger than everything; ln of it is NaN.
        values += (
            [
                f"case when {value} > 0 then ln({value}) when isinf({value}) then {value}"
                f" when {value} <= 0 then {_BELOW} end as l{index}"
            ]
            if True in logs
            else []
        )
    weight = ", _w" if source.weighted else ""
    query = f"""
        with log as ({source.relation})
        select _t // 12 as hour, model, version{weight}, {", ".join(values)} from log {_where(names)}"""
    reader = con.sql(query, params=source.asked()).to_arrow_reader(_ROWS_AT_ONCE)
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in names}
    odd = {name: _Odd() for name in names}
    for batch in reader:
        if batch.num_rows:
            places = _Places.of(batch)
            weights = batch["_w"].to_numpy() if source.weighted else None
            for index, name in enumerate(names):
                bins = _bins(batch, index, places, chosen[name], odd[name])
                parts[name].append(places.rows(*_tally(places.of_row, places.size, bins, weights)))
    for name in names:
        rows = pl.concat(parts[name]) if parts[name] else _CELLS.to_frame()
        if len(parts[name]) > 1:
            rows = rows.group_by(*_CELLS.names()[:-1]).agg(pl.col("n").sum())
        rows = rows.with_columns(feature=pl.lit(name), category=pl.lit(None, pl.String)).select(SCHEMA.names())
        order = ("model", "hour", "bin", "version")
        yield Counted(name, rows.sort(order, nulls_last=False), odd[name].problems(name))


_CELLS = pl.Schema(
    {"hour": pl.Int64, "model": pl.String, "version": pl.String, "bin": pl.Int32, "n": pl.Int64},
)


@dataclass(frozen=True)
class _Places:
    """Hour, model and version of each row of a batch as one number below ``size``."""

    of_row: Ints
    size: int
    first_hour: int | None
    hours: int
    models: pl.Series
    versions: pl.Series
    model_of_row: Ints

    @staticmethod
    def of(batch: pa.RecordBatch) -> _Places:
        models, model = _codes(batch["model"])
        versions, version = _codes(batch["version"])
        first, hours, hour = None, 1, np.zeros(batch.num_rows, dtype=np.int64)
        if not batch["hour"].null_count:
            hour = batch["hour"].to_numpy()
            first = int(hour.min())
            hour = hour - first
            hours = int(hour.max()) + 1
        of_row = (model * len(versions) + version) * hours + hour
        return _Places(of_row, len(models) * len(versions) * hours, first, hours, models, versions, model)

    def rows(self, places: Ints, bins: Ints, n: Ints) -> pl.DataFrame:
        """Counted cells as rows."""
        pair, hour = places // self.hours, places % self.hours
        first = self.first_hour
        return pl.DataFrame(
            {
                "hour": pl.Series(hour + first) if first is not None else pl.Series([None] * len(n), dtype=pl.Int64),
                "model": self.models.gather(pair // len(self.versions)),
                "version": self.versions.gather(pair % len(self.versions)),
                "bin": pl.select(
                    pl.when(pl.Series(bins) == _NULL).then(None).otherwise(pl.Series(bins)).cast(pl.Int32)
                ).to_series(),
                "n": pl.Series(n),
            },
            schema=_CELLS,
        )


def _codes(column: pa.Array) -> tuple[pl.Series, Ints]:
    """The different values of a column of text, and the place of each row among them."""
    found = column.dictionary_encode(null_encoding="encode")
    values = pl.Series(found.dictionary.to_pylist(), dtype=pl.String)
    return values, found.indices.to_numpy().astype(np.int64)


def _bins(batch: pa.RecordBatch, index: int, places: _Places, grids: Mapping[str, Grid], odd: _Odd) -> Ints:
    """The bin of each row; rows of a model without a grid lie in the outermost one of their sign."""
    logs = {grid.log for grid in grids.values()}
    linear = batch[f"v{index}"] if False in logs or not logs else None
    log = batch[f"l{index}"] if True in logs else None
    either = linear if linear is not None else log
    assert either is not None
    raw: Floats = either.to_numpy(zero_copy_only=False)
    missing = np.isnan(raw)
    odd.nan += int(missing.sum()) - either.null_count
    low, per, is_log = _parameters(places, grids)
    if linear is not None and log is not None:
        raw = np.where(is_log, log.to_numpy(zero_copy_only=False), raw)
    odd.infinite += int(np.isinf(raw).sum())
    with np.errstate(over="ignore", invalid="ignore"):
        bins: Floats = np.floor((raw - low) * per)
    # No grid and a value at the origin of the stand-in grid: 0 * inf.
    np.copyto(bins, OUTSIDE, where=np.isnan(bins))
    np.clip(bins, -OUTSIDE, OUTSIDE, out=bins)
    np.copyto(bins, _NULL, where=missing)
    return bins.astype(np.int64)


_WITHOUT = Grid(log=False, low=0.0, per_unit=float("inf"))


def _parameters(places: _Places, grids: Mapping[str, Grid]) -> tuple[float | Floats, float | Floats, bool | Flags]:
    """low, per_unit and log of the grid of each row (or of all rows)."""
    each = [grids.get(model, _WITHOUT) for model in places.models]
    if len(each) == 1:
        return each[0].low, each[0].per_unit, each[0].log
    of_row = places.model_of_row
    low, per = np.array([grid.low for grid in each]), np.array([grid.per_unit for grid in each])
    return low[of_row], per[of_row], np.array([grid.log for grid in each])[of_row]


def _tally(places: Ints, size: int, bins: Ints, weights: Ints | None) -> tuple[Ints, Ints, Ints]:
    """Place, bin and summed weight (millionths) of every cell that holds rows."""
    span = BINS + 2 * _MARGIN + 1
    near = (bins >= -_MARGIN) & (bins < BINS + _MARGIN)
    slot = np.where(bins == _NULL, span - 1, bins + _MARGIN)
    if size * span > max(_DENSE, 4 * len(bins)):
        near = np.zeros(len(bins), dtype=bool)
        slot = bins
    else:
        near |= bins == _NULL
    if near.all():
        return _dense(places * span + slot, span, weights)
    inside = _dense((places * span + slot)[near], span, weights[near] if weights is not None else None)
    outside = _sparse(places[~near], bins[~near], weights[~near] if weights is not None else None)
    return tuple(np.concatenate(pair) for pair in zip(inside, outside, strict=True))  # type: ignore[return-value]


def _dense(cells: Ints, span: int, weights: Ints | None) -> tuple[Ints, Ints, Ints]:
    if weights is None:
        sums = np.bincount(cells)
        used = np.flatnonzero(sums)
        n = sums[used] * SCALE
    else:
        # bincount adds floats; sums of weights are whole.
        total = np.zeros(int(cells.max(initial=0)) + 1, dtype=np.int64)
        np.add.at(total, cells, weights)
        used = np.flatnonzero(np.bincount(cells))
        n = total[used]
    slot = used % span
    return used // span, np.where(slot == span - 1, _NULL, slot - _MARGIN), n.astype(np.int64)


def _sparse(places: Ints, bins: Ints, weights: Ints | None) -> tuple[Ints, Ints, Ints]:
    width = 4 * OUTSIDE
    cells, which, counts = np.unique(places * width + (bins + OUTSIDE), return_inverse=True, return_counts=True)
    if weights is None:
        n = counts * SCALE
    else:
        n = np.zeros(len(cells), dtype=np.int64)
        np.add.at(n, which, weights)
    return cells // width, cells % width - OUTSIDE, n.astype(np.int64)
