"""Durations, windows and time zones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.spec import Calendar, Duration, Window, parse_duration
from burnline.spec.units import UnitError
from burnline.spec.windows import DurationUnit, parse_start_time, parse_time_zone


@given(st.integers(1, 10), st.sampled_from(get_args(DurationUnit)))
def test_a_duration_survives_writing_and_reading(count: int, unit: DurationUnit) -> None:
    duration = Duration(count=count, unit=unit)
    assert parse_duration(str(duration)) == duration


def test_fixed_lengths() -> None:
    assert parse_duration("30d").fixed == timedelta(days=30)
    assert parse_duration("4w").fixed == timedelta(days=28)
    assert parse_duration("90m").fixed == timedelta(hours=1.5)
    assert not parse_duration("1Q").is_fixed
    with pytest.raises(ValueError, match="1M has no fixed length"):
        _ = parse_duration("1M").fixed


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("30", "'30' is not a duration; write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M"),
        (30, "30 is not a duration; write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M"),
        ("1.5d", "'1.5d' is not a duration; write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M"),
        ("30s", "'30s' is not a duration; write a whole number and m, h, d, w, M, Q or Y, such as 30d or 1M"),
        ("0d", "'0d' is empty; it must be longer than zero"),
        ("11Y", "'11Y' is longer than ten years"),
        ("999999w", "'999999w' is longer than ten years"),
    ],
)
def test_a_duration_that_cannot_be_read(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_duration(value)
    assert str(caught.value) == message


def test_the_kind_of_a_window() -> None:
    month = Duration(count=1, unit="M")
    calendar = Calendar(start_time=datetime(2026, 1, 1), time_zone="UTC")
    assert Window(duration=Duration(count=30, unit="d")).kind == "rolling"
    assert Window(duration=month, calendar=calendar).kind == "calendar"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Europe/Zurch", "'Europe/Zurch' is not a time zone; did you mean 'Europe/Zurich'?"),
        ("europe/zurich", "'europe/zurich' is not a time zone; did you mean 'Europe/Zurich'?"),
        ("Mars", "'Mars' is not a time zone; write a name such as Europe/Zurich"),
        ("../etc/passwd", "'../etc/passwd' is not a time zone; write a name such as Europe/Zurich"),
        (2, "2 is not a time zone; write a name such as Europe/Zurich"),
    ],
)
def test_an_unknown_time_zone(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_time_zone(value)
    assert str(caught.value) == message


def test_the_start_of_a_calendar() -> None:
    assert parse_start_time("2026-01-01 00:00:00") == datetime(2026, 1, 1)
    assert parse_start_time("2026-01-01") == datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("soon", "'soon' is not a date; write 2026-01-01 00:00:00"),
        (2026, "2026 is not a date; write 2026-01-01 00:00:00"),
        ("2026-02-30", "'2026-02-30' is not a date; write 2026-01-01 00:00:00"),
        ("2026-01-01T00:00:00Z", "'2026-01-01T00:00:00Z' has an offset; write local time and set timeZone"),
        ("2026-01-01 09:00:00", "'2026-01-01 09:00:00' is not midnight; calendar windows begin at local midnight"),
    ],
)
def test_a_start_that_cannot_be_read(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_start_time(value)
    assert str(caught.value) == message
