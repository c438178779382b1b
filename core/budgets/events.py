"""Counts of single requests per SLO: sums of measures, held against what could have been valid."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from burnline.budgets.question import Question
from burnline.rollups.measures import REQUESTS

SCHEMA = {"model": pl.String, "slo": pl.String, "t": pl.Int64} | dict.fromkeys(
    ("valid", "bad", "eligible"), pl.Float64
)  # fmt: skip


def event_counts(sums: pl.DataFrame, questions: Sequence[Question], *, unknown_too: bool = False) -> pl.DataFrame:
    """Sums of measures (model, measure, t, valid, bad) as counts of SLOs.

    Returns model, slo, t, valid, bad, eligible. Stretches in which no outcome is known are left out,
    unless ``unknown_too``.
    """
    if not questions:
        return pl.DataFrame(schema=SCHEMA)
    wanted = pl.DataFrame(
        {
            "model": [q.model for q in questions],
            "measure": [q.measure.id for q in questions if q.measure],
            "slo": [q.slo.name for q in questions],
            "against": [q.asked.id if q.asked else q.sli.eligible for q in questions],
        }
    )
    base = sums.filter(pl.col("measure") == REQUESTS)
    could_be = pl.concat(
        [
            sums.filter(pl.col("measure") != REQUESTS).select("model", "t", against="measure", eligible="valid"),
            base.select("model", "t", against=pl.lit("requests"), eligible="valid"),
            base.select("model", "t", against=pl.lit("succeeded"), eligible=pl.col("valid") - pl.col("bad")),
        ]
    )
    known = sums.join(wanted, on=["model", "measure"])
    if unknown_too:
        could_be = could_be.join(wanted.select("model", "slo", "against"), on=["model", "against"])
        joined = known.join(could_be, on=["model", "slo", "t"], how="full", coalesce=True)
        joined = joined.with_columns(pl.col("valid", "bad").fill_null(0.0))
    else:
        joined = known.join(could_be, on=["model", "t", "against"], how="left")
    return joined.select("model", "slo", "t", "valid", "bad", pl.col("eligible").fill_null(pl.col("valid")))
