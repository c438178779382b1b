"""burnline notify: what it prints, what it sends, what it says about what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from burnline.alerts import notify as sending
from burnline.alerts.message import Message
from burnline.dashboard.call import Call
from burnline.dashboard.cli import main
from burnline.records import Records, read
from burnline.results import Alert, AlertGroup, FleetStatus
from burnline.spec import Duration, Escalation, Model, Slo, WorkspaceSpec
from burnline.spec.windows import Window
from burnline.spec.workspace import Notifications, Target

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)
MODEL = Model(
    name="fraud",
    type="classification",
    slos=(
        Slo(
            name="accuracy",
            sli="accuracy",
            track="model",
            objective=Decimal("0.95"),
            window=Window(duration=Duration(count=30, unit="d")),
            budgeting="Occurrences",
        ),
    ),
    escalation=tuple(Escalation(after=timedelta(0), to=to) for to in ("sre", "lead", "ops")),
)
ALERT = Alert(
    id="a1",
    model="fraud",
    slo="accuracy",
    track="model",
    severity="page",
    rule="page 14.4x on 1h and 5m",
    started_at=AT,
    resolved_at=None,
    burn_long=15.0,
    burn_short=16.0,
    budget_spent=0.02,
    confirmed=True,
    fleet_discovery=False,
)
GROUP = AlertGroup(
    id="g",
    model="fraud",
    severity="page",
    started_at=AT,
    resolved_at=None,
    tracks=("model",),
    slos=("accuracy",),
    alerts=("a1",),
)
TARGETS = Notifications(targets={name: Target(variable=f"TEST_{name.upper()}_URL") for name in ("sre", "lead")})

Run = Callable[..., int]


@dataclass(frozen=True)
class Alerting:
    """What a workspace would have found in its logs."""

    at: datetime
    alerts: tuple[Alert, ...]
    groups: tuple[AlertGroup, ...]
    records: Records

    @property
    def fleet(self) -> Alerting:
        return self


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on a workspace with one open group, over a target that answers what ``answers`` says."""
    monkeypatch.setenv("TEST_SRE_URL", "json://sre")
    monkeypatch.delenv("TEST_LEAD_URL", raising=False)

    def run(*args: str, answer: str | None = None, settings: Notifications = TARGETS, group: AlertGroup = GROUP) -> int:
        def send(url: str, message: Message) -> str | None:
            return answer

        monkeypatch.setattr(sending, "through_apprise", send)
        workspace = SimpleNamespace(
            spec=WorkspaceSpec(name="w", path=tmp_path, notifications=settings),
            models=(MODEL,),
            model=lambda name: MODEL,
            now=lambda: AT,
            zone=lambda: UTC,
            alerting=lambda model=None: Alerting(AT, (ALERT,), (group,), read(tmp_path / "records")),
            status=lambda model=None: FleetStatus(at=AT, models=()),
            records_root=tmp_path / "records",
        )
        monkeypatch.setattr(Call, "workspace", lambda self: workspace)
        return main(["notify", *args])

    return run


MISSING = [
    "there is no notification target 'ops', which fraud would tell; add it to notifications.targets in burnline.yaml",
    "TEST_LEAD_URL is not set, so nothing is sent to lead; set it in the environment of burnline notify",
]


def test_it_sends_once_and_then_has_nothing_to_send(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["sent to sre (opened): PAGE: fraud burns its model budget (accuracy)"]
    assert err.splitlines() == [f"burnline: {sentence}" for sentence in MISSING]
    assert run() == 0
    assert capsys.readouterr().out == "nothing to send\n"


def test_json_is_one_document(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["at"] == AT.isoformat()
    assert [(d["target"], d["state"], d["ok"], d["error"]) for d in answer["deliveries"]] == [
        ("sre", "opened", True, None),
    ]
    assert answer["problems"] == MISSING


def test_a_dry_run_shows_the_words_and_leaves_no_trace(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--dry-run") == 0
    out = capsys.readouterr().out
    assert "would send to sre (opened): PAGE: fraud burns its model budget (accuracy)" in out
    assert "    Since: 2026-10-05 12:00 UTC" in out
    assert read(tmp_path / "records").entries == ()


def test_a_run_speaks_of_what_matters_now_and_a_dry_run_of_the_whole_set_up(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    over = GROUP.model_copy(update={"resolved_at": AT - timedelta(hours=1)})
    assert run(group=over) == 0
    assert capsys.readouterr() == ("nothing to send\n", "")
    assert run("--dry-run", group=over) == 0
    assert capsys.readouterr().err.splitlines() == [f"burnline: {sentence}" for sentence in MISSING]


def test_a_target_that_fails_is_a_sentence_on_stderr_and_the_command_is_done(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(answer="the target answered with HTTP 500") == 0
    assert "burnline: sre: the target answered with HTTP 500; attempt 1 of 5" in capsys.readouterr().err


def test_without_targets_it_says_what_to_write(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(settings=Notifications()) == 2
    assert "there is nobody to notify; add notifications: {targets:" in capsys.readouterr().err
