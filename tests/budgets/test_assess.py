"""From counts to the status of an SLO."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from burnline.budgets.assess import NOTHING_FOUND, Findings, assess
from burnline.budgets.sums import Sums
from burnline.budgets.windows import span
from burnline.results import Alert, SloStatus
from burnline.spec.model import Slo
from burnline.spec.windows import Window, parse_duration

AT = datetime(2026, 10, 31, tzinfo=UTC)
QUIET = dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), (1000.0, 0.0))


def availability(objective: str = "0.999", window: Window | None = None) -> Slo:
    return Slo(
        name="up",
        sli="availability",
        track="infrastructure",
        objective=Decimal(objective),
        window=window or Window(duration=parse_duration("30d")),
        budgeting="Occurrences",
    )


ALERT = Alert(
    model="m",
    slo="up",
    track="infrastructure",
    severity="page",
    rule="1h/5m",
    started_at=AT,
    resolved_at=None,
    burn_long=20.0,
    burn_short=20.0,
    budget_spent=0.02,
    confirmed=True,
    fleet_discovery=True,
)


def status(
    sums: Sums, burns=QUIET, *, objective: str = "0.999", reason=None, found: Findings = NOTHING_FOUND
) -> SloStatus:
    slo = availability(objective)
    return assess(slo, span(slo.window, AT), sums, burns, reason, unit="ms", found=found)


def test_every_figure_of_three_million_requests():
    found = status(Sums(3_000_000, 1_500, 3_000_000))
    assert found.model_dump(exclude={"window"}) == {
        "slo": "up",
        "sli": "availability",
        "track": "infrastructure",
        "objective": 0.999,
        "threshold": None,
        "unit": "ms",
        "budgeting": "Occurrences",
        "total": 3_000_000,
        "good": 2_998_500,
        "bad": 1_500,
        "value": 0.9995,
        "coverage": 1.0,
        "budget_total": 3_000,
        "budget_consumed": 1_500,
        "budget_remaining": 0.5,
        "burn_rates": dict.fromkeys(QUIET, 0.0),
        "state": "healthy",
        "evidence": None,
        "estimate": None,
        "forecast": None,
        "alerts": (),
        "raw": None,
        "notes": (),
        "reason": None,
    }
    assert found.window.to == AT
    assert found.window.from_ == datetime(2026, 10, 1, tzinfo=UTC)
    assert found.window.kind == "rolling"


@pytest.mark.parametrize(
    ("bad", "state", "remaining"),
    [
        (0, "healthy", 1.0),
        (2_249, "healthy", 751 / 3000),
        (2_250, "at_risk", 0.25),
        (3_000, "at_risk", 0.0),  # the objective is met, with nothing to spare
        (3_001, "breached", -1 / 3000),
    ],
)
def test_the_state_follows_what_is_left(bad, state, remaining):
    found = status(Sums(3_000_000, bad, 3_000_000))
    assert found.state == state
    assert found.budget_remaining == pytest.approx(remaining, abs=1e-15)


def test_an_alert_that_fires_makes_it_burning_unless_it_is_breached():
    # 2 % of 1 000 at 99.9 % = 20 in the last hour: fast, but a burn rate alone proves nothing.
    hot = {**QUIET, "1h": (1000.0, 20.0), "5m": (50.0, 1.0)}
    fires = Findings(alerts=(ALERT,))
    assert status(Sums(3_000_000, 20, 3_000_000), hot).state == "healthy"
    assert status(Sums(3_000_000, 20, 3_000_000), hot, found=fires).state == "burning"
    assert status(Sums(3_000_000, 3_001, 3_000_000), hot, found=fires).state == "breached"
    assert status(Sums(3_000_000, 20, 3_000_000), hot).burn_rates["1h"] == 20


def test_the_interval_of_the_estimate_decides_and_not_the_labelled_part():
    # 3 000 are allowed of 3 million.
    late = Sums(3_000_000, 2_900, 4_000_000)
    assert status(late, found=Findings(decided="breached")).state == "breached"
    assert status(late, found=Findings(decided="undecided")).state == "at_risk"
    over = Sums(3_000_000, 3_100, 4_000_000)
    assert status(over, found=Findings(decided="met")).state == "at_risk"


def test_without_valid_events_there_are_no_figures():
    found = status(Sums(0, 0, 250))
    assert found.state == "no_data"
    assert found.reason == "no valid events in the window"
    figures = ("total", "good", "bad", "value", "coverage", "budget_total", "budget_consumed")
    assert [getattr(found, name) for name in figures] == [None] * len(figures)
    assert found.budget_remaining is None
    assert found.burn_rates == dict.fromkeys(QUIET)


def test_a_given_reason_is_kept():
    assert status(Sums(), {}, reason="the log has no column status").reason == ("the log has no column status")


def test_a_burn_window_without_events_is_unknown():
    found = status(Sums(10, 0, 10), {**QUIET, "5m": (0.0, 0.0)})
    assert found.burn_rates["5m"] is None
    assert found.burn_rates["30m"] == 0.0


@pytest.mark.parametrize(("sums", "coverage"), [(Sums(50, 0, 200), 0.25), (Sums(5, 0, 4), 1.0), (Sums(5, 0, 0), None)])
def test_coverage_is_the_share_with_a_known_outcome(sums, coverage):
    assert status(sums).coverage == coverage


def test_sums_of_parts_are_the_sums_of_the_whole():
    assert Sums(3, 1, 4) + Sums(2, 0, 2) == Sums(5, 1, 6)
