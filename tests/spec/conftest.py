"""The SLI kinds of the contract's table, and a folder to write definitions in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from burnline.spec.kinds import SliKind
from burnline.spec.units import (
    parse_fraction,
    parse_milliseconds,
    parse_number,
    parse_positive,
    parse_rate,
    parse_seconds,
)


def _kinds() -> dict[str, SliKind]:
    threshold = frozenset({"threshold"})
    sliced = frozenset({"threshold", "min_rows"})
    kinds = (
        SliKind("availability", "infrastructure", "Occurrences", columns=("status",)),
        SliKind(
            "latency",
            "infrastructure",
            "Occurrences",
            unit="ms",
            parameters=threshold,
            required=threshold,
            parse_threshold=parse_milliseconds,
            columns=("latency_ms",),
        ),
        SliKind(
            "throughput",
            "infrastructure",
            "Timeslices",
            unit="/s",
            parameters=threshold,
            required=threshold,
            parse_threshold=parse_rate,
        ),
        SliKind(
            "saturation",
            "infrastructure",
            "Timeslices",
            parameters=threshold | {"metric"},
            required=threshold | {"metric"},
            parse_threshold=parse_number,
            columns=("metrics:*",),
        ),
        SliKind("accuracy", "model", "Occurrences", columns=("prediction", "label")),
        SliKind(
            "rmse",
            "model",
            "Timeslices",
            parameters=sliced,
            required=threshold,
            parse_threshold=parse_positive,
            columns=("prediction", "label"),
        ),
        SliKind(
            "ndcg",
            "model",
            "Timeslices",
            parameters=sliced | {"at"},
            required=threshold,
            parse_threshold=parse_fraction,
            columns=("query_id", "relevance"),
        ),
        SliKind(
            "freshness",
            "model",
            "Occurrences",
            unit="s",
            parameters=threshold,
            required=threshold,
            parse_threshold=parse_seconds,
            columns=("feature_timestamp",),
        ),
        SliKind(
            "completeness",
            "model",
            "Occurrences",
            parameters=frozenset({"features"}),
            columns=("f_*",),
        ),
        SliKind(
            "confidence",
            "model",
            "Occurrences",
            parameters=threshold,
            required=threshold,
            parse_threshold=parse_fraction,
            columns=("confidence",),
        ),
        SliKind(
            "drift",
            "model",
            "Timeslices",
            parameters=sliced,
            required=threshold,
            parse_threshold=parse_positive,
            columns=("f_*",),
        ),
        SliKind("canary", "model", "Occurrences", columns=("canary", "prediction", "label")),
        SliKind(
            "quality",
            "model",
            "Occurrences",
            parameters=frozenset({"all"}),
            required=frozenset({"all"}),
        ),
        SliKind(
            "custom",
            "model",
            "Occurrences",
            parameters=frozenset({"good", "valid"}),
            required=frozenset({"good"}),
        ),
    )
    return {kind.name: kind for kind in kinds}


@pytest.fixture(scope="session")
def kinds() -> Mapping[str, SliKind]:
    return _kinds()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file under the test's folder and return its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
