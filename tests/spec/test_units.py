"""Percentages, times, rates and numbers, read exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.spec import units
from burnline.spec.units import UnitError


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        ("99.9%", "0.999"),
        ("99.9 %", "0.999"),
        (" 99.9% ", "0.999"),
        (0.999, "0.999"),
        ("0.999", "0.999"),
        (Decimal("0.999"), "0.999"),
        ("50%", "0.5"),
        (".5", "0.5"),
    ],
)
def test_an_objective(value: object, fraction: str) -> None:
    assert units.parse_objective(value) == Decimal(fraction)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (99.9, "99.9 is above 1; write 99.9% for a percentage"),
        ("95", "95 is above 1; write 95% for a percentage"),
        ("100%", "an objective of 100% leaves no error budget; it must be below 100%, such as 99.9%"),
        (1, "an objective of 1 leaves no error budget; it must be below 100%, such as 99.9%"),
        ("100.1%", "an objective of 100.1% leaves no error budget; it must be below 100%, such as 99.9%"),
        (0, "an objective of 0 is always met; it must be above 0%"),
        ("-5%", "an objective of -5% is always met; it must be above 0%"),
        ("99,9%", "'99,9%' is not a percentage; write it as 99.9%"),
        ("high", "'high' is not a percentage; write it as 99.9%"),
        (True, "the boolean true is not a percentage; write it as 99.9%"),
        ("nan", "'nan' is not a percentage; write it as 99.9%"),
        (float("nan"), "nan is not a percentage; write it as 99.9%"),
        (Decimal("Infinity"), "Infinity is not a percentage; write it as 99.9%"),
        (None, "an empty value is not a percentage; write it as 99.9%"),
    ],
)
def test_an_impossible_objective(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_objective(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("100ms", "0.1"),
        ("1.5s", "1.5"),
        ("5m", "300"),
        ("5 min", "300"),
        ("2h", "7200"),
        ("30d", "2592000"),
        ("1w", "604800"),
        ("250us", "0.00025"),
        ("0m", "0"),
        ("1e3ms", "1"),
    ],
)
def test_an_elapsed_time(text: str, seconds: str) -> None:
    assert units.parse_elapsed(text) == Decimal(seconds)


def test_a_plain_number_is_milliseconds_as_a_latency_and_seconds_as_an_age() -> None:
    assert units.parse_milliseconds(100) == 100.0
    assert units.parse_milliseconds("0.1s") == 100.0
    assert units.parse_seconds(300) == 300.0
    assert units.parse_seconds("5m") == 300.0
    with pytest.raises(UnitError, match="300 has no unit; write 300s or 300m"):
        units.parse_elapsed(300)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("100xs", "'100xs' has the unknown unit 'xs'; units of time: ns, us, µs, ms, s, m, min, h, d, w"),
        ("fast", "'fast' is not a time; write 100ms, 1.5s, 5m or 2h"),
        ("-5s", "'-5s' is below zero"),
        ("0ms", "'0ms' must be above zero"),
        (True, "the boolean true is not a time; write 100ms, 1.5s, 5m or 2h"),
    ],
)
def test_a_time_that_cannot_be_read(text: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_milliseconds(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "rate"), [("5/s", 5.0), ("300/m", 5.0), ("300 / min", 5.0), ("3600/h", 1.0), (2.5, 2.5), ("86400/d", 1.0)]
)
def test_a_rate(text: object, rate: float) -> None:
    assert units.parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5/x", "'5/x' has the unknown unit '/x'; rates: /s, /m, /min, /h, /d"),
        ("many", "'many' is not a rate; write 5/s or 300/m"),
        ("0/s", "'0/s' must be above zero"),
    ],
)
def test_a_rate_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse_rate(text)
    assert str(caught.value) == message


def test_plain_numbers() -> None:
    assert units.parse_number("0.15") == 0.15
    assert units.parse_number(-90) == -90.0
    assert units.parse_positive("1e-3") == 0.001
    assert units.parse_fraction("80%") == units.parse_fraction(0.8) == 0.8
    with pytest.raises(UnitError, match="'x' is not a number"):
        units.parse_number("x")
    with pytest.raises(UnitError, match="0 must be above zero"):
        units.parse_positive(0)
    with pytest.raises(UnitError, match=r"-0\.1 is not between 0 and 1"):
        units.parse_fraction(-0.1)


@given(st.decimals(min_value=0, max_value=1, places=7))
def test_a_percentage_survives_writing_and_reading(fraction: Decimal) -> None:
    assert units.parse_percentage(units.format_percentage(fraction)) == fraction


@given(st.integers(1, 10**6), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_a_time_is_read_exactly(count: int, unit: str) -> None:
    size = {"ms": Decimal("0.001"), "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert units.parse_elapsed(f"{count}{unit}") == count * size
