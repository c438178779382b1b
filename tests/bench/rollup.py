"""How long a full ingest takes beside the bare scan of the same columns, and how much memory.

    python tests/bench/rollup.py --rows 50000000

The baseline is what DuckDB needs, on every core, to take minimum, maximum and sum of the columns
that the rollups read. Both are measured in one run, the ingest in a process of its own, with the
log in the page cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from make_logs import make

_NUMBERS = ("DOUBLE", "FLOAT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT")
# request_id finds duplicates and is part of the baseline, as every column that ingest looks at.


def scan_seconds(folder: Path) -> float:
    """Seconds for min, max and (of numbers) sum of every column, the better of two runs."""
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as con:
        source = f"{folder}/logs/**/*.parquet"
        columns = con.execute("describe select * from read_parquet($p)", {"p": source}).fetchall()
        asked = []
        for name, kind, *_ in columns:
            asked += [f'min("{name}")', f'max("{name}")']
            asked += [f'sum("{name}")'] if kind.startswith(_NUMBERS) else []
        query = f"select {', '.join(asked)} from read_parquet($p)"
        times = []
        for _ in range(3):
            started = time.perf_counter()
            con.sql(query, params={"p": source}).to_arrow_table()
            times.append(time.perf_counter() - started)
        print(f"{len(columns)} columns: {', '.join(name for name, *_ in columns)}")
    return min(times[1:])


def ingest(folder: Path) -> None:
    """Ingest twice and print seconds of both, rows and peak memory in MB (run in its own process)."""
    from burnline.workspace import Workspace

    workspace = Workspace.open(folder)
    started = time.perf_counter()
    report = workspace.ingest()
    first = time.perf_counter() - started
    started = time.perf_counter()
    again = workspace.ingest()
    second = time.perf_counter() - started
    assert report.files_quarantined == ()
    assert again.files_read == 0
    print(first, second, report.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def size(folder: Path) -> float:
    """Megabytes of all files below a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def main() -> None:
    """Make the log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--models", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="make the log here, or use the one that is here")
    parser.add_argument("--ingest", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ingest:
        ingest(options.ingest)
        return
    folder = options.keep or Path(tempfile.mkdtemp(prefix="burnline-bench-"))
    try:
        if not (folder / "burnline.yaml").exists():
            make(folder, options.rows, models=options.models)
        shutil.rmtree(folder / ".burnline", ignore_errors=True)
        scan = scan_seconds(folder)
        command = [sys.executable, __file__, "--ingest", str(folder)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        first, second, rows, memory = (float(word) for word in output.split())
        raw, store = size(folder / "logs"), size(folder / ".burnline")
        print(f"rows                 {rows:,.0f}")
        print(f"scan (min, max, sum) {scan:8.2f} s")
        print(f"ingest               {first:8.2f} s = {first / scan:.2f} x the scan")
        print(f"ingest, nothing new  {second:8.2f} s")
        print(f"peak memory          {memory:8.0f} MB")
        print(f"store                {store:8.1f} MB = {store / raw:.2%} of {raw:,.0f} MB")
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
