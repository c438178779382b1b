"""Which five-minute buckets a correction takes out of a promise, and what was counted in them.

A bucket belongs to a correction when it begins in [from, to). What is taken out counts on neither
side: it is dropped, not called good.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.sums import Sums
from burnline.budgets.windows import begin, bucket, instant
from burnline.spec import Correction

Ranges = tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def bucket_ranges(correction: Correction, last: int) -> Ranges:
    """The buckets (first, last) of every occurrence that begins at or before bucket ``last``, cut there."""
    found = []
    zone = ZoneInfo(correction.timezone)
    for start, end in correction.times():
        first, after = _first_from(_utc(start, zone)), _first_from(_utc(end, zone))
        if first > last:
            break
        if after > first:
            found.append((first, min(after - 1, last)))
    return tuple(found)


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same buckets as ranges that neither overlap nor touch, in order."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def clipped(ranges: Ranges, first: int, last: int) -> Ranges:
    """The part of the ranges that lies in buckets ``first`` .. ``last``."""
    return tuple((max(a, first), min(b, last)) for a, b in ranges if max(a, first) <= min(b, last))


def size(ranges: Ranges, first: int, last: int, step: int = 1) -> int:
    """How many buckets of ``first`` .. ``last`` that are multiples of ``step`` the ranges hold."""
    return sum(b // step - (a - 1) // step for a, b in clipped(ranges, first, last))


def inside(ranges: Ranges, t: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each bucket lies in one of the (merged) ranges."""
    if not ranges:
        return np.zeros(len(t), dtype=bool)
    firsts, lasts = np.array(ranges).T
    place = np.searchsorted(firsts, t, side="right") - 1
    result: NDArray[np.bool_] = (place >= 0) & (t <= lasts[place])
    return result


def outside(rows: pl.DataFrame, ranges: Ranges) -> pl.DataFrame:
    """The rows whose bucket ``t`` lies in none of the (merged) ranges."""
    return rows.filter(pl.Series(~inside(ranges, rows["t"].to_numpy()))) if ranges and rows.height else rows


class Dropped:
    """What was counted in the corrected buckets of one SLO, ready to be summed from any bucket on.

    ``rows`` has t, valid, bad and eligible, one row per bucket.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        ordered = rows.sort("t")
        self._t = ordered["t"].to_numpy()
        counts = ordered.select("valid", "bad", "eligible").to_numpy()
        self._after = np.vstack([counts[::-1].cumsum(axis=0)[::-1], np.zeros((1, 3))])

    def since(self, first: int) -> Sums:
        """The sums from bucket ``first`` on."""
        valid, bad, eligible = self._after[int(np.searchsorted(self._t, first))]
        return Sums(float(valid), float(bad), float(eligible))


def without(counted: Sums, dropped: Sums) -> Sums:
    """The difference, exact: counts are multiples of a millionth."""
    return Sums(
        round(counted.valid - dropped.valid, 6),
        round(counted.bad - dropped.bad, 6),
        round(counted.eligible - dropped.eligible, 6),
    )


@lru_cache(maxsize=4096)
def reasons(corrections: tuple[Correction, ...], first: int, last: int) -> tuple[str, ...]:
    """Why buckets of ``first`` .. ``last`` are left out: one phrase per correction that touches them."""
    said = []
    for correction in corrections:
        touching = clipped(bucket_ranges(correction, last), first, last)
        if touching:
            said.append(_phrase(correction, touching))
    return tuple(said)


def _phrase(correction: Correction, touching: Ranges) -> str:
    zone = ZoneInfo(correction.timezone)
    start, end = (begin(t).astimezone(zone) for t in (touching[-1][0], touching[-1][1] + 1))
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    when = f"{start:%Y-%m-%d %H:%M} to {until}"
    often = f"{len(touching)} times, last " if len(touching) > 1 else ""
    category = "" if correction.category == "other" else f"{correction.category.replace('_', ' ')}: "
    category = "" if category[:-2] == correction.reason else category
    approver = f", approved by {correction.approver}" if correction.approver else ""
    return f"{category}{correction.reason} ({often}{when}{approver})"


def _utc(at: datetime, zone: ZoneInfo) -> datetime:
    return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)


def _first_from(at: datetime) -> int:
    """The first bucket that begins at ``at`` or later."""
    t = bucket(at)
    return t if begin(t) == at else t + 1
