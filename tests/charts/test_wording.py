from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes import FakeWorkspace

from burnline.dashboard import wording

ZURICH = ZoneInfo("Europe/Zurich")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "objective", "text"),
    [
        (0.93532, 0.94, "93.53 %"),
        (0.99953, 0.999, "99.953 %"),
        (0.99995, 0.9999, "99.9950 %"),
        (1.0, 0.99, "100.00 %"),
        # Never rounded up to what was promised: 99.8999 % is not 99.9 %.
        (0.998999999, 0.999, "99.899 %"),
        (None, 0.99, "–"),
    ],
)
def test_an_sli_has_the_decimals_its_objective_calls_for(value: float | None, objective: float, text: str) -> None:
    assert plain(wording.sli(value, objective)) == text


@pytest.mark.parametrize(
    ("fraction", "digits", "text"),
    [(0.0831, 0, "8 %"), (-5.645, 0, "−564 %"), (12.4, 0, "1,240 %"), (-0.001, 0, "0 %"), (float("nan"), 0, "–")],
)
def test_percentages(fraction: float, digits: int, text: str) -> None:
    assert plain(wording.percent(fraction, digits)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (44.55, "44.5"), (628309.0, "628,309"), (12_345_678.0, "12.3 M"), (None, "–")]
)
def test_counts(value: float | None, text: str) -> None:
    assert plain(wording.count(value)) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=42), "42 s"),
        (timedelta(minutes=43, seconds=12), "43 min"),
        (timedelta(hours=10, minutes=37), "10 h 37 min"),
        (timedelta(days=1, hours=3), "1 d 3 h"),
        (timedelta(days=6, hours=3), "6 d"),
    ],
)
def test_durations(span: timedelta, text: str) -> None:
    assert plain(wording.duration(span)) == text


def test_thresholds_carry_their_unit() -> None:
    assert plain(wording.threshold(100.0, "ms")) == "100 ms"
    assert plain(wording.threshold(300.0, "s")) == "5 min"
    assert wording.threshold(0.8, None) == "0.8"


def test_objectives_are_written_as_promised() -> None:
    assert [plain(wording.objective(v)) for v in (0.9995, 0.94, 0.5)] == ["99.95 %", "94 %", "50 %"]


def test_moments_name_their_zone() -> None:
    assert wording.moment(datetime(2026, 7, 1, 22, 5, tzinfo=UTC), ZURICH) == "2 Jul 2026, 00:05 CEST"


def test_the_budget_in_minutes_is_that_of_the_window() -> None:
    status = FakeWorkspace().what_if("flights", "availability")
    # 99.9 % over 30 days is 43.2 minutes.
    left = wording.budget_minutes(status)
    assert left == pytest.approx(43.2 * (status.budget_remaining or 0))


def test_worst_first_leaves_out_what_has_no_data() -> None:
    fraud = FakeWorkspace().status("fraud").models[0]
    names = [slo.slo for slo in wording.worst_first(fraud.slos)]
    assert names[0] == "accuracy"
    assert "drift" not in names
