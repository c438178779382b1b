"""Stretches of time that count neither for nor against a promise, such as maintenance.

Recurrence follows RFC 5545 (RRULE) in local wall time: 02:00 stays 02:00 over daylight saving.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from pydantic import BaseModel, ConfigDict

from burnline.spec.windows import LONGEST

Category = Literal["maintenance", "load_test", "third_party", "other"]

MOST = 5_000
_CLOSEST = timedelta(hours=1)


class Repeat(BaseModel):
    """When a correction comes again: the parts of an RRULE without its end, and its end.

    ``until`` is local wall time, inclusive. Without an end it repeats for ten years.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: str
    count: int | None = None
    until: datetime | None = None

    def starts(self, first: datetime) -> tuple[datetime, ...]:
        """The local times at which it begins, from ``first`` on: those that fit the rule.

        Raises ``ValueError`` for a rule that cannot be read, that never applies, that applies more
        than once an hour, or that applies more than ``MOST`` times.
        """
        return _starts(self, first)


@lru_cache(maxsize=1024)
def _starts(repeat: Repeat, first: datetime) -> tuple[datetime, ...]:
    last = min(repeat.until or datetime.max, first + LONGEST)
    try:
        rule = rrulestr(repeat.rule, dtstart=first)
        assert isinstance(rule, rrule)
        found = tuple(islice(rule.replace(until=last), min(repeat.count or MOST + 1, MOST + 1)))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f"'{repeat.rule}' cannot be read as a recurrence rule (RFC 5545)") from None
    if not found:
        raise ValueError("never happens")
    if any(later - earlier < _CLOSEST for earlier, later in pairwise(found)):
        raise ValueError("happens more than once an hour")
    if len(found) > MOST:
        raise ValueError(f"happens more than {MOST:,} times; end it earlier with until")
    return found


class Correction(BaseModel):
    """What is dropped from both sides: events whose five-minute bucket begins in [start, end).

    ``start`` and ``end`` are wall time of ``timezone``, or instants where they carry an offset.
    ``slos`` and ``models`` are None where it holds for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: datetime
    end: datetime
    timezone: str
    reason: str
    category: Category = "other"
    slos: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    repeat: Repeat | None = None
    approver: str | None = None
    line: int = 0

    def applies(self, model: str, slo: str) -> bool:
        """Whether it holds for an SLO."""
        return (self.models is None or model in self.models) and (self.slos is None or slo in self.slos)

    def times(self) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end of every occurrence, in order; naive ones are wall time of ``timezone``."""
        if self.repeat is None:
            yield self.start, self.end
            return
        length = self.end - self.start
        for start in self.repeat.starts(self.start):
            yield start, start + length


def wall_time(at: datetime, timezone: str) -> datetime:
    """What the clocks of a zone show at an instant; a time without offset is left as it is."""
    return at if at.tzinfo is None else at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
