"""Bias, coverage and speed of the estimate of bad events when labels are late or missing, in seven worlds.

    python tests/bench/nowcast.py [--quick]

A window of 30 days after 90 of history, about 2,000 events a day, 5 % of them wrong, scores whose calibration is learnt
from matured labels. Target: bias within 2 % and the 95 % interval covers at least 93 % in every world; 2,000 SLOs with
720 hourly cohorts under 1.5 s. Errors and widths are in percent of the true number of bad events.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from burnline.budgets.calibration import BINS, bins, calibrate, day_counts, matured
from burnline.budgets.delays import DelayCurves, cohorts, delay_curves
from burnline.budgets.nowcast import nowcast

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW, HISTORY, PER_DAY = 30, 90, 2_000
DAYS = WINDOW + HISTORY
AT = DAYS * 288 - 1
WORLDS = (
    "at random",
    "delay depends on score",
    "wrong ones later (8 d / 3 d)",
    "the same, errors x1.8 in 10 d",
    "at random, errors x1.8 in 10 d",
    "40 % never labelled, wrong later",
    "hours, nightly batches",
)
METHODS = ("labelled only", "by score", "calibration", "nowcast")


@dataclass(frozen=True)
class World:
    """Events of one log: bucket of the request, confidence bin, wrong or not, bucket of the label (past AT: none)."""

    t: Ints
    bin: Ints
    wrong: NDArray[np.bool_]
    known: Ints


def make(world: str, rng: np.random.Generator, per_day: int = PER_DAY) -> World:
    """One log of the world, its scores calibrated up to the change of concept."""
    n = rng.poisson(per_day * DAYS)
    t = np.sort(rng.integers(0, DAYS * 288, n))
    p = rng.beta(0.5, 9.5, n)
    level = np.where((t >= (DAYS - 10) * 288) & ("x1.8" in world), 1.8, 1.0)
    wrong = rng.random(n) < np.minimum(p * level, 1.0)
    days = np.full(n, 3.0)
    if "score" in world:
        days = 1.5 * (1 + 30 * p)
    if "8 d" in world or "the same" in world or "later" in world:
        days = np.where(wrong, 8.0, 3.0)
    if "batches" in world:
        days = np.where(wrong, 12.0, 6.0) / 24
    delay = rng.exponential(days) * 288
    known = t + delay.astype(np.int64)
    if "batches" in world:
        known = (known - 24) // 288 * 288 + 288 + 24
    if "never" in world:
        known = np.where(rng.random(n) < 0.4, AT + 1, known)
    return World(t, bins(1 - p), wrong, known)


def frames(world: World) -> tuple[pl.DataFrame, pl.DataFrame, DelayCurves, Floats, Floats, Floats]:
    """Labels and cohorts with expectations, curves, and day by bin: events, labelled, wrong as of AT."""
    frame = pl.DataFrame(
        {
            "t": world.t,
            "day": world.t // 288,
            "bin": world.bin,
            "wrong": world.wrong.astype(np.float64),
            "known": world.known,
        }
    ).with_columns(row=pl.lit(0, pl.Int64), hour=pl.col("t") // 12 * 12)
    labels = (
        frame.filter(pl.col("known") <= AT)
        .group_by("row", t="hour", known="known")
        .agg(valid=pl.len().cast(pl.Float64), bad=pl.col("wrong").sum())
    )
    binned = frame.filter(pl.col("known") <= AT).select(
        "row", "day", "known", "bin", labelled=pl.lit(1.0), wrong="wrong"
    )
    events = frame.group_by("row", t="hour").agg(events=pl.len().cast(pl.Float64)).sort("t")
    labelled, wrong = day_counts(binned, at=AT, days=(0, DAYS - 1), count=1)
    counts = np.zeros((DAYS, BINS))
    np.add.at(counts, (world.t // 288, world.bin), 1.0)
    plain = delay_curves(labels, cohorts(labels, events, AT), at=AT, count=1)
    ripe = matured((0, DAYS - 1), plain.maturity, AT)[0] & (np.arange(DAYS) < HISTORY)
    table = calibrate(labelled[0, ripe].sum(axis=0)[None], wrong[0, ripe].sum(axis=0)[None])
    known = frame.with_columns(p=pl.Series(table.rate[0][world.bin]))
    hourly = (
        known.group_by("row", t="hour")
        .agg(
            events=pl.len().cast(pl.Float64),
            expected=pl.col("p").sum(),
            expected_waiting=pl.col("p").filter(pl.col("known") > AT).sum(),
        )
        .sort("t")
    )
    past = cohorts(labels, hourly, AT)
    return labels, past, delay_curves(labels, past, at=AT, count=1), counts, labelled[0], wrong[0]


def compare(world: World) -> tuple[dict[str, float], tuple[float, float], float, bool, float]:
    """Bad events of the window by each method, the interval of the nowcast, the truth, delay bias and gap."""
    _, past, curves, counts, labelled, wrong = frames(world)
    window = past.filter(pl.col("t") >= HISTORY * 288)
    found = nowcast(window, curves, at=AT)
    inside = slice(HISTORY, DAYS)
    n, seen, bad = (x[inside].sum() for x in (counts, labelled, wrong))
    by_bin = [x[inside].sum(axis=0) for x in (counts, labelled, wrong)]
    rates = (by_bin[2] + bad / seen) / (by_bin[1] + 1)
    truth = float(world.wrong[world.t >= HISTORY * 288].sum())
    methods = {
        "labelled only": n * bad / seen,
        "by score": bad + ((by_bin[0] - by_bin[1]) * rates).sum(),
        "calibration": bad + window["expected_waiting"].sum(),
        "nowcast": found.bad[0],
    }
    return methods, (found.low[0], found.high[0]), truth, bool(curves.delay_bias[0]), float(curves.gap[0])


def accuracy(replications: int, per_day: int) -> None:
    """Print bias and root mean square error of each method, coverage and width of the nowcast."""
    print(f"{replications} replications, {per_day} events a day: bias / rmse in %")
    print(f"{'world':34}" + "".join(f"{name:>16}" for name in METHODS) + "   covers  width  bias named  gap")
    for number, world in enumerate(WORLDS):
        errors, inside, width, named, gaps = [], [], [], [], []
        for replication in range(replications):
            one = make(world, np.random.default_rng([number, replication, per_day]), per_day)
            methods, (low, high), truth, biased, gap = compare(one)
            errors.append([100 * (methods[name] / truth - 1) for name in METHODS])
            inside.append(low <= truth <= high)
            width.append(100 * (high - low) / truth)
            named.append(biased)
            gaps.append(gap)
        of = np.array(errors)
        cells = "".join(f"{b:+8.1f} /{r:6.1f}" for b, r in zip(of.mean(0), np.sqrt((of**2).mean(0)), strict=True))
        print(
            f"{world:34}{cells}   {np.mean(inside):6.2f} {np.mean(width):5.1f}%"
            f" {np.mean(named):10.2f} {np.mean(gaps):5.2f}",
            flush=True,
        )


def speed(slos: int = 2_000, hours: int = 720) -> None:
    """Print how long the nowcast of a fleet takes."""
    rng = np.random.default_rng(7)
    row, age = np.repeat(np.arange(slos), hours), np.tile(np.arange(hours), slos)
    events = rng.poisson(80, len(row)).astype(np.float64)
    labelled = rng.binomial(events.astype(np.int64), 1 - np.exp(-(age + 1) / 72)).astype(np.float64)
    bad = rng.binomial(labelled.astype(np.int64), 0.05).astype(np.float64)
    past = pl.DataFrame(
        {
            "row": row, "t": AT - 11 - 12 * age, "events": events, "labelled": labelled, "bad": bad,
            "expected": 0.05 * events, "expected_waiting": 0.05 * (events - labelled),
        }
    )  # fmt: skip
    labels = past.select("row", "t", known=pl.lit(AT), valid="labelled", bad="bad")
    started, cpu = time.perf_counter(), time.process_time()
    curves = delay_curves(labels, past, at=AT, count=slos)
    between = time.perf_counter()
    nowcast(past, curves, at=AT)
    ended = time.perf_counter()
    print(
        f"{slos} SLOs x {hours} hours: delay curves {between - started:.2f} s, nowcast {ended - between:.2f} s"
        f" ({time.process_time() - cpu:.2f} s of processor in all)"
    )


def main() -> None:
    """Run every world, print, measure the speed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="10 replications instead of 80")
    options = parser.parse_args()
    speed()
    for per_day in (PER_DAY, 200):
        accuracy(10 if options.quick else 80, per_day)


if __name__ == "__main__":
    main()
