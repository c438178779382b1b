"""Training runs, tensors and canary answers of the sample: what is planted is found, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnline.drift.answers import model_answers
from burnline.results.validation import StageReport
from burnline.spec import WorkspaceSpec, load_workspace
from burnline.validation.training_stage import training_stage

# What a fate must be found by; all other errors would be invented.
FOUND = {
    "converges": set[str](),
    "overfits": {"overfitting"},
    "explodes": {"not_finite", "diverging_loss", "exploding_gradients"},
    "stalls": {"not_improving"},
    "vanishes": {"vanishing_gradients"},
}


@pytest.fixture(scope="module")
def spec(small: Path) -> WorkspaceSpec:
    return load_workspace(small)


@pytest.fixture(scope="module")
def truth(small: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((small / "truth.yaml").read_text())
    return told


@pytest.fixture(scope="module")
def stages(spec: WorkspaceSpec, truth: dict[str, Any]) -> dict[str, StageReport]:
    models = {told["model"] for told in (*truth["training"], *truth["tensors"])} | {"flight-delay", "churn-risk"}
    return {model: training_stage(spec, model) for model in sorted(models)}


def test_every_fate_occurs_and_is_found_in_its_run(truth: dict[str, Any], stages: dict[str, StageReport]) -> None:
    assert {told["fate"] for told in truth["training"]} == set(FOUND)
    for told in truth["training"]:
        mine = [c for c in stages[told["model"]].checks if c.sentence.startswith(f"Run {told['run']}: ")]
        hit = {c.check for c in mine if not c.passed and c.check != "worse_than_before"}
        assert hit == FOUND[told["fate"]], told


def test_a_failure_that_was_followed_by_a_good_run_is_history(stages: dict[str, StageReport]) -> None:
    fraud = stages["fraud-scorer"]
    assert fraud.passed
    assert {c.severity for c in fraud.checks if not c.passed} == {"warning"}


def test_the_planted_tensor_and_no_other_differs(truth: dict[str, Any], stages: dict[str, StageReport]) -> None:
    found = [
        (model, c.column)
        for model, stage in stages.items()
        for c in stage.checks
        if c.check.startswith("tensor") and not c.passed
    ]
    assert found == [(told["model"], told["tensor"]) for told in truth["tensors"]]
    agreeing = [m for m, s in stages.items() if any(c.check == "tensor_features" and c.passed for c in s.checks)]
    assert agreeing == ["fraud-scorer", "image-tagger", "intent-detector"]


def test_the_real_training_of_the_flights_passes(stages: dict[str, StageReport]) -> None:
    assert [c.sentence for c in stages["flight-delay"].checks if not c.passed] == []


def test_canary_answers_changed_with_the_larger_encoder_and_nowhere_else(
    spec: WorkspaceSpec, truth: dict[str, Any]
) -> None:
    story = next(s for s in truth["models"]["intent-detector"]["stories"] if s["kind"] == "changed_answers")
    start = datetime.fromisoformat(story["from"])
    # A tenth of the requests asks 48 questions about twelve times each: the first changed answer may take some hours.
    found = model_answers(spec, "intent-detector")
    assert found is not None
    assert found.changed > 0
    assert found.since is not None
    assert start < found.since < start + timedelta(hours=48)
    assert found.versions[-1] == story["where"]["version"]
    assert model_answers(spec, "intent-detector", until=start) == model_answers(
        spec, "intent-detector", until=datetime(2026, 11, 20, 16, tzinfo=UTC)
    )
    before = model_answers(spec, "intent-detector", until=start)
    assert before is not None
    assert before.changed == 0
    other = model_answers(spec, "content-moderation")
    assert other is not None
    assert other.changed == 0
