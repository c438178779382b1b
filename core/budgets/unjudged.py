"""RMSE of hours whose labels have not come: judged by the squared errors that their features lead one to expect.

How far realised squared errors scatter about the expected ones is read off the hours that were judged, so the chance
that an hour misses its threshold is the share of judged hours whose ratio would have carried it there (direct loss
estimation per row, summed by the hour; the scatter is empirical).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from burnline.budgets.corrections import outside
from burnline.budgets.fleet import Fleet, slice_values
from burnline.budgets.question import Question, key_of
from burnline.results import Estimate
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.expected import expected, relative_errors
from burnline.rollups.reads import HOUR, hourly

Floats = NDArray[np.float64]
Key = tuple[str, str]

_Z = 1.96
_ENOUGH_RATIOS = 48
_LEAST_SCATTER = 0.1


def waits_for_hours(question: Question) -> bool:
    """Whether an SLO judges the root mean square error of hours."""
    slices = question.measure.slices if question.measure is not None else None
    return slices is not None and slices.kind == "root_mean_square"


def unjudged(fleet: Fleet, chosen: Sequence[Question], phi: Mapping[Key, float]) -> dict[Key, Estimate | None]:
    """The estimate of each SLO over all hours of its window with enough requests, judged or not.

    ``chosen`` judge hours (``waits_for_hours``); ``phi`` are the over-dispersions of their bad hours. ``None`` without
    a surrogate, and where no hour waits.
    """
    if not chosen:
        return {}
    begun = min(fleet.seen[q.model].first_us // 300_000_000 for q in chosen)
    hours = expected(fleet.snapshot, begun - begun % HOUR, fleet.last, model=fleet.only).filter(
        pl.col("kind") == "rmse"
    )
    measures = sorted({q.measure.id for q in chosen if q.measure is not None})
    first = int(hours["t"].min()) if hours.height else fleet.last  # type: ignore[arg-type]
    sums = hourly(fleet.snapshot, first, fleet.last, model=fleet.only, measures=measures)
    errors = relative_errors(fleet.snapshot)
    return {
        key_of(q): _estimate(fleet, q, hours, sums, phi[key_of(q)], errors[q.model])
        for q in chosen
        if q.model in errors
    }


def _estimate(
    fleet: Fleet, question: Question, hours: pl.DataFrame, sums: pl.DataFrame, phi: float, relative_error: float
) -> Estimate | None:
    measure = question.measure
    assert measure is not None
    assert measure.slices is not None
    window = fleet.spans[key_of(question)]
    mine = sums.filter(pl.col("model") == question.model, pl.col("measure") == measure.id)
    judged = slice_values(mine, measure.slices).select("t", "value", "bad")
    due = hours.filter(pl.col("model") == question.model, pl.col("n") >= measure.slices.min_rows)
    due = due.with_columns(mean=pl.col("expected") / pl.col("n"))
    known = outside(due.join(judged, on="t", how="left"), fleet.excluded(question))
    taught = known.drop_nulls("value").filter(pl.col("mean") > 0)
    ratios = (taught["value"] ** 2 / taught["mean"]).to_numpy()
    inside = known.filter(pl.col("t") >= window.first - window.first % HOUR)
    waiting, seen = inside.filter(pl.col("value").is_null()), inside.drop_nulls("value")
    if waiting.is_empty():
        return None
    chance, past = (
        _chance(rows["mean"].to_numpy(), measure.slices.threshold, ratios, relative_error) for rows in (waiting, seen)
    )
    counted = float(seen["bad"].sum())
    sd = float(np.sqrt(phi * (chance * (1 - chance)).sum()))
    bad, total = counted + float(chance.sum()), float(inside.height)
    low, high = max(counted, bad - _Z * sd), min(counted + waiting.height, bad + _Z * sd)
    realised = 1 - counted / seen.height if seen.height else None
    foreseen = 1 - float(past.mean()) if seen.height else None
    return Estimate(
        value=1 - bad / total,
        interval=(1 - high / total, 1 - low / total),
        bad=bad,
        bad_interval=(low, high),
        method="surrogate",
        delay_bias=False,
        labelled=float(seen.height),
        waiting=float(waiting.height),
        surrogate=1 - float(chance.sum() + past.sum()) / total,
        backtest_error=_backtest(seen, past),
        expected=foreseen,
        realised=realised,
        gap=realised - foreseen if realised is not None and foreseen is not None else None,
    )


def _chance(mean: Floats, threshold: float, ratios: Floats, relative_error: float) -> Floats:
    """The probability that each hour's mean squared error exceeds the threshold's square."""
    needed = threshold**2 / np.maximum(mean, 1e-300)
    if len(ratios) >= _ENOUGH_RATIOS:
        place = np.searchsorted(np.sort(ratios), needed, side="right")
        # Half a step in from the ends: what has not been seen yet is not impossible.
        return np.asarray((len(ratios) - place + 0.5) / (len(ratios) + 1), dtype=np.float64)
    scatter = max(relative_error, _LEAST_SCATTER)
    return np.asarray(norm.sf(np.log(needed) / scatter), dtype=np.float64)


def _backtest(seen: pl.DataFrame, due: Floats) -> float | None:
    """Mean absolute error of the expected share of bad hours over the days that were judged."""
    days = (
        seen.with_columns(due=pl.Series(due))
        .group_by(pl.col("t") // BUCKETS_PER_DAY)
        .agg(error=(pl.col("due").mean() - pl.col("bad").mean()).abs())
        .sort("t")
    )
    return float(days["error"].mean()) if days.height else None  # type: ignore[arg-type]
