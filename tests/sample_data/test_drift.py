"""Burnline finds the drifts that were planted in the sample, knows which of them hurt, and finds no others."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnline.results.drift import DriftReport
from burnline.workspace import Workspace

# What each kind of story does to the inputs, and what to the answers that the same inputs get.
_INPUTS = frozenset({"harmless_drift", "unit_error", "null_feature"})
_CONCEPTS = frozenset({"silent_model_failure", "gradual_concept_drift"})


@pytest.fixture(scope="module")
def truth(demo_workspace: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((demo_workspace / "truth.yaml").read_text())["models"]
    return told


@pytest.fixture(scope="module")
def reports(demo_workspace: Path, truth: dict[str, Any]) -> dict[str, DriftReport]:
    opened = Workspace.open(demo_workspace)
    return {name: opened.drift(name) for name in truth if name != "basket-upsell"}


def _stories(truth: dict[str, Any], model: str, kinds: frozenset[str]) -> list[dict[str, Any]]:
    return [story for story in truth[model]["stories"] if story["kind"] in kinds]


def test_the_planted_features_have_drifted_and_no_others(
    reports: dict[str, DriftReport], truth: dict[str, Any]
) -> None:
    for name, report in reports.items():
        planted = {f"f_{story['feature']}".replace("f_f_", "f_") for story in _stories(truth, name, _INPUTS)}
        # The catalogue of price-optimizer is renamed in the same story.
        planted |= {"f_category"} if name == "price-optimizer" else set()
        found = {f.feature for f in report.features if f.drifted and f.role == "feature"}
        assert found == planted, name


def test_each_drift_is_seen_from_its_first_hours_on(reports: dict[str, DriftReport], truth: dict[str, Any]) -> None:
    for name, report in reports.items():
        for story in _stories(truth, name, _INPUTS):
            column = f"f_{story['feature']}".replace("f_f_", "f_")
            seen = next(f.first_seen for f in report.features if f.feature == column)
            assert seen is not None
            assert abs(seen - datetime.fromisoformat(story["from"])) <= timedelta(hours=8), f"{name} {column}"


def test_what_hurts_is_told_from_what_does_not(reports: dict[str, DriftReport], truth: dict[str, Any]) -> None:
    told = {True: 0, False: 0, None: 0}
    for name, report in reports.items():
        for story in _stories(truth, name, _INPUTS):
            column = f"f_{story['feature']}".replace("f_f_", "f_")
            harmful = next(f.harmful for f in report.features if f.feature == column)
            # Unknown is honest; the opposite would be wrong.
            assert harmful in (story["harmful"], None), f"{name} {column}"
            told[harmful] += 1
    assert told[True] == 2
    assert told[False] >= 3


def test_concepts_have_drifted_where_it_was_planted_and_nowhere_else(
    reports: dict[str, DriftReport], truth: dict[str, Any]
) -> None:
    for name, report in reports.items():
        planted = bool(_stories(truth, name, _CONCEPTS))
        assert bool(report.concept.drifted) == planted, f"{name}: {report.concept.reason}"
        if planted:
            assert report.concept.where, name


def test_a_season_of_weekends_is_no_drift(reports: dict[str, DriftReport]) -> None:
    company = next(f for f in reports["lead-score"].features if f.feature == "f_company_size")
    assert not company.drifted
    assert not [b for b in reports["lead-score"].buckets if b.drifted]


def test_the_first_labels_of_a_young_log_prove_no_concept_drift(demo_workspace: Path) -> None:
    # Right answers are labelled first: two days after the beginning wrong ones seem to become more.
    opened = Workspace.open(demo_workspace)
    for day in (20, 21, 22):
        found = opened.drift("fraud-scorer", at=datetime(2026, 10, day), raw=False).concept
        assert found.drifted is not True
