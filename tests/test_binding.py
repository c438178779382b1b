"""Which SLOs bind a budget on the screen."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import polars as pl
from fakes import FakeWorkspace

from burnline.dashboard import sentences, wording
from burnline.dashboard.binding import binding, bound, bound_days
from burnline.results import ModelStatus


def _model(**changes: object) -> ModelStatus:
    """A model of the fake fleet whose drift budget is overspent and all others are as they are."""
    model = next(m for m in FakeWorkspace().status().models if m.model == "fraud")
    slos = tuple(
        s.model_copy(update={"budget_remaining": -9.0, "state": "breached"}) if s.sli == "drift" else s
        for s in model.slos
    )
    return model.model_copy(update={"slos": slos, **changes})


def test_drift_binds_nothing_beside_slos_that_judge_answers() -> None:
    model = _model()
    assert "drift" not in [s.sli for s in binding(model)]
    lane = bound(model).tracks.model
    left = min(s.budget_remaining for s in binding(model) if s.track == "model" and s.budget_remaining is not None)
    assert (lane.budget_remaining, lane.state) == (left, model.tracks.model.state)


def test_drift_binds_where_nothing_else_of_the_track_is_known() -> None:
    model = _model()
    slos = tuple(s for s in model.slos if s.track == "infrastructure" or s.sli == "drift")
    alone = model.model_copy(update={"slos": slos})
    assert bound(alone).tracks.model.binding_slo == "drift"
    assert bound(alone).tracks.model.budget_remaining == -9.0


def test_days_of_drift_are_left_out_of_the_burn_of_a_model_that_others_judge() -> None:
    days = pl.DataFrame({"model": ["fraud"] * 2, "slo": ["drift", "accuracy"], "day": [date(2026, 11, 1)] * 2})
    assert bound_days(days, [_model()])["slo"].to_list() == ["accuracy"]


def test_where_answers_hold_drift_is_told_beside_them_and_never_as_the_worst() -> None:
    model = _model()
    healthy = tuple(
        s.model_copy(update={"bad": 17.0, "total": 30.0})
        if s.sli == "drift"
        else s.model_copy(update={"state": "healthy"})
        for s in model.slos
    )
    holds = model.model_copy(update={"slos": healthy, "verdict": "healthy", "state": "at_risk"})
    assert wording.worst_first(holds.slos)[-1].sli == "drift"
    said = sentences.verdict(holds, None, ZoneInfo("UTC"))
    assert said.startswith("Both budgets hold. The tightest is **")
    assert said.endswith("Inputs drifted on **17 of 30 days**, which alone neither pages nor blocks.")
