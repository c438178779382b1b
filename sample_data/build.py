"""Writes the sample workspace: a real log, a synthetic fleet and the truth about both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import polars as pl
import yaml

from burnline.sample_data.clock import END
from burnline.sample_data.effects import Effect
from burnline.sample_data.fleet import FLEET
from burnline.sample_data.flights import NAME as FLIGHTS
from burnline.sample_data.flights import flight_log
from burnline.sample_data.operations import changes, infrastructure
from burnline.sample_data.service_log import service_log
from burnline.sample_data.shapes import Service
from burnline.sample_data.stories import INNOCENT, STORIES
from burnline.sample_data.tensors import tensor_schemas
from burnline.sample_data.training import recorded, training_runs
from burnline.sample_data.truth import truth

Progress = Callable[[int, int, str], None]

_WORKSPACE = """\
apiVersion: burnline/v1
kind: Workspace
metadata: {name: sample}
spec:
  timezone: America/New_York
  logs:      [{path: "logs/**/*.parquet"}]
  labels:    [{path: "labels/*.parquet"}]
  metrics:   [{path: "infra/*.parquet"}]
  events:    [{path: "changes/*.parquet"}]
  training:  [{path: "training/*.parquet"}]
  reference: {window: first 7d}
  segments:  [version, region, tenant]
"""


def build(directory: str | Path, *, progress: Progress | None = None, scale: float = 1.0) -> None:
    """Write the sample workspace into ``directory``, the same values every time.

    ``scale`` is the share of the requests that are written; every story stays in.
    """
    root = Path(directory)
    done = 0
    total = len(FLEET) + 2

    def step(what: str) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total, what)

    _definitions(root)
    step("definitions")
    # Two at a time: the arithmetic releases the interpreter, and memory stays small.
    with ThreadPoolExecutor(2) as pool:
        for name in pool.map(lambda service: _service(root, service, scale), FLEET):
            step(name)
    _flights(root, scale)
    step(FLIGHTS)


def _definitions(root: Path) -> None:
    _write_text(root / "burnline.yaml", _WORKSPACE)
    _write_text(root / "truth.yaml", yaml.safe_dump(truth(), sort_keys=False, width=100, allow_unicode=True))
    text = files("burnline.sample_data").joinpath("definitions.yaml").read_text("utf-8")
    for document in text.split("\n---\n")[1:]:
        name = yaml.safe_load(document)["metadata"]["name"]
        _write_text(root / "models" / f"{name}.yaml", document.strip() + "\n")
    _write(root / "changes" / "changes.parquet", changes(FLEET, STORIES, INNOCENT))
    _write(root / "training" / "runs.parquet", training_runs())
    _write(root / "training" / "tensors.parquet", tensor_schemas())


def _service(root: Path, service: Service, scale: float) -> str:
    effects: list[Effect] = [effect for story in STORIES if story.model == service.name for effect in story.effects]
    log = service_log(service, effects, scale)
    _by_week(root / "logs" / service.name, log.requests, "timestamp")
    if log.labels is not None:
        _by_week(root / "labels", log.labels, "label_timestamp", f"{service.name}-")
    _write(root / "infra" / f"{service.name}.parquet", infrastructure(service, effects))
    return service.name


def _flights(root: Path, scale: float) -> None:
    log = flight_log(scale)
    _by_month(root / "logs" / FLIGHTS, log.requests, "timestamp")
    _by_month(root / "labels", log.labels, "label_timestamp", f"{FLIGHTS}-")
    first = log.requests["timestamp"][0]
    curve = recorded(FLIGHTS, "flight-delay-2013.1", first, log.curve)
    _write(root / "training" / f"{FLIGHTS}.parquet", curve)
    artifact = root / "artifacts" / f"{FLIGHTS}.txt"
    artifact.parent.mkdir(parents=True, exist_ok=True)
    log.booster.save_model(str(artifact))


def _by_week(folder: Path, frame: pl.DataFrame, time: str, prefix: str = "") -> None:
    """One file for the seven days up to each Sunday, named after its last day."""
    days_ago = (pl.lit(END.date()) - pl.col(time).dt.date()).dt.total_days()
    _in_parts(folder, frame, time, (days_ago - 1) // 7, prefix)


def _by_month(folder: Path, frame: pl.DataFrame, time: str, prefix: str = "") -> None:
    _in_parts(folder, frame, time, pl.col(time).dt.truncate("1mo"), prefix)


def _in_parts(folder: Path, frame: pl.DataFrame, time: str, key: pl.Expr, prefix: str) -> None:
    keyed = frame.with_columns(key.alias("_part"))
    for part in keyed.partition_by("_part", maintain_order=True, include_key=False):
        name = part[time][-1].strftime("%Y-%m-%d")
        _write(folder / f"{prefix}{name}.parquet", part)


def _write(path: Path, frame: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd")


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
