"""How often validation is wrong on healthy days, whether it finds planted faults, and how long wide logs take.

    python tests/bench/validation.py days --workspace DIR      every model and day of the sample's last two weeks
    python tests/bench/validation.py wide --rows 1000000 --columns 1000

Without --workspace the sample is built and ingested in a temporary folder.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from burnline.rollups.reads import Snapshot
from burnline.rollups.store import Store
from burnline.sample_data import build
from burnline.spec import WorkspaceSpec, load_workspace
from burnline.validation.asked import Wanted
from burnline.validation.run import validate
from burnline.workspace import Workspace

DATA = ("ingestion", "transformation", "features", "serving")
# What is planted in the inputs, arrivals or answers of the sample: (first day, last day) and the check that must fail.
PLANTED = {
    "eta-predictor": ((19, 22), "unit", "f_distance_m"),
    "content-moderation": ((18, 22), "nulls", "f_toxicity_score"),
    "price-optimizer": ((9, 22), "unseen", "f_category"),
    "lead-score": ((9, 22), "duplicates", "request_id"),
    "kyc-document": ((17, 19), "freshness", "feature_timestamp"),
    "energy-load": ((20, 21), "rows", None),
}
REAL = "flight-delay"


def days(folder: Path) -> None:
    """Validate every day of the last two weeks of every model."""
    spec = load_workspace(folder)
    store = Store(Path(spec.resolve(spec.store)))
    snapshot = Snapshot(store, store.read())
    healthy, wrong, warned = 0, [], 0
    found: dict[str, list[str]] = {name: [] for name in PLANTED}
    real: list[str] = []
    started = time.perf_counter()
    for model in sorted(snapshot.ledger.models()):
        for day in range(9, 23):
            failed, warnings = _day(spec, snapshot, model, day)
            names = sorted({f"{c.check} {c.column or ''}".strip() for c in failed})
            if model == REAL:
                real += [f"{day} Nov: {', '.join(names)}"] if names else []
                continue
            span, check, column = PLANTED.get(model, ((0, -1), "", None))
            if span[0] <= day <= span[1]:
                hit = any((c.check, c.column) == (check, column) for c in failed)
                found[model].append("yes" if hit else f"no ({', '.join(names) or 'passed'})")
                continue
            healthy += 1
            warned += bool(warnings)
            if names:
                wrong.append(f"{model} {day} Nov: {failed[0].sentence}")
    print(f"{time.perf_counter() - started:.0f} s")
    print(
        f"healthy model-days {healthy}, failed {len(wrong)} ({len(wrong) / healthy:.1%}; target 5 %), warned {warned}"
    )
    print(*wrong, sep="\n")
    for model, hits in found.items():
        print(f"{model:20} {PLANTED[model][1]:12} {hits.count('yes')} of {len(hits)} days", *set(hits) - {"yes"})
    print(f"{REAL}: {len(real)} of 14 days fail", *real, sep="\n  ")


def _day(spec: WorkspaceSpec, snapshot: Snapshot, model: str, day: int):  # type: ignore[no-untyped-def]
    start = datetime(2026, 11, day, tzinfo=UTC)
    end = start + timedelta(days=1)
    report = validate(spec, model, snapshot, Wanted(start=start, end=end, stages=DATA, at=end))
    checks = [c for s in report.stages for c in s.checks if not c.passed]
    return [c for c in checks if c.severity == "error"], [c for c in checks if c.severity == "warning"]


def wide(rows: int, columns: int) -> None:
    """A file of so many rows and columns, a tenth of them text, against a reference of the same size."""
    with tempfile.TemporaryDirectory(prefix="burnline-bench-") as name:
        folder = Path(name)
        started = time.perf_counter()
        _write_wide(folder, rows, columns)
        print(f"written in {time.perf_counter() - started:.0f} s")
        workspace = Workspace.open(folder)
        for label in ("first (reference too)", "again (reference kept)"):
            started, cpu = time.perf_counter(), time.process_time()
            report = validate(
                workspace.spec, "wide", workspace.snapshot(), Wanted(paths=(str(folder / "new.parquet"),), stages=DATA)
            )
            seconds = time.perf_counter() - started
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            cpu = time.process_time() - cpu
            count = sum(len(s.checks) for s in report.stages)
            print(f"{label}: {seconds:.0f} s ({cpu:.0f} s of processor), peak {peak:.1f} GB, {count:,} checks")
            print(report.sentence)


def _write_wide(folder: Path, rows: int, columns: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "logs").mkdir()
    (folder / "burnline.yaml").write_text(
        "apiVersion: burnline/v1\nkind: Workspace\nmetadata: {name: wide}\nspec:\n"
        '  logs: [{path: "logs/*.parquet"}]\n  reference: {path: "logs/old.parquet"}\n'
    )
    (folder / "models").mkdir()
    for seed, (path, start) in enumerate(((folder / "logs" / "old.parquet", 5), (folder / "new.parquet", 12))):
        rng = np.random.default_rng(seed)
        first = datetime(2026, 10, start, tzinfo=UTC)
        writer: pq.ParquetWriter | None = None
        part = 50_000
        for begin in range(0, rows, part):
            n = min(part, rows - begin)
            time_us = first.timestamp() * 1e6 + (np.arange(begin, begin + n) * (7 * 86_400e6 / rows))
            frame = {
                "timestamp": pa.array(time_us.astype(np.int64), pa.timestamp("us", "UTC")),
                "request_id": pa.array([f"{seed}-{i}" for i in range(begin, begin + n)]),
                "model": pa.array(["wide"] * n).dictionary_encode(),
                "prediction": pa.array(rng.random(n)),
            }
            names = np.array(["red", "green", "blue", "grey"])
            for i in range(columns):
                if i % 10 == 9:
                    frame[f"f_{i}"] = pa.array(names[rng.integers(0, 4, n)]).dictionary_encode()
                else:
                    frame[f"f_{i}"] = pa.array(rng.standard_normal(n).round(3))
            table = pa.table(frame)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["days", "wide"])
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=1_000)
    options = parser.parse_args()
    if options.what == "wide":
        wide(options.rows, options.columns)
    elif options.workspace is not None:
        days(options.workspace)
    else:
        with tempfile.TemporaryDirectory(prefix="burnline-bench-") as name:
            build(Path(name))
            Workspace.open(name).ingest()
            days(Path(name))


if __name__ == "__main__":
    main()
