"""What is said about alerts when an SLO is defined."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from burnline.alerts.warnings import hours_to_proof, warnings
from burnline.budgets.burn_rules import rules

D = Decimal
MONTH = timedelta(days=30)


def said(objective, length=MONTH, **known):
    return warnings(D(objective), rules(length), length=length, **known)


def test_an_slo_with_traffic_and_room_has_no_warning():
    assert said("0.999", valid_per_hour=1000, healthy_rate=0.0005) == ()
    assert said("0.999") == ()


def test_a_threshold_beyond_a_total_outage_is_named():
    # 90 %: a total outage burns at 10.
    assert said("0.9") == (
        "The 1h/5m page needs a burn rate above 14.4 and a total outage burns at 10: it can never fire.",
    )


def test_a_healthy_model_that_misses_its_objective_is_named():
    (sentence,) = said("0.999", healthy_rate=0.001)
    assert sentence.startswith("The objective allows 0.1 % bad events and healthy traffic has 0.1 %:")
    assert said("0.999", healthy_rate=0.0009) == ()


def test_too_little_traffic_says_how_long_proof_takes():
    # 100 an hour at 99.9 %: 0.1 budgeted an hour, 0.45 / 0.1 = 4.5 h; the measured median is 4.08 h.
    (sentence,) = said("0.999", valid_per_hour=100)
    assert sentence == (
        "With 100 events an hour the budget is 0.1 bad an hour: a 15x burn takes about 4.5 h to prove; "
        "a lower objective or more traffic decides sooner."
    )
    # 90 % cannot burn 15 times: 5x takes 3 / 0.5 h.
    assert "a 5x burn takes about 6 h to prove" in said("0.9", valid_per_hour=5)[1]
    assert said("0.2", valid_per_hour=1)[-1] == (
        "With 1 event an hour the budget is 0.8 bad an hour; a lower objective or more traffic decides sooner."
    )


def test_one_failure_that_exceeds_the_page_threshold_is_named():
    # 1 / (14.4 x 0.001) = 69.4: with 69 events in the hour one failure is above, with 70 below.
    assert len(said("0.999", valid_per_hour=69)) == 2
    assert len(said("0.999", valid_per_hour=70)) == 1
    assert "with 69 events in 1h it takes 70 to keep it below" in said("0.999", valid_per_hour=69)[1]


def test_a_window_shorter_than_every_rule_is_named():
    assert said("0.99", length=timedelta(minutes=30)) == (
        "A window of 30 min is shorter than the long window of every alert rule: nothing can fire.",
    )


@pytest.mark.parametrize(("burn", "hours"), [(15, 0.45), (5, 3.0), (2, 25.0)])
def test_time_to_certainty_at_one_budgeted_failure_an_hour(burn, hours):
    assert hours_to_proof(D("0.999"), 1000, burn) == pytest.approx(hours)


def test_what_cannot_burn_or_has_no_traffic_is_never_proven():
    assert hours_to_proof(D("0.9"), 1000, 15) is None
    assert hours_to_proof(D("0.999"), 0, 15) is None
