"""Reads the window of an SLO."""

from __future__ import annotations

from burnline.spec.document import Scalar
from burnline.spec.fields import Section, boolean, unit
from burnline.spec.windows import (
    BUCKET,
    Calendar,
    Window,
    parse_duration,
    parse_start_time,
    parse_time_zone,
)


def read_window(owner: Section, timezone: str) -> Window | None:
    """Read ``window: 30d`` or ``window: {duration, calendar: {startTime, timeZone}}``.

    ``timezone`` is the zone of a calendar that names none. None when (noted) wrong.
    """
    entry = owner.present("window")
    if entry is None or isinstance(entry.value, Scalar):
        duration = owner.need("window", unit(parse_duration), "30d")
        section, calendar = owner, None
    else:
        section = owner.section("window") or owner
        section.only(["duration", "isRolling", "calendar"])
        duration = section.need("duration", unit(parse_duration), "1M")
        calendar = _calendar(section, timezone)
        rolling = section.get("isRolling", boolean)
        if rolling is not None and rolling == (section.present("calendar") is not None):
            wrong = "has a calendar" if rolling else "has no calendar"
            section.flaw(
                section.line_of("isRolling"),
                f"is {str(rolling).lower()}, but the window {wrong}",
                "isRolling",
            )
    if duration is None:
        return None
    has_calendar = section.present("calendar") is not None
    key = "window" if section is owner else "duration"
    line = section.line_of(key)
    if not has_calendar and not duration.is_fixed:
        section.flaw(
            line,
            f"a rolling window of {duration} has no fixed length; write 30d,"
            f" or {{duration: {duration}, calendar: {{startTime: 2026-01-01}}}}",
            key,
        )
        return None
    if not has_calendar and duration.fixed < BUCKET:
        section.flaw(line, f"{duration} is shorter than the smallest window, 5m", key)
        return None
    if has_calendar and duration.unit in ("m", "h"):
        section.flaw(line, f"a calendar window counts days or more, not {duration}", key)
        return None
    return Window(duration=duration, calendar=calendar)


def _calendar(window: Section, timezone: str) -> Calendar | None:
    section = window.section("calendar")
    if section is None:
        return None
    section.only(["startTime", "timeZone"])
    start = section.need("startTime", unit(parse_start_time), '"2026-01-01 00:00:00"')
    zone = section.get("timeZone", unit(parse_time_zone), timezone)
    return None if start is None else Calendar(start_time=start, time_zone=zone)
