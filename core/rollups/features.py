"""How the values of each column are distributed, hour by hour.

========  =======================================================================================
features  hour, model, version, feature, bin, category, n
========  =======================================================================================

Tracked are features, segments (version, region, tenant, ``d_…``), prediction and confidence, the last two of requests
that did not fail. Numbers are counted in frozen bins (``burnline.rollups.grids``), everything else by its value; both
are null where the value is missing, and NaN is missing. Of the values of a day all beyond the thousand most frequent
are counted together.

The engine reads, casts and takes logarithms; cells are counted in arrays, many columns a scan: measured twice as fast
as a ``GROUP BY`` per column once hours are part of the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb

from burnline.logs.files import literal_pattern
from burnline.rollups.grids import Grids, numeric, tracked
from burnline.rollups.roll import Job
from burnline.rollups.tallies import Binned, Counted, Places, Valued

FORMAT = 2
_SUCCEEDED = ("confidence", "prediction")
_COLUMNS_AT_ONCE = 32
_ROWS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Source:
    """What columns are counted from: ``relation`` yields ``_t``, ``_ok``, ``_w``, model, version and each of
    ``columns`` (name: whether it is counted in bins) of the file at ``path``; other ``parameters`` of it."""

    path: str
    columns: Mapping[str, bool]
    relation: str
    weighted: bool
    parameters: Mapping[str, object] = field(default_factory=dict)


def columns(job: Job) -> dict[str, bool]:
    """The tracked columns of a file, and whether they are counted in bins."""
    return {name: numeric(name, job.shape, job.segments) for name in tracked(job.shape, job.segments)}


def features(con: duckdb.DuckDBPyConnection, job: Job, grids: Grids) -> Iterator[Counted]:
    """The table ``features`` of a log, column by column."""
    kinds = columns(job)
    for names in chunks(kinds):
        source = Source(
            path=job.shape.path,
            columns={name: kinds[name] for name in names},
            relation=job.log(*names, "version", absent=("version",)),
            weighted=job.shape.has("weight"),
        )
        yield from count(con, source, grids)


def chunks(names: Iterable[str]) -> list[list[str]]:
    """Columns to be read together; those of requests that succeeded are read apart."""
    several = sorted(set(names) - set(_SUCCEEDED))
    outcomes = sorted(set(names) & set(_SUCCEEDED))
    starts = range(0, len(several), _COLUMNS_AT_ONCE)
    return [*(several[start : start + _COLUMNS_AT_ONCE] for start in starts), *([outcomes] if outcomes else [])]


def count(con: duckdb.DuckDBPyConnection, source: Source, grids: Grids) -> Iterator[Counted]:
    """The counts of the columns of one chunk, from one scan, batch by batch."""
    tallies = [
        Binned(name, place, {model: grid for (model, n), grid in grids.items() if n == name})
        if in_bins
        else Valued(name, place)
        for place, (name, in_bins) in enumerate(source.columns.items())
    ]
    values = ", ".join(sql for one in tallies for sql in one.sql())
    weight = ", _w" if source.weighted else ""
    where = "where _ok" if source.columns.keys() & set(_SUCCEEDED) else ""
    query = f"""
        with log as ({source.relation})
        select _t // 12 as hour, model, version{weight}, {values} from log {where}"""
    parameters = {"path": literal_pattern(source.path), **source.parameters}
    for batch in con.sql(query, params=parameters).to_arrow_reader(_ROWS_AT_ONCE):
        if batch.num_rows:
            places = Places.of(batch, batch["_w"].to_numpy() if source.weighted else None)
            for one in tallies:
                one.add(batch, places)
    for one in tallies:
        yield one.counted()
