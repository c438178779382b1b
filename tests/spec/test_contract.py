"""The definition files of the contract, word for word in ``contract/``, mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from burnline.spec import (
    Calendar,
    Duration,
    Escalation,
    Reference,
    SliKind,
    Slo,
    Source,
    Window,
    WorkspaceSpec,
    load_models,
    load_workspace,
    parse_expression,
)

FOLDER = Path(__file__).parent / "contract"
MONTH = Window(duration=Duration(count=30, unit="d"))


def test_the_workspace() -> None:
    assert load_workspace(FOLDER) == WorkspaceSpec(
        name="acme",
        timezone="Europe/Zurich",
        logs=(Source(path="logs/**/*.parquet", mapping={"timestamp": "event_time"}),),
        labels=(Source(path="labels/*.parquet"),),
        metrics=(Source(path="infra/*.parquet"),),
        events=(Source(path="changes/*.parquet"),),
        training=(Source(path="training/*.parquet"),),
        reference=Reference(first=Duration(count=7, unit="d")),
        store=".burnline",
        engine="duckdb",
        segments=("version", "region"),
        count_429=True,
        path=FOLDER,
    )
    assert load_workspace(FOLDER / "burnline.yaml") == load_workspace(FOLDER)


def test_the_model(kinds: Mapping[str, SliKind]) -> None:
    (model,) = load_models(FOLDER, kinds)
    assert (model.name, model.labels, model.type, model.tier) == ("fraud", {"team": "risk"}, "classification", 1)
    assert (model.owner, model.artifact) == ("risk-sre@example.com", "model.txt")
    assert model.remediation == "https://runbooks.example.com/fraud"
    assert model.justification == {"accuracy": "chargeback cost above 5 % exceeds margin"}
    assert model.removed == ()
    assert model.escalation == (
        Escalation(after=timedelta(0), to="risk-sre"),
        Escalation(after=timedelta(minutes=30), to="head-of-risk"),
    )
    assert model.sla == {
        "accuracy": {
            "objective": "94%",
            "period": "month",
            "credits": [{"below": "94%", "percent": 10}, {"below": "90%", "percent": 25}],
            "monthly_fee": "20000 CHF",
        }
    }
    assert model.path == str(FOLDER / "models" / "fraud.yaml")


def test_the_slos(kinds: Mapping[str, SliKind]) -> None:
    (model,) = load_models(FOLDER, kinds)

    def promise(line: int, name: str, objective: str, **other: object) -> Slo:
        kind = kinds[str(other.pop("sli", name))]
        values = {
            "name": name,
            "sli": kind.name,
            "track": kind.track,
            "budgeting": kind.budgeting,
            "objective": Decimal(objective),
            "window": MONTH,
            "line": line,
        }
        return Slo.model_validate(values | other)

    calendar = Calendar(start_time=datetime(2026, 1, 1), time_zone="Europe/Zurich")
    expected = [
        promise(9, "availability", "0.999"),
        promise(10, "latency", "0.99", threshold=100.0),
        promise(11, "throughput", "0.99", threshold=5.0),
        promise(12, "saturation", "0.99", threshold=90.0, metric="cpu_percent"),
        promise(13, "accuracy", "0.95", window=Window(duration=Duration(count=1, unit="M"), calendar=calendar)),
        promise(14, "rmse", "0.95", threshold=0.15, min_rows=30),
        promise(15, "ndcg", "0.95", threshold=0.8, at=10, min_rows=30),
        promise(16, "freshness", "0.99", threshold=300.0),
        promise(17, "completeness", "0.99", features=("f_amount", "f_country")),
        promise(18, "confidence", "0.5", threshold=0.8),
        promise(19, "drift", "0.95", threshold=0.2, min_rows=100),
        promise(20, "canary", "0.99"),
        promise(21, "quality", "0.93", all=("accuracy", "latency", "confidence")),
        promise(
            22,
            "checkout",
            "0.30",
            sli="custom",
            good=parse_expression("b_revenue > 0"),
            valid=parse_expression("status < 500"),
        ),
    ]
    assert sorted(model.slos, key=lambda slo: slo.line) == expected
    assert model.slo("rmse") == expected[5]
    assert model.slo("none") is None
