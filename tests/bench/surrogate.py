"""What the feature surrogate estimates without labels, beside calibration and the truth, and what it costs.

    python tests/bench/surrogate.py [--quick] [--cost WORKSPACE] [--rows 5000000]

Worlds are synthetic, seeds fixed. ``--cost`` ingests a copy of a workspace and says how long the surrogates took;
``--rows`` does so with one large log of that many rows, beside the bare scan of its columns.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from make_logs import make
from rollup import scan_seconds

import burnline.rollups.ingest as stages
from burnline.rollups.surrogate import Floats, learn
from burnline.workspace import Workspace

REFERENCE, ASKED = 14_000, 20_000
World = Callable[[np.random.Generator, int, bool], tuple[pl.DataFrame, Floats]]


def binned(bins: np.ndarray, bad: Floats, asked: np.ndarray) -> float:
    """Mean badness of a calibration table of the reference, applied to other rows (CBPE by bins)."""
    mean = bad.mean()
    n, total = np.bincount(bins, minlength=51), np.bincount(bins, bad, minlength=51)
    return float(((total + mean) / (n + 1))[asked].mean())


def fiftieths(confidence: Floats) -> np.ndarray:
    """Bin of a confidence among fifty of equal width."""
    return np.minimum((confidence * 50).astype(int), 49)


def classification(shift: float, concept: float = 1.0, less_sure: float = 0.0) -> World:
    """Errors depend on the confidence and, inside every bin of it, on f_tenure, short for ``shift`` of the requests
    after the change (a fifth before); ``concept`` multiplies errors, ``less_sure`` lowers confidence."""

    def world(rng: np.random.Generator, rows: int, changed: bool) -> tuple[pl.DataFrame, Floats]:
        confidence = np.clip(0.5 + 0.5 * rng.beta(5, 1.5, rows) - (less_sure if changed else 0), 0.5, 1)
        short = rng.random(rows) < (shift if changed else 0.2)
        chance = np.clip((1 - confidence) * np.where(short, 1.7, 0.45) * (concept if changed else 1), 0, 1)
        frame = pl.DataFrame(
            {
                "confidence": confidence,
                "f_tenure": np.where(short, rng.random(rows), 1 + 9 * rng.random(rows)),
                "f_amount": np.exp(rng.standard_normal(rows)),
                "f_noise": rng.standard_normal(rows),
                "region": rng.choice(["eu", "us", "apac"], rows),
            }
        )
        return frame, (rng.random(rows) < chance).astype(np.float64)

    return world


def prices(rng: np.random.Generator, rows: int, changed: bool) -> tuple[pl.DataFrame, Floats]:
    """Squared errors of a price: cars are younger after the change, hence dearer but easier to judge. Within one
    age dearer cars have larger errors, so that the price alone points the wrong way."""
    age = rng.gamma(3.0 if changed else 6.0, 1.2, rows)
    size = np.exp(0.4 * rng.standard_normal(rows))
    price = 20_000 * size * np.exp(-0.08 * age)
    error = 0.004 * price * (1 + age) ** 0.9 * rng.standard_normal(rows)
    frame = pl.DataFrame({"prediction": price, "f_age": age, "f_size": size, "f_noise": rng.standard_normal(rows)})
    return frame, error**2


def compare(name: str, world: World, runs: int, *, regression: bool = False) -> None:
    """Print truth, table and surrogate after the change, and mean absolute errors of both."""
    found = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        inputs, bad = world(rng, REFERENCE, False)
        asked, truth = world(rng, ASKED, True)
        surrogate = learn(inputs, bad, "rmse" if regression else "accuracy").surrogate
        if regression:
            edges = np.quantile(inputs["prediction"].to_numpy(), np.linspace(0, 1, 51)[1:-1])
            bins, other = (np.searchsorted(edges, f["prediction"].to_numpy()) for f in (inputs, asked))
        else:
            bins, other = (fiftieths(f["confidence"].to_numpy()) for f in (inputs, asked))
        row = (bad.mean(), truth.mean(), binned(bins, bad, other), float(surrogate.expected(asked).mean()))
        found.append(np.sqrt(row) if regression else 1 - np.array(row))
    before, after, table, ours = np.array(found).T
    print(
        f"{name:44} {before.mean():9.4g} {after.mean():9.4g} {table.mean():9.4g} {ours.mean():9.4g}"
        f" {np.abs(table - after).mean():9.4g} {np.abs(ours - after).mean():9.4g}"
    )


def coverage(runs: int) -> None:
    """How often the wrong answers of a day lie in the interval around what a thousand of its requests let expect."""
    inside, widths = [], []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        world = classification(0.2)
        inputs, bad = world(rng, REFERENCE, False)
        surrogate = learn(inputs, bad, "accuracy").surrogate
        for day in range(10):
            asked, wrong = classification(0.1 + 0.05 * day)(rng, 5_000, True)
            e = surrogate.expected(asked[:1_000])
            mean, n = e.mean(), 5_000
            sampling = n**2 * e.var() / 1_000 * (1 - 1_000 / n)
            chance = n * (mean - (e**2).mean())
            sd = np.sqrt(sampling + chance + (n * mean * surrogate.relative_error) ** 2)
            inside.append(abs(wrong.sum() - n * mean) <= 1.96 * sd)
            widths.append(1.96 * sd / wrong.sum())
    print(f"95 % intervals of a day's wrong answers: cover {np.mean(inside):.3f}, +-{np.mean(widths):.0%} wide")


def cost(folder: Path) -> None:
    """Print seconds of an ingest from nothing, and of its surrogates."""
    stage = stages.expect
    seconds = [0.0, 0.0]

    def timed(*args: object) -> object:
        started = time.perf_counter(), time.process_time()
        try:
            return stage(*args)  # type: ignore[arg-type]
        finally:
            seconds[0] += time.perf_counter() - started[0]
            seconds[1] += time.process_time() - started[1]

    stages.expect = timed  # type: ignore[assignment]
    for what in ("first ingest", "second ingest"):
        seconds[:] = [0.0, 0.0]
        started = time.perf_counter()
        report = Workspace.open(folder).ingest()
        total = time.perf_counter() - started
        print(f"{what}: {total:.2f} s, of which surrogates {seconds[0]:.2f} s ({seconds[1]:.2f} s of processor)")
        print(f"  {report.rows:,} rows")
    entries = Workspace.open(folder).store.read().expected.models.values()
    print(f"  {sum(e.object is not None for e in entries)} of {len(entries)} models have a surrogate")
    stages.expect = stage


def main() -> None:
    """Read the arguments, simulate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--cost", type=Path, help="ingest a copy of this workspace (logs by relative paths)")
    parser.add_argument("--rows", type=int, help="ingest one log of so many rows")
    options = parser.parse_args()
    runs = 4 if options.quick else 40
    print(f"{'':44} {'before':>9} {'after':>9} {'binned':>9} {'surrogate':>9} {'MAE bin':>9} {'MAE surr':>9}")
    compare("accuracy, nothing changes", classification(0.2), runs)
    compare("accuracy, shift inside the confidence bins", classification(0.55), runs)
    compare("accuracy, the model is less sure", classification(0.2, less_sure=0.1), runs)
    compare("accuracy, concept drift: errors x 1.5", classification(0.2, concept=1.5), runs)
    compare("RMSE, younger and dearer cars", prices, runs, regression=True)
    coverage(runs)
    folder = Path(tempfile.mkdtemp(prefix="burnline-bench-"))
    try:
        if options.cost:
            shutil.copytree(options.cost, folder / "copy", ignore=shutil.ignore_patterns(".burnline"))
            cost(folder / "copy")
        if options.rows:
            make(folder / "large", options.rows, models=5)
            print(f"bare scan: {scan_seconds(folder / 'large'):.2f} s")
            cost(folder / "large")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
