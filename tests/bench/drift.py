"""How often healthy columns are called drifted, how soon planted shifts are found, and what it costs beside peers.

    python tests/bench/drift.py alarms [--months 100]     healthy months, planted shifts, a weekend season
    python tests/bench/drift.py speed [--peers DIR]       20 columns x 2 x 1 million rows, beside Evidently and NannyML
    python tests/bench/drift.py rollups                   100 columns x 90 days from counts in memory

The peers need pandas before 3, so they live in environments of their own: DIR/evidently (python -m venv DIR/evidently;
DIR/evidently/bin/pip install evidently "pandas<3" pyarrow) and DIR/nannyml (nannyml, statsmodels). Seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from scipy import stats

from burnline.distances import (
    Axis,
    Bins,
    Categories,
    Distances,
    benjamini_hochberg,
    compare,
    drifted,
    shifted,
    together,
    usual,
)
from burnline.rollups.axes import column
from burnline.rollups.features import Source, count
from burnline.rollups.grids import Grid

# Healthy months

WEEK, DAYS, COLUMNS, NUMERIC = 7, 30, 20, 14
THRESHOLDS = (0.15, 0.2, 0.25, 0.3)
_SHAPES = (stats.norm(), stats.lognorm(1), stats.expon(), stats.t(3), stats.uniform(), stats.gamma(3))
_SIZES = (2, 3, 8, 30, 200, 2000)


def edges(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Bin edges of a numeric column and the standard normal values below which as much lies."""
    kind = number % 8
    if kind == 6:  # whole numbers
        below = np.r_[0, stats.poisson(3).cdf(np.arange(20)), 1]
        return np.arange(22.0), stats.norm.ppf(below)
    if kind == 7:  # four tenths are zero
        return np.arange(130.0), stats.norm.ppf(np.r_[0, np.linspace(0.4, 1, 129)])
    shape = _SHAPES[kind]
    low, middle, high = shape.ppf([0.001, 0.5, 0.999])
    grid = Grid.between(low, middle, high)
    cuts = np.array([grid.edges(place)[0] for place in range(-60, 190)])
    return cuts, stats.norm.ppf(np.r_[0, shape.cdf(cuts[1:-1]), 1])


EDGES = [edges(number) for number in range(8)]


class Month:
    """Counts of a week of reference and a month of days, twenty columns; day effects and shifts in units of a
    standard deviation of a normal value behind each number."""

    def __init__(self, rng: np.random.Generator, rows: int, day: float, *, weekend: float = 0.0, plant: float = 0.0):
        self.weekday = np.arange(WEEK + DAYS) % 7
        self.rows = np.where((self.weekday >= 5) & (weekend > 0), rows // 2, rows)
        self.columns: list[tuple[Axis, np.ndarray, np.ndarray]] = []
        for number in range(COLUMNS):
            missing = rng.binomial(self.rows, 0.02) if number % 2 else np.zeros(WEEK + DAYS, dtype=int)
            effect = rng.normal(0, day, WEEK + DAYS) + weekend * (self.weekday >= 5)
            if number == 0:
                effect[WEEK:] += plant
            draw = self._numbers if number < NUMERIC else self._names
            axis, share = draw(rng, number, effect, day)
            self.columns.append((axis, rng.multinomial(self.rows - missing, share), missing))

    @staticmethod
    def _numbers(rng: np.random.Generator, number: int, effect: np.ndarray, day: float) -> tuple[Axis, np.ndarray]:
        cuts, normal = EDGES[number % 8]
        share = np.clip(np.diff(stats.norm.cdf(normal - effect[:, None]), axis=1), 0, None)
        return Bins(cuts[:-1], cuts[1:]), share / share.sum(axis=1, keepdims=True)

    @staticmethod
    def _names(rng: np.random.Generator, number: int, effect: np.ndarray, day: float) -> tuple[Axis, np.ndarray]:
        size = _SIZES[number - NUMERIC]
        odds = -1.1 * np.log(np.arange(1, size + 1)) + day * rng.normal(size=(len(effect), size))
        share = np.exp(odds)
        return Categories(tuple(map(str, range(size)))), share / share.sum(axis=1, keepdims=True)

    def judged(self, *, seasonal: bool, groups: bool = True, unrest: bool = True) -> dict[str, np.ndarray]:
        """Flags (columns, days) by rule; ``unrest`` takes what days of the reference differ into account."""
        same = self.weekday[WEEK:]
        weekend = self.weekday[:WEEK] >= 5 if groups else None
        plain, season, ordinary = [], [], []
        for axis, counts, missing in self.columns:
            before, after = counts[:WEEK], counts[WEEK:]
            lost, gone = missing[:WEEK], missing[WEEK:]
            plain.append(compare(axis, before.sum(0), after, reference_nulls=lost.sum(), current_nulls=gone))
            if seasonal:
                season.append(compare(axis, before[same], after, reference_nulls=lost[same], current_nulls=gone))
            ordinary.append(usual(axis, before, lost, groups=weekend) if unrest else 0.0)

        def of(name: str, side: list[Distances] = plain) -> np.ndarray:
            return np.stack([getattr(one, name) for one in side])

        def again(name: str) -> np.ndarray | float:
            return of(name, season) if seasonal else np.nan

        p = benjamini_hochberg(of("p").T).T
        days = together(ordinary)[:, None]
        flags = {
            f"{t}": drifted(of("psi"), again("psi"), p, t, days, of("psi_provable"), again("psi_by_chance"))
            for t in THRESHOLDS
        }
        flags["KS"] = shifted(of("ks"), again("ks"), p, days, of("ks_provable"), again("ks_by_chance"))
        return flags | {"textbook": of("psi_textbook")[:NUMERIC] >= 0.2, "p": of("p") < 0.05}


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{c:.1%}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)


def alarms(months: int) -> None:
    """Print the tables of healthy months, planted shifts and a season."""
    rules = [*(f"{t}" for t in THRESHOLDS), "KS"]
    print(f"{months} healthy months of {COLUMNS} columns: share with any drift (target at most 5 %)")
    row("day effect", "rows a day", *rules, "textbook PSI 0.2", "p < 0.05")
    for day in (0.0, 0.05, 0.1):
        for rows in (100, 500, 2000, 5000, 50_000):
            rng = np.random.default_rng([1, rows, int(day * 100)])
            found = [Month(rng, rows, day).judged(seasonal=True) for _ in range(months)]
            shares = [float(np.mean([m[n].any() for m in found])) for n in [*rules, "textbook", "p"]]
            row(f"{day} sd", f"{rows:,}", *shares)
    print("\nShift of one column by 0.5 sd: share of days on which it is found, each as if it were the first")
    row("day effect", "rows a day", *rules, "0.2 or KS", "no hours: 0.2", "KS")
    for day in (0.0, 0.05, 0.1):
        for rows in (100, 200, 500, 1000, 2000, 5000, 50_000):
            rng = np.random.default_rng([2, rows, int(day * 100)])
            some = [Month(rng, rows, day, plant=0.5) for _ in range(months // 3)]
            found = [m.judged(seasonal=True) for m in some]
            shares = [float(np.mean([m[n][0] for m in found])) for n in rules]
            shares.append(float(np.mean([m["0.2"][0] | m["KS"][0] for m in found])))
            found = [m.judged(seasonal=False, groups=False) for m in some]
            row(f"{day} sd", f"{rows:,}", *shares, *(float(np.mean([m[n][0] for m in found])) for n in ("0.2", "KS")))
    print(
        "\nWeekends with half the traffic 0.8 sd off, day effect 0.05 sd: months with any drift; shifts of 0.5 sd found"
    )
    row("held against", "rows a day", *rules, "shift found: 0.2", "KS")
    for seasonal in (False, True):
        for rows in (500, 2000, 5000, 50_000):
            rng = np.random.default_rng([3, rows])
            how = {"seasonal": seasonal, "unrest": seasonal}
            found = [Month(rng, rows, 0.05, weekend=0.8).judged(**how) for _ in range(months // 2)]
            shares = [float(np.mean([m[n].any() for m in found])) for n in rules]
            planted = [Month(rng, rows, 0.05, weekend=0.8, plant=0.5).judged(**how) for _ in range(months // 3)]
            shares += [float(np.mean([m[n][0] for m in planted])) for n in ("0.2", "KS")]
            row("the same hours of the week too" if seasonal else "the whole week alone", f"{rows:,}", *shares)


# Speed beside peers

_PEERS = {
    "evidently": """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from evidently import Dataset, DataDefinition, Report
from evidently.presets import DataDriftPreset
folder, columns = sys.argv[1], json.loads(sys.argv[2])
started = time.perf_counter(), time.process_time()
numbers = [c for c in columns if not c.startswith("f_c")]
texts = [c for c in columns if c.startswith("f_c")]
definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
frames = [pd.read_parquet(f"{folder}/{n}.parquet") for n in ("current", "reference")]
sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
result = Report([DataDriftPreset()]).run(*sides)
result.dict()
print(json.dumps([time.perf_counter() - started[0], time.process_time() - started[1]]))
""",
    "nannyml": """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd, nannyml as nml
folder, columns = sys.argv[1], json.loads(sys.argv[2])
started = time.perf_counter(), time.process_time()
reference, current = (pd.read_parquet(f"{folder}/{n}.parquet") for n in ("reference", "current"))
calculator = nml.UnivariateDriftCalculator(
    column_names=columns, chunk_number=1, continuous_methods=["kolmogorov_smirnov", "wasserstein", "jensen_shannon"],
    categorical_methods=["chi2", "jensen_shannon"])
calculator.fit(reference)
calculator.calculate(current).to_df()
print(json.dumps([time.perf_counter() - started[0], time.process_time() - started[1]]))
""",
}

_RELATION = """
    select 0 as _t, true as _ok, 'm' as model, cast(null as varchar) as version, {columns} from read_parquet($path)"""


def make_sides(folder: Path, rows: int) -> list[str]:
    """Sixteen numeric and four categorical columns, reference and current."""
    rng = np.random.default_rng(7)
    for name, shift in (("reference", 0.0), ("current", 0.1)):
        data: dict[str, np.ndarray] = {}
        for number in range(16):
            normal = rng.normal(shift * (number % 4), 1, rows)
            data[f"f_{number:02d}"] = np.exp(normal) if number % 3 == 0 else normal
        for number, size in enumerate((4, 12, 60, 400)):
            data[f"f_c{number}"] = np.char.add("v", rng.zipf(1.5, rows).clip(max=size).astype(str))
        pl.DataFrame(data).write_parquet(folder / f"{name}.parquet", row_group_size=122_880)
    return list(data)


def ours(folder: Path, columns: list[str]) -> dict[str, float]:
    """PSI of every column: grids from a sample of the reference, histograms of both files, distances."""
    kinds = {name: not name.startswith("f_c") for name in columns}
    sampled = ", ".join(f'quantile_cont("{n}", [0.001, 0.5, 0.999])' for n, number in kinds.items() if number)
    with duckdb.connect() as con:
        con.execute("set threads = 2")
        found = con.execute(
            f"with taken as (select * from read_parquet($path) using sample reservoir(50000 rows) repeatable (1)) "
            f"select {sampled} from taken",
            {"path": str(folder / "reference.parquet")},
        ).fetchone()
    assert found is not None
    numbers = [name for name, number in kinds.items() if number]
    grids = {("m", name): Grid.between(*ends) for name, ends in zip(numbers, found, strict=True)}

    def counted(side: str) -> dict[str, pl.DataFrame]:
        with duckdb.connect() as con:
            con.execute("set threads = 1")
            relation = _RELATION.format(columns=", ".join(f'"{name}"' for name in columns))
            source = Source(str(folder / f"{side}.parquet"), kinds, relation, weighted=False)
            return {one.name: pl.DataFrame(one.rows) for one in count(con, source, grids)}

    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(counted, ("reference", "current"))
    psi = {}
    for name in columns:
        sides = [(side[name].with_columns(row=pl.lit(0, pl.Int64), n=pl.col("n") / 1e6), 1) for side in (before, after)]
        placed = column(sides, grids.get(("m", name)))
        then, now = placed.sides
        psi[name] = compare(
            placed.axis, then.values, now.values, reference_nulls=then.nulls, current_nulls=now.nulls, exact=True
        ).psi[0]
    return psi


def speed(rows: int, peers: Path | None) -> None:
    """Print the seconds of ours and of the peers, from the same files."""
    with tempfile.TemporaryDirectory(prefix="burnline-bench-") as name:
        folder = Path(name)
        columns = make_sides(folder, rows)
        ours(folder, columns)
        wall, cpu = [], []
        for _ in range(5):
            started = time.perf_counter(), time.process_time()
            psi = ours(folder, columns)
            wall.append(time.perf_counter() - started[0])
            cpu.append(time.process_time() - started[1])
        print(f"{len(columns)} columns x 2 x {rows:,} rows from parquet; PSI of f_03 {psi['f_03']:.3f}")
        own = statistics.median(wall), statistics.median(cpu)
        print(f"burnline: {own[0]:.2f} s wall, {own[1]:.2f} s of processor time")
        for peer, script in _PEERS.items():
            python = peers / peer / "bin" / "python" if peers is not None else None
            if python is None or not python.exists():
                print(f"{peer}: not installed")
                continue
            done = subprocess.run(
                [str(python), "-c", script, str(folder), json.dumps(columns)],
                capture_output=True, text=True, env={"NML_DISABLE_USAGE_LOGGING": "1", "PATH": ""}, check=False,
            )  # fmt: skip
            if done.returncode:
                print(f"{peer}: {done.stderr.strip().splitlines()[-1]}")
                continue
            taken = json.loads(done.stdout.strip().splitlines()[-1])
            print(
                f"{peer}: {taken[0]:.1f} s wall = {taken[0] / own[0]:.0f} x (target 10 x), "
                f"{taken[1]:.1f} s of processor time = {taken[1] / own[1]:.0f} x"
            )


# From rollups


def rollups() -> None:
    """Print what distances take from counts of days in memory."""
    rng = np.random.default_rng(1)
    columns = []
    for number in range(100):
        if number < 80:
            cuts, normal = EDGES[number % 6]
            share = np.diff(stats.norm.cdf(normal))
            inside = share > 1e-7
            axis: Axis = Bins(cuts[:-1][inside], cuts[1:][inside])
            share = share[inside]
        else:
            axis, share = Categories(tuple(map(str, range(40)))), 1 / np.arange(1.0, 41)
        share = share / share.sum()
        columns.append((axis, rng.multinomial(70_000, share), rng.multinomial(10_000, share, size=90)))

    def run() -> None:
        for axis, before, after in columns:
            compare(axis, before, after)

    run()
    wall, cpu = [], []
    for _ in range(15):
        started = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    print(
        f"100 columns x 90 days from counts: {min(wall) * 1000:.0f} ms wall at best, "
        f"{statistics.median(cpu) * 1000:.0f} ms of processor time (target 100 ms)"
    )


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("part", choices=("alarms", "speed", "rollups"))
    parser.add_argument("--months", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--quick", action="store_true", help="few months, few rows")
    options = parser.parse_args()
    if options.part == "alarms":
        alarms(10 if options.quick else options.months)
    elif options.part == "speed":
        speed(50_000 if options.quick else options.rows, options.peers)
    else:
        rollups()


if __name__ == "__main__":
    main()
