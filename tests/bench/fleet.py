"""Budgets, evidence, forecasts and firing alerts of a large fleet from rollups.

    python tests/bench/fleet.py --models 2000 --days 30

Every model has four SLOs: availability, latency, accuracy with labels two hours late, confidence. Three models in a
hundred burn at 2 to 10 times their budget from a day of the second half on. Logs hold one row per five
minutes, model and kind of outcome, with its count as weight. Each step is timed once in one process; the ratio is
to the bare read of the hourly sums. Target: budgets, evidence and forecasts of 2,000 x 4 under 5 s.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from burnline.standing import Standing
from burnline.status import model_statuses
from burnline.workspace import Workspace

Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]

END = datetime(2026, 11, 23, tzinfo=UTC)
_BUCKETS = 288
_PER_BUCKET = 80
_KINDS = ("failed", "slow", "wrong", "unsure", "fine")
_WORKSPACE = """\
apiVersion: burnline/v1
kind: Workspace
metadata: {name: fleet}
spec:
  logs: [{path: "logs/*.parquet"}]
"""
_MODEL = """\
apiVersion: burnline/v1
kind: Model
metadata: {{name: {name}}}
spec:
  type: classification
  tier: 2
  slos:
    availability: {{objective: 99.5%}}
    latency: {{threshold: 100ms, objective: 99%}}
    accuracy: {{objective: 94%}}
    confidence: {{threshold: 0.8, objective: 99%}}
    freshness: false
    completeness: false
    drift: false
"""
# What a healthy model spends of the four budgets: half.
_SHARES = np.array([0.0025, 0.005, 0.03, 0.005])


def make_fleet(folder: Path, models: int, days: int) -> None:
    """Write the workspace: one file a day."""
    rng = np.random.default_rng(1)
    names = [f"model-{i:04d}" for i in range(models)]
    (folder / "models").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "burnline.yaml").write_text(_WORKSPACE)
    for name in names:
        (folder / "models" / f"{name}.yaml").write_text(_MODEL.format(name=name))
    bad = rng.random(models) < 0.03
    onset = np.where(bad, rng.integers(days // 2, days, models), days)
    factor = rng.uniform(4, 20, models)
    for day in range(days):
        start = END - timedelta(days=days - day)
        burn = np.where(day >= onset, factor, 1.0)
        shares = np.minimum(_SHARES * burn[:, None], 0.2)
        chances = np.column_stack([shares, 1 - shares.sum(axis=1)])
        counts = rng.multinomial(_PER_BUCKET, np.repeat(chances, _BUCKETS, axis=0))
        _day(folder, start, names, counts)


def _day(
    folder: Path, start: datetime, names: list[str], counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> None:
    place, kind = np.nonzero(counts)
    model, slot = np.divmod(place, _BUCKETS)
    moment = pl.Series([start + timedelta(minutes=5 * b) for b in range(_BUCKETS)])
    kinds = pl.Series(kind)
    pl.DataFrame(
        {
            "timestamp": moment.gather(slot),
            "model": pl.Series(names).gather(model),
            "weight": counts[place, kind].astype(float),
            "status": pl.Series([500, 200, 200, 200, 200]).gather(kinds),
            "latency_ms": pl.Series([10.0, 400.0, 10.0, 10.0, 10.0]).gather(kinds),
            "prediction": pl.Series([1, 1, 1, 1, 1]).gather(kinds),
            "label": pl.Series([None, 1, 0, 1, 1]).gather(kinds),
            "label_timestamp": moment.gather(slot) + timedelta(hours=2),
            "confidence": pl.Series([0.9, 0.9, 0.9, 0.5, 0.9]).gather(kinds),
        }
    ).sort("timestamp", "model").write_parquet(folder / "logs" / f"{start:%Y-%m-%d}.parquet")


def timed(what: str, work: Callable[[], object], read: float | None = None) -> float:
    """Seconds of one run, printed."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    print(f"{what:42} {seconds:6.2f} s" + (f" = {seconds / read:5.1f} x the bare read" if read else ""), flush=True)
    return seconds


def main() -> None:
    """Make the fleet (or take one that is there), ingest it, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, default=2000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="Keep the workspace here, and use it if it is there.")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="burnline-bench-")) / "fleet"
    try:
        if not (folder / "burnline.yaml").is_file():
            timed("writing the logs", lambda: make_fleet(folder, options.models, options.days))
        timed("ingest", lambda: Workspace.open(folder).ingest())
        workspace = Workspace.open(folder)
        snapshot = workspace.snapshot()
        hours = [snapshot.store.path(d.objects["hours"]) for d in snapshot.ledger.days.values()]

        def bare() -> object:
            query = "select model, measure, t, sum(valid), sum(bad) from read_parquet($h) group by all"
            with duckdb.connect() as con:
                return con.sql(query, params={"h": hours}).to_arrow_table()

        bare()
        read = timed("bare read of the hourly sums", bare)
        fleet = workspace.fleet()
        standing = Standing(fleet, fleet.questions)
        total = timed("counts of all windows", lambda: standing.totals, read)
        total += timed("six weeks by the hour", lambda: standing.recent, read)
        total += timed("over-dispersion", lambda: standing.phi)
        total += timed("evidence", lambda: standing.evidence)
        waiting = timed("estimates of what waits for a label", lambda: standing.estimates, read)
        firing = timed("firing alerts", lambda: standing.alerts, read)
        total += timed("forecasts", lambda: standing.forecasts)
        print(f"budgets, evidence and forecasts of {len(fleet.questions):,} SLOs: {total:.2f} s (target 5 s)")
        print(f"beside it: {len(standing.estimates):,} estimates {waiting:.2f} s")
        print(f"and {len(standing.suspects):,} SLOs that could have an open alert {firing:.2f} s")
        timed("what budgets were spent on", lambda: standing.spend, read)
        timed("the whole status, anew", lambda: model_statuses(workspace.fleet()), read)
        timed("alerts over the whole history", workspace.alerts, read)
    finally:
        if options.keep is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
