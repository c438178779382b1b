"""The span of the sample: 35 days up to a fixed moment, so that every build is the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zlib import crc32

import numpy as np

DAYS = 35
END = datetime(2026, 11, 23, tzinfo=UTC)
START = END - timedelta(days=DAYS)
BUCKET = timedelta(minutes=5)
BUCKETS = DAYS * 288

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of the sampled year, in UTC."""
    return datetime(END.year, month, day, hour, minute, tzinfo=UTC)


def micros(when: datetime | timedelta) -> int:
    """Microseconds since the epoch, or the length of a time span in microseconds."""
    span = when - _EPOCH if isinstance(when, datetime) else when
    return span // timedelta(microseconds=1)


def generator(*names: str) -> np.random.Generator:
    """A random generator of its own for every name: changing one ingredient moves no other."""
    return np.random.default_rng([crc32(name.encode()) for name in names])
