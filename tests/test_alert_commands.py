"""The commands around alerts, on a small workspace with one outage."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from making import START, make_workspace, model_yaml, requests

from burnline.dashboard import cli

OUTAGE = START + timedelta(days=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a request a minute, all good but for two hours on the last day."""
    log = requests(10 * 1440 - 720)
    down = pl.col("timestamp").is_between(OUTAGE, OUTAGE + timedelta(hours=2), closed="left")
    made = tmp_path_factory.mktemp("commands")
    found = make_workspace(
        made,
        {"logs/a.parquet": log.with_columns(status=pl.when(down).then(500).otherwise(200))},
        {"m": model_yaml("m", "availability: {objective: 99%}")},
    )
    found.ingest()
    return made


def answer(folder: Path, capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    assert cli.main(["-w", str(folder), *args, "--json"]) in (0, 1)
    return json.loads(capsys.readouterr().out)


def test_alerts_are_a_list_with_the_names_of_the_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(folder, capsys, "alerts")
    assert {a["severity"] for a in found} == {"page", "ticket"}
    for alert in found:
        assert alert.keys() >= {
            "model", "slo", "track", "severity", "rule", "started_at", "resolved_at", "burn_long", "burn_short",
            "budget_spent", "confirmed", "fleet_discovery",
        }  # fmt: skip
    assert answer(folder, capsys, "alerts", "m", "--at", OUTAGE.isoformat()) == []


def test_incidents_are_a_list_with_the_names_of_the_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = answer(folder, capsys, "incidents", "m")
    assert found.keys() >= {
        "id", "model", "track", "slos", "started_at", "detected_at", "ended_at", "budget_spent", "severity", "state",
    }  # fmt: skip
    assert datetime.fromisoformat(found["started_at"]) == OUTAGE
    assert datetime.fromisoformat(found["ended_at"]) == OUTAGE + timedelta(hours=2)
    # 120 of 9.08 days x 1440, of a month of 30: 1 % of 43200.
    assert found["budget_spent"] == {"availability": pytest.approx(120 / 432)}


def test_a_replay_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(folder, capsys, "replay", "m", "--slo", "availability", "--set", "objective=98%")
    assert found["objective"] == 0.98
    assert datetime.fromisoformat(found["from"]) == START
    assert found["gated"]["precision"] == 1.0


@pytest.mark.parametrize("command", [["alerts"], ["incidents"], ["replay", "m", "--slo", "availability"]])
def test_people_get_text(folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert cli.main(["-w", str(folder), *command]) == 0
    said = capsys.readouterr().out
    assert "availability" in said
    assert "2026-10-14 00:" in said


def test_quiet_histories_say_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, said in (("alerts", "No alert has fired"), ("incidents", "No incident")):
        assert cli.main(["-w", str(folder), command, "--at", OUTAGE.isoformat()]) == 0
        assert said in capsys.readouterr().out


def test_what_people_say_shows_in_the_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = next(a["id"] for a in answer(folder, capsys, "alerts") if a["severity"] == "page")
    incident = answer(folder, capsys, "incidents")[0]["id"]
    answer(folder, capsys, "acknowledge", page, "--by", "ada")
    answer(folder, capsys, "mark", page, "useful", "--by", "ada")
    answer(folder, capsys, "note", incident, "disk full", "--status", "closed", "--by", "ada")
    silence = answer(folder, capsys, "silence", "m", "--until", "2026-11-01", "--reason", "load test", "--by", "ada")
    said = next(a for a in answer(folder, capsys, "alerts") if a["id"] == page)
    assert (said["acknowledged_by"], said["mark"]) == ("ada", "useful")
    told = answer(folder, capsys, "incidents")[0]
    assert (told["status"], told["notes"][0]["text"]) == ("closed", "disk full")
    assert answer(folder, capsys, "unsilence", silence["silence"])["ended"] is True


def test_an_unknown_alert_is_one_sentence_and_exit_code_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-w", str(folder), "acknowledge", "nope"]) == 2
    assert (
        capsys.readouterr().err == "burnline: there is no alert 'nope'; `burnline alerts` lists them with their ids\n"
    )
