"""Sending: real webhooks on this machine, every attempt on record, no secret anywhere."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from burnline.alerts.escalation import Due, due
from burnline.alerts.message import Message, compose, plain, span
from burnline.alerts.notify import Delivery, deliver, preview
from burnline.records import read
from burnline.records.journal import FILE
from burnline.results import Alert, AlertGroup, GateStatus, ModelStatus, SloStatus, Tracks, TrackStatus, WindowSpan
from burnline.spec import Duration, Escalation, Model, Slo
from burnline.spec.windows import Window
from burnline.spec.workspace import Notifications, Target

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)
SETTINGS = Notifications(targets={name: Target(variable=name.upper()) for name in ("sre", "lead", "gone")})
SECRET = "S3cr3tT0ken"


class Hook(ThreadingHTTPServer):
    """A webhook that answers with ``status`` and keeps what it is sent."""

    daemon_threads = True

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = status
        self.got: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.server_address[1]}/hook/{SECRET}?+X-Key={SECRET}"


class _Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def hook(status: int = 200) -> Iterator[Hook]:
    with Hook(status) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def message(target: str = "sre", *, state: str = "opened", attempt: int = 1, group: str = "g") -> Message:
    return Message(group, "m", state, target, "page", attempt, "PAGE: m burns its model budget (accuracy)", "Model: m")


def send(messages: list[Message], root: Path, **environ: str) -> list[tuple[str, bool | None, str | None]]:
    found: tuple[Delivery, ...] = deliver(messages, SETTINGS, root, at=AT, environ=environ)
    return [(d.target, d.ok, d.error) for d in found]


def test_a_webhook_gets_title_and_body_once(tmp_path: Path) -> None:
    with hook() as server:
        assert send([message()], tmp_path, SRE=server.url) == [("sre", True, None)]
        assert send([message()], tmp_path, SRE=server.url) == []
    (got,) = server.got
    assert (got["title"], got["message"], got["type"]) == (message().title, "Model: m", "failure")
    (entry,) = read(tmp_path).sent("g")
    assert (entry.state, entry.target, entry.ok, entry.attempt, entry.error) == ("opened", "sre", True, 1, None)


def test_a_target_that_fails_is_logged_and_tried_again_and_stops_nobody(tmp_path: Path) -> None:
    with hook(500) as broken, hook() as works:
        environ = {"SRE": broken.url, "LEAD": works.url}
        assert send([message("sre"), message("gone"), message("lead")], tmp_path, **environ) == [
            ("sre", False, "the target answered with HTTP 500"),
            ("gone", None, "GONE is not set"),
            ("lead", True, None),
        ]
        broken.status = 200
        assert send([message("sre", attempt=2), message("lead", attempt=2)], tmp_path, **environ) == [
            ("sre", True, None)
        ]
    log = [(e.target, e.attempt, e.ok, e.error) for e in read(tmp_path).sent("g")]
    assert log == [
        ("sre", 1, False, "the target answered with HTTP 500"),
        ("lead", 1, True, None),
        ("sre", 2, True, None),
    ]


def test_a_target_that_cannot_be_reached_or_read_is_one_sentence(tmp_path: Path) -> None:
    with hook() as closed:
        url = closed.url
    unreadable = "its variable does not hold one URL that can be sent to; docs/notifications.md has examples"
    messages = [message("sre"), message("lead"), message("gone")]
    assert send(messages, tmp_path, SRE=url, LEAD=f"nonsense {SECRET}", GONE=f"{url} {url}") == [
        ("sre", False, "the target could not be reached"),
        ("lead", False, unreadable),
        ("gone", False, unreadable),
    ]  # fmt: skip


@pytest.mark.parametrize("status", [200, 404, 500, None])
def test_no_secret_in_journal_answer_or_log(
    tmp_path: Path, status: int | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with hook(status or 200) as server:
        url = server.url
        if status is not None:
            found = deliver([message()], SETTINGS, tmp_path, at=AT, environ={"SRE": url})
    if status is None:
        found = deliver([message()], SETTINGS, tmp_path, at=AT, environ={"SRE": url})
    told = caplog.text + "".join(capfd.readouterr()) + repr(found) + (tmp_path / FILE).read_text()
    assert SECRET not in told
    assert "127.0.0.1" not in told
    # Logging is as it was.
    assert logging.getLogger("apprise").propagate
    assert logging.getLogger("urllib3").propagate


def test_an_exception_that_holds_the_url_is_not_repeated(tmp_path: Path) -> None:
    def send(url: str, message: Message) -> str | None:
        raise ValueError(url)

    (found,) = deliver([message()], SETTINGS, tmp_path, at=AT, environ={"SRE": f"json://{SECRET}"}, send=send)
    assert (found.ok, found.error) == (False, "sending failed (ValueError)")
    assert SECRET not in (tmp_path / FILE).read_text()


SENDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from burnline.alerts.message import Message
from burnline.alerts.notify import deliver
from burnline.spec.workspace import Notifications, Target
messages = [Message("g", "m", f"escalated {i}", "sre", "page", 1, "t", str(i)) for i in range(2, 12)]
deliver(messages, Notifications(targets={"sre": Target(variable="SRE")}), Path(sys.argv[1]),
        at=datetime(2026, 10, 5, tzinfo=UTC), environ={"SRE": sys.argv[2]})
"""


def test_processes_that_run_at_once_tell_each_state_once(tmp_path: Path) -> None:
    with hook() as server:
        runs = [subprocess.Popen([sys.executable, "-c", SENDER, str(tmp_path), server.url]) for _ in range(2)]
        assert [run.wait() for run in runs] == [0, 0]
    assert sorted(int(got["message"]) for got in server.got) == list(range(2, 12))
    assert len(read(tmp_path).sent("g")) == 10


def test_the_first_run_says_from_when_on_is_told(tmp_path: Path) -> None:
    send([], tmp_path)
    deliver([], SETTINGS, tmp_path, at=AT + timedelta(days=1), environ={})
    assert read(tmp_path).notifying_since == AT


def test_a_preview_sends_and_records_nothing() -> None:
    (found,) = preview([message()])
    assert (found.ok, found.title) == (None, message().title)


MODEL = Model(
    name="fraud",
    type="classification",
    tier=1,
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
    escalation=(Escalation(after=timedelta(0), to="sre"), Escalation(after=timedelta(minutes=30), to="lead")),
    remediation="https://runbooks.example.com/fraud",
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
    burn_long=15.04,
    burn_short=16.0,
    budget_spent=0.021,
    confirmed=True,
    fleet_discovery=False,
)


def group_of(alert: Alert, name: str = "fraud") -> AlertGroup:
    return AlertGroup(
        id="g",
        model=name,
        severity=alert.severity,
        started_at=alert.started_at,
        resolved_at=alert.resolved_at,
        tracks=("model",),
        slos=(alert.slo,),
        alerts=(alert.id,),
    )


def status() -> ModelStatus:
    track = TrackStatus(state="breached", budget_remaining=-0.25, binding_slo="accuracy")
    slo = SloStatus.model_construct(
        slo="accuracy",
        sli="accuracy",
        track="model",
        objective=0.95,
        window=WindowSpan(from_=AT, to=AT, kind="rolling", ends_at=AT),
        budget_remaining=-0.25,
        burn_rates={"5m": 16.0, "30m": 15.5, "1h": 15.04, "6h": 9.96, "3d": None},
        state="breached",
    )
    return ModelStatus.model_construct(
        model="fraud",
        state="breached",
        verdict="silent_model_failure",
        gate=GateStatus(decision="block", reasons=("accuracy (model budget) is overspent by 25 %",)),
        tracks=Tracks(infrastructure=track, model=track),
        slos=(slo,),
    )


def test_what_an_opened_message_says() -> None:
    found = compose(
        Due(group_of(ALERT), "opened", "sre", 1, told=False),
        [ALERT],
        MODEL,
        status(),
        zone=UTC,
        base_url="https://b.example.com",
    )
    assert found.title == "PAGE: fraud burns its model budget (accuracy)"
    assert found.body.splitlines() == [
        "Model: fraud (tier 1)",
        "Budget: model",
        "Since: 2026-10-05 12:00 UTC",
        "accuracy: burns 15.0× over 1h, 10.0× over 6h, 15.0× when it fired (page 14.4x on 1h and 5m), "
        "2.1 % of the budget spent by then, overspent by 25 % now",
        "Gate: block: accuracy (model budget) is overspent by 25 %",
        "Runbook: https://runbooks.example.com/fraud",
        "Dashboard: https://b.example.com/model?model=fraud",
        "Somebody works on it? burnline acknowledge a1",
    ]


def test_titles_of_the_other_states() -> None:
    def title(state: str, after: timedelta | None = None, alert: Alert = ALERT) -> str:
        return compose(Due(group_of(alert), state, "sre", 1, after), [alert], MODEL, None, zone=UTC).title

    assert title("escalated 2", timedelta(minutes=90)) == (
        "PAGE, unanswered for 1 h 30 min: fraud burns its model budget (accuracy)"
    )
    assert title("worsened") == "PAGE, was a ticket: fraud burns its model budget (accuracy)"
    assert title("reopened") == "PAGE, again: fraud burns its model budget (accuracy)"
    over = ALERT.model_copy(update={"resolved_at": AT + timedelta(minutes=35)})
    assert title("resolved", alert=over) == "RESOLVED: fraud, model budget (accuracy)"


def test_an_alert_that_was_over_before_it_could_be_told_says_so() -> None:
    over = ALERT.model_copy(update={"resolved_at": AT + timedelta(minutes=35)})
    body = compose(Due(group_of(over), "resolved", "sre", 1, told=False), [over], MODEL, None, zone=UTC).body
    assert (
        "From 2026-10-05 12:00 UTC to 2026-10-05 12:35 UTC (35 min); it was over before anybody could be told" in body
    )
    assert "acknowledge" not in body


def test_names_stay_plain_text_whatever_they_hold() -> None:
    wild = "<b>x</b> [a](http://evil) @channel `rm` *b*\n<!here>\x1b[31m"
    model = MODEL.model_copy(update={"name": wild, "remediation": "javascript:alert('<x>')"})
    alert = ALERT.model_copy(update={"slo": wild})
    found = compose(Due(group_of(alert, wild), "opened", "sre", 1), [alert], model, None, zone=UTC)
    text = found.title + found.body.replace("\n", "")
    assert not set(text) & set("<>[]`*@|~\x1b\n")
    assert plain("fraud_v2 & Söhne") == "fraud_v2 & Söhne"


@pytest.mark.parametrize(
    ("length", "words"), [(0, "0 min"), (35, "35 min"), (60, "1 h"), (125, "2 h 5 min"), (4565, "3 d 4 h")]
)
def test_lengths_in_words(length: int, words: str) -> None:
    assert span(timedelta(minutes=length)) == words


def test_a_whole_life_over_successive_runs_of_one_journal(tmp_path: Path) -> None:
    """What ``due`` decides from the journal that ``deliver`` writes: opened, escalated, resolved, never twice."""
    told: list[tuple[int, str, str]] = []

    def send(url: str, message: Message) -> str | None:
        told.append((minute, message.state, message.target))
        return None

    settings = Notifications(targets={"sre": Target(variable="SRE"), "lead": Target(variable="LEAD")})
    for minute in range(0, 120, 5):
        now = AT + timedelta(minutes=minute)
        alert = ALERT if minute < 60 else ALERT.model_copy(update={"resolved_at": AT + timedelta(minutes=60)})
        found = due([group_of(alert)], [alert], [MODEL], read(tmp_path), now, wall=datetime.now(UTC), settings=settings)
        messages = [compose(each, [alert], MODEL, None, zone=UTC) for each in found]
        deliver(messages, settings, tmp_path, at=now, environ={"SRE": "x", "LEAD": "y"}, send=send)
    assert told == [
        (0, "opened", "sre"),
        (30, "escalated 2", "lead"),
        (60, "resolved", "sre"),
        (60, "resolved", "lead"),
    ]
