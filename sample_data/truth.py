"""The written truth: what goes wrong in the sample, where, and what should be found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from burnline.sample_data.clock import END, START
from burnline.sample_data.fleet import FLEET
from burnline.sample_data.flights import NAME as FLIGHTS
from burnline.sample_data.stories import STORIES, Story
from burnline.sample_data.tensors import MISMATCHES
from burnline.sample_data.training import RUNS

Verdict = Literal["healthy", "infrastructure", "silent_model_failure", "both", "no_data"]

# Everything else is healthy as of the end, on purpose.
VERDICTS: Mapping[str, Verdict] = {
    "fraud-scorer": "silent_model_failure",
    "eta-predictor": "silent_model_failure",
    "kyc-document": "silent_model_failure",
    "content-moderation": "silent_model_failure",
    "support-router": "silent_model_failure",
    FLIGHTS: "silent_model_failure",
    "payment-router": "infrastructure",
    "intent-detector": "infrastructure",
    "feed-ranker": "infrastructure",
    "energy-load": "infrastructure",
    "voice-auth": "both",
    "login-anomaly": "no_data",
    "basket-upsell": "no_data",
}

ANTI_PATTERNS: tuple[Mapping[str, object], ...] = (
    {
        "id": "ship_first_secure_later",
        "models": ["login-anomaly"],
        "what": "serves requests without any definition",
    },
    {
        "id": "ship_first_secure_later",
        "models": ["payment-router", "kyc-document"],
        "what": "deployed while a budget was exhausted (17 and 18 November)",
    },
    {
        "id": "infrastructure_centric_observability",
        "models": ["video-recs"],
        "what": "promises infrastructure only",
    },
    {
        "id": "infrastructure_centric_observability",
        "models": ["fraud-scorer", "eta-predictor"],
        "what": "every infrastructure SLO is met while the model fails",
    },
    {
        "id": "noiseops",
        "models": ["loan-approval"],
        "what": "the objective lies at the model's own error rate: alerts are chance",
    },
    {
        "id": "noiseops",
        "models": ["job-match"],
        "what": "no owner: alerts reach nobody",
    },
    {
        "id": "configuration_entropy",
        "models": ["job-match"],
        "what": "objective and thresholds unlike those of any peer",
    },
    {
        "id": "configuration_entropy",
        "models": ["basket-upsell"],
        "what": "a copied definition of a model that logs nothing",
    },
    {
        "id": "entanglement",
        "models": ["payment-router", "price-optimizer", "delivery-cost"],
        "feature": "f_fx_rate",
        "what": "one upstream feature drifts in three models on 12 November",
    },
)


def truth() -> dict[str, object]:
    """Everything planted, and the real flights, as plain data."""
    names = sorted({service.name for service in FLEET} | {FLIGHTS, "basket-upsell"})
    return {
        "about": "What goes wrong in the sample workspace. Burnline does not read this file.",
        "from": _time(START),
        "to": _time(END),
        "models": {name: _model(name) for name in names},
        "anti_patterns": [dict(found) for found in ANTI_PATTERNS],
        "training": [{"model": run.model, "run": run.run, "fate": run.fate} for run in RUNS],
        "tensors": [dict(found) for found in MISMATCHES],
    }


def _model(name: str) -> dict[str, object]:
    verdict = VERDICTS.get(name, "healthy")
    stories = [_story(story) for story in STORIES if story.model == name]
    if name == FLIGHTS:
        stories = [
            {
                "kind": "real_storms",
                "sentence": (
                    "Nothing is planted: December 2013 was stormy, and a model trained in January knew no such weather."
                ),
                "breaches": ["accuracy"],
            }
        ]
    if name == "login-anomaly":
        stories = [{"kind": "no_definition", "sentence": "In the logs, but nothing is promised."}]
    if name == "basket-upsell":
        stories = [{"kind": "no_logs", "sentence": "Promised, but nothing is logged."}]
    return {"verdict": verdict, "stories": stories}


def _story(story: Story) -> dict[str, object]:
    told: dict[str, object] = {
        "kind": story.kind,
        "sentence": story.sentence,
        "from": _time(story.start),
        "to": _time(story.end),
        "breaches": list(story.breaches),
        "strains": list(story.strains),
        "harmful": story.harmful,
    }
    if story.cause:
        told["cause"] = story.cause
    if story.feature:
        told["feature"] = f"f_{story.feature}"
    if story.where:
        told["where"] = {key: list(value) if isinstance(value, tuple) else value for key, value in story.where.items()}
    return told


def _time(when: datetime) -> str:
    return when.isoformat()
