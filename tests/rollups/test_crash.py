"""A process killed at any moment leaves the last good state; the next ingest ends as a clean one."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, requests

from burnline.results import FleetStatus
from burnline.workspace import Workspace

INGEST = "import sys; from burnline.workspace import Workspace; Workspace.open(sys.argv[1]).ingest()"
SLOS = "availability: {objective: 90%}\naccuracy: {objective: 90%}"


def files(days: int) -> dict[str, pl.DataFrame]:
    found = {}
    for day in range(days):
        rng = np.random.default_rng(day)
        log = requests(200, minutes=7, start=START + timedelta(days=day)).with_columns(
            status=pl.Series(rng.choice([200, 200, 500], 200)), prediction=pl.lit(1)
        )
        found[f"logs/{day}.parquet"] = log
        found[f"labels/{day}.parquet"] = log.select(
            "request_id", label=pl.Series(rng.integers(0, 2, 200)), label_timestamp=pl.col("timestamp")
        )
    return found


def answers(workspace: Workspace) -> FleetStatus:
    return workspace.status(at=START + timedelta(days=12))


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_at_random_moments_never_spoils_the_store(tmp_path: Path, seed: int) -> None:
    logs = files(12)
    models = {"m": model_yaml("m", SLOS)}
    clean = make_workspace(tmp_path / "clean", logs, models)
    clean.ingest()
    killed = make_workspace(tmp_path / "killed", logs, models)
    empty = answers(killed).models
    rng = np.random.default_rng(seed)
    seen = []
    for _ in range(4):
        run = subprocess.Popen([sys.executable, "-c", INGEST, str(tmp_path / "killed")])
        time.sleep(float(rng.uniform(0.8, 2.2)))
        run.kill()
        run.wait()
        seen.append(answers(killed).models)
    killed.ingest()
    done = answers(clean).models
    assert answers(killed).models == done
    # In between, readers saw nothing or everything.
    assert all(models in (empty, done) for models in seen)
