"""Burnline finds in the sample what was planted there, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from burnline.results import FleetStatus, ModelStatus
from burnline.workspace import Workspace


@pytest.fixture(scope="module")
def truth(demo_workspace: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((demo_workspace / "truth.yaml").read_text())["models"]
    return told


@pytest.fixture(scope="module")
def status(demo_workspace: Path) -> FleetStatus:
    return Workspace.open(demo_workspace).status()


def test_every_model_has_the_verdict_of_the_truth(status: FleetStatus, truth: dict[str, Any]) -> None:
    found = {model.model: model.verdict for model in status.models}
    assert found == {name: told["verdict"] for name, told in truth.items()}


def test_the_planted_slos_fail_and_no_others(status: FleetStatus, truth: dict[str, Any]) -> None:
    for model in status.models:
        stories = truth[model.model]["stories"]
        breaches = {slo for story in stories for slo in story.get("breaches", ())}
        strains = {slo for story in stories for slo in story.get("strains", ())}
        assert _in(model, "breached", "burning") == breaches, model.model
        assert _in(model, "at_risk") == strains, model.model


def test_all_states_occur_and_healthy_budgets_have_room(status: FleetStatus) -> None:
    assert {model.state for model in status.models} == {"healthy", "at_risk", "burning", "breached", "no_data"}
    for model in status.models:
        for slo in model.slos:
            if model.state == "healthy" and slo.budget_remaining is not None:
                assert slo.budget_remaining > 0.3, f"{model.model} {slo.slo}"


def test_models_without_logs_or_definition_are_shown(status: FleetStatus) -> None:
    undefined = [model.model for model in status.models if not model.defined]
    silent = [model.model for model in status.models if model.last_seen is None]
    assert undefined == ["login-anomaly"]
    assert silent == ["basket-upsell"]


def test_flights_have_no_infrastructure_data_and_say_so(status: FleetStatus) -> None:
    flights = next(model for model in status.models if model.model == "flight-delay")
    assert flights.tracks.infrastructure.state == "no_data"
    assert all(slo.reason for slo in flights.slos if slo.track == "infrastructure")


def _in(model: ModelStatus, *states: str) -> set[str]:
    return {slo.slo for slo in model.slos if slo.state in states}
