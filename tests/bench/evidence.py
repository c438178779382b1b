"""How far evidence and over-dispersion can be trusted: simulations beside their targets, and the speed.

    python tests/bench/evidence.py [--quick]

Months of 720 hours, looked at every hour. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import time
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from burnline.budgets.dispersion import overdispersions
from burnline.budgets.evidence import events_to_decide, evidences, limits, log_evidence

Floats = NDArray[np.float64]
HOURS = 720
HISTORY = 35 * 24


def drawn(rng: np.random.Generator, each: float, rate: Floats) -> tuple[Floats, Floats]:
    """``each`` events an hour, bad independently of each other at ``rate`` (months x hours)."""
    return np.full(rate.shape, each), rng.binomial(round(each), np.clip(rate, 0, 1)).astype(float)


def beta_binomial(rng: np.random.Generator, each: float, rate: Floats, icc: float = 0.01) -> tuple[Floats, Floats]:
    """Minutes whose rates are beta distributed: events of one minute are correlated by ``icc``."""
    spread = (1 - icc) / icc
    bad = np.zeros(rate.shape)
    for minute in range(60):
        events = int(each / 60 * (minute + 1)) - int(each / 60 * minute)
        bad += rng.binomial(events, rng.beta(rate * spread, (1 - rate) * spread))
    return np.full(rate.shape, each), bad


def wandering(rng: np.random.Generator, rate: Floats, sd: float = 1.0, half_life: float = 60.0) -> Floats:
    """Rates times a log-normal AR(1) factor of mean 1, by the minute, averaged per hour."""
    keep = 0.5 ** (1 / half_life)
    level = rng.normal(size=len(rate)) * sd
    factor = np.zeros(rate.shape)
    for minute in range(rate.shape[1] * 60):
        factor[:, minute // 60] += np.exp(level - sd**2 / 2) / 60
        level = keep * level + sd * np.sqrt(1 - keep**2) * rng.normal(size=len(rate))
    return rate * factor


def ever_miss(months: int) -> None:
    print(f"\nTruth outside the interval at any of {HOURS} hourly looks ({months} months; target <= .05)")
    print("rate   ev/h  | CS const  drift | Clopper-Pearson const  drift | width CS/CP | last look: CS  CP")
    rng = np.random.default_rng(1)
    for rate, each in ((0.001, 100), (0.001, 10_000), (0.02, 1_000), (0.1, 1_000)):
        cells: dict[str, list[float]] = {"cs": [], "cp": []}
        for drift in (False, True):
            swing = 1 + 0.7 * np.sin(np.arange(HOURS) * 2 * np.pi / 500) if drift else np.ones(HOURS)
            rates = np.broadcast_to(rate * swing, (months, HOURS))
            n, b = (np.cumsum(c, axis=1) for c in drawn(rng, each, rates))
            truth = np.cumsum(rates, axis=1) / np.arange(1, HOURS + 1)
            cs = limits(n, b)
            cp = (betaincinv(b, n - b + 1, 0.025, where=b > 0, out=np.zeros(b.shape)), betaincinv(b + 1, n - b, 0.975))
            for name, (low, high) in (("cs", cs), ("cp", cp)):
                outside = (low > truth) | (high < truth)
                cells[name] += [outside.any(axis=1).mean(), outside[:, -1].mean()]
            if not drift:
                width = np.median((cs[1] - cs[0])[:, -1] / (cp[1] - cp[0])[:, -1])
        print(
            f"{rate:<6} {each:>5} | {cells['cs'][0]:8.3f} {cells['cs'][2]:6.3f} |"
            f" {cells['cp'][0]:21.3f} {cells['cp'][2]:6.3f} | {width:11.2f} |"
            f" {cells['cs'][1]:13.3f} {cells['cp'][1]:.3f}"
        )


def false_labels(months: int) -> None:
    print(f"\nRate exactly at the budget: ever confirmed within the month ({months} months; target <= .025 a side)")
    print("noise            share  ev/h    | breach    ok | phi (median) | with phi = 1: breach  ok")
    rng = np.random.default_rng(2)
    cases = [("independent", s, e) for s, e in ((0.001, 100), (0.001, 10_000), (0.01, 1_000), (0.05, 1_000), (0.5, 50))]
    cases += [("beta-binomial", 0.01, 100_000), ("wandering", 0.01, 1_000), ("wandering", 0.001, 1_000)]
    for noise, share, each in cases:
        rates = np.full((months, HISTORY + HOURS), share)
        if noise == "wandering":
            n, b = drawn(rng, each, wandering(rng, rates))
        elif noise == "beta-binomial":
            n, b = beta_binomial(rng, each, rates)
        else:
            n, b = drawn(rng, each, rates)
        phi = overdispersions(n[:, :HISTORY], b[:, :HISTORY], share)
        n, b = (np.cumsum(c[:, HISTORY:], axis=1) for c in (n, b))
        cells = []
        for used in (phi, np.ones(months)):
            low, high = limits(n, b, used[:, None])
            cells += [(low > share).any(axis=1).mean(), (high < share).any(axis=1).mean()]
        print(
            f"{noise:<16} {share:<6} {each:>7} | {cells[0]:6.3f} {cells[1]:.3f} | {np.median(phi):12.2f} |"
            f" {cells[2]:20.3f} {cells[3]:.3f}"
        )


def time_to_proof(months: int) -> None:
    print(f"\nHours until a breach is confirmed, from a burn that starts with the window ({months} months, median)")
    print("share  ev/h  | burn 1.5    2    5   15 | predicted from the rate 1.5    2    5   15")
    rng = np.random.default_rng(3)
    for share, each in ((0.001, 100), (0.001, 1_000), (0.01, 1_000), (0.05, 1_000)):
        found, predicted = [], []
        for burn in (1.5, 2, 5, 15):
            n, b = (np.cumsum(c, axis=1) for c in drawn(rng, each, np.full((months, HOURS), share * burn)))
            proven = log_evidence(n, b, share) >= np.log(40)
            hours = np.where(proven.any(axis=1), proven.argmax(axis=1) + 1, np.inf)
            found.append(float(np.median(hours)))
            predicted.append(float(events_to_decide(1e-6, 1e-6 * share * burn, share)) / each)
        print(f"{share:<6} {each:>5} | " + " ".join(f"{h:7.1f}" for h in found) + " |" + " " * 12, end="")
        print(" ".join(f"{h:7.1f}" for h in predicted))


def dispersion_table(months: int) -> None:
    print(f"\nOver-dispersion from {HISTORY // 24} days ({months} logs): median and 10 to 90 %")
    rng = np.random.default_rng(4)

    def show(name: str, target: str, share: float, n: Floats, b: Floats) -> None:
        phi = overdispersions(n, b, share)
        low, middle, high = np.quantile(phi, (0.1, 0.5, 0.9))
        print(f"{name:<52} {middle:8.2f} ({low:.2f} .. {high:.2f})   target {target}")

    def flat(rate: float) -> Floats:
        return np.full((months, HISTORY), rate)

    for share, each, target in (
        (0.001, 1_000, "1.2"),
        (0.01, 1_000, "1.3"),
        (0.01, 100_000, "18.8"),
        (0.05, 1_000, "1.3"),
    ):
        show(f"beta-binomial minutes, {share}, {each}/h", target, share, *beta_binomial(rng, each, flat(share / 2)))
    for share, each, target in (
        (0.001, 1_000, "2.5"),
        (0.01, 1_000, "17.1"),
        (0.01, 100_000, "1645"),
        (0.05, 1_000, "85.6"),
    ):
        n, b = drawn(rng, each, wandering(rng, flat(share / 2)))
        show(f"log-normal AR(1) rate, {share}, {each}/h", target, share, n, b)
    for rate, each in ((0.001, 100), (0.001, 1_000), (0.01, 1_000), (0.01, 100_000)):
        show(f"independent, {rate}, {each}/h", "<= 1.2", 2 * rate, *drawn(rng, each, flat(rate)))
        traffic = np.round(each * (1 + 0.9 * np.sin(np.arange(HISTORY) * np.pi / 12)))
        n = np.broadcast_to(traffic, (months, HISTORY)) + 0.0
        show(
            "  traffic from 10 to 190 % by the hour of the day",
            "<= 1.2",
            2 * rate,
            n,
            rng.binomial(n.astype(int), rate) + 0.0,
        )
        medians = []
        for factor in (1.5, 2.0, 3.0, 5.0, 10.0):
            # 31 and 175 hours begin in the middle of a day as it is counted.
            for hours in (3, 24, 31, 168, 175):
                rates = flat(rate)
                rates[:, -hours:] *= factor
                medians.append(np.median(overdispersions(*drawn(rng, each, rates), 2 * rate)))
        name = "  x1.5 .. x10 for the last 3 h, 1 d, 31 h, 7 d, 175 h"
        print(f"{name:<52} medians {min(medians):.2f} .. {max(medians):.2f}   target <= 1.3")
        rates = flat(rate)
        rates[:, 500:502] = 0.5, 0.3
        show("  an outage of 95 minutes", "<= 1.3", 2 * rate, *drawn(rng, each, rates))
        n, b = drawn(rng, each / 20 if each > 100 else each, flat(rate))
        show("  a sample of 1 in 20", "20", 2 * rate, 20 * n, 20 * b)


def speed(slos: int) -> None:
    rng = np.random.default_rng(5)
    n = rng.poisson(1000, (slos, HOURS)).astype(float)
    b = rng.poisson(10, (slos, HOURS)).astype(float)
    started = time.perf_counter()
    phi = overdispersions(n, b, 0.02)
    between = time.perf_counter()
    found = evidences([Decimal("0.99")] * slos, n.sum(axis=1), b.sum(axis=1), phi)
    ended = time.perf_counter()
    print(f"\n{len(found):,} SLOs: over-dispersion of {HOURS} hours {between - started:.2f} s (target 1.5),", end=" ")
    print(f"evidence {ended - between:.2f} s (target well under 1)")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the months")
    less = 10 if parser.parse_args().quick else 1
    ever_miss(600 // less)
    false_labels(400 // less)
    time_to_proof(200 // less)
    dispersion_table(100 // less)
    speed(8_000)


if __name__ == "__main__":
    main()
