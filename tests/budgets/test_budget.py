"""Budgets and burn rates: the worked examples of the Site Reliability Workbook and Google SRE."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.budget import (
    budget,
    budget_spent,
    burn_rate,
    minutes,
    time_to_exhaustion,
)

D = Decimal
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)

objectives = st.decimals(min_value=D("0.001"), max_value=D("0.99999"), places=5)
counts = st.integers(min_value=1, max_value=10**12)


def test_three_million_requests_at_999_may_fail_three_thousand_times():
    # (1 - 0.999) x 3 000 000 = 3 000, and 1 500 of them are half.
    found = budget(D("0.999"), 3_000_000, 1_500)
    assert found.budget_total == 3000.0
    assert found.consumed == 1500.0
    assert found.remaining == 0.5
    assert found.good == 2_998_500
    assert found.value == 0.9995


def test_a_budget_spent_to_the_last_event_is_exactly_zero():
    assert budget(D("0.999"), 3_000_000, 3_000).remaining == 0.0
    # 33 weighted events at 95 %: 0.05 x 33 = 1.65, which no binary fraction holds.
    assert budget(D("0.95"), 33.0, 1.65).remaining == 0.0


def test_an_overspent_budget_is_below_zero():
    # 1 - 9 000 / 3 000
    assert budget(D("0.999"), 3_000_000, 9_000).remaining == -2.0


def test_good_events_have_no_rounding_error():
    assert budget(D("0.5"), 0.3, 0.1).good == 0.2


@pytest.mark.parametrize(
    ("objective", "valid", "bad", "message"),
    [
        ("0.99", 0, 0, "needs valid events"),
        ("0.99", 10, 11, "11 bad of 10"),
        ("0.99", 10, -1, "-1 bad of 10"),
        ("1", 10, 1, "not between 0 and 1"),
        ("0", 10, 1, "not between 0 and 1"),
    ],
)
def test_impossible_counts_and_objectives_are_refused(objective, valid, bad, message):
    with pytest.raises(ValueError, match=message):
        budget(D(objective), valid, bad)


def test_the_burn_rate_is_the_error_ratio_over_the_budget_fraction():
    # 1.44 % errors at 99.9 %: 0.0144 / 0.001
    assert burn_rate(D("0.999"), 10_000, 144) == 14.4
    assert burn_rate(D("0.999"), 10_000, 10) == 1.0
    assert burn_rate(D("0.999"), 10_000, 0) == 0.0
    assert burn_rate(D("0.999"), 0, 0) is None


@pytest.mark.parametrize(("objective", "highest"), [("0.9", 10), ("0.999", 1000), ("0.99999", 1e5)])
def test_a_full_outage_burns_at_one_over_the_budget_fraction(objective, highest):
    assert burn_rate(D(objective), 7, 7) == highest


def test_one_failure_of_ten_an_hour_burns_a_hundredfold():
    # 10 % / 0.1 % = 100; an hour of it spends 100 x 1 / 720 = 13.9 % of 30 days;
    # 10 x 720 requests at 99.9 % may fail 7.2 times. (The book prints 1,000x: a slip.)
    assert burn_rate(D("0.999"), 10, 1) == 100
    assert budget_spent(100, HOUR, MONTH) == pytest.approx(0.13889, abs=5e-6)
    assert budget(D("0.999"), 10 * 720, 0).budget_total == 7.2


def test_seventy_events_are_needed_for_one_failure_to_stay_below_the_page_threshold():
    # n >= 1 / (14.4 x 0.001) = 69.4
    below, above = burn_rate(D("0.999"), 70, 1), burn_rate(D("0.999"), 69, 1)
    assert below is not None
    assert above is not None
    assert below < 14.4 < above


@pytest.mark.parametrize(
    ("burn", "elapsed", "spent"),
    [
        (14.4, HOUR, 0.02),  # 14.4 x 1 / 720
        (6, 6 * HOUR, 0.05),  # 6 x 6 / 720
        (1, 72 * HOUR, 0.1),  # 72 / 720
        (3, 24 * HOUR, 0.1),  # 3 x 24 / 720
        (36, HOUR, 0.05),  # 36 / 720
        (10, HOUR, 0.01389),  # full outage at 90 %: 10 / 720 = 1.4 % an hour
        (1000, HOUR, 1.38889),  # an hour of full outage at 99.9 % burns 140 %
        (1000, timedelta(minutes=5), 0.11574),  # five minutes of it 12 %
        (1, timedelta(minutes=10), 0.00023),  # 0.1 % errors for ten minutes: 10 / 43 200 = 0.02 %
    ],
)
def test_budget_spent_is_burn_times_share_of_the_window(burn, elapsed, spent):
    assert budget_spent(burn, elapsed, MONTH) == pytest.approx(spent, abs=5e-6)


@pytest.mark.parametrize(
    ("burn", "expected"),
    [
        (1, timedelta(days=30)),
        (2, timedelta(days=15)),
        (10, timedelta(days=3)),
        (1000, timedelta(minutes=43, seconds=12)),  # 43 200 min / 1000
        (35, timedelta(hours=720 / 35)),  # 20.57 h, and the 36x alert never fires
    ],
)
def test_a_full_budget_lasts_the_window_over_the_burn_rate(burn, expected):
    lasts = time_to_exhaustion(1, burn, MONTH)
    assert lasts is not None
    assert abs(lasts - expected) < timedelta(milliseconds=1)


def test_what_is_left_lasts_in_proportion():
    assert time_to_exhaustion(0.25, 2, MONTH) == timedelta(days=3.75)
    assert time_to_exhaustion(0, 2, MONTH) == timedelta(0)
    assert time_to_exhaustion(-0.5, 0, MONTH) == timedelta(0)
    assert time_to_exhaustion(0.5, 0, MONTH) is None
    assert time_to_exhaustion(0.5, 1e-300, MONTH) is None


def test_the_budget_as_minutes_of_full_outage():
    # 43 200 min x 0.001 = 43.2; half of it 21.6; five nines: 0.432 min = 25.9 s
    assert minutes(D("0.999"), MONTH, 1) == 43.2
    assert minutes(D("0.999"), MONTH, 0.5) == 21.6
    assert minutes(D("0.99999"), MONTH, 1) * 60 == pytest.approx(25.92)
    assert minutes(D("0.999"), MONTH, -1) == -43.2


def test_one_percent_of_bad_rollout_exhausts_five_nines_in_43_minutes():
    burn = burn_rate(D("0.99999"), 100, 1)
    assert burn == 1000
    lasts = time_to_exhaustion(1, burn, MONTH)
    assert lasts is not None
    assert round(lasts / timedelta(minutes=1)) == 43


@given(objectives, counts, st.data())
def test_splitting_the_data_changes_nothing(objective, valid, data):
    bad = data.draw(st.integers(0, valid))
    part_valid = data.draw(st.integers(0, valid))
    part_bad = data.draw(st.integers(max(0, bad - (valid - part_valid)), min(bad, part_valid)))
    parts = [(part_valid, part_bad), (valid - part_valid, bad - part_bad)]
    whole = budget(objective, valid, bad)
    again = budget(objective, sum(v for v, _ in parts), sum(b for _, b in reversed(parts)))
    assert whole == again


@given(objectives, counts, st.data())
def test_a_good_event_never_raises_the_burn_rate(objective, valid, data):
    bad = data.draw(st.integers(0, valid))
    before, after = burn_rate(objective, valid, bad), burn_rate(objective, valid + 1, bad)
    assert before is not None
    assert after is not None
    assert after <= before


@given(objectives, counts, st.data())
def test_remaining_is_the_margin_over_the_budget_fraction(objective, valid, data):
    # 1 - bad / (b x total) = (value - T) / (1 - T)
    found = budget(objective, valid, data.draw(st.integers(0, valid)))
    margin = (found.value - float(objective)) / float(1 - objective)
    assert found.remaining == pytest.approx(margin, rel=1e-6, abs=1e-6)
    assert (found.remaining < 0) == (Decimal(found.bad) > (1 - objective) * Decimal(found.total))
