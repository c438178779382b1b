"""The last six weeks of every SLO, hour by hour, as dense arrays: what evidence and forecasts need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.fleet import Fleet
from burnline.budgets.history import outcomes
from burnline.budgets.question import Question, key_of
from burnline.rollups.measures import REQUESTS
from burnline.rollups.reads import HOUR, hourly_cells

Floats = NDArray[np.float64]
DAYS = 42


@dataclass(frozen=True)
class Recent:
    """Hourly counts of SLOs: one row per key (model, slo), one column per hour.

    Columns are hours that end with the hour of the question; ``first`` is the first bucket of the
    first of them. Hours in which nothing is known are 0.
    """

    keys: tuple[tuple[str, str], ...]
    first: int
    valid: Floats
    bad: Floats

    def daily(self, counts: Floats) -> Floats:
        """Sums per 24 hours counted backwards from the end: keys × days."""
        days: Floats = counts.reshape(len(counts), counts.shape[1] // 24, 24).sum(axis=2)
        return days


def recent(fleet: Fleet, chosen: Sequence[Question], days: int = DAYS) -> Recent:
    """The counts of the last ``days`` × 24 hours, as of the fleet's moment."""
    hours = days * 24
    first = fleet.last - fleet.last % HOUR - (hours - 1) * HOUR
    valid, bad = np.zeros((len(chosen), hours)), np.zeros((len(chosen), hours))
    # Sums of single requests without corrections are read straight into the arrays: nearly all there are.
    lean = [is_lean(fleet, q) for q in chosen]
    own = [(q.model, q.measure.id, row) for row, q in enumerate(chosen) if lean[row] and q.measure is not None]
    _put(hourly_cells(fleet.snapshot, first, fleet.last, places(own), model=fleet.only), valid, bad)
    others = [(row, q) for row, q in enumerate(chosen) if not lean[row]]
    if others:
        rows = {key_of(q): row for row, q in others}
        for (model, slo), part in (
            outcomes(fleet, first, [q for _, q in others]).partition_by("model", "slo", as_dict=True).items()
        ):
            row, hour = rows[str(model), str(slo)], (part["t"].to_numpy() - first) // HOUR
            # An hour of several slices repeats.
            np.add.at(valid[row], hour, part["valid"].to_numpy())
            np.add.at(bad[row], hour, part["bad"].to_numpy())
    return Recent(tuple(map(key_of, chosen)), first, valid, bad)


def eligible(fleet: Fleet, chosen: Sequence[Question], hours: Recent) -> Floats:
    """What could have been valid of SLOs of single requests, by the hours of ``hours``: chosen × hours."""
    found, failed = (np.zeros((len(chosen), hours.valid.shape[1])) for _ in range(2))
    asked = [(q.model, q.asked.id if q.asked is not None else REQUESTS, row) for row, q in enumerate(chosen)]
    _put(hourly_cells(fleet.snapshot, hours.first, fleet.last, places(asked), model=fleet.only), found, failed)
    succeeded = np.array([q.asked is None and q.sli.eligible == "succeeded" for q in chosen], dtype=bool)
    return np.where(succeeded[:, None], found - failed, found)


def is_lean(fleet: Fleet, question: Question) -> bool:
    """Whether the counts of an SLO are plain sums: of single requests, without corrections."""
    measure = question.measure
    events = measure is not None and measure.slices is None and not question.sliced_events
    return events and not fleet.excluded(question)


def places(rows: Sequence[tuple[str, str, int]]) -> pl.DataFrame:
    """Model, measure and row as ``hourly_cells`` takes them."""
    return pl.DataFrame(rows, schema={"model": pl.String, "measure": pl.String, "row": pl.Int64}, orient="row")


def _put(cells: pl.DataFrame, valid: Floats, bad: Floats) -> None:
    row, hour = cells["row"].to_numpy(), cells["hour"].to_numpy()
    valid[row, hour] = cells["valid"].to_numpy()
    bad[row, hour] = cells["bad"].to_numpy()
