"""Whether the verdict on a drift is right: worlds with one guilty column (or none) and innocent ones that drift too.

    nice .venv/bin/python tests/bench/harm.py [--quick]

Each world has a week of baseline and a week of window; from a random moment of the first days on a guilty column breaks
(values a thousand times too large, nulls, a renamed category, a shift towards harder requests, for some requests or for
all) and up to three innocent ones move as well, one of them correlated with the guilty one. Wrong is a harmful drift
called harmless, or the reverse; unknown is no answer. Target: at most 5 % wrong.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.drift.harm import Drifted, harms
from burnline.rollups.surrogate import learn

DAY = 288
BUDGET = 0.06
BASE = 0.04
MOST = 20_000
FAULTS = ("units", "nulls", "rename", "shift", "all units", "none")
LABELS = ("none", "20 %", "all", "late")
VOLUMES = (500, 5_000, 50_000)
#: What the guilty column adds, as a part of the error budget; from a tenth of it it counts.
EFFECTS = (0.25, 0.5, 2.0)


@dataclass(frozen=True)
class World:
    kind: str
    fault: str
    effect: float
    innocents: int
    volume: int
    labels: str
    seed: int


def features(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Inputs: three that matter, four that do not, one of them close to the guilty one."""
    risk = rng.normal(size=n)
    return {
        "f_guilty": np.exp(0.5 * rng.normal(size=n)) * 10,
        "f_risk": risk,
        "f_idle": rng.normal(size=n),
        "f_echo": 0.7 * risk + 0.7 * rng.normal(size=n),
        "f_spare": rng.gamma(2.0, size=n),
        "f_kind": rng.choice(["a", "b", "c", "d"], n, p=[0.4, 0.3, 0.2, 0.1]),
        "f_label": rng.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2]),
    }


def make(world: World) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, float]]:
    """Baseline rows, window rows, and what each drifted column truly adds to the badness of the window."""
    rng = np.random.default_rng(world.seed)
    n = min(MOST, 7 * world.volume)
    base_x, now_x = features(rng, n), features(rng, n)
    base_t, now_t = (np.sort(rng.integers(0, 7 * DAY, n)) for _ in range(2))
    onset = int(rng.integers(0, 2 * DAY))
    after = now_t >= onset
    truth: dict[str, float] = {}
    hit = np.zeros(n, dtype=bool)
    # What is expected of a request by nature, on the scale of its kind.
    base_risk, now_risk = base_x["f_risk"].copy(), now_x["f_risk"].copy()
    wanted = world.effect * BUDGET * (1 if world.kind == "accuracy" else 1.0)
    share = 0.25
    if world.fault == "units":
        hit = after & (rng.random(n) < share)
        now_x["f_guilty"][hit] *= 1000
        truth["f_guilty"] = wanted
    elif world.fault == "nulls":
        hit = after & (rng.random(n) < share)
        now_x["f_guilty"][hit] = np.nan
        truth["f_guilty"] = wanted
    elif world.fault == "rename":
        hit = after & (now_x["f_kind"] == "b")
        now_x["f_kind"] = np.where(hit, "bee", now_x["f_kind"])
        truth["f_kind"] = wanted
    elif world.fault == "all units":
        hit = after.copy()
        now_x["f_guilty"][hit] *= 1000
        truth["f_guilty"] = wanted
    elif world.fault == "shift":
        by = {0.25: 0.35, 0.5: 0.6, 2.0: 1.5}[world.effect]
        now_risk = now_risk + by * after
        now_x["f_risk"] = now_risk
    chosen = ["f_idle", "f_label", "f_spare"]
    if world.fault == "shift" and world.innocents:
        chosen = ["f_echo", "f_label", "f_spare"]
    for name in chosen[: world.innocents]:
        truth[name] = 0.0
        if name == "f_label":
            now_x[name] = np.where(after & (now_x[name] == "x") & (rng.random(n) < 0.6), "new", now_x[name])
        elif name == "f_echo":
            now_x[name] = now_x[name] + 0.7 * (now_risk - (now_risk - 0.8 * after))
        elif name == "f_spare":
            now_x[name] = np.where(after & (rng.random(n) < 0.5), now_x[name] * 3, now_x[name])
        else:
            now_x[name] = now_x[name] + 1.0 * after

    def nature(risk: np.ndarray, x: dict[str, np.ndarray]) -> np.ndarray:
        odds = -3.6 + 0.8 * risk + np.where(x["f_kind"] == "d", 0.5, 0.0)
        return 1 / (1 + np.exp(-odds))

    before, now = nature(base_risk, base_x), nature(now_risk, now_x)
    if world.fault == "shift":
        truth["f_risk"] = float((now - nature(now_risk - by * after, now_x)).mean())
    extra = np.zeros(n)
    if hit.any():
        extra[hit] = min(wanted / hit.mean(), 1 - 0.1)
        truth = {k: (float(extra.mean()) if v > 0 else v) for k, v in truth.items()}
    frames = []
    for x, t, p in ((base_x, base_t, before), (now_x, now_t, np.clip(now + extra, 0, 1))):
        bad = (rng.random(n) < p).astype(float) if world.kind == "accuracy" else p * rng.normal(size=n) ** 2
        frames.append(pl.DataFrame(x).with_columns(
            pl.col(pl.Float64).fill_nan(None), _t=pl.Series(t), _bad=pl.Series(bad), _events=pl.lit(1.0),
            _version=pl.lit("1"), _age=pl.lit(None, pl.Float64),
        ))  # fmt: skip
    window = frames[1].with_columns(pl.col("_t") + 20 * DAY)
    known = {"none": np.zeros(n, bool), "all": np.ones(n, bool), "20 %": rng.random(n) < 0.2}.get(world.labels)
    if known is None:
        bad = window["_bad"].to_numpy()
        delay = rng.exponential(3 * DAY, n) * np.where(bad > 0.5, 0.5, 1.0)
        known = now_t + delay < 7 * DAY
    window = window.with_columns(_bad=pl.when(pl.Series(known)).then("_bad"))
    return frames[0], window, truth


def judged(world: World, *, with_surrogate: bool) -> list[tuple[float, bool | None]]:
    """The truth and the verdict of each drifted column."""
    baseline, window, truth = make(world)
    inputs = [c for c in baseline.columns if c.startswith("f_")]
    surrogate = None
    if with_surrogate:
        taught = baseline[:14_000]
        surrogate = learn(taught.select(inputs), taught["_bad"].to_numpy(), world.kind).surrogate  # type: ignore[arg-type]
        baseline, window = (
            f.with_columns(_expected=pl.Series(surrogate.expected(f.select(inputs)))) for f in (baseline, window)
        )
    else:
        baseline, window = (f.with_columns(_expected=pl.lit(None, pl.Float64)) for f in (baseline, window))
    found = harms(
        baseline,
        window,
        [Drifted(name) for name in truth],
        kind=world.kind,
        budget=BUDGET,
        surrogate=surrogate,  # type: ignore[arg-type]
    )
    return [(truth[name], found[name].harmful) for name in truth]


def main(quick: bool) -> None:
    """Print right, wrong and unknown by labels, traffic, fault and effect."""
    worlds = []
    seed = 0
    for kind in ("accuracy", "rmse"):
        for fault in FAULTS:
            for effect in EFFECTS if fault != "none" else (0.0,):
                for volume in VOLUMES:
                    for labels in LABELS:
                        seed += 1
                        worlds.append(World(kind, fault, effect, 1 + seed % 3, volume, labels, seed))
    if quick:
        worlds = worlds[::5]
    started = time.perf_counter()
    tables: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for with_surrogate in (True, False):
        for world in worlds:
            for truth, answer in judged(world, with_surrogate=with_surrogate):
                harmful = truth >= 0.1 * BUDGET
                if 0 < truth < 0.1 * BUDGET:
                    continue
                right = "unknown" if answer is None else ("right" if answer == harmful else "wrong")
                said = f"{'guilty' if harmful else 'innocent'}: {right}"
                by = "features" if with_surrogate else "no features"
                keys = [
                    ("all", by), (f"{by}, kind", world.kind), (f"{by}, labels", world.labels),
                    (f"{by}, a day", f"{world.volume:,}"), (f"{by}, fault", world.fault),
                    (f"{by}, effect of the budget", f"{world.effect:g}"),
                ]  # fmt: skip
                for key in keys:
                    tables[key][said] += 1
    words = [f"{who}: {how}" for who in ("guilty", "innocent") for how in ("right", "wrong", "unknown")]
    print(f"{'':34}" + "".join(f"{w:>19}" for w in words) + "   wrong of all")
    for (what, value), counts in tables.items():
        total = sum(counts.values())
        wrong = counts["guilty: wrong"] + counts["innocent: wrong"]
        print(f"{what + ' ' + value:34}" + "".join(f"{counts[w]:19}" for w in words) + f"   {wrong / total:.1%}")
    print(f"{len(worlds)} worlds, {time.perf_counter() - started:.0f} s; target: at most 5 % wrong")


if __name__ == "__main__":
    main("--quick" in sys.argv)
