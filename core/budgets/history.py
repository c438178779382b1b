"""How valid and bad came about over time: for charts, for what-if, for slices.

Rows are hours, named by their first bucket; time slices of five minutes are counted in the hour
they begin in. What corrections drop is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from burnline.budgets.corrections import outside
from burnline.budgets.drift_days import judged_days
from burnline.budgets.events import event_counts
from burnline.budgets.fleet import Fleet, slice_values
from burnline.budgets.question import Question, key_of
from burnline.rollups.measures import REQUESTS, Slices
from burnline.rollups.reads import HOUR, hourly


def outcomes(fleet: Fleet, first: int, chosen: Sequence[Question] | None = None) -> pl.DataFrame:
    """Hourly valid, bad and eligible of SLOs from bucket ``first`` to the moment of the fleet.

    Returns model, slo, t, valid, bad, eligible, ordered by model, slo and t. Hours without
    anything valid are left out.
    """
    asked = [q for q in (fleet.questions if chosen is None else chosen) if q.measure is not None]
    measures = {m.id for q in asked for m in (q.measure, q.asked) if m is not None} | {REQUESTS}
    sums = hourly(fleet.snapshot, first, fleet.last, model=fleet.only, measures=sorted(measures))
    plain = [q for q in asked if q.measure and q.measure.slices is None and not q.sliced_events]
    dropped = fleet.dropped(first, [q for q in asked if not q.sliced_events])
    parts = [_less(event_counts(sums, plain), [dropped[key] for key in map(key_of, plain) if key in dropped])]
    sliced = [q for q in asked if q.model in fleet.seen and (q.sliced_events or (q.measure and q.measure.slices))]
    mine = sums.filter(pl.col("measure").is_in([q.measure.id for q in sliced if q.measure]))
    grouped = mine.partition_by("model", "measure", as_dict=True)
    days = fleet.drift_days(first).partition_by("model", as_dict=True) if any(q.daily for q in sliced) else {}
    for question in sliced:
        assert question.measure is not None
        if question.sliced_events:
            rows = fleet.event_slices(question).filter(pl.col("t") >= first)
            parts.append(_named(question, by_hour(rows)))
            continue
        if question.daily:
            if (question.model,) in days:
                parts.append(_named(question, _days(fleet, question, days[question.model,])))
            continue
        found = grouped.get((question.model, question.measure.id))
        assert question.measure.slices is not None
        rows = _slices(fleet, question, question.measure.slices, found, dropped.get(key_of(question)), first)
        parts.append(_named(question, rows))
    return pl.concat(parts).filter(pl.col("valid") > 0).sort("model", "slo", "t")


def _less(rows: pl.DataFrame, gone: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Hourly counts of SLOs without those of corrected buckets (model, slo, t, valid, bad, eligible)."""
    if not gone:
        return rows
    hour = pl.col("t") // HOUR * HOUR
    hours = pl.concat(gone).group_by("model", "slo", hour).agg(pl.col("valid", "bad", "eligible").sum())
    less = [(pl.col(name) - pl.col(f"{name}_gone").fill_null(0.0)).round(6) for name in ("valid", "bad", "eligible")]
    return rows.join(hours, on=["model", "slo", "t"], how="left", suffix="_gone").select("model", "slo", "t", *less)


def _slices(
    fleet: Fleet,
    question: Question,
    slices: Slices,
    found: pl.DataFrame | None,
    gone: pl.DataFrame | None,
    first: int,
) -> pl.DataFrame:
    if slices.hourly:
        rows = slice_values(found, slices) if found is not None else _NO_SLICES
        rows = outside(rows, fleet.excluded(question))
        return rows.select("t", pl.lit(1.0).alias("valid"), "bad", pl.lit(1.0).alias("eligible"))
    rows = found.select("t", "valid", "bad") if found is not None else _NO_SLICES.select("t", "valid", "bad")
    if gone is not None:
        named = rows.select(pl.lit(question.model).alias("model"), pl.lit(question.slo.name).alias("slo"), pl.all())
        rows = _less(named.with_columns(eligible="valid"), [gone]).select("t", "valid", "bad")
    return with_silence(fleet, question, rows, first) if slices.kind == "rate" else rows.with_columns(eligible="valid")


def _days(fleet: Fleet, question: Question, days: pl.DataFrame) -> pl.DataFrame:
    assert question.measure is not None
    assert question.measure.slices is not None
    rows = judged_days(outside(days, fleet.excluded(question)), question.measure.slices)
    return rows.select("t", pl.lit(1.0).alias("valid"), "bad", pl.lit(1.0).alias("eligible"))


_NO_SLICES = pl.DataFrame(schema={"t": pl.Int64, "value": pl.Float64, "valid": pl.Float64, "bad": pl.Float64})


def with_silence(fleet: Fleet, question: Question, rows: pl.DataFrame, first: int) -> pl.DataFrame:
    """Rate slices by hour, with a bad slice for every five minutes without a request.

    ``rows`` has t, valid and bad of the slices with requests, without those that are corrected;
    corrected slices are not silent either.
    """
    start = max(first, fleet.seen[question.model].first_us // 300_000_000)
    every = pl.DataFrame({"t": pl.int_range(start, fleet.newest + 1, eager=True)}, schema={"t": pl.Int64})
    every = outside(every, fleet.excluded(question))
    expected = every.group_by(pl.col("t") // HOUR * HOUR).agg(pl.len().cast(pl.Float64).alias("every"))
    present = rows.group_by(pl.col("t") // HOUR * HOUR).agg(pl.col("valid", "bad").sum())
    silent = (pl.col("every") - pl.col("valid")).clip(lower_bound=0.0)
    return (
        expected.join(present, on="t", how="left")
        .with_columns(pl.col("valid", "bad").fill_null(0.0))
        .select("t", valid="every", bad=pl.col("bad") + silent, eligible="every")
    )


def by_hour(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows t, valid, bad, eligible summed into hours."""
    return rows.group_by(pl.col("t") // HOUR * HOUR).agg(pl.col("valid", "bad", "eligible").sum())


def _named(question: Question, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.lit(question.model).alias("model"),
        pl.lit(question.slo.name).alias("slo"),
        "t",
        pl.col("valid", "bad", "eligible").cast(pl.Float64),
    )
