"""Bad days that are over, told apart from the rate."""

from __future__ import annotations

import numpy as np
import pytest

from burnline.budgets.forecast_incidents import incidents

DAYS = 42


def found(bad: np.ndarray, latest: tuple[float, float] | None = None, valid: float = 10_000.0) -> list[int]:
    counts = np.asarray(bad, dtype=float)[None, :]
    hours = None if latest is None else (np.array([latest[0]]), np.array([latest[1]]))
    return np.flatnonzero(incidents(np.full(counts.shape, valid), counts, hours).days[0]).tolist()


def quiet(**days: float) -> np.ndarray:
    """Ten bad a day but on days named d0..d41."""
    bad = np.full(DAYS, 10.0)
    for name, value in days.items():
        bad[int(name[1:])] = value
    return bad


@pytest.mark.parametrize("day", [0, 1, 20, 40])
def test_a_day_that_towers_over_its_week_was_an_incident(day: int):
    assert found(quiet(**{f"d{day}": 500})) == [day]


def test_the_last_day_is_one_only_when_the_last_hours_are_calm():
    assert found(quiet(d41=500)) == []
    assert found(quiet(d41=500), latest=(2_500, 3)) == [41]
    assert found(quiet(d41=500), latest=(2_500, 300)) == []
    # Five events of which none is bad do not prove that 5 % are over.
    assert found(quiet(d41=500), latest=(5, 0)) == []


def test_an_incident_may_last_three_days():
    assert found(quiet(d20=500, d21=700, d22=400)) == [20, 21, 22]
    assert found(quiet(d38=500, d39=700, d40=400)) == [38, 39, 40]


def test_a_new_level_a_trend_and_a_season_are_no_incidents():
    assert found(np.where(np.arange(DAYS) < 35, 10.0, 100.0)) == []
    assert found(np.where(np.arange(DAYS) < 35, 100.0, 10.0)) == []
    assert found(10 * 1.1 ** np.arange(DAYS)) == []
    assert found(np.where(np.arange(DAYS) % 7 == 2, 500.0, 10.0)) == []


def test_chance_is_none():
    rng = np.random.default_rng(1)
    valid = np.full((500, DAYS), 10_000.0)
    assert not incidents(valid, rng.poisson(2, (500, DAYS)).astype(float)).days.any(axis=1).mean() > 0.02
    assert not incidents(valid, rng.poisson(200, (500, DAYS)).astype(float)).days.any()


def test_incidents_come_again_as_often_and_as_large_as_before():
    bad = quiet(d10=510, d25=1_010)[None, :]
    answer = incidents(np.full(bad.shape, 10_000.0), bad)
    # Beyond the usual ten: 1,000 and 500 of 10,000, in turn.
    assert answer.chance.tolist() == [2 / 42]
    assert answer.excess[0] == pytest.approx([0.1, 0.05] * 4)


def test_nothing_bad_or_no_data_has_no_incidents():
    for counts in (np.zeros((2, DAYS)), np.full((2, 1), 5.0)):
        answer = incidents(np.zeros_like(counts), counts)
        assert not answer.days.any()
        assert answer.chance.tolist() == [0, 0]
        assert (answer.excess == 0).all()
