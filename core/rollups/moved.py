"""Reading how far the columns of a model had moved from their baseline, day by day."""

from __future__ import annotations

import polars as pl

from burnline.logs.engine import connect, frame
from burnline.rollups.reads import Snapshot

SCHEMA = pl.Schema(
    {
        "model": pl.String, "feature": pl.String, "day": pl.Int64, "n": pl.Float64,
        "psi": pl.Float64, "psi_textbook": pl.Float64, "psi_seasonal": pl.Float64, "ks": pl.Float64,
        "p": pl.Float64, "p_adjusted": pl.Float64, "usual": pl.Float64,
        "null_share": pl.Float64, "outside_share": pl.Float64, "unseen_share": pl.Float64, "moved": pl.Float64,
        "shifted": pl.Boolean,
    }
)  # fmt: skip


def drift_table(snapshot: Snapshot, first_day: int, last_day: int, *, model: str) -> pl.DataFrame:
    """The table ``drift`` of one model: a row per day (since the epoch) and column, ordered by both."""
    paths = _paths(snapshot, first_day, last_day)
    if not paths:
        return SCHEMA.to_frame()
    with connect() as con:
        found = frame(con, _ONE, {"paths": paths, "model": model, "first": first_day, "last": last_day})
    return found.select(SCHEMA.names()).cast(SCHEMA)


def moved_by_day(snapshot: Snapshot, first_day: int, last_day: int, *, model: str | None = None) -> pl.DataFrame:
    """How far the features (f_…) of each model and day had moved: model, day, rows, moved.

    ``moved`` is the threshold that the most moved feature reaches, 0 when nothing is proven; ``rows`` are those of
    the day.
    """
    paths = _paths(snapshot, first_day, last_day)
    if not paths:
        return _NO_DAYS
    only = "and model = $model" if model is not None else ""
    parameters: dict[str, object] = {"paths": paths, "first": first_day, "last": last_day}
    if model is not None:
        parameters["model"] = model
    with connect() as con:
        return frame(con, _BY_DAY.format(only=only), parameters).cast(_NO_DAYS.schema)


def _paths(snapshot: Snapshot, first_day: int, last_day: int) -> list[str]:
    parts = snapshot.ledger.drift
    found = (parts[day].object for day in range(first_day, last_day + 1) if day in parts)
    return snapshot.store.paths(name for name in found if name is not None)


_NO_DAYS = pl.DataFrame(schema={"model": pl.String, "day": pl.Int64, "rows": pl.Float64, "moved": pl.Float64})

_ONE = """
    select * from read_parquet($paths) where model = $model and day >= $first and day <= $last order by day, feature"""

_BY_DAY = """
    select model, day, max(n) as rows, max(coalesce(moved, 0)) as moved
    from read_parquet($paths)
    where day >= $first and day <= $last and starts_with(feature, 'f_') {only}
    group by model, day order by model, day"""
