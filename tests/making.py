"""Small workspaces for tests: logs as frames in, an opened workspace out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from burnline.results import SloStatus
from burnline.workspace import Workspace

START = datetime(2026, 10, 5, tzinfo=UTC)

WORKSPACE = """
apiVersion: burnline/v1
kind: Workspace
metadata: {name: test}
spec:
  logs: [{path: "logs/**/*.parquet"}]
  labels: [{path: "labels/*.parquet"}]
  metrics: [{path: "infra/*.parquet"}]
  events: [{path: "changes/*.parquet"}]
"""


def model_yaml(name: str, slos: str, *, type_: str = "classification") -> str:
    """A Model file with only these SLOs: the template's are turned off unless they are named."""
    template = {
        "classification": "availability latency freshness completeness drift accuracy confidence",
        "regression": "availability latency freshness completeness drift rmse",
        "ranking": "availability latency freshness completeness drift ndcg",
    }[type_]
    named = {line.split(":")[0].strip() for line in slos.strip().splitlines()}
    off = "".join(f"    {slo}: false\n" for slo in template.split() if slo not in named)
    on = "".join(f"    {line.strip()}\n" for line in slos.strip().splitlines())
    return (
        f"apiVersion: burnline/v1\nkind: Model\nmetadata: {{name: {name}}}\n"
        f"spec:\n  type: {type_}\n  tier: 2\n  slos:\n{on}{off}"
    )


def make_workspace(
    folder: Path,
    files: Mapping[str, pl.DataFrame],
    models: Mapping[str, str] | None = None,
    *,
    workspace: str = WORKSPACE,
) -> Workspace:
    """Write frames (path below the folder -> frame) and Model files (name -> YAML), and open it."""
    for path, frame in files.items():
        write(folder / path, frame)
    (folder / "models").mkdir(parents=True, exist_ok=True)
    for name, text in (models or {}).items():
        (folder / "models" / f"{name}.yaml").write_text(text)
    (folder / "burnline.yaml").write_text(workspace)
    return Workspace.open(folder)


def write(path: Path, frame: pl.DataFrame) -> None:
    """Write a parquet file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)


def requests(count: int, *, minutes: float = 1.0, model: str = "m", start: datetime = START) -> pl.DataFrame:
    """Requests at even distances: timestamp, request_id, model."""
    return pl.DataFrame(
        {
            "timestamp": [start + timedelta(minutes=minutes * i) for i in range(count)],
            "request_id": [f"{model}-{start:%y%m%d%H%M}-{i}" for i in range(count)],
            "model": [model] * count,
        }
    )


def only(workspace: Workspace, slo: str, *, model: str = "m", at: datetime | None = None) -> SloStatus:
    """The status of one SLO."""
    status = workspace.status(model, at=at).models[0]
    return next(s for s in status.slos if s.slo == slo)
