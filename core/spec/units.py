"""Percentages, times, rates and plain numbers as people write them, read exactly.

Every function takes what a YAML file may hold (text or a number) and raises ``UnitError`` with a
phrase that completes "<key>: …" when it cannot be read.
"""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PLAIN = re.compile(_NUMBER)
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*([^\d\s].*)")

_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86_400),
    "w": Decimal(604_800),
}
_PER_SECOND = {
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86_400),
}


class UnitError(ValueError):
    """A value cannot be read in the unit its key needs."""


def parse_decimal(value: object) -> Decimal:
    """Read a plain finite number exactly: ``0.15``, ``"0.15"``, ``1e-3``.

    A float counts as its shortest decimal form, so 0.1 is one tenth.

    Raises:
        UnitError: not a number, a boolean, or not finite.
    """
    number: Decimal | None = None
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
    elif isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        number = Decimal(value.strip())
    if number is None or not number.is_finite():
        raise UnitError(f"{describe(value)} is not a number")
    return number


def parse_percentage(value: object) -> Decimal:
    """Read a share as a fraction: ``99.9%``, ``99.9 %``, ``0.999`` and ``"0.999"`` are 0.999.

    Raises:
        UnitError: not a number, or a bare number above 1, which may have lost its percent sign.
    """
    if isinstance(value, str) and value.strip().endswith("%"):
        digits = value.strip()[:-1].strip()
        if not _PLAIN.fullmatch(digits):
            raise UnitError(f"{describe(value)} is not a percentage; write it as 99.9%")
        return Decimal(digits).scaleb(-2)
    try:
        number = parse_decimal(value)
    except UnitError:
        raise UnitError(f"{describe(value)} is not a percentage; write it as 99.9%") from None
    if number > 1:
        raise UnitError(f"{number} is above 1; write {number}% for a percentage")
    return number


def parse_objective(value: object) -> Decimal:
    """Read an objective: a percentage above 0 % and below 100 %.

    Raises:
        UnitError: not a percentage, or outside the open interval.
    """
    fraction = parse_percentage(value)
    if fraction <= 0:
        raise UnitError(f"an objective of {value} is always met; it must be above 0%")
    if fraction >= 1:
        raise UnitError(f"an objective of {value} leaves no error budget; it must be below 100%, such as 99.9%")
    return fraction


def parse_elapsed(value: object, bare: str | None = None) -> Decimal:
    """Read a span of time in seconds: ``100ms``, ``1.5s``, ``5m``, ``2h``, ``30d``, ``1w``.

    ``bare`` is the unit that a plain number is taken to have; without it a number needs a unit.

    Raises:
        UnitError: not a time, an unknown unit, a missing unit, or below zero.
    """
    text = value.strip() if isinstance(value, str) else value
    try:
        number, unit = parse_decimal(text), bare
    except UnitError:
        match = _WITH_UNIT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise UnitError(f"{describe(value)} is not a time; write 100ms, 1.5s, 5m or 2h") from None
        number, unit = Decimal(match[1]), match[2].strip()
    if unit is None:
        raise UnitError(f"{value} has no unit; write {value}s or {value}m")
    if unit not in _SECONDS:
        known = ", ".join(_SECONDS)
        raise UnitError(f"{describe(value)} has the unknown unit '{unit}'; units of time: {known}")
    if number < 0:
        raise UnitError(f"{describe(value)} is below zero")
    return number * _SECONDS[unit]


def parse_milliseconds(value: object) -> float:
    """Read a latency in milliseconds: ``100ms``, ``0.1s``; a plain number is milliseconds.

    Raises:
        UnitError: not a time, or not above zero.
    """
    return float(_positive(parse_elapsed(value, "ms"), value) * 1000)


def parse_seconds(value: object) -> float:
    """Read an age in seconds: ``5m``, ``300s``; a plain number is seconds.

    Raises:
        UnitError: not a time, or not above zero.
    """
    return float(_positive(parse_elapsed(value, "s"), value))


def parse_rate(value: object) -> float:
    """Read a rate per second: ``5/s``, ``300/m``, ``1000/h``; a plain number is per second.

    Raises:
        UnitError: not a rate, an unknown unit, or not above zero.
    """
    text = value
    divisor = Decimal(1)
    if isinstance(value, str) and "/" in value:
        text, _, unit = value.partition("/")
        if unit.strip() not in _PER_SECOND:
            known = ", ".join(f"/{name}" for name in _PER_SECOND)
            raise UnitError(f"{describe(value)} has the unknown unit '/{unit.strip()}'; rates: {known}")
        divisor = _PER_SECOND[unit.strip()]
    try:
        number = parse_decimal(text)
    except UnitError:
        raise UnitError(f"{describe(value)} is not a rate; write 5/s or 300/m") from None
    return float(_positive(number, value) / divisor)


def parse_number(value: object) -> float:
    """Read a plain finite number.

    Raises:
        UnitError: not a number.
    """
    return float(parse_decimal(value))


def parse_positive(value: object) -> float:
    """Read a plain number above zero.

    Raises:
        UnitError: not a number, or not above zero.
    """
    return float(_positive(parse_decimal(value), value))


def parse_fraction(value: object) -> float:
    """Read a number from 0 to 1, also written as a percentage: ``0.8``, ``80%``.

    Raises:
        UnitError: not a number, or outside 0 to 1.
    """
    fraction = parse_percentage(value)
    if not 0 <= fraction <= 1:
        raise UnitError(f"{describe(value)} is not between 0 and 1")
    return float(fraction)


def format_percentage(fraction: Decimal) -> str:
    """Write a fraction as the shortest exact percentage: 0.999 is ``99.9%``."""
    percent = fraction.scaleb(2).normalize()
    return f"{percent:f}%"


def describe(value: object) -> str:
    """Name a value in an error: text in quotes, the rest as YAML writes it."""
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}…'"
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return str(value)


def _positive(number: Decimal, value: object) -> Decimal:
    if number <= 0:
        raise UnitError(f"{describe(value)} must be above zero")
    return number
