"""The reference period of a surrogate: the first days of a model whose labels are in.

Chosen by what was known at its end: the first fourteen days (more, by the week, until a thousand labels are known)
and the time after them that labels take, the 99 % quantile of the label ages seen until then, at least a day and at
most fourteen. A model that is younger than that gets the longest run of whole days whose labels are in; it moves on
with every new day until the period is complete. The surrogate holds from the moment the last label of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from burnline.logs import SCALE
from burnline.logs.engine import frame
from burnline.rollups.roll import AMOUNT_SCALE

DAY = 288
DAYS = 14
ENOUGH = 1_000
LEAST = 300
_WEEK = 7
_QUANTILE = 0.99
_LEAST_WAIT, _MOST_WAIT = DAY, 14 * DAY

_LABELS = f"""
    select model, t // 12 as hour, known // 12 as known, sum(n)::double as n, sum(bad)::double as bad
    from (select model, t, known, case when rows = 0 and amount = 0 then valid / {SCALE} else rows end as n,
                 case when rows = 0 and amount = 0 then bad / {SCALE} else amount::double / {AMOUNT_SCALE} end as bad
          from read_parquet($paths, union_by_name = true)
          where (model, measure) in (select unnest($models::varchar[]), unnest($measures::varchar[])))
    group by all order by model, hour, known"""


@dataclass(frozen=True)
class Period:
    """The days from bucket ``first`` to before ``end``, with labels known before ``valid_from``; they hold so many
    ``labelled`` events with a mean badness of ``mean``. ``complete`` periods move no more."""

    first: int
    end: int
    valid_from: int
    labelled: float
    mean: float
    complete: bool

    def holds(self, first: int, last: int) -> bool:
        """Whether a span of buckets has a part in it."""
        return first < self.end and last >= self.first


def labels_known(con: duckdb.DuckDBPyConnection, paths: Sequence[str], measures: dict[str, str]) -> pl.DataFrame:
    """Labels by hour of the request and of the label: model, hour, known, n, bad (sum of badness).

    ``paths`` are ``late`` objects, ``measures`` the measure of each model.
    """
    if not paths:
        return pl.DataFrame(schema={"model": pl.String, "hour": pl.Int64, "known": pl.Int64, "n": pl.Float64})
    parameters = {"paths": list(paths), "models": list(measures), "measures": list(measures.values())}
    return frame(con, _LABELS, parameters)


def period(labels: pl.DataFrame, first: int, now: int) -> Period | None:
    """The reference period of one model as of bucket ``now``, ``None`` while fewer than 300 labels are in.

    ``labels`` is ``labels_known`` of the model, ``first`` the bucket of its first request.
    """
    start = first // DAY
    days = (now + 1) // DAY - start
    for length in range(DAYS, days + 1, _WEEK):
        found = _until(labels, start, length, complete=True)
        if found.valid_from <= now and found.labelled >= ENOUGH:
            return found
    for length in range(days, 0, -1):
        found = _until(labels, start, length, complete=False)
        if found.valid_from <= now and found.labelled >= LEAST:
            return found
    return None


def _until(labels: pl.DataFrame, start: int, length: int, *, complete: bool) -> Period:
    end = (start + length) * DAY
    within = labels.filter(pl.col("hour") * 12 < end)
    seen = within.filter(pl.col("known") * 12 < end, pl.col("n") > 0)
    wait = _LEAST_WAIT
    if seen.height:
        age = ((seen["known"] - seen["hour"] + 1) * 12).to_numpy()
        order = np.argsort(age, kind="stable")
        reached = np.cumsum(seen["n"].to_numpy()[order])
        wait = int(age[order][np.searchsorted(reached, _QUANTILE * reached[-1])])
    valid_from = end + min(max(wait, _LEAST_WAIT), _MOST_WAIT)
    known = within.filter(pl.col("known") * 12 < valid_from)
    labelled = float(known["n"].sum())
    mean = float(known["bad"].sum()) / labelled if labelled else 0.0
    return Period(start * DAY, end, valid_from, labelled, mean, complete)
