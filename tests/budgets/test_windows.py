"""Windows: which buckets, in which time zone, whatever the clocks do."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.windows import begin, bucket, burn_spans, previous_spans, rolling, span
from burnline.spec.windows import Calendar, Window, parse_duration

ZURICH = "Europe/Zurich"


def calendar_window(duration: str, start: str = "2026-01-01 00:00:00", zone: str = ZURICH) -> Window:
    return Window(
        duration=parse_duration(duration),
        calendar=Calendar(start_time=datetime.fromisoformat(start), time_zone=zone),
    )


def rolling_window(duration: str) -> Window:
    return Window(duration=parse_duration(duration))


def hours(delta: timedelta) -> float:
    return delta / timedelta(hours=1)


moments = st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2039, 12, 31), timezones=st.just(UTC))
zones = st.sampled_from(
    [
        "UTC",
        ZURICH,
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Cairo",
        "America/Asuncion",
    ]
)
durations = st.sampled_from(["1d", "3d", "1w", "2w", "1M", "1Q", "1Y", "5M"])


def test_a_bucket_is_five_minutes_from_its_begin():
    assert bucket(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert bucket(datetime(1970, 1, 1, 0, 4, 59, 999999, tzinfo=UTC)) == 0
    assert bucket(datetime(1970, 1, 1, 0, 5, tzinfo=UTC)) == 1
    assert bucket(datetime(1969, 12, 31, 23, 59, tzinfo=UTC)) == -1
    # 2026-10-01 00:00 UTC = 1 790 812 800 s; / 300 = 5 969 376
    assert bucket(datetime(2026, 10, 1, tzinfo=UTC)) == 5_969_376
    assert begin(5_969_376) == datetime(2026, 10, 1, tzinfo=UTC)


def test_a_time_without_offset_is_refused():
    with pytest.raises(ValueError, match="has no offset"):
        bucket(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("duration", "buckets"),
    [("5m", 1), ("30m", 6), ("1h", 12), ("6h", 72), ("3d", 864), ("30d", 8640)],
)
@pytest.mark.parametrize("second", [0, 1, 299])
def test_a_rolling_window_of_whole_buckets_always_holds_as_many(duration, buckets, second):
    at = datetime(2026, 10, 1, 12, tzinfo=UTC) + timedelta(seconds=second)
    found = span(rolling_window(duration), at)
    assert found.last == bucket(at)
    assert found.last - found.first + 1 == buckets


def test_a_rolling_window_excludes_the_bucket_that_begins_at_its_start():
    at = datetime(2026, 10, 31, tzinfo=UTC)
    found = span(rolling_window("30d"), at)
    assert begin(found.first) == datetime(2026, 10, 1, 0, 5, tzinfo=UTC)
    assert begin(found.last) == at
    assert (found.from_, found.to, found.ends_at) == (datetime(2026, 10, 1, tzinfo=UTC), at, at)


def test_a_rolling_window_lasts_as_long_when_the_clocks_change_in_it():
    # Noon of 26 October in Zurich is 11:00 UTC; 36 hours before is 24 October 23:00 UTC, when
    # clocks showed 01:00 on the 25th, not midnight.
    at = datetime(2026, 10, 26, 12, tzinfo=ZoneInfo(ZURICH))
    found = span(rolling_window("36h"), at)
    assert found.from_.isoformat() == "2026-10-25T01:00:00+02:00"
    assert found.length == timedelta(hours=36)
    assert (found.first, found.last) == (
        span(rolling_window("36h"), at.astimezone(UTC)).first,
        bucket(at),
    )
    assert found.last - found.first + 1 == 36 * 12


def test_a_rolling_month_has_no_length():
    with pytest.raises(ValueError, match="1M has no fixed length"):
        span(rolling_window("1M"), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_window_shorter_than_a_bucket_may_hold_none():
    found = span(rolling_window("1m"), datetime(2026, 1, 1, 0, 3, tzinfo=UTC))
    assert found.first == found.last + 1


@pytest.mark.parametrize(
    ("month", "expected"),
    # March loses the hour from 02:00 to 03:00 on the 29th: 31 x 24 - 1 = 743.
    # October repeats one on the 25th: 31 x 24 + 1 = 745. Others: days x 24.
    [(1, 744), (2, 672), (3, 743), (4, 720), (9, 720), (10, 745), (11, 720), (12, 744)],
)
def test_months_in_zurich_have_their_real_hours_in_2026(month, expected):
    at = datetime(2026, month, 15, 12, tzinfo=UTC)
    found = span(calendar_window("1M"), at)
    assert hours(found.length) == expected
    whole = span(calendar_window("1M"), found.ends_at - timedelta(microseconds=1))
    assert whole.last - whole.first + 1 == expected * 12


def test_october_in_zurich_begins_in_summer_time_and_ends_in_winter_time():
    found = span(calendar_window("1M"), datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    assert found.from_.isoformat() == "2026-10-01T00:00:00+02:00"
    assert found.to.isoformat() == "2026-10-31T23:59:00+01:00"
    assert found.ends_at.isoformat() == "2026-11-01T00:00:00+01:00"
    assert begin(found.first) == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert begin(found.last) == datetime(2026, 10, 31, 22, 55, tzinfo=UTC)


def test_a_period_begins_with_the_bucket_of_its_midnight():
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo(ZURICH))
    assert span(calendar_window("1M"), midnight).first == bucket(midnight)
    assert span(calendar_window("1M"), midnight).last == bucket(midnight)
    before = span(calendar_window("1M"), midnight - timedelta(microseconds=1))
    assert before.last == bucket(midnight) - 1


@pytest.mark.parametrize(("day", "expected"), [(28, 24), (29, 23), (30, 24)])
def test_the_day_the_clocks_go_forward_has_23_hours(day, expected):
    found = span(calendar_window("1d"), datetime(2026, 3, day, 12, tzinfo=UTC))
    assert hours(found.length) == expected


def test_the_week_the_clocks_go_back_has_169_hours():
    # Weeks from Monday 5 January 2026; Monday 19 to Sunday 25 October: 7 x 24 + 1.
    window = calendar_window("1w", "2026-01-05 00:00:00")
    found = span(window, datetime(2026, 10, 21, tzinfo=UTC))
    assert found.from_.isoformat() == "2026-10-19T00:00:00+02:00"
    assert hours(found.length) == 169


def test_a_midnight_that_does_not_exist_becomes_the_first_instant_that_does():
    # Sao Paulo, 4 November 2018: 23:59:59 -03:00 is followed by 01:00:00 -02:00.
    window = calendar_window("1d", "2018-01-01 00:00:00", "America/Sao_Paulo")
    found = span(window, datetime(2018, 11, 4, 12, tzinfo=UTC))
    assert found.from_.isoformat() == "2018-11-04T01:00:00-02:00"
    assert begin(found.first) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert hours(found.length) == 23


def test_the_first_existing_instant_is_the_end_of_the_jump_not_one_jump_later():
    # Zurich, 29 March 2026: from 02:00 +01:00 to 03:00 +02:00; 02:30 never shows.
    window = calendar_window("1d", "2026-01-01 02:30:00")
    found = span(window, datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert found.from_.isoformat() == "2026-03-29T03:00:00+02:00"


def test_of_two_midnights_the_first_begins_the_day():
    # Havana, 1 November 2026: 00:59:59 -04:00 is followed by 00:00:00 -05:00.
    window = calendar_window("1d", "2026-01-01 00:00:00", "America/Havana")
    found = span(window, datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert found.from_.isoformat() == "2026-11-01T00:00:00-04:00"
    assert hours(found.length) == 25


def test_a_day_that_a_zone_skipped_holds_nothing_and_breaks_nothing():
    # Apia crossed the date line: 29 December 2011 is followed by the 31st.
    window = calendar_window("1d", "2011-01-01 00:00:00", "Pacific/Apia")
    found = span(window, datetime(2011, 12, 30, 12, tzinfo=UTC))
    assert found.from_.isoformat() == "2011-12-31T00:00:00+14:00"
    (before,) = previous_spans(window, datetime(2011, 12, 30, 12, tzinfo=UTC), 1)
    assert before.from_.isoformat() == "2011-12-29T00:00:00-10:00"
    assert before.ends_at == found.from_


@pytest.mark.parametrize(("year", "days"), [(2027, 28), (2028, 29), (2100, 28), (2000, 29)])
def test_february_has_its_leap_day(year, days):
    found = span(calendar_window("1M", zone="UTC"), datetime(year, 2, 10, tzinfo=UTC))
    assert found.length == timedelta(days=days)


def test_a_leap_year_has_366_days_and_a_leap_birthday_clamps():
    assert span(calendar_window("1Y"), datetime(2028, 6, 1, tzinfo=UTC)).length == timedelta(days=366)
    window = calendar_window("1Y", "2028-02-29 00:00:00", "UTC")
    assert span(window, datetime(2029, 3, 1, tzinfo=UTC)).from_.date().isoformat() == "2029-02-28"
    assert span(window, datetime(2032, 3, 1, tzinfo=UTC)).from_.date().isoformat() == "2032-02-29"


def test_months_anchored_on_the_31st_begin_on_the_last_day_of_shorter_ones():
    window = calendar_window("1M", "2026-01-31 00:00:00", "UTC")
    begins = [span(window, datetime(2026, month, 15, tzinfo=UTC)).from_.date().isoformat() for month in (2, 3, 4, 5)]
    assert begins == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_quarters_and_fortnights_count_from_the_start_time():
    at = datetime(2026, 11, 20, tzinfo=UTC)
    quarter = span(calendar_window("1Q"), at)
    assert (quarter.from_.date().isoformat(), quarter.ends_at.date().isoformat()) == (
        "2026-10-01",
        "2027-01-01",
    )
    # 5 January + 22 fortnights (308 days) = 9 November
    fortnight = span(calendar_window("2w", "2026-01-05 00:00:00"), at)
    assert fortnight.from_.date().isoformat() == "2026-11-09"


def test_periods_extend_before_the_start_time():
    found = span(calendar_window("1M", "2026-06-01 00:00:00"), datetime(2025, 12, 24, tzinfo=UTC))
    assert found.from_.isoformat() == "2025-12-01T00:00:00+01:00"


def test_a_boundary_inside_a_bucket_belongs_to_the_next_bucket():
    window = calendar_window("1d", "2026-01-01 00:02:00", "UTC")
    at = datetime(2026, 1, 2, 0, 3, tzinfo=UTC)
    assert begin(span(window, at).first) == datetime(2026, 1, 2, 0, 5, tzinfo=UTC)
    assert span(window, at).first == span(window, at).last + 1


def test_burn_windows_end_with_the_current_bucket():
    at = datetime(2026, 10, 1, 12, 3, tzinfo=UTC)
    spans = burn_spans(at)
    assert {name: s.last - s.first + 1 for name, s in spans.items()} == {
        "5m": 1,
        "30m": 6,
        "1h": 12,
        "6h": 72,
        "3d": 864,
    }
    assert {s.last for s in spans.values()} == {bucket(at)}


def test_twelve_months_back_from_october_are_the_months_of_a_year():
    spans = previous_spans(calendar_window("1M"), datetime(2026, 10, 20, tzinfo=UTC), 12)
    assert [s.from_.strftime("%Y-%m") for s in spans] == [
        *(f"2025-{m}" for m in (10, 11, 12)),
        *(f"2026-{m:02}" for m in range(1, 10)),
    ]
    assert all(s.to == s.ends_at for s in spans)
    # 365 days; both changes of the clocks lie within
    assert hours(sum((s.length for s in spans), timedelta())) == 365 * 24


@given(moments, durations, zones)
def test_the_period_contains_the_moment(at, duration, zone):
    found = span(calendar_window(duration, zone=zone), at)
    assert found.from_ <= at < found.ends_at
    assert found.to == at
    assert begin(found.first - 1) < found.from_ <= begin(found.first)


@given(moments, durations, st.one_of(st.none(), zones))
def test_successive_windows_cover_every_bucket_once(at, duration, zone):
    if zone is None and duration[-1] in "MQY":
        duration = "30d"
    window = rolling_window(duration) if zone is None else calendar_window(duration, zone=zone)
    spans = (*previous_spans(window, at, 3), span(window, at))
    for earlier, later in itertools.pairwise(spans):
        assert later.first == earlier.last + 1
        assert later.from_ == earlier.ends_at


@given(moments, zones)
def test_days_begin_at_the_first_bucket_of_their_date(at, zone):
    found = span(calendar_window("1d", zone=zone), at)
    place = ZoneInfo(zone)
    today = at.astimezone(place).date()
    assert begin(found.first).astimezone(place).date() == today
    assert begin(found.first - 1).astimezone(place).date() < today


@given(moments, st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=90)))
def test_a_rolling_window_holds_what_begins_in_it(at, duration):
    found = rolling(duration, at)
    assert begin(found.first - 1) <= at - duration < begin(found.first)
    assert begin(found.last) <= at < begin(found.last + 1)
