"""Sums in the order in which they became known: at the request, or with the label.

An event that waits for no label is known in the five minutes of its request, a labelled one in
those of its label; a corrected label is a difference in those of the correction. Nothing that
became known after ``last`` is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl
import pyarrow as pa

from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.measures import Measure
from burnline.rollups.reads import Snapshot
from burnline.rollups.roll import AMOUNT_SCALE

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Asked:
    """The sums of one measure of one model.

    With ``width`` the events are gathered in slices of so many buckets; ``whole`` holds what is
    known of a slice back until the slice is over. Slices (of one bucket: requests) that begin in
    the ranges (first, last) of ``excluded`` are left out.
    """

    model: str
    measure: Measure
    excluded: Ranges = ()
    width: int = 1
    whole: bool = False

    @property
    def at_request(self) -> bool:
        """Whether some of its sums are known at the request (slices are)."""
        return self.measure.now is not None or not self.measure.labelled


_NO_SUMS = pl.DataFrame(schema=dict.fromkeys(("row", "known", "valid", "bad"), pl.Int64))


def known_sums(snapshot: Snapshot, asked: Sequence[Asked], first: int, since: int, last: int) -> pl.DataFrame:
    """Valid and bad by the bucket of knowledge, from ``since`` to ``last``.

    ``first`` is the earliest bucket of a request. Returns row (place of what was asked), known,
    valid and bad (millionths of an event), unordered; rows of one bucket add up.
    """
    with connect(threads=2) as con:
        events = _events(con, snapshot, asked, first, since, last)
        if events is None:
            return _NO_SUMS
        query, parameters = events
        return frame(con, f"select row, known, valid, bad from ({query})", parameters)


_NO_STEPS = pl.DataFrame(
    schema={
        "row": pl.Int64, "slice": pl.Int64, "known": pl.Int64, "valid": pl.Float64, "bad": pl.Float64,
        "rows": pl.Int64, "amount": pl.Float64,
    }
)  # fmt: skip


def slice_steps(snapshot: Snapshot, asked: Sequence[Asked], first: int, since: int, last: int) -> pl.DataFrame:
    """What was known of each slice after each five minutes in which that changed.

    Returns row (place of what was asked), slice (its first bucket), known, and the sums up to
    then: valid, bad (events), rows, amount; ordered by row, slice and known. Slices of which
    nothing new became known from ``since`` on may be missing.
    """
    widest = max((one.width for one in asked), default=1)
    with connect(threads=2) as con:
        events = _events(con, snapshot, asked, first, since - widest, last)
        if events is None:
            return _NO_STEPS
        query, parameters = events
        return frame(
            con,
            f"""
            with placed as (
                select row, t - t % width as slice, valid, bad, rows, amount,
                       case when whole then least(greatest(known, t - t % width + width - 1), $last)
                            else known end as known
                from ({query}) join asked using (row)),
            steps as (
                select row, slice, known, sum(valid) as valid, sum(bad) as bad, sum(rows) as rows,
                       sum(amount) as amount
                from placed group by row, slice, known)
            select row, slice, known, sum(valid) over step / {SCALE} as valid, sum(bad) over step / {SCALE} as bad,
                   (sum(rows) over step)::bigint as rows, (sum(amount) over step)::double / {AMOUNT_SCALE} as amount
            from steps window step as (partition by row, slice order by known)
            order by row, slice, known""",
            parameters,
        )


def _events(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, asked: Sequence[Asked], first: int, since: int, last: int
) -> tuple[str, dict[str, object]] | None:
    """A select of row, t, known, valid, bad, rows and amount; ``None`` when no object holds any.

    Day summaries hold what waits for labels in ``buckets`` too, at the request: it is taken out.
    """
    _register(con, asked)
    parameters: dict[str, object] = {"last": last}
    early = [one for one in asked if one.at_request]
    both = [one for one in early if one.measure.labelled]
    labelled = [one for one in asked if one.measure.labelled]
    parts = []
    buckets = snapshot.paths("buckets", max(first, since), last) if early else []
    if buckets:
        parameters["buckets"], parameters["since"] = buckets, since
        parts.append(
            f"""select row, t, t as known, valid, bad, rows, amount from {_rows("buckets", early, parameters)}
                where at_request and t >= $since and t <= $last"""
        )
    taken = snapshot.paths("late", max(first, since), last) if both and buckets else []
    if taken:
        parameters["taken"] = taken
        parts.append(
            f"""select row, t, t as known, -valid, -bad, -rows, -amount from {_rows("taken", both, parameters)}
                where at_request and labelled and t >= $since and t <= $last"""
        )
    late = snapshot.learnt(first, last, since) if labelled else []
    if late:
        parameters["late"] = late
        # A slice is judged by all that is known of it, so its earlier labels are read as well.
        recent = ""
        if all(one.width == 1 for one in asked):
            recent, parameters["since"] = "and known >= $since", since
        parts.append(
            f"""select row, t, known, valid, bad, rows, amount from {_rows("late", labelled, parameters)}
                where labelled and t <= $last and known <= $last {recent}"""
        )
    if not parts:
        return None
    events = " union all ".join(parts)
    if not any(one.excluded for one in asked):
        return events, parameters
    return (
        f"""select * from ({events}) event where not exists (
                select 1 from excluded out
                where out.row = event.row and event.t - event.t % out.width between out.first and out.last)""",
        parameters,
    )


def _rows(name: str, asked: Iterable[Asked], parameters: dict[str, object]) -> str:
    """The rows of the objects ``$name`` that were asked for.

    Models are named one by one: the engine then skips the parts of a file that hold none of them.
    """
    models = sorted({one.model for one in asked})
    names = {f"{name}_{index}": model for index, model in enumerate(models)}
    parameters |= names
    inside = ", ".join(f"${key}" for key in names)
    return f"(select * from read_parquet(${name}) where model in ({inside})) join asked using (model, measure)"


def _register(con: duckdb.DuckDBPyConnection, asked: Sequence[Asked]) -> None:
    con.register(
        "asked",
        pa.table(
            {
                "row": pa.array(range(len(asked)), pa.int64()),
                "model": pa.array([one.model for one in asked], pa.string()),
                "measure": pa.array([one.measure.id for one in asked], pa.string()),
                "width": pa.array([one.width for one in asked], pa.int64()),
                "whole": pa.array([one.whole for one in asked], pa.bool_()),
                "at_request": pa.array([one.at_request for one in asked], pa.bool_()),
                "labelled": pa.array([one.measure.labelled for one in asked], pa.bool_()),
            }
        ),
    )
    ranges = [(index, one.width, *bounds) for index, one in enumerate(asked) for bounds in one.excluded]
    columns: Mapping[str, list[int]] = {
        name: [line[place] for line in ranges] for place, name in enumerate(("row", "width", "first", "last"))
    }
    con.register("excluded", pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()}))
