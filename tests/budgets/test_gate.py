"""The gate: the error budget policy of each tier, and the reasons it gives."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.assess import Findings, assess
from burnline.budgets.gate import condition_of, gate, policy
from burnline.budgets.sums import Sums
from burnline.budgets.windows import span
from burnline.errors import BurnlineError
from burnline.results import Alert, Estimate, Evidence, Forecast, SloStatus
from burnline.spec.model import Slo
from burnline.spec.windows import Window, parse_duration

AT = datetime(2026, 10, 31, tzinfo=UTC)
MONTH = Window(duration=parse_duration("30d"))
HOT = dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), (100.0, 50.0))
COLD = dict.fromkeys(HOT, (100.0, 0.0))


PAGE = Alert(
    model="m", slo="accuracy", track="model", severity="page", rule="1h/5m", started_at=AT, resolved_at=None,
    burn_long=20.0, burn_short=20.0, budget_spent=0.02, confirmed=True, fleet_discovery=True,
)  # fmt: skip
TICKET = PAGE.model_copy(update={"severity": "ticket"})


def slo_status(name: str, track: str, valid: float, bad: float, *, hot=False, reason=None, **more) -> SloStatus:
    """The status of an SLO of 99 % over 30 days: of 10 000 events 100 may be bad."""
    budgeting = "Timeslices" if name == "rmse" else "Occurrences"
    slo = Slo(name=name, sli=name, track=track, objective=Decimal("0.99"), window=MONTH, budgeting=budgeting)
    found = Findings(alerts=(TICKET,)) if hot else Findings()
    burns = HOT if hot else COLD
    status = assess(slo, span(MONTH, AT), Sums(valid, bad, valid), burns, reason, found=found)
    return status.model_copy(update=more)


def up(bad: float = 0, **more) -> SloStatus:
    return slo_status("availability", "infrastructure", 10_000, bad, **more)


def right(bad: float = 0, **more) -> SloStatus:
    return slo_status("accuracy", "model", 10_000, bad, **more)


UNKNOWN = slo_status("accuracy", "model", 0, 0, reason="no labels are known yet")
CONFIRMED = Evidence(verdict="confirmed_breach", interval=(0.98, 0.9895), e_value=400.0, overdispersion=1.2)
UNDECIDED = Evidence(
    verdict="undecided", interval=(0.986, 0.991), e_value=3.0, overdispersion=1.2, events_to_decide=5210.4
)
LIKELY = Forecast(exhausts_at=datetime(2026, 11, 9, tzinfo=UTC), interval_80=None, probability=0.62)


@pytest.mark.parametrize("slos", [[up(101), right()], [up(), right(101)], [up(hot=True), right(101)]])
@pytest.mark.parametrize("tier", [None, 1, 2, 3])
def test_an_exhausted_budget_of_either_track_blocks(slos, tier):
    assert gate(slos, tier=tier).decision == "block"


def test_confirmed_wrong_answers_block_although_the_infrastructure_is_perfect():
    found = gate([up(), right(150, evidence=CONFIRMED)], tier=1)
    assert found.decision == "block"
    assert found.reasons == (
        "accuracy (model budget) is overspent by 50 %: 150 bad of 10,000 events, 100 allowed; "
        "confirmed: 98 % to 98.95 % of all are good, 99 % are promised",
    )


def test_overspent_within_noise_is_caution_and_says_what_decides():
    found = gate([up(), right(101, evidence=UNDECIDED)], tier=1)
    assert found.decision == "caution"
    # 1 - 101 / 100
    assert found.reasons == (
        "accuracy (model budget) is overspent by 1.00 %, but within noise: 101 bad of 10,000 events, 100 allowed; "
        "about 5,210 more events decide it",
    )


@pytest.mark.parametrize(("proven", "decision"), [(29.0, "caution"), (30.0, "block")])
def test_proven_burns_that_overspent_the_budget_block_although_the_whole_window_proves_nothing(proven, decision):
    # 130 bad, 100 allowed: without 30 of them the budget would have been kept.
    evidence = UNDECIDED.model_copy(update={"confirmed_bad": proven})
    found = gate([up(), right(130, evidence=evidence)], tier=1)
    assert found.decision == decision
    if decision == "block":
        assert found.reasons[0].endswith("confirmed: 30 of them came in burns that were proven real")


@pytest.mark.parametrize(
    "slos",
    [
        [up(hot=True), right()],
        [up(), right(75)],
        [up(), right(forecast=LIKELY)],
        [up(), right(alerts=(PAGE,))],
        [up(), UNKNOWN],
        [up()],
        [],
    ],
)
@pytest.mark.parametrize("tier", [None, 1, 2, 3, 4])
def test_what_calls_for_caution_at_every_tier(slos, tier):
    found = gate(slos, tier=tier)
    assert (found.decision, len(found.reasons)) == ("caution", 1)


def test_what_leaves_the_gate_open():
    unlikely = LIKELY.model_copy(update={"probability": 0.49})
    found = gate([up(20), right(10, forecast=unlikely, evidence=UNDECIDED)], tier=1)
    assert found.decision == "allow"
    assert found.reasons == ("both budgets are healthy; the lowest is availability with 80 % left",)


def test_tier_four_never_blocks():
    found = gate([up(10_000), right(10_000, evidence=CONFIRMED)], tier=4)
    assert found.decision == "caution"
    assert all(reason.endswith("; at tier 4 that does not block") for reason in found.reasons)


def test_reasons_are_sentences_worst_first():
    rmse = slo_status("rmse", "model", 720, 7)
    found = gate([up(hot=True), rmse, right(150)])
    # 150 of 10 000, 100 allowed: overspent by half; rmse: 1 - 7 / 7.2 = 2.78 % left
    assert found.reasons == (
        "accuracy (model budget) is overspent by 50 %: 150 bad of 10,000 events, 100 allowed",
        "availability (infrastructure budget) burns too fast (50.0× over 5m, 50.0× over 30m, "
        "50.0× over 1h, 50.0× over 6h, 50.0× over 3d), 100 % left: 0 bad of 10,000 events, 100 allowed",
        "rmse (model budget) has 2.78 % of its budget left: 7 bad of 720 slices, 7.2 allowed",
    )


def test_a_page_and_a_forecast_say_when():
    assert gate([up(), right(alerts=(PAGE,))]).reasons == (
        "accuracy (model budget) pages since 2026-10-31 00:00 (1h/5m), 100 % left: "
        "0 bad of 10,000 events, 100 allowed",
    )  # fmt: skip
    assert gate([up(), right(60, forecast=LIKELY)]).reasons == (
        "accuracy (model budget) has 40 % of its budget left: 60 bad of 10,000 events, 100 allowed; "
        "it runs out with a probability of 62 %, most likely on 2026-11-09 00:00",
    )


def test_the_reasons_of_an_unknown_and_an_undefined_budget():
    assert gate([up(), UNKNOWN]).reasons == ("the model budget has no data (accuracy: no labels are known yet)",)
    assert gate([up()]).reasons == ("no SLO is defined for the model budget",)
    assert gate([]).reasons == ("no SLO is defined",)


def late(interval: tuple[float, float]) -> Estimate:
    return Estimate(
        value=sum(interval) / 2, interval=interval, bad=0, bad_interval=(0, 0), method="nowcast", delay_bias=True,
        waiting=4_000,
    )  # fmt: skip


def test_late_labels_that_leave_it_open_are_caution():
    found = gate([up(), right(110, state="at_risk", evidence=CONFIRMED, estimate=late((0.988, 0.992)))])
    assert found.decision == "caution"
    # 1 - 110 / 100
    assert found.reasons == (
        "accuracy (model budget) is overspent by 10 % in what is labelled: 110 bad of 10,000 events, 100 allowed; "
        "4,000 unlabelled events leave it open: 98.8 % to 99.2 % of all are good, 99 % are promised",
    )


def test_late_labels_that_confirm_a_breach_block_before_the_counts_do():
    found = gate([up(), right(90, state="breached", evidence=UNDECIDED, estimate=late((0.98, 0.985)))])
    assert found.decision == "block"
    assert found.reasons == (
        "accuracy (model budget) is exhausted, late labels included: 90 bad of 10,000 events, 100 allowed; "
        "confirmed: 98 % to 98.5 % of all events, labelled or not, are good, 99 % are promised",
    )


@pytest.mark.parametrize(("change", "name"), [("fix", "reliability fix"), ("security", "security fix")])
def test_fixes_pass_with_a_reason_and_name_what_would_have_blocked(change, name):
    found = gate([up(90), right(150)], tier=1, change=change, reason=" CVE-2026-1234 ")
    assert found.decision == "allow"
    assert found.reasons == (
        f"the policy lets a {name} through; the reason is recorded: CVE-2026-1234",
        "would have blocked a feature: accuracy (model budget) is overspent by 50 %: "
        "150 bad of 10,000 events, 100 allowed",
        "availability (infrastructure budget) has 10 % of its budget left: 90 bad of 10,000 events, 100 allowed",
    )
    healthy = gate([up(), right()], change=change, reason="retry budget")
    assert healthy.reasons[1:] == ("nothing would have blocked a feature",)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_fix_without_a_reason_is_refused(reason):
    with pytest.raises(BurnlineError, match="a reliability fix passes with a reason that is recorded; add --reason"):
        gate([up(), right()], change="fix", reason=reason)


def test_a_reason_lets_no_feature_through():
    with pytest.raises(BurnlineError, match="a reason lets no feature through"):
        gate([up(), right(150)], reason="the sales team insists")
    with pytest.raises(BurnlineError, match="no kind of change 'hotfix'; write one of feature, fix, security"):
        gate([up()], change="hotfix")


def test_every_tier_has_a_decision_for_every_condition():
    assert all(set(by_tier) == {1, 2, 3, 4} for by_tier in policy().decisions.values())


@given(
    bad=st.integers(0, 300),
    evidence=st.sampled_from([None, CONFIRMED, UNDECIDED]),
    forecast=st.sampled_from([None, LIKELY]),
    alerts=st.sampled_from([(), (PAGE,), (TICKET,)]),
    hot=st.booleans(),
    tier=st.sampled_from([None, 1, 2, 3, 4]),
)
def test_nothing_but_a_confirmed_exhausted_budget_blocks(bad, evidence, forecast, alerts, hot, tier):
    slo = right(bad, evidence=evidence, forecast=forecast, alerts=alerts, hot=hot)
    found = gate([up(), slo], tier=tier)
    exhausted = bad > 100 and evidence is not UNDECIDED
    assert (found.decision == "block") == (exhausted and tier != 4)
    assert (condition_of(slo, policy()) == "exhausted") == exhausted
    assert len(found.reasons) == 1


@pytest.mark.parametrize("tier", [None, 1, 2, 3, 4])
def test_moved_inputs_alone_never_block_however_sure(tier):
    moved = slo_status("drift", "model", 30, 9, evidence=CONFIRMED)
    answer = gate([up(), right(), moved], tier=tier)
    assert answer.decision == "caution"
    # 9 bad of .3 allowed: 1 - 9 / .3 = -29.
    assert answer.reasons[0].startswith("drift (model budget) is overspent by 2,900 %, which blocks nothing by itself")
