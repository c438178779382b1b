"""Estimates of the SLOs of a fleet that wait for labels, from its rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from burnline.budgets.corrections import outside
from burnline.budgets.fleet import Fleet
from burnline.budgets.late_labels import label_estimates
from burnline.budgets.question import Question, key_of
from burnline.results import Estimate
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.expected import expected, relative_errors
from burnline.rollups.label_reads import calibration, cohorts, confidence_bins
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import hourly

Key = tuple[str, str]
# How far back of now labels teach delays and error rates, at least.
_PAST = 60 * BUCKETS_PER_DAY
_MOST_WITHOUT_CONFIDENCE = 0.01
_ROWS = {"row": pl.Int64}


def waits_for_labels(question: Question) -> bool:
    """Whether single requests of an SLO are judged once their label is known, out of a known number of requests."""
    measure = question.measure
    return (
        measure is not None
        and measure.late is not None
        and measure.late.amount is None
        and measure.slices is None
        and not question.sliced_events
        and (question.asked is not None or question.sli.eligible in ("requests", "succeeded"))
    )


def unlabelled(fleet: Fleet, chosen: Sequence[Question], phi: Mapping[Key, float]) -> dict[Key, Estimate | None]:
    """The estimate over all valid events of each SLO, as of the fleet's moment.

    ``chosen`` wait for labels (``waits_for_labels``); ``phi`` are over-dispersions by model and SLO.
    """
    if not chosen:
        return {}
    firsts = np.array([fleet.spans[key_of(q)].first for q in chosen])
    begun = min(fleet.seen[q.model].first_us // 300_000_000 for q in chosen)
    since = max(begun, min(int(firsts.min()), fleet.last - _PAST))
    since -= since % BUCKETS_PER_DAY
    models = sorted({q.model for q in chosen})
    labels = _kept(fleet, chosen, _labels(fleet, chosen, models, since))
    outcomes, confidences = _confidence(fleet, chosen, models, since, labels)
    found = label_estimates(
        labels,
        _kept(fleet, chosen, _events(fleet, chosen, since)),
        first=firsts,
        at=fleet.last,
        outcomes=outcomes,
        confidences=confidences,
        surrogate=_surrogate(fleet, chosen, since),
        overdispersion=np.array([phi.get(key_of(q), 1.0) for q in chosen]),
    )
    return {key_of(q): estimate for q, estimate in zip(chosen, found, strict=True)}


def _kept(fleet: Fleet, chosen: Sequence[Question], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without the hours that begin in a correction."""
    for place, question in enumerate(chosen):
        if ranges := fleet.excluded(question):
            mine = pl.col("row") == place
            rows = pl.concat([rows.filter(~mine), outside(rows.filter(mine), ranges)])
    return rows


def _labels(fleet: Fleet, chosen: Sequence[Question], models: Sequence[str], since: int) -> pl.DataFrame:
    """Labels by the hour of the request and of the label: row, t, known, valid, bad."""
    measures = sorted({q.measure.id for q in chosen if q.measure is not None})
    found = cohorts(fleet.snapshot, since, fleet.last, models=models, measures=measures)
    return found.join(_places(chosen), on=["model", "measure"]).select("row", "t", "known", "valid", "bad")


def _events(fleet: Fleet, chosen: Sequence[Question], since: int) -> pl.DataFrame:
    """What waits or waited for a label, and what failed and needs none: row, t, events, failed."""
    asked = {q.asked.id for q in chosen if q.asked is not None}
    sums = hourly(fleet.snapshot, since, fleet.last, model=fleet.only, measures=sorted({REQUESTS, *asked}))
    base = sums.filter(pl.col("measure") == REQUESTS)
    parts = [pl.DataFrame(schema=_ROWS | {"t": pl.Int64, "events": pl.Float64, "failed": pl.Float64})]
    by_kind = {
        "asked": [(i, q) for i, q in enumerate(chosen) if q.asked is not None],
        "succeeded": [(i, q) for i, q in enumerate(chosen) if q.asked is None and q.sli.eligible == "succeeded"],
        "requests": [(i, q) for i, q in enumerate(chosen) if q.asked is None and q.sli.eligible == "requests"],
    }
    for kind, rows in by_kind.items():
        place = pl.DataFrame(
            {
                "row": [i for i, _ in rows],
                "model": [q.model for _, q in rows],
                "measure": [q.asked.id if q.asked is not None else REQUESTS for _, q in rows],
            },
            schema=_ROWS | {"model": pl.String, "measure": pl.String},
        )
        counts = (sums if kind == "asked" else base).join(place, on=["model", "measure"])
        events = pl.col("valid") if kind == "asked" else pl.col("valid") - pl.col("bad")
        failed = pl.col("bad") if kind == "requests" else pl.lit(0.0)
        parts.append(counts.select("row", "t", events=events, failed=failed))
    return pl.concat(parts)


def _confidence(
    fleet: Fleet, chosen: Sequence[Question], models: Sequence[str], since: int, labels: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Labelled and wrong, and all, requests by day and confidence, of accuracy SLOs whose requests have one.

    Rows of the first: row, day, known, bin, labelled, wrong; of the second: row, day, bin, events. A model without a
    label has no outcomes: its confidence is taken at its word.
    """
    place = pl.DataFrame(
        [{"row": i, "model": q.model} for i, q in enumerate(chosen) if q.sli.kind.name == "accuracy"],
        schema=_ROWS | {"model": pl.String},
    )
    every = confidence_bins(fleet.snapshot, since, fleet.last, models=models)
    without = pl.col("n").filter(pl.col("bin").is_null()).sum() / pl.col("n").sum()
    usable = every.group_by("model").agg(without=without).filter(pl.col("without") <= _MOST_WITHOUT_CONFIDENCE)
    known = calibration(fleet.snapshot, since, fleet.last, models=models).drop_nulls("bin")
    taught = pl.concat([place.join(known, on="model", how="semi"), place.join(labels, on="row", how="anti")])
    place = taught.unique("row").join(usable, on="model", how="semi")
    outcomes = known.join(place, on="model").select(
        "row", "day", "bin", known=pl.lit(fleet.last), labelled="valid", wrong="bad"
    )
    return outcomes, every.drop_nulls("bin").join(place, on="model").select("row", "day", "bin", events="n")


def _surrogate(fleet: Fleet, chosen: Sequence[Question], since: int) -> pl.DataFrame:
    """The bad share of each day that its features lead one to expect, of accuracy SLOs: row, day, rate, sd."""
    place = pl.DataFrame(
        [{"row": i, "model": q.model} for i, q in enumerate(chosen) if q.sli.kind.name == "accuracy"],
        schema=_ROWS | {"model": pl.String},
    )
    hours = expected(fleet.snapshot, since, fleet.last, model=fleet.only).filter(pl.col("kind") == "accuracy")
    days = (
        hours.group_by("model", day=pl.col("t") // BUCKETS_PER_DAY)
        .agg(pl.col("n", "expected").sum(), sampled=(pl.col("sd") ** 2).sum().sqrt())
        .filter(pl.col("n") > 0)
    )
    rate = pl.col("expected") / pl.col("n")
    common = pl.col("model").replace_strict(relative_errors(fleet.snapshot), default=0.0, return_dtype=pl.Float64)
    of_table = rate * common
    return (
        days.join(place, on="model")
        .with_columns(rate=rate, sd=pl.col("sampled") / pl.col("n") + of_table)
        .select("row", "day", "rate", "sd")
    )


def _places(chosen: Sequence[Question]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": list(range(len(chosen))),
            "model": [q.model for q in chosen],
            "measure": [q.measure.id if q.measure is not None else "" for q in chosen],
        },
        schema=_ROWS | {"model": pl.String, "measure": pl.String},
    )
