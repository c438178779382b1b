"""How long the status of a fleet takes from rollups, after imports, and what one model takes.

    python tests/bench/status.py --models 50

Medians of eleven runs in one process; the ratio is to the bare read of the same hourly sums.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from make_logs import make_fleet

from burnline.workspace import Workspace


def median(work: Callable[[], object]) -> float:
    """Median seconds of eleven runs after one to warm up."""
    work()
    times = []
    for _ in range(11):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Make the fleet, ingest it, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="burnline-bench-"))
    try:
        make_fleet(folder, models=options.models, days=options.days)
        started = time.perf_counter()
        report = Workspace.open(folder).ingest()
        print(f"ingest of {report.files_read:,} files, {report.rows:,} rows: {time.perf_counter() - started:.1f} s")
        workspace = Workspace.open(folder)
        snapshot = workspace.snapshot()
        hours = [snapshot.store.path(d.objects["hours"]) for d in snapshot.ledger.days.values()]

        def bare() -> object:
            with duckdb.connect() as con:
                return con.execute(
                    "select model, measure, sum(valid), sum(bad) from read_parquet($h) group by all", {"h": hours}
                ).fetchall()

        read = median(bare)
        every = median(lambda: workspace.status().model_dump_json(by_alias=True))
        one = median(lambda: workspace.status(workspace.models[0].name))
        slos = sum(len(m.slos) for m in workspace.models)
        print(f"{options.models} models, {slos} SLOs, {options.days} days")
        print(f"bare read of the hourly sums {read * 1000:7.0f} ms")
        print(f"status as JSON               {every * 1000:7.0f} ms = {every / read:.1f} x the bare read")
        print(f"status of one model          {one * 1000:7.0f} ms")
        print(f"daily burn of the fleet      {median(workspace.daily) * 1000:7.0f} ms")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
