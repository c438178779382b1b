"""Reads the corrections of a workspace or a model."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import cast, get_args

from burnline.spec.corrections import Category, Correction, Repeat, wall_time
from burnline.spec.errors import did_you_mean
from burnline.spec.fields import Section, choice, text, texts, unit
from burnline.spec.units import UnitError, describe

_KEYS = ("from", "to", "reason", "category", "slos", "repeat", "until", "approver")
_SHORT = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY"}
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE",
)  # fmt: skip
_WHOLE = re.compile(r"[1-9]\d{0,5}")
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?")
_YEARS = range(1970, 2200)


def read_corrections(
    spec: Section, timezone: str, *, slos: Collection[str] | None = None, of_workspace: bool = False
) -> tuple[Correction, ...]:
    """The corrections in the list ``corrections`` of a section.

    ``timezone`` is the zone of times without an offset; ``slos`` are the names that may be listed
    (None: unknown here); ``models`` may be listed in a workspace only.
    """
    found = []
    for section in spec.sections("corrections"):
        section.only([*_KEYS, "models"] if of_workspace else _KEYS)
        start = section.need("from", unit(_time), '"2026-11-03 02:00"')
        end = section.need("to", unit(_time), '"2026-11-03 04:00"')
        reason = section.need("reason", text, '"load test"')
        category = cast(Category, section.get("category", choice(get_args(Category)), "other"))
        names = section.get("slos", texts)
        models = section.get("models", texts) if of_workspace else None
        approver = section.get("approver", text)
        for name in names or ():
            if slos is not None and name not in slos:
                hint = did_you_mean(name, slos)
                section.flaw(section.line_of("slos"), f"the model has no SLO '{name}'{hint}", "slos")
        if start is None or end is None or not _alike(section, start, end):
            continue
        if section.present("repeat") is not None:
            start, end = wall_time(start, timezone), wall_time(end, timezone)
        if end <= start:
            section.flaw(section.line_of("to"), f"{end} is not after from, {start}", "to")
            continue
        repeat = _repeat(section, start, timezone)
        if reason is not None:
            found.append(
                Correction(
                    start=start,
                    end=end,
                    timezone=timezone,
                    reason=reason,
                    category=category,
                    slos=names,
                    models=models,
                    repeat=repeat,
                    approver=approver,
                    line=section.line,
                )
            )
    return tuple(found)


def _alike(section: Section, start: datetime, end: datetime) -> bool:
    alike = (start.tzinfo is None) == (end.tzinfo is None)
    if not alike:
        section.flaw(section.line_of("to"), "one of from and to has an offset; give both one, or none", "to")
    return alike


def _time(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.year not in _YEARS:
        raise UnitError(f"{describe(value)} is not a time; write 2026-11-03 02:00")
    return at


def _repeat(section: Section, start: datetime, timezone: str) -> Repeat | None:
    """The recurrence; None without one or when (noted) wrong."""
    entry, until = section.present("repeat"), section.get("until", unit(_end))
    if entry is None:
        if section.present("until") is not None:
            section.flaw(section.line_of("until"), "needs repeat: daily, weekly, monthly or an RRULE", "until")
        return None
    parts = section.get("repeat", unit(_parts))
    if parts is None:
        return None
    if until is not None and {"COUNT", "UNTIL"} & parts.keys():
        section.flaw(section.line_of("until"), "the rule has an end already (COUNT or UNTIL)", "until")
        return None
    if "UNTIL" in parts:
        until = _rule_end(parts["UNTIL"])
    rest = ";".join(f"{key}={value}" for key, value in parts.items() if key not in ("COUNT", "UNTIL"))
    repeat = Repeat(
        rule=rest,
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=wall_time(until, timezone) if until is not None else None,
    )
    try:
        repeat.starts(start)
    except ValueError as error:
        section.flaw(section.line_of("repeat"), str(error), "repeat")
        return None
    return repeat


def _end(value: object) -> datetime:
    """The last moment at which an occurrence may begin; a date means the whole of that day."""
    at = _time(value)
    only_date = isinstance(value, str) and len(value.strip()) <= len("2026-11-03")
    return at + timedelta(days=1, microseconds=-1) if only_date else at


def _rule_end(value: str) -> datetime:
    """UNTIL of RFC 5545: a date, a local time, or a time in UTC (Z)."""
    at = datetime.fromisoformat(value)
    return at if "T" in value else datetime.combine(at, time.max)


def _parts(value: object) -> dict[str, str]:
    """The parts of an RRULE, or of what stands for one.

    Raises:
        UnitError: not a rule, or an end that cannot be read.
    """
    written = value.strip() if isinstance(value, str) else ""
    rule = _SHORT.get(written.lower(), written.upper().removeprefix("RRULE:"))
    pairs = [part.partition("=") for part in rule.split(";") if part]
    if not pairs or any(not sign for _, sign, _ in pairs):
        example = "RRULE:FREQ=WEEKLY;BYDAY=SU;COUNT=8"
        raise UnitError(f"{describe(value)} is no recurrence; write daily, weekly, monthly or a rule such as {example}")
    parts = {key.strip(): text_.strip() for key, _, text_ in pairs}
    for key in parts:
        if key not in _PARTS:
            raise UnitError(f"unknown part '{key}' of the rule{did_you_mean(key, _PARTS)}")
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise UnitError(f"'FREQ={frequency}' is not a frequency{did_you_mean(frequency, _FREQUENCIES)}")
    for key in ("INTERVAL", "COUNT"):
        if key in parts and not _WHOLE.fullmatch(parts[key]):
            raise UnitError(f"'{key}={parts[key]}' is not a whole number of at least 1")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise UnitError("COUNT and UNTIL exclude each other")
    if "BYSETPOS" in parts and frequency not in ("MONTHLY", "YEARLY"):
        raise UnitError("BYSETPOS needs FREQ=MONTHLY or FREQ=YEARLY")
    _check_end(parts.get("UNTIL"))
    return parts


def _check_end(until: str | None) -> None:
    try:
        if until is not None and (not _UNTIL.fullmatch(until) or not _rule_end(until)):
            raise ValueError
    except ValueError:
        raise UnitError(f"'UNTIL={until}' is not a time; write UNTIL=20261231 or UNTIL=20261231T235959Z") from None
