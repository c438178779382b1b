"""The rate of bad events that was accepted when a model went live: its reference window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from burnline.budgets.fleet import Fleet
from burnline.budgets.history import outcomes
from burnline.budgets.question import Question, key_of
from burnline.budgets.recent import is_lean, places
from burnline.budgets.windows import begin
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import hourly_cells
from burnline.spec.windows import BUCKET

# Labels that come later than this do not move the reference any more.
_MATURES = timedelta(days=35)
_USUAL = timedelta(days=7)


def reference_counts(fleet: Fleet, chosen: Sequence[Question]) -> dict[tuple[str, str], tuple[float, float]]:
    """(valid, bad) of each SLO in the reference window of its model: the first days of its log.

    How many days is the workspace's ``reference: {window: first 7d}``. Labels count up to 35 days after the
    window, as far as they were known at the moment of the fleet. SLOs without data there are left out.
    """
    first = fleet.spec.reference.first
    length = (first.fixed if first is not None else _USUAL) // BUCKET
    by_day: defaultdict[int, list[Question]] = defaultdict(list)
    for question in chosen:
        if question.model in fleet.seen:
            begun = fleet.seen[question.model].first_us // 300_000_000
            by_day[begun // BUCKETS_PER_DAY * BUCKETS_PER_DAY].append(question)
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for start, questions in by_day.items():
        end = start + length
        known = min(fleet.last, end + _MATURES // BUCKET)
        lean = [q for q in questions if is_lean(fleet, q)]
        own = places([(q.model, q.measure.id, row) for row, q in enumerate(lean) if q.measure is not None])
        cells = hourly_cells(fleet.snapshot, start, known, own, model=fleet.only, until=end)
        for row, valid, bad in cells.group_by("row").agg(pl.col("valid", "bad").sum()).iter_rows():
            found[key_of(lean[row])] = (valid, bad)
        others = [q for q in questions if not is_lean(fleet, q)]
        then = replace(fleet, at=min(fleet.at, begin(end) + _MATURES))
        rows = outcomes(then, start, others).filter(pl.col("t") < end) if others else _NOTHING
        for model, slo, valid, bad in rows.group_by("model", "slo").agg(pl.col("valid", "bad").sum()).iter_rows():
            found[model, slo] = (valid, bad)
    return found


_NOTHING = pl.DataFrame(schema={"model": pl.String, "slo": pl.String, "valid": pl.Float64, "bad": pl.Float64})
