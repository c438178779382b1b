"""When a drift began."""

import numpy as np

from burnline.drift.onset import onset, run_of


def test_the_onset_is_the_first_hour_that_looks_like_what_came_after() -> None:
    before, after = np.array([90.0, 10.0]), np.array([20.0, 80.0])
    hours = np.array([[9, 1], [8, 2], [9, 1], [2, 8], [1, 9], [3, 7]], dtype=float)
    assert onset(hours, before, after) == 3


def test_nothing_that_looks_like_what_came_after_has_no_onset() -> None:
    before, after = np.array([90.0, 10.0]), np.array([20.0, 80.0])
    assert onset(np.array([[9.0, 1.0]] * 4), before, after) == 4


def test_an_hour_without_rows_says_nothing() -> None:
    before, after = np.array([90.0, 10.0]), np.array([20.0, 80.0])
    assert onset(np.array([[9.0, 1.0], [0.0, 0.0], [1.0, 9.0]]), before, after) in (1, 2)


def test_a_run_goes_back_over_a_gap_of_two_days_and_no_further() -> None:
    days = np.arange(10)
    drifted = np.isin(days, [1, 5, 8])
    # 5 and 8 leave out 6 and 7; between 1 and 5 three days are calm.
    assert run_of(days, drifted, 9) == 5


def test_days_after_the_question_are_not_looked_at() -> None:
    days = np.arange(10)
    assert run_of(days, days == 8, 7) is None
