from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl
import pytest
import yaml

from burnline.sample_data import build
from burnline.sample_data.clock import END, START
from burnline.sample_data.fleet import FLEET
from burnline.sample_data.truth import VERDICTS
from burnline.slis import catalogue
from burnline.spec import load_models, load_workspace


def _contents(directory: Path) -> dict[str, bytes]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_two_builds_are_the_same_to_the_byte(tmp_path: Path) -> None:
    build(tmp_path / "one", scale=0.01)
    build(tmp_path / "two", scale=0.01)
    one, two = _contents(tmp_path / "one"), _contents(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_progress_is_told_up_to_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[int, int, str]] = []
    begun = time.monotonic()
    build(tmp_path, scale=0.02, progress=lambda *step: told.append(step))
    with capsys.disabled():
        sys.stdout.write(f"\nsample at a scale of 0.02 built in {time.monotonic() - begun:.1f} s\n")
    assert [done for done, _, _ in told] == list(range(1, len(FLEET) + 3))
    assert {total for _, total, _ in told} == {len(FLEET) + 2}
    assert told[-1] == (len(told), len(told), "flight-delay")


def test_every_definition_is_valid(small: Path) -> None:
    spec = load_workspace(small)
    models = load_models(small, {name: sli.kind for name, sli in catalogue().items()})
    logged = {path.name for path in (small / "logs").iterdir()}
    defined = {model.name for model in models}
    assert spec.timezone == "America/New_York"
    assert logged - defined == {"login-anomaly"}
    assert defined - logged == {"basket-upsell"}
    assert {model.type for model in models} == {"classification", "regression", "ranking"}
    assert {model.tier for model in models} == {1, 2, 3, 4}
    assert next(m for m in models if m.name == "flight-delay").artifact == "artifacts/flight-delay.txt"
    assert (small / "artifacts" / "flight-delay.txt").is_file()


def test_the_truth_names_every_model_and_only_slos_they_have(small: Path) -> None:
    truth = yaml.safe_load((small / "truth.yaml").read_text())
    models = {m.name: m for m in load_models(small, {n: s.kind for n, s in catalogue().items()})}
    assert set(truth["models"]) == {*models, "login-anomaly"}
    assert {name: m["verdict"] for name, m in truth["models"].items() if m["verdict"] != "healthy"} == VERDICTS
    for name, told in truth["models"].items():
        for story in told["stories"]:
            for slo in (*story.get("breaches", ()), *story.get("strains", ())):
                assert models[name].slo(slo), f"{name} has no {slo}"


def test_nothing_lies_outside_the_span(small: Path) -> None:
    for service in FLEET:
        requests = pl.scan_parquet(small / "logs" / service.name / "*.parquet")
        first, last = requests.select(pl.min("timestamp"), last=pl.max("timestamp")).collect().row(0)
        assert START <= first < last < END
        if "label_timestamp" in requests.collect_schema():
            latest = requests.select(pl.max("label_timestamp")).collect().item()
            assert latest < END


def test_operations_and_training_have_their_columns(small: Path) -> None:
    infra = pl.read_parquet(small / "infra" / "*.parquet")
    changes = pl.read_parquet(small / "changes" / "*.parquet")
    runs = pl.read_parquet(small / "training" / "runs.parquet")
    flights = pl.read_parquet(small / "training" / "flight-delay.parquet")
    assert infra.columns == ["timestamp", "model", "cpu_percent", "memory_percent", "queue_depth"]
    assert infra.height == len(FLEET) * 35 * 288
    assert changes.columns == ["timestamp", "model", "kind", "version", "note"]
    assert set(changes["kind"]) == {"deploy", "retrain", "config", "feature", "incident"}
    assert {"timestamp", "model", "run", "step", "loss", "val_loss", "gradient_norm"} <= set(runs.columns)
    assert flights["val_loss"][-1] < flights["val_loss"][0]
