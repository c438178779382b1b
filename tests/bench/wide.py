"""How long one file of many columns takes to ingest, and how much memory: 1 million rows of 1,000 features.

    python tests/bench/wide.py
    python tests/bench/wide.py --quick

The log spans seven days, with labels, so that every stage runs: bins, counts, distributions by the hour, baseline,
drift and the surrogate. Each size is ingested in a process of its own. Targets: under 5 minutes, under 6 GB, time
linear in columns, and progress that moves within the file.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = datetime(2026, 10, 5, tzinfo=UTC)
DAYS = 7
CHUNK = 100_000
_WORDS = pa.array([f"value-{number}" for number in range(40)])

_WORKSPACE = """\
apiVersion: burnline/v1
kind: Workspace
metadata: {name: wide}
spec:
  logs: [{path: "logs/*.parquet"}]
"""
_MODEL = """\
apiVersion: burnline/v1
kind: Model
metadata: {name: wide}
spec: {type: classification, tier: 2, owner: bench@example.com}
"""


def make(folder: Path, rows: int, columns: int) -> None:
    """A workspace with one log; every twentieth feature holds words, the others numbers."""
    (folder / "logs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "burnline.yaml").write_text(_WORKSPACE)
    (folder / "models" / "wide.yaml").write_text(_MODEL)
    rng = np.random.default_rng(1)
    times = int(START.timestamp() * 1e6) + np.arange(rows) * (DAYS * 86_400_000_000 // rows)
    writer = None
    for first in range(0, rows, CHUNK):
        chunk = times[first : first + CHUNK]
        count = len(chunk)
        answer = rng.integers(0, 2, count)
        content = {
            "timestamp": pa.array(chunk, pa.timestamp("us", "UTC")),
            "request_id": pa.array([f"r{number}" for number in range(first, first + count)]),
            "model": pa.array(["wide"] * count),
            "prediction": pa.array(answer),
            "confidence": pa.array(rng.uniform(0.5, 1, count)),
        }
        for number in range(columns):
            words = _WORDS.take(pa.array(rng.integers(0, len(_WORDS), count)))
            numbers = pa.array(np.round(rng.standard_normal(count, dtype=np.float32), 2))
            content[f"f_{number}"] = numbers if number % 20 else words
        likely = np.where(content["f_1"].to_numpy() > 1, 0.3, 0.05)
        content["label"] = pa.array(np.where(rng.random(count) < likely, 1 - answer, answer))
        content["label_timestamp"] = pa.array(chunk + 3_600_000_000, pa.timestamp("us", "UTC"))
        table = pa.table(content)
        writer = writer or pq.ParquetWriter(folder / "logs" / "wide.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def ingest(folder: Path) -> None:
    """Print seconds, processor seconds, peak memory in MB, moves of the progress and the longest silence."""
    from burnline.workspace import Workspace

    moves, last, silence, stages = 0, time.perf_counter(), 0.0, dict[str, float]()

    def progress(done: int, total: int, what: str) -> None:
        nonlocal moves, last, silence
        now = time.perf_counter()
        moves, silence, last = moves + 1, max(silence, now - last), now
        stages[what] = now

    started = time.perf_counter()
    report = Workspace.open(folder).ingest(progress=progress)
    seconds = time.perf_counter() - started
    assert report.files_quarantined == ()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, time.process_time(), memory, moves, silence)
    for what, when in stages.items():
        print(f"  {when - started:7.1f} s  {what}", file=sys.stderr)
    for problem in report.problems:
        print(f"  {problem}", file=sys.stderr)


def main() -> None:
    """Make the logs one after the other, ingest, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, nargs="+", default=[250, 500, 1_000])
    parser.add_argument("--quick", action="store_true", help="100,000 rows of 50, 100 and 200 columns")
    parser.add_argument("--ingest", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ingest:
        ingest(options.ingest)
        return
    rows, sizes = (100_000, [50, 100, 200]) if options.quick else (options.rows, options.columns)
    heads = {"columns": 8, "raw MB": 8, "store MB": 9, "seconds": 8, "cpu s": 7, "peak MB": 8, "moves": 6, "silence": 8}
    print(" ".join(f"{head:>{width}}" for head, width in heads.items()))
    for columns in sizes:
        folder = Path(tempfile.mkdtemp(prefix="burnline-wide-"))
        try:
            make(folder, rows, columns)
            command = [sys.executable, __file__, "--ingest", str(folder)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            seconds, processor, memory, moves, silence = (float(word) for word in output.split())
            raw, store = (
                sum(f.stat().st_size for f in (folder / name).rglob("*") if f.is_file()) / 1e6
                for name in ("logs", ".burnline")
            )
            print(
                f"{columns:8,} {raw:8,.0f} {store:9,.1f} {seconds:8.1f} {processor:7.1f} {memory:8,.0f} {moves:6,.0f}"
                f" {silence:6.1f} s"
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("targets for 1 million rows of 1,000 columns: under 300 s, under 6,000 MB, linear in columns")


if __name__ == "__main__":
    main()
