"""What a different threshold would have counted, from rollups alone.

Thresholds of requests are re-counted on histograms (off by no more than the one bin that holds
the threshold, interpolated inside it); thresholds of time slices exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from burnline.budgets.corrections import outside
from burnline.budgets.drift_days import judged_days
from burnline.budgets.fleet import Fleet, slice_values
from burnline.budgets.history import with_silence
from burnline.budgets.question import Question, key_of
from burnline.rollups.bins import AGE, CONFIDENCE, LATENCY, HundredthBins, LogBins
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import HOUR, buckets, divided, gauge, histogram, hourly

_BINS: dict[str, LogBins | HundredthBins] = {"latency": LATENCY, "confidence": CONFIDENCE, "age": AGE}


def can_move(question: Question) -> bool:
    """Whether another threshold can be tried."""
    measure = question.measure
    sliced = measure is not None and measure.slices is not None
    return question.slo.threshold is not None and measure is not None and (
        sliced or question.sli.histogram is not None
    )  # fmt: skip


def recount(fleet: Fleet, question: Question, threshold: float, first: int) -> pl.DataFrame:
    """Hourly t, valid, bad, eligible of an SLO under another threshold, corrections applied.

    In an hour that a correction cuts, requests that it drops are taken to be like the others.
    Raises ``ValueError`` when the SLI has no threshold that can be moved.
    """
    if not can_move(question):
        raise ValueError(f"the threshold of {question.slo.name} cannot be moved")
    measure = question.measure
    assert measure is not None
    if measure.slices is None:
        return _from_histogram(fleet, question, threshold, first)
    if measure.slices.daily:
        days = outside(fleet.drift_days(first), fleet.excluded(question))
        judged = judged_days(days, replace(measure.slices, threshold=threshold))
        return judged.select("t", pl.lit(1.0).alias("valid"), "bad", pl.lit(1.0).alias("eligible"))
    if measure.slices.hourly:
        sums = hourly(fleet.snapshot, first - first % HOUR, fleet.last, model=question.model, measures=[measure.id])
        sums = outside(sums, fleet.excluded(question))
        judged = slice_values(sums.filter(pl.col("t") >= first), replace(measure.slices, threshold=threshold))
        return judged.select("t", pl.lit(1.0).alias("valid"), "bad", pl.lit(1.0).alias("eligible"))
    values = outside(slice_rates(fleet, question, first), fleet.excluded(question))
    if measure.slices.kind == "rate":
        rows = values.select(
            "t", pl.lit(1.0).alias("valid"), (pl.col("value") < threshold).cast(pl.Float64).alias("bad")
        )
        return with_silence(fleet, question, rows, first)
    rows = values.select(
        "t",
        pl.lit(1.0).alias("valid"),
        (pl.col("value") > threshold).cast(pl.Float64).alias("bad"),
        pl.lit(1.0).alias("eligible"),
    )
    return rows.group_by(pl.col("t") // HOUR * HOUR).agg(pl.col("valid", "bad", "eligible").sum()).sort("t")


def slice_rates(fleet: Fleet, question: Question, first: int) -> pl.DataFrame:
    """The value of each five-minute slice: t, value (requests per second, or the metric's mean)."""
    assert question.measure is not None
    slices = question.measure.slices
    assert slices is not None
    if slices.kind == "rate":
        sums = buckets(fleet.snapshot, first, fleet.last, model=question.model, measures=[REQUESTS])
        return divided(sums.select("t", value="valid"), ["value"], 300)
    return gauge(fleet.snapshot, first, fleet.last, model=question.model, metric=slices.metric or "").select(
        "t", value="mean"
    )


def _from_histogram(fleet: Fleet, question: Question, threshold: float, first: int) -> pl.DataFrame:
    kind = question.sli.histogram
    assert kind is not None
    above = question.sli.better == "above"
    rows = histogram(fleet.snapshot, first, fleet.last, model=question.model, kind=kind)
    share = {bin_: _bad_share(_BINS[kind].edges, bin_, threshold, above) for bin_ in rows["bin"].unique()}
    bad = pl.col("bin").replace_strict(share, default=0.0, return_dtype=pl.Float64) * pl.col("n")
    hours = rows.group_by("t").agg(pl.col("n").sum().alias("valid"), bad.sum().alias("bad"))
    gone = fleet.dropped(first - first % HOUR, [question]).get(key_of(question))
    if gone is not None:
        dropped = gone.group_by(pl.col("t") // HOUR * HOUR).agg(gone=pl.col("valid").sum())
        left = (1 - pl.col("gone").fill_null(0.0) / pl.col("valid")).clip(0.0, 1.0)
        hours = hours.join(dropped, on="t", how="left").with_columns(pl.col("valid", "bad") * left).drop("gone")
        hours = hours.filter(pl.col("valid") > 0)
    return hours.with_columns(eligible="valid").sort("t")


def _bad_share(edges: Callable[[int], tuple[float, float]], bin_: int, threshold: float, above: bool) -> float:
    """The share of a bin on the bad side of the threshold, taking its values as evenly spread."""
    low, high = edges(bin_)
    below = min(1.0, max(0.0, (threshold - low) / (high - low))) if high > low else float(threshold > low)
    return below if above else 1.0 - below


def quantiles(rows: pl.DataFrame, kind: str, shares: tuple[float, ...]) -> list[float | None]:
    """Quantiles of a histogram (bin, n): the middle of the bin that holds each, within 2 %."""
    ordered = rows.group_by("bin").agg(pl.col("n").sum()).sort("bin")
    if ordered.is_empty():
        return [None] * len(shares)
    cumulative = ordered["n"].cum_sum()
    total = float(cumulative[-1])
    places = [min(int((cumulative < share * total - 1e-9).sum()), ordered.height - 1) for share in shares]
    return [_BINS[kind].middle(int(ordered["bin"][place])) for place in places]


def range_of(fleet: Fleet, question: Question, first: int) -> tuple[float, float] | None:
    """The span of values in which another threshold makes sense; ``None`` without data."""
    measure = question.measure
    if not can_move(question) or measure is None or question.model not in fleet.seen:
        return None
    if measure.slices is None:
        kind = question.sli.histogram
        assert kind is not None
        rows = histogram(fleet.snapshot, first, fleet.last, model=question.model, kind=kind)
        if kind == "confidence":
            return (0.0, 1.0) if rows.height else None
        ends = quantiles(rows, kind, (0.01, 0.999))
    elif measure.slices.hourly:
        sums = hourly(fleet.snapshot, first - first % HOUR, fleet.last, model=question.model, measures=[measure.id])
        values = slice_values(sums.filter(pl.col("t") >= first), measure.slices)["value"]
        ends = [_number(values.min()), _number(values.max())]
    elif measure.slices.daily:
        values = judged_days(fleet.drift_days(first), measure.slices)["value"]
        ends = [_number(values.min()), _number(values.max())]
    else:
        values = slice_rates(fleet, question, first)["value"]
        ends = [_number(values.min()), _number(values.max())]
    if ends[0] is None or ends[1] is None:
        return None
    current = question.slo.threshold or 0.0
    low, high = min(ends[0], current), max(ends[1], current)
    return (low, high) if high > low else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
