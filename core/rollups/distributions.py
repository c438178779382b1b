"""Reading distributions: counts of the values of each column, from rollups alone.

``n`` is in events. A number has a ``bin`` of its column's grid, any other value is a ``category``; both are null where
the value is missing. Everything is ordered by its columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.grids import Grid, label_grid, thawed
from burnline.rollups.reads import Snapshot

_VALUES = {"bin": pl.Int32, "category": pl.String, "n": pl.Float64}
_BY_DAY = pl.Schema({"model": pl.String, "day": pl.Int64, "feature": pl.String, **_VALUES})
_BY_HOUR = pl.Schema({"hour": pl.Int64, "feature": pl.String, **_VALUES})
_BASELINE = pl.Schema({"model": pl.String, "feature": pl.String, "how": pl.Int32, **_VALUES})
_LABELS = pl.Schema({"day": pl.Int64, **_VALUES})

# A store names its objects by what they hold, so the day of a summary stands in the ledger.
_DAYS = """
    (select unnest($paths::varchar[]) as filename, unnest($days::bigint[]) as day)
    join read_parquet($paths, filename = true) using (filename)"""


def by_day(
    snapshot: Snapshot,
    first_day: int,
    last_day: int,
    *,
    model: str | None = None,
    features: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Counts per day (UTC, since the epoch) from ``first_day`` to ``last_day``: model, day, feature, bin, category, n.

    ``model`` and ``features`` limit them to one model and some columns.
    """
    found = _objects(snapshot, "features", first_day, last_day)
    if not found:
        return pl.DataFrame(schema=_BY_DAY)
    only, parameters = _only(features)
    if model is not None:
        only, parameters = f"{only} and model = $model", {**parameters, "model": model}
    query = f"""
        select model, day, feature, bin, category, n / {SCALE} as n from {_DAYS} where true {only}
        order by all nulls first"""
    parameters |= {"paths": snapshot.store.paths(found.values()), "days": list(found)}
    with connect(threads=2) as con:
        return frame(con, query, parameters).cast(_BY_DAY)


def by_hour(
    snapshot: Snapshot, first_hour: int, last_hour: int, *, model: str, features: Sequence[str] | None = None
) -> pl.DataFrame:
    """Counts of one model per hour (since the epoch): hour, feature, bin, category, n.

    ``features`` limits them to some columns. What was kept by the day only (older stores) is left out.
    """
    paths = sorted(
        {
            log.features
            for log in snapshot.ledger.logs.values()
            if log.hourly
            and model in log.models
            and log.models[model].first_us // _HOUR_US <= last_hour
            and log.models[model].last_us // _HOUR_US >= first_hour
        }
    )
    if not paths:
        return pl.DataFrame(schema=_BY_HOUR)
    only, parameters = _only(features)
    query = f"""
        select hour, feature, bin, category, sum(n) / {SCALE} as n from read_parquet($paths)
        where model = $model and hour >= $first and hour <= $last {only} group by all order by all nulls first"""
    parameters |= {"paths": snapshot.store.paths(paths), "model": model, "first": first_hour, "last": last_hour}
    with connect(threads=2) as con:
        return frame(con, query, parameters).cast(_BY_HOUR)


_HOUR_US = 3_600_000_000


def baseline_rows(snapshot: Snapshot, models: Sequence[str], *, features: Sequence[str] | None = None) -> pl.DataFrame:
    """The baselines of some models: model, feature, how, bin, category, n.

    ``how`` is the hour of the week (0 = Monday 00:00 UTC), null where no time is known. ``features`` limits them to
    some columns. Models without a baseline have no rows.
    """
    entries = (snapshot.ledger.baselines.get(model) for model in models)
    paths = sorted({entry.object for entry in entries if entry is not None and entry.object is not None})
    if not paths:
        return pl.DataFrame(schema=_BASELINE)
    only, parameters = _only(features)
    query = f"""
        select model, feature, how, bin, category, sum(n) / {SCALE} as n from read_parquet($paths)
        where model in (select unnest($models::varchar[])) {only} group by all order by all nulls first"""
    parameters |= {"paths": snapshot.store.paths(paths), "models": list(models)}
    with connect(threads=2) as con:
        return frame(con, query, parameters).cast(_BASELINE)


def comparable(snapshot: Snapshot, baseline: pl.DataFrame) -> pl.DataFrame:
    """Rows of baselines (model, feature, …) without columns of training files that no log of the model ever had.

    What never reached the logs cannot have vanished from them; ingest names such columns.
    """
    entries = snapshot.ledger.baselines
    trained = [name for name in baseline["model"].unique() if entries[name].kind == "training"]
    paths = [day.objects["features"] for day in snapshot.ledger.days.values() if "features" in day.objects]
    if not trained or not paths:
        return baseline
    query = """
        select distinct model, feature from read_parquet($paths)
        where model in (select unnest($models::varchar[]))"""
    with connect(threads=2) as con:
        logged = frame(con, query, {"paths": snapshot.store.paths(paths), "models": trained})
    return baseline.filter(~pl.col("model").is_in(trained) | pl.struct("model", "feature").is_in(logged.to_struct()))


def labels_by_day(snapshot: Snapshot, first_day: int, last_day: int, last: int, *, model: str) -> pl.DataFrame:
    """Labels of the requests of each day, as known at bucket ``last``: day, bin, category, n.

    Numbers lie in the bins of the grid of ``label``. A corrected label counts with its value of then.
    """
    found = _objects(snapshot, "labels", first_day, last_day)
    if not found:
        return pl.DataFrame(schema=_LABELS)
    query = f"""
        select day, bin, category, sum(n) / {SCALE} as n from {_DAYS}
        where model = $model and known <= $last group by all having sum(n) <> 0 order by all nulls first"""
    parameters = {"paths": snapshot.store.paths(found.values()), "days": list(found), "model": model, "last": last}
    with connect(threads=2) as con:
        return frame(con, query, parameters).cast(_LABELS)


def grids(snapshot: Snapshot, model: str) -> dict[str, Grid]:
    """The grid of every numeric column of a model; that of ``label`` is its own, else that of the prediction."""
    frozen = thawed({model: snapshot.ledger.grids.get(model, {})})
    found = {name: grid for (_, name), grid in frozen.items()}
    labels = label_grid(model, frozen)
    return found if labels is None else {**found, "label": labels}


def _objects(snapshot: Snapshot, table: str, first_day: int, last_day: int) -> dict[int, str]:
    days = snapshot.ledger.days
    return {
        day: days[day].objects[table]
        for day in range(first_day, last_day + 1)
        if day in days and table in days[day].objects
    }


def _only(features: Sequence[str] | None) -> tuple[str, dict[str, object]]:
    """A condition on the column ``feature`` and its parameters."""
    if features is None:
        return "", {}
    return "and feature in (select unnest($features::varchar[]))", {"features": list(features)}
