"""The last six weeks of every SLO, hour by hour, as dense arrays: what evidence and forecasts need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.fleet import Fleet
from burnline.budgets.history import outcomes
from burnline.budgets.question import Question
from burnline.rollups.reads import HOUR

Floats = NDArray[np.float64]
DAYS = 42


@dataclass(frozen=True)
class Recent:
    """Hourly counts of SLOs: one row per key (model, slo), one column per hour.

    Columns are hours that end with the hour of the question; ``first`` is the first bucket of the
    first of them. ``frame`` holds the same as rows (model, slo, t, valid, bad, eligible), without
    the hours in which nothing is known.
    """

    keys: tuple[tuple[str, str], ...]
    first: int
    valid: Floats
    bad: Floats
    eligible: Floats
    frame: pl.DataFrame

    def daily(self, counts: Floats) -> Floats:
        """Sums per 24 hours counted backwards from the end: keys × days."""
        days: Floats = counts.reshape(len(self.keys), -1, 24).sum(axis=2)
        return days


def recent(fleet: Fleet, chosen: Sequence[Question], days: int = DAYS) -> Recent:
    """The counts of the last ``days`` × 24 hours, as of the fleet's moment."""
    hours = days * 24
    last = fleet.last - fleet.last % HOUR
    first = last - (hours - 1) * HOUR
    rows = outcomes(fleet, first, chosen)
    keys = tuple((q.model, q.slo.name) for q in chosen)
    places = pl.DataFrame(
        {"model": [k[0] for k in keys], "slo": [k[1] for k in keys], "row": np.arange(len(keys))},
        schema={"model": pl.String, "slo": pl.String, "row": pl.Int64},
    )
    placed = rows.join(places, on=["model", "slo"])
    row, column = placed["row"].to_numpy(), (placed["t"].to_numpy() - first) // HOUR
    dense = []
    for name in ("valid", "bad", "eligible"):
        counts = np.zeros((len(keys), hours))
        # An hour that a window cuts appears once; hours of slices may repeat.
        np.add.at(counts, (row, column), placed[name].to_numpy())
        dense.append(counts)
    return Recent(keys, first, dense[0], dense[1], dense[2], rows)
