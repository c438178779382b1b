"""How often concept drift is called where there is none, how often and how soon where there is.

    nice .venv/bin/python tests/bench/concept.py [--quick]

Hourly labels of four weeks, daily and weekly season in traffic and in the mix of easy and hard requests; a surrogate
that knows the error rate of the mix up to the error of its reference (a fortnight) and a sample of 1,000 requests a
day; a window of the last seven days, in which something may change on the second day. Targets: no false call in more
than 1 of 100; a shift of the inputs alone never called; what methods of the trade do stands beside it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import polars as pl

from burnline.budgets.delays import cohorts, delay_curves
from burnline.drift.course import PROVEN, Course
from burnline.drift.expectation import Expectation

HOUR, DAY = 12, 288
DAYS, REFERENCE, WINDOW = 28, 14, 7
ONSET = DAYS - WINDOW + 1
BASE_EASY, BASE_HARD = 0.02, 0.08


@dataclass(frozen=True)
class World:
    name: str
    concept: float = 1.0
    gradual: bool = False
    covariate: float = 0.0
    delay: float = 0.0
    bad_first: float = 1.0
    per_hour: int = 500
    kind: str = "accuracy"
    bursts: float = 0.0


WORLDS = (
    World("no change"),
    World("no change, 20 an hour", per_hour=20),
    World("no change, 5,000 an hour", per_hour=5_000),
    World("no change, days differ by chance (10 %)", bursts=0.1),
    World("inputs shift: errors x 1.5", covariate=0.5),
    World("inputs shift: errors x 2", covariate=1.0),
    World("labels after 2 days, alike", delay=48),
    World("labels after 2 days, wrong ones first", delay=48, bad_first=0.4),
    World("labels after 2 days, wrong ones last", delay=48, bad_first=2.0),
    World("concept x 1.4", concept=1.4),
    World("concept x 1.4, 20 an hour", concept=1.4, per_hour=20),
    World("concept x 1.25", concept=1.25),
    World("concept x 1.15", concept=1.15),
    World("concept x 1.15, 5,000 an hour", concept=1.15, per_hour=5_000),
    World("concept x 3", concept=3.0),
    World("concept to x 1.8 over 6 days", concept=1.8, gradual=True),
    World("concept x 1.4 and inputs shift", concept=1.4, covariate=0.5),
    World("concept x 1.4, labels after 2 days", concept=1.4, delay=48),
    World("concept x 1.4, wrong ones first", concept=1.4, delay=48, bad_first=0.4),
    World("squares: no change", kind="rmse"),
    World("squares: inputs shift x 1.5", kind="rmse", covariate=0.5),
    World("squares: x 1.4", kind="rmse", concept=1.4),
    World("squares: x 2", kind="rmse", concept=2.0),
)


def course(world: World, rng: np.random.Generator) -> Course:
    """The labels of a world beside an honest but imperfect expectation."""
    hours = np.arange(DAYS * 24)
    season = 1 + 0.5 * np.sin(hours / 24 * 2 * np.pi) + 0.2 * (hours // 24 % 7 >= 5)
    traffic = rng.poisson(world.per_hour * season)
    hard = np.clip(0.3 + 0.1 * np.sin(hours / 24 * 2 * np.pi + 1) + 0.1 * (hours // 24 % 7 >= 5), 0, 1)
    since = hours - ONSET * 24
    after = since >= 0
    mean = hard * BASE_HARD + (1 - hard) * BASE_EASY
    if world.covariate:
        # Enough hard requests more to multiply the expected errors.
        shifted = np.clip(hard + world.covariate * mean / (BASE_HARD - BASE_EASY), 0, 1)
        hard = np.where(after, shifted, hard)
        mean = hard * BASE_HARD + (1 - hard) * BASE_EASY
    strength = np.where(after, np.clip(since / 144, 0, 1) if world.gradual else 1.0, 0.0)
    true = mean * (1 + (world.concept - 1) * strength)
    if world.bursts:
        true = true * np.exp(world.bursts * rng.normal(size=DAYS)).repeat(24)
    # What the surrogate expects: its level is off as its reference is, its hours as their samples are.
    learnt = min(14_000, traffic[: REFERENCE * 24].sum())
    bad_learnt = learnt * mean[: REFERENCE * 24].mean()
    level = 1 + rng.normal() / np.sqrt(bad_learnt)
    sampled = np.maximum(
        np.minimum(traffic, 1_000 * traffic / np.maximum(traffic.reshape(-1, 24).sum(1).repeat(24), 1)), 1
    )
    spread = np.sqrt(hard * (1 - hard)) * (BASE_HARD - BASE_EASY) / np.sqrt(sampled)
    rate = np.clip(mean * level + spread * rng.normal(size=len(hours)), 1e-4, 1)
    if world.kind == "accuracy":
        bad = rng.binomial(traffic, np.clip(true, 0, 1)).astype(float)
    else:
        bad = true * rng.chisquare(np.maximum(traffic, 1))
    at = DAYS * DAY - 1
    rows = []
    if not world.delay:
        rows.append(pl.DataFrame({"t": hours * HOUR, "known": hours * HOUR, "n": traffic.astype(float), "bad": bad}))
    else:
        good = traffic - bad
        for count, mean_delay, wrong in ((bad, world.delay * world.bad_first, True), (good, world.delay, False)):
            late = np.minimum(rng.exponential(mean_delay, int(count.sum())).astype(int), 24 * 30)
            t = hours.repeat(count.astype(int))
            one = pl.DataFrame({"t": t * HOUR, "known": (t + late) * HOUR}).group_by("t", "known").len("n")
            rows.append(one.select("t", "known", n=pl.col("n").cast(pl.Float64), bad=pl.col("n") * float(wrong)))
    labels = pl.concat(rows).group_by("t", "known").agg(pl.col("n", "bad").sum()).filter(pl.col("known") <= at)
    curves = None
    if world.kind == "accuracy":
        past = pl.col("t") < (DAYS - WINDOW) * DAY
        found = labels.filter(past).select(row=pl.lit(0, pl.Int64), t="t", known="known", valid="n", bad="bad")
        events = pl.DataFrame({"row": 0, "t": hours * HOUR, "events": traffic.astype(float)}).filter(past)
        curves = delay_curves(found, cohorts(found, events, at), at=at, count=1)
    relative = 1 / np.sqrt(bad_learnt)
    expectation = Expectation(
        rates=pl.DataFrame({"t": hours * HOUR, "rate": rate, "sd": spread}),
        source="features", first=0, end=REFERENCE * DAY, bad=bad_learnt,
        base=float(mean[: REFERENCE * 24].mean()), relative_error=relative,
    )  # fmt: skip
    return Course(
        kind=world.kind,  # type: ignore[arg-type]
        labels=labels, expectation=expectation, curves=curves, begin=0, first=(DAYS - WINDOW) * DAY, last=at, at=at,
    )  # fmt: skip


def main(quick: bool) -> None:
    """Print called, delay, onset and coverage of the gap's interval for every world."""
    print(f"{'world':44}{'called':>8}{'delay, h':>10}{'onset off, h':>14}{'marginal':>10}{'gap':>9}{'covered':>9}")
    for world in WORLDS:
        started = time.perf_counter()
        repeats = (20 if quick else 200) // (4 if world.delay else 1)
        called, delays, onsets, marginal, gaps, covered = [], [], [], [], [], []
        for seed in range(repeats):
            one = course(world, np.random.default_rng(seed))
            path = one.path()
            hit = path >= PROVEN
            called.append(bool(hit.any()))
            marginal.append(one.marginal())
            gap = one.gap()
            gaps.append(gap.gap)
            covered.append(gap.interval[0] <= 0 <= gap.interval[1])
            if hit.any():
                delays.append(int(hit.argmax()) - 24)
                onsets.append(one.period()[0] / HOUR - ONSET * 24)
        late = f"{np.median(delays):.0f}" if delays else "-"
        begun = f"{np.median(onsets):+.0f}" if onsets else "-"
        cover = f"{np.mean(covered):.2f}" if world.concept == 1 else "-"
        print(
            f"{world.name:44}{np.mean(called):8.2f}{late:>10}{begun:>14}{np.mean(marginal):10.2f}{np.mean(gaps):9.4f}"
            f"{cover:>9}   {repeats} runs, {time.perf_counter() - started:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main("--quick" in sys.argv)
