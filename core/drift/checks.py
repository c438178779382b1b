"""Drift as a check of data: a warning that says where to look."""

from __future__ import annotations

import polars as pl

from burnline.drift.asked import Asked, threshold_of
from burnline.results.validation import Check
from burnline.rollups.moved import drift_table


def drift_checks(asked: Asked) -> tuple[Check, ...]:
    """A warning for each feature that had drifted on the last whole day of the window; one passed check without any.

    Nothing where there is no such day, or no reference to compare it with.
    """
    last = asked.end // 24 - 1
    days = drift_table(asked.fleet.snapshot, asked.first // 24, last, model=asked.model)
    days = days.filter(pl.col("feature").str.starts_with("f_"))
    if asked.provisional or days.is_empty():
        return ()
    rows = days.filter(pl.col("day") == pl.col("day").max()).sort("moved", descending=True)
    drifted = rows.filter((pl.col("moved") >= threshold_of(asked)) | pl.col("shifted"))
    count = int(rows["n"].max() or 0)  # type: ignore[arg-type]
    if drifted.is_empty():
        said = f"none of {rows.height} features has drifted from its reference"
        return (
            Check(check="drift", column=None, passed=True, failed_rows=None, example=None, sentence=said, rows=count),
        )
    return tuple(
        Check(
            check="drift",
            column=name,
            passed=False,
            failed_rows=None,
            example=None,
            severity="warning",
            rows=count,
            sentence=f"{name}: the values have drifted from their reference (PSI {psi:.2f}); see whether that hurts "
            f"(burnline drift {asked.model})",
        )
        for name, psi in drifted.select("feature", "psi").iter_rows()
    )
