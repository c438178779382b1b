"""States, tracks that never offset each other, verdict and gate."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.assess import assess
from burnline.budgets.state import judge, severity, track_status, tracks
from burnline.budgets.sums import Sums
from burnline.budgets.windows import span
from burnline.results import SloStatus
from burnline.spec.model import Slo
from burnline.spec.windows import Window, parse_duration

AT = datetime(2026, 10, 31, tzinfo=UTC)
MONTH = Window(duration=parse_duration("30d"))
HOT = dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), (100.0, 50.0))
COLD = dict.fromkeys(HOT, (100.0, 0.0))


def slo_status(name: str, track: str, valid: float, bad: float, *, hot: bool = False, reason=None) -> SloStatus:
    """The status of an SLO of 99 % over 30 days: of 10 000 events 100 may be bad."""
    slo = Slo(
        name=name,
        sli=name,
        track=track,
        objective=Decimal("0.99"),
        window=MONTH,
        budgeting="Timeslices" if name == "rmse" else "Occurrences",
    )
    burns = HOT if hot else COLD
    return assess(slo, span(MONTH, AT), Sums(valid, bad, valid), burns, reason)


def up(bad: float = 0, **more) -> SloStatus:
    return slo_status("availability", "infrastructure", 10_000, bad, **more)


def right(bad: float = 0, **more) -> SloStatus:
    return slo_status("accuracy", "model", 10_000, bad, **more)


UP_UNKNOWN = slo_status("availability", "infrastructure", 0, 0)
RIGHT_UNKNOWN = slo_status("accuracy", "model", 0, 0, reason="no labels are known yet")


def test_worst_first():
    states = ["healthy", "no_data", "at_risk", "burning", "breached"]
    assert [severity(state) for state in states] == [0, 1, 2, 3, 4]


def test_a_track_is_bound_by_the_lowest_budget_and_as_bad_as_its_worst_slo():
    latency = slo_status("latency", "infrastructure", 10_000, 80)
    found = track_status([up(10, hot=True), latency, UP_UNKNOWN])
    assert found.state == "burning"
    assert found.binding_slo == "latency"
    # 1 - 80 / 100
    assert found.budget_remaining == 0.2


def test_a_track_without_data_has_no_state():
    assert track_status([UP_UNKNOWN]).state == "no_data"
    assert track_status([]).binding_slo is None


@pytest.mark.parametrize(
    ("slos", "verdict", "state"),
    [
        ([up(), right()], "healthy", "healthy"),
        ([up(90), right(90)], "healthy", "at_risk"),
        ([up(101), right()], "infrastructure", "breached"),
        ([up(hot=True), right()], "infrastructure", "burning"),
        ([up(), right(101)], "silent_model_failure", "breached"),
        ([up(90), right(hot=True)], "silent_model_failure", "burning"),
        ([UP_UNKNOWN, right(101)], "silent_model_failure", "breached"),
        ([up(101), right(hot=True)], "both", "breached"),
        ([up(), RIGHT_UNKNOWN], "healthy", "healthy"),
        ([UP_UNKNOWN, RIGHT_UNKNOWN], "no_data", "no_data"),
        ([], "no_data", "no_data"),
    ],
)
def test_verdict_and_state_of_a_model(slos, verdict, state):
    found = judge(slos)
    assert (found.verdict, found.state) == (verdict, state)


@pytest.mark.parametrize("slos", [[up(101), right()], [up(), right(101)], [up(hot=True), right(101)]])
def test_a_breached_budget_of_either_track_blocks(slos):
    assert judge(slos).gate.decision == "block"


@pytest.mark.parametrize("slos", [[up(hot=True), right()], [up(), right(75)], [up(), RIGHT_UNKNOWN], [up()], []])
def test_burning_nearly_spent_unknown_and_undefined_call_for_caution(slos):
    found = judge(slos).gate
    assert found.decision == "caution"
    assert len(found.reasons) == 1


def test_reasons_are_sentences_worst_first():
    rmse = slo_status("rmse", "model", 720, 7)
    found = judge([up(hot=True), right(150), rmse])
    # 150 of 10 000, 100 allowed: overspent by half; rmse: 1 - 7 / 7.2 = 2.78 % left
    assert found.gate.reasons == (
        "accuracy (model budget) is overspent by 50 %: 150 bad of 10,000 events, 100 allowed",
        "availability (infrastructure budget) burns too fast (50.0× over 5m, 50.0× over 30m, "
        "50.0× over 1h, 50.0× over 6h, 50.0× over 3d), 100 % left: 0 bad of 10,000 events, 100 allowed",
        "rmse (model budget) has 2.78 % of its budget left: 7 bad of 720 slices, 7.2 allowed",
    )


def test_the_reasons_of_an_unknown_an_undefined_and_an_open_gate():
    assert judge([up(), RIGHT_UNKNOWN]).gate.reasons == (
        "the model budget has no data (accuracy: no labels are known yet)",
    )
    assert judge([up()]).gate.reasons == ("no SLO is defined for the model budget",)
    assert judge([]).gate.reasons == ("no SLO is defined",)
    gate = judge([up(20), right(10)]).gate
    assert gate.decision == "allow"
    assert gate.reasons == ("both budgets are healthy; the lowest is availability with 80 % left",)


counts = st.tuples(st.integers(0, 10_000), st.booleans(), st.booleans())


def drawn(name: str, track: str, draw: tuple[int, bool, bool]) -> SloStatus:
    bad, hot, known = draw
    return slo_status(name, track, 10_000 if known else 0, bad if known else 0, hot=hot)


@given(counts, counts, st.lists(counts, max_size=3))
def test_the_tracks_never_offset_each_other(before, after, model):
    slos = [drawn(f"m{i}", "model", draw) for i, draw in enumerate(model)]
    first = judge([drawn("up", "infrastructure", before), *slos])
    second = judge([drawn("up", "infrastructure", after), *slos])
    assert first.tracks.model == second.tracks.model == track_status(slos)


@given(counts, counts)
def test_a_healthy_track_never_hides_a_failing_one(infrastructure, model):
    slos = [drawn("up", "infrastructure", infrastructure), drawn("right", "model", model)]
    both = tracks(slos)
    found = judge(slos)
    known = [t.state for t in (both.infrastructure, both.model) if t.state != "no_data"]
    assert found.state == max(known, key=severity, default="no_data")
    assert (found.gate.decision == "block") == ("breached" in known)
    assert (found.verdict in ("silent_model_failure", "both")) == (both.model.state in ("burning", "breached"))
