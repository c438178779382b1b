"""Daily histograms of features and predictions, on bins frozen from the reference.

A numeric feature gets about 128 equal bins between its 0.1 % and 99.9 % quantiles, of the value
or, when it spans more than two decades above zero, of its logarithm. Tails keep their own bins
beyond the ends. The bins never move: drift compares like with like.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from burnline.logs import SCALE, Shape
from burnline.logs.engine import table
from burnline.logs.files import literal_pattern
from burnline.logs.relation import select
from burnline.rollups.roll import Job
from burnline.spec.quoting import quote_identifier

BINS = 128
CATEGORIES = 1_000
OTHER = "<other>"
OUTSIDE = 1_000_000
_SAMPLE = 50_000


@dataclass(frozen=True)
class Grid:
    """Equal bins of x, or of ln x: bin = floor((g(x) - low) * per_unit)."""

    log: bool
    low: float
    per_unit: float

    @staticmethod
    def between(low: float, high: float) -> Grid:
        """The grid whose ``BINS`` bins span the range; one bin per unit when it is a point."""
        log = low > 0 and high / low > 100
        start, end = (math.log(low), math.log(high)) if log else (low, high)
        width = end - start
        return Grid(log, start, BINS / width if width > 0 and math.isfinite(width) else 1.0)

    def edges(self, bin_: int) -> tuple[float, float]:
        """Lower and upper edge of a bin in the feature's own unit."""
        ends = (self.low + bin_ / self.per_unit, self.low + (bin_ + 1) / self.per_unit)
        return (math.exp(ends[0]), math.exp(ends[1])) if self.log else ends


Grids = Mapping[tuple[str, str], Grid]


def tracked(shape: Shape) -> tuple[str, ...]:
    """The columns whose distribution is kept: features, and the prediction."""
    names = [n for n in shape.features if shape.columns[n].kind != "time"]
    return tuple(names + (["prediction"] if shape.has("prediction") else []))


def find_grids(
    con: duckdb.DuckDBPyConnection, shape: Shape, models: Sequence[str], count_429: bool
) -> dict[tuple[str, str], Grid]:
    """Grids for the numeric columns of these models, from a fixed sample of the file."""
    names = [n for n in tracked(shape) if shape.columns[n].kind == "number"]
    if not names or not models:
        return {}
    finite = ", ".join(f"quantile_cont({_finite(n)}, [0.001, 0.999]) as {quote_identifier(n)}" for n in names)
    query = f"""
        with log as ({select(shape, count_429=count_429)}),
             sampled as (select * from log where model in (select unnest($models))
                         using sample reservoir({_SAMPLE} rows) repeatable (1))
        select model, {finite} from sampled group by model"""
    parameters = {"path": literal_pattern(shape.path), "models": list(models)}
    grids = {}
    for model, *quantiles in con.execute(query, parameters).fetchall():
        for name, ends in zip(names, quantiles, strict=True):
            if ends is not None and ends[0] is not None:
                grids[model, name] = Grid.between(ends[0], ends[1])
    return grids


def freeze(
    con: duckdb.DuckDBPyConnection,
    logs: Iterable[tuple[Shape, Collection[str]]],
    known: Mapping[str, Mapping[str, tuple[bool, float, float]]],
    count_429: bool,
) -> dict[str, dict[str, tuple[bool, float, float]]]:
    """The known bins with those of new columns added, each from the first log that has it.

    ``logs`` are shapes with their models, in order of time; what is known never changes.
    """
    frozen = {model: dict(names) for model, names in known.items()}
    seen = {model: set(names) for model, names in known.items()}
    for shape, models in logs:
        names = {n for n in tracked(shape) if shape.columns[n].kind == "number"}
        wanted = [m for m in models if names - seen.get(m, set())]
        for (model, name), grid in find_grids(con, shape, wanted, count_429).items():
            frozen.setdefault(model, {}).setdefault(name, (grid.log, grid.low, grid.per_unit))
        for model in wanted:
            seen.setdefault(model, set()).update(names)
    return frozen


def _finite(name: str) -> str:
    value = f"cast({quote_identifier(name)} as double)"
    return f"(case when isfinite({value}) then {value} end)"


def features(con: duckdb.DuckDBPyConnection, job: Job, grids: Grids, day: int | None) -> pa.Table:
    """Rows per day, model, version, column and bin or category.

    ``day`` is the days since the epoch when the whole file lies in one, which spares computing
    it per row. Values without a grid (no finite value in the reference) share bin ``OUTSIDE``.
    """
    tables = []
    for name in tracked(job.shape):
        numeric = job.shape.columns[name].kind == "number"
        query, parameters = (_numeric if numeric else _category)(job, name, grids)
        parameters |= {"path": literal_pattern(job.shape.path), "name": name}
        when = "_t // 288" if day is None else "$day::bigint"
        if day is not None:
            parameters["day"] = day
        tables.append(table(con, query.replace("{day}", when), parameters))
    if not tables:
        return feature_schema().empty_table()
    merged = pa.concat_tables([t.cast(feature_schema()) for t in tables])
    return merged.sort_by([(n, "ascending") for n in ("model", "feature", "day", "bin")])


def feature_schema() -> pa.Schema:
    """Columns and types of the table ``features``."""
    return pa.schema(
        {
            "day": pa.int64(),
            "model": pa.string(),
            "version": pa.string(),
            "feature": pa.string(),
            "bin": pa.int32(),
            "category": pa.string(),
            "n": pa.int64(),
        }
    )


def _count(job: Job) -> str:
    return "sum(_w)::bigint" if job.shape.has("weight") else f"count(*)::bigint * {SCALE}"


def _version(job: Job) -> str:
    return "version" if job.shape.has("version") else "cast(null as varchar)"


def _numeric(job: Job, name: str, grids: Grids) -> tuple[str, dict[str, object]]:
    """Models of one file often share a grid table of one row each; a join picks it."""
    column = f"cast({quote_identifier(name)} as double)"
    chosen = [(m, grids[m, name]) for m in job.measures if (m, name) in grids]
    bin_ = f"""case when {column} is null then null
        when not isfinite({column}) then {OUTSIDE}
        when g_low is null or (g_log and {column} <= 0) then -{OUTSIDE}
        else cast(greatest(-{OUTSIDE}, least({OUTSIDE}, floor(
             ((case when g_log then ln({column}) else {column} end) - g_low) * g_per)))
             as integer) end"""
    if len(job.measures) == 1 and chosen:
        grid = chosen[0][1]
        transformed = f"ln({column})" if grid.log else column
        guard = f"{column} > 0" if grid.log else "true"
        bin_ = f"""case when isfinite({column}) and {guard}
            then cast(greatest(-{OUTSIDE}, least({OUTSIDE}, floor(({transformed} - $low) * $per)))
                 as integer)
            when {column} is null then null
            when isfinite({column}) then -{OUTSIDE} else {OUTSIDE} end"""
        source: str = "log"
        parameters: dict[str, object] = {"low": grid.low, "per": grid.per_unit}
    else:
        source = "log left join (select unnest($models::varchar[]) as model, unnest($logs::boolean[]) as g_log, \
unnest($lows::double[]) as g_low, unnest($pers::double[]) as g_per) using (model)"
        parameters = {
            "models": [m for m, _ in chosen],
            "logs": [g.log for _, g in chosen],
            "lows": [g.low for _, g in chosen],
            "pers": [g.per_unit for _, g in chosen],
        }
    query = f"""
        with log as ({job.log})
        select {{day}} as day, model, {_version(job)} as version, $name as feature, {bin_} as bin,
               cast(null as varchar) as category, {_count(job)} as n
        from {source} where _ok group by all"""
    return query, parameters


def _category(job: Job, name: str, grids: Grids) -> tuple[str, dict[str, object]]:
    """Beyond the thousand most frequent categories of a file the rest are counted together."""
    del grids
    value = f"cast({quote_identifier(name)} as varchar)"
    query = f"""
        with log as ({job.log}),
             counted as (select {{day}} as day, model, {_version(job)} as version,
                                {value} as category, {_count(job)} as n
                         from log where _ok group by all),
             ranked as (select *, row_number() over (partition by model, day, version
                                                    order by n desc, category) as place
                        from counted)
        select day, model, version, $name as feature, cast(null as integer) as bin,
               case when place <= {CATEGORIES} or category is null then category
                    else '{OTHER}' end as category, sum(n)::bigint as n
        from ranked group by all"""
    return query, {}
