from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser.helpers import COMMAND

SAMPLE = re.compile(r'(?P<name>[a-z_]+)(\{(?P<labels>([a-z_]+="([^"\\\n]|\\.)*",?)*)\})? (?P<value>\S+)')


def get(url: str, **headers: str) -> tuple[int, str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=30) as response:
            return response.status, response.headers["Content-Type"], response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def command(workspace: Path, *args: str) -> Any:
    done = subprocess.run([COMMAND, "-w", workspace, *args, "--json"], capture_output=True, check=True)
    return json.loads(done.stdout)


def test_the_server_is_healthy(dashboard: str) -> None:
    assert get(f"{dashboard}/_stcore/health")[0] == 200


def test_metrics_are_openmetrics_text_with_every_slo(dashboard: str, demo_workspace: Path) -> None:
    code, kind, text = get(f"{dashboard}/metrics")
    assert code == 200
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("# EOF\n")
    families: set[str] = set()
    objectives: set[tuple[str, str]] = set()
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE"):
            name = line.split()[2]
            assert name not in families
            families.add(name)
        elif not line.startswith("# HELP"):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample["name"] in families
            float(sample["value"])
            if sample["name"] == "burnline_slo_objective":
                labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
                objectives.add((labels["model"], labels["slo"]))
    status = command(demo_workspace, "status")
    assert objectives == {(model["model"], slo["slo"]) for model in status["models"] for slo in model["slos"]}


def test_api_status_is_the_status_json_of_the_command_line(dashboard: str, demo_workspace: Path) -> None:
    code, kind, body = get(f"{dashboard}/api/status")
    assert (code, kind) == (200, "application/json")
    assert json.loads(body) == command(demo_workspace, "status")


def test_api_status_answers_for_one_model_as_of_a_moment(dashboard: str, demo_workspace: Path) -> None:
    whole = command(demo_workspace, "status")
    model, at = whole["models"][0]["model"], whole["at"][:10]
    _, _, body = get(f"{dashboard}/api/status?model={quote(model)}&at={at}")
    assert json.loads(body) == command(demo_workspace, "status", model, "--at", at)


@pytest.mark.parametrize("what", ["alerts", "incidents"])
def test_alerts_and_incidents_are_those_of_the_command_line(dashboard: str, demo_workspace: Path, what: str) -> None:
    code, kind, body = get(f"{dashboard}/api/{what}?model=payment-router")
    assert (code, kind) == (200, "application/json")
    found = json.loads(body)
    assert found
    assert found == command(demo_workspace, what, "payment-router")


@pytest.mark.parametrize("query", ["model=no-such-model", "at=yesterday"])
def test_api_status_says_in_a_sentence_what_is_wrong(dashboard: str, query: str) -> None:
    code, kind, body = get(f"{dashboard}/api/status?{query}")
    assert (code, kind) == (400, "application/json")
    assert query.split("=")[1] in json.loads(body)["error"]


def test_a_foreign_host_name_that_resolves_to_this_machine_is_refused(dashboard: str) -> None:
    assert get(f"{dashboard}/api/status", Host="attacker.example")[0] == 400
