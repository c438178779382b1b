"""Which five-minute buckets a promise is judged over.

A bucket is named by its index ``t = floor(epoch seconds / 300)``. A rolling window of length D as
of ``at`` holds the buckets that begin in (at - D, at]. A calendar window (OpenSLO v1 spec,
``timeWindow.calendar``) holds the buckets that begin from the local start of its period, in its
time zone, up to and including ``at``.

Times handed out carry a fixed offset, not a zone: subtracting two times of one zone ignores
daylight saving in Python, subtracting times with fixed offsets does not.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from burnline.results import BURN_WINDOWS
from burnline.spec.windows import BUCKET, Calendar, Duration, Window, parse_duration

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_BURN_LENGTHS = {name: parse_duration(name).fixed for name in BURN_WINDOWS}


@dataclass(frozen=True)
class Span:
    """The buckets ``first`` .. ``last`` (inclusive; none when ``first > last``) and their times.

    ``from_`` is where the window begins, ``to`` the moment it is judged at, ``ends_at`` where its
    period ends (rolling: ``to``).
    """

    first: int
    last: int
    from_: datetime
    to: datetime
    kind: Literal["rolling", "calendar"]
    ends_at: datetime

    @property
    def length(self) -> timedelta:
        """The elapsed time of the whole period, in real hours (March in Zurich: 743)."""
        return self.ends_at - self.from_


def bucket(at: datetime) -> int:
    """The index of the bucket that holds ``at``. Raises ``ValueError`` for a time without offset."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no offset")
    return (at - _EPOCH) // BUCKET


def begin(bucket: int) -> datetime:
    """When a bucket begins, in UTC."""
    return _EPOCH + bucket * BUCKET


def span(window: Window, at: datetime) -> Span:
    """The buckets of a window as of ``at``.

    Raises ``ValueError`` for a time without offset and for a rolling window of months, quarters
    or years, which have no fixed length.
    """
    if window.calendar is None:
        return rolling(window.duration.fixed, at)
    zone = ZoneInfo(window.calendar.time_zone)
    boundary = _boundaries(window.duration, window.calendar)
    low, high = _bracket(boundary, at)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if boundary(middle) <= at else (low, middle)
    start, end = boundary(low), boundary(high)
    return Span(
        first=-((_EPOCH - start) // BUCKET),
        last=bucket(at),
        from_=_fixed(start.astimezone(zone)),
        to=_fixed(at.astimezone(zone)),
        kind="calendar",
        ends_at=_fixed(end.astimezone(zone)),
    )


def rolling(duration: timedelta, at: datetime) -> Span:
    """The buckets that begin in (at - duration, at].

    Raises ``ValueError`` for a time without offset.
    """
    last = bucket(at)
    # In UTC: subtracting from a time in a zone would move its clock, not the time.
    start, to = (at.astimezone(UTC) - duration).astimezone(at.tzinfo), _fixed(at)
    return Span(bucket(start) + 1, last, _fixed(start), to, "rolling", to)


def previous_spans(window: Window, at: datetime, n: int) -> tuple[Span, ...]:
    """The ``n`` windows before the one of ``at``, oldest first, each as of its own end.

    Together with the window of ``at`` they cover every bucket once. Calendar periods that a zone
    skips altogether are left out.
    """
    spans: list[Span] = []
    later = span(window, at)
    for _ in range(n):
        if window.calendar is None:
            later = rolling(later.length, later.from_)
        else:
            end = later.from_
            inside = span(window, end - timedelta(microseconds=1))
            later = Span(inside.first, inside.last, inside.from_, end, inside.kind, inside.ends_at)
        spans.append(later)
    return tuple(reversed(spans))


def burn_spans(at: datetime) -> dict[str, Span]:
    """The buckets of the five burn-rate windows (5m, 30m, 1h, 6h, 3d) as of ``at``."""
    return {name: rolling(duration, at) for name, duration in _BURN_LENGTHS.items()}


def _boundaries(duration: Duration, calendar: Calendar) -> Callable[[int], datetime]:
    """The instant (UTC) at which the k-th period begins; period 0 begins at the start time.

    Periods are counted on the local calendar, so a day is a day when the clocks change.
    """
    zone, anchor = ZoneInfo(calendar.time_zone), calendar.start_time
    count, unit = duration.count, duration.unit
    if unit in _MONTHS:
        return lambda k: instant(_plus_months(anchor, k * count * _MONTHS[unit]), zone)
    return lambda k: instant(anchor + k * duration.fixed, zone)


def _bracket(boundary: Callable[[int], datetime], at: datetime) -> tuple[int, int]:
    """Two periods, the first of which begins at or before ``at`` and the second after it."""
    low, high = -1, 1
    while boundary(low) > at:
        low *= 2
    while boundary(high) <= at:
        high *= 2
    return low, high


def _plus_months(start: datetime, months: int) -> datetime:
    """``start`` moved by whole months; a day the month does not have becomes its last day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which clocks of the zone show ``local`` or later."""
    aware = local.replace(tzinfo=zone, fold=0)
    utc = aware.astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == local:
        return utc
    # The clocks jump over ``local``; the jump lies between its readings by the two offsets.
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), utc
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        shown = middle.astimezone(zone).replace(tzinfo=None)
        before, after = (middle, after) if shown < local else (before, middle)
    return after


def _fixed(at: datetime) -> datetime:
    """The same time with its present offset instead of a zone."""
    return at.replace(tzinfo=timezone(at.utcoffset() or timedelta()))
