"""How rows arrive: by hour of the week, with which pauses, in what order, how often twice."""

from __future__ import annotations

import numpy as np

from burnline.spec.quoting import quote_identifier
from burnline.validation.figures import RowsProfile
from burnline.validation.source import Data

ORDER_ROWS = 5_000_000
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_LEAST_SPREAD, _USUAL_SPREAD = 0.02, 0.1


def rows_profile(data: Data) -> RowsProfile:
    """Rows by hour of the week, pauses, order and repeats of some data."""
    counts = data.rows(f"select _us // {_HOUR_US}, count(*) from log where _us is not null group by 1 order by 1")
    rows, first, last = data.row("select count(*), min(_us), max(_us) from log")
    first, last = first or 0, last or 0
    by_hour = dict(counts)
    start, end = data.span if data.span is not None else (first, last + 1)
    # Only hours that lie in the span as a whole are known; those without a row count as zero.
    whole = range(-(-start // _HOUR_US), end // _HOUR_US)
    hours = [[0, 0] for _ in range(168)]
    for hour in whole:
        cell = hours[(hour + 72) % 168]
        cell[0] += by_hour.get(hour, 0)
        cell[1] += 1
    days = [
        sum(by_hour.get(hour, 0) for hour in range(24 * day, 24 * day + 24))
        for day in range(-(-start // _DAY_US), end // _DAY_US)
    ]
    return RowsProfile(
        rows=rows,
        first_us=first,
        end_us=end,
        hours=tuple((n, k) for n, k in hours),
        days=tuple(days),
        gap=longest_pause(data)[0],
        unordered=unordered(data)[0],
        repeated=repeats(data)[0] / max(rows, 1),
        spread=spread(np.array([by_hour.get(hour, 0) for hour in whole], dtype=float), whole.start),
    )


def longest_pause(data: Data) -> tuple[float, int | None]:
    """The longest time without a row between the first and the last, in seconds to the minute, and where it begins."""
    query = """select gap, since from (select m - lag(m) over (order by m) as gap, lag(m) over (order by m) as since
                     from (select distinct _us // 60000000 as m from log where _us is not null))
               where gap is not null order by gap desc, since limit 1"""
    found = data.rows(query)
    # Rows at both ends of two neighbouring minutes need be no minute apart.
    return (60.0 * found[0][0], found[0][1] * 60_000_000) if found else (0.0, None)


def unordered(data: Data) -> tuple[float, int]:
    """The share (and number) of rows that lie before the row above them in their file, of the first five million."""
    if len(data.groups) != 1 or data.files != 1:
        return 0.0, 0
    query = f"""select count(*), count(*) filter (late) from (
                    select _us < lag(_us) over (order by _row) as late from log where _row < {ORDER_ROWS})"""
    rows, late = data.row(query)
    return late / max(rows, 1), late


def key_of(data: Data) -> str | None:
    """What names a row: the request_id, in a ranking log with the item; ``None`` without a request_id."""
    if not data.has("request_id"):
        return None
    more = [n for n in ("query_id", "rank", "score") if data.has(n)] if data.has("query_id") else []
    columns = ", ".join(f"cast({quote_identifier(n)} as varchar)" for n in ("request_id", *more))
    return f'case when "request_id" is not null then hash({columns}) end'


def repeats(data: Data) -> tuple[int, int]:
    """Rows whose key was there before, and rows with a key. Keys are compared as 64-bit hashes."""
    key = key_of(data)
    if key is None:
        return 0, 0
    keyed, distinct = data.row(f"select count(k), count(distinct k) from (select {key} as k from log)")
    return keyed - distinct, keyed


def spread(counts: np.ndarray, first_hour: int) -> float:
    """Over-dispersion phi of rows per hour: the variance is mu + phi mu², from the same hours of different days.

    Days are set to the same size first, separately for weekends, so that phi holds what a day's total does not explain;
    the spread of the totals themselves is added.
    """
    hours = np.arange(first_hour, first_hour + len(counts))
    # Day 0 of the epoch was a Thursday.
    is_weekend = (hours // 24 + 3) % 7 >= 5
    of_days, of_hours = [], []
    for chosen in (is_weekend, ~is_weekend):
        days = [hours // 24 == day for day in np.unique(hours[chosen] // 24)]
        table = np.array([counts[day] for day in days if day.sum() == 24])
        totals = table.sum(axis=1) if len(table) else table
        if len(totals) < 2 or totals.min() <= 0:
            continue
        of_days.append(_phi(totals[:, None]))
        of_hours.append(_phi(table * (totals.mean() / totals)[:, None]))
    return float(max(_LEAST_SPREAD, max(of_days) + max(of_hours))) if of_days else _USUAL_SPREAD


def _phi(table: np.ndarray) -> float:
    means, variances = table.mean(axis=0), table.var(axis=0, ddof=1)
    busy = means >= 5
    if not busy.any():
        return 0.0
    return float(max(0.0, np.sum(variances[busy] - means[busy]) / np.sum(means[busy] ** 2)))
