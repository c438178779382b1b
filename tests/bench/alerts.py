"""What asking for evidence costs and saves: false alarms, delays, a fleet, and the workbook's figures.

    nice python tests/bench/alerts.py [--quick] [--only boundary]

Simulated five-minute counts with fixed seeds, replayed by the rules for 30 days (14.4x 1h/5m and 6x
6h/30m page, 1x 3d/6h tickets); tables beside the targets. --quick takes a tenth of the repetitions.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from math import inf, log

import numpy as np

from burnline.alerts.detector import detector
from burnline.alerts.discoveries import discoveries
from burnline.alerts.replay import Episode, replay
from burnline.budgets.arrivals import Arrivals, Floats
from burnline.budgets.burn_rules import Rule, rules

MONTH = timedelta(days=30)
RULES = rules(MONTH)
DAY, HOUR = 288, 12
ALPHA = 0.01
OBJECTIVES = ("0.999", "0.99", "0.95")
TRAFFIC = (100, 1000, 100_000)
WARM = 3 * DAY


def counts(rng: np.random.Generator, per_hour: float, p: Floats | float, n: int) -> Arrivals:
    """Poisson traffic and binomial failures."""
    valid = rng.poisson(per_hour / HOUR, n)
    return Arrivals(0, valid.astype(float), rng.binomial(valid, p).astype(float))


def run(arrivals: Arrivals, objective: str, gated: bool, rules: tuple[Rule, ...] = RULES) -> tuple[Episode, ...]:
    """The episodes of one simulated history."""
    return replay(arrivals, objective=Decimal(objective), rules=rules, alpha=ALPHA, phi=1.0, length=MONTH, gated=gated)


def merged(starts: list[int]) -> int:
    """Alarms that start within 60 minutes of each other are one."""
    return sum(1 for i, t in enumerate(sorted(starts)) if i == 0 or t - sorted(starts)[i - 1] > HOUR)


def false_alarms(share: float) -> None:
    """Alerts per healthy month, at constant rates below the budget."""
    months = max(3, round(60 * share))
    print(f"\nAlerts per healthy SLO-month ({months} months); target: 0 gated pages at 99.9 %, 100/h, 0.9")
    print("| SLO | events/h | rate / budget | raw page | raw ticket | evidence alone | page | ticket |")
    print("|---|---|---|---|---|---|---|---|")
    for objective in OBJECTIVES:
        for per_hour in TRAFFIC:
            for part in (0.5, 0.9):
                rng = np.random.default_rng([1, per_hour, round(part * 10), OBJECTIVES.index(objective)])
                found = np.zeros(5)
                for _ in range(months):
                    p0 = float(1 - Decimal(objective))
                    arrivals = counts(rng, per_hour, p0 * part, WARM + 30 * DAY)
                    raw, gated = run(arrivals, objective, False), run(arrivals, objective, True)
                    log_e, _ = detector(Decimal(objective)).run(arrivals.valid, arrivals.bad)
                    alone = np.flatnonzero(np.diff(log_e >= log(1 / ALPHA), prepend=False)).tolist()[::2]
                    kinds = [(raw, "page"), (raw, "ticket"), (gated, "page"), (gated, "ticket")]
                    each = [merged([e.fired for e in es if e.severity == kind]) for es, kind in kinds]
                    found += [*each[:2], merged(alone), *each[2:]]
                cells = " | ".join(f"{x / months:.2f}" for x in found)
                print(f"| {objective} | {per_hour:,} | {part} | {cells} |", flush=True)


def boundary(share: float) -> None:
    """The chance of a false alarm at exactly the budget."""
    months = max(20, round(400 * share))
    print(f"\nP(false alarm within 30 days) at exactly the budget ({months} months); targets 0.01 and 0.05")
    print("| SLO | events/h | alpha 0.01 | alpha 0.05 |")
    print("|---|---|---|---|")
    for objective in OBJECTIVES:
        for per_hour in TRAFFIC:
            rng = np.random.default_rng([2, per_hour, OBJECTIVES.index(objective)])
            p0, evidence = float(1 - Decimal(objective)), detector(Decimal(objective))
            tops = []
            for _ in range(months):
                one = counts(rng, per_hour, p0, 30 * DAY)
                # The bound is cheap and no smaller: most months need no more.
                top = evidence.bound(one.valid, one.bad).max()
                tops.append(evidence.run(one.valid, one.bad)[0].max() if top >= log(20) else top)
            rates = [sum(top >= log(1 / alpha) for top in tops) / months for alpha in (0.01, 0.05)]
            print(f"| {objective} | {per_hour:,} | {rates[0]:.4f} | {rates[1]:.4f} |", flush=True)


def detection(share: float) -> None:
    """Hours from a step in the error rate to the first alert."""
    repetitions = max(5, round(40 * share))
    print(f"\nMedian hours to detection, from 0.5 of the budget ({repetitions} repetitions)")
    print("target: 15x within 1.2 x raw where at least 1 bad event an hour is budgeted")
    print("| SLO | events/h | budgeted/h | burn | raw page | raw any | gated any | gated / raw |")
    print("|---|---|---|---|---|---|---|---|")
    start = 5 * DAY
    for objective in OBJECTIVES:
        for per_hour in TRAFFIC:
            for burn, days in ((2, 20), (5, 10), (15, 4)):
                rng = np.random.default_rng([3, per_hour, burn, OBJECTIVES.index(objective)])
                p0 = float(1 - Decimal(objective))
                p = np.full(start + days * DAY, p0 / 2)
                p[start:] = p0 * burn
                waits: list[list[float]] = [[], [], []]
                for _ in range(repetitions):
                    arrivals = counts(rng, per_hour, p, len(p))
                    raw, gated = run(arrivals, objective, False), run(arrivals, objective, True)
                    pages = tuple(e for e in raw if e.severity == "page")
                    for wait, episodes in zip(waits, (pages, raw, gated), strict=True):
                        wait.append(hours_until(episodes, start))
                page, any_raw, any_gated = (statistics.median(wait) for wait in waits)
                ratio = f"{any_gated / any_raw:.2f}" if max(any_raw, any_gated) < inf else "–"
                times = " | ".join(f"{x:.2f}" if x < inf else "–" for x in (page, any_raw, any_gated))
                print(f"| {objective} | {per_hour:,} | {per_hour * p0:g} | {burn}x | {times} | {ratio} |", flush=True)


def hours_until(episodes: tuple[Episode, ...], start: int) -> float:
    """Hours from the begin of a bucket to the end of the first one that fires from then on."""
    fires = [max(e.fired, start) for e in episodes if e.resolved is None or e.resolved > start]
    return (min(fires) + 1 - start) / HOUR if fires else inf


def fleet(share: float) -> None:
    """A fleet looked at once a day: which SLOs were ever called degraded."""
    fleets, size, bad = max(1, round(5 * share)), 2000, 60
    print(f"\nFleet of {size} SLOs, {bad} degraded 2-10x from a day in the first ten, 30 daily looks ({fleets} fleets)")
    print("objective 99.9, 99 or 95 %; 1,000 to 100,000 events an hour; healthy at 0.5 to 1 of the budget")
    print("target: false discovery proportion at most 0.05, power at least 0.95")
    print("| rule | false discovery proportion | power |")
    print("|---|---|---|")
    flagged: dict[str, list[tuple[float, float]]] = {
        "e-BH on M, alpha 0.05": [],
        "e-BH on the peak of M so far": [],
        "each SLO M >= 20": [],
    }
    for seed in range(fleets):
        rng = np.random.default_rng([4, seed])
        looks, peaks = np.empty((30, size)), np.empty(size)
        for i in range(size):
            objective = Decimal(OBJECTIVES[rng.integers(3)])
            p0 = float(1 - objective)
            p = np.full(30 * DAY, p0 * rng.uniform(0.5, 1))
            if i < bad:
                p[rng.integers(0, 10 * DAY) :] = min(0.9, p0 * rng.uniform(2, 10))
            one = counts(rng, 10 ** rng.uniform(3, 5), p, 30 * DAY)
            log_e, _ = detector(objective).run(one.valid, one.bad)
            looks[:, i], peaks[i] = log_e[DAY - 1 :: DAY], log_e.max()
        ever = {
            "e-BH on M, alpha 0.05": np.any([discoveries(look.tolist(), size) for look in looks], axis=0),
            "e-BH on the peak of M so far": np.array(discoveries(peaks.tolist(), size)),
            "each SLO M >= 20": (looks >= log(20)).any(axis=0),
        }
        for name, found in ever.items():
            flagged[name].append((found[bad:].sum() / max(1, found.sum()), found[:bad].mean()))
    for name, rates in flagged.items():
        print(f"| {name} | {np.mean([r[0] for r in rates]):.3f} | {np.mean([r[1] for r in rates]):.3f} |", flush=True)


def book(share: float) -> None:
    """The workbook's figures at five-minute resolution: 1,000 events a bucket, none bad before."""
    print("\nThe workbook at five-minute resolution (99.9 %, gated)")
    print("| errors | for | rule | fires after | book | stops after | resolves after | budget spent |")
    print("|---|---|---|---|---|---|---|---|")
    cases = [
        (0.15, 2, RULES[0], "5.8 min"),
        (1.0, 2, RULES[0], "0.9 min"),
        (0.0144 * 1.01, 24, RULES[0], "59 min"),
        (0.01, 24, RULES[1], "216 min"),
        (0.01, 72, RULES[1], "216 min"),
        (0.002, 6 * DAY, RULES[2], "36 h"),
    ]
    for ratio, buckets, rule, expected in cases:
        n, start = 5 * DAY + buckets + DAY, 4 * DAY
        valid, wrong = np.full(n, 1000.0), np.zeros(n)
        wrong[start : start + buckets] = 1000 * ratio
        found = run(Arrivals(0, valid, wrong), "0.999", True, (rule,))
        if not found:
            print(f"| {ratio:.2%} | {buckets * 5} min | {rule.name} | never | {expected} | – | – | – |")
            continue
        first = found[0]
        done = (first.resolved + 1 - start - buckets) * 5 if first.resolved is not None else None
        print(
            f"| {ratio:.2%} | {buckets * 5} min | {rule.name} | {(first.fired + 1 - start) * 5} min | {expected} "
            f"| {done - 25 if done is not None else '–'} min | {done} min | {first.budget_spent:.2%} |"
        )


def main() -> None:
    """Run the parts, print the tables."""
    parts: dict[str, Callable[[float], None]] = {
        "book": book,
        "false_alarms": false_alarms,
        "boundary": boundary,
        "detection": detection,
        "fleet": fleet,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=parts)
    options = parser.parse_args()
    for name, part in parts.items():
        if options.only in (None, name):
            started = time.perf_counter()
            part(0.1 if options.quick else 1.0)
            print(f"({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
