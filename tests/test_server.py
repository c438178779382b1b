from __future__ import annotations

import socket
import sys
import types
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from burnline.dashboard import demo, server
from burnline.dashboard.openmetrics import escape, exposition
from burnline.errors import BurnlineError
from burnline.results import FleetStatus, GateStatus, ModelStatus, SloStatus, Tracks, TrackStatus, WindowSpan

AT = datetime(2026, 10, 31, tzinfo=UTC)
NOTHING = TrackStatus(state="no_data", budget_remaining=None, binding_slo=None)


def fleet(model: str, **slo: object) -> FleetStatus:
    """One model with one SLO without data, but for what is given."""
    empty = dict.fromkeys(
        ("total", "good", "bad", "value", "coverage", "budget_total", "budget_consumed", "budget_remaining")
    )
    fields = {
        "slo": "accuracy",
        "sli": "accuracy",
        "track": "model",
        "objective": 0.95,
        "threshold": None,
        "budgeting": "Occurrences",
        "window": WindowSpan.model_validate({"from": AT, "to": AT, "kind": "rolling", "ends_at": AT}),
        "burn_rates": {"1h": None},
        "state": "no_data",
    }
    return FleetStatus(
        at=AT,
        models=(
            ModelStatus(
                model=model,
                type=None,
                tier=None,
                state="no_data",
                verdict="no_data",
                gate=GateStatus(decision="caution", reasons=()),
                tracks=Tracks(infrastructure=NOTHING, model=NOTHING),
                slos=(SloStatus.model_validate({**empty, **fields, **slo}),),
            ),
        ),
    )


def samples(text: str) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_metrics_leave_out_what_is_unknown() -> None:
    found = samples(exposition(fleet("fraud", value=float("nan"))))
    names = {sample.split("{")[0] for sample in found}
    assert "burnline_slo_objective" in names
    assert names.isdisjoint({"burnline_slo_value", "burnline_burn_rate", "burnline_error_budget_remaining_ratio"})


def test_metrics_say_each_state_as_one_among_all() -> None:
    found = samples(exposition(fleet("fraud", state="burning")))
    states = {sample: value for sample, value in found.items() if sample.startswith("burnline_state{")}
    assert len(states) == 5
    assert [sample for sample, value in states.items() if value == "1.0"] == [
        'burnline_state{model="fraud",slo="accuracy",track="model",burnline_state="burning"}'
    ]


def test_metrics_tell_evidence_forecast_and_what_fires() -> None:
    evidence = {"verdict": "confirmed_breach", "interval": (0.9, 0.94), "e_value": 50.0, "overdispersion": 1.0}
    forecast = {"exhausts_at": AT, "interval_80": None, "probability": 1.0}
    found = samples(exposition(fleet("fraud", evidence=evidence, forecast=forecast)))
    one = 'model="fraud",slo="accuracy",track="model"'
    assert found[f"burnline_evidence_value{{{one}}}"] == "50.0"
    assert found[f'burnline_evidence{{{one},burnline_evidence="confirmed_breach"}}'] == "1.0"
    assert found[f'burnline_slo_value_bound{{{one},bound="upper"}}'] == "0.94"
    assert found[f"burnline_exhaustion_timestamp_seconds{{{one}}}"] == str(AT.timestamp())
    assert found[f'burnline_alerts_firing{{{one},severity="page"}}'] == "0.0"
    assert not any("estimate" in name for name in found)


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    assert escape('a"b\\c\nd') == r"a\"b\\c\nd"
    assert len(exposition(fleet('x"} 1\n')).splitlines()) == len(exposition(fleet("x")).splitlines())


def test_metrics_of_an_empty_workspace_are_still_metrics() -> None:
    text = exposition(FleetStatus(at=None, models=()))
    assert text.endswith("# EOF\n")
    assert samples(text) == {}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_an_address_of_this_machine_is_private(host: str) -> None:
    assert server.is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_an_address_that_others_reach_is_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(BurnlineError, match="--allow-remote"):
        server.serve(tmp_path, host=host)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BurnlineError, match=f"port {port} .* choose another with --port"):
            server.claimed_port("127.0.0.1", port)


def test_the_server_keeps_its_data_and_its_visitors_to_itself() -> None:
    settings = server.configuration("127.0.0.1", 8501)
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.address"] == "127.0.0.1"


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], None]], list[Path]]:
    """Stands in for the sample data and the workspace; returns the folders that were ingested."""

    def put(write: Callable[[Path], None]) -> list[Path]:
        ingested: list[Path] = []

        class Fake:
            def __init__(self, path: Path) -> None:
                self.path = path

            @classmethod
            def open(cls, path: Path) -> Fake:
                return cls(path)

            def ingest(self, *, progress: object) -> None:
                ingested.append(self.path)

        data, workspace = types.ModuleType("burnline.sample_data"), types.ModuleType("burnline.workspace")
        vars(data).update(build=lambda directory, progress: write(directory))
        vars(workspace).update(Workspace=Fake)
        monkeypatch.setitem(sys.modules, "burnline.sample_data", data)
        monkeypatch.setitem(sys.modules, "burnline.workspace", workspace)
        return ingested

    return put


def test_the_sample_workspace_is_built_once(sample: Callable[..., list[Path]], tmp_path: Path) -> None:
    built: list[Path] = []

    def write(directory: Path) -> None:
        built.append(directory)
        (directory / "burnline.yaml").touch()

    ingested = sample(write)
    for _ in range(2):
        demo.prepare(tmp_path / "demo")
    assert len(built) == 1
    assert ingested == [tmp_path / "demo"] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_an_interrupted_build_leaves_nothing_behind(sample: Callable[..., list[Path]], tmp_path: Path) -> None:
    def write(directory: Path) -> None:
        (directory / "burnline.yaml").touch()
        raise KeyboardInterrupt

    sample(write)
    with pytest.raises(KeyboardInterrupt):
        demo.prepare(tmp_path / "demo")
    assert list(tmp_path.iterdir()) == []


def test_the_demo_never_writes_into_a_folder_in_use(sample: Callable[..., list[Path]], tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    sample(lambda directory: None)
    with pytest.raises(BurnlineError, match="not empty and not a workspace"):
        demo.prepare(tmp_path)


@pytest.mark.parametrize(
    ("data", "base"), [("/data", "/data"), ("data", "/home/me/.local/share"), ("", "/home/me/.local/share")]
)
def test_the_sample_workspace_lives_with_the_data_of_the_user(
    monkeypatch: pytest.MonkeyPatch, data: str, base: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_DATA_HOME", data)
    assert demo.default_directory() == Path(base) / "burnline" / "demo"
