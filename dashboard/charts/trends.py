"""Daily counts turned into the small lines of cards and tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from burnline.results import ModelStatus, SloStatus, Track


def reach(models: Iterable[ModelStatus], days: int) -> int:
    """How many days back the budgets of the last `days` days look."""
    longest = (s.window.to - s.window.from_ for m in models for s in m.slos)
    return days + max(longest, default=timedelta(0)) // timedelta(days=1)


def newest(daily: pl.DataFrame, days: int) -> pl.DataFrame:
    """The rows of the last `days` days."""
    return daily.filter(pl.col("day") > pl.col("day").max() - timedelta(days=days))


def trailing(daily: pl.DataFrame, models: Iterable[ModelStatus]) -> pl.DataFrame:
    """The budget left at the end of each day, judged by the window then ending or running.

    `daily` has model, slo, track, day, valid, bad and reaches back one window before the first
    day of interest. Returns model, slo, track, day, valid, bad, allowed, remaining.
    """
    promises = pl.DataFrame(
        [(m.model, s.slo, 1 - s.objective, *_window(s)) for m in models for s in m.slos],
        schema={
            "model": pl.String,
            "slo": pl.String,
            "share": pl.Float64,
            "length": pl.Int64,
            "begins": pl.Date,
        },
        orient="row",
    )
    frames = [
        _rolled(part, begins is not None)
        for (_, begins), part in daily.join(promises, on=["model", "slo"]).group_by("length", "begins")
    ]
    columns = ["model", "slo", "track", "day", "valid", "bad", "allowed", "remaining"]
    if not frames:
        return daily.clear().with_columns(pl.lit(0.0).alias("allowed"), pl.lit(0.0).alias("remaining")).select(columns)
    return pl.concat(frames).select(columns).sort("model", "slo", "day")


def worst_by_day(trail: pl.DataFrame, days: int) -> dict[str, list[float]]:
    """Per model, what was left of its tightest budget on each of the last days."""
    lowest = trail.drop_nulls("remaining").group_by("model", "day").agg(pl.col("remaining").min()).sort("model", "day")
    return {str(model): part["remaining"].tail(days).to_list() for (model,), part in lowest.group_by("model")}


def inside_by_day(trail: pl.DataFrame, track: Track, days: int) -> list[int]:
    """How many SLOs of a track had budget left on each of the last days."""
    return _per_day(
        trail.filter(pl.col("track") == track), (pl.col("remaining") >= 0).sum().cast(pl.Int64), days
    ).to_list()


def burn_by_day(trail: pl.DataFrame, track: Track, days: int) -> list[float]:
    """The burn of a track as a whole per day: all its bad events and slices over all that were allowed."""
    spent = _per_day(trail.filter(pl.col("track") == track), pl.col("bad").sum() / pl.col("allowed").sum(), days)
    return spent.fill_nan(None).drop_nulls().to_list()


def silent_by_day(trail: pl.DataFrame, days: int) -> list[int]:
    """How many models had spent their model budget, but not their infrastructure budget, on each day."""
    left = pl.col("remaining")
    lowest = trail.group_by("model", "day").agg(
        left.filter(pl.col("track") == "infrastructure").min().alias("service"),
        left.filter(pl.col("track") == "model").min().alias("answers"),
    )
    silent = (pl.col("answers") < 0) & (pl.col("service").fill_null(0.0) >= 0)
    return _per_day(lowest, silent.sum().cast(pl.Int64), days).to_list()


def _window(slo: SloStatus) -> tuple[int, object]:
    if slo.window.kind == "calendar":
        return 0, slo.window.from_.date()
    return max(1, round((slo.window.to - slo.window.from_) / timedelta(days=1))), None


def _rolled(part: pl.DataFrame, calendar: bool) -> pl.DataFrame:
    """Sums over the window that ends on each day; a calendar window restarts nowhere before it begins."""
    ordered = part.sort("model", "slo", "day")
    if calendar:
        kept = ordered.filter(pl.col("day") >= pl.col("begins"))
        summed = kept.with_columns(
            pl.col(name).cum_sum().over("model", "slo").alias(f"{name}_window") for name in ("valid", "bad")
        )
    else:
        length = int(part["length"][0])
        summed = ordered.with_columns(
            pl.col(name).rolling_sum_by("day", f"{length}d").over("model", "slo").alias(f"{name}_window")
            for name in ("valid", "bad")
        )
    allowed = pl.col("share") * pl.col("valid_window")
    return summed.with_columns(
        (pl.col("share") * pl.col("valid")).alias("allowed"),
        pl.when(allowed > 0).then(1 - pl.col("bad_window") / allowed).alias("remaining"),
    )


def _per_day(trail: pl.DataFrame, value: pl.Expr, days: int) -> pl.Series:
    return trail.group_by("day").agg(value.alias("value")).sort("day")["value"].tail(days)
