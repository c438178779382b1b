"""States, tracks that never offset each other, and the verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnline.budgets.assess import Findings, assess
from burnline.budgets.budget import budget
from burnline.budgets.state import judge, severity, slo_state, track_status, tracks
from burnline.budgets.sums import Sums
from burnline.budgets.windows import span
from burnline.results import Alert, SloStatus
from burnline.spec.model import Slo
from burnline.spec.windows import Window, parse_duration

AT = datetime(2026, 10, 31, tzinfo=UTC)
MONTH = Window(duration=parse_duration("30d"))
HOT = dict.fromkeys(("5m", "30m", "1h", "6h", "3d"), (100.0, 50.0))
COLD = dict.fromkeys(HOT, (100.0, 0.0))

TICKET = Alert(
    model="m", slo="accuracy", track="model", severity="ticket", rule="3d/6h", started_at=AT, resolved_at=None,
    burn_long=50.0, burn_short=50.0, budget_spent=0.1, confirmed=True, fleet_discovery=True,
)  # fmt: skip


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
    found = Findings(alerts=(TICKET,)) if hot else Findings()
    return assess(slo, span(MONTH, AT), Sums(valid, bad, valid), burns, reason, found=found)


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


# 1 000 events, 10 may be bad: 11 are too many by the counts.
OVER, UNDER = budget(Decimal("0.99"), 1_000, 11), budget(Decimal("0.99"), 1_000, 1)


@pytest.mark.parametrize(
    ("counted", "decided", "state"),
    [
        (OVER, None, "breached"),
        (OVER, "breached", "breached"),
        (OVER, "undecided", "at_risk"),
        (OVER, "met", "at_risk"),
        (UNDER, None, "healthy"),
        (UNDER, "breached", "breached"),
        (UNDER, "undecided", "at_risk"),
        (UNDER, "met", "healthy"),
        (None, "breached", "no_data"),
    ],
)
def test_while_labels_are_missing_the_interval_decides(counted, decided, state):
    assert slo_state(counted, burning=False, decided=decided) == state


@pytest.mark.parametrize("decided", ["undecided", "met", None])
def test_burning_stands_above_at_risk(decided):
    assert slo_state(UNDER, burning=True, decided=decided) == "burning"


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


def drift(bad: float, **more) -> SloStatus:
    return slo_status("drift", "model", 30, bad, **more)


@pytest.mark.parametrize("more", [{}, {"hot": True}])
def test_drift_alone_puts_a_model_at_risk_and_makes_no_verdict(more):
    # Of 30 days .3 may be bad; 3 are: the budget is overspent nine times over.
    judged = judge((up(), right(), drift(3, **more)))
    assert (judged.tracks.model.state, judged.tracks.model.binding_slo) == ("at_risk", "drift")
    assert judged.tracks.model.budget_remaining == pytest.approx(1 - 3 / 0.3)
    assert judged.verdict == "healthy"


def test_drift_beside_wrong_answers_hides_nothing():
    judged = judge((up(), right(bad=300), drift(3)))
    assert (judged.tracks.model.state, judged.verdict) == ("breached", "silent_model_failure")
