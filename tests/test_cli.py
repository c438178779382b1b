from __future__ import annotations

import json
import re
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from burnline.dashboard import cli, text
from burnline.dashboard.answers import moment, plain
from burnline.dashboard.progress import Progress
from burnline.errors import BurnlineError
from burnline.results import (
    CheckReport,
    Decision,
    FleetStatus,
    GateAnswer,
    GateStatus,
    Impossible,
    IngestReport,
    ModelStatus,
    QuarantinedFile,
    SloStatus,
    Tracks,
    TrackStatus,
    WindowSpan,
)

AT = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


def slo(name: str = "accuracy", **changes: Any) -> SloStatus:
    fields: dict[str, Any] = {
        "slo": name,
        "sli": name,
        "track": "model",
        "objective": 0.95,
        "threshold": None,
        "budgeting": "Occurrences",
        "window": WindowSpan.model_validate({"from": AT, "to": AT, "kind": "rolling", "ends_at": AT}),
        "total": 10_000.0,
        "good": 9_400.0,
        "bad": 600.0,
        "value": 0.94,
        "coverage": 0.5,
        "budget_total": 500.0,
        "budget_consumed": 600.0,
        "budget_remaining": -0.2,
        "burn_rates": {"5m": None, "30m": None, "1h": 1.26, "6h": 0.5, "3d": 1234.0},
        "state": "breached",
    }
    return SloStatus.model_validate({**fields, **changes})


def model(name: str = "fraud", decision: Decision = "block", slos: tuple[SloStatus, ...] = ()) -> ModelStatus:
    return ModelStatus(
        model=name,
        type="classification",
        tier=1,
        state="breached",
        verdict="silent_model_failure",
        gate=GateStatus(decision=decision, reasons=("accuracy has no budget left",)),
        tracks=Tracks(
            infrastructure=TrackStatus(state="healthy", budget_remaining=0.5, binding_slo="availability"),
            model=TrackStatus(state="breached", budget_remaining=-0.2, binding_slo="accuracy"),
        ),
        slos=slos or (slo(),),
    )


def fleet(*models: ModelStatus) -> FleetStatus:
    return FleetStatus(at=AT, workspace="acme", timezone="Europe/Zurich", models=models or (model(),))


INGEST = IngestReport(
    files_read=2,
    files_skipped=1,
    files_quarantined=(QuarantinedFile(path="logs/bad.parquet", reason="the file is truncated"),),
    rows=12_345,
    duplicates=1,
    labels_joined=5,
    labels_unmatched=0,
    seconds=0.25,
)


def report(path: str) -> CheckReport:
    return CheckReport.model_validate(
        {
            "path": path,
            "format": "burnline",
            "confidence": 1.0,
            "mapping": {"timestamp": "event_time", "model": "model"},
            "possible": ("availability",),
            "impossible": (Impossible(sli="accuracy", reason="there is no column label"),),
            "problems": ("3 rows have a negative latency",),
            "rows": 3,
            "from": AT,
            "to": AT,
            "models": ("fraud",),
        }
    )


class FakeWorkspace:
    """Notes what it is asked and answers with what the test has put in."""

    answer: FleetStatus = fleet()
    asked: list[tuple[Any, ...]]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = types.SimpleNamespace(timezone="Europe/Zurich")
        if path.name == "absent":
            raise BurnlineError(f"{path}: no such workspace.")

    @classmethod
    def open(cls, path: Path) -> FakeWorkspace:
        return cls(path)

    def status(self, model: str | None, *, at: datetime | None) -> FleetStatus:
        type(self).asked.append((str(self.path), model, at))
        if model == "broken":
            raise RuntimeError("nobody expected this")
        return type(self).answer

    def gate(self, model: str, *, at: datetime | None, change: str, reason: str | None, by: str) -> GateAnswer:
        type(self).asked.append((model, change, reason, by))
        answer = type(self).answer.models[0].gate
        return GateAnswer(model=model, decision=answer.decision, reasons=answer.reasons)

    def ingest(self, paths: Sequence[str], *, progress: Callable[[int, int, str], None]) -> IngestReport:
        progress(1, 2, "logs/a.parquet")
        type(self).asked.append((str(self.path), tuple(paths)))
        return INGEST


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorkspace]:
    """A workspace that answers from memory, in place of the real one."""
    fake = type("Fake", (FakeWorkspace,), {"asked": []})
    module = types.ModuleType("burnline.workspace")
    vars(module).update(Workspace=fake)
    monkeypatch.setitem(sys.modules, "burnline.workspace", module)
    checking = types.ModuleType("burnline.checking")
    vars(checking).update(check=lambda paths: tuple(map(report, paths)))
    monkeypatch.setitem(sys.modules, "burnline.checking", checking)
    return fake


@pytest.mark.parametrize(
    "args",
    [
        ["-w", "here", "status", "fraud", "--json"],
        ["status", "-w", "here", "--json", "fraud"],
        ["--json", "status", "fraud", "--workspace", "here"],
        ["-w", "elsewhere", "status", "fraud", "--json", "-w", "here"],
    ],
)
def test_the_workspace_is_named_before_or_after_the_command(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    assert cli.main(args) == 0
    assert workspace.asked == [("here", "fraud", None)]
    assert json.loads(capsys.readouterr().out) == plain(fleet())


def test_json_is_the_only_thing_on_standard_output(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ingest", "a.parquet", "b.parquet", "--json"]) == 0
    assert workspace.asked == [(".", ("a.parquet", "b.parquet"))]
    assert json.loads(capsys.readouterr().out)["files_quarantined"][0]["path"] == "logs/bad.parquet"


def test_a_number_that_is_not_finite_is_null(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.answer = fleet(model(slos=(slo(budget_remaining=float("-inf"), burn_rates={"1h": float("nan")}),)))
    assert cli.main(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["models"][0]["slos"][0]
    assert found["budget_remaining"] is None
    assert found["burn_rates"] == {"1h": None}
    assert set(found["window"]) >= {"from", "to", "kind"}


@pytest.mark.parametrize(("paths", "shape"), [(["a"], dict), (["a", "b"], list)])
def test_check_prints_one_object_or_a_list(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str], paths: list[str], shape: type
) -> None:
    assert cli.main(["check", *paths, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), shape)


@pytest.mark.parametrize(("decision", "code"), [("allow", 0), ("caution", 0), ("block", 1)])
def test_gate_exits_with_one_only_when_it_blocks(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str], decision: Decision, code: int
) -> None:
    workspace.answer = fleet(model(decision=decision))
    assert cli.main(["gate", "fraud", "--json"]) == code
    expected = {"model": "fraud", "decision": decision, "reasons": ["accuracy has no budget left"]}
    assert json.loads(capsys.readouterr().out) == expected
    assert workspace.asked[0][:3] == ("fraud", "feature", None)


def test_the_gate_is_told_what_is_deployed_and_why(workspace: type[FakeWorkspace]) -> None:
    cli.main(["gate", "fraud", "--change", "fix", "--reason", "leak mended", "--by", "ada"])
    assert workspace.asked == [("fraud", "fix", "leak mended", "ada")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-10-31T08:00:00+05:00", "2026-10-31T03:00:00+00:00"),
        ("2026-10-31T08:00:00Z", "2026-10-31T08:00:00+00:00"),
        ("2026-07-01 08:00", "2026-07-01T06:00:00+00:00"),
        ("2026-12-01", "2026-11-30T23:00:00+00:00"),
    ],
)
def test_a_time_without_offset_is_in_the_zone_of_the_workspace(written: str, meant: str) -> None:
    assert moment(written, "Europe/Zurich") == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["stats"], "Did you mean 'status'?"),
        (["status", "--jsn"], "Did you mean '--json'?"),
        (["status", "--at", "tomorrow"], "'tomorrow' is not a time in ISO 8601"),
        (["-w", "absent", "status"], "absent: no such workspace."),
        (["check"], "Missing argument 'PATH...'"),
        (["gate"], "Missing argument 'MODEL'"),
        (["replay", "fraud"], "Missing option '--slo'"),
        (["replay", "fraud", "--slo", "accuracy", "--set", "objective"], "write KEY=VALUE"),
        (["mark", "abc", "great"], "'great' is not one of 'useful', 'noise', 'none'"),
        (["silence", "fraud", "--until", "2026-12-01"], "Missing option '--reason'"),
        (["note", "abc"], "give a text, --status, or both"),
        (["init", "there"], "Missing option '--logs'"),
        (["init", "there", "--logs", "a", "--tier", "5"], "'--tier'"),
        (["ingest", "--watch", "--json"], "--watch never ends"),
        (["serve", "--host", "0.0.0.0"], "add --allow-remote"),
        (["serve", "--port", "70000"], "'--port'"),
        (["status", "broken"], "internal error: RuntimeError: nobody expected this"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_two(
    workspace: type[FakeWorkspace], capsys: pytest.CaptureFixture[str], args: list[str], sentence: str
) -> None:
    assert cli.main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("burnline: ")
    assert sentence in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "logs"),
    [
        (["ws", "--logs", "a", "b", "c"], ("a", "b", "c")),
        (["ws", "--logs", "a", "--logs", "b", "--tier", "2"], ("a", "b")),
        (["--logs", "a", "b", "--json", "ws"], ("a", "b")),
        (["ws", "--logs=a"], ("a",)),
    ],
)
def test_init_takes_as_many_logs_as_the_shell_expands(
    monkeypatch: pytest.MonkeyPatch, args: list[str], logs: tuple[str, ...]
) -> None:
    asked: list[tuple[Any, ...]] = []

    def init(directory: Path, logs: tuple[str, ...], *, type: str | None, tier: int | None) -> IngestReport:
        asked.append((str(directory), logs))
        return INGEST

    module = types.ModuleType("burnline.onboarding")
    vars(module).update(init=init)
    monkeypatch.setitem(sys.modules, "burnline.onboarding", module)
    assert cli.main(["init", *args, "--json"]) == 0
    assert asked == [("ws", logs)]


def test_status_text_shows_both_tracks_and_every_slo_of_a_model() -> None:
    slos = (slo(), slo("latency", track="infrastructure", reason="no latency known", value=None))
    shown = click.unstyle(text.fleet(fleet(model(slos=slos)), detailed=True))
    assert "silent model failure" in shown
    assert "2026-11-01 00:00 CET" in shown
    assert "infrastructure budget: 50.0 % left, bound by availability (healthy)" in shown
    row = next(line for line in shown.splitlines() if line.startswith("model           accuracy"))
    cells = re.split(r" {2,}", row)
    assert cells == [
        "model",
        "accuracy",
        "94.00 %",
        "95.0 %",
        "600",
        "10,000",
        "50 %",
        "-20.0 %",
        "-100",
        "1.3",
        "0.5",
        "1,234",
        "breached",
    ]
    assert "no latency known" in shown


def test_status_text_of_a_large_fleet_is_a_line_per_model() -> None:
    shown = click.unstyle(text.fleet(fleet(*(model(f"m{i}") for i in range(9))), detailed=False))
    assert len([line for line in shown.splitlines() if line.startswith("m")]) == 10
    assert "9,400" not in shown


def test_a_near_miss_is_never_shown_as_a_hundred_percent() -> None:
    assert text.percent(1.0) == "100.0 %"
    assert text.percent(0.99995) == "99.995 %"
    assert text.percent(None) == "–"


def test_ingest_text_names_every_file_that_was_set_aside() -> None:
    assert "set aside: logs/bad.parquet: the file is truncated" in text.ingest(INGEST)


def test_check_text_says_what_is_impossible_and_why() -> None:
    shown = text.check(report("a.parquet"))
    assert "mapping: timestamp = event_time" in shown
    assert "not possible: accuracy: there is no column label" in shown
    assert "problem: 3 rows have a negative latency" in shown


def test_columns_stay_aligned_under_colour() -> None:
    shown = text.table(["a", "b"], [[text.word("healthy"), "1"], ["x", "22"]], right=frozenset({1}))
    assert [len(line) for line in click.unstyle(shown).splitlines()] == [11, 11, 11]


def test_a_task_that_ends_at_once_shows_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(sys.stderr) as progress:
        progress(1, 10, "a.parquet")
    assert capsys.readouterr().err == ""


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from burnline.dashboard.cli import main; main(['--help']); "
        "print(sorted({'duckdb', 'lightgbm', 'numpy', 'polars', 'pydantic', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
