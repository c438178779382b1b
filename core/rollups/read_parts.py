"""Reading the five-minute sums of chosen stretches of time only, model by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from burnline.logs import SCALE
from burnline.logs.engine import connect, frame
from burnline.rollups.days import BUCKETS_PER_DAY
from burnline.rollups.reads import Snapshot

_EMPTY = pl.DataFrame(
    schema={"model": pl.String, "measure": pl.String, "t": pl.Int64, "valid": pl.Float64, "bad": pl.Float64}
)

# Models that want the same buckets share one group, so that the list of buckets stands there once.
_WANTED = """
    with who as (select unnest($models::varchar[]) as model, unnest($groups::bigint[]) as part),
         times as (select unnest($parts::bigint[]) as part, unnest($times::bigint[]) as t),
         wanted as (select model, t from who join times using (part))"""
_COUNTS = "select model, measure, t, valid, bad from read_parquet($buckets) semi join wanted using (model, t)"
_UNKNOWN_YET = """
    select model, measure, t, -valid, -bad from read_parquet($later) semi join wanted using (model, t)
    where known > $last"""
_SUMS = f"""
    select model, measure, t, sum(valid) / {SCALE} as valid, sum(bad) / {SCALE} as bad
    from ({{rows}}) group by all having sum(valid) <> 0 or sum(bad) <> 0 order by model, measure, t"""


def part_sums(snapshot: Snapshot, wanted: Mapping[str, Sequence[int]], last: int) -> pl.DataFrame:
    """Sums per five minutes of the buckets ``wanted`` of each model, as of bucket ``last``.

    Returns model, measure, t, valid, bad (events), ordered. Buckets later than ``last`` and those in
    which nothing is known are left out.
    """
    parts: dict[tuple[int, ...], int] = {}
    groups = {
        model: parts.setdefault(tuple(t for t in times if t <= last), len(parts)) for model, times in wanted.items()
    }
    pairs = [(part, t) for times, part in parts.items() for t in times]
    touched = {t // BUCKETS_PER_DAY for _, t in pairs} & snapshot.ledger.days.keys()
    days = [snapshot.ledger.days[day] for day in sorted(touched)]
    buckets = snapshot.store.paths(d.objects["buckets"] for d in days if "buckets" in d.objects)
    later = snapshot.store.paths(d.objects["late"] for d in days if d.known > last and "late" in d.objects)
    selects = [select for select, paths in ((_COUNTS, buckets), (_UNKNOWN_YET, later)) if paths]
    if not selects:
        return _EMPTY
    parameters: dict[str, object] = {
        "models": list(groups),
        "groups": list(groups.values()),
        "parts": [part for part, _ in pairs],
        "times": [t for _, t in pairs],
    }
    parameters |= {"buckets": buckets} if buckets else {}
    parameters |= {"later": later, "last": last} if later else {}
    with connect(threads=2) as con:
        return frame(con, _WANTED + _SUMS.format(rows=" union all ".join(selects)), parameters)
