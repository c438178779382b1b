"""A healthy log of two weeks for tests of validation, and ways to break a part of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from burnline.results.validation import Check, ValidationReport
from burnline.rollups.reads import Snapshot
from burnline.rollups.store import Store
from burnline.spec import load_workspace
from burnline.validation.asked import Wanted
from burnline.validation.run import validate

START = datetime(2026, 10, 5, tzinfo=UTC)
CLOCK = START + timedelta(days=30)
DATA = ("ingestion", "transformation", "features", "serving")
WORKSPACE = """
apiVersion: burnline/v1
kind: Workspace
metadata: {name: test}
spec:
  logs: [{path: "logs/*.parquet"}]
"""


def healthy(days: int = 1, *, first: int = 0, per_day: int = 960, seed: int = 0) -> pl.DataFrame:
    """Requests of whole days from day ``first`` on, as busy at night as by day."""
    rng = np.random.default_rng(seed + 1_000 * first)
    n = days * per_day
    step = timedelta(days=1) / per_day
    times = [START + timedelta(days=first) + i * step for i in range(n)]
    p = rng.uniform(0.5, 1.0, n).round(4)
    fraud = rng.random(n) < 0.2
    return pl.DataFrame(
        {
            "timestamp": times,
            "request_id": [f"r{first}-{i}" for i in range(n)],
            "model": ["m"] * n,
            "version": ["1"] * n,
            "region": rng.choice(["eu", "us"], n),
            "latency_ms": rng.lognormal(3, 0.4, n),
            "status": np.where(rng.random(n) < 0.01, 503, 200),
            "prediction": np.where(fraud, "fraud", "ok"),
            "confidence": p,
            "p_fraud": np.where(fraud, p, 1 - p),
            "p_ok": np.where(fraud, 1 - p, p),
            "feature_timestamp": [
                t - timedelta(seconds=float(s)) for t, s in zip(times, rng.uniform(5, 60, n), strict=True)
            ],
            "f_amount": rng.lognormal(4, 0.8, n).round(2),
            "f_age": rng.normal(40, 8, n).round(1),
            "f_count": rng.poisson(3, n),
            "f_country": rng.choice(["CH", "DE", "FR"], n, p=[0.5, 0.3, 0.2]),
            "f_known": rng.random(n) < 0.5,
        }
    ).with_columns(
        pl.when(pl.Series(rng.random(n) > 0.002)).then(pl.col("f_age")),
        pl.when(pl.col("status") < 500).then(pl.col("prediction")),
    )


def workspace(folder: Path, reference: pl.DataFrame | None = None, **more: pl.DataFrame) -> Path:
    """A workspace with eight healthy days as its log (or ``reference``), and more logs by name."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (folder / "models").mkdir(exist_ok=True)
    (folder / "burnline.yaml").write_text(WORKSPACE)
    (folder / "models" / "m.yaml").write_text(
        "apiVersion: burnline/v1\nkind: Model\nmetadata: {name: m}\nspec: {type: classification}\n"
    )
    (reference if reference is not None else healthy(8)).write_parquet(folder / "logs" / "a.parquet")
    for name, frame in more.items():
        frame.write_parquet(folder / "logs" / f"{name}.parquet")
    return folder


def judge(folder: Path, frame: pl.DataFrame | None = None, **wanted: object) -> ValidationReport:
    """Validate a frame as a file before the model, or the newest day of the logs."""
    spec = load_workspace(folder)
    store = Store(Path(spec.resolve(spec.store)))
    if frame is not None:
        path = folder / "new.parquet"
        frame.write_parquet(path)
        wanted["paths"] = (str(path),)
    asked = Wanted(**{"stages": DATA, **wanted})  # type: ignore[arg-type]
    return validate(spec, "m", Snapshot(store, store.read()), asked, clock=CLOCK)


def failed(report: ValidationReport, *, warnings: bool = False) -> dict[tuple[str, str, str | None], Check]:
    """Failed checks of severity error (or warning) by stage, check and column."""
    wanted = "warning" if warnings else "error"
    return {
        (s.stage, c.check, c.column): c
        for s in report.stages
        for c in s.checks
        if not c.passed and c.severity == wanted
    }
