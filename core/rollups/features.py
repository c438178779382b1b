"""Daily histograms of features and predictions, on bins frozen from the reference.

A numeric feature gets about 128 equal bins between its 0.1 % and 99.9 % quantiles, of the value
or of its logarithm where it is heavily skewed. Tails keep their own bins beyond the ends. The
bins never move: drift compares like with like.
"""

from __future__ import annotations

import math
import sys
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
    def between(low: float, middle: float, high: float) -> Grid:
        """The grid whose ``BINS`` bins span ``low`` to ``high``; one bin per unit when that is a point.

        Positive values of which half crowd into the lowest twentieth of the range get
        logarithmic bins.
        """
        log = low > 0 and middle - low < (high - low) / 20
        start, end = (math.log(low), math.log(high)) if log else (low, high)
        width = end - start
        return Grid(log, start, BINS / width if width > 0 and math.isfinite(width) else 1.0)

    def edges(self, bin_: int) -> tuple[float, float]:
        """Lower and upper edge of a bin in the feature's own unit."""
        ends = (self.low + bin_ / self.per_unit, self.low + (bin_ + 1) / self.per_unit)
        return (math.exp(ends[0]), math.exp(ends[1])) if self.log else ends

    def bounds(self) -> tuple[float, float]:
        """The values between which bins are given; beyond them lie the two outermost bins."""
        ends = (self.low - OUTSIDE / self.per_unit, self.low + OUTSIDE / self.per_unit)
        if not self.log:
            return ends
        return (max(math.exp(max(ends[0], -700.0)), sys.float_info.min), math.exp(min(ends[1], 700.0)))


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
    finite = ", ".join(f"quantile_cont({_finite(n)}, [0.001, 0.5, 0.999]) as {quote_identifier(n)}" for n in names)
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
                grids[model, name] = Grid.between(*ends)
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
    """Bins of a numeric column. Models of one file bring their own grids, joined by name.

    Values beyond ``OUTSIDE`` bins from the grid, and those it cannot place, share the two
    outermost bins; the guard comes first so that no cast can overflow.
    """
    column = f"cast({quote_identifier(name)} as double)"
    chosen = {model: grids[model, name] for model in job.measures if (model, name) in grids}
    logs = {grid.log for grid in chosen.values()}
    transformed = f"ln({column})" if logs == {True} else column
    if len(logs) > 1:
        transformed = f"(case when g_log then ln({column}) else {column} end)"
    source = "log"
    parameters: dict[str, object] = {}
    if len(job.measures) == 1 and chosen:
        low, per, least, most = "$low", "$per", "$least", "$most"
        grid = next(iter(chosen.values()))
        bounds = grid.bounds()
        parameters = {"low": grid.low, "per": grid.per_unit, "least": bounds[0], "most": bounds[1]}
    else:
        low, per, least, most = "g_low", "g_per", "g_least", "g_most"
        source = "log left join grids using (model)"
        parameters = {
            "g_models": list(chosen),
            "g_logs": [g.log for g in chosen.values()],
            "g_lows": [g.low for g in chosen.values()],
            "g_pers": [g.per_unit for g in chosen.values()],
            "g_leasts": [g.bounds()[0] for g in chosen.values()],
            "g_mosts": [g.bounds()[1] for g in chosen.values()],
        }
    grid_table = f"grids as ({_GRIDS})," if parameters.keys() & {"g_models"} else ""
    query = f"""
        with {grid_table} log as ({job.log(name)})
        select {{day}} as day, model, {_version(job)} as version, $name as feature,
               case when {column} > {least} and {column} < {most}
                    then cast(floor(({transformed} - {low}) * {per}) as integer)
                    when {column} is null then null
                    when {column} <= {least} then -{OUTSIDE} else {OUTSIDE} end as bin,
               cast(null as varchar) as category, {_count(job)} as n
        from {source} group by all"""
    return query, parameters


_GRIDS = """
    select unnest($g_models::varchar[]) as model, unnest($g_logs::boolean[]) as g_log,
           unnest($g_lows::double[]) as g_low, unnest($g_pers::double[]) as g_per,
           unnest($g_leasts::double[]) as g_least, unnest($g_mosts::double[]) as g_most"""


def _category(job: Job, name: str, grids: Grids) -> tuple[str, dict[str, object]]:
    """Beyond the thousand most frequent categories of a file the rest are counted together."""
    del grids
    value = f"cast({quote_identifier(name)} as varchar)"
    query = f"""
        with log as ({job.log(name)}),
             counted as (select {{day}} as day, model, {_version(job)} as version,
                                {value} as category, {_count(job)} as n
                         from log group by all),
             ranked as (select *, row_number() over (partition by model, day, version
                                                    order by n desc, category) as place
                        from counted)
        select day, model, version, $name as feature, cast(null as integer) as bin,
               case when place <= {CATEGORIES} or category is null then category
                    else '{OTHER}' end as category, sum(n)::bigint as n
        from ranked group by all"""
    return query, {}
