"""How often the forecast's 80 % interval holds in nine simulated worlds, beside a bootstrap, and its speed.

    python tests/bench/forecast.py [--quick]

Targets: the interval of the bad events of the next 7 days covers 70-90 %, averaged over the worlds;
8,000 SLOs take under 2 s on 2 cores. The interval score (lower is better; Gneiting and Raftery
2007) is over the mean bad events of the days ahead. Brier is that of the probability that a calendar budget
of 28 days, half of which are over, is exhausted by their end; it allows 1.2 to 3.5 times what
the first half spent. The bootstrap draws whole days of the last 28.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from burnline.budgets.forecast import PATHS, Horizon, Past, forecast
from burnline.budgets.forecast_model import rates
from burnline.budgets.forecast_paths import Onset, Traffic, draws, spend

Floats = NDArray[np.float64]

HISTORY, AHEAD, LOOKS = 42, 14, (1, 7, 14)
WEEKDAY = np.arange(HISTORY + AHEAD) % 7
AT = datetime(2026, 11, 2, tzinfo=UTC)
WORLDS = (
    "independent",
    "weekly season",
    "over-dispersed",
    "autocorrelated",
    "rare incidents",
    "shift 2-8x",
    "growth 3x",
    "season and shift",
    "growth 6x",
)


def make(world: str, n: int, volume: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Valid and bad (n, 56): 42 days of history and 14 ahead, ``volume`` valid a day, 60 % at weekends."""
    days = HISTORY + AHEAD
    valid = rng.poisson(volume * np.where(WEEKDAY < 5, 1.0, 0.6), (n, days)).astype(np.float64)
    rate = np.repeat(np.exp(rng.uniform(np.log(0.0005), np.log(0.01), (n, 1))), days, axis=1)
    if world in ("weekly season", "season and shift"):
        rate = rate * np.exp(rng.normal(0, 0.4, (n, 7)))[:, WEEKDAY]
    if world in ("shift 2-8x", "season and shift"):
        start = HISTORY - rng.integers(1, 11, (n, 1))
        rate = np.where(np.arange(days) >= start, rate * np.exp(rng.uniform(np.log(2), np.log(8), (n, 1))), rate)
    if world == "over-dispersed":
        rate = rate * rng.gamma(4, 1 / 4, (n, days))
    if world == "autocorrelated":
        log = rng.normal(0, 0.5, n)
        steps = []
        for _ in range(days):
            steps.append(log)
            log = 0.8 * log + rng.normal(0, 0.5 * np.sqrt(1 - 0.8**2), n)
        rate = rate * np.exp(np.array(steps).T)
    if world == "rare incidents":
        rate = np.where(rng.random((n, days)) < 0.07, rate * rng.uniform(10, 30, (n, days)), rate)
    if world.startswith("growth"):
        rate = rate * float(world[7]) ** (np.arange(days) / HISTORY)
    return valid, rng.binomial(valid.astype(np.int64), np.minimum(rate, 0.9)).astype(np.float64)


def futures(valid: Floats, bad: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Bad events to the end of each day ahead (n, paths, 14) by method, from the history alone."""
    n = len(valid)
    learned, ahead = rates(valid, bad, WEEKDAY[:HISTORY]), WEEKDAY[HISTORY:]
    expected = learned.traffic[:, ahead]
    traffic = Traffic(np.arange(AHEAD + 1.0), expected, expected * learned.profile[:, ahead])
    none = Onset(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=bool))
    steps = list(spend(learned, traffic, none, draws(PATHS, AHEAD, seed=1)))
    days = rng.integers(HISTORY - 28, HISTORY, (n, PATHS, AHEAD))
    drawn = np.take_along_axis(bad[:, None, :], days, axis=2)
    return {"forecast": np.rint(np.stack(steps, axis=2).astype(np.float64)), "bootstrap": drawn.cumsum(axis=2)}


def judge(paths: Floats, truth: Floats) -> list[float]:
    """Coverage and interval score after 1, 7 and 14 days."""
    found = []
    for day in LOOKS:
        low, high = np.quantile(paths[:, :, day - 1], [0.1, 0.9], axis=1)
        x = truth[:, day - 1]
        score = (high - low + 10 * np.maximum(low - x, 0) + 10 * np.maximum(x - high, 0)) / (
            np.maximum(truth[:, -1], 1) / AHEAD * day
        )
        found += [float(((low <= x) & (x <= high)).mean()), float(score.mean())]
    return found


def exhausted(valid: Floats, bad: Floats, paths: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Brier scores of the forecast's probability of exhaustion and of the bootstrap's."""
    n, half = len(valid), slice(HISTORY - 14, HISTORY)
    spent, held = bad[:, half].sum(axis=1), valid[:, half].sum(axis=1)
    objectives = 1 - np.maximum(spent, 1) * rng.uniform(1.2, 3.5, n) / (2 * held)
    allowed = (1 - objectives) * valid[:, HISTORY - 14 :].sum(axis=1) - spent
    truth = bad[:, HISTORY:].sum(axis=1) > allowed
    horizons = [Horizon("calendar", 28, 14, float(v), float(b)) for v, b in zip(held, spent, strict=True)]
    past = Past(valid[:, :HISTORY], bad[:, :HISTORY], WEEKDAY[:HISTORY])
    answers = forecast(past, horizons, objectives, at=AT)
    ours = np.array([a.probability if a else 0.0 for a in answers])
    theirs = (paths[:, :, -1] > allowed[:, None]).mean(axis=1)
    return float(((ours - truth) ** 2).mean()), float(((theirs - truth) ** 2).mean())


def table(volume: float, replications: int) -> None:
    """One line per world: the forecast's figures, then the bootstrap's."""
    print(f"{volume:,.0f} valid a day, {replications} SLOs per world: coverage and interval score, Brier")
    one = "".join(f"{f'{day} d':>6}{'':6}" for day in LOOKS) + " Brier"
    print(f"{'':18}{'forecast':^43} | bootstrap of 28 days\n{'':18}{one} | {one}")
    lines = []
    for number, world in enumerate(WORLDS):
        rng = np.random.default_rng([2026, number, int(volume)])
        valid, bad = make(world, replications, volume, rng)
        by_method = futures(valid[:, :HISTORY], bad[:, :HISTORY], rng)
        ours, theirs = exhausted(valid, bad, by_method["bootstrap"], rng)
        truth = bad[:, HISTORY:].cumsum(axis=1)
        line = [*judge(by_method["forecast"], truth), ours, *judge(by_method["bootstrap"], truth), theirs]
        lines.append(line)
        show(world, line)
    show("mean", list(np.mean(lines, axis=0)))
    show("worst", [min(c) if k % 7 in (0, 2, 4) else max(c) for k, c in enumerate(zip(*lines, strict=True))])


def show(name: str, line: list[float]) -> None:
    cells = [f"{x:6.3f}" if k % 7 == 6 else f"{x:6.2f}" for k, x in enumerate(line)]
    print(f"{name:18}{''.join(cells[:7])} | {''.join(cells[7:])}", flush=True)


def speed(slos: int, near: float) -> None:
    """Seconds for a fleet of which a share is near exhaustion, rolling windows of 30 days."""
    rng = np.random.default_rng(5)
    valid = rng.poisson(rng.lognormal(8, 1.5, (slos, 1)), (slos, HISTORY)).astype(np.float64)
    rate = np.exp(rng.uniform(np.log(1e-4), np.log(2e-2), (slos, 1))) * rng.gamma(4, 1 / 4, (slos, HISTORY))
    bad = rng.binomial(valid.astype(np.int64), rate).astype(np.float64)
    pace = np.where(rng.random(slos) < near, rng.uniform(0.7, 1.0, slos), 0.25)
    objectives = 1 - np.clip(bad.sum(axis=1) / np.maximum(valid.sum(axis=1), 1) / pace, 1e-4, 0.5)
    held, spent = valid[:, -30:].sum(axis=1), bad[:, -30:].sum(axis=1)
    horizons = [Horizon("rolling", 30, 30, float(v), float(b)) for v, b in zip(held, spent, strict=True)]
    past = Past(valid, bad, WEEKDAY[:HISTORY])
    times = []
    for _ in range(3):
        started, worked = time.perf_counter(), time.process_time()
        forecast(past, horizons, objectives, at=AT)
        times.append((time.perf_counter() - started, time.process_time() - worked))
    elapsed, busy = min(times)
    print(f"{slos:,} SLOs x {HISTORY} days, {near:4.0%} near exhaustion: {elapsed:.2f} s (processor {busy:.2f} s)")


def main() -> None:
    """Simulate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="60 SLOs per world instead of 600")
    options = parser.parse_args()
    for volume in (20_000, 300):
        table(volume, 60 if options.quick else 600)
    for near in (0.05, 0.3, 1.0):
        speed(8_000, near)


if __name__ == "__main__":
    main()
