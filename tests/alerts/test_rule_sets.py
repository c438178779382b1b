"""Alert rules as text, and the policy by tier."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from burnline.alerts.policy import policy
from burnline.alerts.rule_sets import EXAMPLE, parse_rules
from burnline.budgets.burn_rules import Rule, rules
from burnline.errors import BurnlineError

MONTH = timedelta(days=30)


def test_rules_are_read():
    # 14.4 for 1 of 720 h spends 2 %, 1 for 72 of 720 h 10 %: the workbook's.
    assert parse_rules(EXAMPLE, MONTH) == (
        Rule("page", "1h", "5m", Decimal("0.02"), 14.4),
        Rule("ticket", "3d", "6h", Decimal("0.1"), 1.0),
    )
    (odd,) = parse_rules("ticket 2.5x 95m / 10m", MONTH)
    assert (odd.name, odd.threshold, odd.severity) == ("95m/10m", 2.5, "ticket")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is not a rule"),
        ("page 14.4 1h", "is not a rule"),
        ("mail 14.4 1h/5m", "is not a rule"),
        ("page -1 1h/5m", "is not a rule"),
        ("page 0 1h/5m", "above 0"),
        ("page 2 1h/5m,", "'' is not a rule"),
        ("page 2 1h/7m", "not a whole number of five minutes"),
        ("page 2 1M/1h", "not a whole number of five minutes"),
        ("page 2 5m/1h", "shorter than the first"),
        ("page 2 1h/1h", "shorter than the first"),
        ("page 2 31d/1h", "longer than the window of the SLO"),
        ("page 2 1h/0m", "longer than zero"),
        ("page 2 1h/5q", "is not a duration"),
        ("page 2 1h/5m, page 2.0 1h/5m", "names a rule twice"),
    ],
)
def test_nonsense_is_said(text, says):
    with pytest.raises(BurnlineError, match=r"^rules: ") as error:
        parse_rules(text, MONTH)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("tier", "severities", "alpha"),
    [
        (1, ["page", "page", "ticket"], 0.01),
        (2, ["page", "page", "ticket"], 0.01),
        (3, ["ticket", "ticket", "ticket"], 0.01),
        (4, ["ticket", "ticket", "ticket"], 0.001),
    ],
)
def test_the_tier_decides_what_a_burn_becomes(tier, severities, alpha):
    applied = policy(tier, 1000)
    assert [rule.severity for rule in applied.apply(rules(MONTH))] == severities
    assert applied.alpha == alpha
    assert policy(tier, 1001).alpha == 0.001
