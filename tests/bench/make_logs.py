"""Writes logs for benchmarks: one large log, or a fleet of many small files.

    python tests/bench/make_logs.py /tmp/large --rows 50000000
    python tests/bench/make_logs.py /tmp/fleet --fleet --models 50

Both are workspaces with definitions. Memory does not grow with the number of rows.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pyarrow.parquet as pq

Codec = Literal["zstd", "snappy"]

END = datetime(2026, 11, 23, tzinfo=UTC)
CHUNK = 500_000
NUMERIC = 10
CATEGORICAL = 4
TYPES = ("classification", "regression", "ranking")

_DAY_US = 86_400_000_000
_CATEGORIES = (4, 12, 60, 400)

_WORKSPACE = """\
apiVersion: burnline/v1
kind: Workspace
metadata: {name: bench}
spec:
  logs: [{path: "logs/**/*.parquet"}]
"""

_MODEL = """\
apiVersion: burnline/v1
kind: Model
metadata: {{name: {name}}}
spec:
  type: {type}
  tier: {tier}
  owner: bench@example.com
"""


def make(
    directory: str | Path,
    rows: int,
    *,
    days: int = 30,
    models: int = 1,
    seed: int = 1,
    codec: Codec = "zstd",
) -> None:
    """One file a day with ``rows`` requests in all, by time, of ``models`` models together."""
    root = Path(directory)
    names = [f"bench-{number:03d}" for number in range(models)]
    _define(root, names, ("classification",))
    rng = np.random.default_rng(seed)
    written = 0
    for day in range(days):
        begin = END - timedelta(days=days - day)
        until = rows * (day + 1) // days
        path = root / "logs" / f"{begin:%Y-%m-%d}.parquet"
        _write(path, rng, names, "classification", begin, written, until - written, codec)
        written = until


def make_fleet(
    directory: str | Path,
    *,
    models: int = 50,
    days: int = 30,
    rows: int = 2000,
    seed: int = 1,
    codec: Codec = "zstd",
) -> None:
    """A file for every model and day of about ``rows`` requests, all types and tiers."""
    root = Path(directory)
    names = [f"model-{number:03d}" for number in range(models)]
    _define(root, names, TYPES)
    rng = np.random.default_rng(seed)
    for number, name in enumerate(names):
        first = 0
        for day in range(days):
            begin = END - timedelta(days=days - day)
            count = int(rng.poisson(rows))
            path = root / "logs" / name / f"{begin:%Y-%m-%d}.parquet"
            _write(path, rng, [name], TYPES[number % 3], begin, first, count, codec)
            first += count


def _define(root: Path, names: list[str], types: tuple[str, ...]) -> None:
    (root / "models").mkdir(parents=True, exist_ok=True)
    (root / "burnline.yaml").write_text(_WORKSPACE)
    for number, name in enumerate(names):
        text = _MODEL.format(name=name, type=types[number % len(types)], tier=number % 4 + 1)
        (root / "models" / f"{name}.yaml").write_text(text)


def _write(
    path: Path,
    rng: np.random.Generator,
    names: list[str],
    type_: str,
    begin: datetime,
    first: int,
    rows: int,
    codec: Codec,
) -> None:
    """One day in chunks, each a row group; the chunks divide the day evenly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chunks = max(1, -(-rows // CHUNK))
    writer: pq.ParquetWriter | None = None
    for chunk in range(chunks):
        span = (_micros(begin) + _DAY_US * chunk // chunks, _micros(begin) + _DAY_US * (chunk + 1) // chunks)
        low, high = rows * chunk // chunks, rows * (chunk + 1) // chunks
        table = _requests(rng, names, type_, span, first + low, high - low).to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression=codec)
        writer.write_table(table)
    if writer:
        writer.close()


def _requests(
    rng: np.random.Generator,
    names: list[str],
    type_: str,
    span: tuple[int, int],
    first: int,
    rows: int,
) -> pl.DataFrame:
    arrived = np.sort(rng.integers(span[0] // 1000, span[1] // 1000, rows)) * 1000
    status = np.where(rng.random(rows) < 0.0005, 503, 200)
    columns: dict[str, pl.Series] = {
        "timestamp": _times(arrived),
        "request_id": pl.select("r" + pl.int_range(first, first + rows).cast(pl.String)).to_series(),
        "model": pl.Series(names).gather(rng.integers(0, len(names), rows)),
        "version": pl.Series(["1.0", "1.1"]).gather((rng.random(rows) < 0.3).astype(np.int64)),
        "region": pl.Series(["us", "eu", "ap"]).gather(rng.integers(0, 3, rows)),
        "latency_ms": pl.Series(np.round(40 * np.exp(0.35 * rng.standard_normal(rows)), 1)),
        "status": pl.Series(status.astype(np.int16)),
        **_answers(rng, type_, first, rows),
        "label_timestamp": _times(arrived + rng.integers(60_000, 7_200_000, rows) * 1000),
        "feature_timestamp": _times(arrived - rng.integers(1_000, 290_000, rows) * 1000),
    }
    for number in range(NUMERIC):
        columns[f"f_n{number}"] = pl.Series(np.round(rng.standard_normal(rows) * (number + 1), 3))
    for number, kinds in enumerate(_CATEGORIES[:CATEGORICAL]):
        values = pl.Series([f"c{value}" for value in range(kinds)])
        # Squaring makes some categories common and most of them rare.
        columns[f"f_c{number}"] = values.gather((rng.random(rows) ** 2 * kinds).astype(np.int64))
    return pl.DataFrame(columns)


def _answers(rng: np.random.Generator, type_: str, first: int, rows: int) -> dict[str, pl.Series]:
    if type_ == "regression":
        predicted = np.round(rng.random(rows), 3)
        label = np.round(predicted + 0.08 * rng.standard_normal(rows), 3)
        return {"prediction": pl.Series(predicted), "label": pl.Series(label)}
    if type_ == "ranking":
        place = (first + np.arange(rows)) % 10
        query = pl.select("q" + pl.int_range(first, first + rows).floordiv(10).cast(pl.String)).to_series()
        relevance = rng.poisson(np.maximum(2.4 - 0.4 * place, 0.05)).clip(0, 3)
        return {"query_id": query, "rank": pl.Series(place + 1), "relevance": pl.Series(relevance)}
    classes = pl.Series(["no", "yes"])
    answer = (rng.random(rows) < 0.2).astype(np.int64)
    wrong = rng.random(rows) < 0.03
    return {
        "prediction": classes.gather(answer),
        "confidence": pl.Series(np.round(0.5 + 0.5 * rng.random(rows) ** 0.2, 3)),
        "label": classes.gather(answer ^ wrong),
    }


def _micros(when: datetime) -> int:
    return round(when.timestamp()) * 1_000_000


def _times(micros: np.ndarray) -> pl.Series:
    return pl.Series(micros).cast(pl.Datetime("us", "UTC"))


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--fleet", action="store_true", help="one small file for every model and day")
    parser.add_argument("--rows", type=int, help="in all, or with --fleet of each file")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--models", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codec", choices=("zstd", "snappy"), default="zstd")
    given = parser.parse_args()
    shared = {"days": given.days, "seed": given.seed, "codec": given.codec}
    begun = time.monotonic()
    if given.fleet:
        make_fleet(given.directory, models=given.models or 50, rows=given.rows or 2000, **shared)
    else:
        make(given.directory, given.rows or 1_000_000, models=given.models or 1, **shared)
    files = list(given.directory.rglob("*.parquet"))
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{len(files):,} files, {size:,.0f} MB in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
