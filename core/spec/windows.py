"""How long a promise runs: durations, and rolling or calendar windows of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict

from burnline.spec.errors import perhaps
from burnline.spec.units import UnitError, describe

DurationUnit = Literal["m", "h", "d", "w", "M", "Q", "Y"]

_FIXED = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_SHORTHAND = re.compile(r"(\d{1,6})\s*([mhdwMQY])")
LONGEST = timedelta(days=3660)
BUCKET = timedelta(minutes=5)


class Duration(BaseModel):
    """A whole number of minutes, hours, days, weeks, months, quarters or years."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    count: int
    unit: DurationUnit

    @property
    def fixed(self) -> timedelta:
        """The exact length.

        Raises:
            ValueError: months, quarters and years have no fixed length.
        """
        if self.unit not in _FIXED:
            raise ValueError(f"{self} has no fixed length")
        return self.count * _FIXED[self.unit]

    @property
    def is_fixed(self) -> bool:
        """Whether the length is the same wherever it starts."""
        return self.unit in _FIXED

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


class Calendar(BaseModel):
    """Where calendar windows begin: a local midnight and its time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    start_time: datetime
    time_zone: str


class Window(BaseModel):
    """The span an SLO is judged over: rolling, or calendar when it has a calendar."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    duration: Duration
    calendar: Calendar | None = None

    @property
    def kind(self) -> Literal["rolling", "calendar"]:
        """``calendar`` when the window has a calendar, else ``rolling``."""
        return "rolling" if self.calendar is None else "calendar"


def parse_duration(value: object) -> Duration:
    """Read a duration in OpenSLO's shorthand: ``5m``, ``30d``, ``1M``, ``1Q``.

    Raises:
        UnitError: not a duration, zero, or longer than ten years.
    """
    match = _SHORTHAND.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise UnitError(
            f"{describe(value)} is not a duration; write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M"
        )
    unit: DurationUnit = match[2]  # type: ignore[assignment]  # the pattern holds the literals
    duration = Duration(count=int(match[1]), unit=unit)
    if duration.count == 0:
        raise UnitError(f"{describe(value)} is empty; it must be longer than zero")
    years = {"M": 12, "Q": 4, "Y": 1}
    too_long = duration.fixed > LONGEST if duration.is_fixed else duration.count > 10 * years[duration.unit]
    if too_long:
        raise UnitError(f"{describe(value)} is longer than ten years")
    return duration


def parse_time_zone(value: object) -> str:
    """Check the name of a time zone (``Europe/Zurich``).

    Raises:
        UnitError: no such zone; the text names the nearest one.
    """
    if not isinstance(value, str):
        raise UnitError(f"{describe(value)} is not a time zone; write a name such as Europe/Zurich")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        hint = perhaps(value, available_timezones(), "write a name such as Europe/Zurich")
        raise UnitError(f"{describe(value)} is not a time zone{hint}") from None
    return value


def parse_start_time(value: object) -> datetime:
    """Read the local midnight a calendar starts from: ``2026-01-01`` or ``2026-01-01 00:00:00``.

    Raises:
        UnitError: not a date, carries an offset, or is not midnight.
    """
    try:
        start = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        start = None
    if start is None:
        raise UnitError(f"{describe(value)} is not a date; write 2026-01-01 00:00:00")
    if start.tzinfo is not None:
        raise UnitError(f"{describe(value)} has an offset; write local time and set timeZone")
    if start.time() != start.min.time():
        raise UnitError(f"{describe(value)} is not midnight; calendar windows begin at local midnight")
    return start
