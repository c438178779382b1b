"""What is to be validated: files before the model or its logs, a span of time, some stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

from burnline.errors import BurnlineError
from burnline.results.validation import Stage
from burnline.validation.rules import stamp, when

STAGES: tuple[Stage, ...] = get_args(Stage)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What to validate: ``paths`` before the model (else its logs), a span, the newest ``last``, some stages.

    Later rows than ``at``, the moment of the question, are not looked at, and the newest row is compared with it. By
    default it is the newest time in the logs, and for files the wall clock.
    """

    paths: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    last: timedelta = DAY
    stages: tuple[Stage, ...] = STAGES
    at: datetime | None = None

    def span(self, newest_us: int | None) -> tuple[int, int] | None:
        """[from, to) in microseconds: as asked, else ``last`` before ``at`` or the newest row; ``None`` without rows.

        Raises ``BurnlineError`` when it ends before it begins.
        """
        end = self.end or self.at
        end_us = microseconds(end) if end is not None else newest_us + 1 if newest_us is not None else None
        if end_us is None:
            return None
        length = self.last // timedelta(microseconds=1)
        start_us = microseconds(self.start) if self.start is not None else end_us - length
        if start_us >= end_us:
            raise BurnlineError(
                f"the span would end at {stamp(when(end_us))}, before it begins at {stamp(when(start_us))}; "
                "give --from before --to"
            )
        return start_us, end_us

    def now_us(self, newest_us: int | None, clock: datetime) -> int:
        """The moment that the newest row is compared with."""
        moment = self.at or (self.end if not self.paths else None)
        if moment is not None:
            return microseconds(moment)
        return microseconds(clock) if self.paths or newest_us is None else newest_us


def wanted(
    path: str | Sequence[str] | None,
    stages: Sequence[str] = (),
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    last: timedelta = DAY,
    at: datetime | None = None,
) -> Wanted:
    """What is asked for, in the words of the command line.

    Files that have not reached the model say nothing of training runs, which are left out unless they are asked for.
    Raises ``BurnlineError`` for a stage that does not exist.
    """
    paths = (path,) if isinstance(path, str) else tuple(path or ())
    for stage in stages:
        if stage not in STAGES:
            raise BurnlineError(f"there is no stage '{stage}'; known: {', '.join(STAGES)}")
    chosen = tuple(s for s in STAGES if s in stages) if stages else STAGES[:-1] if paths else STAGES
    return Wanted(paths, start, end, last, chosen, at)


def microseconds(at: datetime) -> int:
    """A time in microseconds since the epoch."""
    return (at - _EPOCH) // timedelta(microseconds=1)
